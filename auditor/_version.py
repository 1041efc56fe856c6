"""The version of this package, and the one EZKL version its layout rules are exact for."""

__version__ = "0.1.0"

EZKL_VERSION = "23.0.5"
