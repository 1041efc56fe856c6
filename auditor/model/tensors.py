"""From a decoded TensorProto to :class:`TensorData`: checked against its shape, loaded on demand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from auditor.errors import BadModel, Undetermined
from auditor.model.context import EXTERNAL_DATA, ReadContext, Refusal
from auditor.model.dtypes import ELEMENT_TYPES, ElementType, decode, payload_bytes, typed_entries
from auditor.model.graph import TensorData
from auditor.model.wire import Buffer, Message, Walk
from auditor.safe import safe

_MAX_ELEMENTS = 2**63 - 1
_MAX_ADDRESSES = _MAX_ELEMENTS // 16  # of the largest type; numpy counts them without axes of zero
_MAX_AXES = 32  # of an array, before numpy 2.0
_MAX_DENSE_ELEMENTS = 2**28  # of a sparse tensor that is asked for its values
_EXTERNAL = 1  # TensorProto.DataLocation
_TYPED_FIELDS = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")
_FIXED_WIDTH = {"float_data": "<f4", "double_data": "<f8"}
_COUNT_BLOCK_BYTES = 1 << 20

Loader = Callable[[], "np.ndarray"]
Stored = Sequence[Any]
"""A typed field as read: numbers that came one by one, and spans of packed ones, in file order."""


def tensor_data(walk: Walk, message: Message) -> TensorData:
    """The tensor a TensorProto describes.

    Raises BadModel for an unknown element type, negative or overflowing dimensions, or values
    that do not fill the shape exactly.
    """
    context: ReadContext = walk.context
    context.count_tensor()
    name = message.get("name", "")
    number = message.get("data_type", 0)
    element = ELEMENT_TYPES.get(number)
    if element is None:
        raise BadModel(f"tensor '{safe(name)}' has unknown element type {number}")
    shape = tuple(message.get("dims", ()))
    count = element_count(shape, f"tensor '{safe(name)}'")
    if not element.tract:
        reason = f"tensor of type {element.name}, which its ONNX reader does not know"
        context.refusals.append(Refusal(subject=name, reason=reason, way_out="store it as float"))
    loader = _loader(walk, context, message, element, shape, count, name)
    return TensorData(name=name, dtype=element.name, shape=shape, load=loader)


def element_count(shape: Sequence[int], what: str) -> int:
    """The number of elements of ``shape``; raises BadModel when an axis is negative, the product passes
    2^63 - 1, that of an empty array what memory has addresses for, or there are more axes than an array can
    have."""
    if len(shape) > _MAX_AXES:
        raise BadModel(
            f"{what} has {len(shape):,} axes: more than {_MAX_AXES} are not read", rule="AUD-SEC-010"
        )
    if any(size < 0 for size in shape):
        raise BadModel(f"{what} has a negative dimension: {_shape_text(shape)}", rule="AUD-SEC-010")
    count = math.prod(shape)
    # Zero sized tensors must not hide absurd axes from whoever multiplies the others.
    if math.prod(size for size in shape if size) > (_MAX_ELEMENTS if count else _MAX_ADDRESSES):
        raise BadModel(f"{what} has dimensions that overflow: {_shape_text(shape)}", rule="AUD-SEC-010")
    return count


def _shape_text(shape: Sequence[int]) -> str:
    shown = " x ".join(str(size) for size in shape[:8])
    return shown if len(shape) <= 8 else f"{shown} x ... ({len(shape)} axes)"


def _loader(
    walk: Walk,
    context: ReadContext,
    message: Message,
    element: ElementType,
    shape: tuple[int, ...],
    count: int,
    name: str,
) -> Loader | None:
    """Where the values come from, in tract's order of preference: raw bytes, external, typed field."""
    expected_bytes = payload_bytes(element, count)
    start, end = message.get("raw_data", (0, 0))
    external = message.get("data_location", 0) == _EXTERNAL
    if external and end == start:
        return _external_loader(context, message, element, shape, count, name)
    if end > start:
        if element.storage is None:
            raise BadModel(f"tensor '{safe(name)}' holds strings as raw data")
        if end - start != expected_bytes:
            raise _unfilled(name, f"{end - start:,} bytes", f"{expected_bytes:,}")
        return partial(_load_raw, walk.data, start, end, element, shape, count)
    filled = [field for field in _TYPED_FIELDS if message.get(field)]
    if not filled:
        return _empty_loader(context, element, shape, count, name)
    if filled != [element.typed_field]:
        raise BadModel(f"tensor '{safe(name)}' of type {element.name} has its values in {', '.join(filled)}")
    stored = message[element.typed_field]
    entries = _entry_count(walk.data, element.typed_field, stored, name)
    if entries != typed_entries(element, count):
        raise _unfilled(name, f"{entries:,} values", f"{typed_entries(element, count):,}")
    if element.typed_field == "uint64_data":
        reason = f"{element.name} values in uint64_data, where its ONNX reader does not look"
        context.refusals.append(Refusal(subject=name, reason=reason, way_out="store them as raw data"))
    return partial(_load_typed, walk.data, stored, element, shape, count)


