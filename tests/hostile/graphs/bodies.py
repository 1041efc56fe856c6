"""Functions and subgraphs that call, hold and repeat each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto, helper, numpy_helper

from tests.hostile import making as m
from tests.hostile.making import behind, graph, info, model, relu

# --- functions -----------------------------------------------------------------------------


def _functions(bodies: Sequence[Sequence[NodeProto]], domain: str = "local", **call: object) -> bytes:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    made = [
        helper.make_function(domain, f"f{index}", ["x"], ["y"], list(nodes), imports)
        for index, nodes in enumerate(bodies)
    ]
    return behind(
        helper.make_node("f0", ["x"], ["y"], domain=domain, **call), functions=made, opset_imports=imports
    )


def _call(index: int, given: str = "x", result: str = "y") -> NodeProto:
    return helper.make_node(f"f{index}", [given], [result], domain="local")


def _functions_that_double(levels: int) -> bytes:
    bodies = [[_call(level + 1, "x", "a"), _call(level + 1, "a", "y")] for level in range(levels)]
    return _functions([*bodies, [relu()]])


def _shadowing() -> bytes:
    """A function that calls itself Relu of the standard domain."""
    imports = [helper.make_opsetid("", 17)]
    body = [helper.make_node("Neg", ["x"], ["y"])]
    function = helper.make_function("", "Relu", ["x"], ["y"], body, imports)
    return behind(relu(), functions=[function], opset_imports=imports)


def _graph_for_a_function() -> bytes:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    inner = helper.make_node("If", ["x"], ["y"])
    inner.attribute.append(AttributeProto(name="g", ref_attr_name="body", type=AttributeProto.GRAPH))
    made = helper.make_function("local", "f0", ["x"], ["y"], [inner], imports, attributes=["body"])
    call = helper.make_node("f0", ["x"], ["y"], domain="local", body=helper.make_graph([], "", [], []))
    return behind(call, functions=[made], opset_imports=imports)


def _two_of_one_name() -> bytes:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    made = [
        helper.make_function("local", "f0", ["x"], ["y"], [helper.make_node(operator, ["x"], ["y"])], imports)
        for operator in ("Relu", "Neg")
    ]
    return behind(_call(0), functions=made, opset_imports=imports)


FUNCTIONS = {
    "doubling-30-times": lambda: _functions_that_double(30),
    "doubling-900-times": lambda: _functions_that_double(900),
    "doubling-18-times": lambda: _functions_that_double(18),
    "calling-itself": lambda: _functions([[_call(0)]]),
    "calling-each-other": lambda: _functions([[_call(1)], [_call(0)]]),
    "calling-what-is-not-there": lambda: _functions([[_call(7)]]),
    "chain-of-3000": lambda: _functions([*([_call(index + 1)] for index in range(3000)), [relu()]]),
    "with-too-many-arguments": lambda: behind(
        helper.make_node("f0", ["x", "x", "x"], ["y"], domain="local"),
        functions=[
            helper.make_function("local", "f0", ["x"], ["y"], [relu()], [helper.make_opsetid("", 17)])
        ],
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("local", 1)],
    ),
    "with-an-unknown-attribute": lambda: _functions([[relu()]], ghost=1),
    "shadowing-relu": _shadowing,
    "taking-a-graph": _graph_for_a_function,
    "two-of-one-name": _two_of_one_name,
    "without-body": lambda: _functions([[]]),
}

# --- subgraphs -----------------------------------------------------------------------------


def _nested_ifs(depth: int) -> bytes:
    node = relu()
    for _ in range(depth):
        body = helper.make_graph([node], "b", [], [info("y", [1])])
        other = helper.make_graph([relu()], "b", [], [info("y", [1])])
        node = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=other)
    return behind(node, constants={"c": np.array(True)})


def _nested_ifs_in_both_branches(depth: int) -> bytes:
    node = relu()
    for _ in range(depth):
        body = helper.make_graph([node], "b", [], [info("y", [1])])
        node = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
    return behind(node, constants={"c": np.array(True)})


def _body(nodes: Sequence[NodeProto], inputs: Sequence[str], outputs: Sequence[str]) -> onnx.GraphProto:
    return helper.make_graph(
        list(nodes), "b", [info(name, None) for name in inputs], [info(name, None) for name in outputs]
    )


def _loop(
    trips: object, nodes: Sequence[NodeProto], *, outputs: Sequence[str] = ("go", "w"), cond: object = True
) -> bytes:
    """A loop that carries ``x``; its body has ``i``, ``go`` and ``v`` and makes ``w``."""
    body = _body(nodes, ["i", "go_in", "v"], outputs)
    node = helper.make_node("Loop", ["n", "c", "x"], ["y"], body=body)
    return behind(node, constants={"n": np.array(trips, np.int64), "c": np.array(cond)})


def _go(name: str = "go") -> NodeProto:
    return helper.make_node("Identity", ["go_in"], [name])


def _nested_loops(depth: int, trips: int) -> bytes:
    inner = [_go(), helper.make_node("Relu", ["v"], ["w"])]
    for level in range(depth):
        body = _body(inner, ["i", "go_in", "v"], ["go", "w"])
        inner = [
            _go(),
            helper.make_node("Loop", ["n", "c", "v" if level < depth - 1 else "x"], ["w"], body=body),
        ]
    nodes = [inner[1], helper.make_node("Identity", ["w"], ["y"])]
    return behind(*nodes, constants={"n": np.array(trips, np.int64), "c": np.array(True)})


def _scan(length: int = 4, body_inputs: int = 2, scans: int = 1, **attributes: object) -> bytes:
    names = ["s", "e", "f"][:body_inputs]
    nodes = [helper.make_node("Add", [names[0], names[-1]], ["t"]), helper.make_node("Neg", ["t"], ["u"])]
    body = _body(nodes, names, ["t", "u"])
    node = helper.make_node("Scan", ["a", "x"], ["z", "y"], body=body, num_scan_inputs=scans, **attributes)
    made = graph([node], [info("x", [length, 4])], constants={"a": m.floats(0, 0, 0, 0)})
    return model(made).SerializeToString()


def _if(condition: object, then: bytes | None = b"Relu", other: bytes | None = b"Neg") -> bytes:
    branches = {
        name: _body([helper.make_node(operator.decode(), ["x"], ["r"])], [], ["r"])
        for name, operator in (("then_branch", then), ("else_branch", other))
        if operator is not None
    }
    if isinstance(condition, str):
        return behind(helper.make_node("If", [condition], ["y"], **branches))
    return behind(helper.make_node("If", ["c"], ["y"], **branches), constants={"c": np.array(condition)})


def _graph_inside_a_plain_node() -> bytes:
    return behind(helper.make_node("Relu", ["x"], ["y"], body=graph([relu()])))


def _many_graphs(count: int) -> bytes:
    node = helper.make_node("Relu", ["x"], ["y"])
    node.attribute.append(AttributeProto(name="g", type=AttributeProto.GRAPHS))
    node.attribute[0].graphs.extend([graph([relu()])] * count)
    return behind(node)


def _branch_with_a_bomb() -> bytes:
    """The branch that is never taken asks for 2^40 elements."""
    bomb = helper.make_node("ConstantOfShape", ["s"], ["r"])
    size = helper.make_node("Constant", [], ["s"], value=numpy_helper.from_array(m.ints(2**40)))
    branches = {
        "then_branch": _body([helper.make_node("Relu", ["x"], ["r"])], [], ["r"]),
        "else_branch": _body([size, bomb], [], ["r"]),
    }
    return behind(helper.make_node("If", ["c"], ["y"], **branches), constants={"c": np.array(True)})


def _shadowed_names() -> bytes:
    body = _body([helper.make_node("Neg", ["x"], ["x"]), helper.make_node("Relu", ["x"], ["r"])], [], ["r"])
    node = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
    return behind(node, constants={"c": np.array(True)})


_GROW = (_go(), helper.make_node("Concat", ["v", "v"], ["w"], axis=0))
_STEP = (_go(), helper.make_node("Relu", ["v"], ["w"]))

SUBGRAPHS: dict[str, m.Any] = {
    "25-deep": lambda: _nested_ifs(25),
    "12-deep": lambda: _nested_ifs(12),
    "12-deep-and-as-wide": lambda: _nested_ifs_in_both_branches(12),
    "18-deep": lambda: _nested_ifs(18),
    "if-of-a-number": lambda: _if(3.5),
    "if-of-a-vector": lambda: _if([True, False]),
    "if-of-nothing": lambda: _if(np.zeros(0, bool)),
    "if-of-the-input": lambda: _if("x"),
    "if-without-else": lambda: _if(True, other=None),
    "if-without-branches": lambda: _if(True, None, None),
    "if-with-a-bomb-not-taken": _branch_with_a_bomb,
    "names-shadowed": _shadowed_names,
    "graph-in-a-relu": _graph_inside_a_plain_node,
    "thousand-graphs-in-a-relu": lambda: _many_graphs(1000),
    "loop-of-2-to-the-63": lambda: _loop(2**63 - 1, _STEP),
    "loop-of-a-million": lambda: _loop(10**6, _STEP),
    "loop-of-minus-one": lambda: _loop(-1, _STEP),
    "loop-of-nothing": lambda: _loop(0, _STEP),
    "loop-of-a-vector": lambda: _loop([1, 2], _STEP),
    "loop-that-doubles-60-times": lambda: _loop(60, _GROW),
    "loop-that-never-starts": lambda: _loop(5, _STEP, cond=False),
    "loop-that-loses-a-value": lambda: _loop(3, _STEP, outputs=("go",)),
    "loop-without-body": lambda: behind(helper.make_node("Loop", ["", "", "x"], ["y"])),
    "loops-nested-8-deep": lambda: _nested_loops(8, 100),
    "scan": lambda: _scan(),
    "scan-of-a-million": lambda: _scan(10**6),
    "scan-of-nothing": lambda: _scan(0),
    "scan-negative-axis": lambda: _scan(scan_input_axes=[-1]),
    "scan-axis-outside": lambda: _scan(scan_input_axes=[9], scan_output_axes=[-9]),
    "scan-axes-of-2-to-the-63": lambda: _scan(scan_input_axes=[2**63 - 1], scan_output_axes=[-(2**63)]),
    "scan-directions-unknown": lambda: _scan(scan_input_directions=[7]),
    "scan-of-no-inputs": lambda: _scan(scans=0),
    "scan-of-minus-inputs": lambda: _scan(scans=-5),
    "scan-of-too-many-inputs": lambda: _scan(scans=2**62),
    "scan-body-with-another-number-of-inputs": lambda: _scan(body_inputs=3),
}
