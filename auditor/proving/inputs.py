"""What a proof is about: the numbers fed to the model, checked before EZKL sees them.

EZKL ignores a second row of data, breaks off without a reason where a number is too large for the circuit,
and reads every number as a 64-bit float. Each of that is an error here.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from itertools import accumulate
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from msgspec import Struct

from auditor.circuit.run_args import RunArgs
from auditor.errors import UsageError
from auditor.model.dimensions import free_inputs
from auditor.proving.input_files import RawInput, Scalar, read_raw
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.model.graph import Model

MAX_ELEMENTS = 1 << 26
"""Of all inputs of a model: no circuit of halo2 has more rows."""

_NUMPY = {
    "float": "float32", "double": "float64", "float16": "float16", "bool": "bool",
    **{name: name for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
}  # fmt: skip
"""ONNX's element types that EZKL computes with, in numpy's spelling."""

_MAX_INTEGER_REP = (1 << 127) - 1
"""EZKL ``fieldutils.rs`` `IntegerRep`."""

_PROBES = ((-1, 1, 64), (-1, 0, 64), (-1, 1, 1))
"""Lowest and highest float, and steps in 1."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_FIELD_ELEMENT = re.compile(r"(0x)?[0-9a-fA-F]{64}")


class InputSpec(Struct, frozen=True, kw_only=True):
    """An input as the model declares it. ``dtype`` is ONNX's element type in lower case."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many numbers it takes."""
        return math.prod(self.shape)


class Inputs(Struct, frozen=True, kw_only=True):
    """One value for each input of a model, in its order, type and shape.

    ``seed`` is None for a file. ``sha256`` covers names, types, shapes and values.
    """

    names: tuple[str, ...]
    arrays: tuple[np.ndarray, ...]
    source: Literal["file", "random"]
    seed: int | None
    sha256: str


def input_specs(model: Model) -> tuple[InputSpec, ...]:
    """The inputs that a caller of ``model`` feeds; its dimensions are bound.

    Raises :class:`UsageError` for an input without a shape, of a type that EZKL has no numbers for, or
    larger than any circuit.
    """
    specs = []
    for info in free_inputs(model.graph):
        if info.dtype not in _NUMPY:
            raise UsageError(
                f"input '{safe(info.name)}' is of type {safe(info.dtype or 'unknown')}, unknown to EZKL",
                "export the model with inputs of float32 or int64",
            )
        shape = tuple(dim for dim in info.shape or () if isinstance(dim, int))
        if info.shape is None or len(shape) < len(info.shape):
            raise UsageError(f"input '{safe(info.name)}' has no fixed shape", "give it one with --dim")
        specs.append(InputSpec(name=info.name, dtype=info.dtype, shape=shape))
    if sum(spec.elements for spec in specs) > MAX_ELEMENTS:
        raise UsageError(
            f"the inputs of the model have more than {MAX_ELEMENTS:,} elements, too many to prove"
        )
    return tuple(specs)


def read_inputs(path: Path, specs: Sequence[InputSpec]) -> Inputs:
    """The inputs in a file: EZKL's input.json, an .npz (by name, or as ``numpy.savez`` orders) or an .npy.

    Numbers that stand in the right order are given the declared shape. Raises :class:`UsageError` naming
    the input, what it takes and what it got.
    """
    raw = read_raw(path, [spec.name for spec in specs], sum(spec.elements for spec in specs))
    arrays = tuple(conform(one, spec, safe(path.name)) for one, spec in zip(raw, specs, strict=True))
    return inputs_from(specs, arrays, "file", None)


def random_inputs(specs: Sequence[InputSpec], seed: int) -> Inputs:
    """Inputs that any machine draws alike from ``seed`` (0 or more).

    Floats are uniform in [-1, 1). Integers and booleans are 0 or 1: as an index or a token that is valid
    nearly everywhere, and larger ones are not.
    """
    return _draw(specs, seed, lambda unit: 2.0 * unit - 1.0)


def probe_inputs(specs: Sequence[InputSpec], seed: int) -> tuple[Inputs, ...]:
    """Random inputs that bring out where EZKL computes another function, for comparing and not for proving.

    Floats of both signs, all negative (padding with zeros shows), and only -1, 0 and 1 (some of them equal).
    They stand on a grid that every scale from 6 on holds. Integers and booleans are 0 or 1.
    """
    return tuple(
        _draw(specs, seed + index, partial(_on_grid, low=low, high=high, steps=steps))
        for index, (low, high, steps) in enumerate(_PROBES)
    )


def as_input_json(inputs: Inputs) -> dict[str, Any]:
    """The content of the input.json that makes EZKL read exactly these numbers."""
    rows = (array.astype(np.int64) if array.dtype.kind == "b" else array for array in inputs.arrays)
    return {"input_data": [row.ravel().tolist() for row in rows]}


