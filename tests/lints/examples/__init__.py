"""One module for each family of lints: its bad and its good examples."""