def _unfilled(name: str, found: str, needed: str) -> BadModel:
    return BadModel(f"tensor '{safe(name)}' holds {found}, its shape needs {needed}", rule="AUD-SEC-009")


def _external_loader(
    context: ReadContext,
    message: Message,
    element: ElementType,
    shape: tuple[int, ...],
    count: int,
    name: str,
) -> Loader | None:
    if element.storage is None:
        raise BadModel(f"tensor '{safe(name)}' holds strings as external data")
    place = context.external.locate(message.get("external_data", ()), payload_bytes(element, count), name)
    way_out = "store the weights inside the .onnx file"
    context.refusals.append(Refusal(subject=name, reason=EXTERNAL_DATA, way_out=way_out))
    if place.data is None:
        context.shape_only.append(name)
        return None
    return partial(_load_raw, place.data, place.start, place.end, element, shape, count)


def _empty_loader(
    context: ReadContext, element: ElementType, shape: tuple[int, ...], count: int, name: str
) -> Loader | None:
    if count == 0:
        return partial(np.empty, shape, dtype=object if element.storage is None else _loaded_dtype(element))
    context.shape_only.append(name)
    reason = "a tensor without values"
    context.refusals.append(Refusal(subject=name, reason=reason, way_out="export the model with its weights"))
    return None


def _loaded_dtype(element: ElementType) -> np.dtype:
    if element.bits == 6:
        return np.dtype(np.float32)  # what decode() would give if it knew these
    return decode(element, np.empty(0, element.storage), 0).dtype


def _entry_count(data: Buffer, field: str, stored: Stored, name: str) -> int:
    """How many values a typed field holds, without decoding the packed ones."""
    total = 0
    for item in stored:
        if field == "string_data" or not isinstance(item, tuple):
            total += 1
            continue
        start, end = item
        if field in _FIXED_WIDTH:
            width = np.dtype(_FIXED_WIDTH[field]).itemsize
            if (end - start) % width:
                raise BadModel(f"tensor '{safe(name)}' is broken: {field} ends inside a number")
            total += (end - start) // width
        else:
            total += _varint_count(data, start, end, name)
    return total


def _varint_count(data: Buffer, start: int, end: int, name: str) -> int:
    """Every varint ends with exactly one byte below 128."""
    if end > start and data[end - 1] >= 0x80:
        raise BadModel(f"tensor '{safe(name)}' is broken: its integers end inside a number")
    total = 0
    for block in range(start, end, _COUNT_BLOCK_BYTES):
        size = min(_COUNT_BLOCK_BYTES, end - block)
        total += int(np.count_nonzero(np.frombuffer(data, np.uint8, size, block) < 0x80))
    return total


def _load_raw(
    data: Buffer, start: int, end: int, element: ElementType, shape: tuple[int, ...], count: int
) -> np.ndarray:
    storage = np.dtype(element.storage)
    items = (end - start) // storage.itemsize
    bits = np.frombuffer(data, storage, items, start) if items else np.empty(0, storage)
    return decode(element, bits, count).reshape(shape)


