"""The cast of an ONNX node before it becomes a plain one (tract `onnx/src/ops/cast.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.cast import Cast, cast_array
from auditor.lowering.typed.element_wise import UnaryOp
from auditor.lowering.typed.plumbing import Identity


class OnnxCast(UnaryOp, frozen=True, kw_only=True):
    """A cast that changes of axes are moved behind, as long as it is not rewritten as :class:`Cast`.

    tract's name is ``onnx.Cast``.
    """

    to: str

    def output_dt(self, dt: str) -> str:
        return self.to

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [cast_array(inputs[0], self.to)]

    def own_declutter(self, graph: Graph, node: Node) -> Patch | None:
        source = graph.fact(node.inputs[0]).dt
        if source == self.to:
            return Patch.single_unary_op(graph, node, Identity())
        if source == "string" and self.to == "f32":
            return None
        return Patch.single_unary_op(graph, node, Cast(to=self.to))
