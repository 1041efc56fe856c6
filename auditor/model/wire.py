"""A bounded, table-driven reader of the protobuf wire format.

Source: the protobuf encoding guide. A *key* is ``field number << 3 | wire type``; a *schema* maps
keys to what the field means, so one dictionary lookup settles name, type and packing. Nothing
is copied but scalars and names: payloads stay (start, end) spans of the file.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from auditor.errors import BadModel
from auditor.model.limits import DEFAULT_LIMITS, Limits

Buffer = bytes | mmap.mmap
Span = tuple[int, int]
"""(start, end) of a payload inside the file."""

Message = dict[str, Any]
"""A decoded message: field name to value, or to a list for a repeated field."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_TWO_63, _TWO_64 = 1 << 63, 1 << 64


Kind = int
"""How a field is read: one of the numbers below. ``*_LIST``, ``LIST_OF_*`` and ``PACKED_*`` fields
are repeated, the others keep the last. Plain numbers, because the inner loop compares them."""

(
    TEXT,
    LIST_OF_TEXT,
    LIST_OF_MESSAGES,
    MESSAGE,
    SPAN,
    LIST_OF_SPANS,
    PACKED_INTS,
    PACKED_FLOATS,
    INT,
    INT_LIST,
    FLOAT,
    FLOAT_LIST,
    DOUBLE_LIST,
) = range(13)
_LAST_WITH_LENGTH = PACKED_FLOATS

Entry = tuple[str, Kind, Any, Any]
"""(name, kind, schema of a message, its builder): a :class:`Field` the inner loop can unpack."""


class Field(Struct, frozen=True):
    """One entry of a schema. ``build`` turns a finished repeated message into its lasting value."""

    name: str
    kind: Kind
    schema: Schema | None = None
    build: Callable[[Walk, Message], Any] | None = None


class Schema(Struct):
    """A message type: its name (for error messages), its fields by key, and its field numbers."""

    name: str
    fields: dict[int, Entry] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)

    def add(self, number: int, wire_type: int, entry: Field) -> None:
        """Says how field ``number`` is read when it comes with ``wire_type``."""
        self.fields[number << 3 | wire_type] = (entry.name, entry.kind, entry.schema, entry.build)
        self.numbers[number] = entry.name


