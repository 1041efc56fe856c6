"""Changes of axes: add, remove, move, reshape, and how they commute (tract `ops/change_axes.rs`)."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from auditor.lowering.graph.shapes import Shape, ShapeMismatch, volume


class AxisChange(NamedTuple):
    """One change. ``kind`` is ``add``, ``rm``, ``move`` or ``reshape``.

    ``at`` is the axis added, removed, moved or where a reshape begins; ``to`` where a move ends;
    ``old`` and ``new`` the sizes a reshape replaces. A tuple, because millions are hashed.
    """

    kind: str
    at: int
    to: int = 0
    old: Shape = ()
    new: Shape = ()

    def __str__(self) -> str:
        if self.kind == "move":
            return f"move({self.at},{self.to})"
        if self.kind == "reshape":
            return f"reshape({self.at},{list(self.old)},{list(self.new)})"
        return f"{self.kind}({self.at})"


def add(axis: int) -> AxisChange:
    """Insert an axis of size one."""
    return AxisChange("add", axis)


def rm(axis: int) -> AxisChange:
    """Remove an axis of size one."""
    return AxisChange("rm", axis)


def move(source: int, target: int) -> AxisChange:
    """Take an axis out and put it back at ``target``."""
    return AxisChange("move", source, target)


def reshape(at: int, old: Shape, new: Shape) -> AxisChange:
    """Replace the sizes ``old`` that begin at axis ``at`` by ``new``."""
    return AxisChange("reshape", at, 0, old, new)


def is_noop(change: AxisChange) -> bool:
    """Whether the change changes nothing."""
    return (change.kind == "move" and change.at == change.to) or (
        change.kind == "reshape" and change.old == change.new
    )


def same_change(a: AxisChange, b: AxisChange) -> bool:
    """tract's equality: two neighbouring axes swap the same way from either side."""
    if is_noop(a) or is_noop(b):
        return is_noop(a) and is_noop(b)
    if a.kind != b.kind:
        return False
    if a.kind == "move":
        straight = a.at == b.at and a.to == b.to
        neighbours = abs(a.at - a.to) == 1
        return straight or (neighbours and b.to == a.at and a.to == b.at)
    if a.kind == "reshape":
        return a == b
    return a.at == b.at


def canonical(change: AxisChange) -> AxisChange:
    """The one spelling of equivalent changes."""
    if change.kind == "move" and change.at == change.to + 1:
        return move(change.to, change.at)
    if change.kind == "reshape":
        at, old, new = change.at, change.old, change.new
        if len(old) == 1 and len(new) == 2:
            if old[0] == new[0]:
                return add(at + 1)
            if old[0] == new[1]:
                return add(at)
        if len(old) == 2 and len(new) == 1:
            if old[0] == new[0]:
                return rm(at + 1)
            if old[1] == new[0]:
                return rm(at)
    return change


def simplify(change: AxisChange) -> list[AxisChange]:
    """The same change as the plainest sequence of changes."""
    change = canonical(change)
    if change.kind != "reshape":
        return [change]
    at, old, new = change.at, change.old, change.new
    if old == new:
        return []
    if not new:
        return [rm(at)] * len(old)
    if not old:
        return [add(at)] * len(new)
    if old[0] == new[0]:
        return simplify(reshape(at + 1, old[1:], new[1:]))
    if old[-1] == new[-1]:
        return simplify(reshape(at, old[:-1], new[:-1]))
    if old[0] == 1:
        return [rm(at), *simplify(reshape(at, old[1:], new))]
    if new[0] == 1:
        return [*simplify(reshape(at, old, new[1:])), add(at)]
    if old[-1] == 1:
        return [rm(at + len(old) - 1), *simplify(reshape(at, old[:-1], new))]
    if new[-1] == 1:
        return [add(at + len(old)), *simplify(reshape(at, old, new[:-1]))]
    return [change]


def transform_axis(change: AxisChange, axis: int) -> int | None:
    """Where an axis is after the change; None when it is gone."""
    change = canonical(change)
    at, to = change.at, change.to
    if change.kind == "add":
        return axis + (axis >= at)
    if change.kind == "rm":
        return None if axis == at else axis - (axis > at)
    if change.kind == "move":
        if axis < min(at, to) or axis > max(at, to):
            return axis
        if axis == at:
            return to
        return axis - 1 if at < to else axis + 1
    if axis < at:
        return axis
    if axis >= at + len(change.old):
        return axis + len(change.new) - len(change.old)
    return None


def recip(change: AxisChange) -> AxisChange:
    """The change that undoes this one."""
    change = canonical(change)
    if change.kind == "add":
        return rm(change.at)
    if change.kind == "rm":
        return add(change.at)
    if change.kind == "move":
        return change if change.at == change.to or change.at + 1 == change.to else move(change.to, change.at)
    return reshape(change.at, change.new, change.old)


def change_shape(change: AxisChange, shape: Shape, broadcasting: bool = False) -> Shape:
    """The shape after the change.

    ``broadcasting`` lets a reshape pass where all its axes have size one.

    Raises:
        ShapeMismatch: the change does not fit the shape.
    """
    change = canonical(change)
    dims = list(shape)
    at = change.at
    if change.kind == "add":
        if at > len(dims):
            raise ShapeMismatch(f"{change} on {shape}")
        dims.insert(at, 1)
    elif change.kind == "rm":
        if at >= len(dims) or dims[at] != 1:
            raise ShapeMismatch(f"{change} on {shape}")
        dims.pop(at)
    elif change.kind == "move":
        if at >= len(dims) or change.to >= len(dims):
            raise ShapeMismatch(f"{change} on {shape}")
        dims.insert(change.to, dims.pop(at))
    else:
        return _change_by_reshape(change, dims, broadcasting)
    return tuple(dims)


