"""How tract turns a reshape into changes of axes.

Source: tract `ops/change_axes.rs`, `compute_shape_with_tf_rules` and `to_axis_ops_with_tf_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.lowering.graph.axis_op import AxisChange, add, reshape, rm
from auditor.lowering.graph.dim import divide, same_once_bound
from auditor.lowering.graph.shapes import Shape, ShapeMismatch, volume


def reshape_to_changes(shape: Shape, wanted: Sequence[int]) -> list[AxisChange]:
    """The changes of axes that reshape ``shape``; in ``wanted``, 0 copies a size and -1 is inferred.

    Raises:
        ShapeMismatch: no such reshape exists, or tract does not find it.
    """
    target = target_shape(shape, wanted)
    if not same_once_bound(volume(target), volume(shape)):
        raise ShapeMismatch(f"cannot reshape {tuple(shape)} to {tuple(wanted)}")
    changes: list[AxisChange] = []
    current = list(shape)
    while tuple(current) != target:
        if len(changes) > len(shape) + len(target):
            # between shapes without elements tract adds and removes an axis forever
            raise ShapeMismatch(f"EZKL's compiler never ends reshaping {tuple(shape)} to {target}")
        at = next((i for i, (a, b) in enumerate(zip(current, target, strict=False)) if a != b), None)
        if at is None:
            # one shape begins with the other: sizes of one follow, or there is no such reshape
            change = add(len(current)) if len(target) > len(current) else rm(len(current) - 1)
        elif current[at] == 1:
            change = rm(at)
        elif target[at] == 1:
            change = add(at)
        else:
            change = _regroup(current, target, at)
        _make(change, current)
        changes.append(change)
    return changes


def target_shape(shape: Shape, wanted: Sequence[int]) -> Shape:
    """``wanted`` with copied and inferred sizes filled in.

    Raises:
        ShapeMismatch: tract does not see how they fit.
    """
    sizes = _match_sizes(shape, wanted)
    sizes = _match_sizes(shape[::-1], sizes[::-1])[::-1]
    if -1 in sizes:
        known = volume(size for size in sizes if size != -1)
        quotient = divide(volume(shape), known)
        if quotient is None:
            raise ShapeMismatch(f"cannot reshape {tuple(shape)} to {tuple(wanted)}")
        sizes[sizes.index(-1)] = quotient
    return tuple(sizes)


def _match_sizes(shape: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Walk both from the left up to the inferred size, copying sizes where ``wanted`` says so."""
    sizes = list(wanted)
    position, remaining = 0, 1
    for index, size in enumerate(sizes):
        if size == -1:
            break
        if size == 0:
            if remaining != 1 or position >= len(shape):
                raise ShapeMismatch(f"0 copies no size in a reshape of {tuple(shape)} to {tuple(wanted)}")
            size = sizes[index] = shape[position]
        while (quotient := divide(remaining, size)) is None:
            if position >= len(shape):
                raise ShapeMismatch(f"cannot reshape {tuple(shape)} to {tuple(wanted)}")
            remaining *= shape[position]
            position += 1
        remaining = quotient
    return sizes


def _regroup(current: Sequence[int], target: Shape, at: int) -> AxisChange:
    """The first groups of sizes from ``at`` on, one of each shape, with equal volumes."""
    for i in range(at, len(current)):
        group = tuple(current[at : i + 1])
        for o in range(at, len(target)):
            if volume(group) == volume(target[at : o + 1]):
                return reshape(at, group, target[at : o + 1])
    raise ShapeMismatch(f"cannot reshape {tuple(current)} to {target}")


def _make(change: AxisChange, sizes: list[int]) -> None:
    if change.kind == "add":
        sizes.insert(change.at, 1)
    elif change.kind == "rm":
        if sizes.pop(change.at) != 1:
            raise ShapeMismatch("a reshape loses elements")
    else:
        sizes[change.at : change.at + len(change.old)] = change.new
