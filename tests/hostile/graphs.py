"""Hostile as graphs: inputs, names, headers, wiring, functions, subgraphs, and sheer numbers of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

from tests.hostile import making as m
from tests.hostile.making import behind, graph, info, model, node_of, relu
from tests.model.building import field, varint

# --- inputs --------------------------------------------------------------------------------


def _input(shape: m.Shape | None, kind: int = m.FLOAT) -> bytes:
    return model(graph([relu()], [info("x", shape, kind)])).SerializeToString()


def _typed(kind: onnx.TypeProto) -> bytes:
    return model(graph([relu()], [helper.make_value_info("x", kind)])).SerializeToString()


def _deep_type(depth: int) -> bytes:
    kind = helper.make_tensor_type_proto(1, [1])
    for _ in range(depth):
        kind = helper.make_sequence_type_proto(kind)
    return _typed(kind)


def _abort_in_77_bytes() -> bytes:
    """EZKL asks for 35 terabytes, and the process dies (the reference's smallest)."""
    dims = field(1, varint(1 << 3) + varint(2**20)) * 2
    x = field(1, b"x") + field(2, field(1, b"\x08\x01" + field(2, dims)))
    y = field(1, b"y") + field(2, field(1, b"\x08\x01"))
    relu_of_x = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    return b"\x08\x08" + field(7, field(1, relu_of_x) + field(11, x) + field(12, y)) + field(8, b"\x10\x11")


INPUTS = {
    "abort-in-77-bytes": _abort_in_77_bytes,
    "of-2-to-the-63": lambda: _input([2**63 - 1]),
    "whose-size-overflows": lambda: _input([2**62, 2**62, 2**62]),
    "negative": lambda: _input([-1, 4]),
    "least": lambda: _input([-(2**63)]),
    "of-nothing": lambda: _input([0, 4]),
    "of-nothing-and-2-to-the-40": lambda: _input([0, 2**40]),
    "of-thousand-axes": lambda: _input([1] * 1000),
    "of-a-billion": lambda: _input([1000, 1000, 1000]),
    "without-shape": lambda: _input(None),
    "of-strings": lambda: _input([4], TensorProto.STRING),
    "of-complex": lambda: _input([4], TensorProto.COMPLEX128),
    "of-no-type": lambda: _input([4], 0),
    "of-type-99": lambda: _input([4], 99),
    "sequence": lambda: _typed(helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [4]))),
    "optional": lambda: _typed(helper.make_optional_type_proto(helper.make_tensor_type_proto(1, [4]))),
    "map": lambda: _typed(helper.make_map_type_proto(7, helper.make_tensor_type_proto(1, [4]))),
    "sparse": lambda: _typed(helper.make_sparse_tensor_type_proto(1, [4])),
    "type-nested-20-deep": lambda: _deep_type(20),
    "type-nested-45-deep": lambda: _deep_type(45),
    "division-by-zero": lambda: _input(["N/0", 4]),
    "power-of-a-power": lambda: _input(["N**N**N", 4]),
    "python": lambda: _input(["__import__('os').system('id')", 4]),
    "thousands-of-brackets": lambda: _input(["(" * 5000 + "N" + ")" * 5000, 4]),
    "number-of-5000-digits": lambda: _input(["9" * 5000, 4]),
    "sum-of-a-hundred-thousand": lambda: _input(["+".join(["N"] * 100_000), 4]),
    "product-of-ten-thousand": lambda: _input(["*".join(["1000"] * 10_000 + ["N"]), 4]),
    "difference-below-zero": lambda: _input(["batch-5", 4]),
    "named-with-control-characters": lambda: _input(["N\x1b[2J\n::error::x", 4]),
    "named-like-an-option": lambda: _input(["--format", 4]),
    "twice-the-same": lambda: model(graph([relu()], [info("x"), info("x")])).SerializeToString(),
}

# --- names ---------------------------------------------------------------------------------


def _named(name: str) -> bytes:
    """Everything that can have a name has this one."""
    shape = [1, 4]
    constants = {f"w{name}": np.ones((4, 4), np.float32)}
    nodes = [
        helper.make_node("MatMul", [f"x{name}", f"w{name}"], [f"h{name}"], name=name),
        helper.make_node(name or "Nothing", [f"h{name}"], [f"y{name}"], name=name, domain=name),
    ]
    made = graph(nodes, [info(f"x{name}", shape)], [info(f"y{name}", None)], constants)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(name, 1)]
    content = model(made, opset_imports=imports, producer_name=name)
    helper.set_model_props(content, {name: name})
    return content.SerializeToString()


