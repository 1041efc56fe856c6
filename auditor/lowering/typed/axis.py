"""Changes of axes as operations of the graph (tract `ops/change_axes.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, Axis, InOut
from auditor.lowering.graph.axis_op import (
    AxisChange,
    change_shape,
    is_noop,
    merge_incoming,
    recip,
    same_change,
    simplify,
    transform_axis,
)
from auditor.lowering.graph.axis_op import add as add_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.plumbing import Identity, change_array


class AxisOp(TypedOp, frozen=True):
    """Adds, removes or moves an axis, or reshapes."""

    change: AxisChange

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(inputs[0].dt, change_shape(self.change, inputs[0].shape))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [change_array(inputs[0], self.change)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        axes = []
        for position in range(inputs[0].rank):
            out = transform_axis(self.change, position)
            axes.append(Axis(chr(ord("a") + position), ((position,),), (() if out is None else (out,),)))
        letter = ord("A")
        for position in range(outputs[0].rank):
            if transform_axis(recip(self.change), position) is None:
                axes.append(Axis(chr(letter + position), ((),), ((position,),)))
        return AxesMapping.new(1, 1, axes)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if is_noop(self.change):
            patch = Patch.shunt_one_op(graph, node)
            if patch is not None:
                return patch
        plain = simplify(self.change)
        if len(plain) == 1 and same_change(plain[0], self.change):
            return None
        patch = Patch()
        wire = patch.tap(graph, node.inputs[0])
        for index, change in enumerate(plain):
            wire = patch.wire_node(f"{node.name}.{index}", AxisOp(change), [wire])[0]
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch

    def suggested_axis_changes(self) -> list[tuple[InOut, AxisChange]]:
        return [(("out", 0), recip(self.change)), (("in", 0), self.change)]

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        if io == ("in", 0):
            return self._change_input(change)
        mirrored = AxisOp(recip(self.change))._change_input(change)
        if mirrored is None:
            return None
        op = AxisOp(recip(mirrored.op.change)) if isinstance(mirrored.op, AxisOp) else mirrored.op
        sides: dict[str, InOut] = {"in": ("out", 0), "out": ("in", 0)}
        return Consequence(op, [(sides[wire[0]], incoming) for wire, incoming in mirrored.changes])

    def _change_input(self, change: AxisChange) -> Consequence | None:
        if same_change(change, self.change):
            return Consequence(Identity(), [])
        merged = merge_incoming(self.change, change)
        if merged is None:
            return None
        own, outgoing = merged
        changes: list[tuple[InOut, AxisChange]] = []
        if not is_noop(change):
            changes.append((("in", 0), change))
        if outgoing is not None:
            changes.append((("out", 0), outgoing))
        return Consequence(Identity() if own is None else AxisOp(own), changes)


def rank_broadcast(graph: Graph, name: str, inputs: list[Outlet]) -> list[Outlet]:
    """Inputs brought to the same rank by axes of size one in front (tract `wire_rank_broadcast`)."""
    ranks = [graph.fact(outlet).rank for outlet in inputs]
    wires = []
    for slot, outlet in enumerate(inputs):
        for missing in range(ranks[slot], max(ranks)):
            fixed = graph.wire_node(f"{name}.fix-rank-{slot}-{missing}", AxisOp(add_axis(0)), [outlet])
            outlet = fixed[0]
        wires.append(outlet)
    return wires


def wire_with_rank_broadcast(graph: Graph, name: str, op: TypedOp, inputs: list[Outlet]) -> list[Outlet]:
    """An operation on inputs brought to the same rank."""
    return graph.wire_node(name, op, rank_broadcast(graph, name, inputs))
