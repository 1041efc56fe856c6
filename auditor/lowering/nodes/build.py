"""From the typed graph to EZKL's circuit.

Sources: EZKL `graph/model.rs` `nodes_from_graph`, `graph/node.rs` `Node::new`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit import Circuit, CircuitNode, RunArgs, SubCircuit, ops
from auditor.circuit.graph import Graph as CircuitGraph
from auditor.lowering.errors import Rejected, Uncertain, Unmodelled, Unsupported, ValuesAbsent
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.nodes import loops
from auditor.lowering.nodes.context import Draft, NodeContext
from auditor.lowering.nodes.quantize import LARGEST_SCALE
from auditor.lowering.nodes.registry import rule_for, tract_name, unknown
from auditor.lowering.nodes.scales import (
    homogeneous_inputs,
    homogenized,
    out_scale,
    rebased,
    rebased_up,
)
from auditor.lowering.nodes.sources import INPUT_TYPES
from auditor.lowering.typed.scan import Scan


def build(graph: Graph, run_args: RunArgs, operators: Mapping[str, str] | None = None) -> Circuit:
    """The circuit EZKL makes of a decluttered graph.

    ``operators`` maps the names of the ONNX nodes to their operators, for messages and origins only.

    Raises:
        Unsupported: EZKL certainly rejects the model.
        Unmodelled: a rule needs values that the file does not hold, or is not modelled exactly.
    """
    builder = _Builder(run_args=run_args, operators=operators or {})
    return Circuit(graph=builder.graph(graph), run_args=run_args, front_end="onnx")


_MOST_ELEMENTS = 2**58
"""A field element has 2^5 bytes, and Rust panics over an allocation of 2^63 or more."""


class _Overrides(Struct, frozen=True, kw_only=True):
    """What a loop imposes on its body: scales of its inputs in node order, and of nodes by id."""

    inputs: Sequence[int]
    nodes: Mapping[int, int]


class _Builder(Struct, frozen=True, kw_only=True):
    run_args: RunArgs
    operators: Mapping[str, str]

    def graph(self, graph: Graph, overrides: _Overrides | None = None) -> CircuitGraph:
        """One graph, or the body of a loop."""
        drafts: dict[int, Draft] = {}
        inputs_seen = 0
        for node in graph.nodes:
            origin = self._origin(node.name)
            try:
                draft = self._draft(graph, node, drafts, origin)
                if overrides is not None:
                    inputs_seen += self._override(draft, overrides, inputs_seen)
            except Rejected as refusal:
                operator = self._operator(origin, node)
                raise Unsupported(operator, origin, str(refusal), refusal.way_out) from refusal
            except (Uncertain, ValuesAbsent) as doubt:
                raise Unmodelled.because(self._operator(origin, node), origin, doubt) from doubt
            drafts[node.id] = draft
        return _finished(graph, drafts)

    def _origin(self, name: str) -> str:
        """The ONNX node a typed node comes from: the longest prefix that names one."""
        prefix = name
        while prefix and prefix not in self.operators:
            prefix = prefix.rpartition(".")[0]
        return prefix or name

    def _operator(self, origin: str, node: Node) -> str:
        return self.operators.get(origin) or tract_name(node.op)

    def _draft(self, graph: Graph, node: Node, drafts: dict[int, Draft], origin: str) -> Draft:
        if not node.outputs:
            raise Rejected("a node without outputs")
        if isinstance(node.op, Scan):
            return self._loop(node, node.op, drafts, origin)
        return self._node(graph, node, drafts, origin)

    # --- plain nodes

    def _node(self, graph: Graph, node: Node, drafts: dict[int, Draft], origin: str) -> Draft:
        """EZKL `Node::new`: the operation, then the scales of its inputs and its output."""
        copies = [_find(drafts, node_id).copy() for node_id, _ in node.inputs]
        ctx = NodeContext(
            run_args=self.run_args,
            inputs=copies,
            input_facts=graph.input_facts(node),
            output_fact=node.outputs[0].fact,
        )
        rule = rule_for(node.op)
        op = unknown(node.op) if rule is None else rule(node.op, ctx)
        drafts.update({copy.id: copy for copy in copies})
        kept = tuple(outlet for slot, outlet in enumerate(node.inputs) if slot not in ctx.dropped)
        first = {copy.id: copy for copy in reversed(copies)}
        scales = [first[node_id].read_scale(slot) for node_id, slot in kept]
        self._rescale_constants(op, ctx, drafts, scales)
        op = homogenized(op, scales)
        op = rebased(op, self.run_args.rebase_target_scale, _checked(out_scale(op, scales)))
        if node.outputs[0].fact.volume > _MOST_ELEMENTS:
            raise Rejected(
                f"its result has {node.outputs[0].fact.volume:,} elements, more than memory has addresses"
            )
        return Draft(
            id=node.id,
            op=op,
            inputs=kept,
            shapes=(node.outputs[0].fact.shape or (1,),),
            scales=(_checked(out_scale(op, scales)),),
            uses=max(1, sum(len(output.successors) for output in node.outputs)),
            origin=origin,
            raw=ctx.values[0] if ctx.values else None,
        )

    def _rescale_constants(
        self, op: ops.Op, ctx: NodeContext, drafts: dict[int, Draft], scales: list[int]
    ) -> None:
        """A constant with one use takes the largest scale, where the inputs must have one scale.

        EZKL counts the slots of the inputs before some were dropped, the scales after.
        """
        for slot in homogeneous_inputs(op):
            if slot >= len(ctx.inputs):
                break
            draft = drafts[ctx.inputs[slot].id]
            constant = draft.op
            if slot in ctx.dropped or not isinstance(constant, ops.Constant):
                continue
            if draft.uses == 1 and max(scales) > constant.scale:
                draft.rescale(max(scales), self.run_args.param_visibility)
            else:
                draft.scales = (constant.scale,)
            if slot >= len(scales):
                raise Rejected("EZKL stops over a constant after a constant index", "compute one of them")
            scales[slot] = draft.scales[0]

    # --- loops

    def _loop(self, node: Node, op: Scan, drafts: dict[int, Draft], origin: str) -> Draft:
        """A loop and its body, whose inputs have the scales of the loop's."""
        scales = [_find(drafts, node_id).read_scale(0) for node_id, _ in node.inputs]
        overrides = _Overrides(inputs=scales, nodes=loops.state_scales(op, scales))
        body = self.graph(op.body, overrides)
        loop = SubCircuit(
            id=node.id,
            body=body,
            inputs=tuple(node.inputs),
            input_mappings=loops.input_mappings(op),
            output_mappings=loops.output_mappings(op),
            out_shapes=tuple(output.fact.shape for output in node.outputs),
            out_scales=loops.out_scales(op, body),
            origin=origin,
        )
        return Draft(
            id=node.id,
            op=ops.Unknown(),
            inputs=loop.inputs,
            shapes=loop.out_shapes,
            scales=loop.out_scales,
            uses=0,
            origin=origin,
            loop=loop,
        )

    def _override(self, draft: Draft, overrides: _Overrides, inputs_seen: int) -> int:
        """Impose the loop's scales on a node of its body; returns 1 when it is an input, else 0."""
        if draft.loop is not None:
            return 0
        is_input = isinstance(draft.op, ops.Input)
        if isinstance(draft.op, ops.Input):
            if inputs_seen >= len(overrides.inputs):
                raise Rejected("the body of a loop has more inputs than the loop")
            scale = overrides.inputs[inputs_seen]
            decompose = not self.run_args.ignore_range_check_inputs_outputs
            draft.op = replace(draft.op, scale=scale, decompose=decompose)
            draft.scales = (scale,)
        target = overrides.nodes.get(draft.id)
        if target is not None:
            scale = draft.scales[0]
            change = rebased if scale > target else rebased_up
            draft.op = change(draft.op, target, scale)
            draft.scales = (target,)
        return int(is_input)


