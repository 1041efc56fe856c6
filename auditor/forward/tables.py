"""The functions EZKL tabulates (tensor/ops.rs ``nonlinearities``), to the last digit.

EZKL computes them with the C library's functions. numpy's own are faster and differ in the last bits, so
wherever these could change the rounded result it is computed again, one number at a time, with the C
library's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from auditor.forward.errors import Unmodelled
from auditor.forward.numbers import rounded

Scalar = Callable[[float], float]
Vector = Callable[[np.ndarray], np.ndarray]


def tabulated(function: str, parameters: Sequence[float], values: np.ndarray) -> np.ndarray:
    """The table's entries for ``values``; raises Overflow for one beyond int64."""
    if function == "IsOdd":
        return (values & 1).astype(np.int64)
    scale = parameters[0]
    with np.errstate(all="ignore"):
        if function == "Div":
            return rounded(values.astype(np.float64) / scale)
        if function == "PowersOfTwo":
            return rounded(scale * np.ldexp(1.0, np.clip(values, -4000, 4000).astype(np.int32)))
        if function == "HardSwish":
            return rounded(_hard_swish(values.astype(np.float64) / scale) * scale)
        if function == "Sigmoid":
            return _rounded_exactly(
                values, scale, lambda x: scale / (1.0 + np.exp(-x)), lambda x: scale / (1.0 + _exp(-x))
            )
        vector, scalar = _function(function, parameters)
        return _rounded_exactly(values, scale, lambda x: scale * vector(x), lambda x: scale * scalar(x))


def _function(name: str, parameters: Sequence[float]) -> tuple[Vector, Scalar]:
    if name == "Exp":
        base = parameters[1]
        return lambda x: np.power(base, x), lambda x: _pow(base, x)
    if name == "Pow":
        exponent = parameters[1]
        return lambda x: np.power(x, exponent), lambda x: _pow(x, exponent)
    if name not in _FUNCTIONS:
        raise Unmodelled(f"no table for {name}")
    return _FUNCTIONS[name]


def _rounded_exactly(values: np.ndarray, scale: float, fast: Vector, exact: Scalar) -> np.ndarray:
    """``round(function(values / scale))``, where ``fast`` is near enough except next to a half."""
    numbers = values.astype(np.float64) / scale
    results = np.asarray(fast(numbers))
    from_half = np.abs(np.abs(results - np.trunc(results)) - 0.5)
    doubtful = from_half <= 1e-9 + np.abs(results) * 2.0**-46
    if doubtful.any():
        inputs, where = np.unique(numbers[doubtful], return_inverse=True)
        again = np.array([exact(float(number)) for number in inputs])
        results[doubtful] = again[where.reshape(-1)]
    return rounded(results)


def _hard_swish(numbers: np.ndarray) -> np.ndarray:
    middle = numbers * (numbers + 3.0) / 6.0
    return np.where(numbers <= -3.0, 0.0, np.where(numbers >= 3.0, numbers, middle))


# --- Rust's f64 methods, one number at a time ----------------------------------------------------


def _safe(function: Scalar) -> Scalar:
    """Without Python's errors: what overflows is infinite, what is undefined is NaN."""

    def call(number: float) -> float:
        try:
            return function(number)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return call


_exp = _safe(math.exp)


def _pow(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _asinh(number: float) -> float:
    magnitude = abs(number)
    if magnitude == 0:
        return number
    inverse = 1.0 / magnitude
    result = math.log1p(magnitude + magnitude / (math.hypot(1.0, inverse) + inverse))
    return math.copysign(result, number)


def _acosh(number: float) -> float:
    if number < 1.0:
        return math.nan
    return math.log(number + math.sqrt(number - 1.0) * math.sqrt(number + 1.0))


def _atanh(number: float) -> float:
    return 0.5 * math.log1p(2.0 * number / (1.0 - number))


# --- the error function, as EZKL approximates it -------------------------------------------------

_ERF = (
    -1.3026537197817094,
    6.419_697_923_564_902e-1,
    1.9476473204185836e-2,
    -9.561_514_786_808_63e-3,
    -9.46595344482036e-4,
    3.66839497852761e-4,
    4.2523324806907e-5,
    -2.0278578112534e-5,
    -1.624290004647e-6,
    1.303655835580e-6,
    1.5626441722e-8,
    -8.5238095915e-8,
    6.529054439e-9,
    5.059343495e-9,
    -9.91364156e-10,
    -2.27365122e-10,
    9.6467911e-11,
    2.394038e-12,
    -6.886027e-12,
    8.94487e-13,
    3.13092e-13,
    -1.12708e-13,
    3.81e-16,
    7.106e-15,
    -1.523e-15,
    -9.4e-17,
    1.21e-16,
    -2.8e-17,
)


def _erfc_exponent(magnitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The factor and the exponent of the complement (tensor/ops.rs ``erfccheb``)."""
    factor = 2.0 / (2.0 + magnitude)
    argument = 4.0 * factor - 2.0
    current = np.zeros_like(magnitude)
    previous = np.zeros_like(magnitude)
    for coefficient in _ERF[-2:0:-1]:
        current, previous = argument * current - previous + coefficient, current
    return factor, -(magnitude * magnitude) + 0.5 * (_ERF[0] + argument * current) - previous


def _erf(numbers: np.ndarray) -> np.ndarray:
    factor, exponent = _erfc_exponent(np.abs(numbers))
    complement = factor * np.exp(exponent)
    return np.asarray(np.where(numbers >= 0.0, 1.0 - complement, complement - 1.0))


def _erf_one(number: float) -> float:
    factor, exponent = _erfc_exponent(np.array(abs(number)))
    complement = float(factor) * _exp(float(exponent))
    return 1.0 - complement if number >= 0.0 else complement - 1.0


_FUNCTIONS: dict[str, tuple[Vector, Scalar]] = {
    "Ln": (np.log, _safe(math.log)),
    "Cos": (np.cos, _safe(math.cos)),
    "ACos": (np.arccos, _safe(math.acos)),
    "Cosh": (np.cosh, _safe(math.cosh)),
    "ACosh": (np.arccosh, _acosh),
    "Sin": (np.sin, _safe(math.sin)),
    "ASin": (np.arcsin, _safe(math.asin)),
    "Sinh": (np.sinh, _safe(math.sinh)),
    "ASinh": (np.arcsinh, _asinh),
    "Tan": (np.tan, _safe(math.tan)),
    "ATan": (np.arctan, _safe(math.atan)),
    "Tanh": (np.tanh, _safe(math.tanh)),
    "ATanh": (np.arctanh, _safe(_atanh)),
    "Erf": (_erf, _erf_one),
}
