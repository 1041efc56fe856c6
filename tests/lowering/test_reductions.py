"""Reductions, softmax and normalisations: what they compute, before and after rewriting."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from auditor.lowering.declutter import declutter
from auditor.lowering.errors import Unsupported
from auditor.lowering.graph.axis_op import AxisChange, add, change_shape, move, rm
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.plumbing import change_array
from auditor.lowering.typed.reduce import Reduce
from tests.lowering.running import Arrays, assert_computes_what_onnx_says, decluttered, kinds, onnx_model, run

SHAPE = (2, 3, 4)
X = np.random.default_rng(0).uniform(0.5, 2, SHAPE).astype(np.float32)

REDUCERS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip


def check(
    op: str, *names: str, constants: Arrays | None = None, opset: int = 17, x: np.ndarray = X,
    outputs: str = "y", **attributes: object,
) -> None:  # fmt: skip
    node = helper.make_node(op, ["x", *names], outputs.split(), **attributes)
    model = onnx_model([node], {"x": x}, constants or {}, outputs.split(), opset)
    assert_computes_what_onnx_says(model, {"x": x})


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(REDUCERS),
    st.lists(st.integers(0, 2), min_size=1, unique=True),
    st.booleans(),
    st.booleans(),
    st.sampled_from([11, 13, 18]),
)
def test_a_reduction_computes_what_onnx_says(
    op: str, axes: list[int], from_the_back: bool, keep: bool, opset: int
) -> None:
    axes = [axis - 3 for axis in axes] if from_the_back else axes
    as_input = opset >= (13 if op == "ReduceSum" else 18)
    if as_input:
        constants = {"axes": np.array(axes, dtype=np.int64)}
        check(op, "axes", constants=constants, opset=opset, keepdims=int(keep))
    else:
        check(op, opset=opset, axes=axes, keepdims=int(keep))


@pytest.mark.parametrize("noop", [0, 1])
def test_no_axes_are_all_axes_or_none(noop: int) -> None:
    node = helper.make_node("ReduceSum", ["x", "axes"], ["y"], noop_with_empty_axes=noop, keepdims=1)
    model = onnx_model([node], {"x": X}, {"axes": np.array([], dtype=np.int64)}, ["y"], 18)
    graph = decluttered(model)
    assert graph.fact(graph.outputs[0]).shape == (SHAPE if noop else (1, 1, 1))


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("last", [0, 1])
def test_equal_extremes(op: str, last: int) -> None:
    x = np.array([[1, 2, 2, 1], [3, 3, 3, 3]], dtype=np.float32)
    check(op, x=x, axis=-1, keepdims=0, select_last_index=last)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Hardmax"])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
def test_softmax_and_its_relatives(op: str, axis: int | None) -> None:
    attributes: Mapping[str, object] = {} if axis is None else {"axis": axis}
    check(op, opset=13, **attributes)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Hardmax"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_old_softmax_takes_all_axes_from_one_on(op: str, axis: int) -> None:
    def graph(x: np.ndarray, opset: int, at: int) -> Graph:
        return decluttered(
            onnx_model([helper.make_node(op, ["x"], ["y"], axis=at)], {"x": x}, {}, ["y"], opset)
        )

    flat = X.reshape(*SHAPE[:axis], -1)
    old, new = run(graph(X, 11, axis), {"x": X})[0], run(graph(flat, 13, axis), {"x": flat})[0]
    assert np.allclose(old.reshape(flat.shape), new)


def test_global_pools() -> None:
    image = np.random.default_rng(1).uniform(0.5, 2, (1, 2, 3, 4)).astype(np.float32)
    check("GlobalAveragePool", x=image)
    check("GlobalMaxPool", x=image)


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("outputs", ["y", "y mean inverse"])
def test_layer_normalisation(axis: int, outputs: str) -> None:
    tail = SHAPE[axis:]
    constants = {"scale": np.full(tail, 2, np.float32), "bias": np.full(tail, -1, np.float32)}
    check("LayerNormalization", "scale", "bias", constants=constants, outputs=outputs, axis=axis)


def test_batch_normalisation() -> None:
    names = ("scale", "bias", "mean", "variance")
    constants = {name: X[0, :, index] for index, name in enumerate(names)}
    check("BatchNormalization", *names, constants=constants, epsilon=0.1)


def test_instance_normalisation_of_one_instance() -> None:
    # tract averages over the batch, too, so that only a batch of one agrees with ONNX
    constants = {"scale": X[0, :, 0], "bias": X[0, :, 1]}
    check("InstanceNormalization", "scale", "bias", constants=constants, x=X[:1])


@pytest.mark.parametrize(
    ("op", "constants", "attributes"),
    [
        ("ReduceSum", {"axes": np.array([3])}, {}),
        ("ReduceSum", {"axes": np.array([0, 0])}, {}),
        ("ReduceSum", {"axes": np.array([0], dtype=np.int32)}, {}),
        ("InstanceNormalization", {"scale": X[0, :2, 0], "bias": X[0, :, 1]}, {}),
        ("LRN", {}, {"size": 3}),
        ("DFT", {}, {"axis": 1}),
        ("Loop", {}, {}),
    ],
)
def test_what_ezkl_refuses(op: str, constants: Arrays, attributes: Mapping[str, object]) -> None:
    node = helper.make_node(op, ["x", *constants], ["y"], **attributes)
    with pytest.raises((Unsupported, ShapeMismatch)):
        decluttered(onnx_model([node], {"x": X}, constants, ["y"]))


def test_computed_axes_are_refused() -> None:
    node = helper.make_node("ReduceSum", ["x", "axes"], ["y"])
    with pytest.raises(Unsupported, match="axes are computed"):
        decluttered(onnx_model([node], {"x": X, "axes": X[0, 0]}, {}, ["y"]))


# --- rewriting


@pytest.mark.parametrize(
    ("axes", "factor", "expected"),
    [
        ((1, 2), 1 / 12, ["Reduce"]),
        ((2,), 1 / 4, ["Reduce"]),
        ((2,), 0.2501, ["ElementWise", "Reduce", "Binary"]),
    ],
)
def test_a_mean_of_squares_is_recognised(axes: tuple[int, ...], factor: float, expected: list[str]) -> None:
    graph = Graph()
    x = graph.add_source("x", Fact("f32", SHAPE))
    square = graph.wire_node("square", ElementWise(kind="Square"), [x])
    total = graph.wire_node("sum", Reduce(axes=axes, kind="Sum"), square)[0]
    share = graph.add_const("share", Tensor.scalar(np.float32(factor), "f32", 3))
    graph.outputs = graph.wire_node("mean", Binary(kind="Mul"), [total, share])
    declutter(graph)
    assert kinds(graph) == expected


@given(
    st.sampled_from([add(0), add(2), add(3), move(0, 2), move(2, 0), rm(1)]), st.sampled_from([(0,), (0, 2)])
)
def test_a_reduction_follows_its_axes(change: AxisChange, axes: tuple[int, ...]) -> None:
    x = X[:, :1]
    graph = Graph()
    source = graph.add_source("x", Fact("f32", x.shape))
    op = Reduce(axes=axes, kind="Sum")
    outlet = graph.wire_node("sum", op, [source])[0]
    consequence = op.change_axes(graph, graph.nodes[outlet[0]], ("in", 0), change)
    assert consequence is not None
    assert isinstance(consequence.op, Reduce)
    moved = consequence.op.eval([change_array(x, change)])[0]
    assert np.allclose(moved, change_array(op.eval([x])[0], change))
    assert moved.shape == change_shape(change, op.eval([x])[0].shape)


def test_a_reduced_axis_cannot_be_removed() -> None:
    graph = Graph()
    source = graph.add_source("x", Fact("f32", (2, 1)))
    outlet = graph.wire_node("sum", Reduce(axes=(1,), kind="Sum"), [source])[0]
    node = graph.nodes[outlet[0]]
    assert node.op.change_axes(graph, node, ("in", 0), rm(1)) is None