def _find(drafts: Mapping[int, Draft], node_id: int) -> Draft:
    if node_id not in drafts:
        raise Rejected("a node reads one that comes later")
    return drafts[node_id]


def _checked(scale: int) -> int:
    if abs(scale) > LARGEST_SCALE:
        raise Uncertain(f"a scale of {scale} overflows EZKL's arithmetic")
    return scale


def _finished(graph: Graph, drafts: Mapping[int, Draft]) -> CircuitGraph:
    """What is left when nodes without uses are dropped (EZKL `remove_unused_nodes`).

    Raises:
        Unsupported: an input or an output is not left, or has a type EZKL does not compute with.
    """
    kept = [draft for draft in drafts.values() if draft.loop is not None or draft.uses > 0]
    scales = {draft.id: draft.scales for draft in kept}
    for node_id, slot in graph.outputs:
        name, dt = graph.nodes[node_id].name, graph.nodes[node_id].outputs[slot].fact.dt
        if dt not in INPUT_TYPES:
            raise Unsupported("", name, f"EZKL does not compute outputs of type {dt}")
        if slot >= len(scales.get(node_id, ())):
            raise Unsupported("", name, f"EZKL does not model output {slot} of {name}")
    for node_id, _ in graph.inputs:
        if node_id not in scales:
            raise Unsupported("", graph.nodes[node_id].name, "EZKL drops this input, then misses it")
    return CircuitGraph(
        nodes=tuple(_frozen(draft) for draft in kept),
        inputs=tuple(node_id for node_id, _ in graph.inputs),
        outputs=tuple(graph.outputs),
    )


def _frozen(draft: Draft) -> CircuitNode | SubCircuit:
    if draft.loop is not None:
        return draft.loop
    return CircuitNode(
        id=draft.id,
        op=draft.op,
        inputs=draft.inputs,
        shape=draft.shapes[0],
        scale=draft.scales[0],
        uses=draft.uses,
        origin=draft.origin,
    )
