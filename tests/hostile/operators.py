"""Hostile as operators: sizes that explode, axes that do not exist, values no arithmetic survives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

from tests.hostile.making import FLOAT, INT64, behind, floats, graph, info, ints, model, node_of, one

NAN, INFINITE = float("nan"), float("inf")
IMAGE = (1, 3, 8, 8)
KERNEL = np.ones((4, 3, 3, 3), np.float32)
MOST, LEAST = 2**63 - 1, -(2**63)


def _shape_of(operator: str, size: object, **attributes: object) -> bytes:
    """An operator whose shape is a constant, and is then added to the input."""
    node = helper.make_node(operator, ["s"], ["h"], **attributes)
    return behind(node, helper.make_node("Add", ["x", "h"], ["y"]), constants={"s": size})


def _range(start: object, limit: object, delta: object, kind: type = np.int64) -> bytes:
    constants = {
        name: np.array(value, kind) for name, value in zip("abc", (start, limit, delta), strict=True)
    }
    nodes = [
        helper.make_node("Range", ["a", "b", "c"], ["r"]),
        helper.make_node("Cast", ["r"], ["f"], to=FLOAT),
        helper.make_node("ReduceSum", ["f"], ["t"], keepdims=0),
        helper.make_node("Add", ["x", "t"], ["y"]),
    ]
    return behind(*nodes, constants=constants)


def _bombs_in_a_row() -> bytes:
    """Each multiplies by a thousand what it gets."""
    names = ["x", *(f"v{index}" for index in range(9)), "y"]
    nodes = [helper.make_node("Tile", [a, "n"], [b]) for a, b in pairwise(names)]
    return behind(*nodes, constants={"n": ints(1, 1000)})


def _constant_bomb(then: str) -> bytes:
    """A constant of 2^40 elements, whose values somebody asks for."""
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["h"], value=numpy_helper.from_array(floats(1))),
        helper.make_node(then, ["h"], ["t"]),
        helper.make_node("ReduceSum", ["t"], ["u"], keepdims=0),
        helper.make_node("Add", ["x", "u"], ["y"]),
    ]
    return behind(*nodes, constants={"s": ints(2**20, 2**20)})


def _medium_constants() -> bytes:
    """Two hundred constants of a million elements each, all folded."""
    nodes = [helper.make_node("Expand", ["one", "s"], [f"e{index}"]) for index in range(200)]
    nodes += [helper.make_node("CumSum", [f"e{index}", "axis"], [f"d{index}"]) for index in range(200)]
    nodes += [helper.make_node("Sum", [f"d{index}" for index in range(200)], ["t"])]
    nodes += [
        helper.make_node("ReduceMax", ["t"], ["u"], keepdims=0),
        helper.make_node("Add", ["x", "u"], ["y"]),
    ]
    return behind(*nodes, constants={"one": floats(1), "s": ints(2**20), "axis": np.array(0)})


EXPLODING = {
    "constant-of-2-to-the-40": lambda: _shape_of("ConstantOfShape", ints(2**40)),
    "constant-of-2-to-the-126": lambda: _shape_of("ConstantOfShape", ints(MOST, MOST)),
    "constant-of-minus-one": lambda: _shape_of("ConstantOfShape", ints(-1)),
    "constant-of-a-million-axes": lambda: _shape_of("ConstantOfShape", np.ones(1_000_000, np.int64)),
    "constant-then-exp": lambda: _constant_bomb("Exp"),
    "constant-then-nonzero": lambda: _constant_bomb("NonZero"),
    "constant-then-unique": lambda: _constant_bomb("Unique"),
    "two-hundred-constants-of-a-million": _medium_constants,
    "range-of-2-to-the-40": lambda: _range(0, 2**40, 1),
    "range-of-the-whole-int64": lambda: _range(LEAST, MOST, 1),
    "range-without-step": lambda: _range(0, 10, 0),
    "range-the-wrong-way": lambda: _range(10, 0, 1),
    "range-of-nan": lambda: _range(0, NAN, 1, np.float32),
    "range-to-infinity": lambda: _range(0, INFINITE, 1, np.float32),
    "range-of-tiny-steps": lambda: _range(0, 1, 1e-45, np.float32),
    "range-of-strings": lambda: behind(
        helper.make_node("Range", ["a", "a", "a"], ["y"]), constants={"a": np.array("x", object)}
    ),
    "tile-of-2-to-the-40": lambda: one("Tile", ints(2**40, 1)),
    "tile-of-2-to-the-63": lambda: one("Tile", ints(MOST, MOST)),
    "tile-of-minus-one": lambda: one("Tile", ints(-1, 1)),
    "tile-of-nothing": lambda: one("Tile", ints(0, 1)),
    "tile-too-many-axes": lambda: one("Tile", ints(1, 1, 1, 1, 1)),
    "tiles-in-a-row": _bombs_in_a_row,
    "expand-to-2-to-the-40": lambda: one("Expand", ints(2**40, 4)),
    "expand-to-2-to-the-63": lambda: one("Expand", ints(MOST, 1, 4)),
    "expand-to-minus-one": lambda: one("Expand", ints(-1, 4)),
    "expand-to-what-does-not-fit": lambda: one("Expand", ints(7, 7)),
    "expand-to-5000-axes": lambda: one("Expand", np.ones(5000, np.int64)),
    "pad-of-2-to-the-40": lambda: one("Pad", ints(0, 2**40, 0, 2**40)),
    "pad-of-2-to-the-63": lambda: one("Pad", ints(MOST, MOST, MOST, MOST)),
    "pad-below-nothing": lambda: one("Pad", ints(0, -100, 0, -100)),
    "pad-of-three": lambda: one("Pad", ints(1, 2, 3)),
    "pad-reflecting-too-far": lambda: one("Pad", ints(0, 100, 0, 100), mode="reflect"),
    "pad-of-an-unknown-mode": lambda: one("Pad", ints(0, 1, 0, 1), mode="\x1b[31m"),
    "pad-with-nan": lambda: one("Pad", ints(0, 1, 0, 1), np.array(NAN, np.float32)),
    "pad-two-2-attributes": lambda: one("Pad", opset=2, pads=[2**62] * 4),
    "resize-by-1e18": lambda: one("Resize", None, floats(1, 1, 1e18, 1e18), shape=IMAGE),
    "resize-by-infinity": lambda: one("Resize", None, floats(1, 1, INFINITE, INFINITE), shape=IMAGE),
    "resize-by-nan": lambda: one("Resize", None, floats(1, 1, NAN, NAN), shape=IMAGE),
    "resize-by-nothing": lambda: one("Resize", None, floats(1, 1, 0, 0), shape=IMAGE),
    "resize-by-minus-one": lambda: one("Resize", None, floats(1, 1, -1, -1), shape=IMAGE),
    "resize-to-minus-one": lambda: one("Resize", None, None, ints(1, 3, -1, -1), shape=IMAGE),
    "resize-to-2-to-the-40": lambda: one("Resize", None, None, ints(1, 3, 2**40, 2**40), shape=IMAGE),
    "resize-to-two-sizes": lambda: one("Resize", None, None, ints(1, 3), shape=IMAGE),
    "upsample-by-1e30": lambda: one("Upsample", floats(1, 1, 1e30, 1e30), shape=IMAGE, opset=9),
    "one-hot-of-2-to-the-40": lambda: one("OneHot", np.array(2**40), floats(0, 1), kind=INT64),
    "one-hot-of-minus-one": lambda: one("OneHot", np.array(-1), floats(0, 1), kind=INT64),
    "one-hot-of-three-values": lambda: one("OneHot", np.array(3), floats(0, 1, 2), kind=INT64),
    "eye-of-2-to-the-40": lambda: one("EyeLike", shape=(2**20, 2**15), k=2**62),
    "random-of-2-to-the-40": lambda: behind(
        helper.make_node("RandomNormal", [], ["r"], shape=[2**20, 2**20]),
        helper.make_node("Add", ["x", "r"], ["y"]),
    ),
    "blackman-of-2-to-the-40": lambda: behind(
        helper.make_node("BlackmanWindow", ["n"], ["w"]),
        helper.make_node("Add", ["x", "w"], ["y"]),
        constants={"n": np.array(2**40)},
    ),
    "mel-matrix-of-2-to-the-40": lambda: behind(
        helper.make_node("MelWeightMatrix", ["n", "n", "n", "a", "a"], ["w"]),
        helper.make_node("Add", ["x", "w"], ["y"]),
        constants={"n": np.array(2**20), "a": np.array(1.0, np.float32)},
    ),
    "split-of-nine-for-four": lambda: one("Split", ints(4, 5), outputs=2, axis=1),
    "split-negative": lambda: one("Split", ints(-4, 8), outputs=2, axis=1),
    "split-that-overflows": lambda: one("Split", ints(MOST, MOST), outputs=2, axis=1),
    "split-into-2-to-the-40": lambda: one("Split", opset=18, num_outputs=2**40, axis=1),
    "split-into-none": lambda: one("Split", opset=18, num_outputs=0, axis=1),
    "split-into-3000": lambda: one("Split", outputs=3000, axis=1, shape=(1, 3000)),
    "outer-product-of-a-million": lambda: behind(
        helper.make_node("Transpose", ["x"], ["t"]),
        helper.make_node("MatMul", ["t", "x"], ["y"]),
        shape=(1, 1_000_000),
    ),
}


def _conv(
    weights: np.ndarray = KERNEL, shape: tuple[int, ...] = IMAGE, operator: str = "Conv", **attributes: object
) -> bytes:
    return one(operator, weights, shape=shape, **attributes)


WINDOWS = {
    "conv-of-stride-zero": lambda: _conv(strides=[0, 0]),
    "conv-of-stride-minus-one": lambda: _conv(strides=[-1, -1]),
    "conv-of-stride-2-to-the-63": lambda: _conv(strides=[MOST, MOST]),
    "conv-of-dilation-zero": lambda: _conv(dilations=[0, 0]),
    "conv-of-dilation-2-to-the-40": lambda: _conv(dilations=[2**40, 2**40]),
    "conv-of-dilation-2-to-the-63": lambda: _conv(dilations=[MOST, MOST]),
    "conv-padded-by-2-to-the-40": lambda: _conv(pads=[2**40] * 4),
    "conv-padded-by-2-to-the-63": lambda: _conv(pads=[MOST] * 4),
    "conv-padded-by-minus-ten": lambda: _conv(pads=[-10] * 4),
    "conv-padded-on-three-sides": lambda: _conv(pads=[1, 1, 1]),
    "conv-of-no-groups": lambda: _conv(group=0),
    "conv-of-minus-one-group": lambda: _conv(group=-1),
    "conv-of-2-to-the-40-groups": lambda: _conv(group=2**40),
    "conv-kernel-larger-than-image": lambda: _conv(np.ones((4, 3, 30, 30), np.float32)),
    "conv-kernel-of-nothing": lambda: _conv(np.ones((4, 3, 0, 0), np.float32)),
    "conv-without-filters": lambda: _conv(np.ones((0, 3, 3, 3), np.float32)),
    "conv-of-wrong-channels": lambda: _conv(np.ones((4, 7, 3, 3), np.float32)),
    "conv-of-a-scalar-kernel": lambda: _conv(np.array(1, np.float32)),
    "conv-of-a-vector": lambda: _conv(shape=(8,)),
    "conv-declares-another-kernel": lambda: _conv(kernel_shape=[5, 5]),
    "conv-of-auto-pad-unknown": lambda: _conv(auto_pad="SAME_\u202eEVIL"),
    "conv-same-of-stride-zero": lambda: _conv(auto_pad="SAME_UPPER", strides=[0, 0]),
    "conv-same-of-dilation-2-to-the-62": lambda: _conv(auto_pad="SAME_LOWER", dilations=[2**62, 2**62]),
    "conv-of-nan": lambda: _conv(np.full((4, 3, 3, 3), NAN, np.float32)),
    "conv-transpose-of-stride-2-to-the-40": lambda: _conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", strides=[2**40, 2**40]
    ),
    "conv-transpose-to-2-to-the-63": lambda: _conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", output_shape=[MOST, MOST]
    ),
    "conv-transpose-output-padding": lambda: _conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", output_padding=[2**62, -(2**62)]
    ),
    "conv-transpose-of-stride-zero": lambda: _conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", strides=[0, 0]
    ),
    "max-pool-of-nothing": lambda: one("MaxPool", shape=IMAGE, kernel_shape=[0, 0]),
    "max-pool-of-2-to-the-40": lambda: one("MaxPool", shape=IMAGE, kernel_shape=[2**40, 2**40]),
    "max-pool-of-minus-one": lambda: one("MaxPool", shape=IMAGE, kernel_shape=[-1, -1]),
    "max-pool-padded-by-2-to-the-40": lambda: one(
        "MaxPool", shape=IMAGE, kernel_shape=[2, 2], pads=[2**40] * 4
    ),
    "max-pool-of-stride-zero": lambda: one("MaxPool", shape=IMAGE, kernel_shape=[2, 2], strides=[0, 0]),
    "max-pool-without-kernel": lambda: one("MaxPool", shape=IMAGE),
    "max-pool-of-a-scalar": lambda: one("MaxPool", shape=(), kernel_shape=[2, 2]),
    "average-pool-of-a-million": lambda: one(
        "AveragePool", shape=IMAGE, kernel_shape=[1000, 1000], pads=[500] * 4, count_include_pad=1
    ),
    "global-pool-of-a-vector": lambda: one("GlobalAveragePool", shape=(4,)),
    "lp-pool-of-order-zero": lambda: one("LpPool", shape=IMAGE, kernel_shape=[2, 2], p=0),
    "max-unpool": lambda: one(
        "MaxUnpool", ints(0, 1, 2, 2**40).reshape(1, 1, 2, 2), shape=(1, 1, 2, 2), kernel_shape=[2, 2]
    ),
    "lrn-of-2-to-the-62": lambda: one("LRN", shape=IMAGE, size=2**62),
    "lrn-of-nothing": lambda: one("LRN", shape=IMAGE, size=0),
    "depth-to-space-of-blocks-of-nothing": lambda: one("DepthToSpace", shape=IMAGE, blocksize=0),
    "depth-to-space-of-blocks-of-2-to-the-40": lambda: one("DepthToSpace", shape=IMAGE, blocksize=2**40),
    "space-to-depth-of-minus-one": lambda: one("SpaceToDepth", shape=IMAGE, blocksize=-1),
    "grid-sample": lambda: one("GridSample", np.full((1, 8, 8, 2), NAN, np.float32), shape=IMAGE),
    "non-max-suppression-of-infinity": lambda: one(
        "NonMaxSuppression", np.ones((1, 1, 6), np.float32), np.array([2**62]), shape=(1, 6, 4)
    ),
}


def _axis(operator: str, axis: int, **more: object) -> bytes:
    return one(operator, axis=axis, **more)


AXES = {
    "softmax-2-to-the-40": lambda: _axis("Softmax", 2**40),
    "softmax-least": lambda: _axis("Softmax", LEAST),
    "flatten-99": lambda: _axis("Flatten", 99),
    "flatten-minus-99": lambda: _axis("Flatten", -99),
    "concat-99": lambda: one("Concat", "x", axis=99),
    "concat-of-other-shapes": lambda: one("Concat", np.ones((3, 3), np.float32), axis=0),
    "arg-max-least": lambda: _axis("ArgMax", LEAST),
    "arg-max-of-nothing": lambda: one("ArgMax", shape=(0,), axis=0),
    "cum-sum-99": lambda: one("CumSum", np.array(99)),
    "cum-sum-of-a-vector-axis": lambda: one("CumSum", ints(0, 1)),
    "reduce-sum-99": lambda: one("ReduceSum", ints(99)),
    "reduce-sum-twice-the-same": lambda: one("ReduceSum", ints(1, 1, -1)),
    "reduce-sum-a-million-axes": lambda: one("ReduceSum", np.zeros(1_000_000, np.int64)),
    "reduce-max-of-nothing": lambda: one("ReduceMax", shape=(0, 4), opset=17, axes=[0]),
    "reduce-mean-of-nothing": lambda: one("ReduceMean", shape=(0, 4), opset=17, axes=[0]),
    "squeeze-of-an-axis-of-four": lambda: one("Squeeze", ints(1)),
    "squeeze-99": lambda: one("Squeeze", ints(99)),
    "unsqueeze-2-to-the-40": lambda: one("Unsqueeze", ints(2**40)),
    "unsqueeze-twice-the-same": lambda: one("Unsqueeze", ints(0, 0)),
    "unsqueeze-to-5000-axes": lambda: one("Unsqueeze", np.arange(5000)),
    "transpose-of-three": lambda: one("Transpose", perm=[0, 1, 2]),
    "transpose-twice-the-same": lambda: one("Transpose", perm=[0, 0]),
    "transpose-negative": lambda: one("Transpose", perm=[-1, -2]),
    "transpose-2-to-the-63": lambda: one("Transpose", perm=[MOST, LEAST]),
    "reshape-two-unknowns": lambda: one("Reshape", ints(-1, -1)),
    "reshape-to-nothing": lambda: one("Reshape", ints(0, 0, 0)),
    "reshape-to-minus-seven": lambda: one("Reshape", ints(-7)),
    "reshape-to-what-does-not-fit": lambda: one("Reshape", ints(3)),
    "reshape-that-overflows": lambda: one("Reshape", ints(2**32, 2**32)),
    "reshape-to-2-to-the-63": lambda: one("Reshape", ints(MOST)),
    "reshape-by-floats": lambda: one("Reshape", floats(2, 2)),
    "reshape-by-the-input": lambda: one("Reshape", "x"),
    "reshape-to-10000-axes": lambda: one("Reshape", np.ones(10_000, np.int64)),
    "gather-outside": lambda: one("Gather", ints(4), axis=1),
    "gather-2-to-the-63": lambda: one("Gather", ints(MOST, LEAST), axis=1),
    "gather-axis-99": lambda: one("Gather", ints(0), axis=99),
    "gather-by-floats": lambda: one("Gather", floats(0.5), axis=1),
    "gather-by-the-input": lambda: one("Gather", "x", axis=1),
    "gather-elements-axis-9": lambda: one("GatherElements", ints(0), axis=9),
    "gather-nd-too-deep": lambda: one("GatherND", ints(0, 0, 0, 0, 0)),
    "gather-nd-batch-dims": lambda: one("GatherND", ints(0), batch_dims=99),
    "gather-nd-negative-batch-dims": lambda: one("GatherND", ints(0), batch_dims=-1),
    "scatter-elements-axis-9": lambda: one(
        "ScatterElements", ints(0, 0).reshape(1, 2), floats(1, 2).reshape(1, 2), axis=9
    ),
    "scatter-elements-outside": lambda: one(
        "ScatterElements", ints(2**40).reshape(1, 1), floats(1).reshape(1, 1), axis=1
    ),
    "scatter-nd-too-deep": lambda: one("ScatterND", ints(0, 0, 0).reshape(1, 3), floats(1)),
    "scatter-nd-wrong-updates": lambda: one("ScatterND", ints(0, 0).reshape(1, 2), floats(1, 2, 3)),
    "slice-step-zero": lambda: one("Slice", ints(0), ints(4), ints(1), ints(0)),
    "slice-step-least": lambda: one("Slice", ints(MOST), ints(LEAST), ints(1), ints(LEAST)),
    "slice-backwards": lambda: one("Slice", ints(3), ints(1), ints(1)),
    "slice-axis-99": lambda: one("Slice", ints(0), ints(1), ints(99)),
    "slice-axis-twice": lambda: one("Slice", ints(0, 1), ints(2, 3), ints(1, 1)),
    "slice-lengths-differ": lambda: one("Slice", ints(0, 0, 0), ints(1), ints(1)),
    "slice-by-the-input": lambda: one("Slice", "x", "x"),
    "slice-of-opset-one": lambda: one("Slice", opset=1, starts=[LEAST], ends=[MOST], axes=[-9]),
    "top-k-negative": lambda: one("TopK", ints(-1), outputs=2),
    "top-k-more-than-there-are": lambda: one("TopK", ints(5), outputs=2),
    "top-k-2-to-the-62": lambda: one("TopK", ints(2**62), outputs=2),
    "top-k-zero": lambda: one("TopK", ints(0), outputs=2),
    "top-k-axis-99": lambda: one("TopK", ints(1), outputs=2, axis=99),
    "top-k-by-a-float": lambda: one("TopK", floats(1.5), outputs=2),
    "trilu-2-to-the-62": lambda: one("Trilu", np.array(2**62)),
    "trilu-least": lambda: one("Trilu", np.array(LEAST)),
    "layer-norm-axis-99": lambda: one("LayerNormalization", floats(1, 1, 1, 1), axis=99),
    "reverse-sequence": lambda: one("ReverseSequence", ints(2**40), batch_axis=0, time_axis=1),
    "compress-axis-99": lambda: one("Compress", np.array([True]), axis=99),
    "unique-axis-99": lambda: one("Unique", axis=99),
    "dft-of-axis-99": lambda: one("DFT", shape=(1, 8, 1), axis=99),
}


def _einsum(equation: str, count: int = 1, shape: tuple[int, ...] = (2, 2)) -> bytes:
    return one("Einsum", *["x"] * (count - 1), shape=shape, equation=equation)


EINSUMS = {
    "nothing": lambda: _einsum(""),
    "only-an-arrow": lambda: _einsum("->"),
    "two-arrows": lambda: _einsum("ij->ij->ij"),
    "commas": lambda: _einsum(",,,,", 5),
    "too-few-inputs": lambda: _einsum("ij,jk->ik"),
    "too-many-letters": lambda: _einsum("a" * 1000),
    "trace": lambda: _einsum("ii->"),
    "diagonal": lambda: _einsum("ii->i"),
    "diagonal-made": lambda: _einsum("i->ii", shape=(2,)),
    "letter-from-nowhere": lambda: _einsum("ij->ijk"),
    "dots": lambda: _einsum("...ij...->...ji"),
    "many-dots": lambda: _einsum("......->..."),
    "one-dot": lambda: _einsum("i.j->ij"),
    "control-characters": lambda: _einsum("i\x1bj\n::error::->ji"),
    "unicode": lambda: _einsum("αβ->βα"),
    "digits": lambda: _einsum("12->21"),
    "blanks": lambda: _einsum(" i j - > j i "),
    "outer-of-eight": lambda: _einsum(",".join("abcdefgh") + "->abcdefgh", 8, (1000,)),
    "fifty-inputs": lambda: _einsum(",".join(["ij"] * 50) + "->ij", 50),
    "fifty-two-letters": lambda: _einsum(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ->a", shape=(1,) * 52
    ),
    "sixty-four-kilobytes": lambda: _einsum("ij->" + "i" * 65536),
    "sizes-that-differ": lambda: one(
        "Einsum", np.ones((3, 3), np.float32), shape=(2, 2), equation="ij,jk->ik"
    ),
    "not-a-text": lambda: one("Einsum", shape=(2, 2), equation=5),
    "without-equation": lambda: one("Einsum", shape=(2, 2)),
}


def _tree(**changes: object) -> bytes:
    values: dict[str, object] = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [0, 0, 0],
        "nodes_values": [0.5, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0],
        "target_nodeids": [1, 2],
        "target_ids": [0, 0],
        "target_weights": [1.0, 2.0],
        "n_targets": 1,
    }
    values.update(changes)
    node = node_of("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **values)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return behind(node, opset_imports=imports)


def _recurrent(operator: str, gates: int, hidden: int = 2, **attributes: object) -> bytes:
    weights = np.ones((1, gates * 2, 4), np.float32)
    recurrence = np.ones((1, gates * 2, 2), np.float32)
    return one(operator, weights, recurrence, shape=(3, 1, 4), hidden_size=hidden, **attributes)


def _wrong_kind(operator: str, *inputs: object, **attributes: AttributeProto) -> bytes:
    return one(operator, *inputs, **attributes)


def _attribute(kind: int, **values: object) -> AttributeProto:
    return AttributeProto(type=kind, **values)


def _scales(factor: float) -> bytes:
    """A product with weights of one size, a hundred times over."""
    names = ["x", *(f"v{index}" for index in range(99)), "y"]
    nodes = [helper.make_node("Mul", [a, "c"], [b]) for a, b in pairwise(names)]
    return behind(*nodes, constants={"c": floats(factor)})


def _quantised(scale: object, zero: object = np.array(0, np.int8)) -> bytes:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    return behind(*nodes, constants={"s": scale, "z": zero})


VALUES = {
    "pow-of-1e38": lambda: one("Pow", np.array(1e38, np.float32)),
    "pow-of-2-to-the-40": lambda: one("Pow", np.array(2**40)),
    "pow-of-least": lambda: one("Pow", np.array(LEAST)),
    "pow-of-nan": lambda: one("Pow", np.array(NAN, np.float32)),
    "pow-of-infinity": lambda: one("Pow", np.array(INFINITE, np.float32)),
    "pow-of-minus-a-half": lambda: one("Pow", np.array(-0.5, np.float32)),
    "pow-of-the-input": lambda: one("Pow", "x"),
    "add-nan": lambda: one("Add", floats(NAN, NAN, NAN, NAN)),
    "add-infinity": lambda: one("Add", floats(INFINITE, -INFINITE, 0, 1)),
    "add-3e38": lambda: one("Add", floats(3e38)),
    "add-the-least-float": lambda: one("Add", floats(1e-45)),
    "multiply-by-1e30-a-hundred-times": lambda: _scales(1e30),
    "multiply-by-1e-30-a-hundred-times": lambda: _scales(1e-30),
    "divide-by-nothing": lambda: one("Div", floats(0)),
    "divide-by-minus-nothing": lambda: one("Div", floats(-0.0)),
    "divide-by-nan": lambda: one("Div", floats(NAN)),
    "divide-by-1e-45": lambda: one("Div", floats(1e-45)),
    "divide-integers-by-nothing": lambda: one("Div", ints(0), kind=INT64),
    "mod-by-nothing": lambda: one("Mod", ints(0), kind=INT64),
    "mod-least-by-minus-one": lambda: one("Mod", ints(-1), kind=INT64),
    "shift-by-2-to-the-62": lambda: one(
        "BitShift", np.array([2**62], np.uint64), kind=TensorProto.UINT64, direction="LEFT"
    ),
    "log-of-minus-one": lambda: behind(
        helper.make_node("Log", ["c"], ["l"]),
        helper.make_node("Add", ["x", "l"], ["y"]),
        constants={"c": floats(-1)},
    ),
    "exp-of-1e30": lambda: behind(
        helper.make_node("Exp", ["c"], ["l"]),
        helper.make_node("Add", ["x", "l"], ["y"]),
        constants={"c": floats(1e30)},
    ),
    "clip-upside-down": lambda: one("Clip", np.array(5, np.float32), np.array(-5, np.float32)),
    "clip-to-nan": lambda: one("Clip", np.array(NAN, np.float32), np.array(NAN, np.float32)),
    "clip-to-infinity": lambda: one("Clip", np.array(-INFINITE, np.float32), np.array(INFINITE, np.float32)),
    "clip-to-3e38": lambda: one("Clip", np.array(-3e38, np.float32), np.array(3e38, np.float32)),
    "clip-of-opset-6-to-nan": lambda: one("Clip", opset=6, min=NAN, max=NAN),
    "leaky-relu-of-infinity": lambda: one("LeakyRelu", alpha=INFINITE),
    "elu-of-nan": lambda: one("Elu", alpha=NAN),
    "selu-of-1e38": lambda: one("Selu", alpha=1e38, gamma=1e38),
    "hard-sigmoid-of-nan": lambda: one("HardSigmoid", alpha=NAN, beta=-INFINITE),
    "thresholded-relu-of-infinity": lambda: one("ThresholdedRelu", alpha=INFINITE),
    "gemm-of-infinity": lambda: one("Gemm", np.ones((4, 2), np.float32), alpha=INFINITE, beta=NAN),
    "gemm-of-1e38": lambda: one("Gemm", np.full((4, 2), 1e38, np.float32), alpha=1e38),
    "gemm-of-wrong-shapes": lambda: one("Gemm", np.ones((7, 2), np.float32)),
    "gemm-of-a-cube": lambda: one("Gemm", np.ones((4, 2, 2), np.float32)),
    "mat-mul-of-a-scalar": lambda: one("MatMul", np.array(1, np.float32)),
    "mat-mul-of-wrong-shapes": lambda: one("MatMul", np.ones((7, 2), np.float32)),
    "add-of-wrong-shapes": lambda: one("Add", np.ones((3, 5), np.float32)),
    "add-of-other-types": lambda: one("Add", ints(1)),
    "add-of-strings": lambda: one("Add", np.array(["a"], object)),
    "batch-norm-of-negative-variance": lambda: one(
        "BatchNormalization",
        floats(1, 1, 1),
        floats(0, 0, 0),
        floats(0, 0, 0),
        floats(-1, -1, -1),
        shape=IMAGE,
    ),
    "batch-norm-of-nan": lambda: one(
        "BatchNormalization",
        floats(1, 1, 1),
        floats(0, 0, 0),
        floats(0, 0, 0),
        floats(1, 1, 1),
        shape=IMAGE,
        epsilon=NAN,
    ),
    "batch-norm-of-wrong-lengths": lambda: one(
        "BatchNormalization", floats(1), floats(0, 0), floats(0, 0, 0), floats(1, 1, 1, 1), shape=IMAGE
    ),
    "instance-norm-of-infinity": lambda: one(
        "InstanceNormalization", floats(1, 1, 1), floats(0, 0, 0), shape=IMAGE, epsilon=INFINITE
    ),
    "cast-to-99": lambda: one("Cast", to=99),
    "cast-to-nothing": lambda: one("Cast"),
    "cast-to-a-string": lambda: one("Cast", to=TensorProto.STRING),
    "cast-nan-to-integers": lambda: behind(
        helper.make_node("Cast", ["c"], ["l"], to=INT64),
        helper.make_node("Gather", ["x", "l"], ["y"]),
        constants={"c": floats(NAN, INFINITE)},
    ),
    "shape-arithmetic-that-overflows": lambda: behind(
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Mul", ["s", "c"], ["t"]),
        helper.make_node("Mul", ["t", "c"], ["u"]),
        helper.make_node("Expand", ["x", "u"], ["y"]),
        constants={"c": ints(2**40)},
    ),
    "shape-divided-by-nothing": lambda: behind(
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Div", ["s", "c"], ["t"]),
        helper.make_node("Reshape", ["x", "t"], ["y"]),
        constants={"c": ints(0)},
    ),
    "quantised-by-nothing": lambda: _quantised(np.array(0, np.float32)),
    "quantised-by-minus-one": lambda: _quantised(np.array(-1, np.float32)),
    "quantised-by-nan": lambda: _quantised(np.array(NAN, np.float32)),
    "quantised-by-infinity": lambda: _quantised(np.array(INFINITE, np.float32)),
    "quantised-by-1e-45": lambda: _quantised(np.array(1e-45, np.float32)),
    "quantised-by-a-cube": lambda: _quantised(np.ones((2, 2, 2), np.float32)),
    "quantised-by-integers": lambda: _quantised(np.array(1)),
    "quantised-from-float": lambda: _quantised(np.array(1, np.float32), np.array(0, np.float32)),
    "quantised-of-wrong-lengths": lambda: _quantised(floats(1, 2, 3), np.zeros(7, np.int8)),
    "dynamically-quantised": lambda: one("DynamicQuantizeLinear", outputs=3),
    "q-linear-conv": lambda: one(
        "QLinearConv",
        np.array(0, np.float32),
        np.array(0, np.uint8),
        np.ones((1, 3, 3, 3), np.uint8),
        np.array(NAN, np.float32),
        np.array(0, np.uint8),
        np.array(0, np.float32),
        np.array(0, np.uint8),
        shape=IMAGE,
        kind=TensorProto.UINT8,
    ),
    "q-linear-mat-mul": lambda: one(
        "QLinearMatMul",
        np.array(0, np.float32),
        np.array(0, np.uint8),
        np.ones((4, 4), np.uint8),
        np.array(0, np.float32),
        np.array(0, np.uint8),
        np.array(0, np.float32),
        np.array(0, np.uint8),
        kind=TensorProto.UINT8,
    ),
    "mat-mul-integer": lambda: one("MatMulInteger", np.ones((4, 4), np.int8), kind=TensorProto.INT8),
    "lstm-of-2-to-the-40": lambda: _recurrent("LSTM", 4, 2**40),
    "lstm-of-minus-one": lambda: _recurrent("LSTM", 4, -1),
    "lstm-of-nothing": lambda: _recurrent("LSTM", 4, 0),
    "lstm-sideways": lambda: _recurrent("LSTM", 4, direction="sideways"),
    "lstm-clipped-to-nan": lambda: _recurrent("LSTM", 4, clip=NAN),
    "lstm-with-an-unknown-activation": lambda: _recurrent("LSTM", 4, activations=["Evil", "Evil", "Evil"]),
    "gru-of-another-layout": lambda: _recurrent("GRU", 3, layout=7),
    "gru-of-weights-for-two": lambda: _recurrent("GRU", 7),
    "rnn-of-a-scalar": lambda: one(
        "RNN", np.array(1, np.float32), np.array(1, np.float32), shape=(), hidden_size=1
    ),
    "tree": _tree,
    "tree-that-loops": lambda: _tree(nodes_truenodeids=[0, 0, 0], nodes_falsenodeids=[0, 0, 0]),
    "tree-to-nowhere": lambda: _tree(nodes_truenodeids=[99, 0, 0]),
    "tree-of-feature-2-to-the-40": lambda: _tree(nodes_featureids=[2**40, 0, 0]),
    "tree-of-minus-one-feature": lambda: _tree(nodes_featureids=[-1, 0, 0]),
    "tree-of-lists-that-differ": lambda: _tree(nodes_values=[0.5]),
    "tree-of-unknown-modes": lambda: _tree(nodes_modes=["BRANCH_EVIL"] * 3),
    "tree-of-nan": lambda: _tree(nodes_values=[NAN, 0.0, 0.0], target_weights=[INFINITE, NAN]),
    "tree-of-2-to-the-40-targets": lambda: _tree(n_targets=2**40),
    "tree-of-wrong-targets": lambda: _tree(target_ids=[2**40, -1]),
    "tree-without-nodes": lambda: behind(
        helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml"),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
    ),
    "svm": lambda: behind(
        helper.make_node(
            "SVMClassifier", ["x"], ["y"], domain="ai.onnx.ml", support_vectors=[1.0], coefficients=[NAN]
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
    ),
    "sequence-of-everything": lambda: behind(
        helper.make_node("SequenceConstruct", ["x"] * 100, ["s"]),
        helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0),
    ),
    "string-normalizer": lambda: one("StringNormalizer", kind=TensorProto.STRING, shape=(4,)),
    "regex": lambda: one("RegexFullMatch", kind=TensorProto.STRING, shape=(4,), opset=20, pattern="(a+)+$"),
    "optional": lambda: one("Optional"),
    "dropout-training": lambda: one("Dropout", np.array(2.0, np.float32), np.array(True)),
    "where-of-three-shapes": lambda: behind(
        helper.make_node("Where", ["c", "x", "z"], ["y"]),
        constants={"c": np.ones((3, 1), bool), "z": floats(1, 2, 3)},
    ),
    "constant-of-nothing": lambda: behind(
        helper.make_node("Constant", [], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])
    ),
    "constant-of-everything": lambda: behind(
        helper.make_node("Constant", [], ["c"], value_int=1, value_float=2.0, value_string="c"),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ),
    "constant-of-a-string": lambda: behind(
        helper.make_node("Constant", [], ["c"], value_string="c"), helper.make_node("Add", ["x", "c"], ["y"])
    ),
    "axis-that-is-a-text": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.STRING, s=b"1")),
    "axis-that-is-a-graph": lambda: _wrong_kind(
        "Softmax", axis=_attribute(AttributeProto.GRAPH, g=graph([]))
    ),
    "axis-that-is-half": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.FLOAT, f=0.5)),
    "axis-of-no-type": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.UNDEFINED, i=1)),
    "axis-of-type-99": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.TYPE_PROTO, i=1)),
    "perm-that-is-a-tensor": lambda: _wrong_kind(
        "Transpose", perm=_attribute(AttributeProto.TENSOR, t=numpy_helper.from_array(ints(1, 0)))
    ),
    "perm-that-is-one-number": lambda: _wrong_kind("Transpose", perm=_attribute(AttributeProto.INT, i=1)),
    "kernel-of-floats": lambda: one(
        "MaxPool", shape=IMAGE, kernel_shape=_attribute(AttributeProto.FLOATS, floats=[2.0, 2.0])
    ),
    "alpha-that-is-a-list": lambda: _wrong_kind(
        "Elu", alpha=_attribute(AttributeProto.FLOATS, floats=[1.0, NAN])
    ),
    "mode-that-is-a-list": lambda: one(
        "Pad", ints(0, 1, 0, 1), mode=_attribute(AttributeProto.STRINGS, strings=[b"edge"])
    ),
    "perm-of-a-million": lambda: one("Transpose", perm=list(range(1_000_000))),
    "unknown-operator": lambda: one("EvilOp"),
    "operator-without-name": lambda: model(
        graph([helper.make_node("", ["x"], ["y"])], [info("x")])
    ).SerializeToString(),
}


def _on_constants(node: NodeProto, **constants: object) -> bytes:
    """A node that is folded, and whose result is added to the input."""
    total = helper.make_node("ReduceSum", ["h"], ["t"], keepdims=0)
    return behind(node, total, helper.make_node("Add", ["x", "t"], ["y"]), constants=constants)


def _scattered_by_inputs(axis: int) -> bytes:
    node = helper.make_node("ScatterElements", ["x", "i", "u"], ["y"], axis=axis)
    inputs = [info("x"), info("i", (1, 2), INT64), info("u", (1, 2))]
    return model(graph([node], inputs)).SerializeToString()


ONES = np.ones((1, 1, 6, 6), np.float32)

FOUND = {
    "compress-of-a-far-axis": lambda: _on_constants(
        helper.make_node("Compress", ["c", "k"], ["h"], axis=9), c=ONES, k=np.array([True])
    ),
    "triangle-of-a-constant": lambda: _on_constants(
        helper.make_node("Trilu", ["c", "k"], ["h"]), c=ONES, k=np.array(MOST)
    ),
    "scatter-along-axis-9": lambda: _scattered_by_inputs(9),
    "scatter-along-axis-minus-9": lambda: _scattered_by_inputs(-9),
    "conv-of-three-strides": lambda: _conv(auto_pad="SAME_LOWER", strides=[1, 63, 2**40]),
    "conv-of-constants-of-three-strides": lambda: _on_constants(
        helper.make_node("Conv", ["c", "k"], ["h"], strides=[1, 1, 5]),
        c=ONES,
        k=np.ones((1, 1, 3, 3), np.float32),
    ),
    "conv-of-constants-padded-by-2-to-the-30": lambda: _on_constants(
        helper.make_node("Conv", ["c", "k"], ["h"], pads=[2**30] * 4, strides=[2**29] * 2),
        c=ONES,
        k=np.ones((1, 1, 3, 3), np.float32),
    ),
    "conv-transpose-of-one-stride": lambda: _conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", output_shape=[16, 16], strides=[2]
    ),
    "pool-of-constants-of-stride-zero": lambda: _on_constants(
        helper.make_node("MaxPool", ["c"], ["h"], kernel_shape=[2, 2], strides=[0, 0], auto_pad="SAME_UPPER"),
        c=ONES,
    ),
    "resize-of-nothing": lambda: behind(
        helper.make_node("Resize", ["", "", "s"], ["y"]), constants={"s": floats(1, 1, 2, 2)}
    ),
    "resize-to-nothing-by-1e20": lambda: one("Resize", None, floats(1e20, -0.0, 0, 2**31), shape=IMAGE),
    "padded-constant-of-booleans": lambda: behind(
        helper.make_node("Pad", ["c"], ["y"], pads=[2**62] * 4),
        constants={"c": np.ones((1, 4), bool)},
        opset=2,
    ),
    "sum-of-what-is-not-there": lambda: behind(
        helper.make_node("Add", ["", "c"], ["h"]),
        helper.make_node("Add", ["x", "h"], ["y"]),
        constants={"c": floats(1)},
    ),
    "sum-of-two-to-the-40-ones-then-one-more": lambda: behind(
        helper.make_node("ConstantOfShape", ["s"], ["h"]),
        helper.make_node("ReduceSum", ["h"], ["t"], keepdims=0),
        helper.make_node("Neg", ["t"], ["u"]),
        helper.make_node("Add", ["x", "u"], ["y"]),
        constants={"s": ints(2**40)},
    ),
    "many-running-sums": lambda: _on_constants(
        helper.make_node("CumSum", ["c", "a"], ["h"]), c=np.ones((100_000, 1), np.float32), a=np.array(0)
    ),
    "one-nan": lambda: one("Add", floats(NAN)),
    "one-nan-that-nobody-reads": lambda: behind(
        helper.make_node("Constant", [], ["c"], value_float=NAN), helper.make_node("Relu", ["x"], ["y"])
    ),
    "four-nans": lambda: one("Add", floats(NAN, NAN, NAN, NAN)),
}
"""What mutants have brought to light, each as small as it gets."""

GROUPS = {
    "exploding": EXPLODING,
    "window": WINDOWS,
    "axis": AXES,
    "einsum": EINSUMS,
    "value": VALUES,
    "found": FOUND,
}
