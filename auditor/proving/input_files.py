"""The three spellings of an input, read into plain numbers: EZKL's input.json, .npz and .npy.

A file may come from a stranger: it is read up to what the model can use, nothing in it is unpickled, and no
array is made before its header and its bytes agree.
"""

from __future__ import annotations

import ast
import io
import json
import math
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from auditor.errors import UsageError
from auditor.safe import safe

Scalar = bool | int | float | str
"""What stands in a file; a string is to be a number in quotation marks."""

_SLACK_BYTES = 8 << 20
"""What a file may hold beside the numbers: EZKL writes shapes and outputs into the same file."""

_BYTES_PER_NUMBER = 256
"""A number of JSON with the blanks around it; an array's takes 8."""

_MAX_DEPTH = 64

_MAX_HEADER = 4096
_NPY_MAGIC = b"\x93NUMPY"
_NUMBERS = re.compile(r"[<>|=]([iu][1248]|f[248]|b1)")
"""The types of numpy that ONNX has, as an .npy header spells them."""

_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    OSError,
)  # fmt: skip
"""What the standard library raises over a broken archive."""


class RawInput(Struct, frozen=True, kw_only=True):
    """The numbers of one input in row-major order, of whatever kind, with the shape they came in."""

    values: list[Scalar]
    shape: tuple[int, ...]


def read_raw(path: Path, names: Sequence[str], elements: int, *, rows: int = 1) -> tuple[RawInput, ...]:
    """What the file holds for each of the inputs ``names``, which have ``elements`` in all.

    The first bytes say which kind of file it is; it may hold ``rows`` such inputs, one after another.
    Raises :class:`UsageError`, also when the file holds more or fewer inputs than asked for.
    """
    where = safe(path.name)
    data = _read_file(path, where, _SLACK_BYTES + _BYTES_PER_NUMBER * elements * rows, rows)
    if data.startswith(b"PK"):
        return _read_npz(data, names, where, _SLACK_BYTES + 16 * elements * rows, rows)
    if data.startswith(_NPY_MAGIC):
        _expect_one(names, where)
        return (_read_npy(data, where),)
    return _read_json(data, names, where, rows)


