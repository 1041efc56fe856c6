"""The lints, one module for each; the folder says when it is checked."""
