"""ONNX's element types: names, sizes, where their values stand, and how their bits are read.

Source: onnx.proto ``TensorProto.DataType`` and the comments of its ``*_data`` fields.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from msgspec import Struct

from auditor.errors import Undetermined


class ElementType(Struct, frozen=True, kw_only=True):
    """One element type. ``storage`` is the numpy type of its bits in a file (None for strings).

    ``typed_field`` is the field used when the values are not raw bytes; ``per_element`` how many
    entries of that field make one element (complex numbers take two). ``tract`` says whether the
    ONNX reader inside EZKL knows the type (tract ``onnx/src/tensor.rs`` ``TryFrom<DataType>``).
    """

    name: str
    bits: int
    storage: str | None
    typed_field: str
    per_element: int = 1
    tract: bool = True


def _type(
    name: str, bits: int, storage: str | None, field: str, tract: bool = True, per_element: int = 1
) -> ElementType:
    return ElementType(
        name=name, bits=bits, storage=storage, typed_field=field, per_element=per_element, tract=tract
    )


ELEMENT_TYPES: dict[int, ElementType] = {
    1: _type("float", 32, "<f4", "float_data"),
    2: _type("uint8", 8, "u1", "int32_data"),
    3: _type("int8", 8, "i1", "int32_data"),
    4: _type("uint16", 16, "<u2", "int32_data"),
    5: _type("int16", 16, "<i2", "int32_data"),
    6: _type("int32", 32, "<i4", "int32_data"),
    7: _type("int64", 64, "<i8", "int64_data"),
    8: _type("string", 0, None, "string_data"),
    9: _type("bool", 8, "u1", "int32_data"),
    10: _type("float16", 16, "<f2", "int32_data"),
    11: _type("double", 64, "<f8", "double_data"),
    12: _type("uint32", 32, "<u4", "uint64_data"),
    13: _type("uint64", 64, "<u8", "uint64_data"),
    14: _type("complex64", 64, "<c8", "float_data", tract=False, per_element=2),
    15: _type("complex128", 128, "<c16", "double_data", tract=False, per_element=2),
    16: _type("bfloat16", 16, "<u2", "int32_data", tract=False),
    17: _type("float8e4m3fn", 8, "u1", "int32_data", tract=False),
    18: _type("float8e4m3fnuz", 8, "u1", "int32_data", tract=False),
    19: _type("float8e5m2", 8, "u1", "int32_data", tract=False),
    20: _type("float8e5m2fnuz", 8, "u1", "int32_data", tract=False),
    21: _type("uint4", 4, "u1", "int32_data", tract=False),
    22: _type("int4", 4, "u1", "int32_data", tract=False),
    23: _type("float4e2m1", 4, "u1", "int32_data", tract=False),
    24: _type("float8e8m0", 8, "u1", "int32_data", tract=False),
    25: _type("uint2", 2, "u1", "int32_data", tract=False),
    26: _type("int2", 2, "u1", "int32_data", tract=False),
    27: _type("float6e2m3", 6, "u1", "int32_data", tract=False),
    28: _type("float6e3m2", 6, "u1", "int32_data", tract=False),
}
"""By the number in the file. Types of less than a byte are packed, the first in the low bits."""


def payload_bytes(element: ElementType, count: int) -> int:
    """Bytes that ``count`` elements take as raw data.

    >>> payload_bytes(ELEMENT_TYPES[22], 3)
    2
    """
    return (count * element.bits + 7) // 8


def typed_entries(element: ElementType, count: int) -> int:
    """Entries of the typed field that ``count`` elements take; sub-byte types pack into bytes."""
    if 0 < element.bits < 8:
        return payload_bytes(element, count)
    return count * element.per_element


def decode(element: ElementType, bits: np.ndarray, count: int) -> np.ndarray:
    """The flat values of ``count`` elements whose stored bits are ``bits``.

    Types numpy lacks widen to the nearest it has: bfloat16 and all float8/float4 to float32, 4- and
    2-bit integers to 8 bits. Raises Undetermined for the 6-bit floats, which no operator uses yet.
    """
    name = element.name
    if name == "bool":
        return bits.astype(np.bool_)
    if name == "bfloat16":
        return (bits.astype(np.uint32) << 16).view(np.float32)
    if name in _MINIFLOATS:
        if element.bits < 8:
            bits = _unpack(bits, element.bits, count)
        values: np.ndarray = _minifloat_values(*_MINIFLOATS[name])[bits]
        return values
    if name in ("uint4", "uint2"):
        return _unpack(bits, element.bits, count)
    if name in ("int4", "int2"):
        sign = 1 << (element.bits - 1)
        flipped: np.ndarray = (_unpack(bits, element.bits, count) ^ sign).astype(np.int8) - np.int8(sign)
        return flipped
    if name in ("float6e2m3", "float6e3m2"):
        raise Undetermined(f"values of type {name} are not supported")
    return bits


def _unpack(packed: np.ndarray, bits: int, count: int) -> np.ndarray:
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    return (packed[:, None] >> shifts & ((1 << bits) - 1)).astype(np.uint8).reshape(-1)[:count]


_MINIFLOATS: dict[str, tuple[int, int, int, str]] = {
    "float8e4m3fn": (4, 3, 7, "fn"),
    "float8e4m3fnuz": (4, 3, 8, "fnuz"),
    "float8e5m2": (5, 2, 15, "ieee"),
    "float8e5m2fnuz": (5, 2, 16, "fnuz"),
    "float4e2m1": (2, 1, 1, "finite"),
    "float8e8m0": (8, 0, 127, "power"),
}
"""(exponent bits, mantissa bits, bias, how infinity and NaN are spelled)."""


@cache
def _minifloat_values(exponent_bits: int, mantissa_bits: int, bias: int, special: str) -> np.ndarray:
    """The float32 value of every bit pattern. Source: ONNX "Float stored in 8 bits", OCP MX v1.0."""
    if special == "power":
        powers = np.append(np.exp2(np.arange(255) - float(bias)), np.nan)
        return powers.astype(np.float32)
    pattern = np.arange(1 << (1 + exponent_bits + mantissa_bits))
    exponent = pattern >> mantissa_bits & ((1 << exponent_bits) - 1)
    fraction = (pattern & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    sign = np.where(pattern >> (exponent_bits + mantissa_bits), -1.0, 1.0)
    normal = (1 + fraction) * np.exp2(exponent - float(bias))
    values = sign * np.where(exponent == 0, fraction * 2.0 ** (1 - bias), normal)
    top = exponent == (1 << exponent_bits) - 1
    if special == "ieee":
        values[top] = np.where(fraction[top] == 0, sign[top] * np.inf, np.nan)
    elif special == "fn":
        values[top & (fraction == 1 - 0.5**mantissa_bits)] = np.nan
    elif special == "fnuz":
        values[1 << (exponent_bits + mantissa_bits)] = np.nan
    return np.asarray(values, np.float32)
