"""Operations on each element of one input (tract `ops/element_wise.rs` and the operations built on it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from msgspec import Struct

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.dim import UnknownForm, holds_open
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import datum_type_of
from auditor.lowering.typed import approximations
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.cast import cast_array

Evaluation = Callable[[np.ndarray], np.ndarray]

_FLOATS = frozenset({"f16", "f32", "f64"})
_SMALL_FLOATS = frozenset({"f16", "f32"})
_SIGNED = frozenset({"i8", "i16", "i32", "i64"})
_INTEGERS = _SIGNED | {"u8", "u16", "u32", "u64"}
_QUANTIZED = frozenset({"i8", "u8", "i32"})
"""Types whose values tract takes through f32, as the quantised types they may stand for."""


class UnaryOp(TypedOp, frozen=True):
    """What all of tract's element-wise operations share.

    Changes of axes pass through them, and one that comes before is moved behind.
    """

    def output_dt(self, dt: str) -> str:
        """Datum type of the output for that of the input."""
        return dt

    def own_declutter(self, graph: Graph, node: Node) -> Patch | None:
        """The rewriting that belongs to this operation alone."""
        return None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(self.output_dt(inputs[0].dt), inputs[0].shape)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(1, 1, inputs[0].rank)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        return Consequence.everywhere(node, None, change)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        previous = graph.single_prec(node)
        if previous is None or not isinstance(previous.op, AxisOp):
            return self.own_declutter(graph, node)
        patch = Patch()
        wire = patch.tap(graph, previous.inputs[0])
        wire = patch.wire_node(node.name, self, [wire])[0]
        wire = patch.wire_node(previous.name, previous.op, [wire])[0]
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch


class ElementWise(UnaryOp, frozen=True, kw_only=True):
    """One of :data:`KINDS`; ``alpha`` is the slope of LeakyRelu."""

    merges_duplicates: ClassVar[bool] = True
    kind: str
    alpha: float = 0.0

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        array = inputs[0]
        if holds_open(array):
            if self.kind != "Neg":
                raise UnknownForm(f"{self.kind} of a size that is not a number yet")
            return [np.negative(array)]
        dt, kind = datum_type_of(array), KINDS[self.kind]
        with np.errstate(all="ignore"):
            if self.kind == "LeakyRelu" and dt in _SMALL_FLOATS:
                return [np.where(array < 0, array * array.dtype.type(self.alpha), array)]
            if dt in kind.types:
                return [np.asarray(kind.evaluate(array), dtype=array.dtype)]
            if dt in kind.through_f32:
                return [cast_array(np.asarray(kind.evaluate(array.astype(np.float32))), dt)]
        raise ShapeMismatch(f"EZKL does not compute {self.kind} of constants of type {dt}")

    def own_declutter(self, graph: Graph, node: Node) -> Patch | None:
        if self.kind != "Recip":
            return None
        previous = graph.single_prec(node)
        if previous is None or not isinstance(previous.op, ElementWise):
            return None
        joined = _RECIPROCALS.get(previous.op.kind)
        if joined is None:
            return None
        patch = Patch()
        wires = patch.wire_node(node.name, ElementWise(kind=joined), [patch.tap(graph, previous.inputs[0])])
        patch.shunt_outside(graph, (node.id, 0), wires[0])
        return patch


class IsNan(UnaryOp, frozen=True, kw_only=True):
    """Whether each element is not a number; tract's name is ``onnx.IsNan``."""

    def output_dt(self, dt: str) -> str:
        return "bool" if dt in _SMALL_FLOATS else dt

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        _check_small_float("IsNaN", inputs[0])
        return [np.isnan(inputs[0])]


class IsInf(UnaryOp, frozen=True, kw_only=True):
    """Whether each element is infinite; tract's name is ``onnx.IsInf``."""

    detect_positive: bool
    detect_negative: bool

    def output_dt(self, dt: str) -> str:
        return "bool" if dt in _SMALL_FLOATS else dt

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        array = inputs[0]
        _check_small_float("IsInf", array)
        positive = np.isposinf(array) & self.detect_positive
        return [positive | (np.isneginf(array) & self.detect_negative)]


