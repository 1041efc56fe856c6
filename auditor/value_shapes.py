"""The shape of every value of an ONNX model, as its lowering finds them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.lowering import type_model
from auditor.model import Model


def value_shapes(model: Model) -> Mapping[str, tuple[int, ...]]:
    """The shape of each value that an output needs, by its name, in a model whose dimensions are bound.

    Raises:
        Unsupported: EZKL certainly rejects the model.
        Unmodelled: something in the model is not modelled exactly.
    """
    return {
        name: tuple(int(size) for size in fact.shape)
        for name, fact in type_model(model).facts.items()
        if name
    }
