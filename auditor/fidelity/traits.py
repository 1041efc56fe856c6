"""What every element of a value is certainly like, whatever the inputs of the model.

The answers are sound, not complete: False means *not shown*. They look back through a few nodes only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditor.fidelity.propagate import BOOLEAN
from auditor.fidelity.view import GraphView, NodeView
from auditor.model.graph import NodeDef

_DEPTH = 40
"""How many nodes are looked back through."""

_KEEPS_ELEMENTS = frozenset({
    "CumMax", "DepthToSpace", "Dropout", "Expand", "Flatten", "Gather", "GatherElements", "GatherND",
    "GlobalMaxPool", "Identity", "ReduceMax", "ReduceMin", "Reshape", "Slice", "SpaceToDepth", "Split",
    "Squeeze", "Tile", "TopK", "Transpose", "Unsqueeze",
})  # fmt: skip
"""Every element of the output is one of the first input."""

_PICKS_ELEMENTS = frozenset({"Concat", "Min", "Max"})
"""Every element of the output is one of some input."""

_NEVER_NEGATIVE = frozenset({
    "Abs", "ArgMax", "ArgMin", "Exp", "GlobalLpPool", "HardSigmoid", "Hardmax", "LpPool", "NonZero",
    "ReduceL1", "ReduceL2", "ReduceSumSquare", "Relu", "Shape", "Sigmoid", "Size", "Softmax",
    "Softplus", "Sqrt",
})  # fmt: skip

_NOT_NEGATIVE_IF_INPUTS_ARE = frozenset({
    "Add", "AveragePool", "Cast", "CastLike", "Ceil", "Clip", "CumSum", "Div", "Elu", "Erf", "Floor",
    "GlobalAveragePool", "HardSwish", "LeakyRelu", "MatMul", "MaxPool", "Mean", "Mul", "Pad", "Pow",
    "ReduceMean", "ReduceProd", "ReduceSum", "Resize", "Round", "Selu", "Sign", "Sum", "Tanh",
})  # fmt: skip

_WHOLE = frozenset({
    "ArgMax", "ArgMin", "Ceil", "Floor", "Hardmax", "NonZero", "Round", "Shape", "Sign", "Size",
})  # fmt: skip
_WHOLE_IF_INPUTS_ARE = frozenset({
    "Abs", "Add", "Mul", "Neg", "ReduceSum", "Relu", "Sub", "Sum", "Clip", "Cast", "CastLike", "MatMul",
})  # fmt: skip

_UNSIGNED = ("bool", "uint8", "uint16", "uint32", "uint64")

Test = Callable[[np.ndarray], bool]


def not_negative(view: GraphView, name: str, depth: int = _DEPTH) -> bool:
    """Whether no element can be below 0."""
    fact = view.fact(name)
    if fact.dtype in _UNSIGNED:
        return True
    if fact.is_constant and fact.load is not None:
        return bool((fact.load() >= 0).all())
    node = view.producers.get(name)
    if node is None or depth == 0:
        return False

    def rest(value: str) -> bool:
        return not_negative(view, value, depth - 1)

    if node.op_type in _NEVER_NEGATIVE:
        return True
    if node.op_type == "Mul" and len(set(node.inputs)) == 1:
        return True
    if node.op_type == "Max":
        return any(map(rest, node.inputs))
    if node.op_type == "Clip" and _lower_bound(view, node) >= 0:
        return True
    if node.op_type == "Pow" and _is_even_power(view, node):
        return True
    if node.op_type in _NOT_NEGATIVE_IF_INPUTS_ARE:
        return all(rest(value) for value in _data_inputs(node))
    return _inherits(view, node, rest)


def whole(view: GraphView, name: str, depth: int = _DEPTH) -> bool:
    """Whether every element is an integer."""
    fact = view.fact(name)
    if fact.dtype == "bool" or "int" in (fact.dtype or ""):
        return True
    if fact.is_constant and fact.load is not None:
        values = fact.load()
        return bool((np.isfinite(values) & (np.trunc(values) == values)).all())
    node = view.producers.get(name)
    if node is None or depth == 0:
        return False

    def rest(value: str) -> bool:
        return whole(view, value, depth - 1)

    if node.op_type in _WHOLE:
        return True
    if node.op_type in _WHOLE_IF_INPUTS_ARE:
        return all(rest(value) for value in node.inputs if value)
    return _inherits(view, node, rest)


def zero_or_one(view: GraphView, name: str, depth: int = _DEPTH) -> bool:
    """Whether every element is 0 or 1."""
    fact = view.fact(name)
    if fact.dtype == "bool":
        return True
    if fact.is_constant and fact.load is not None:
        values = fact.load()
        return bool(((values == 0) | (values == 1)).all())
    node = view.producers.get(name)
    if node is None or depth == 0:
        return False

    def rest(value: str) -> bool:
        return zero_or_one(view, value, depth - 1)

    if node.op_type == "Hardmax" or node.op_type in BOOLEAN:
        return True
    if node.op_type in ("Mul", "Cast", "CastLike", "Abs", "Round", "Floor", "Ceil", "Sign", "Relu"):
        return all(rest(value) for value in _data_inputs(node))
    return _inherits(view, node, rest)


def _inherits(view: GraphView, node: NodeDef, rest: Callable[[str], bool]) -> bool:
    """What holds for every element a node may pick from holds for its output."""
    if node.op_type == "Where":
        return all(map(rest, node.inputs[1:]))
    if node.op_type in _PICKS_ELEMENTS:
        return all(map(rest, node.inputs))
    if node.op_type == "MaxPool" and "pads" not in node.attributes and "auto_pad" not in node.attributes:
        return rest(node.inputs[0])
    return node.op_type in _KEEPS_ELEMENTS and rest(node.inputs[0])


def _data_inputs(node: NodeDef) -> tuple[str, ...]:
    """The inputs whose elements become those of the output."""
    one = ("Cast", "CastLike", "Clip", "CumSum", "Pad", "ReduceMean", "ReduceProd", "ReduceSum", "Resize")
    names = node.inputs[:1] if node.op_type in one else node.inputs
    if node.op_type == "Pad" and len(node.inputs) > 2 and node.inputs[2]:
        names = (node.inputs[0], node.inputs[2])
    return tuple(name for name in names if name)


def _lower_bound(view: GraphView, node: NodeDef) -> float:
    here = NodeView(node=node, graph=view)
    if "min" in node.attributes:
        return here.attribute("min", -np.inf)
    fact = here.fact(1)
    return float(fact.load().min()) if fact.is_constant and fact.load is not None else -np.inf


def _is_even_power(view: GraphView, node: NodeDef) -> bool:
    fact = NodeView(node=node, graph=view).fact(1)
    return fact.is_constant and fact.load is not None and bool((fact.load() % 2 == 0).all())
