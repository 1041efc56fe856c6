"""What tract simplifies of a loop, rule by rule in its order (tract `ops/scan/decluttered.rs`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from auditor.lowering.declutter.change_axes import as_outlet
from auditor.lowering.declutter.optimizer import declutter
from auditor.lowering.graph.axis_op import AxisChange, rm
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.plumbing import Const, Dummy, change_tensor
from auditor.lowering.typed.scan import FULL, OutputMapping, Scan
from auditor.lowering.typed.scan_pull import pull_batcheable_input, pull_batcheable_output

T = TypeVar("T")
Rule = Callable[[Scan, Graph, Node], "Patch | None"]


def const_input(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """A constant the body gets whole becomes a constant of the body."""
    for slot, (mapping, fact) in enumerate(zip(op.input_mapping, graph.input_facts(node), strict=True)):
        if mapping.kind != FULL or fact.konst is None:
            continue
        body = op.body.copy()
        source = body.nodes[body.inputs.pop(slot)[0]]
        source.op = Const(tensor=fact.konst)
        source.outputs[0].fact = Fact.of(fact.konst)
        body.index_constants()
        smaller = replace(op, body=body, input_mapping=_without(op.input_mapping, slot))
        return Patch.replace_single_op(graph, node, _without(node.inputs, slot), smaller)
    return None


def unused_input(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """An input the body does not read is dropped."""
    for slot, outlet in enumerate(op.body.inputs):
        if op.body.successors(outlet) or outlet in op.body.outputs:
            continue
        body = op.body.copy()
        body.nodes[outlet[0]].op = Dummy()
        body.inputs.pop(slot)
        declutter(body)
        smaller = replace(op, body=body, input_mapping=_without(op.input_mapping, slot), decluttered=True)
        return Patch.replace_single_op(graph, node, _without(node.inputs, slot), smaller)
    return None


def useless_outer_output(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """An output nobody reads is dropped."""
    for slot, output in enumerate(node.outputs):
        if output.successors or (node.id, slot) in graph.outputs:
            continue
        mappings = tuple(_without_slot(mapping, slot) for mapping in op.output_mapping)
        patch = Patch()
        smaller = replace(op, output_mapping=mappings)
        wires = patch.wire_node(node.name, smaller, patch.taps(graph, node.inputs))
        for other in range(len(node.outputs)):
            if other != slot:
                patch.shunt_outside(graph, (node.id, other), wires[other - (other > slot)])
        return patch
    return None


def _without_slot(mapping: OutputMapping, gone: int) -> OutputMapping:
    scan, last = mapping.scan, mapping.last_value_slot
    if scan is not None:
        scan = None if scan[0] == gone else (scan[0] - (scan[0] > gone), scan[1])
    if last is not None:
        last = None if last == gone else last - (last > gone)
    return replace(mapping, scan=scan, last_value_slot=last)


def output_to_nowhere(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """An output of the body that is neither a state nor leaves the loop is dropped."""
    for index, mapping in enumerate(op.output_mapping):
        if mapping.invisible and not mapping.state:
            body = op.body.copy()
            body.outputs.pop(index)
            mappings = _without(op.output_mapping, index)
            smaller = replace(op, body=body, output_mapping=mappings, decluttered=False)
            return Patch.replace_single_op(graph, node, node.inputs, smaller)
    return None


def body(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """The body is decluttered as a graph of its own."""
    if op.decluttered:
        return None
    plain = op.body.copy()
    declutter(plain)
    return Patch.replace_single_op(graph, node, node.inputs, replace(op, body=plain, decluttered=True))


def body_axes(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """Changes of axes inside the body that touch nothing outside but constants."""
    facts = graph.input_facts(node)
    locked = [wire for wire, fact in zip(op.body.inputs, facts, strict=True) if fact.konst is None]
    locked += [w for w, m in zip(op.body.outputs, op.output_mapping, strict=True) if not m.invisible]
    for outlet, change in list(_body_suggestions(op.body)):
        consequence = op.change_body_axes(outlet, change, locked)
        if consequence is None:
            continue
        patch = Patch()
        inputs = patch.taps(graph, node.inputs)
        for (side, slot), outer in consequence.changes:
            konst = patch.fact(inputs[slot]).konst if side == "in" else None
            if konst is not None:
                name = patch.nodes[inputs[slot][0]].name
                inputs[slot] = patch.add_const(name, change_tensor(konst, outer))
        wires = patch.wire_node(node.name, consequence.op or op, inputs)
        for slot, wire in enumerate(wires):
            patch.shunt_outside(graph, (node.id, slot), wire)
        return patch
    return None


def _body_suggestions(graph: Graph) -> Iterator[tuple[Outlet, AxisChange]]:
    for node_id in graph.eval_order():
        node = graph.nodes[node_id]
        for io, change in node.op.suggested_axis_changes():
            yield as_outlet(io, node), change
        for slot, output in enumerate(node.outputs):
            for axis, dim in enumerate(output.fact.shape):
                if dim == 1:
                    yield (node_id, slot), rm(axis)


def constant_output(op: Scan, graph: Graph, node: Node) -> Patch | None:
    """A last value that is the same constant every turn leaves the loop."""
    for outlet, mapping in zip(op.body.outputs, op.output_mapping, strict=True):
        konst = op.body.fact(outlet).konst
        if mapping.last_value_slot is not None and konst is not None:
            patch = Patch()
            wire = patch.add_const(f"{node.name}.{op.body.nodes[outlet[0]].name}", konst)
            patch.shunt_outside(graph, (node.id, mapping.last_value_slot), wire)
            return patch
    return None


def _without(items: Sequence[T], index: int) -> tuple[T, ...]:
    return (*items[:index], *items[index + 1 :])


RULES: tuple[Rule, ...] = (
    const_input,
    unused_input,
    useless_outer_output,
    output_to_nowhere,
    body,
    body_axes,
    constant_output,
    pull_batcheable_input,
    pull_batcheable_output,
)
