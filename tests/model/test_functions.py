"""Inlined functions compute what ONNX's own evaluator says the calls compute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, FunctionProto, NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

from auditor.errors import BadModel
from auditor.model import GraphDef, NodeDef, TensorData, all_nodes, inline_functions, read, read_source

IMPORTS = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
X = np.array([[-2.0, 0.5], [3.0, -1.0]], np.float32)


def call(name: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> NodeProto:
    return helper.make_node(name, inputs, outputs, domain="local", **attributes)


def ref(node: NodeProto, name: str, kind: int, source: str) -> NodeProto:
    node.attribute.append(AttributeProto(name=name, ref_attr_name=source, type=kind))
    return node


def function(
    name: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    nodes: Sequence[NodeProto],
    attributes: Sequence[str] = (),
    defaults: dict[str, Any] | None = None,
    imports: Sequence[onnx.OperatorSetIdProto] = IMPORTS,
) -> FunctionProto:
    protos = [helper.make_attribute(key, value) for key, value in (defaults or {}).items()]
    return helper.make_function(
        "local", name, inputs, outputs, nodes, imports, attributes=attributes, attribute_protos=protos
    )


def model(nodes: Sequence[NodeProto], functions: Sequence[FunctionProto]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])],
    )
    return helper.make_model(graph, functions=functions, opset_imports=IMPORTS, ir_version=9)


def as_proto(graph: GraphDef) -> onnx.GraphProto:
    infos = [
        [helper.make_tensor_value_info(info.name, TensorProto.FLOAT, None) for info in group]
        for group in (graph.inputs, graph.outputs)
    ]
    return helper.make_graph([as_node(node) for node in graph.nodes], graph.name or "g", *infos)


def as_node(node: NodeDef) -> NodeProto:
    proto = helper.make_node(node.op_type, node.inputs, node.outputs, node.name, domain=node.domain)
    for name, value in node.attributes.items():
        plain: Any = value
        if isinstance(value, GraphDef):
            plain = as_proto(value)
        elif isinstance(value, TensorData):
            assert value.load is not None
            plain = onnx.numpy_helper.from_array(value.load())
        proto.attribute.append(helper.make_attribute(name, plain))
    return proto


def check(tmp_path: Path, proto: onnx.ModelProto) -> GraphDef:
    """Evaluates ``proto`` before and after our inlining; returns the inlined graph."""
    path = tmp_path / "m.onnx"
    onnx.save(proto, path)
    inlined = read(path).model
    assert inlined.functions == ()
    names = {node.op_type for node in all_nodes(inlined.graph.nodes)}
    assert not names & {item.name for item in proto.functions}
    expected = ReferenceEvaluator(proto).run(None, {"x": X})
    flat = helper.make_model(as_proto(inlined.graph), opset_imports=IMPORTS, ir_version=9)
    found = ReferenceEvaluator(flat).run(None, {"x": X})
    np.testing.assert_allclose(found[0], expected[0])
    return inlined.graph


SQUARE_PLUS = function(
    "square_plus",
    ["a", "b"],
    ["c"],
    [helper.make_node("Mul", ["a", "a"], ["t"]), helper.make_node("Add", ["t", "b"], ["c"])],
)
SCALED = function(
    "scaled",
    ["a"],
    ["c"],
    [ref(helper.make_node("Gemm", ["a", "a"], ["c"]), "alpha", AttributeProto.FLOAT, "factor")],
    attributes=["factor"],
)


def test_two_calls_do_not_mix_their_names(tmp_path: Path) -> None:
    nodes = [call("square_plus", ["x", "x"], ["t"]), call("square_plus", ["t", "x"], ["y"])]
    graph = check(tmp_path, model(nodes, [SQUARE_PLUS]))
    assert len(graph.nodes) == 4


def test_nested_functions(tmp_path: Path) -> None:
    outer = function(
        "outer", ["a"], ["c"],
        [call("square_plus", ["a", "a"], ["t"]), call("square_plus", ["t", "a"], ["c"])],
    )  # fmt: skip
    nodes = [call("outer", ["x"], ["t"]), helper.make_node("Neg", ["t"], ["y"])]
    check(tmp_path, model(nodes, [SQUARE_PLUS, outer]))


def test_attribute_given_by_the_caller(tmp_path: Path) -> None:
    graph = check(tmp_path, model([call("scaled", ["x"], ["y"], factor=0.25)], [SCALED]))
    assert graph.nodes[0].attributes == {"alpha": 0.25}
    assert graph.nodes[0].attribute_refs == {}


def test_attribute_left_out_leaves_the_operators_default(tmp_path: Path) -> None:
    onnx.save(model([call("scaled", ["x"], ["y"])], [SCALED]), tmp_path / "m.onnx")
    assert read(tmp_path / "m.onnx").model.graph.nodes[0].attributes == {}


@pytest.mark.parametrize("given", [{}, {"factor": 0.75}])
def test_default_of_the_function(tmp_path: Path, given: dict[str, float]) -> None:
    """The evaluator of onnx does not know such defaults, so only the attribute is looked at."""
    with_default = function("scaled", ["a"], ["c"], SCALED.node, defaults={"factor": 0.125})
    onnx.save(model([call("scaled", ["x"], ["y"], **given)], [with_default]), tmp_path / "m.onnx")
    node = read(tmp_path / "m.onnx").model.graph.nodes[0]
    assert node.attributes == {"alpha": given.get("factor", 0.125)}


def test_attribute_handed_down_twice(tmp_path: Path) -> None:
    inner = ref(call("scaled", ["a"], ["c"]), "factor", AttributeProto.FLOAT, "outer_factor")
    outer = function("outer", ["a"], ["c"], [inner], attributes=["outer_factor"])
    graph = check(tmp_path, model([call("outer", ["x"], ["y"], outer_factor=0.5)], [SCALED, outer]))
    assert graph.nodes[0].attributes == {"alpha": 0.5}


def test_output_that_is_an_input(tmp_path: Path) -> None:
    swap = function("swap", ["a", "b"], ["b", "a"], [])
    nodes = [helper.make_node("Neg", ["x"], ["n"]), call("swap", ["x", "n"], ["p", "q"]),
             helper.make_node("Sub", ["p", "q"], ["y"])]  # fmt: skip
    check(tmp_path, model(nodes, [swap]))


def test_subgraph_inside_a_function(tmp_path: Path) -> None:
    def branch(op: str) -> onnx.GraphProto:
        nodes = [call("square_plus", ["a", "a"], ["t"]), helper.make_node(op, ["t"], ["r"])]
        return helper.make_graph(nodes, op, [], [helper.make_tensor_value_info("r", 1, None)])

    body = [
        helper.make_node("ReduceSum", ["a"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["flag"], to=TensorProto.BOOL),
        helper.make_node("If", ["flag"], ["c"], then_branch=branch("Neg"), else_branch=branch("Abs")),
    ]
    outer = function("outer", ["a"], ["c"], body)
    nodes = [call("outer", ["x"], ["t"]), call("outer", ["t"], ["y"])]
    check(tmp_path, model(nodes, [SQUARE_PLUS, outer]))


def test_call_inside_a_subgraph_of_the_model(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [call("square_plus", ["x", "x"], ["r"])], "b", [], [helper.make_tensor_value_info("r", 1, None)]
    )
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["flag"], to=TensorProto.BOOL),
        helper.make_node("If", ["flag"], ["y"], then_branch=branch, else_branch=branch),
    ]
    check(tmp_path, model(nodes, [SQUARE_PLUS]))


def test_inner_names_avoid_those_of_the_model(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Neg", ["x"], ["square_plus#1/t"]),
        call("square_plus", ["square_plus#1/t", "x"], ["y"]),
    ]
    check(tmp_path, model(nodes, [SQUARE_PLUS]))


def test_missing_optional_input_stays_missing(tmp_path: Path) -> None:
    clip = function(
        "clip", ["a", "low", "high"], ["c"], [helper.make_node("Clip", ["a", "low", "high"], ["c"])]
    )
    onnx.save(model([call("clip", ["x"], ["y"])], [clip]), tmp_path / "m.onnx")
    assert read(tmp_path / "m.onnx").model.graph.nodes[0].inputs == ("x", "", "")


def test_too_many_inputs_are_refused(tmp_path: Path) -> None:
    onnx.save(model([call("scaled", ["x", "x"], ["y"])], [SCALED]), tmp_path / "m.onnx")
    with pytest.raises(BadModel, match="more inputs or outputs"):
        read(tmp_path / "m.onnx")


def test_another_operator_set_version_is_not_inlined(tmp_path: Path) -> None:
    old = function("scaled", ["a"], ["c"], SCALED.node, ["factor"], imports=[helper.make_opsetid("", 13)])
    onnx.save(model([call("scaled", ["x"], ["y"], factor=0.5)], [old]), tmp_path / "m.onnx")
    result = read(tmp_path / "m.onnx")
    assert result.model.graph.nodes[0].op_type == "scaled"
    assert result.source.notes == (
        "function 'scaled' is written for ai.onnx 13, the model for 17: it is not inlined",
    )


def test_a_called_function_is_a_refusal_of_ezkl_and_an_uncalled_one_is_not(tmp_path: Path) -> None:
    onnx.save(model([call("scaled", ["x"], ["y"], factor=0.5)], [SCALED, SQUARE_PLUS]), tmp_path / "m.onnx")
    assert [refusal.subject for refusal in read(tmp_path / "m.onnx").source.refusals] == ["scaled"]


def test_model_without_functions_is_returned_as_it_is(tmp_path: Path) -> None:
    onnx.save(model([helper.make_node("Neg", ["x"], ["y"])], []), tmp_path / "m.onnx")
    source = read_source(tmp_path / "m.onnx")
    assert inline_functions(source.model) is source.model
