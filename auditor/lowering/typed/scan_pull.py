"""Taking operations out of a loop that need not be done turn by turn (tract `ops/scan/decluttered.rs`)."""

from __future__ import annotations

from msgspec.structs import replace

from auditor.lowering.declutter.optimizer import propagate_constants
from auditor.lowering.errors import Unmodelled
from auditor.lowering.graph.axes import AxesMapping, Axis, InOut
from auditor.lowering.graph.axis_op import add, rm
from auditor.lowering.graph.evaluate import CannotEvaluate, evaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Inlet, Node, Outlet
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.einsum import EinSum
from auditor.lowering.typed.scan import InputMapping, OutputMapping, Scan, ScanInfo


def pull_batcheable_input(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """What the body does to a slice, if it can be done to the whole input, is done before the loop."""
    for slot, mapping in enumerate(op.input_mapping):
        if mapping.info is None:
            continue
        source = op.body.inputs[slot]
        for inlet in op.body.successors(source):
            others = [o for o in op.body.nodes[inlet[0]].inputs if o != source]
            if any(op.body.fact(other).konst is None for other in others):
                break  # tract goes on with the next input, not with the next reader of this one
            if len(op.body.nodes[inlet[0]].outputs) == 1:
                patch = _extract_reader(op, graph, node, slot, inlet, mapping.info)
                if patch is not None:
                    return patch
    return None


def _extract_reader(
    op: Scan, graph: Graph, node: Node, slot: int, inlet: Inlet, info: ScanInfo
) -> Patch | None:
    body = op.body.copy()
    einsum_patch = propagate_axis(body, body.nodes[inlet[0]], ("in", inlet[1]), info.axis)
    if einsum_patch is not None:
        einsum_patch.apply(body)
        _compute_const_facts(body)
        inlet = body.successors(body.inputs[slot])[-1]
    reader = body.nodes[inlet[0]]
    after = _mapping(body, reader).axis((("in", inlet[1]), info.axis)).outputs[0]
    if len(after) != 1:
        return None
    patch = Patch()
    outer_inputs = patch.taps(graph, node.inputs)
    operands = []
    for index, outlet in enumerate(reader.inputs):
        konst = body.fact(outlet).konst
        if index == inlet[1]:
            operands.append(outer_inputs[slot])
        elif konst is not None:
            operands.append(patch.add_const(f"{node.name}.extracted.{body.nodes[outlet[0]].name}", konst))
        else:
            raise Unmodelled("Scan", node.name, "a slice is read twice by one operation of the body")
    name = f"{node.name}.extracted.{reader.name}"
    wire = patch.wire_node(name, reader.op, operands)[0]
    _replace_by_source(body, reader, name, _slice_fact(node, patch.fact(wire), after[0], info))
    mappings = (*op.input_mapping, InputMapping.scanned(after[0], info.chunk))
    smaller = replace(op, body=body, input_mapping=mappings, decluttered=False)
    for out_slot, out in enumerate(patch.wire_node(node.name, smaller, [*outer_inputs, wire])):
        patch.shunt_outside(graph, (node.id, out_slot), out)
    return patch


def _slice_fact(node: Node, whole: Fact, axis: int, info: ScanInfo) -> Fact:
    if whole.konst is not None or whole.uniform is not None:
        raise Unmodelled("Scan", node.name, "a constant is cut into slices")
    shape = list(whole.shape)
    shape[axis] = abs(info.chunk)
    return Fact(whole.dt, tuple(shape))


def _replace_by_source(body: Graph, node: Node, name: str, fact: Fact) -> None:
    source = body.add_source(name, fact)
    patch = Patch()
    patch.shunt_outside(body, (node.id, 0), patch.tap(body, source))
    patch.apply(body)


def pull_batcheable_output(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """The last operation on collected values, if it can be done to all at once, is done after the loop."""
    for index, mapping in enumerate(op.output_mapping):
        if mapping.scan is None or mapping.state or mapping.scan[1].chunk > 1:
            continue
        outlet = op.body.outputs[index]
        if op.body.successors(outlet) or outlet in op.body.inputs:
            continue
        # tract gives up on all outputs where it fails on this one
        return _extract_emitter(op, graph, node, index, *mapping.scan)
    return None


def _extract_emitter(
    op: Scan, graph: Graph, node: Node, index: int, old_slot: int, info: ScanInfo
) -> Patch | None:
    body = op.body.copy()
    emitter = body.nodes[body.outputs[index][0]]
    einsum_patch = propagate_axis(body, emitter, ("out", 0), info.axis)
    if einsum_patch is not None:
        einsum_patch.apply(body)
        propagate_constants(body)
    outlet = body.outputs[index]
    emitter = body.nodes[outlet[0]]
    axis = _mapping(body, emitter).axis((("out", outlet[1]), info.axis))
    if any(len(places) > 1 for places in axis.outputs):
        return None
    mappings = list(op.output_mapping)
    slots = _collect(body, emitter, axis, mappings, len(node.outputs), info.chunk)
    if slots is None:
        return None
    patch = Patch()
    larger = replace(op, body=body, output_mapping=tuple(mappings), decluttered=False)
    wires = patch.wire_node(node.name, larger, patch.taps(graph, node.inputs))
    wire = patch.wire_node(emitter.name, emitter.op, [wires[slot] for slot in slots])[0]
    patch.shunt_outside(graph, (node.id, old_slot), wire)
    for slot in range(len(node.outputs)):
        if slot != old_slot:
            patch.shunt_outside(graph, (node.id, slot), wires[slot])
    return patch


def _collect(
    body: Graph, emitter: Node, axis: Axis, mappings: list[OutputMapping], next_slot: int, chunk: int
) -> list[int] | None:
    """Let the inputs of an operation leave the loop; the slots where they do, None where one cannot."""
    slots = []
    for position, wire in enumerate(emitter.inputs):
        if wire not in body.outputs:
            mappings.append(OutputMapping())
            body.outputs.append(wire)
        index = body.outputs.index(wire)
        mapping, places = mappings[index], axis.inputs[position]
        if body.fact(wire).konst is not None:
            if mapping.last_value_slot is None:
                mapping = replace(mapping, last_value_slot=next_slot)
                next_slot += 1
            slot = mapping.last_value_slot
        elif len(places) == 1:
            if mapping.scan is None:
                mapping = replace(mapping, scan=(next_slot, ScanInfo(axis=places[0], chunk=chunk)))
                next_slot += 1
            slot = mapping.scan[0] if mapping.scan is not None else None
        else:
            return None
        assert slot is not None
        mappings[index] = mapping
        slots.append(slot)
    return slots


def propagate_axis(graph: Graph, node: Node, io: InOut, position: int) -> Patch | None:
    """Give an axis of an einsum to all its inputs and its output (tract `EinSum::propagate_axis`).

    None for other operations, and where the axis stands twice in an input.
    """
    if not isinstance(node.op, EinSum):
        return None
    axes = node.op.axes
    axis = axes.axis((io, position))
    if any(len(places) > 1 for places in axis.inputs):
        return None
    patch = Patch()
    taps: list[Outlet] = []
    places = []
    for slot, outlet in enumerate(node.inputs):
        tap = patch.tap(graph, outlet)
        at = axis.inputs[slot]
        if not at:
            at = (axes.rank(("in", slot)),)
            name = f"{node.name}.prop_axis.{axis.repr}.input_{slot}"
            tap = patch.wire_node(name, AxisOp(add(at[0])), [tap])[0]
        places.append(at)
        taps.append(tap)
    added = () if axis.outputs[0] else (axes.rank(("out", 0)),)
    wider = Axis(axis.repr, tuple(places), (axis.outputs[0] or added,))
    mapping = AxesMapping.new(len(node.inputs), 1, [wider if a is axis else a for a in axes.axes])
    wire = patch.wire_node(node.name, replace(node.op, axes=mapping), taps)[0]
    if added:
        name = f"{node.name}.prop_axis.{axis.repr}.output"
        wire = patch.wire_node(name, AxisOp(rm(added[0])), [wire])[0]
    patch.shunt_outside(graph, (node.id, 0), wire)
    return patch


def _mapping(graph: Graph, node: Node) -> AxesMapping:
    if isinstance(node.op, Scan):
        raise Unmodelled("Scan", node.name, "a loop inside a loop")
    return node.op.axes_mapping(graph.input_facts(node), graph.output_facts(node))


def _compute_const_facts(graph: Graph) -> None:
    """Note the values of constant wires, without changing the graph (tract `compute_const_facts`)."""
    for node_id in graph.eval_order():
        node = graph.nodes[node_id]
        constants = [fact.konst for fact in graph.input_facts(node)]
        known = [konst for konst in constants if konst is not None]
        if not node.op.is_stateless or len(known) < len(constants):
            continue
        if all(output.fact.konst is not None for output in node.outputs):
            continue
        try:
            values = evaluate(node.op, known)
        except CannotEvaluate:
            continue
        for output, value in zip(node.outputs, values, strict=True):
            output.fact.konst = value
