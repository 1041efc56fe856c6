"""Element-wise operations: what they compute, before and after rewriting, and what tract makes of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from auditor.lowering.declutter import declutter
from auditor.lowering.errors import Unsupported
from auditor.lowering.graph.axis_op import AxisChange, add, move
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed import approximations
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.binary import Binary, common_type, super_type
from auditor.lowering.typed.cast import Cast, cast_array
from auditor.lowering.typed.comparison import Comp
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.plumbing import Const
from auditor.lowering.typed.quant import DequantizeLinearF32, QuantizeLinearU8
from tests.lowering.running import Arrays, assert_computes_what_onnx_says, decluttered, kinds, onnx_model

X = np.array([[-2.5, -1.0, -0.3], [0.2, 0.5, 3.5]], dtype=np.float32)
POSITIVE = np.abs(X)
SMALL = X / 4

UNARY = {
    "Abs": X, "Neg": X, "Exp": X, "Log": POSITIVE, "Sqrt": POSITIVE, "Reciprocal": X, "Sin": X, "Cos": X,
    "Tan": X, "Asin": SMALL, "Acos": SMALL, "Atan": X, "Sinh": X, "Cosh": X, "Tanh": X, "Asinh": X,
    "Acosh": POSITIVE + 1, "Atanh": SMALL, "Erf": X, "Sigmoid": X, "HardSwish": X, "Sign": X, "Ceil": X,
    "Floor": X, "Round": X, "Relu": X, "LeakyRelu": X, "Elu": X, "Celu": X, "Selu": X, "Softplus": X,
    "Softsign": X, "HardSigmoid": X, "ThresholdedRelu": X, "Shrink": X, "IsNaN": X, "IsInf": X,
}  # fmt: skip


def check(op: str, x: np.ndarray, *constants: np.ndarray, opset: int = 17, **attributes: object) -> None:
    names = [f"c{slot}" for slot in range(len(constants))]
    node = helper.make_node(op, ["x", *names], ["y"], **attributes)
    model = onnx_model([node], {"x": x}, dict(zip(names, constants, strict=True)), ["y"], opset)
    assert_computes_what_onnx_says(model, {"x": x})


@pytest.mark.parametrize("op", UNARY)
def test_operators_of_one_input_compute_what_onnx_says(op: str) -> None:
    check(op, UNARY[op])


SIZES = st.sampled_from([(), (1,), (3,), (1, 3), (2, 1), (2, 3), (4, 1, 1)])
VALUES = st.sampled_from([0.5, 1.0, 2.0, 4.0])


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Mean"]), SIZES, VALUES)
def test_operators_of_two_inputs_broadcast_as_onnx_says(op: str, size: tuple[int, ...], value: float) -> None:
    # tract divides a mean by a constant of the rank of its first input, and a wide power becomes a square
    assume(len(size) <= X.ndim or op not in ("Mean", "Pow"))
    check(op, POSITIVE, np.full(size, value, dtype=np.float32))


@pytest.mark.parametrize("divisor", [1.5, -1.5])
def test_remainders_of_floats_have_the_sign_of_the_dividend(divisor: float) -> None:
    check("Mod", X, np.full((1, 1), divisor, np.float32), fmod=1)


@pytest.mark.parametrize("divisor", [2, -2])
def test_remainders_of_integers_have_the_sign_of_the_divisor(divisor: int) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT32),
        helper.make_node("Mod", ["i", "d"], ["m"]),
        helper.make_node("Cast", ["m"], ["y"], to=TensorProto.FLOAT),
    ]
    constants = {"d": np.full((1, 1), divisor, np.int32)}
    assert_computes_what_onnx_says(onnx_model(nodes, {"x": X}, constants, ["y"]), {"x": X})


@pytest.mark.parametrize("op", ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"])
def test_choices_follow_comparisons(op: str) -> None:
    nodes = [helper.make_node(op, ["x", "c"], ["t"]), helper.make_node("Where", ["t", "x", "z"], ["y"])]
    constants = {"c": np.array([0.2, 0.5, 0.2], np.float32), "z": np.zeros((1,), np.float32)}
    assert_computes_what_onnx_says(onnx_model(nodes, {"x": X}, constants, ["y"]), {"x": X})


def test_clip_and_prelu_take_constants() -> None:
    check("Clip", X, np.float32(-1).reshape(()), np.float32(1).reshape(()))
    check("Clip", X, opset=10, min=-1.0, max=1.0)
    check("PRelu", X, np.array([0.1, 0.2, 0.3], dtype=np.float32))


def test_quantised_values_come_back() -> None:
    scale, zero = np.float32(0.05).reshape(()), np.uint8(100).reshape(())
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    model = onnx_model(nodes, {"x": X}, {"s": scale, "z": zero}, ["y"], 19)
    assert_computes_what_onnx_says(model, {"x": X})


# --- what rewriting leaves


class Sketch:
    """A typed graph in the making, with one input ``x`` of shape (2, 3)."""

    def __init__(self, dt: str = "f32") -> None:
        self.graph = Graph()
        self.dt = dt
        self.x = self.graph.add_source("x", Fact(dt, (2, 3)))

    def const(self, value: float, shape: tuple[int, ...] = (1, 1)) -> Outlet:
        return self.graph.add_const(
            f"c{len(self.graph.nodes)}",
            Tensor.of(np.full(shape, value, Tensor.scalar(0, self.dt).array.dtype), self.dt),
        )

    def wire(self, op: TypedOp, *inputs: Outlet) -> Outlet:
        outlet = self.graph.wire_node(f"n{len(self.graph.nodes)}", op, inputs)[0]
        self.graph.outputs = [outlet]
        return outlet

    def left(self) -> list[str]:
        """The kinds of operations that rewriting leaves, in order."""
        declutter(self.graph)
        ops = [self.graph.nodes[node_id].op for node_id in self.graph.eval_order()]
        names = [str(getattr(op, "kind", type(op).__name__)) for op in ops]
        return [name for name in names if name not in ("Source", "Const")]


@pytest.mark.parametrize(
    ("kind", "dt", "value", "constant_first", "left"),
    [
        ("Add", "f32", 0, False, []),
        ("Add", "f32", 0, True, []),
        ("Sub", "f32", 0, False, []),
        ("Sub", "f32", 0, True, ["Sub"]),
        ("Mul", "f32", 1, True, []),
        ("Div", "f32", 1, True, ["Recip"]),
        ("Pow", "f32", 1, False, []),
        ("Pow", "f32", 2, False, ["Square"]),
        ("Pow", "f32", 0.5, False, ["Sqrt"]),
        ("Pow", "f32", 3, False, ["Pow"]),
        ("Mul", "f32", 0, False, []),
        ("Mul", "f32", 4, False, ["Mul"]),
        ("Mul", "i64", 4, True, ["ShiftLeft"]),
        ("Mul", "i64", 6, False, ["Mul"]),
        ("Mul", "tdim", 4, False, ["Mul"]),
        ("Div", "i32", 8, False, ["ShiftRight"]),
        ("Div", "i32", 6, False, ["Div"]),
        ("Div", "f32", 4, False, ["Mul"]),
        ("Max", "f32", 0, True, ["Max"]),
    ],
)
def test_constants_simplify(kind: str, dt: str, value: float, constant_first: bool, left: list[str]) -> None:
    sketch = Sketch(dt)
    inputs = [sketch.x, sketch.const(value)]
    sketch.wire(Binary(kind=kind), *(inputs[::-1] if constant_first else inputs))
    assert sketch.left() == left


def test_a_product_with_itself_is_a_square() -> None:
    sketch = Sketch()
    sketch.wire(Binary(kind="Mul"), sketch.x, sketch.x)
    assert sketch.left() == ["Square"]


def test_the_smaller_operand_of_a_commutative_operation_comes_second() -> None:
    sketch = Sketch()
    sketch.wire(Binary(kind="Add"), sketch.const(3), sketch.x)
    assert sketch.left() == ["Add"]
    node = sketch.graph.nodes[sketch.graph.outputs[0][0]]
    assert isinstance(sketch.graph.nodes[node.inputs[1][0]].op, Const)


def test_reciprocals_of_roots_are_joined() -> None:
    sketch = Sketch()
    wire = sketch.wire(ElementWise(kind="Sqrt"), sketch.x)
    sketch.wire(ElementWise(kind="Recip"), wire)
    assert sketch.left() == ["Rsqrt"]


@pytest.mark.parametrize("change", [add(0), move(0, 1)])
def test_changes_of_axes_move_behind_unary_operations(change: AxisChange) -> None:
    sketch = Sketch()
    wire = sketch.wire(AxisOp(change), sketch.x)
    last = sketch.wire(ElementWise(kind="Exp"), wire)
    patch = ElementWise(kind="Exp").declutter(sketch.graph, sketch.graph.nodes[last[0]])
    assert patch is not None
    patch.apply(sketch.graph)
    moved = sketch.graph.nodes[sketch.graph.outputs[0][0]]
    assert moved.op == AxisOp(change)
    assert sketch.graph.nodes[moved.inputs[0][0]].op == ElementWise(kind="Exp")


def test_equal_comparisons_are_not_merged_but_equal_sums_are() -> None:
    for op, count in ((Binary(kind="Max"), 1), (Comp(kind=">"), 2)):
        sketch = Sketch()
        zero = sketch.const(0)
        results = [sketch.wire(op, sketch.x, zero) for _ in range(2)]
        kind = "And" if isinstance(op, Comp) else "Add"
        sketch.wire(Binary(kind=kind), *results)
        assert sketch.left().count(op.kind) == count


def test_a_chain_between_quantisations_becomes_a_table() -> None:
    sketch = Sketch("u8")
    wire = sketch.wire(DequantizeLinearF32(scale=0.5, zero_point=3), sketch.x)
    wire = sketch.wire(ElementWise(kind="Exp"), wire)
    sketch.wire(QuantizeLinearU8(scale=2.0, zero_point=3), wire)
    assert sketch.left() == ["LookupTable"]


def test_a_cast_to_the_type_it_has_goes() -> None:
    sketch = Sketch()
    wire = sketch.wire(Cast(to="f32"), sketch.x)
    sketch.wire(ElementWise(kind="Exp"), wire)
    assert sketch.left() == ["Exp"]


# --- types


def test_common_types_stay_in_their_family() -> None:
    assert common_type("i32", "tdim") == "tdim"
    assert common_type("f16", "f64") == "f64"
    assert super_type(["u8", "u32", "u16"]) == "u32"
    for pair in (("i32", "f32"), ("u8", "i8"), ("bool", "i64")):
        with pytest.raises(ShapeMismatch):
            common_type(*pair)


def test_casts_saturate_floats_and_wrap_integers() -> None:
    assert cast_array(np.array([300.7, -4.2, np.nan], np.float32), "u8").tolist() == [255, 0, 0]
    assert cast_array(np.array([300]), "u8").tolist() == [44]
    assert cast_array(np.array([2**63 - 1]), "tdim").tolist() == [-1]
    assert cast_array(np.array([0.0, -0.5]), "bool").tolist() == [False, True]


@given(st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=20))
def test_approximations_are_close(values: list[float]) -> None:
    x = np.array(values, dtype=np.float32)
    wide = x.astype(np.float64)
    assert np.allclose(approximations.tanh(x), np.tanh(wide), atol=1e-6)
    assert np.allclose(approximations.sigmoid(x), 1 / (1 + np.exp(-wide)), atol=1e-6)
    assert np.allclose(approximations.erf(x), [math.erf(v) for v in wide], atol=1e-6)


INTEGERS = np.array([[1, 2, 3]], dtype=np.int64)


@pytest.mark.parametrize(
    ("op", "constants", "attributes"),
    [
        ("Add", {"c": INTEGERS}, {}),  # tract joins no integers and floats
        ("Where", {"c": X, "d": X}, {}),  # a condition must be bool
        ("PRelu", {"c": np.ones((2, 2, 3), np.float32)}, {}),  # a slope may not widen its input
        ("Pow", {"c": np.ones((1,), np.float64)}, {}),  # the output must have the type of the base
        ("Pow", {"c": np.full((4, 1, 1), 2, np.float32)}, {}),  # tract squares only what keeps its shape
        ("Mean", {"c": np.ones((4, 1, 1), np.float32)}, {}),  # the count has the rank of the first input
        ("Clip", {"c": np.float64(1).reshape(())}, {}),
        ("QuantizeLinear", {"c": np.float32(1).reshape(()), "d": np.int32(0).reshape(())}, {}),
        ("Cast", {}, {"to": TensorProto.BFLOAT16}),
        ("Relu", {"c": X}, {}),
        ("Gelu", {}, {}),
    ],
)
def test_what_tract_refuses_is_refused(op: str, constants: Arrays, attributes: dict[str, object]) -> None:
    node = helper.make_node(op, ["x", *constants], ["y"], **attributes)
    with pytest.raises((Unsupported, ShapeMismatch)):
        decluttered(onnx_model([node], {"x": X}, constants, ["y"], 20))


def test_a_mean_multiplies_by_the_inverse_of_its_count() -> None:
    node = helper.make_node("Mean", ["x", "c"], ["y"])
    graph = decluttered(onnx_model([node], {"x": X}, {"c": X}, ["y"]))
    assert kinds(graph) == ["Binary", "Binary"]
    assert [node.op.kind for node in graph.nodes if isinstance(node.op, Binary)] == ["Add", "Mul"]
