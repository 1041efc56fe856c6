"""Where EZKL forgets that a number has a scale, or that it needs one: found in the circuit."""

from __future__ import annotations

import math
from collections.abc import Iterator

from auditor.circuit import Circuit, ops
from auditor.circuit.graph import CircuitNode
from auditor.fidelity.registry import circuit_rule
from auditor.fidelity.walk import graphs, inner_op, nodes, scale_of

Result = Iterator[tuple[str, str]]

_NO_SCALE = 1.0
"""The multiplier of scale 0."""

_OWN_LOOKUPS = ("Div", "IsOdd", "PowersOfTwo")
"""Lookups for EZKL's own ends, which no operator of a model becomes."""


@circuit_rule("AUD-FID-037")
def function_of_integers(circuit: Circuit) -> Result:
    """EZKL gives a function the scale of its operand, and integers have scale 0: no room for a fraction."""
    for node in nodes(circuit.graph):
        name = _function_at_no_scale(node)
        if name is not None:
            yield node.origin, f"{name} of integers is rounded to an integer: their scale is 0"


@circuit_rule("AUD-FID-038")
def scatter_between_scales(circuit: Circuit) -> Result:
    """EZKL brings the operands of Concat and Where to one scale, but not those of a scatter."""
    for graph in graphs(circuit.graph):
        known = {node.id: node for node in graph.nodes}
        for node in graph.nodes:
            if not isinstance(node, CircuitNode):
                continue
            op = inner_op(node.op)
            if not isinstance(op, ops.ScatterElements | ops.ScatterND):
                continue
            scales = [scale_of(known[source], slot) for source, slot in node.inputs]
            data, updates = scales[0], scales[-1]
            if data != updates:
                yield (
                    node.origin,
                    f"{op.name} writes numbers at scale {updates} among numbers at scale {data}: "
                    f"they are off by 2^{abs(updates - data)}",
                )


@circuit_rule("AUD-FID-039")
def rounding_of_integers(circuit: Circuit) -> Result:
    """The layouts of Ceil, Floor and Round have no witness where there is no fraction to cut off."""
    for node in nodes(circuit.graph):
        op = inner_op(node.op)
        if isinstance(op, ops.Ceil | ops.Floor | ops.Round | ops.RoundHalfToEven) and op.scale == _NO_SCALE:
            yield node.origin, f"no input has a witness: {op.name} of integers"


def _function_at_no_scale(node: CircuitNode) -> str | None:
    """The name of a function with fractions as results whose operand has scale 0."""
    op = inner_op(node.op)
    if isinstance(op, ops.Lookup):
        own = op.function in _OWN_LOOKUPS or not op.parameters
        return None if own or op.parameters[0] != _NO_SCALE else op.function
    if isinstance(op, ops.Ln | ops.Sqrt):
        return op.name if op.scale == _NO_SCALE else None
    if isinstance(op, ops.Softmax):
        return op.name if op.input_scale == _NO_SCALE and _several(node, op) else None
    if isinstance(op, ops.SumPool):
        window = math.prod(op.kernel_shape)
        return "AveragePool" if op.normalized and window > 1 and node.scale == 0 else None
    return None


def _several(node: CircuitNode, op: ops.Softmax) -> bool:
    """Whether a softmax is over more than one number; of one number it is 1."""
    return any(axis < len(node.shape) and node.shape[axis] > 1 for axis in op.axes)
