"""Parts of a tensor by constant indices: EZKL takes references to cells, where a slice assigns its input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from auditor.model.graph import NodeDef, TensorData
from auditor.planning.what_if.change import SAME
from auditor.planning.what_if.edit import Edit, constant, made, place
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View, number


@swap(SAME)
def gathers(view: View) -> Iterator[Edit]:
    """Slice and Split by Gather, where their sizes are known."""
    for node in view.of("Slice"):
        edit = _of_slice(view, node)
        if edit is not None:
            yield edit
    for node in view.of("Split"):
        edit = _of_split(view, node)
        if edit is not None:
            yield edit


def _of_slice(view: View, node: NodeDef) -> Edit | None:
    """One Gather for each axis, the one that is cut most first."""
    shape = view.shape(node.inputs[0])
    starts, ends = view.integers(node, 1, "starts"), view.integers(node, 2, "ends")
    if shape is None or starts is None or ends is None or view.tensor(node.inputs[0]) is not None:
        return None
    axes = view.integers(node, 3, "axes") if len(node.inputs) > 3 or "axes" in node.attributes else None
    steps = view.integers(node, 4, "steps") if len(node.inputs) > 4 else None
    axes = tuple(range(len(starts))) if axes is None else tuple(axis % len(shape) for axis in axes)
    steps = (1,) * len(starts) if steps is None else steps
    kept = [
        (axis, range(shape[axis])[_cut(start, end, step)])
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)
    ]
    kept = sorted(
        ((axis, left) for axis, left in kept if len(left) < shape[axis] or left != range(shape[axis])),
        key=lambda one: len(one[1]) / shape[one[0]],
    )
    if not kept or any(not left for _, left in kept):
        return None
    stem, source = node.outputs[0], node.inputs[0]
    put: list[NodeDef] = []
    constants: list[TensorData] = []
    for index, (axis, left) in enumerate(kept):
        output = stem if index == len(kept) - 1 else f"{stem}.{axis}"
        constants.append(constant(f"{stem}.indices{axis}", np.array(left, np.int64)))
        put.append(made("Gather", [source, constants[-1].name], output, axis=axis))
        source = output
    return _edit(node, put, constants)


def _cut(start: int, end: int, step: int) -> slice:
    """ONNX clamps ends, and for a negative step one before the first is very negative."""
    return slice(start, None if step < 0 and end <= -(1 << 31) else end, step)


def _of_split(view: View, node: NodeDef) -> Edit | None:
    shape = view.shape(node.inputs[0])
    sizes = [view.shape(name) if name else None for name in node.outputs]
    if shape is None or any(size is None for size in sizes) or view.tensor(node.inputs[0]) is not None:
        return None
    axis = number(node, "axis", 0) % max(1, len(shape))
    put, constants, start = [], [], 0
    for name, size in zip(node.outputs, sizes, strict=True):
        length = size[axis] if size is not None else 0
        constants.append(constant(f"{name}.indices", np.arange(start, start + length)))
        put.append(made("Gather", [node.inputs[0], constants[-1].name], name, axis=axis))
        start += length
    return _edit(node, put, constants)


def _edit(node: NodeDef, put: Sequence[NodeDef], constants: Sequence[TensorData]) -> Edit:
    return Edit(
        what=f"{node.op_type} -> Gather",
        where=place(node),
        drop=(node,),
        put=tuple(put),
        constants=tuple(constants),
    )
