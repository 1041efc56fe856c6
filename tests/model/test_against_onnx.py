"""Our reading of a file equals that of the onnx package, field by field and value by value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.backend.test
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from auditor.errors import Undetermined
from auditor.model import GraphDef, NodeDef, TensorData, ValueInfo, read_source
from auditor.model.dtypes import ELEMENT_TYPES
from tests.model.building import field, varint

DATA = Path(onnx.backend.test.__file__).parent / "data"
SHIPPED = sorted(DATA.rglob("*.onnx"))


def test_the_onnx_package_ships_models() -> None:
    assert len(SHIPPED) > 100


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name + "/" + path.name)
def test_shipped_model(path: Path) -> None:
    proto = onnx.load(path, load_external_data=False)
    source = read_source(path)
    assert source.model.ir_version == proto.ir_version
    assert dict(source.model.opsets) == {item.domain: item.version for item in proto.opset_import}
    same_graph(source.model.graph, proto.graph)
    assert len(source.model.functions) == len(proto.functions)


def same_graph(ours: GraphDef, theirs: onnx.GraphProto) -> None:
    assert ours.name == theirs.name
    same_infos(ours.inputs, theirs.input)
    same_infos(ours.outputs, theirs.output)
    same_infos(tuple(ours.value_infos.values()), {info.name: info for info in theirs.value_info}.values())
    assert list(ours.initializers) == [tensor.name for tensor in theirs.initializer]
    for tensor in theirs.initializer:
        same_tensor(ours.initializers[tensor.name], tensor)
    assert len(ours.nodes) == len(theirs.node)
    for node, proto in zip(ours.nodes, theirs.node, strict=True):
        same_node(node, proto)


def same_infos(ours: tuple[ValueInfo, ...], theirs: Any) -> None:
    assert [info.name for info in ours] == [info.name for info in theirs]
    for info, proto in zip(ours, theirs, strict=True):
        if not proto.type.HasField("tensor_type"):
            assert info.shape is None
            continue
        tensor = proto.type.tensor_type
        assert info.dtype == TensorProto.DataType.Name(tensor.elem_type).lower()
        if not tensor.HasField("shape"):
            assert info.shape is None
            continue
        kinds = [dim.WhichOneof("value") for dim in tensor.shape.dim]
        expected = [
            getattr(dim, kind) if kind else None for dim, kind in zip(tensor.shape.dim, kinds, strict=True)
        ]
        assert info.shape == tuple(None if dim == "?" else dim for dim in expected)


def same_node(ours: NodeDef, theirs: onnx.NodeProto) -> None:
    assert (ours.name, ours.op_type, ours.domain) == (theirs.name, theirs.op_type, theirs.domain)
    assert ours.inputs == tuple(theirs.input)
    assert ours.outputs == tuple(theirs.output)
    values = {item.name: item for item in theirs.attribute if not item.ref_attr_name}
    typed = {AttributeProto.TYPE_PROTO, AttributeProto.TYPE_PROTOS}
    assert set(ours.attributes) == {name for name, item in values.items() if item.type not in typed}
    for name, value in ours.attributes.items():
        same_attribute(value, values[name])


def same_attribute(ours: Any, theirs: AttributeProto) -> None:
    expected = helper.get_attribute_value(theirs)
    if isinstance(expected, onnx.GraphProto):
        same_graph(ours, expected)
    elif isinstance(expected, onnx.TensorProto):
        same_tensor(ours, expected)
    elif isinstance(expected, bytes):
        assert ours.encode("utf-8", "surrogateescape") == expected
    elif isinstance(expected, int | float):
        assert ours == expected
    else:
        assert len(ours) == len(expected)
        assert ours == tuple(item.decode() if isinstance(item, bytes) else item for item in expected)


def same_tensor(ours: TensorData, theirs: TensorProto) -> None:
    assert ours.dtype == TensorProto.DataType.Name(theirs.data_type).lower()
    assert ours.shape == tuple(theirs.dims)
    assert ours.load is not None
    values = ours.load()
    expected = numpy_helper.to_array(theirs)
    assert values.shape == expected.shape
    if ours.dtype == "string":
        assert values.tolist() == expected.tolist()
    elif ours.dtype in NATIVE:
        assert values.dtype == expected.dtype
        np.testing.assert_array_equal(values, expected)
    else:
        np.testing.assert_array_equal(values.astype(np.float32), expected.astype(np.float32))


NATIVE = {
    *("float", "float16", "double", "bool", "complex64", "complex128"),
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}
WITH_VALUES = [
    (number, element.name)
    for number, element in ELEMENT_TYPES.items()
    if not element.name.startswith("float6")
]


def stored(tmp_path: Path, tensor: TensorProto) -> TensorData:
    """``tensor`` written as the only initializer of a model and read back by us."""
    graph = helper.make_graph([], "g", [], [], [tensor])
    path = tmp_path / "tensor.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return read_source(path).model.graph.initializers[tensor.name]


def sample(number: int, name: str, raw: bool) -> TensorProto:
    """A 3x5 tensor of every kind of value, as raw bytes or in its typed field."""
    if name == "string":
        return helper.make_tensor("t", number, [3, 5], [f"é{index}".encode() for index in range(15)])
    dtype = helper.tensor_dtype_to_np_dtype(number)
    source = np.random.default_rng(number)
    values = source.integers(0 if "uint" in name or name == "bool" else -2, 2, (3, 5)).astype(np.float64)
    if "float" in name or name == "double":
        values = source.normal(0, 2, (3, 5))
    if name == "float8e8m0":
        values = np.exp2(np.arange(15) - 7.0).reshape(3, 5)
    if name.startswith("complex"):
        values = values + 1j * source.normal(0, 2, (3, 5))
    array = values.astype(dtype)
    if raw:
        return numpy_helper.from_array(array, "t")
    return typed(number, array)


def typed(number: int, array: np.ndarray) -> TensorProto:
    tensor = helper.make_tensor("t", number, array.shape, array.reshape(-1).tolist())
    assert not tensor.raw_data
    return tensor


@pytest.mark.parametrize(("number", "name"), WITH_VALUES, ids=[name for _, name in WITH_VALUES])
@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
def test_element_type(tmp_path: Path, number: int, name: str, raw: bool) -> None:
    tensor = sample(number, name, raw)
    same_tensor(stored(tmp_path, tensor), tensor)


@pytest.mark.parametrize(
    "name", ["float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float8e8m0"]
)
def test_every_bit_pattern_of_small_floats(tmp_path: Path, name: str) -> None:
    tensor = TensorProto(name="t", data_type=TensorProto.DataType.Value(name.upper()), dims=[256])
    tensor.raw_data = bytes(range(256))
    same_tensor(stored(tmp_path, tensor), tensor)


@pytest.mark.parametrize("name", ["int4", "uint4", "float4e2m1", "int2", "uint2"])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_types_smaller_than_a_byte(tmp_path: Path, name: str, count: int) -> None:
    bits = 2 if name.endswith("2") else 4
    tensor = TensorProto(name="t", data_type=TensorProto.DataType.Value(name.upper()), dims=[count])
    tensor.raw_data = bytes((37 * index + 211) % 256 for index in range((count * bits + 7) // 8))
    same_tensor(stored(tmp_path, tensor), tensor)


def test_bfloat16_keeps_its_value(tmp_path: Path) -> None:
    tensor = TensorProto(name="t", data_type=TensorProto.BFLOAT16, dims=[2], raw_data=b"\x80\x3f\x20\xc0")
    loaded = stored(tmp_path, tensor)
    assert loaded.load is not None
    assert loaded.load().tolist() == [1.0, -2.5]


def test_six_bit_floats_say_that_they_are_not_supported(tmp_path: Path) -> None:
    tensor = TensorProto(name="t", data_type=27, dims=[4], raw_data=bytes(3))
    loaded = stored(tmp_path, tensor)
    assert loaded.load is not None
    with pytest.raises(Undetermined, match="float6e2m3"):
        loaded.load()


EXTREMES = {
    "int64": [-(2**63), -1, 0, 1, 127, 128, 2**63 - 1],
    "int32": [-(2**31), -1, 0, 1, 2**31 - 1],
    "uint64": [0, 1, 2**63, 2**64 - 1],
    "uint32": [0, 2**32 - 1],
    "int8": [-128, -1, 0, 127],
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_integers_in_typed_fields(tmp_path: Path, name: str) -> None:
    array = np.array(EXTREMES[name], name)
    tensor = typed(TensorProto.DataType.Value(name.upper()), array)
    loaded = stored(tmp_path, tensor)
    assert loaded.load is not None
    assert loaded.load().tolist() == EXTREMES[name]


def test_unpacked_typed_fields_read_like_packed_ones(tmp_path: Path) -> None:
    """Old writers give every number its own key; a file may even mix both."""
    values = [3, -1, 2**40, 5]
    loose = b"".join(varint(7 << 3) + varint(value) for value in values[:2])
    packed = field(7, b"".join(varint(value) for value in values[2:]))
    tensor = varint(1 << 3) + varint(4) + varint(2 << 3) + varint(7) + loose + packed + field(8, b"t")
    path = tmp_path / "unpacked.onnx"
    path.write_bytes(varint(1 << 3) + varint(8) + field(7, field(5, tensor)))
    loaded = read_source(path).model.graph.initializers["t"]
    assert loaded.load is not None
    assert loaded.load().tolist() == values


def test_a_graph_in_two_parts_is_merged(tmp_path: Path) -> None:
    """Protobuf joins a singular message that comes twice; so does EZKL's reader."""
    first = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [], [])
    second = helper.make_graph([], "", [helper.make_tensor_value_info("x", 1, [1])], [])
    path = tmp_path / "split.onnx"
    path.write_bytes(field(7, first.SerializeToString()) + field(7, second.SerializeToString()))
    proto = onnx.load(path)
    assert len(proto.graph.node) == len(proto.graph.input) == 1
    same_graph(read_source(path).model.graph, proto.graph)