def _change_by_reshape(change: AxisChange, dims: list[int], broadcasting: bool) -> Shape:
    at, count = change.at, len(change.old)
    current = tuple(dims[at : at + count])
    if volume(change.old) == volume(change.new) and at + count <= len(dims):
        if current == change.old:
            return (*dims[:at], *change.new, *dims[at + count :])
        if broadcasting and all(d == 1 for d in current):
            return (*dims[:at], *((1,) * len(change.new)), *dims[at + count :])
    raise ShapeMismatch(f"{change} on {tuple(dims)}")


def perm_to_changes(perm: list[int]) -> list[AxisChange]:
    """A transposition as moves; ``perm[i]`` is the input axis that becomes output axis ``i``."""
    changes: list[AxisChange] = []
    while True:
        reached = list(range(len(perm)))
        for change in changes:
            reached.insert(change.to, reached.pop(change.at))
        if reached == perm:
            return changes
        cycles = _cycles([reached.index(axis) for axis in perm])
        rotation = next((r for r in map(_as_rotation, cycles) if r is not None), None)
        changes.append(move(*rotation) if rotation is not None else move(cycles[0][1], cycles[0][0]))


def _cycles(perm: list[int]) -> list[list[int]]:
    cycles: list[list[int]] = []
    for start in range(len(perm)):
        if perm[start] == start or any(start in cycle for cycle in cycles):
            continue
        cycle, current = [start], perm[start]
        while current != start:
            cycle.append(current)
            current = perm[current]
        cycles.append(cycle)
    return cycles


def _as_rotation(cycle: list[int]) -> tuple[int, int] | None:
    if all(a + 1 == b for a, b in pairwise(cycle)):
        return cycle[0], cycle[-1]
    tail = cycle[1:]
    if all(a - 1 == b for a, b in pairwise(tail)) and cycle[-1] - 1 == cycle[0]:
        return cycle[1], cycle[0]
    return None


def merge_incoming(op: AxisChange, change: AxisChange) -> tuple[AxisChange | None, AxisChange | None] | None:
    """How an axis operation absorbs a change of its input.

    Returns the operation that replaces ``op`` (None: identity) and the change of its output (None:
    unchanged); None when the two do not commute.
    """
    own, incoming = canonical(op), canonical(change)
    merge = _MERGES.get((own.kind, incoming.kind))
    return merge(own, incoming, op, change) if merge else None


Merged = tuple[AxisChange | None, AxisChange | None] | None


def _add_add(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    return add(own.at + (inc.at < own.at)), add(inc.at + (inc.at >= own.at))


def _add_rm(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    return add(own.at - (inc.at < own.at)), rm(inc.at + (inc.at >= own.at))


def _rm_add(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    return rm(own.at + (inc.at <= own.at)), add(inc.at - (own.at < inc.at))


def _rm_rm(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    return rm(own.at - (inc.at < own.at)), rm(inc.at - (own.at <= inc.at))


def _add_move(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    if own.at <= min(inc.at, inc.to):
        return op, move(inc.at + 1, inc.to + 1)
    return (op, change) if own.at > max(inc.at, inc.to) else None


def _move_add(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    if inc.at <= min(own.at, own.to):
        return move(own.at + 1, own.to + 1), inc
    return (own, inc) if inc.at > max(own.at, own.to) else None


def _rm_move(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    removed, source, target = own.at, inc.at, inc.to
    if removed == source:
        return rm(target), None
    if removed < min(source, target):
        return op, move(source - 1, target - 1)
    if removed > max(source, target):
        return op, change
    if source + 1 == target and removed == target:
        return rm(source), None
    if source < target and removed <= target:
        return rm(removed - 1), move(source, target - 1)
    return rm(removed + 1), move(source - 1, target)


def _move_rm(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    if inc.at < min(own.at, own.to):
        return move(own.at - 1, own.to - 1), inc
    return (own, inc) if inc.at > max(own.at, own.to) else None


def _unit_reshape(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    """``own`` adds or removes an axis, a reshape comes in."""
    shift = 1 if own.kind == "add" else -1
    growth = len(inc.new) - len(inc.old)
    before = own.at <= inc.at if own.kind == "add" else own.at < inc.at
    if before:
        return own, reshape(inc.at + shift, inc.old, inc.new)
    if own.at > inc.at + len(inc.old):
        return AxisChange(own.kind, own.at + growth), inc
    return None


def _reshape_unit(own: AxisChange, inc: AxisChange, op: AxisChange, change: AxisChange) -> Merged:
    """``own`` reshapes, the addition or removal of an axis comes in."""
    shift = 1 if inc.kind == "add" else -1
    growth = len(own.new) - len(own.old)
    if inc.at < own.at:
        return reshape(own.at + shift, own.old, own.new), inc
    if inc.at > own.at + len(own.old):
        return own, AxisChange(inc.kind, inc.at + growth)
    return None


_MERGES = {
    ("add", "add"): _add_add, ("add", "rm"): _add_rm, ("rm", "add"): _rm_add, ("rm", "rm"): _rm_rm,
    ("add", "move"): _add_move, ("move", "add"): _move_add, ("rm", "move"): _rm_move,
    ("move", "rm"): _move_rm, ("add", "reshape"): _unit_reshape, ("rm", "reshape"): _unit_reshape,
    ("reshape", "add"): _reshape_unit, ("reshape", "rm"): _reshape_unit,
}  # fmt: skip
