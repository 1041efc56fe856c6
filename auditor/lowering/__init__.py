"""Lowering: from the ONNX graph to the op graph and scales that EZKL 23.0.5 would build."""

from auditor.lowering.errors import TooLarge, Unmodelled, Unsupported
from auditor.lowering.lower import Lowering, TypedModel, lower, type_model
from auditor.lowering.translate.driver import unknown_operators

__all__ = [
    "Lowering",
    "TooLarge",
    "TypedModel",
    "Unmodelled",
    "Unsupported",
    "lower",
    "type_model",
    "unknown_operators",
]
