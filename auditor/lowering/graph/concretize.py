"""Symbols replaced by their numbers, all nodes wired anew (tract `SymbolValues`, `concretize_dims`)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.lowering.errors import Uncertain
from auditor.lowering.graph.dim import Dim, holds_open, is_open
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.tensor import Tensor

T = TypeVar("T")

_LEAST, _MOST = -(2**63), 2**63 - 1


def concretize(graph: Graph) -> tuple[Graph, dict[Outlet, Outlet]]:
    """The graph with numbers for symbols, and where its wires went; those nothing reads are gone.

    Raises:
        ShapeMismatch: an operation does not accept the numbers.
        Uncertain: a number is larger than tract's.
    """
    result = Graph()
    mapping: dict[Outlet, Outlet] = {}
    order = graph.eval_order()
    useless = [node_id for node_id, _ in graph.inputs if node_id not in set(order)]
    for node_id in (*order, *useless):
        node = graph.nodes[node_id]
        for slot, outlet in enumerate(_wire(result, node, [mapping[outlet] for outlet in node.inputs])):
            mapping[(node_id, slot)] = outlet
    result.inputs = [mapping[outlet] for outlet in graph.inputs]
    result.outputs = [mapping[outlet] for outlet in graph.outputs]
    return result, mapping


def _wire(graph: Graph, node: Node, inputs: list[Outlet]) -> list[Outlet]:
    from auditor.lowering.typed.plumbing import Const, Source

    op: TypedOp = bound(node.op)
    if isinstance(op, Source):
        wire = graph.add_source(node.name, op.fact)
        graph.inputs.clear()
        return [wire]
    if isinstance(op, Const):
        return [graph.add_const(node.name, op.tensor)]
    return graph.wire_node(node.name, op, inputs)


def bound(value: T) -> T:
    """``value`` itself where it holds no symbol, else a copy that holds numbers."""
    result: Any = value
    if isinstance(value, Dim):
        result = value.value
    elif isinstance(value, tuple):
        items = [bound(item) for item in value]
        if any(new is not old for new, old in zip(items, value, strict=True)):
            result = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    elif isinstance(value, list):
        result = [bound(item) for item in value]
    elif isinstance(value, Tensor):
        result = _bound_tensor(value)
    elif isinstance(value, Graph):
        result = concretize(value)[0]
    elif isinstance(value, Struct):
        changes = {name: bound(getattr(value, name)) for name in value.__struct_fields__}
        if any(new is not getattr(value, name) for name, new in changes.items()):
            result = replace(value, **changes)
    return result  # type: ignore[no-any-return]


def _bound_tensor(tensor: Tensor) -> Tensor:
    if tensor.dt != "tdim" or not tensor.has_values or not holds_open(tensor.array):
        return tensor
    numbers = [size.value if is_open(size) else size for size in tensor.array.flat]
    if not all(_LEAST <= number <= _MOST for number in numbers):
        raise Uncertain("the numbers for named sizes are larger than 64 bits hold")
    return Tensor.of(np.array(numbers, dtype=np.int64).reshape(tensor.shape), "tdim")