def _read_file(path: Path, where: str, max_bytes: int, rows: int) -> bytes:
    try:
        # Without O_NONBLOCK, opening a named pipe waits for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UsageError(f"{where}: is no regular file", "give an input.json, an .npz or an .npy file")
        with open(descriptor, "rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise UsageError(f"{where}: cannot be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise UsageError(f"{where}: is larger than {max_bytes:,} bytes, {_far_more(rows)}", _fewer(rows))
    return data


def _far_more(rows: int) -> str:
    needs = "one input of this model needs" if rows == 1 else f"{rows:,} rows of this model need"
    return f"far more than {needs}"


def _fewer(rows: int) -> str:
    return "give one input, not a data set" if rows == 1 else "give a sample of the rows"


# --- JSON ----------------------------------------------------------------------------------


def _read_json(data: bytes, names: Sequence[str], where: str, most_rows: int) -> tuple[RawInput, ...]:
    content = _parse(data, where)
    rows = content.get("input_data") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise UsageError(
            f"{where}: has no list called input_data",
            'EZKL reads {"input_data": [[numbers of the first input], ...]}',
        )
    if rows and not any(isinstance(row, list) for row in rows):
        raise UsageError(
            f"{where}: input_data holds {_kind(rows[0])} where a list for each input is expected",
            'write {"input_data": [[...]]}, also for a single input',
        )
    if len(rows) > len(names):
        raise UsageError(
            f"{where}: input_data holds {len(rows)} lists, and the model takes {_inputs(names)}: EZKL would "
            "ignore the rest without a word",
            "a proof is about one input; give each row in a file of its own"
            if most_rows == 1
            else "write the rows of an input one after another into its list",
        )
    if len(rows) < len(names):
        raise UsageError(f"{where}: input_data holds {len(rows)} lists, and the model takes {_inputs(names)}")
    return tuple(_flatten(row, name, where) for row, name in zip(rows, names, strict=True))


def _parse(data: bytes, where: str) -> Any:
    try:
        return json.loads(data, object_pairs_hook=_no_duplicates)
    except RecursionError as error:
        raise UsageError(f"{where}: is nested too deeply") from error
    except ValueError as error:  # also bytes that are no text, and integers of thousands of digits
        reason = f": {error.msg} in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        reason = reason or (": " + safe(str(error)) if not isinstance(error, UnicodeDecodeError) else "")
        raise UsageError(
            f"{where}: is neither JSON nor a numpy file{reason}",
            "give an input.json, an .npz or an .npy file",
        ) from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _flatten(row: Any, name: str, where: str) -> RawInput:
    """A list of numbers, or of lists of equal lengths to any depth.

    The shape is read off the first elements, and then everything must have it.
    """
    shape: list[int] = []
    first = row
    while isinstance(first, list):
        if len(shape) == _MAX_DEPTH:
            raise UsageError(f"{where}: input '{safe(name)}' is nested too deeply")
        shape.append(len(first))
        first = first[0] if first else None
    level = [row]
    for size in shape:
        if not all(isinstance(part, list) and len(part) == size for part in level):
            raise UsageError(
                f"{where}: the lists of input '{safe(name)}' differ in length or depth",
                "give a flat list, or lists of one shape",
            )
        level = [item for part in level for item in part]
    for index, value in enumerate(level):
        if not isinstance(value, bool | int | float | str):
            raise UsageError(
                f"{where}: input '{safe(name)}' holds {_kind(value)} at {index}, where a number is expected"
            )
    return RawInput(values=level, shape=tuple(shape))


def _kind(value: object) -> str:
    kinds = {type(None): "null", list: "a list", dict: "an object", str: "a text", bool: "a truth value"}
    return kinds.get(type(value), "a number")


# --- numpy ---------------------------------------------------------------------------------


def _read_npz(
    data: bytes, names: Sequence[str], where: str, max_bytes: int, rows: int
) -> tuple[RawInput, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if len(members) < len(archive.infolist()):
                raise UsageError(f"{where}: an array occurs twice")
            keys = _order(list(members), names, where)
            blobs = [_read_member(archive, members[key], where, max_bytes, rows) for key in keys]
    except _DAMAGED as error:
        raise UsageError(f"{where}: is a damaged .npz file: {safe(str(error))}", "save it again") from error
    return tuple(_read_npy(blob, f"{where}: {safe(key)}") for blob, key in zip(blobs, keys, strict=True))


def _order(keys: list[str], names: Sequence[str], where: str) -> list[str]:
    """The arrays in the order of the inputs: by name, as ``numpy.savez`` numbers them, or the only one."""
    numbered = [f"arr_{index}" for index in range(len(names))]
    for order in (list(names), numbered):
        if sorted(order) == sorted(keys):
            return order
    if len(keys) == len(names) == 1:
        return keys
    shown = ", ".join(safe(key, limit=40) for key in keys[:8]) or "nothing"
    raise UsageError(
        f"{where}: holds {shown}, and the model takes {_inputs(names)}",
        "name each array after its input, or save them in order with numpy.savez",
    )


def _read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, max_bytes: int, rows: int
) -> bytes:
    """An entry's bytes; a small file can unpack to any size, so never more than an input can have."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
        raise UsageError(f"{where}: is packed or encrypted in a way numpy does not write", "save it again")
    with archive.open(info) as member:
        data = member.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise UsageError(
            f"{where}: {safe(info.filename)} unpacks to more than {max_bytes:,} bytes, {_far_more(rows)}",
            _fewer(rows),
        )
    return data


def _read_npy(data: bytes, where: str) -> RawInput:
    header, content = _split_npy(data, where)
    try:
        descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except (KeyError, TypeError) as error:
        raise UsageError(f"{where}: has no header of an .npy array", "write it with numpy.save") from error
    if not isinstance(descr, str) or not _NUMBERS.fullmatch(descr):
        hint = "a pickled array is never loaded; save numbers" if "O" in str(descr) else "save it as numbers"
        raise UsageError(f"{where}: its type is {safe(repr(descr), limit=40)}, no number of ONNX", hint)
    dtype = np.dtype(descr)
    sizes = [size for size in shape if type(size) is int and size >= 0] if isinstance(shape, tuple) else None
    if sizes is None or len(sizes) < len(shape) or len(sizes) > _MAX_DEPTH:
        raise UsageError(f"{where}: its header says no shape", "write it with numpy.save")
    # An empty array may name sizes beyond any machine's.
    if math.prod(sizes) * dtype.itemsize != len(content) or max(sizes, default=0) > max(1, len(content)):
        raise UsageError(
            f"{where}: its header says {_shape(sizes)} and its bytes say otherwise", "save it again"
        )
    array = np.frombuffer(content, dtype).reshape(sizes, order="F" if fortran else "C")
    return RawInput(values=array.ravel().tolist(), shape=tuple(sizes))


def _split_npy(data: bytes, where: str) -> tuple[Any, bytes]:
    """The header's literal, and the bytes behind it. numpy ``lib/format.py``, versions 1 and 2.

    numpy's own reader also repairs headers of Python 2, by way of Python's tokenizer.
    """
    length_bytes = {1: 2, 2: 4}.get(data[6]) if len(data) > 6 else None
    if not data.startswith(_NPY_MAGIC) or length_bytes is None:
        raise UsageError(
            f"{where}: is no .npy array that numpy writes for numbers", "write it with numpy.save"
        )
    start = 8 + length_bytes
    end = start + int.from_bytes(data[8:start], "little")
    try:
        return ast.literal_eval(data[start : min(end, start + _MAX_HEADER)].decode("latin1")), data[end:]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise UsageError(f"{where}: has no header of an .npy array", "write it with numpy.save") from error


def _expect_one(names: Sequence[str], where: str) -> None:
    if len(names) != 1:
        raise UsageError(
            f"{where}: holds one array, and the model takes {_inputs(names)}",
            "save an .npz file with numpy.savez",
        )


def _inputs(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{safe(name, limit=40)}'" for name in names[:8])
    return f"{len(names)} inputs ({shown})" if len(names) != 1 else f"one input ({shown})"


def _shape(shape: Sequence[int]) -> str:
    return safe(" x ".join(str(size) for size in shape), limit=60) or "a single number"