def _check_small_float(name: str, array: np.ndarray) -> None:
    dt = datum_type_of(array)
    if dt not in _SMALL_FLOATS:
        raise ShapeMismatch(f"EZKL does not compute {name} of constants of type {dt}")


class Kind(Struct, frozen=True, kw_only=True):
    """How one operation computes: on ``types`` directly, on ``through_f32`` after a detour."""

    evaluate: Evaluation
    types: frozenset[str] = _FLOATS
    through_f32: frozenset[str] = _QUANTIZED


def _in_double(function: Evaluation) -> Evaluation:
    """A transcendental function, rounded once from double precision as a good libm does."""
    return lambda array: np.asarray(function(array.astype(np.float64))).astype(array.dtype)


def _round_half_away(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    return np.asarray(np.copysign(np.floor(np.abs(array) + 0.5), array))


def _whole(function: Evaluation) -> Evaluation:
    return lambda array: function(array) if array.dtype.kind == "f" else array


def _hard_swish(x: np.ndarray) -> np.ndarray:
    kind = x.dtype.type
    gate = np.fmax(kind(0), np.fmin(kind(1), kind(1 / 6) * x + kind(0.5)))
    return np.asarray(x * gate)


def _sign(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0, x, np.copysign(x.dtype.type(1), x))


KINDS: dict[str, Kind] = {
    "Abs": Kind(evaluate=np.abs, types=_FLOATS - {"f64"} | _SIGNED, through_f32=frozenset({"u8"})),
    "Neg": Kind(evaluate=np.negative, types=_FLOATS | _SIGNED, through_f32=frozenset({"u8"})),
    "Sign": Kind(evaluate=_sign),
    "Square": Kind(evaluate=lambda x: x * x),
    "Sqrt": Kind(evaluate=np.sqrt),
    "Rsqrt": Kind(evaluate=lambda x: x.dtype.type(1) / np.sqrt(x)),
    "Recip": Kind(evaluate=lambda x: x.dtype.type(1) / x),
    "Exp": Kind(evaluate=_in_double(np.exp)),
    "Ln": Kind(evaluate=_in_double(np.log)),
    "Sin": Kind(evaluate=_in_double(np.sin)),
    "Cos": Kind(evaluate=_in_double(np.cos)),
    "Tan": Kind(evaluate=_in_double(np.tan)),
    "Asin": Kind(evaluate=_in_double(np.arcsin)),
    "Acos": Kind(evaluate=_in_double(np.arccos)),
    "Atan": Kind(evaluate=_in_double(np.arctan)),
    "Sinh": Kind(evaluate=_in_double(np.sinh)),
    "Cosh": Kind(evaluate=_in_double(np.cosh)),
    "Asinh": Kind(evaluate=_in_double(np.arcsinh)),
    "Acosh": Kind(evaluate=_in_double(np.arccosh)),
    "Atanh": Kind(evaluate=_in_double(np.arctanh)),
    "Tanh": Kind(evaluate=approximations.tanh),
    "Sigmoid": Kind(evaluate=approximations.sigmoid, types=_SMALL_FLOATS),
    "Erf": Kind(evaluate=approximations.erf, types=_SMALL_FLOATS, through_f32=frozenset()),
    "HardSwish": Kind(evaluate=_hard_swish, types=_SMALL_FLOATS, through_f32=frozenset()),
    "LeakyRelu": Kind(evaluate=lambda x: x, types=frozenset(), through_f32=frozenset()),
    "Ceil": Kind(evaluate=_whole(np.ceil), types=_FLOATS | _INTEGERS),
    "Floor": Kind(evaluate=_whole(np.floor), types=_FLOATS | _INTEGERS),
    "Round": Kind(evaluate=_round_half_away, types=_FLOATS | _INTEGERS),
    "RoundHalfToEven": Kind(evaluate=np.rint, types=_SMALL_FLOATS),
    "Not": Kind(evaluate=np.logical_not, types=frozenset({"bool"}), through_f32=frozenset()),
    "BitNot": Kind(evaluate=np.invert, types=_INTEGERS | {"bool"}, through_f32=frozenset()),
}
"""The operations tract makes with `element_wise!`, which it recognises as equal."""

_RECIPROCALS = {"Sqrt": "Rsqrt", "Rsqrt": "Sqrt"}
"""What the reciprocal of an operation's result is."""