def test_a_dimension_given_twice_takes_the_later(tmp_path: Path) -> None:
    dim = varint(1 << 3) + varint(3) + field(2, b"N")
    info = field(1, b"x") + field(2, field(1, varint(1 << 3) + varint(1) + field(2, field(1, dim))))
    path = tmp_path / "oneof.onnx"
    path.write_bytes(field(7, field(11, info)))
    same_infos(read_source(path).model.graph.inputs, onnx.load(path).graph.input)
    assert read_source(path).model.graph.inputs[0].shape == ("N",)


def test_attributes_of_every_kind(tmp_path: Path) -> None:
    body = helper.make_graph([], "body", [], [])
    tensor = numpy_helper.from_array(np.ones((2, 2), np.float32), "t")
    node = helper.make_node("Op", ["a", "", "b"], ["y"], domain="my.domain")
    values: dict[str, Any] = {
        "i": -7, "zero": 0, "f": 0.5, "s": "text", "t": tensor, "g": body, "ints": [1, -2, 2**40],
        "floats": [1.0, -0.25], "strings": ["a", "ü"], "bytes": b"\xff\x00",
    }  # fmt: skip
    node.attribute.extend(helper.make_attribute(name, value) for name, value in values.items())
    node.attribute.append(helper.make_attribute("empty", [], attr_type=AttributeProto.INTS))
    inputs = [helper.make_tensor_value_info(name, 1, [2]) for name in "ab"]
    model = helper.make_model(helper.make_graph([node], "g", inputs, []))
    path = tmp_path / "attributes.onnx"
    path.write_bytes(model.SerializeToString())
    same_graph(read_source(path).model.graph, model.graph)


def test_sparse_initializers_load_dense_and_stand_apart(tmp_path: Path) -> None:
    for indices in (np.array([1, 5]), np.array([[0, 1], [1, 2]])):
        values = numpy_helper.from_array(np.array([7.0, 8.0], np.float32), "w")
        sparse = helper.make_sparse_tensor(
            values, numpy_helper.from_array(indices.astype(np.int64), "i"), [2, 3]
        )
        graph = helper.make_graph([], "g", [], [], sparse_initializer=[sparse])
        path = tmp_path / "sparse.onnx"
        path.write_bytes(helper.make_model(graph).SerializeToString())
        source = read_source(path)
        assert source.model.graph.initializers == {}
        load = source.model.graph.sparse_initializers["w"].load
        assert load is not None
        assert load().tolist() == [[0, 7, 0], [0, 0, 8]]
        assert [refusal.subject for refusal in source.refusals] == ["w"]
