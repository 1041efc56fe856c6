"""Front ends: the ways from a model file to a circuit."""
