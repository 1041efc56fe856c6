"""Operators that ask for sizes that explode."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from onnx import helper, numpy_helper

from tests.hostile.making import FLOAT, INT64, behind, floats, ints, one
from tests.hostile.operators.common import IMAGE, INFINITE, LEAST, MOST, NAN


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
