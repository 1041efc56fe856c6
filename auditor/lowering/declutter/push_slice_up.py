"""Move slices above the operation they slice (tract `optim/slice.rs`)."""

from __future__ import annotations

from auditor.lowering.graph.axes import Axis
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.concat import Concat
from auditor.lowering.typed.slice import Slice


class PushSliceUp:
    """Where all readers of a wire slice it on one axis, computes the slices directly."""

    def next(self, graph: Graph) -> Patch | None:
        order = graph.eval_order()
        reachable = set(order)
        for node_id in order:
            node = graph.nodes[node_id]
            if len(node.outputs) != 1 or not _read_by_slices_only(graph, node):
                continue
            for axis in range(node.outputs[0].fact.rank):
                boundaries = _boundaries(graph, node, axis, reachable)
                patch = _sliced(graph, node, axis, boundaries) if boundaries else None
                if patch is not None:
                    return patch
        return None


def _read_by_slices_only(graph: Graph, node: Node) -> bool:
    successors = node.outputs[0].successors
    return bool(successors) and all(isinstance(graph.nodes[s[0]].op, Slice) for s in successors)


def _boundaries(graph: Graph, node: Node, axis: int, reachable: set[int]) -> list[int]:
    """Where to cut ``axis``; empty when a reader slices another axis or nothing is cut."""
    successors = node.outputs[0].successors
    cuts = set()
    for successor, _ in successors:
        op = graph.nodes[successor].op
        if not isinstance(op, Slice) or op.axis != axis:
            return []
        cuts |= {op.start, op.end}
    if successors[0][0] not in reachable:
        return []
    end = node.outputs[0].fact.shape[axis]
    boundaries = sorted(cut for cut in cuts | {end} if cut > 0)
    return [] if boundaries == [end] else boundaries


def _sliced(graph: Graph, node: Node, axis: int, boundaries: list[int]) -> Patch | None:
    mapping = node.op.axes_mapping(graph.input_facts(node), graph.output_facts(node))
    info = mapping.axis((("out", 0), axis))
    patch = Patch()
    inputs = patch.taps(graph, node.inputs)
    splits: list[Outlet] = []
    start = 0
    for end in boundaries:
        wires = [_slice_input(patch, node, info, slot, wire, start, end) for slot, wire in enumerate(inputs)]
        prefix = f"{node.name}.split-over-{axis}.{start}..{end}"
        wire = node.op.slice(patch, graph, node, prefix, wires, axis, start, end)
        if wire is None:
            return None
        splits.append(wire[0])
        start = end
    rewire_sliced_outputs(graph, node, axis, patch, boundaries, splits)
    return patch


def _slice_input(
    patch: Patch, node: Node, info: Axis, slot: int, wire: Outlet, start: int, end: int
) -> Outlet:
    """The slice of an input that a slice of the output needs; inputs that broadcast stay whole."""
    if len(info.inputs[slot]) != 1:
        return wire
    axis = info.inputs[slot][0]
    if patch.fact(wire).shape[axis] == 1:
        return wire
    name = f"{node.name}.split-{slot}-over-{axis}.{start}..{end}.slice"
    return patch.wire_node(name, Slice(axis=axis, start=start, end=end), [wire])[0]


def rewire_sliced_outputs(
    graph: Graph, node: Node, axis: int, patch: Patch, boundaries: list[int], splits: list[Outlet]
) -> None:
    """Give every reader its pieces, and the whole to whoever else may want it."""
    full = patch.wire_node(f"{node.name}.concat-{axis}", Concat(axis=axis), splits)[0]
    patch.shunt_outside(graph, (node.id, 0), full)
    for index, (successor, _) in enumerate(node.outputs[0].successors):
        op = graph.nodes[successor].op
        if not isinstance(op, Slice) or op.axis != axis:
            continue
        pieces = [split for end, split in zip(boundaries, splits, strict=True) if op.start < end <= op.end]
        if not pieces:
            raise ShapeMismatch(f"{graph.nodes[successor].name} is an empty slice, on which EZKL fails")
        wire = pieces[0]
        if len(pieces) > 1:
            name = f"{node.name}.concat-m{index}..{op.start}..{op.end}"
            wire = patch.wire_node(name, Concat(axis=axis), pieces)[0]
        patch.shunt_outside(graph, (successor, 0), wire)