class Walk:
    """One pass over one file, with what it may still spend.

    ``context`` is whatever the builders of a schema want to share; this module never looks at it.
    """

    __slots__ = ("_texts", "context", "data", "fields_left", "limits", "text_bytes_left")

    def __init__(self, data: Buffer, context: Any = None, limits: Limits = DEFAULT_LIMITS) -> None:
        self.data = data
        self.context = context
        self.limits = limits
        self.fields_left = limits.fields
        self.text_bytes_left = limits.string_bytes
        self._texts: dict[bytes, str] = {}

    def read(self, schema: Schema, start: int, end: int) -> Message:
        """The message of type ``schema`` that fills ``data[start:end]``.

        Raises BadModel, naming the byte offset, for anything that is not well-formed or too much.
        """
        message: Message = {}
        self._message(schema, start, end, 1, message)
        return message

    def _message(self, schema: Schema, start: int, end: int, depth: int, message: Message) -> None:
        if depth > self.limits.message_depth:
            raise BadModel(
                f"messages are nested more than {self.limits.message_depth} deep at byte {start}",
                rule="AUD-SEC-013",
            )
        data, fields = self.data, schema.fields
        at = start
        for _ in range(self.fields_left):
            if at >= end:
                break
            field_at = at
            key = data[at]
            at += 1
            if key >= 0x80:
                key, at = self.varint(field_at, end)
            entry = fields.get(key)
            if entry is None:
                at = self._skip(schema, key, field_at, at, end)
            else:
                at = self._field(entry, at, end, depth, message)
            self.fields_left -= 1
        if at < end:
            raise BadModel(f"holds more than {self.limits.fields:,} fields", rule="AUD-SEC-013")

    def _field(self, entry: Entry, at: int, end: int, depth: int, message: Message) -> int:
        """Reads one field's value at ``at`` into ``message``; returns where the next field starts."""
        name, kind, schema, build = entry
        if kind > _LAST_WITH_LENGTH:
            return self._number(name, kind, at, end, message)
        start, stop = self._length(at, end)
        if kind == LIST_OF_TEXT:
            message.setdefault(name, []).append(self.text(start, stop))
        elif kind == TEXT:
            message[name] = self.text(start, stop)
        elif kind == LIST_OF_MESSAGES:
            inner: Message = {}
            self._message(schema, start, stop, depth + 1, inner)
            message.setdefault(name, []).append(inner if build is None else build(self, inner))
        elif kind == MESSAGE:
            # A singular message that comes twice is merged, as protobuf says.
            self._message(schema, start, stop, depth + 1, message.setdefault(name, {}))
        elif kind == SPAN:
            message[name] = (start, stop)
        elif kind == LIST_OF_SPANS:
            message.setdefault(name, []).append((start, stop))
        elif kind == PACKED_INTS:
            message.setdefault(name, []).extend(self.packed_ints(start, stop))
        else:
            message.setdefault(name, []).extend(self._packed_floats(start, stop))
        return stop

    def _number(self, name: str, kind: Kind, at: int, end: int, message: Message) -> int:
        value: int | float
        if kind in (INT, INT_LIST):
            value, at = self.varint(at, end)
            if value >= _TWO_63:
                value -= _TWO_64
        else:
            value, at = self._fixed("<d" if kind == DOUBLE_LIST else "<f", at, end)
        if kind in (INT, FLOAT):
            message[name] = value
        else:
            message.setdefault(name, []).append(value)
        return at

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """(unsigned value modulo 2^64, offset after it) of the varint at ``at``."""
        data = self.data
        if at < end and (value := data[at]) < 0x80:
            return value, at + 1
        value = shift = 0
        stop = min(end, at + _MAX_VARINT_BYTES)
        for position in range(at, stop):
            byte = data[position]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & (_TWO_64 - 1), position + 1
            shift += 7
        if stop == end:
            raise BadModel(f"is truncated: a number at byte {at} does not end")
        raise BadModel(f"is not valid protobuf: the number at byte {at} is longer than ten bytes")

    def _length(self, at: int, end: int) -> Span:
        """The span of a length-delimited value whose length stands at ``at``."""
        if at < end and (length := self.data[at]) < 0x80:
            start = at + 1
        else:
            length, start = self.varint(at, end)
        if length > end - start:
            raise BadModel(f"is truncated: byte {at} announces {length:,} bytes, {end - start:,} are left")
        return start, start + length

    def _fixed(self, layout: str, at: int, end: int) -> tuple[float, int]:
        after = at + struct.calcsize(layout)
        if after > end:
            raise BadModel(f"is truncated: a number at byte {at} does not end")
        return struct.unpack_from(layout, self.data, at)[0], after

    def packed_ints(self, start: int, end: int) -> list[int]:
        """The signed 64-bit varints that fill ``data[start:end]``; charged as one field each."""
        self._charge(end - start, start)
        values = []
        while start < end:
            value, start = self.varint(start, end)
            values.append(value - _TWO_64 if value >= _TWO_63 else value)
        return values

    def _packed_floats(self, start: int, end: int) -> tuple[float, ...]:
        count, rest = divmod(end - start, 4)
        if rest:
            raise BadModel(f"is not valid protobuf: packed floats at byte {start} end inside a number")
        self._charge(count, start)
        return struct.unpack_from(f"<{count}f", self.data, start)

    def _charge(self, count: int, at: int) -> None:
        if count > self.fields_left:
            raise BadModel(f"holds too many numbers at byte {at}", rule="AUD-SEC-013")
        self.fields_left -= count

    def text(self, start: int, end: int) -> str:
        """The UTF-8 string ``data[start:end]``; equal strings are one object."""
        if end - start > self.text_bytes_left:
            raise self._too_much_text()
        raw = self.data[start:end]
        known = self._texts.get(raw)
        if known is not None:
            return known
        self.text_bytes_left -= len(raw)
        try:
            decoded = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise BadModel(f"is not an ONNX model: the string at byte {start} is not UTF-8") from None
        self._texts[raw] = decoded
        return decoded

    def blob_text(self, start: int, end: int) -> str:
        """``bytes`` that mostly hold text: as UTF-8, with other bytes kept as surrogates."""
        if end - start > self.text_bytes_left:
            raise self._too_much_text()
        self.text_bytes_left -= end - start
        return self.data[start:end].decode("utf-8", "surrogateescape")

    def _too_much_text(self) -> BadModel:
        return BadModel(
            f"holds more than {self.limits.string_bytes >> 20} MiB of strings", rule="AUD-SEC-020"
        )

    def _skip(self, schema: Schema, key: int, field_at: int, at: int, end: int) -> int:
        """Steps over a field the schema does not know; refuses a known one of the wrong type."""
        number, wire_type = key >> 3, key & 7
        if number in schema.numbers:
            raise BadModel(
                f"is not an ONNX model: {schema.name}.{schema.numbers[number]} at byte {field_at} "
                f"has wire type {wire_type}"
            )
        if number == 0:
            raise BadModel(f"is not valid protobuf: field number 0 at byte {field_at}")
        if wire_type == VARINT:
            return self.varint(at, end)[1]
        if wire_type == LENGTH:
            return self._length(at, end)[1]
        if wire_type in (FIXED32, FIXED64):
            after = at + (4 if wire_type == FIXED32 else 8)
            if after > end:
                raise BadModel(f"is truncated: a number at byte {at} does not end")
            return after
        raise BadModel(f"is not valid protobuf: wire type {wire_type} at byte {field_at}")
