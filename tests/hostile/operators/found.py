"""What mutants have brought to light, each as small as it gets."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, helper

from tests.hostile.making import INT64, behind, floats, graph, info, ints, model, one
from tests.hostile.operators.common import IMAGE, MOST, NAN
from tests.hostile.operators.windows import conv


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
    "conv-of-three-strides": lambda: conv(auto_pad="SAME_LOWER", strides=[1, 63, 2**40]),
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
    "conv-transpose-of-one-stride": lambda: conv(
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
