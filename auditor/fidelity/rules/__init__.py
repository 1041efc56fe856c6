"""The rules, a module for each family. Registering is all that importing one does."""
