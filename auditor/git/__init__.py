"""Git, read and never written: files at a revision, with what LFS and external data they name."""