def as_circuit_reads(inputs: Inputs, scales: Sequence[int]) -> tuple[np.ndarray, ...]:
    """The inputs on the grid of the circuit: what is proved is about these, so compare with these.

    ``scales`` are those of the inputs (EZKL's ``model_input_scales``); half a step is rounded away from
    zero. EZKL ``graph/utilities.rs`` `quantize_float`.
    """
    return tuple(_rounded(array, scale) for array, scale in zip(inputs.arrays, scales, strict=True))


def check_range(inputs: Inputs, scales: Sequence[int], decomposed: Sequence[bool], run_args: RunArgs) -> None:
    """Raises :class:`UsageError` when the circuit has no room for a number.

    An input that the circuit decomposes is at most ``decomp_base ** decomp_legs - 1`` in magnitude once
    it is an integer (EZKL ``tensor/ops.rs`` `get_rep`); any other must fit 127 bits.
    """
    room = run_args.decomp_base**run_args.decomp_legs - 1
    rows = zip(inputs.names, inputs.arrays, scales, decomposed, strict=True)
    for name, array, scale, is_decomposed in rows:
        limit = min(room, _MAX_INTEGER_REP) if is_decomposed else _MAX_INTEGER_REP
        if array.size == 0:
            continue
        for at in (int(array.argmax()), int(array.argmin())):
            value = array.flat[at].item()
            integer = quantised(value, scale)
            if abs(integer) > limit:
                raise _too_large(name, array.shape, at, value, integer, scale, limit, is_decomposed, run_args)


def quantised(value: float, scale: int) -> int:
    """The integer that stands for ``value`` in the circuit, half a step rounded away from zero.

    >>> quantised(-0.5, 0), quantised(0.3, 7)
    (-1, 38)
    """
    magnitude = math.floor(abs(Fraction(value)) * Fraction(2) ** scale + Fraction(1, 2))
    return -magnitude if value < 0 else magnitude


