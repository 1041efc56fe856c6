"""Axes, indices and shapes that do not exist."""

from __future__ import annotations

import numpy as np

from tests.hostile.making import floats, ints, one
from tests.hostile.operators.common import LEAST, MOST


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
