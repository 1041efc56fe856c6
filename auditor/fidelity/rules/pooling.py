"""Pools: what EZKL's layouts ``max_pool`` and ``sumpool`` leave out of ONNX's attributes."""

from __future__ import annotations

import math

from auditor.fidelity.registry import node_rule
from auditor.fidelity.traits import not_negative
from auditor.fidelity.view import NodeView

Padding = tuple[tuple[int, int], ...]


@node_rule("AUD-FID-002", "AveragePool", "MaxPool")
def dilated(node: NodeView) -> str | None:
    """EZKL never reads ``dilations`` of a pool; where the window has size 1 that is no matter."""
    dilations = node.sizes("dilations")
    kernel = node.sizes("kernel_shape")
    if any(step != 1 and size != 1 for step, size in zip(dilations, kernel, strict=False)):
        return f"{node.node.op_type} ignores dilations {list(dilations)}: the window is not spread out"
    return None


@node_rule("AUD-FID-003", "AveragePool")
def average_of_padding(node: NodeView) -> str | None:
    """tract carries ``count_include_pad``, EZKL divides by the whole window all the same."""
    if node.attribute("count_include_pad", 0) != 0 or not touches_padding(node):
        return None
    return "AveragePool divides by the whole window at the borders, as if count_include_pad were 1"


@node_rule("AUD-FID-004", "MaxPool")
def padded_with_zero(node: NodeView) -> str | None:
    """EZKL pads with 0; that shows where a window can hold nothing but negative elements."""
    if not_negative(node.graph, node.node.inputs[0]) or not touches_padding(node):
        return None
    return "MaxPool pads with 0 in place of minus infinity: windows at the border are never below 0"


@node_rule("AUD-FID-036", "GlobalLpPool", folded=True)
def norm_as_mean(node: NodeView) -> str | None:
    """tract onnx/src/ops/nn: the mean of the powers in place of their sum, and no absolute values."""
    exponent = node.attribute("p", 2)
    is_absolute = exponent % 2 == 0 or not_negative(node.graph, node.node.inputs[0])
    if is_absolute and math.prod(node.dims(0)[2:]) == 1:
        return None
    return f"GlobalLpPool with p={exponent} takes the mean of powers in place of the sum of absolute ones"


def touches_padding(node: NodeView) -> bool:
    """Whether a window of the pool holds padding; raises NotKnown."""
    kernel = node.sizes("kernel_shape")
    steps = node.sizes("strides") or (1,) * len(kernel)
    padding = _padding(node, kernel, steps)
    if all(before == after == 0 for before, after in padding):
        return False
    if any(before for before, _ in padding):
        return True
    lengths = node.dims(0)[2:]
    return any(
        (length + after - size) // step * step + size > length
        for length, size, step, (_, after) in zip(lengths, kernel, steps, padding, strict=False)
    )


def _padding(node: NodeView, kernel: tuple[int, ...], steps: tuple[int, ...]) -> Padding:
    mode = node.attribute("auto_pad", "NOTSET")
    if mode == "VALID":
        return ()
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        lengths = node.dims(0)[2:]
        totals = [
            max((-(-length // step) - 1) * step + size - length, 0)
            for length, size, step in zip(lengths, kernel, steps, strict=False)
        ]
        halves = [(total // 2, total - total // 2) for total in totals]
        return tuple(halves if mode == "SAME_UPPER" else [(after, before) for before, after in halves])
    pads = node.sizes("pads")
    half = len(pads) // 2
    return tuple(zip(pads[:half], pads[half:], strict=False))
