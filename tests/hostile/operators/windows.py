"""Windows that slide by nothing, or over what is not there."""

from __future__ import annotations

import numpy as np

from tests.hostile.making import ints, one
from tests.hostile.operators.common import IMAGE, KERNEL, MOST, NAN


def conv(
    weights: np.ndarray = KERNEL, shape: tuple[int, ...] = IMAGE, operator: str = "Conv", **attributes: object
) -> bytes:
    return one(operator, weights, shape=shape, **attributes)


WINDOWS = {
    "conv-of-stride-zero": lambda: conv(strides=[0, 0]),
    "conv-of-stride-minus-one": lambda: conv(strides=[-1, -1]),
    "conv-of-stride-2-to-the-63": lambda: conv(strides=[MOST, MOST]),
    "conv-of-dilation-zero": lambda: conv(dilations=[0, 0]),
    "conv-of-dilation-2-to-the-40": lambda: conv(dilations=[2**40, 2**40]),
    "conv-of-dilation-2-to-the-63": lambda: conv(dilations=[MOST, MOST]),
    "conv-padded-by-2-to-the-40": lambda: conv(pads=[2**40] * 4),
    "conv-padded-by-2-to-the-63": lambda: conv(pads=[MOST] * 4),
    "conv-padded-by-minus-ten": lambda: conv(pads=[-10] * 4),
    "conv-padded-on-three-sides": lambda: conv(pads=[1, 1, 1]),
    "conv-of-no-groups": lambda: conv(group=0),
    "conv-of-minus-one-group": lambda: conv(group=-1),
    "conv-of-2-to-the-40-groups": lambda: conv(group=2**40),
    "conv-kernel-larger-than-image": lambda: conv(np.ones((4, 3, 30, 30), np.float32)),
    "conv-kernel-of-nothing": lambda: conv(np.ones((4, 3, 0, 0), np.float32)),
    "conv-without-filters": lambda: conv(np.ones((0, 3, 3, 3), np.float32)),
    "conv-of-wrong-channels": lambda: conv(np.ones((4, 7, 3, 3), np.float32)),
    "conv-of-a-scalar-kernel": lambda: conv(np.array(1, np.float32)),
    "conv-of-a-vector": lambda: conv(shape=(8,)),
    "conv-declares-another-kernel": lambda: conv(kernel_shape=[5, 5]),
    "conv-of-auto-pad-unknown": lambda: conv(auto_pad="SAME_\u202eEVIL"),
    "conv-same-of-stride-zero": lambda: conv(auto_pad="SAME_UPPER", strides=[0, 0]),
    "conv-same-of-dilation-2-to-the-62": lambda: conv(auto_pad="SAME_LOWER", dilations=[2**62, 2**62]),
    "conv-of-nan": lambda: conv(np.full((4, 3, 3, 3), NAN, np.float32)),
    "conv-transpose-of-stride-2-to-the-40": lambda: conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", strides=[2**40, 2**40]
    ),
    "conv-transpose-to-2-to-the-63": lambda: conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", output_shape=[MOST, MOST]
    ),
    "conv-transpose-output-padding": lambda: conv(
        np.ones((3, 4, 3, 3), np.float32), operator="ConvTranspose", output_padding=[2**62, -(2**62)]
    ),
    "conv-transpose-of-stride-zero": lambda: conv(
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
