"""Cases of the rules about convolutions, pools and resizing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import NodeProto, helper

from tests.fidelity.building import Case, Example, example, floats, numbers, one


def _convolutions(batch: int, size: int = 6, pads: Sequence[int] = (0, 0, 0, 0)) -> Example:
    def conv(source: str, weight: str, result: str, pads: Sequence[int] = (0, 0, 0, 0)) -> NodeProto:
        return helper.make_node("Conv", [source, weight], [result], name=result, strides=[1, 1], pads=pads)

    weights = {"a": numbers(3, 2, 1, 1), "b": numbers(3, 3, 3, 3) / 4, "c": numbers(2, 3, 1, 1)}
    nodes = [conv("x", "a", "first"), conv("first", "b", "second", pads), conv("second", "c", "y")]
    return example(nodes, {"x": numbers(batch, 2, size, size)}, weights)


def _resize(factor: int = 2, **attributes: Any) -> Example:
    scales = floats(1, 1, factor, factor)
    return one("Resize", {"x": numbers(1, 1, 4, 4)}, {"s": scales}, order=["x", "", "s"], **attributes)


def _transposed(output_shape: Sequence[int]) -> Example:
    inputs = {"x": numbers(1, 1, 4, 4)}
    return one("ConvTranspose", inputs, {"w": numbers(1, 1, 3, 3)}, strides=[2, 2], output_shape=output_shape)


_IMAGE = {"x": numbers(1, 1, 6, 6) - 1}
_WINDOW: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [1, 1]}


IMAGES: tuple[Case, ...] = (
    Case(rule="AUD-FID-001", name="Conv between 1x1 Convs", wrong=_convolutions(1), right=_convolutions(2)),
    Case(
        rule="AUD-FID-002",
        name="MaxPool dilations",
        wrong=one("MaxPool", _IMAGE, dilations=[1, 2], **_WINDOW),
        right=one("MaxPool", _IMAGE, dilations=[1, 1], **_WINDOW),
    ),
    Case(
        rule="AUD-FID-002",
        name="AveragePool dilations",
        wrong=one("AveragePool", _IMAGE, dilations=[2, 2], opset=19, **_WINDOW),
        right=one("AveragePool", _IMAGE, dilations=[1, 1], opset=19, **_WINDOW),
    ),
    Case(
        rule="AUD-FID-003",
        name="AveragePool pads",
        wrong=one("AveragePool", _IMAGE, pads=[1, 1, 1, 1], **_WINDOW),
        right=one("AveragePool", _IMAGE, pads=[1, 1, 1, 1], count_include_pad=1, **_WINDOW),
    ),
    Case(
        rule="AUD-FID-003",
        name="AveragePool SAME_UPPER",
        wrong=one("AveragePool", _IMAGE, auto_pad="SAME_UPPER", **_WINDOW),
        right=one("AveragePool", _IMAGE, auto_pad="SAME_UPPER", kernel_shape=[2, 2], strides=[2, 2]),
    ),
    Case(
        rule="AUD-FID-004",
        name="MaxPool pads",
        wrong=one("MaxPool", _IMAGE, pads=[1, 1, 1, 1], **_WINDOW),
        right=example(
            [
                helper.make_node("Relu", ["x"], ["r"], name="relu"),
                helper.make_node("MaxPool", ["r"], ["y"], name="node", pads=[1, 1, 1, 1], **_WINDOW),
            ],
            _IMAGE,
        ),
    ),
    Case(
        rule="AUD-FID-004",
        name="MaxPool pads that no window reaches",
        wrong=one("MaxPool", _IMAGE, pads=[0, 0, 1, 1], kernel_shape=[3, 3], strides=[2, 2]),
        right=one("MaxPool", _IMAGE, pads=[0, 0, 1, 1], kernel_shape=[2, 2], strides=[2, 2]),
    ),
    Case(
        rule="AUD-FID-020",
        name="Resize rounding",
        wrong=_resize(coordinate_transformation_mode="half_pixel", nearest_mode="floor"),
        right=_resize(coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    ),
    Case(
        rule="AUD-FID-020",
        name="Resize linear",
        wrong=_resize(mode="linear", nearest_mode="floor"),
        right=_resize(mode="nearest"),
    ),
    Case(
        rule="AUD-FID-020",
        name="Resize three times",
        wrong=_resize(3, coordinate_transformation_mode="asymmetric", nearest_mode="round_prefer_floor"),
        right=_resize(2, coordinate_transformation_mode="asymmetric", nearest_mode="round_prefer_floor"),
    ),
    Case(
        rule="AUD-FID-022",
        name="ConvTranspose output_shape",
        wrong=_transposed([8, 8]),
        right=_transposed([9, 9]),
    ),
    Case(
        rule="AUD-FID-001",
        name="Conv as large as the image between 1x1 Convs",
        wrong=_convolutions(1, pads=(2, 2, 2, 2)),
        right=_convolutions(1, size=3),
    ),
)
