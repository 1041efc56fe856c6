"""Says whether the inference of an ONNX model can be verified affordably."""

from auditor._version import __version__

__all__ = ["__version__"]
