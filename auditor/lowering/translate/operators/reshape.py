"""Reshape and its relatives, as changes of axes.

Sources: tract `hir/src/ops/array/{reshape,flatten,squeeze,rm_dims,add_dims}.rs`,
`onnx/src/ops/array/{squeeze,unsqueeze}.rs`, `onnx/src/ops/{d2s,s2d}.rs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axis_op import AxisChange, add, move, rm
from auditor.lowering.graph.axis_op import reshape as regroup
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.reshaping import reshape_to_changes
from auditor.lowering.graph.shapes import volume
from auditor.lowering.translate.attributes import constant_integers, integer, required_integers, text
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp


@translates("Reshape")
def reshape(call: Call) -> list[Outlet]:
    """A reshape to constant sizes; 0 copies a size and -1 is inferred, ``allowzero`` is not read."""
    wanted = constant_integers(call, 1, "the shape")
    return _numbered(call, reshape_to_changes(call.fact(call.present[0]).shape, wanted))


@translates("Flatten")
def flatten(call: Call) -> list[Outlet]:
    """Two axes: those before ``axis`` and the rest."""
    sizes = call.fact(call.input(0)).shape
    axis = integer(call, "axis", 1)
    axis += len(sizes) if axis < 0 else 0
    if not 0 <= axis <= len(sizes):
        raise Rejected(f"flattens at axis {axis} of {len(sizes)}")
    return _numbered(call, reshape_to_changes(sizes, [volume(sizes[:axis]), volume(sizes[axis:])]))


@translates("Squeeze")
def squeeze(call: Call) -> list[Outlet]:
    """Axes of size one removed; before opset 13 tract wants them named."""
    sizes = call.fact(call.input(0)).shape
    if call.opset < 13:
        axes: Sequence[int] = required_integers(call, "axes")
    elif len(call.present) == 2:
        axes = constant_integers(call, 1, "the axes", "i64")
    else:
        axes = [axis for axis, size in enumerate(sizes) if size == 1]
    places = _resolve(axes, len(sizes))
    remaining = list(sizes)
    for place in reversed(places):
        # tract removes in the order given, so that axes must be sorted to mean what they say
        if place >= len(remaining) or remaining.pop(place) != 1:
            raise Rejected(f"removes axes {list(axes)} of {sizes}")
    return _per_axis(call, [rm(place) for place in sorted(places, reverse=True)])


@translates("Unsqueeze")
def unsqueeze(call: Call) -> list[Outlet]:
    """Axes of size one added."""
    if call.opset < 13:
        axes: Sequence[int] = required_integers(call, "axes")
    else:
        expect_inputs(call, 2)
        axes = constant_integers(call, 1, "the axes", "i64")
    rank = call.fact(call.input(0)).rank + len(axes)
    return _per_axis(call, [add(place) for place in sorted(_resolve(axes, rank))])


@translates("DepthToSpace")
def depth_to_space(call: Call) -> list[Outlet]:
    """Channels moved into blocks of rows and columns."""
    depth, height, width, block = _image(call)
    inner = depth // (block * block)
    if depth % (block * block):
        raise Rejected(f"{depth} channels are not a multiple of {block * block}")
    mode = text(call, "mode") or "DCR"
    if mode not in ("DCR", "CRD"):
        raise Rejected(f"mode {mode}")
    joined = regroup(2, (height, block, width, block), (height * block, width * block))
    if mode == "DCR":
        return _numbered(call, [regroup(1, (depth,), (block, block, inner)), move(2, 5), move(1, 3), joined])
    return _numbered(call, [regroup(1, (depth,), (inner, block, block)), move(3, 5), move(2, 3), joined])


@translates("SpaceToDepth")
def space_to_depth(call: Call) -> list[Outlet]:
    """Blocks of rows and columns moved into channels."""
    depth, height, width, block = _image(call)
    if height % block or width % block:
        raise Rejected(f"an image of {height} x {width} does not divide into blocks of {block}")
    split = regroup(2, (height, width), (height // block, block, width // block, block))
    joined = regroup(1, (block, block, depth), (depth * block * block,))
    return _numbered(call, [split, move(3, 1), move(5, 2), joined])


def _image(call: Call) -> tuple[int, int, int, int]:
    """Channels, height, width and block size."""
    expect_inputs(call, 1)
    sizes = call.fact(call.input(0)).shape
    block = integer(call, "blocksize", 2)
    if len(sizes) != 4 or block < 1:
        raise Rejected(f"blocks of {block} of an input of rank {len(sizes)}")
    return sizes[1], sizes[2], sizes[3], block


def _resolve(axes: Iterable[int], rank: int) -> list[int]:
    places = [axis + rank if axis < 0 else axis for axis in axes]
    if any(not 0 <= place < rank for place in places):
        raise Rejected(f"axes {list(axes)} of rank {rank}")
    if len(set(places)) < len(places):
        raise Rejected(f"names an axis twice: {list(axes)}")
    return places


def _numbered(call: Call, changes: Sequence[AxisChange]) -> list[Outlet]:
    """Changes of axes after one another, named by their place in the sequence."""
    wire = call.present[0]
    for index, change in enumerate(changes):
        wire = call.wire(AxisOp(change), wire, suffix=str(index))
    return [wire]


def _per_axis(call: Call, changes: Sequence[AxisChange]) -> list[Outlet]:
    """Changes of axes after one another, named by their axis."""
    wire = call.present[0]
    for change in changes:
        wire = call.wire(AxisOp(change), wire, suffix=f"axis-{change.at}")
    return [wire]
