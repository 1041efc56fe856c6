"""From decoded messages to the frozen types of :mod:`auditor.model.graph`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from auditor.errors import BadModel
from auditor.model.context import ReadContext
from auditor.model.dtypes import ELEMENT_TYPES
from auditor.model.graph import AttributeValue, Dim, FunctionDef, GraphDef, NodeDef, TensorData, ValueInfo
from auditor.model.tensors import sparse_tensor_data, tensor_data
from auditor.model.wire import Message, Walk
from auditor.safe import safe

_NON_TENSOR_TYPES = {
    "sequence_type": "sequence",
    "map_type": "map",
    "optional_type": "optional",
    "opaque_type": "opaque",
    "sparse_tensor_type": "sparse_tensor",
}

_NO_ATTRIBUTES: dict[str, Any] = {}
_NO_NAMES: frozenset[str] = frozenset()
_KINDLESS = (0, 13, 14)
"""AttributeProto.AttributeType: undefined, and types, which no operator of EZKL's reader expects."""


def node(walk: Walk, message: Message) -> NodeDef:
    """The node of a NodeProto; attribute references stand apart from attribute values."""
    context: ReadContext = walk.context
    context.count_node()
    attributes: dict[str, AttributeValue] = _NO_ATTRIBUTES
    refs: dict[str, str] = _NO_ATTRIBUTES
    kindless = _NO_NAMES
    if "attribute" in message:
        attributes, refs = {}, {}
        for name, ref, value, is_kindless in message["attribute"]:
            if name in attributes or name in refs or name in kindless:
                what = f"node '{safe(message.get('name', ''))}' has attribute '{safe(name)}' twice"
                context.find("AUD-SEC-015", "medium", what, message.get("name", ""))
                continue  # EZKL's reader takes the first
            if is_kindless:
                kindless |= {name}
            if ref:
                refs[name] = ref
            elif value is not None:
                attributes[name] = value
    return NodeDef(
        name=message.get("name", ""),
        op_type=message.get("op_type", ""),
        domain=message.get("domain", ""),
        inputs=tuple(message.get("input", ())),
        outputs=tuple(message.get("output", ())),
        attributes=attributes,
        overload=message.get("overload", ""),
        attribute_refs=refs,
        kindless=kindless,
    )


def attribute(walk: Walk, message: Message) -> tuple[str, str, AttributeValue | None, bool]:
    """(name, referenced attribute or '', value, whether it tells no kind).

    The value is None for types, which carry no data. Files of IR version 1 name no kind; then the first field
    that is there tells it, as in ONNX.
    """
    name, ref = message.get("name", ""), message.get("ref_attr_name", "")
    if ref:
        return name, ref, None, False
    kind = told = message.get("type", 0)
    if kind == 0:
        kind = next((kind for kind, (field, _) in _ATTRIBUTE_KINDS.items() if field in message), 0)
    if kind not in _ATTRIBUTE_KINDS:
        raise BadModel(f"attribute '{safe(name)}' has unknown type {kind}")
    field, convert = _ATTRIBUTE_KINDS[kind]
    return name, "", convert(walk, message.get(field), name), told in _KINDLESS


def _scalar(default: int | float) -> Callable[[Walk, Any, str], AttributeValue]:
    return lambda walk, value, name: default if value is None else value


def _blob(walk: Walk, span: Any, name: str) -> str:
    return "" if span is None else walk.blob_text(*span)


def _blobs(walk: Walk, spans: Any, name: str) -> tuple[str, ...]:
    return tuple(walk.blob_text(*span) for span in spans or ())


def _tuple(walk: Walk, values: Any, name: str) -> Any:
    return tuple(values or ())


def _required(build: Callable[[Walk, Message], Any]) -> Callable[[Walk, Any, str], Any]:
    def convert(walk: Walk, message: Any, name: str) -> Any:
        if message is None:
            raise BadModel(f"attribute '{safe(name)}' announces a value that is not there")
        return build(walk, message)

    return convert


def _nothing(walk: Walk, value: Any, name: str) -> None:
    return None