def _too_large(
    name: str,
    shape: tuple[int, ...],
    at: int,
    value: float,
    integer: int,
    scale: int,
    limit: int,
    is_decomposed: bool,
    run_args: RunArgs,
) -> UsageError:
    largest = limit / 2.0**scale
    message = (
        f"input '{safe(name)}' is {value:.9g} at {_index(shape, at)}, which at scale {scale} becomes "
        f"{safe(f'{integer:,}', limit=60)}; the circuit has room for {limit:,}, that is for magnitudes up to "
        f"{largest:.9g}"
    )
    if not is_decomposed:
        return UsageError(message, "give smaller numbers")
    base, legs = run_args.decomp_base, run_args.decomp_legs + 1
    while base >= 2 and base**legs <= abs(integer):
        legs += 1
    ways = ["give smaller numbers"]
    if base >= 2 and base**legs <= _MAX_INTEGER_REP:
        ways.append(f"--set decomp_legs={legs}")
    smaller = max(scale - (abs(integer) // (limit + 1)).bit_length(), 0)
    if abs(quantised(value, smaller)) <= limit:
        ways.append(f"--set input_scale={smaller}")
    return UsageError(message, " or ".join(ways))


def inputs_from(
    specs: Sequence[InputSpec],
    arrays: tuple[np.ndarray, ...],
    source: Literal["file", "random"],
    seed: int | None,
) -> Inputs:
    """Arrays of the declared types and shapes, with their hash."""
    digest = hashlib.sha256()
    for spec, array in zip(specs, arrays, strict=True):
        digest.update(json.dumps([spec.name, spec.dtype, spec.shape]).encode() + b"\n")
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    names = tuple(spec.name for spec in specs)
    return Inputs(names=names, arrays=arrays, source=source, seed=seed, sha256=digest.hexdigest())


def _draw(specs: Sequence[InputSpec], seed: int, draw: Callable[[np.ndarray], np.ndarray]) -> Inputs:
    """``draw`` makes floats of numbers uniform in [0, 1)."""
    # Of numpy's random numbers, only the raw bits of a generator are promised to stay as they are.
    source = np.random.PCG64(seed)
    arrays = []
    for spec in specs:
        bits = source.random_raw(spec.elements)
        is_float = np.dtype(_NUMPY[spec.dtype]).kind == "f"
        values = draw((bits >> np.uint64(11)) * 2.0**-53) if is_float else bits >> np.uint64(63)
        arrays.append(values.reshape(spec.shape).astype(_NUMPY[spec.dtype]))
    return inputs_from(specs, tuple(arrays), "random", seed)


def _on_grid(unit: np.ndarray, *, low: int, high: int, steps: int) -> np.ndarray:
    numbers: np.ndarray = low + np.floor(unit * ((high - low) * steps + 1)) / steps
    return numbers


def _rounded(array: np.ndarray, scale: int) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    steps = array.astype(np.float64) * 2.0**scale
    whole = np.trunc(steps)
    whole += np.sign(steps) * (np.abs(steps - whole) >= 0.5)
    return (whole / 2.0**scale).astype(array.dtype)


# --- from what a file says to what the model declares --------------------------------------


def conform(raw: RawInput, spec: InputSpec, where: str) -> np.ndarray:
    """The array of the declared type and shape. Raises :class:`UsageError` naming the input and the place."""
    _check_shape(raw, spec, where)
    dtype = np.dtype(_NUMPY[spec.dtype])
    read = _READERS[dtype.kind]
    numbers = []
    for at, value in enumerate(raw.values):
        try:
            numbers.append(read(_number(value), dtype))
        except ValueError as error:
            place = _index(raw.shape, at)
            raise UsageError(f"{where}: input '{safe(spec.name)}' at {place}: {error}") from error
    return np.array(numbers, dtype).reshape(spec.shape)


def _check_shape(raw: RawInput, spec: InputSpec, where: str) -> None:
    found = len(raw.values)
    about = f"{where}: input '{safe(spec.name)}' takes {_shape(spec.shape)}"
    if found != spec.elements:
        rows, rest = divmod(found, spec.elements) if spec.elements else (0, 1)
        hint = (
            "a proof is about one input; give each row in a file of its own"
            if rows > 1 and not rest
            else None
        )
        raise UsageError(
            f"{about}, {spec.elements:,} in all, and got {_shape(raw.shape)}, {found:,} in all", hint
        )
    # Joining or splitting axes moves no number; (8, 4) for (4, 8) looks like rows taken for columns.
    cuts, declared = _cuts(raw.shape), _cuts(spec.shape)
    if not (cuts <= declared or declared <= cuts):
        raise UsageError(
            f"{about}, and got {_shape(raw.shape)}", "transpose it, or flatten it if the order is right"
        )


def _cuts(shape: tuple[int, ...]) -> set[int]:
    """Where in the flat order an axis ends: the products of the last axes."""
    return set(accumulate(reversed(shape), mul)) - {1}


def _number(value: Scalar) -> int | float:
    """A number, also one in quotation marks. Raises :class:`ValueError` with the reason."""
    if isinstance(value, str):
        if _FIELD_ELEMENT.fullmatch(value):
            raise ValueError("an element of the field in hexadecimal; give the number it stands for")
        if len(value) > 100 or not _NUMBER.fullmatch(value):
            raise ValueError(f"the text '{safe(value, limit=40)}' is no number")
        value = float(value) if set(value) & set(".eE") else int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number a circuit can hold")
    return value


def _as_float(value: int | float, dtype: np.dtype[Any]) -> float:
    if abs(value) > float(np.finfo(dtype).max):
        raise ValueError(f"{_shown(value)} is too large for {dtype}")
    return float(value)


def _as_bool(value: int | float, dtype: np.dtype[Any]) -> bool:
    if value not in (0, 1):
        raise ValueError(f"{_shown(value)} is neither 0 nor 1, and the input is a truth value")
    return bool(value)


def _as_integer(value: int | float, dtype: np.dtype[Any]) -> int:
    integer = int(value)
    if integer != value:
        raise ValueError(f"{_shown(value)} is not whole, and the input takes {dtype}")
    limits = np.iinfo(dtype)
    if not limits.min <= integer <= limits.max:
        raise ValueError(f"{_shown(integer)} is outside {dtype}, {limits.min} to {limits.max}")
    # EZKL reads a 64-bit float and then makes an int64 of it.
    if int(float(integer)) != integer or integer >= 1 << 63:
        raise ValueError(f"{integer} is not what EZKL would read: it takes numbers as 64-bit floats")
    return integer


_READERS: dict[str, Callable[[int | float, np.dtype[Any]], float]] = {
    "f": _as_float, "b": _as_bool, "i": _as_integer, "u": _as_integer,
}  # fmt: skip


def _shown(value: int | float) -> str:
    """A number of a file, which may have thousands of digits."""
    return str(value) if isinstance(value, float) or abs(value) < 10**30 else "the integer"


def _index(shape: tuple[int, ...], at: int) -> str:
    return str([int(axis) for axis in np.unravel_index(at, shape)]) if shape else "its only place"


def _shape(shape: tuple[int, ...]) -> str:
    return (
        safe(" x ".join(str(size) for size in shape), limit=60) + " numbers" if shape else "a single number"
    )