def _bytes_named(raw: bytes) -> bytes:
    """A name no library would write: what is no UTF-8, or a character XML cannot hold."""
    node = field(1, b"x") + field(2, b"y") + field(3, raw) + field(4, b"Relu")
    content = model(graph([], outputs=[info("y", None)])).SerializeToString()
    return content + field(7, field(1, node))


NAMES = {
    "escape": lambda: _named("\x1b]0;pwn\x07\x1b[2J"),
    "right-to-left": lambda: _named("\u202egnp.\u2066x"),
    "workflow-command": lambda: _named("a\n::error::b\n##[add-mask]c"),
    "carriage-return": lambda: _named("good\rbad"),
    "markup": lambda: _named("a[/layer]b[red]c[link=file:///etc]d"),
    "html": lambda: _named("<script>alert(1)</script>&amp;<img src=x onerror=y>"),
    "markdown": lambda: _named("| a | `b` @c #1 ![x](y)"),
    "xml": lambda: _named("\x00\x0b\ufffe\uffff]]>"),
    "csv": lambda: _named("=HYPERLINK(1),\"'"),
    "percent": lambda: _named("%0A%s%n{0}{x!r}$(id)`id`"),
    "invisible": lambda: _named("a\u200bb\u00adc\u3164"),
    "surrogate": lambda: _bytes_named(b"\xed\xa0\x80"),
    "not-utf-8": lambda: _bytes_named(b"\xc3\x28"),
    "path": lambda: _named("../../etc/passwd"),
    "nothing": lambda: _named(""),
    "of-five-megabytes": lambda: behind(helper.make_node("Relu", ["x"], ["y"], name="n" * (5 << 20))),
    "operator-of-five-megabytes": lambda: behind(helper.make_node("n" * (5 << 20), ["x"], ["y"])),
    "combining": lambda: _named("a" + "\u0301" * 5000),
    "emoji": lambda: _named("👨‍👩‍👧‍👦🏴‍☠️"),
}

# --- headers -------------------------------------------------------------------------------


def _opset(version: int, ir_version: int = 8, domain: str = "") -> bytes:
    content = model(graph([relu()]), opset_imports=[helper.make_opsetid(domain, version)])
    content.ir_version = ir_version
    return content.SerializeToString()


def _with_metadata(**entries: str) -> bytes:
    content = model(graph([relu()]))
    helper.set_model_props(content, entries)
    return content.SerializeToString()


def _training() -> bytes:
    content = model(graph([relu()]))
    content.training_info.add().algorithm.CopyFrom(graph([relu()]))
    return content.SerializeToString()


def _without_opset() -> bytes:
    content = model(graph([relu()]))
    del content.opset_import[:]
    return content.SerializeToString()


def _from(operator: str, domain: str, **attributes: object) -> bytes:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    return behind(
        helper.make_node(operator, ["x"], ["y"], domain=domain, **attributes), opset_imports=imports
    )


HEADERS = {
    "opset-9999": lambda: _opset(9999),
    "opset-zero": lambda: _opset(0),
    "opset-minus-one": lambda: _opset(-1),
    "opset-of-2-to-the-63": lambda: _opset(2**63 - 1),
    "opset-one": lambda: _opset(1),
    "opset-missing": _without_opset,
    "opset-of-another-domain": lambda: _opset(3, domain="ai.onnx.ml"),
    "ir-999": lambda: _opset(17, 999),
    "ir-minus-one": lambda: _opset(17, -1),
    "training": _training,
    "secrets": lambda: _with_metadata(key="AKIAABCDEFGHIJKLMNOP", home="/home/alice/secret"),
    "ort-config": lambda: _with_metadata(ort_config='{"session_options": {}}'),
    "metadata-of-megabytes": lambda: _with_metadata(a="b" * (4 << 20)),
    "doc-string-of-megabytes": lambda: model(
        graph([relu()]), doc_string="d" * (10 << 20)
    ).SerializeToString(),
    "compiled-blob": lambda: _from("EPContext", "com.microsoft", ep_cache_context="../../blob.bin"),
    "python-operator": lambda: _from("PythonOp", "com.example"),
    "pickle-in-an-attribute": lambda: behind(node_of("Relu", ["x"], ["y"], code=b"\x80\x04\x95cos\nsystem")),
    "program-in-an-attribute": lambda: behind(node_of("Relu", ["x"], ["y"], code=b"\x7fELF\x02")),
}

# --- wiring --------------------------------------------------------------------------------


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


GROUPS = {
    "input": INPUTS,
    "name": NAMES,
    "header": HEADERS,
    "wiring": WIRING,
    "function": FUNCTIONS,
    "subgraph": SUBGRAPHS,
}

HEAVY = frozenset({
    "100000-nodes", "10000-inputs", "2000-outputs", "concatenates-itself-20000-times",
    "doc-string-of-megabytes",
})  # fmt: skip
