"""Matrix products, convolutions and pools: what they compute, and how tract rewrites them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, NodeProto, helper

from auditor.lowering.errors import Unmodelled, Unsupported
from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.translate.operators.einsum import resolve_ellipsis
from auditor.lowering.typed.conv import Conv
from auditor.lowering.typed.deconv import Deconv
from auditor.lowering.typed.downsample import Downsample
from auditor.lowering.typed.einsum import EinSum
from auditor.lowering.typed.padding_spec import PaddingSpec
from auditor.lowering.typed.pool import MaxPool, SumPool
from auditor.lowering.typed.pool_spec import NCHW, PoolSpec
from tests.lowering.running import (
    assert_computes_what_onnx_says,
    decluttered,
    kinds,
    onnx_model,
    run,
    translated,
)

SIZES = st.integers(1, 3)


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def node(op_type: str, inputs: Sequence[str], output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(op_type, inputs, [output], name=output, **attributes)


def model(nodes: Sequence[NodeProto], shape: Sequence[int], **constants: np.ndarray) -> ModelProto:
    return onnx_model(nodes, {"x": numbers(*shape)}, constants, [nodes[-1].output[0]])


def the_op(proto: ModelProto, kind: type[TypedOp]) -> Any:
    """The one operation of a kind that is left after rewriting."""
    found = [n.op for n in decluttered(proto).nodes if isinstance(n.op, kind)]
    assert len(found) == 1
    return found[0]


# --- geometry


@given(SIZES, SIZES, SIZES, st.integers(1, 12), st.integers(0, 2), st.integers(0, 2))
def test_padding_counts_the_windows_that_fit(
    kernel: int, dilation: int, stride: int, size: int, before: int, after: int
) -> None:
    field = (kernel - 1) * dilation + 1
    length = size + before + after
    fitting = [start for start in range(0, length, stride) if start + field <= length]
    spec = PaddingSpec(kind="Explicit", before=(before,), after=(after,))
    (dim,) = spec.compute((size,), (kernel,), (dilation,), (stride,))
    assert dim.convoluted == max(len(fitting), 1)  # tract lets a window that is too wide count as one


@given(SIZES, SIZES, SIZES, st.integers(1, 12), st.sampled_from(["SameUpper", "SameLower"]))
def test_same_padding_divides_the_size_by_the_stride(
    kernel: int, dilation: int, stride: int, size: int, kind: str
) -> None:
    (dim,) = PaddingSpec(kind=kind).compute((size,), (kernel,), (dilation,), (stride,))
    assert dim.convoluted == -(-size // stride)
    larger, smaller = dim.pad_before, dim.pad_after
    assert (larger - smaller if kind == "SameLower" else smaller - larger) in (0, 1)


@given(SIZES, SIZES, st.integers(3, 12), st.integers(0, 1), st.integers(0, 1), st.booleans())
def test_a_plainer_padding_has_the_same_effect(
    kernel: int, stride: int, size: int, before: int, after: int, ceil_mode: bool
) -> None:
    onnx_rule = PaddingSpec(kind="ExplicitOnnxPool", before=(before,), after=(after,), ceil_mode=ceil_mode)
    spec = PoolSpec(
        data_format=NCHW,
        kernel_shape=(kernel,),
        padding=onnx_rule,
        dilations=None,
        strides=(stride,),
        input_channels=1,
        output_channels=1,
    )
    plainer = spec.decluttered((1, 1, size))
    if plainer is None:
        assert ceil_mode  # without rounding up, explicit padding always does
    else:
        assert plainer.padding.kind != "ExplicitOnnxPool"
        assert plainer.computed_padding((size,)) == spec.computed_padding((size,))


# --- rewriting keeps what is computed


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_rewritten_convolutions_compute_the_same(data: st.DataObject) -> None:
    draw = data.draw
    groups = draw(st.sampled_from([1, 1, 2]))
    kernel = draw(st.tuples(SIZES, SIZES))
    attributes = {
        "strides": draw(st.tuples(SIZES, SIZES)),
        "dilations": draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        "pads": draw(st.sampled_from([(0, 0, 0, 0), (1, 0, 0, 1), (1, 1, 1, 1)])),
        "group": groups,
    }
    nodes = [node("Conv", ["p", "w", "b"][: draw(st.integers(2, 3))], "c", **attributes)]
    if draw(st.booleans()):
        nodes.insert(0, node("Pad", ["x", "pads"], "p"))
    else:
        nodes.insert(0, node("Transpose", ["x"], "p", perm=[0, 1, 3, 2]))
    after = draw(st.sampled_from(["Add", "Sub", "Mul", "Div", "Relu", "Transpose", "Squeeze"]))
    if after in ("Add", "Sub", "Mul", "Div"):
        nodes.append(node(after, ["c", "v"], "y"))
    elif after == "Squeeze":
        nodes.append(node(after, ["c", "zero"], "y"))
    else:
        nodes.append(node(after, ["c"], "y", **({"perm": [0, 2, 3, 1]} if after == "Transpose" else {})))
    pads, zero = np.array([0, 0, 1, 0, 0, 0, 1, 1]), np.array([0])
    constants = {"w": numbers(4, 2 // groups, *kernel), "b": numbers(4), "v": numbers(1, 4, 1, 1) + 3}
    proto = model(nodes, (1, 2, 7, 8), pads=pads, zero=zero, **constants)
    assert_computes_what_onnx_says(proto, {"x": numbers(1, 2, 7, 8)})


@pytest.mark.parametrize(
    ("op_type", "attributes"),
    [
        ("ConvTranspose", {"strides": [2, 1], "pads": [1, 0, 0, 1]}),
        ("ConvTranspose", {"strides": [2, 2], "output_padding": [1, 0]}),
        ("ConvTranspose", {"strides": [2, 2], "output_shape": [11, 10]}),
        ("MaxPool", {"kernel_shape": [2, 3], "strides": [2, 1], "pads": [1, 0, 0, 1]}),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
        ("AveragePool", {"kernel_shape": [2, 3], "strides": [1, 2], "pads": [1, 1, 1, 1]}),
        ("AveragePool", {"kernel_shape": [3, 2], "pads": [1, 0, 1, 0], "count_include_pad": 1}),
    ],
)
def test_windows_compute_what_onnx_says(op_type: str, attributes: dict[str, Any]) -> None:
    inputs = ["x", "w", "b"] if op_type == "ConvTranspose" else ["x"]
    proto = model(
        [node(op_type, inputs, "y", **attributes)], (1, 2, 5, 5), w=numbers(2, 2, 3, 2), b=numbers(2)
    )
    assert_computes_what_onnx_says(proto, {"x": numbers(1, 2, 5, 5)})


@pytest.mark.parametrize(
    ("left", "right"), [((2, 3), (3, 4)), ((3,), (2, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 2, 3), (3,))]
)
def test_products_broadcast_as_in_numpy(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    proto = model([node("MatMul", ["x", "w"], "y")], left, w=numbers(*right))
    assert_computes_what_onnx_says(proto, {"x": numbers(*left)})


def test_gemm_computes_what_onnx_says() -> None:
    gemm = node("Gemm", ["x", "w", "c"], "y", transA=1, transB=1, alpha=0.5, beta=2.0)
    proto = model([gemm], (3, 2), w=numbers(4, 3), c=numbers(4))
    assert_computes_what_onnx_says(proto, {"x": numbers(3, 2)})


@pytest.mark.parametrize("groups", [1, 2])
def test_transposing_a_convolution_gives_its_adjoint(groups: int) -> None:
    attributes = {"strides": [1, 2], "pads": [1, 0, 0, 1], "dilations": [2, 1], "group": groups}
    weights = numbers(4, 2 // groups, 2, 2)
    image, other = numbers(1, 2, 5, 5), numbers(1, 4, 4, 3)
    conv = model([node("Conv", ["x", "w"], "y", **attributes)], image.shape, w=weights)
    back = {**attributes, "output_shape": [5, 5]}
    transposed = model([node("ConvTranspose", ["x", "w"], "y", **back)], other.shape, w=weights)
    (there,), (here,) = run(translated(conv), {"x": image}), run(translated(transposed), {"x": other})
    assert np.isclose((there * other).sum(), (image * here).sum(), rtol=1e-4)


# --- the rewritings themselves


def test_a_convolution_of_single_places_becomes_a_product() -> None:
    conv = node("Conv", ["x", "w", "b"], "y", strides=[1, 1])
    proto = model([conv], (1, 3, 4, 4), w=numbers(2, 3, 1, 1), b=numbers(2))
    assert kinds(decluttered(proto)) == ["EinSum", "Binary"]


def test_a_missing_bias_leaves_nothing() -> None:
    conv = node("Conv", ["x", "w"], "y", strides=[1, 1])
    assert kinds(decluttered(model([conv], (1, 3, 4, 4), w=numbers(2, 3, 1, 1)))) == ["EinSum"]


def test_a_stride_without_neighbours_is_taken_first() -> None:
    conv = node("Conv", ["x", "w"], "y", strides=[2, 3])
    proto = model([node("Relu", ["x"], "r"), conv], (1, 2, 5, 7), w=numbers(2, 2, 1, 2))
    assert the_op(proto, Downsample) == Downsample(axis=2, stride=2, modulo=0)
    assert the_op(proto, Conv).pool_spec.strides == (1, 3)


def test_zeros_around_become_padding() -> None:
    nodes = [node("Pad", ["x", "pads"], "p"), node("Conv", ["p", "w"], "y", strides=[1, 1])]
    pads = np.array([0, 0, 1, 2, 0, 0, 3, 0])
    proto = model(nodes, (1, 2, 4, 4), pads=pads, w=numbers(2, 2, 2, 2))
    padding = the_op(proto, Conv).pool_spec.padding
    assert (padding.before, padding.after) == ((1, 2), (3, 0))
    assert "Pad" not in kinds(decluttered(proto))


def test_factors_of_channels_go_into_the_kernel() -> None:
    nodes = [node("Conv", ["x", "w", "b"], "c", strides=[1, 1]), node("Mul", ["c", "v"], "y")]
    weights, factors = numbers(2, 2, 2, 2), numbers(1, 2, 1, 1)
    graph = decluttered(model(nodes, (1, 2, 4, 4), w=weights, b=numbers(2), v=factors))
    assert kinds(graph) == ["Conv"]
    (conv,) = [n for n in graph.nodes if isinstance(n.op, Conv)]
    kernel = graph.input_facts(conv)[1].konst
    assert kernel is not None
    assert np.allclose(kernel.array, weights * factors.reshape(2, 1, 1, 1))


def test_a_summed_axis_is_split_where_it_was_joined() -> None:
    nodes = [node("Concat", ["x", "x"], "c", axis=1), node("MatMul", ["c", "w"], "y")]
    proto = model(nodes, (2, 3), w=numbers(6, 2))
    assert kinds(decluttered(proto)).count("EinSum") == 2
    assert_computes_what_onnx_says(proto, {"x": numbers(2, 3)})


def test_pools_lose_what_nobody_reads() -> None:
    pool = helper.make_node("MaxPool", ["x"], ["y", "i"], name="y", kernel_shape=[2, 2], strides=[2, 2])
    proto = onnx_model([pool], {"x": numbers(1, 1, 4, 4)}, {}, ["y"])
    assert the_op(proto, MaxPool).with_index_outputs is None
    assert the_op(proto, MaxPool).pool_spec.padding.kind == "Valid"


# --- translation


def test_letters_are_those_of_tract() -> None:
    proto = model([node("MatMul", ["x", "w"], "y")], (2, 3, 4), w=numbers(5, 2, 4, 6))
    (einsum,) = [n.op for n in translated(proto).nodes if isinstance(n.op, EinSum)]
    assert str(einsum.axes) == "bmk,abkn->abmn"


@pytest.mark.parametrize(
    ("equation", "ranks", "expected"),
    [
        ("*ii->*i", [6], "abcdii->abcdi"),
        ("*mk,*kn->*mn", [4, 4], "abmk,abkn->abmn"),
        ("*ab,*bc->*ac", [4, 4], "deab,debc->deac"),
        ("*gi,*gih->*gh", [4, 3], "abgi,gih->abgh"),
    ],
)
def test_ellipses_are_spelt_out(equation: str, ranks: list[int], expected: str) -> None:
    assert str(resolve_ellipsis(AxesMapping.parse(equation), ranks)) == expected


def test_alpha_of_one_is_left_out_and_beta_of_one_is_folded_later() -> None:
    proto = model([node("Gemm", ["x", "w", "c"], "y")], (2, 3), w=numbers(3, 16), c=numbers(16))
    assert kinds(translated(proto)).count("Binary") == 2
    assert kinds(decluttered(proto)) == ["EinSum", "Binary"]
    halved = model([node("Gemm", ["x", "w"], "y", alpha=0.5)], (2, 3), w=numbers(3, 16))
    assert kinds(decluttered(halved)) == ["EinSum", "Binary"]


def test_quantised_convolutions_keep_nine_inputs() -> None:
    quantise = node("QuantizeLinear", ["x", "s", "z"], "q")
    conv = node("QLinearConv", ["q", "s", "z", "w", "s", "z", "s", "z"], "y", strides=[1, 1])
    weights, zero = np.ones((2, 2, 2, 2), np.uint8), np.array(3, np.uint8)
    proto = model([quantise, conv], (1, 2, 4, 4), w=weights, s=np.array(0.5, np.float32), z=zero)
    graph = decluttered(proto)
    (found,) = [n for n in graph.nodes if isinstance(n.op, Conv)]
    assert len(found.inputs) == 9
    assert graph.output_facts(found)[0].dt == "u8"


@pytest.mark.parametrize(
    ("op_type", "shape", "weights", "attributes", "reason"),
    [
        ("MatMul", (3,), (3,), {}, "vectors"),
        ("MatMul", (2, 3), (4, 3), {}, "cannot multiply"),
        ("Gemm", (2, 3), (4, 3), {}, "cannot multiply"),
        ("Einsum", (2, 2, 3), (1, 3, 4), {"equation": "bij,bjk->bik"}, "has sizes"),
        ("Conv", (1, 3, 4, 4), (2, 2, 2, 2), {}, "channels do not fit"),
        ("Conv", (1, 2, 4, 4), (2, 2, 2, 2), {"kernel_shape": [3, 3]}, "kernel_shape"),
        ("Conv", (1, 2, 4, 4), (2, 2, 2, 2), {"pads": [-1, 0, 0, 0]}, "negative"),
        ("ConvTranspose", (1, 3, 3, 3), (2, 2, 2, 2), {}, "channels"),
    ],
)
def test_what_tract_refuses_is_refused(
    op_type: str, shape: tuple[int, ...], weights: tuple[int, ...], attributes: dict[str, Any], reason: str
) -> None:
    proto = model([node(op_type, ["x", "w"], "y", **attributes)], shape, w=numbers(*weights))
    with pytest.raises(Unsupported, match=reason):
        translated(proto)


def test_an_image_without_room_for_a_window_is_in_doubt() -> None:
    proto = model([node("Conv", ["x", "w"], "y", strides=[1, 1])], (1, 1, 2, 2), w=numbers(1, 1, 3, 3))
    with pytest.raises(Unmodelled, match="no window fits"):
        translated(proto)


def test_poolings_are_told_apart() -> None:
    pool = node("AveragePool", ["x"], "y", kernel_shape=[2, 2], strides=[1, 1], count_include_pad=1)
    found = the_op(model([pool], (1, 2, 4, 4)), SumPool)
    assert (found.normalize, found.count_include_pad) == (True, True)
    deconv = node("ConvTranspose", ["x", "w"], "y", strides=[2, 2])
    found = the_op(model([deconv], (1, 2, 4, 4), w=numbers(2, 1, 2, 2)), Deconv)
    assert found.adjustments == (0, 0)
