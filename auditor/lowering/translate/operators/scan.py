"""ONNX loops over slices (tract `onnx/src/ops/rec/scan.rs`, `hir/src/ops/scan.rs`)."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.axis_op import add, change_shape, rm
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.translate.declared import datum_type
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.plumbing import Source
from auditor.lowering.typed.scan import FULL, STATE, InputMapping, OutputMapping, Scan, ScanInfo
from auditor.model.graph import GraphDef, ValueInfo


@translates("Scan")
def scan(call: Call) -> list[Outlet]:
    """A loop; inside, slices lose the axis the loop runs along, and collected outputs get one.

    tract goes forwards, whatever the directions say.
    """
    definition = call.node.attributes.get("body")
    scanned = call.node.attributes.get("num_scan_inputs")
    if not isinstance(definition, GraphDef) or not isinstance(scanned, int):
        raise Rejected("its body or num_scan_inputs is missing")
    infos = [info for info in definition.inputs if info.name not in definition.initializers]
    states = len(infos) - scanned
    if states < 0 or len(call.present) != len(infos):
        raise Rejected(f"has {len(call.present)} inputs, and its body {len(infos)}")
    in_axes = _axes(call, "scan_input_axes", scanned)
    facts = [call.fact(outlet) for outlet in call.present]
    inner = _inner_facts(facts, states, in_axes)
    for info, fact in zip(infos, inner, strict=True):
        _check_declared(info, fact)
    body = call.translate_body(definition, inner)
    out_axes = _axes(call, "scan_output_axes", len(body.outputs) - states)
    for index, axis in enumerate(in_axes):
        _insert_after_source(body, states + index, axis, f"{call.name}.input-{index}.adjust-dim")
    for index, axis in enumerate(out_axes):
        _append_axis(body, states, states + index, axis, f"{call.name}.output-{index}-adjust-dim")
    loop = Scan(
        body=body,
        input_mapping=_input_mapping(states, in_axes, len(body.inputs) - len(infos)),
        output_mapping=_output_mapping(body, states, out_axes),
    )
    return call.graph.wire_node(call.name, loop, [*call.present, *call.closures.values()])


def _axes(call: Call, attribute: str, count: int) -> Sequence[int]:
    axes = tuple(call.attribute(attribute, (0,) * count))
    if len(axes) != count or any(axis < 0 for axis in axes):
        raise Rejected(f"EZKL does not read {attribute} {list(axes)}", "count axes from the front")
    return axes


def _inner_facts(facts: Sequence[Fact], states: int, axes: Sequence[int]) -> list[Fact]:
    inner = [Fact(fact.dt, fact.shape) for fact in facts]
    for slot, axis in enumerate(axes, start=states):
        shape = inner[slot].shape
        if axis >= len(shape):
            raise Rejected(f"axis {axis} of an input with {len(shape)} axes")
        inner[slot] = Fact(inner[slot].dt, (*shape[:axis], *shape[axis + 1 :]))
    turns = {facts[states + index].shape[axis] for index, axis in enumerate(axes)}
    if len(turns) > 1:
        raise Rejected(f"its inputs to scan have different lengths {sorted(turns)}")
    return inner


def _check_declared(info: ValueInfo, fact: Fact) -> None:
    """tract unifies what the body declares with what it gets."""
    if info.dtype is None:
        raise Rejected(f"the input {info.name} of its body declares no type")
    dt = datum_type(info.dtype, f"input {info.name}")
    sizes = info.shape
    if sizes is not None and any(isinstance(size, str) for size in sizes):
        raise Uncertain(f"the input {info.name} of its body has the symbolic shape {list(sizes)}")
    fits = sizes is None or (
        len(sizes) == fact.rank and all(s in (None, d) for s, d in zip(sizes, fact.shape, strict=True))
    )
    if dt != fact.dt or not fits:
        declared = f"{dt} {list(sizes or ())}"
        raise Rejected(f"its body declares {info.name} as {declared}, but gets {fact.dt} {list(fact.shape)}")


def _insert_after_source(body: Graph, slot: int, axis: int, name: str) -> None:
    """Widen an input of the body by the axis of the loop, and remove that axis at once."""
    source = body.inputs[slot]
    node = body.nodes[source[0]]
    narrow = node.outputs[0].fact
    wide = Fact(narrow.dt, change_shape(add(axis), narrow.shape))
    readers, node.outputs[0].successors = node.outputs[0].successors, []
    node.op, node.outputs[0].fact = Source(fact=wide), wide
    removed = body.wire_node(f"{name}.axis-{axis}", AxisOp(rm(axis)), [source])[0]
    body.nodes[removed[0]].outputs[0].successors = readers
    for reader, position in readers:
        body.nodes[reader].inputs[position] = removed
    body.outputs = [removed if outlet == source else outlet for outlet in body.outputs]


def _append_axis(body: Graph, states: int, index: int, axis: int, name: str) -> None:
    outlet = body.outputs[index]
    if axis > body.fact(outlet).rank:
        raise Rejected(f"axis {axis} of an output with {body.fact(outlet).rank} axes")
    if outlet in body.outputs[:states]:
        way_out = "copy it with an Identity in the body"
        raise Rejected("EZKL does not read an output that is a state and collected, too", way_out)
    if body.successors(outlet) or body.outputs.count(outlet) > 1 or outlet in body.inputs:
        raise Uncertain("an output of its body is read elsewhere, too")
    body.outputs[index] = body.wire_node(f"{name}.axis-{axis}", AxisOp(add(axis)), [outlet])[0]


def _input_mapping(states: int, axes: Sequence[int], closures: int) -> tuple[InputMapping, ...]:
    return (
        *(InputMapping(kind=STATE) for _ in range(states)),
        *(InputMapping.scanned(axis, 1) for axis in axes),
        *(InputMapping(kind=FULL) for _ in range(closures)),
    )


def _output_mapping(body: Graph, states: int, axes: Sequence[int]) -> tuple[OutputMapping, ...]:
    mappings = [OutputMapping(last_value_slot=slot, state=True) for slot in range(states)]
    for slot, axis in enumerate(axes, start=states):
        # tract reads the size of a chunk off the input with the number of the output
        shape = body.fact(body.inputs[slot]).shape if slot < len(body.inputs) else ()
        if axis >= len(shape):
            raise Rejected("EZKL does not read a loop with these outputs")
        mappings.append(OutputMapping(scan=(slot, ScanInfo(axis=axis, chunk=shape[axis]))))
    return tuple(mappings)
