"""Branches (tract `ops/logic/ite.rs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.bodies import run_body
from auditor.lowering.typed.plumbing import Source

if TYPE_CHECKING:
    from auditor.lowering.graph.graph import Graph, Node, Outlet
    from auditor.lowering.graph.patch import Patch


class IfThenElse(TypedOp, frozen=True, kw_only=True, eq=False):
    """Runs one of two bodies; the mappings say which input of the node each input of a body is.

    Input 0 is the condition.
    """

    then_body: Graph
    then_input_mapping: tuple[int, ...]
    else_body: Graph
    else_input_mapping: tuple[int, ...]

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        if inputs[0].dt != "bool" or inputs[0].volume != 1:
            raise ShapeMismatch(f"a condition of {inputs[0].dt} {list(inputs[0].shape)}")
        facts = []
        for then_outlet, else_outlet in zip(self.then_body.outputs, self.else_body.outputs, strict=True):
            one, other = self.then_body.fact(then_outlet), self.else_body.fact(else_outlet)
            if (one.dt, one.shape) != (other.dt, other.shape):
                raise ShapeMismatch(
                    f"the branches give {one.dt} {list(one.shape)} and {other.dt} {list(other.shape)}"
                )
            # tract keeps the value of the first branch, whatever the condition
            facts.append(Fact(one.dt, one.shape, one.konst, one.uniform_value))
        return facts

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        body, mapping = self._chosen(bool(inputs[0].reshape(())))
        return run_body(body, [inputs[position] for position in mapping])

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        """A body in place of the node, when the condition is constant."""
        from auditor.lowering.graph.patch import Patch

        condition = graph.fact(node.inputs[0]).konst
        if condition is None:
            return None
        body, mapping = self._chosen(bool(condition.array.reshape(())))
        patch = Patch()
        wires: dict[Outlet, Outlet] = {}
        for outlet, position in zip(body.inputs, mapping, strict=True):
            wires[outlet] = patch.tap(graph, node.inputs[position])
        for node_id in body.eval_order():
            inner = body.nodes[node_id]
            if not isinstance(inner.op, Source):
                results = patch.wire_node(inner.name, inner.op, [wires[outlet] for outlet in inner.inputs])
                wires |= {(node_id, slot): result for slot, result in enumerate(results)}
        for slot, outlet in enumerate(body.outputs):
            patch.shunt_outside(graph, (node.id, slot), wires[outlet])
        return patch

    def _chosen(self, condition: bool) -> tuple[Graph, tuple[int, ...]]:
        if condition:
            return self.then_body, self.then_input_mapping
        return self.else_body, self.else_input_mapping
