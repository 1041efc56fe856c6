"""Spoilt models and whoever looks at them, for ``python -m tools.fuzz``."""
