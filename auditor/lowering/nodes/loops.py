"""Loops: how EZKL passes scales in and out of a body (EZKL `graph/model.rs` `nodes_from_graph`)."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.circuit.graph import Graph, InputMapping, OutputMapping, SubCircuit
from auditor.lowering.typed.scan import STATE, Scan

_USIZE = 1 << 64


def input_mappings(op: Scan) -> tuple[InputMapping, ...]:
    """How each input reaches the body; a negative chunk becomes a huge one, as it does in EZKL."""
    return tuple(
        InputMapping(kind="Stacked", axis=mapping.info.axis, chunk=mapping.info.chunk % _USIZE)
        if mapping.info is not None
        else InputMapping(kind=mapping.kind)
        for mapping in op.input_mapping
    )


def output_mappings(op: Scan) -> tuple[tuple[OutputMapping, ...], ...]:
    """How each output of the body leaves; a state nobody reads gets the number of its output."""
    found = []
    for index, mapping in enumerate(op.output_mapping):
        ways = []
        last = index if mapping.last_value_slot is None and mapping.state else mapping.last_value_slot
        if last is not None:
            ways.append(OutputMapping(kind="Single", outlet=last, is_state=mapping.state))
        if mapping.scan is not None:
            slot, info = mapping.scan
            ways.append(OutputMapping(kind="Stacked", outlet=slot, axis=info.axis, is_state=False))
        found.append(tuple(ways))
    return tuple(found)


def state_scales(op: Scan, scales: Sequence[int]) -> dict[int, int]:
    """The scale each node of the body must have, because its output is the next turn's state.

    EZKL counts on from the state's outlet to find the node, which can take in nodes that come later.
    """
    mappings = output_mappings(op)
    pairs = zip(scales, op.input_mapping, strict=True)
    entering = [scale for scale, mapping in pairs if mapping.kind == STATE]
    leaving = [way.outlet for ways in mappings for way in ways if way.is_state]
    overrides: dict[int, int] = {}
    for scale, outlet in zip(entering, leaving, strict=False):
        traversed = 0
        for body_outlet, ways in zip(op.body.outputs, mappings, strict=True):
            if traversed + len(ways) > outlet:
                overrides[body_outlet[0]] = scale
            traversed += len(ways)
    return overrides


def out_scales(op: Scan, body: Graph) -> tuple[int, ...]:
    """The scales of the outputs; EZKL gives all of them that of the last output of the body."""
    slots = {mapping.last_value_slot for mapping in op.output_mapping if mapping.last_value_slot is not None}
    slots |= {mapping.scan[0] for mapping in op.output_mapping if mapping.scan is not None}
    if not slots:
        return ()
    node_id, slot = body.outputs[-1]
    last = next(node for node in body.nodes if node.id == node_id)
    return ((last.out_scales[slot] if isinstance(last, SubCircuit) else last.scale),) * len(slots)
