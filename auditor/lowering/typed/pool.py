"""Pools (tract `ops/cnn/maxpool.rs`, `ops/cnn/sumpool.rs`)."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.pool_spec import PoolSpec


class MaxPool(TypedOp, frozen=True, kw_only=True):
    """The largest element of each window, and its index as ``with_index_outputs`` when that is a type."""

    pool_spec: PoolSpec
    with_index_outputs: str | None = None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        shape = self.pool_spec.output_shape(inputs[0].shape)
        facts = [Fact(inputs[0].dt, shape)]
        if self.with_index_outputs is not None:
            facts.append(Fact(self.with_index_outputs, shape))
        return facts

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if self.with_index_outputs is not None and not _is_used(graph, node, 1):
            patch = Patch()
            tap = patch.tap(graph, node.inputs[0])
            wire = patch.wire_node(node.name, replace(self, with_index_outputs=None), [tap])[0]
            patch.shunt_outside(graph, (node.id, 0), wire)
            return patch
        plainer = self.pool_spec.decluttered(graph.fact(node.inputs[0]).shape)
        if plainer is None:
            return None
        return Patch.replace_single_op(graph, node, node.inputs, replace(self, pool_spec=plainer))

    def work(self, inputs: list[Fact], outputs: list[Fact]) -> int:
        return self.pool_spec.work_of_windows(inputs[0])

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        from auditor.lowering.typed.windows import max_pool

        return max_pool(inputs[0], self.pool_spec, self.with_index_outputs)


class SumPool(TypedOp, frozen=True, kw_only=True):
    """The sum of each window, or its mean if ``normalize``, over all of it if ``count_include_pad``."""

    pool_spec: PoolSpec
    count_include_pad: bool
    normalize: bool

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(inputs[0].dt, self.pool_spec.output_shape(inputs[0].shape))]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        plainer = self.pool_spec.decluttered(graph.fact(node.inputs[0]).shape)
        if plainer is None:
            return None
        return Patch.replace_single_op(graph, node, node.inputs, replace(self, pool_spec=plainer))

    def work(self, inputs: list[Fact], outputs: list[Fact]) -> int:
        return self.pool_spec.work_of_windows(inputs[0])

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        from auditor.lowering.typed.windows import sum_pool

        return [sum_pool(inputs[0], self.pool_spec, self.count_include_pad, self.normalize)]


def _is_used(graph: Graph, node: Node, slot: int) -> bool:
    return bool(node.outputs[slot].successors) or (node.id, slot) in graph.outputs
