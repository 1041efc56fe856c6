"""Reader of bincode 1.x, the format in which EZKL stores a compiled circuit.

Little endian, fixed width: ``usize`` is 8 bytes, an enum starts with its variant as ``u32``, an
``Option`` with one byte, a ``Vec`` or ``String`` with its length as ``u64``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from auditor.circuit.field import FELT_BYTES, FIELD_MODULUS

T = TypeVar("T")

_LIMB_BITS = 64
_MODULUS_LIMBS = tuple(FIELD_MODULUS >> (_LIMB_BITS * i) & (1 << _LIMB_BITS) - 1 for i in range(4))
_INT64_LIMIT = 1 << 63


class MalformedCircuit(ValueError):
    """The bytes are not a circuit as EZKL 23.0.5 writes it."""


class Reader:
    """A cursor over bincode data. Every method raises :class:`MalformedCircuit` at the end of the data."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def u8(self) -> int:
        return self._integer(1, signed=False)

    def u32(self) -> int:
        return self._integer(4, signed=False)

    def i32(self) -> int:
        return self._integer(4, signed=True)

    def u64(self) -> int:
        return self._integer(8, signed=False)

    def i64(self) -> int:
        return self._integer(8, signed=True)

    def u128(self) -> int:
        return self._integer(16, signed=False)

    def f32(self) -> float:
        value: float = struct.unpack("<f", self.take(4))[0]
        return value

    def f64(self) -> float:
        value: float = struct.unpack("<d", self.take(8))[0]
        return value

    def boolean(self) -> bool:
        value = self.u8()
        if value > 1:
            raise MalformedCircuit(f"byte {self._offset - 1}: {value} is not a boolean")
        return value == 1

    def string(self) -> str:
        try:
            return self.take(self.u64()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedCircuit(f"byte {self._offset}: text is not UTF-8") from error

    def option(self, read: Callable[[], T]) -> T | None:
        return read() if self.boolean() else None

    def sequence(self, read: Callable[[], T]) -> tuple[T, ...]:
        length = self.u64()
        # Every element takes a byte or more, so a longer length is damage: say so before looping over it.
        if length > len(self._data) - self._offset:
            raise MalformedCircuit(f"byte {self._offset}: {length} elements do not fit in the file")
        return tuple(read() for _ in range(length))

    def sizes(self) -> tuple[int, ...]:
        """A ``Vec<usize>``."""
        return self.sequence(self.u64)

    def variant(self, names: tuple[T, ...], enum: str) -> T:
        """The member of ``names`` that an enum tag selects."""
        tag = self.u32()
        if tag >= len(names):
            raise MalformedCircuit(f"byte {self._offset - 4}: {enum} has no variant {tag}")
        return names[tag]

    def take(self, length_bytes: int) -> bytes:
        """The next bytes, as a copy."""
        start = self.skip(length_bytes)
        return self._data[start : start + length_bytes]

    def skip(self, length_bytes: int) -> int:
        """Moves past some bytes and returns the offset of the first."""
        start, left = self._offset, len(self._data) - self._offset
        if length_bytes > left:
            raise MalformedCircuit(f"byte {start}: {length_bytes} more bytes expected, {left} left")
        self._offset += length_bytes
        return start

    def _integer(self, width_bytes: int, *, signed: bool) -> int:
        return int.from_bytes(self.take(width_bytes), "little", signed=signed)


def signed_values(data: bytes, offset: int, count: int) -> np.ndarray:
    """Field elements as the signed integers they stand for: ``p - 3`` is -3.

    ``data`` holds ``count`` canonical 32-byte little-endian elements from byte ``offset`` on. The result has
    shape ``(count,)`` and type int64, or object (Python integers) when a value needs more than 64 bits.
    EZKL ``fieldutils.rs`` `felt_to_integer_rep`.
    """
    limbs = np.frombuffer(data, dtype="<u8", count=4 * count, offset=offset).reshape(count, 4)
    p0, p1, p2, p3 = (np.uint64(limb) for limb in _MODULUS_LIMBS)
    low = limbs[:, 0]

    positive = (low < np.uint64(_INT64_LIMIT)) & ~limbs[:, 1:].any(axis=1)
    magnitude = p0 - low  # of a negative value; wraps where the subtraction borrows from the next limb
    borrow = (magnitude > p0).astype(np.uint64)
    negative = (magnitude != 0) & (magnitude <= np.uint64(_INT64_LIMIT))
    negative &= (limbs[:, 1] == p1 - borrow) & (limbs[:, 2] == p2) & (limbs[:, 3] == p3)

    if not (positive | negative).all():
        return _wide_values(data, offset, count)
    return np.where(positive, low, np.uint64(0) - magnitude).astype(np.int64)


def _wide_values(data: bytes, offset: int, count: int) -> np.ndarray:
    values = np.empty(count, dtype=object)
    for i in range(count):
        start = offset + i * FELT_BYTES
        felt = int.from_bytes(data[start : start + FELT_BYTES], "little")
        if felt >= FIELD_MODULUS:
            raise MalformedCircuit(f"byte {start}: not a field element")
        values[i] = felt if felt <= FIELD_MODULUS // 2 else felt - FIELD_MODULUS
    return values
