"""Every hostile model ends with one clear line: in this process when it is harmless to try, otherwise in
a guarded one with 1 GB of memory and 10 seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from onnx import AttributeProto, NodeProto, TensorProto, helper

from auditor.errors import BadModel, Undetermined
from auditor.model import read
from tests.model.building import field, guarded, info, refused, relu, save, varint

# --- tensors and shapes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dims", "payload", "rule"),
    [
        ([2**31, 2**31], bytes(64), "AUD-SEC-009"),
        ([2**62, 2**62], bytes(64), "AUD-SEC-010"),
        ([2**62, 2**62, 0], b"", "AUD-SEC-010"),
        ([-1, 4], bytes(16), "AUD-SEC-010"),
        ([-(2**63)], b"", "AUD-SEC-010"),
        ([4], bytes(12), "AUD-SEC-009"),
        ([4], bytes(20), "AUD-SEC-009"),
        ([4], bytes(15), "AUD-SEC-009"),
    ],
)
def test_payload_must_fill_the_shape(tmp_path: Path, dims: list[int], payload: bytes, rule: str) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=payload)
    assert refused(save(tmp_path / "m.onnx", tensors=[tensor])).rule == rule


@pytest.mark.parametrize(
    "tensor",
    [
        TensorProto(name="w", data_type=1, dims=[4], float_data=[1, 2, 3]),
        TensorProto(name="w", data_type=7, dims=[4], int64_data=[1, 2, 3]),
        TensorProto(name="w", data_type=8, dims=[2], string_data=[b"a"]),
        TensorProto(name="w", data_type=1, dims=[2], int32_data=[1, 2]),
        TensorProto(name="w", data_type=8, dims=[2], raw_data=b"ab"),
        TensorProto(name="w", data_type=99, dims=[2], raw_data=b"ab"),
        TensorProto(name="w", dims=[2], raw_data=b"ab"),
    ],
)
def test_typed_values_must_fit(tmp_path: Path, tensor: TensorProto) -> None:
    assert "tensor 'w'" in str(refused(save(tmp_path / "m.onnx", tensors=[tensor])))


@pytest.mark.parametrize(("number", "payload"), [(4, bytes(7)), (7, b"\x01\x80"), (10, bytes(9))])
def test_packed_values_that_end_inside_a_number(tmp_path: Path, number: int, payload: bytes) -> None:
    kind = {4: 1, 7: 7, 10: 11}[number]
    tensor = (
        varint(1 << 3) + varint(2) + varint(2 << 3) + varint(kind) + field(number, payload) + field(8, b"w")
    )
    path = tmp_path / "m.onnx"
    path.write_bytes(field(7, field(5, tensor)))
    assert "inside a number" in str(refused(path))


def test_tensor_without_values_is_shape_only(tmp_path: Path) -> None:
    tensor = TensorProto(name="w", data_type=1, dims=[4096, 11008])
    model = read(save(tmp_path / "m.onnx", tensors=[tensor]))
    assert model.model.graph.initializers["w"].load is None
    assert model.source.shape_only == ("w",)


@pytest.mark.parametrize("shape", [[2**20, 2**20], [2**62, 2**62, 2**62], [2**36]])
def test_input_bomb(tmp_path: Path, shape: list[int]) -> None:
    error = refused(save(tmp_path / "m.onnx", shape=shape))
    assert error.rule == "AUD-SEC-011"
    assert "too many elements" in str(error)


def test_bomb_through_an_option(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", shape=["N", 4])
    with pytest.raises(BadModel, match="too many elements"):
        read(path, dims={"N": 2**40})


# --- graphs -----------------------------------------------------------------------------------


def test_circle(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "b"], ["y"], name="first"), helper.make_node("Relu", ["y"], ["b"])]
    error = refused(save(tmp_path / "m.onnx", nodes))
    assert error.rule == "AUD-SEC-014"
    assert "Add 'first'" in str(error)


def test_node_that_reads_itself(tmp_path: Path) -> None:
    assert (
        refused(save(tmp_path / "m.onnx", [helper.make_node("Add", ["x", "y"], ["y"])])).rule == "AUD-SEC-014"
    )


def test_undefined_name(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", [helper.make_node("Add", ["x", "ghost"], ["y"])])
    assert "reads 'ghost', which nothing defines" in str(refused(path))


def test_undefined_output(tmp_path: Path) -> None:
    assert "output 'z' is defined by nothing" in str(refused(save(tmp_path / "m.onnx", output="z")))


def test_value_defined_twice(tmp_path: Path) -> None:
    assert refused(save(tmp_path / "m.onnx", [relu(), relu()])).rule == "AUD-SEC-015"


def nested(depth: int) -> NodeProto:
    node = relu()
    for _ in range(depth):
        body = helper.make_graph([node], "b", [], [info("y", [1])])
        node = helper.make_node("If", ["x"], ["y"], then_branch=body)
    return node


def test_deep_subgraphs_are_refused(tmp_path: Path) -> None:
    assert read(save(tmp_path / "shallow.onnx", [nested(12)])).model.graph.nodes[0].op_type == "If"
    assert refused(save(tmp_path / "deep.onnx", [nested(25)])).rule == "AUD-SEC-013"


def test_absurdly_deep_messages(tmp_path: Path) -> None:
    payload = b""
    for _ in range(20_000):
        payload = field(1, field(5, field(6, payload)))[-1_000_000:]
    path = tmp_path / "deep.onnx"
    path.write_bytes(field(7, payload))
    code, line = guarded(path)
    assert code == 2
    assert "deep" in line or "truncated" in line


def functions(bodies: Iterator[list[NodeProto]], path: Path, first: str = "f0") -> Path:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    made = [
        helper.make_function("local", f"f{index}", ["x"], ["y"], nodes, imports)
        for index, nodes in enumerate(bodies)
    ]
    call = helper.make_node(first, ["x"], ["y"], domain="local")
    return save(path, [call], functions=made, opset_imports=imports)


def doubling(levels: int) -> Iterator[list[NodeProto]]:
    for level in range(levels):
        callee = f"f{level + 1}"
        yield [
            helper.make_node(callee, ["x"], ["a"], domain="local"),
            helper.make_node(callee, ["a"], ["y"], domain="local"),
        ]
    yield [relu()]


@pytest.mark.parametrize(("levels", "count"), [(30, "3,221,225,47"), (900, "about 10^271")])
def test_functions_that_double_30_times(tmp_path: Path, levels: int, count: str) -> None:
    code, line = guarded(functions(doubling(levels), tmp_path / "m.onnx"))
    assert code == 2
    assert f"its functions expand to {count}" in line


def test_functions_in_a_circle(tmp_path: Path) -> None:
    bodies = iter([[helper.make_node("f1", ["x"], ["y"], domain="local")],
                   [helper.make_node("f0", ["x"], ["y"], domain="local")]])  # fmt: skip
    assert refused(functions(bodies, tmp_path / "m.onnx")).rule == "AUD-SEC-012"


def test_long_chain_of_functions(tmp_path: Path) -> None:
    chain = [[helper.make_node(f"f{index + 1}", ["x"], ["y"], domain="local")] for index in range(3000)]
    code, line = guarded(functions(iter([*chain, [relu()]]), tmp_path / "m.onnx"))
    assert (code, line) == (0, "1 nodes")


def test_subgraph_as_attribute_of_a_function(tmp_path: Path) -> None:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    inner = helper.make_node("If", ["x"], ["y"])
    inner.attribute.append(AttributeProto(name="g", ref_attr_name="body", type=AttributeProto.GRAPH))
    made = helper.make_function("local", "f0", ["x"], ["y"], [inner], imports, attributes=["body"])
    call = helper.make_node("f0", ["x"], ["y"], domain="local", body=helper.make_graph([], "", [], []))
    refused(save(tmp_path / "m.onnx", [call], functions=[made], opset_imports=imports), Undetermined)


# --- sheer amount -----------------------------------------------------------------------------


def repeated(payload: bytes, total_bytes: int) -> bytes:
    return payload * (total_bytes // len(payload))


AMOUNTS: dict[str, Callable[[], bytes]] = {
    "empty nodes": lambda: field(7, repeated(b"\x0a\x00", 100 << 20)),
    "empty tensors": lambda: field(7, repeated(b"\x2a\x02\x10\x01", 100 << 20)),
    "unknown fields": lambda: repeated(b"\xa0\x06\x01", 100 << 20) + field(7, b""),
    "long names": lambda: field(
        7, b"".join(field(1, field(3, bytes([65 + n]) * (9 << 20))) for n in range(10))
    ),
    "unpacked integers": lambda: field(7, field(1, field(5, repeated(b"\x40\x01", 100 << 20)))),
    "packed integers": lambda: field(7, field(1, field(5, field(8, repeated(b"\x01", 100 << 20))))),
    "packed dims": lambda: field(7, field(5, field(1, repeated(b"\x01", 100 << 20)))),
    "unpacked floats": lambda: field(7, field(5, repeated(b"\x25\x00\x00\x80\x3f", 100 << 20))),
    "strings": lambda: field(7, field(1, field(5, repeated(b"\x4a\x00", 100 << 20)))),
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_too_much_of_anything(tmp_path: Path, name: str) -> None:
    path = tmp_path / "much.onnx"
    path.write_bytes(AMOUNTS[name]())
    code, line = guarded(path)
    assert code == 2
    assert "holds" in line


def test_large_harmless_name(tmp_path: Path) -> None:
    """Five megabytes of name are silly but legal."""
    path = save(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"], name="n" * (5 << 20))])
    found = read(path).source.findings
    assert [finding.rule for finding in found] == ["AUD-SEC-020"]
    assert len(found[0].message) < 200
