"""Products of tensors whose axes EZKL confuses: found in the circuit."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.circuit import Circuit, ops
from auditor.circuit.graph import CircuitNode
from auditor.circuit.ops import Shape
from auditor.fidelity.registry import circuit_rule
from auditor.fidelity.walk import graphs, inner_op, shape_of


@circuit_rule("AUD-FID-041")
def axes_summed_in_another_order(circuit: Circuit) -> Iterator[tuple[str, str]]:
    """Without Freivalds' argument EZKL flattens the summed axes of each operand in its own order."""
    if not circuit.run_args.disable_freivalds:
        return
    for graph in graphs(circuit.graph):
        known = {node.id: node for node in graph.nodes}
        for node in graph.nodes:
            op = inner_op(node.op) if isinstance(node, CircuitNode) else None
            if isinstance(node, CircuitNode) and isinstance(op, ops.Einsum):
                shapes = [shape_of(known[source], slot) for source, slot in node.inputs]
                if _is_confused(op.equation, shapes):
                    yield (
                        node.origin,
                        f"with disable_freivalds, {op.equation} multiplies numbers of other places: its "
                        "operands have the summed axes in different orders",
                    )


def _is_confused(equation: str, shapes: list[Shape]) -> bool:
    """EZKL ``layouts.rs`` `einsum_with_base_ops`: two operands, and no axis that one of them sums alone."""
    left, _, output = equation.partition("->")
    operands = left.split(",")
    if len(operands) != 2 or len(shapes) != 2:
        return False
    lengths: dict[str, int] = {}
    for axes, shape in zip(operands, shapes, strict=True):
        lengths.update(zip(axes, shape, strict=False))
    alone = {
        axis for axis in set("".join(operands)) - set(output) if not all(axis in own for own in operands)
    }
    if any(lengths.get(axis, 1) > 1 for axis in alone):
        return False
    orders = [
        [axis for axis in axes if axis not in output and axis not in alone and lengths.get(axis, 1) > 1]
        for axes in operands
    ]
    return orders[0] != orders[1]