def _load_typed(
    data: Buffer, stored: Stored, element: ElementType, shape: tuple[int, ...], count: int
) -> np.ndarray:
    field = element.typed_field
    if field == "string_data":
        texts = [data[start:end].decode("utf-8", "surrogateescape") for start, end in stored]
        return np.array(texts, dtype=object).reshape(shape)
    pieces = [_piece(data, field, item) for item in stored]
    numbers = np.concatenate(pieces) if len(pieces) > 1 else pieces[0]
    if element.per_element == 2:
        return numbers.view(np.dtype(element.storage)).reshape(shape)
    if field in _FIXED_WIDTH:
        return numbers.reshape(shape)
    if element.name == "float16":
        return numbers.astype("<u2").view("<f2").reshape(shape)
    return decode(element, numbers.astype(element.storage), count).reshape(shape)


def _piece(data: Buffer, field: str, item: Any) -> np.ndarray:
    if field in _FIXED_WIDTH:
        layout = _FIXED_WIDTH[field]
        if not isinstance(item, tuple):
            return np.array([item], layout)
        start, end = item
        return np.frombuffer(data, layout, (end - start) // np.dtype(layout).itemsize, start)
    if not isinstance(item, tuple):
        return np.array([item], np.int64)
    start, end = item
    return unpack_varints(np.frombuffer(data, np.uint8, end - start, start))


def unpack_varints(stream: np.ndarray) -> np.ndarray:
    """The signed 64-bit integers of a stream of whole varints (uint8), all at once.

    Raises BadModel for one longer than ten bytes.

    >>> unpack_varints(np.array([1, 0xac, 2], np.uint8)).tolist()
    [1, 300]
    """
    ends = np.flatnonzero(stream < 0x80)
    starts = np.concatenate((np.zeros(1, ends.dtype), ends[:-1] + 1)) if len(ends) else ends
    lengths = ends - starts + 1
    if len(ends) and int(lengths.max()) > 10:
        raise BadModel("a tensor is broken: one of its integers is longer than ten bytes")
    values = np.zeros(len(ends), np.uint64)
    for position in range(int(lengths.max(initial=0))):
        present = lengths > position
        byte = stream[starts[present] + position].astype(np.uint64)
        values[present] |= (byte & np.uint64(0x7F)) << np.uint64(7 * position)
    return values.view(np.int64)


def sparse_tensor_data(walk: Walk, message: Message) -> TensorData:
    """The dense view of a SparseTensorProto (``values``, ``indices``, ``dims``); name of its values.

    Loading raises Undetermined when the dense form is too large to make.
    """
    context: ReadContext = walk.context
    parts: dict[str, Message] = {key: message.get(key, {}) for key in ("values", "indices")}
    if any(part.get("data_location", 0) == _EXTERNAL for part in parts.values()):
        context.find("AUD-SEC-025", "medium", "a sparse tensor keeps its values in an external file")
    values = tensor_data(walk, parts["values"])
    indices = tensor_data(walk, parts["indices"])
    shape = tuple(message.get("dims", ()))
    what = f"sparse tensor '{safe(values.name)}'"
    count = element_count(shape, what)
    stored = element_count(values.shape, what)
    linear = indices.shape == (stored,)
    if indices.dtype != "int64" or not (linear or indices.shape == (stored, len(shape))) or stored > count:
        raise BadModel(f"{what} has values and indices that do not match")
    if values.load is None or indices.load is None:
        return TensorData(name=values.name, dtype=values.dtype, shape=shape, load=None)
    load = partial(_load_sparse, values.load, indices.load, shape, count, linear)
    return TensorData(name=values.name, dtype=values.dtype, shape=shape, load=load)


def _load_sparse(
    values: Loader, indices: Loader, shape: tuple[int, ...], count: int, linear: bool
) -> np.ndarray:
    if count > _MAX_DENSE_ELEMENTS:
        raise Undetermined(f"a sparse tensor of {count:,} elements is too large to be made dense")
    positions, numbers = indices(), values()
    dense = np.zeros(shape, numbers.dtype)
    bound = np.array(count if linear else shape)
    if np.any(positions < 0) or np.any(positions >= bound):
        raise BadModel("a sparse tensor has an index outside its shape", rule="AUD-SEC-009")
    if linear:
        dense.reshape(-1)[positions] = numbers
    else:
        dense[tuple(positions.T)] = numbers
    return dense
