"""tract's rational approximations, for constants that pass through them (tract `linalg/src/generic`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SIGMOID_LIMIT = 18.6
_SIGMOID_ABOVE = (
    -4.433153405e-18, 1.169974371e-14, -1.875289645e-11, 4.257889523e-8, 0.00004811817576, 0.008163842030,
    0.2499999971,
)  # fmt: skip
_SIGMOID_BELOW = (3.922935744e-6, 0.001524872358, 0.1159886749, 1.0)

_TANH_LIMIT = 8.9
_TANH_ABOVE = (
    -8.488492677e-14, 5.277853000e-11, -2.022500419e-8, 0.00001115424833, 0.003103950131, 0.1308400453,
    0.9999999934,
)  # fmt: skip
_TANH_BELOW = (0.0002546136580, 0.02449515379, 0.4641733162, 1.0)

_ERF = (0.0000430638, 0.0002765672, 0.0001520143, 0.0092705272, 0.0422820123, 0.0705230784, 1.0)
_ERF_POWER = 16


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function (`sigmoid.rs`), computed in f32."""
    clipped = np.clip(x.astype(np.float32), np.float32(-_SIGMOID_LIMIT), np.float32(_SIGMOID_LIMIT))
    odd = _rational(clipped, _SIGMOID_ABOVE, _SIGMOID_BELOW)
    return np.asarray(odd + np.float32(0.5)).astype(x.dtype)


def tanh(x: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent (`tanh.rs`), computed in f32; doubles go through libm."""
    if x.dtype == np.float64:
        return np.asarray(np.tanh(x))
    clipped = np.clip(x.astype(np.float32), np.float32(-_TANH_LIMIT), np.float32(_TANH_LIMIT))
    return _rational(clipped, _TANH_ABOVE, _TANH_BELOW).astype(x.dtype)


def erf(x: np.ndarray) -> np.ndarray:
    """The error function (`erf.rs`), computed in f32."""
    single = x.astype(np.float32)
    series = _horner(np.abs(single), _ERF)
    with np.errstate(over="ignore"):
        tail = np.float32(1) / series**_ERF_POWER
    return np.asarray(np.copysign(np.float32(1) - tail, single)).astype(x.dtype)


def _rational(x: np.ndarray, above: Sequence[float], below: Sequence[float]) -> np.ndarray:
    square = x * x
    return np.asarray(_horner(square, above) * x / _horner(square, below))


def _horner(x: np.ndarray, coefficients: Sequence[float]) -> np.ndarray:
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = x * result + x.dtype.type(coefficient)
    return result
