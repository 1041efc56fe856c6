"""Wires that lead nowhere, in circles, or to very many places."""

from __future__ import annotations

from itertools import pairwise

from onnx import helper

from tests.hostile import making as m
from tests.hostile.making import behind, graph, info, model, relu


def _chain(count: int, operator: str = "Relu") -> bytes:
    names = ["x", *(f"v{index}" for index in range(count - 1)), "y"]
    return behind(*(helper.make_node(operator, [a], [b]) for a, b in pairwise(names)))


def _doubling(operator: str, times: int) -> bytes:
    names = ["x", *(f"v{index}" for index in range(times - 1)), "y"]
    more = {"axis": 0} if operator == "Concat" else {}
    return behind(*(helper.make_node(operator, [a, a], [b], **more) for a, b in pairwise(names)))


def _many_inputs(count: int) -> bytes:
    names = [f"x{index}" for index in range(count)]
    made = graph([helper.make_node("Sum", names, ["y"])], [info(name, [4]) for name in names])
    return model(made).SerializeToString()


def _many_outputs(count: int) -> bytes:
    names = [f"y{index}" for index in range(count)]
    nodes = [helper.make_node("Relu", ["x"], [name]) for name in names]
    return model(graph(nodes, outputs=[info(name, None) for name in names])).SerializeToString()


def _reading_again(count: int) -> bytes:
    return behind(helper.make_node("Concat", ["x"] * count, ["y"], axis=0))


def _no_graph_output() -> bytes:
    return model(graph([relu()], outputs=[])).SerializeToString()


def _many_constants(count: int) -> bytes:
    nodes = [helper.make_node("Constant", [], [f"c{index}"], value_float=1.0) for index in range(count)]
    return behind(*nodes, helper.make_node("Add", ["x", "c0"], ["y"]))


def _huge_attributes() -> bytes:
    values = {f"a{index}": index for index in range(20_000)}
    return behind(helper.make_node("Relu", ["x"], ["y"], **values))


def _attribute_twice() -> bytes:
    node = helper.make_node("Softmax", ["x"], ["y"], axis=0)
    node.attribute.append(helper.make_attribute("axis", 1))
    return behind(node)


WIRING = {
    "circle": lambda: behind(
        helper.make_node("Add", ["x", "b"], ["y"]), helper.make_node("Relu", ["y"], ["b"])
    ),
    "node-that-reads-itself": lambda: behind(helper.make_node("Add", ["x", "y"], ["y"])),
    "unsorted": lambda: behind(helper.make_node("Relu", ["h"], ["y"]), helper.make_node("Neg", ["x"], ["h"])),
    "reads-nothing-defined": lambda: behind(helper.make_node("Add", ["x", "ghost"], ["y"])),
    "output-nobody-makes": lambda: behind(helper.make_node("Relu", ["x"], ["z"])),
    "value-made-twice": lambda: behind(relu(), relu()),
    "makes-its-input": lambda: behind(helper.make_node("Relu", ["x"], ["x"]), relu()),
    "output-is-the-input": lambda: model(graph([], outputs=[info("x")])).SerializeToString(),
    "no-nodes": lambda: model(graph([])).SerializeToString(),
    "no-outputs": _no_graph_output,
    "no-inputs": lambda: model(
        graph([helper.make_node("Relu", ["w"], ["y"])], [], constants={"w": m.floats(1, 2)})
    ).SerializeToString(),
    "node-without-inputs": lambda: behind(helper.make_node("Relu", [], ["y"])),
    "node-without-outputs": lambda: behind(relu(), helper.make_node("Relu", ["x"], [])),
    "node-of-empty-names": lambda: behind(helper.make_node("Add", ["", ""], ["y"])),
    "too-many-inputs-of-a-node": lambda: behind(helper.make_node("Relu", ["x"] * 1000, ["y"])),
    "two-outputs-of-one-name": lambda: behind(helper.make_node("Split", ["x"], ["y", "y"], axis=1)),
    "output-twice": lambda: model(graph([relu()], outputs=[info("y", None)] * 2)).SerializeToString(),
    "wrong-declared-output": lambda: model(graph([relu()], outputs=[info("y", [7, 7])])).SerializeToString(),
    "wrong-declared-value": lambda: model(
        graph(
            [helper.make_node("Neg", ["x"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
            value_info=[info("h", [2**40, 3])],
        )
    ).SerializeToString(),
    "initializer-that-is-an-input": lambda: model(
        graph([relu()], constants={"x": m.floats(1, 2)})
    ).SerializeToString(),
    "doubles-64-times": lambda: _doubling("Concat", 64),
    "adds-itself-300-times": lambda: _doubling("Add", 300),
    "squares-itself-80-times": lambda: _doubling("Mul", 80),
    "multiplies-by-itself-30-times": lambda: _doubling("MatMul", 30),
    "concatenates-itself-20000-times": lambda: _reading_again(20_000),
    "10000-inputs": lambda: _many_inputs(10_000),
    "2000-outputs": lambda: _many_outputs(2_000),
    "20000-attributes": _huge_attributes,
    "attribute-twice": _attribute_twice,
    "100000-nodes": lambda: _chain(100_000),
}
