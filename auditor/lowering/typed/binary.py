"""Operations on two inputs of the same rank, element by element (tract `ops/binary.rs`, `ops/math`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import ClassVar

import numpy as np
from msgspec import Struct

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.dim import UnknownForm, holds_open
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch, broadcast_shapes
from auditor.lowering.graph.tensor import Tensor, datum_type_of
from auditor.lowering.typed.broadcast import MultiBroadcastTo
from auditor.lowering.typed.cast import cast_array
from auditor.lowering.typed.element_wise import ElementWise

Evaluation = Callable[[np.ndarray, np.ndarray], np.ndarray]

_FLOATS = ("f16", "f32", "f64")
_SIGNED = ("i8", "i16", "i32", "i64")
_UNSIGNED = ("u8", "u16", "u32", "u64")
_INTEGERS = frozenset(_SIGNED + _UNSIGNED)
_NUMBERS = _INTEGERS | set(_FLOATS)


class Kind(Struct, frozen=True, kw_only=True):
    """What tract knows about one operation: how it folds, on which types, and what leaves it unchanged."""

    evaluate: Evaluation
    types: frozenset[str] = _NUMBERS
    commutative: bool = True
    neutral: int | None = None


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype.kind == "f":
        return np.asarray(np.divide(a, b))
    _refuse_zero(b)
    return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)))


def _remainder(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype.kind != "f":
        _refuse_zero(b)
    return np.asarray(np.fmod(a, b))


def _refuse_zero(b: np.ndarray) -> None:
    if (b == 0).any():
        raise ShapeMismatch("a constant integer is divided by zero")


def _power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype.kind == "f":
        return np.asarray(np.power(a.astype(np.float64), b.astype(np.float64))).astype(a.dtype)
    return np.asarray(np.power(a, b.astype(np.uint32).astype(a.dtype)))


def _of_open_sizes(kind: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if kind not in ("Add", "Sub", "Mul", "Div"):
        raise UnknownForm(f"{kind} of sizes that are not numbers yet")
    evaluate = np.floor_divide if kind == "Div" else KINDS[kind].evaluate
    return np.asarray(evaluate(a.astype(np.object_), b.astype(np.object_)))


KINDS: dict[str, Kind] = {
    "Add": Kind(evaluate=np.add, neutral=0),
    "Sub": Kind(evaluate=np.subtract, commutative=False, neutral=0),
    "Mul": Kind(evaluate=np.multiply, neutral=1),
    "Div": Kind(evaluate=_divide, commutative=False, neutral=1),
    "Rem": Kind(evaluate=_remainder),
    "Min": Kind(evaluate=np.fmin),
    "Max": Kind(evaluate=np.fmax),
    "Pow": Kind(evaluate=_power, types=frozenset({*_FLOATS, "i32", "i64"}), commutative=False, neutral=1),
    "ShiftLeft": Kind(evaluate=np.left_shift, types=_INTEGERS, commutative=False),
    "ShiftRight": Kind(evaluate=np.right_shift, types=_INTEGERS, commutative=False),
    "And": Kind(evaluate=np.logical_and, types=_INTEGERS | {"bool"}),
    "Or": Kind(evaluate=np.logical_or, types=_INTEGERS | {"bool"}),
    "Xor": Kind(evaluate=np.bitwise_xor, types=frozenset({"bool"})),
    "BitAnd": Kind(evaluate=np.bitwise_and, types=_INTEGERS | {"bool"}),
    "BitOr": Kind(evaluate=np.bitwise_or, types=_INTEGERS | {"bool"}),
    "BitXor": Kind(evaluate=np.bitwise_xor, types=_INTEGERS | {"bool"}),
}


class BroadcastOp(TypedOp, frozen=True):
    """What operations of inputs of one rank, with sizes of one broadcast, share."""

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(len(inputs), len(outputs), inputs[0].rank)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        if change.kind == "rm":
            facts = graph.input_facts(node) + graph.output_facts(node)
            if any(fact.shape[change.at] != 1 for fact in facts):
                return None
        return Consequence.everywhere(node, None, change)

    def slice(
        self, patch: Patch, graph: Graph, node: Node, prefix: str, inputs: list[Outlet], axis: int,
        start: int, end: int,
    ) -> list[Outlet] | None:  # fmt: skip
        return patch.wire_node(prefix, self, inputs)


class Binary(BroadcastOp, frozen=True, kw_only=True):
    """One of :data:`KINDS` on inputs of one rank, with sizes of one broadcast."""

    merges_duplicates: ClassVar[bool] = True
    kind: str

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        a, b = inputs
        if a.rank != b.rank:
            raise ShapeMismatch(f"{self.kind} of ranks {a.rank} and {b.rank}")
        return [Fact(common_type(a.dt, b.dt), broadcast_shapes([a.shape, b.shape]))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        a, b = inputs
        kind = KINDS[self.kind]
        if holds_open(a) or holds_open(b):
            return [_of_open_sizes(self.kind, a, b)]
        if a.dtype != b.dtype or datum_type_of(a) not in kind.types:
            raise ShapeMismatch(f"EZKL does not compute {self.kind} of constants of {a.dtype} and {b.dtype}")
        with np.errstate(all="ignore"):
            return [np.asarray(kind.evaluate(a, b)).astype(a.dtype, copy=False)]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        kind = KINDS[self.kind]
        uniform = uniform_operand(graph, node)
        if uniform is not None and _is_neutral(kind, uniform):
            return Patch.rewire(graph, [uniform.variable], [(node.id, 0)], lambda _, wires: wires)
        a, b = graph.input_facts(node)
        if a.volume < b.volume and kind.commutative:
            return Patch.replace_single_op(graph, node, node.inputs[::-1], self)
        rule = _RULES.get(self.kind)
        return None if rule is None else rule(graph, node)


# --- operands that repeat one value


class UniformOperand(Struct, frozen=True, kw_only=True):
    """The scalar one input repeats, the other input, and whether the scalar is on the left."""

    scalar: Tensor
    variable: Outlet
    on_left: bool


def uniform_operand(graph: Graph, node: Node) -> UniformOperand | None:
    """The first input that repeats one value, unless it widens the other (`one_input_is_uniform`)."""
    a, b = graph.input_facts(node)
    if a.uniform is not None:
        found = UniformOperand(scalar=a.uniform, variable=node.inputs[1], on_left=True)
        uniform, variable = a, b
    elif b.uniform is not None:
        found = UniformOperand(scalar=b.uniform, variable=node.inputs[0], on_left=False)
        uniform, variable = b, a
    else:
        return None
    fits = all(u in (1, v) for u, v in zip(uniform.shape, variable.shape, strict=True))
    return found if fits else None


def _is_neutral(kind: Kind, uniform: UniformOperand) -> bool:
    if kind.neutral is None or (uniform.on_left and not kind.commutative):
        return False
    return uniform.scalar.dt != "string" and as_f32(uniform.scalar) == kind.neutral


def as_f32(scalar: Tensor) -> float:
    """A scalar as tract compares it."""
    return float(cast_array(scalar.array, "f32"))


def _power_of_two(scalar: Tensor) -> int | None:
    """The exponent of an integer constant with a single bit set."""
    if scalar.dt not in _INTEGERS:
        return None
    bits = int(cast_array(scalar.array, "i64")) % 2**64
    return bits.bit_length() - 1 if bits.bit_count() == 1 else None


# --- rules of single operations (tract `ops/math/mod.rs`)


def _declutter_mul(graph: Graph, node: Node) -> Patch | None:
    if node.inputs[0] == node.inputs[1]:
        return Patch.single_unary_op(graph, node, ElementWise(kind="Square"))
    uniform = uniform_operand(graph, node)
    if uniform is None:
        return None
    if not uniform.scalar.array.astype(np.float64):
        return _zero_instead(graph, node, uniform.scalar)
    exponent = _power_of_two(uniform.scalar)
    if exponent is None:
        return None
    return _shift_instead(graph, node, uniform.variable, "ShiftLeft", exponent, uniform.scalar.dt)


def _declutter_div(graph: Graph, node: Node) -> Patch | None:
    divisor = graph.fact(node.inputs[1])
    if divisor.uniform is not None:
        exponent = _power_of_two(divisor.uniform)
        if exponent is not None:
            return _shift_instead(graph, node, node.inputs[0], "ShiftRight", exponent, divisor.dt)
    if divisor.dt not in _FLOATS:
        return None
    patch = Patch()
    left, right = patch.taps(graph, node.inputs)
    inverse = patch.wire_node(f"{node.name}-recip", ElementWise(kind="Recip"), [right])[0]
    product = patch.wire_node(node.name, Binary(kind="Mul"), [left, inverse])[0]
    patch.shunt_outside(graph, (node.id, 0), product)
    return patch


def _declutter_pow(graph: Graph, node: Node) -> Patch | None:
    exponent = graph.fact(node.inputs[1]).uniform
    if exponent is None:
        return None
    kind = {2.0: "Square", 0.5: "Sqrt"}.get(as_f32(exponent))
    return None if kind is None else Patch.single_unary_op(graph, node, ElementWise(kind=kind))


_RULES: dict[str, Callable[[Graph, Node], Patch | None]] = {
    "Mul": _declutter_mul,
    "Div": _declutter_div,
    "Pow": _declutter_pow,
}


def _zero_instead(graph: Graph, node: Node, zero: Tensor) -> Patch:
    shape = broadcast_shapes([fact.shape for fact in graph.input_facts(node)])
    patch = Patch()
    scalar = patch.add_const(f"{node.name}.zero", zero)
    wire = patch.wire_node(node.name, MultiBroadcastTo(shape=shape), [scalar])[0]
    patch.shunt_outside(graph, (node.id, 0), wire)
    return patch


def _shift_instead(graph: Graph, node: Node, shifted: Outlet, kind: str, bits: int, dt: str) -> Patch:
    patch = Patch()
    wire = patch.tap(graph, shifted)
    amount = patch.add_const(f"{node.name}.shift", Tensor.scalar(bits, dt, graph.fact(shifted).rank))
    result = patch.wire_node(node.name, Binary(kind=kind), [wire, amount])[0]
    patch.shunt_outside(graph, (node.id, 0), result)
    return patch


# --- common types


def common_type(a: str, b: str) -> str:
    """The smallest type that holds two of one family (tract `DatumType::common_super_type`).

    Raises:
        ShapeMismatch: they are of different families.
    """
    theirs = _super_types(b)
    for mine in _super_types(a):
        if mine in theirs:
            return mine
    raise ShapeMismatch(f"there is no common type of {a} and {b}")


def super_type(types: Sequence[str]) -> str:
    """The common type of several (tract `DatumType::super_type_for`).

    Raises:
        ShapeMismatch: there is none.
    """
    return reduce(common_type, types)


def _super_types(dt: str) -> tuple[str, ...]:
    for family in (_FLOATS, (*_SIGNED, "tdim"), _UNSIGNED):
        if dt in family:
            return family[family.index(dt) :]
    return (dt,)