def graph(walk: Walk, message: Message) -> GraphDef:
    """The graph of a GraphProto. Of two tensors of one name the later counts, as in EZKL."""
    context: ReadContext = walk.context
    name = message.get("name", "")
    return GraphDef(
        name=name,
        nodes=tuple(message.get("node", ())),
        inputs=tuple(message.get("input", ())),
        outputs=tuple(message.get("output", ())),
        initializers=_by_name(context, message.get("initializer", ()), "initializer"),
        value_infos={info.name: info for info in message.get("value_info", ())},
        sparse_initializers=_by_name(context, message.get("sparse_initializer", ()), "sparse initializer"),
    )


def _by_name(context: ReadContext, tensors: Sequence[TensorData], what: str) -> dict[str, TensorData]:
    named: dict[str, TensorData] = {}
    for tensor in tensors:
        if tensor.name in named:
            message = f"{what} '{safe(tensor.name)}' is there twice; the later one counts"
            context.find("AUD-SEC-015", "medium", message, tensor.name)
        named[tensor.name] = tensor
    return named


def value_info(walk: Walk, message: Message) -> ValueInfo:
    """The value a ValueInfoProto declares; of a value that is not a tensor only the kind is kept.

    ``dtype`` is None without a declared type and ``undefined`` for a tensor of no known element type.
    """
    name, declared = message.get("name", ""), message.get("type", {})
    kinds = [field for field in declared if field == "tensor_type" or field in _NON_TENSOR_TYPES]
    if len(kinds) > 1:
        raise BadModel(f"value '{safe(name)}' is declared with two types")
    if not kinds:
        return ValueInfo(name=name, dtype=None, shape=None)
    if kinds[0] in _NON_TENSOR_TYPES:
        return ValueInfo(name=name, dtype=_NON_TENSOR_TYPES[kinds[0]], shape=None)
    tensor = declared["tensor_type"]
    element = ELEMENT_TYPES.get(tensor.get("elem_type", 0))
    shape: tuple[Dim, ...] | None = None
    if "shape" in tensor:
        shape = tuple(tensor["shape"].get("dim", ()))
    return ValueInfo(name=name, dtype="undefined" if element is None else element.name, shape=shape)


def dimension(walk: Walk, message: Message) -> Dim:
    """A size or a symbol. Negative sizes (Paddle writes -1) and '?' mean unknown, as in EZKL."""
    value: int | str | None = message.get("value")
    if isinstance(value, str):
        return None if value == "?" else value
    return value if value is not None and value >= 0 else None


def function(walk: Walk, message: Message) -> FunctionDef:
    """The model-local function of a FunctionProto."""
    defaults = {name: value for name, _, value, _ in message.get("attribute_proto", ()) if value is not None}
    return FunctionDef(
        name=message.get("name", ""),
        domain=message.get("domain", ""),
        inputs=tuple(message.get("input", ())),
        outputs=tuple(message.get("output", ())),
        attributes=tuple(message.get("attribute", ())),
        nodes=tuple(message.get("node", ())),
        opsets=opsets(message),
        overload=message.get("overload", ""),
        attribute_defaults=defaults,
    )


def opsets(message: Message) -> dict[str, int]:
    """The operator sets a model or function imports; the two spellings of the standard one are one."""
    imports: dict[str, int] = {}
    for entry in message.get("opset_import", ()):
        domain = entry.get("domain", "")
        imports.setdefault("" if domain == "ai.onnx" else domain, entry.get("version", 0))
    return imports


_ATTRIBUTE_KINDS: dict[int, tuple[str, Callable[[Walk, Any, str], Any]]] = {
    1: ("f", _scalar(0.0)),
    2: ("i", _scalar(0)),
    3: ("s", _blob),
    4: ("t", _required(tensor_data)),
    5: ("g", _required(graph)),
    6: ("floats", _tuple),
    7: ("ints", _tuple),
    8: ("strings", _blobs),
    9: ("tensors", _tuple),
    10: ("graphs", _tuple),
    11: ("sparse_tensor", _required(sparse_tensor_data)),
    12: ("sparse_tensors", _tuple),
    13: ("tp", _nothing),
    14: ("type_protos", _nothing),
}
"""AttributeProto.AttributeType to the field that holds the value and what makes it of it."""
