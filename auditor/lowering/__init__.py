"""Lowering: from the ONNX graph to the op graph and scales that EZKL 23.0.5 would build."""

from auditor.lowering.errors import TooLarge, Unmodelled, Unsupported
from auditor.lowering.lower import Lowering, lower
from auditor.lowering.translate.driver import unknown_operators

__all__ = ["Lowering", "TooLarge", "Unmodelled", "Unsupported", "lower", "unknown_operators"]
