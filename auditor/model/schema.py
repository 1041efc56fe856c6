"""The parts of onnx.proto this reader looks at, as tables.

Source: onnx/onnx-ml.proto (IR version 14). Fields that change nothing we compute (doc strings,
node metadata, device placement, quantisation annotations) are left out and stepped over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor.model import build, wire
from auditor.model.tensors import sparse_tensor_data, tensor_data
from auditor.model.wire import Field, Message, Schema, Walk

MODEL = Schema("ModelProto")
GRAPH = Schema("GraphProto")
NODE = Schema("NodeProto")
ATTRIBUTE = Schema("AttributeProto")
TENSOR = Schema("TensorProto")
SPARSE_TENSOR = Schema("SparseTensorProto")
VALUE_INFO = Schema("ValueInfoProto")
TYPE = Schema("TypeProto")
TENSOR_TYPE = Schema("TypeProto.Tensor")
SHAPE = Schema("TensorShapeProto")
DIMENSION = Schema("TensorShapeProto.Dimension")
FUNCTION = Schema("FunctionProto")
OPERATOR_SET = Schema("OperatorSetIdProto")
ENTRY = Schema("StringStringEntryProto")

_Build = Callable[[Walk, Message], Any]


def _text(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.LENGTH, Field(name, wire.TEXT))


def _texts(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.LENGTH, Field(name, wire.LIST_OF_TEXT))


def _int(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.VARINT, Field(name, wire.INT))


def _ints(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.VARINT, Field(name, wire.INT_LIST))
    schema.add(number, wire.LENGTH, Field(name, wire.PACKED_INTS))


def _float(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.FIXED32, Field(name, wire.FLOAT))


def _floats(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.FIXED32, Field(name, wire.FLOAT_LIST))
    schema.add(number, wire.LENGTH, Field(name, wire.PACKED_FLOATS))


def _payload(schema: Schema, number: int, name: str, wire_type: int, kind: wire.Kind) -> None:
    """A typed field of a tensor: packed values stay where they are, single ones are read."""
    schema.add(number, wire_type, Field(name, kind))
    schema.add(number, wire.LENGTH, Field(name, wire.LIST_OF_SPANS))


def _span(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.LENGTH, Field(name, wire.SPAN))


def _spans(schema: Schema, number: int, name: str) -> None:
    schema.add(number, wire.LENGTH, Field(name, wire.LIST_OF_SPANS))


def _message(schema: Schema, number: int, name: str, inner: Schema) -> None:
    schema.add(number, wire.LENGTH, Field(name, wire.MESSAGE, inner))


def _messages(schema: Schema, number: int, name: str, inner: Schema, build: _Build | None = None) -> None:
    schema.add(number, wire.LENGTH, Field(name, wire.LIST_OF_MESSAGES, inner, build))


_int(MODEL, 1, "ir_version")
_text(MODEL, 2, "producer_name")
_text(MODEL, 3, "producer_version")
_span(MODEL, 6, "doc_string")
_message(MODEL, 7, "graph", GRAPH)
_messages(MODEL, 8, "opset_import", OPERATOR_SET)
_messages(MODEL, 14, "metadata_props", ENTRY)
_spans(MODEL, 20, "training_info")
_messages(MODEL, 25, "functions", FUNCTION, build.function)

_messages(GRAPH, 1, "node", NODE, build.node)
_text(GRAPH, 2, "name")
_messages(GRAPH, 5, "initializer", TENSOR, tensor_data)
_messages(GRAPH, 11, "input", VALUE_INFO, build.value_info)
_messages(GRAPH, 12, "output", VALUE_INFO, build.value_info)
_messages(GRAPH, 13, "value_info", VALUE_INFO, build.value_info)
_messages(GRAPH, 15, "sparse_initializer", SPARSE_TENSOR, sparse_tensor_data)

_texts(NODE, 1, "input")
_texts(NODE, 2, "output")
_text(NODE, 3, "name")
_text(NODE, 4, "op_type")
_messages(NODE, 5, "attribute", ATTRIBUTE, build.attribute)
_text(NODE, 7, "domain")
_text(NODE, 8, "overload")

_text(ATTRIBUTE, 1, "name")
_float(ATTRIBUTE, 2, "f")
_int(ATTRIBUTE, 3, "i")
_span(ATTRIBUTE, 4, "s")
_message(ATTRIBUTE, 5, "t", TENSOR)
_message(ATTRIBUTE, 6, "g", GRAPH)
_floats(ATTRIBUTE, 7, "floats")
_ints(ATTRIBUTE, 8, "ints")
_spans(ATTRIBUTE, 9, "strings")
_messages(ATTRIBUTE, 10, "tensors", TENSOR, tensor_data)
_messages(ATTRIBUTE, 11, "graphs", GRAPH, build.graph)
_span(ATTRIBUTE, 14, "tp")
_spans(ATTRIBUTE, 15, "type_protos")
_int(ATTRIBUTE, 20, "type")
_text(ATTRIBUTE, 21, "ref_attr_name")
_message(ATTRIBUTE, 22, "sparse_tensor", SPARSE_TENSOR)
_messages(ATTRIBUTE, 23, "sparse_tensors", SPARSE_TENSOR, sparse_tensor_data)

_ints(TENSOR, 1, "dims")
_int(TENSOR, 2, "data_type")
_payload(TENSOR, 4, "float_data", wire.FIXED32, wire.FLOAT_LIST)
_payload(TENSOR, 5, "int32_data", wire.VARINT, wire.INT_LIST)
_spans(TENSOR, 6, "string_data")
_payload(TENSOR, 7, "int64_data", wire.VARINT, wire.INT_LIST)
_text(TENSOR, 8, "name")
_span(TENSOR, 9, "raw_data")
_payload(TENSOR, 10, "double_data", wire.FIXED64, wire.DOUBLE_LIST)
_payload(TENSOR, 11, "uint64_data", wire.VARINT, wire.INT_LIST)
_messages(TENSOR, 13, "external_data", ENTRY)
_int(TENSOR, 14, "data_location")

_message(SPARSE_TENSOR, 1, "values", TENSOR)
_message(SPARSE_TENSOR, 2, "indices", TENSOR)
_ints(SPARSE_TENSOR, 3, "dims")

_text(VALUE_INFO, 1, "name")
_message(VALUE_INFO, 2, "type", TYPE)

_message(TYPE, 1, "tensor_type", TENSOR_TYPE)
_span(TYPE, 4, "sequence_type")
_span(TYPE, 5, "map_type")
_span(TYPE, 7, "opaque_type")
_span(TYPE, 8, "sparse_tensor_type")
_span(TYPE, 9, "optional_type")

_int(TENSOR_TYPE, 1, "elem_type")
_message(TENSOR_TYPE, 2, "shape", SHAPE)

_messages(SHAPE, 1, "dim", DIMENSION, build.dimension)

# One name for both: the two are a protobuf oneof, of which the last in the file counts.
_int(DIMENSION, 1, "value")
_text(DIMENSION, 2, "value")

_text(FUNCTION, 1, "name")
_texts(FUNCTION, 4, "input")
_texts(FUNCTION, 5, "output")
_texts(FUNCTION, 6, "attribute")
_messages(FUNCTION, 7, "node", NODE, build.node)
_messages(FUNCTION, 9, "opset_import", OPERATOR_SET)
_text(FUNCTION, 10, "domain")
_messages(FUNCTION, 11, "attribute_proto", ATTRIBUTE, build.attribute)
_text(FUNCTION, 13, "overload")

_text(OPERATOR_SET, 1, "domain")
_int(OPERATOR_SET, 2, "version")

_text(ENTRY, 1, "key")
_text(ENTRY, 2, "value")
