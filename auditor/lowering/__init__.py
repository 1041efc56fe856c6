"""Lowering: from the ONNX graph to the op graph and scales that EZKL 23.0.5 would build."""

from auditor.lowering.errors import Unmodelled, Unsupported
from auditor.lowering.lower import Lowering, lower
from auditor.lowering.translate.driver import unknown_operators

__all__ = ["Lowering", "Unmodelled", "Unsupported", "lower", "unknown_operators"]
