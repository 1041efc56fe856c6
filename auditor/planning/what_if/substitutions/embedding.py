"""Rows of a table by computed indices: by a dynamic lookup of the whole table, or a product with ones."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.model.graph import ValueInfo
from auditor.planning.what_if.change import SAME, Change
from auditor.planning.what_if.edit import Edit, constant, made, place, pruned, swapped
from auditor.planning.what_if.substitutions import substitution, swap
from auditor.planning.what_if.view import View, number
from auditor.safe import safe


@swap(SAME)
def one_hot(view: View) -> Iterator[Edit]:
    """Gather of a constant table -> OneHot and MatMul, and back. Indices must not be negative."""
    for node in view.of("Gather"):
        table, indices = view.tensor(node.inputs[0]), node.inputs[1]
        if table is None or len(table.shape) != 2 or number(node, "axis", 0) != 0:
            continue
        if view.tensor(indices) is not None or view.shape(indices) == ():
            continue
        stem = node.outputs[0]
        depth = constant(f"{stem}.depth", table.shape[0])
        values = constant(f"{stem}.values", [0.0, 1.0])
        ones = made("OneHot", [indices, depth.name, values.name], f"{stem}.ones", axis=-1)
        product = made("MatMul", [f"{stem}.ones", node.inputs[0]], stem)
        yield Edit(
            what="Gather -> OneHot and MatMul",
            where=place(node),
            drop=(node,),
            put=(ones, product),
            constants=(depth, values),
        )
    for node in view.of("MatMul"):
        ones_node = view.producer(node.inputs[0], "OneHot")
        table = view.tensor(node.inputs[1])
        if ones_node is None or table is None or len(table.shape) != 2:
            continue
        off_on = view.values(ones_node.inputs[2])
        depth_given = view.scalar(ones_node.inputs[1])
        is_usual = off_on is not None and off_on.tolist() == [0, 1] and number(ones_node, "axis", -1) == -1
        if is_usual and depth_given == table.shape[0]:
            yield replace(
                swapped(node, "Gather", inputs=(node.inputs[1], ones_node.inputs[0])),
                what="OneHot and MatMul -> Gather",
            )


@substitution
def rows_as_input(view: View) -> Iterator[Change]:
    """The rows as input instead of their indices, where an input is for nothing else."""
    graph = view.model.graph
    for info in graph.inputs:
        readers = view.readers(info.name)
        tables = [view.tensor(node.inputs[0]) for node in readers if node.op_type == "Gather"]
        if len(readers) != 1 or len(tables) != 1 or tables[0] is None or info.name in graph.initializers:
            continue
        node, shape = readers[0], info.shape
        if number(node, "axis", 0) != 0 or shape is None or node.inputs[1] != info.name:
            continue
        rows = ValueInfo(
            name=node.outputs[0], dtype=tables[0].dtype, shape=(*shape, *tables[0].shape[1:]), declared=None
        )
        inputs = tuple(rows if one.name == info.name else one for one in graph.inputs)
        nodes = tuple(one for one in graph.nodes if one is not node)
        infos = {name: one for name, one in graph.value_infos.items() if name != rows.name}
        changed = replace(graph, inputs=inputs, nodes=nodes, value_infos=infos)
        yield Change(
            title=f"the rows that Gather at {safe(place(node))} looks up -> an input",
            caution="another statement: the caller looks the rows up, and the proof knows no table",
            model=pruned(replace(view.model, graph=changed), view.model),
        )
