"""How the axes of an operation's inputs relate to those of its outputs (tract `axes/mapping.rs`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from auditor.lowering.graph.axis_op import AxisChange

InOut = tuple[str, int]
"""("in", slot) or ("out", slot)."""

_IN, _OUT = "in", "out"


class Axis(Struct, frozen=True):
    """One index of the operation: a letter, and where it stands in each input and output."""

    repr: str
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]

    def at(self, io: InOut) -> tuple[int, ...]:
        """Its positions in one interface."""
        return self.inputs[io[1]] if io[0] == _IN else self.outputs[io[1]]


class AxesMapping(Struct, frozen=True):
    """All axes of an operation, in tract's order: by first place in the outputs, then the inputs."""

    input_count: int
    output_count: int
    axes: tuple[Axis, ...]

    # --- making one

    @staticmethod
    def new(input_count: int, output_count: int, axes: Iterable[Axis]) -> AxesMapping:
        """A mapping with its axes put in order."""
        return AxesMapping(input_count, output_count, tuple(sorted(axes, key=_order_key)))

    @staticmethod
    def from_strs(inputs: Sequence[str], outputs: Sequence[str]) -> AxesMapping:
        """From subscripts, one string for each input and output; no output means numpy's implicit one."""
        return _from_strs(tuple(inputs), tuple(outputs))

    @staticmethod
    def parse(equation: str) -> AxesMapping:
        """From an einsum equation such as ``mk,kn->mn``."""
        left, _, right = equation.replace(" ", "").partition("->")
        return AxesMapping.from_strs(left.split(","), [s for s in right.split(",") if s])

    @staticmethod
    def natural(inputs: int, outputs: int, rank: int) -> AxesMapping:
        """Every axis in the same place everywhere, as for element-wise operations."""
        return _natural(inputs, outputs, rank)

    @staticmethod
    def disconnected(input_ranks: Sequence[int], output_ranks: Sequence[int]) -> AxesMapping:
        """No axis related to any other."""
        letters = iter(labels())
        inputs = ["".join(next(letters) for _ in range(rank)) for rank in input_ranks]
        outputs = ["".join(next(letters) for _ in range(rank)) for rank in output_ranks]
        axes = []
        for io, strings in ((_IN, inputs), (_OUT, outputs)):
            for slot, string in enumerate(strings):
                for position, letter in enumerate(string):
                    axes.append(_single(letter, len(inputs), len(outputs), (io, slot), position))
        return AxesMapping.new(len(inputs), len(outputs), axes)

    # --- asking

    def axis(self, key: str | tuple[InOut, int]) -> Axis:
        """The axis of a letter, or at a position of an interface.

        Raises:
            KeyError: there is none.
        """
        for axis in self.axes:
            if (axis.repr == key) if isinstance(key, str) else (key[1] in axis.at(key[0])):
                return axis
        raise KeyError(key)

    def rank(self, io: InOut) -> int:
        """Number of axes of an interface."""
        return sum(len(axis.at(io)) for axis in self.axes)

    def axes_of(self, io: InOut) -> list[Axis]:
        """The axes of an interface in its own order."""
        return [self.axis((io, position)) for position in range(self.rank(io))]

    def track(self, source: tuple[InOut, int], target: InOut) -> int | None:
        """Where an axis of one interface stands in another, if at exactly one place."""
        positions = self.axis(source).at(target)
        return positions[0] if len(positions) == 1 else None

    def available_label(self) -> str:
        """The first letter not in use."""
        used = {axis.repr for axis in self.axes}
        return next(letter for letter in labels() if letter not in used)

    def direct(self, a: InOut, b: InOut) -> bool:
        """Whether two interfaces have the same axes in the same places."""
        return all(axis.at(a) == axis.at(b) for axis in self.axes)

    def to_strs(self) -> tuple[list[str], list[str]]:
        """The subscripts of inputs and outputs."""
        return (
            [self._string((_IN, slot)) for slot in range(self.input_count)],
            [self._string((_OUT, slot)) for slot in range(self.output_count)],
        )

    def _string(self, io: InOut) -> str:
        places = sorted((position, axis.repr) for axis in self.axes for position in axis.at(io))
        return "".join(letter for _, letter in places)

    def __str__(self) -> str:
        inputs, outputs = self.to_strs()
        return f"{','.join(inputs)}->{','.join(outputs)}"

    # --- changing

    def renaming(self, key: str | tuple[InOut, int], name: str) -> AxesMapping:
        """The same with one axis renamed; an axis that had the name takes the old one."""
        target = self.axis(key)
        axes = []
        for axis in self.axes:
            if axis is target:
                axes.append(Axis(name, axis.inputs, axis.outputs))
            elif axis.repr == name:
                axes.append(Axis(target.repr, axis.inputs, axis.outputs))
            else:
                axes.append(axis)
        return AxesMapping.new(self.input_count, self.output_count, axes)

    def linking(self, target: str | tuple[InOut, int], key: str | tuple[InOut, int]) -> AxesMapping:
        """The same with the second axis merged into the first."""
        merged, removed = self.axis(target), self.axis(key)
        joined = Axis(
            merged.repr,
            tuple(a + b for a, b in zip(merged.inputs, removed.inputs, strict=True)),
            tuple(a + b for a, b in zip(merged.outputs, removed.outputs, strict=True)),
        )
        axes = [joined if axis is merged else axis for axis in self.axes if axis is not removed]
        return AxesMapping.new(self.input_count, self.output_count, axes)

    def remove_axis(self, letter: str) -> AxesMapping:
        """The same without an axis, wherever it stands."""
        removed = self.axis(letter)
        axes = [
            Axis(
                axis.repr,
                tuple(_closed(p, gone) for p, gone in zip(axis.inputs, removed.inputs, strict=True)),
                tuple(_closed(p, gone) for p, gone in zip(axis.outputs, removed.outputs, strict=True)),
            )
            for axis in self.axes
            if axis is not removed
        ]
        return AxesMapping.new(self.input_count, self.output_count, axes)

    def remove_axis_occurrence(self, io: InOut, position: int) -> AxesMapping:
        """The same with one place of an axis removed (and the axis, if that was its only one)."""
        axis = self.axis((io, position))
        if sum(map(len, axis.inputs)) + sum(map(len, axis.outputs)) == 1:
            return self.remove_axis(axis.repr)
        axes = [_edit(a, io, lambda places: _closed(places, (position,), drop=True)) for a in self.axes]
        return AxesMapping.new(self.input_count, self.output_count, axes)

    def remove_slot(self, io: InOut) -> AxesMapping:
        """The same without one input or output."""
        mapping = self
        while mapping.rank(io):
            mapping = mapping.remove_axis_occurrence(io, 0)
        inputs, outputs = mapping.input_count, mapping.output_count
        side, slot = io
        axes = [
            Axis(
                axis.repr,
                _without(axis.inputs, slot) if side == _IN else axis.inputs,
                _without(axis.outputs, slot) if side == _OUT else axis.outputs,
            )
            for axis in mapping.axes
        ]
        return AxesMapping.new(inputs - (side == _IN), outputs - (side == _OUT), axes)

    def with_extra_input(self, slot: int) -> AxesMapping:
        """The same with a new input of rank zero."""
        axes = [Axis(a.repr, (*a.inputs[:slot], (), *a.inputs[slot:]), a.outputs) for a in self.axes]
        return AxesMapping.new(self.input_count + 1, self.output_count, axes)

    def with_extra_axis(self, letter: str, io: InOut, position: int) -> AxesMapping:
        """The same with a new axis at one place."""
        axes = [_edit(axis, io, lambda places: _opened(places, position)) for axis in self.axes]
        axes.append(_single(letter, self.input_count, self.output_count, io, position))
        return AxesMapping.new(self.input_count, self.output_count, axes)

    def with_extra_axis_occurrence(
        self, key: str | tuple[InOut, int], io: InOut, position: int
    ) -> AxesMapping:
        """The same with an axis standing at one more place."""
        letter = self.axis(key).repr
        axes = [_edit(axis, io, lambda places: _opened(places, position)) for axis in self.axes]
        axes = [
            _edit(axis, io, lambda places: (*places, position)) if axis.repr == letter else axis
            for axis in axes
        ]
        return AxesMapping.new(self.input_count, self.output_count, axes)

    def change_axis_sink(self, io: InOut, change: AxisChange) -> AxesMapping | None:
        """The mapping that absorbs a change of one interface; None for a reshape."""
        inputs, outputs = self.to_strs()
        strings = inputs if io[0] == _IN else outputs
        letters = list(strings[io[1]])
        if change.kind == "rm":
            letters.pop(change.at)
        elif change.kind == "add":
            letters.insert(change.at, self.available_label())
        elif change.kind == "move":
            letters.insert(change.to, letters.pop(change.at))
        else:
            return None
        strings[io[1]] = "".join(letters)
        return AxesMapping.from_strs(inputs, outputs)


def labels() -> Iterable[str]:
    """tract's letters: from ``a`` upwards through Unicode."""
    return (chr(code) for code in range(ord("a"), 0x10FFFF) if not 0xD800 <= code <= 0xDFFF)


@lru_cache(maxsize=256)
def _natural(inputs: int, outputs: int, rank: int) -> AxesMapping:
    letters = labels()
    axes = [
        Axis(letter, ((position,),) * inputs, ((position,),) * outputs)
        for position, letter in zip(range(rank), letters, strict=False)
    ]
    return AxesMapping.new(inputs, outputs, axes)


@lru_cache(maxsize=1024)
def _from_strs(inputs: tuple[str, ...], outputs: tuple[str, ...]) -> AxesMapping:
    output_count = max(1, len(outputs))
    letters = sorted(set("".join(inputs) + "".join(outputs)))
    axes = []
    for letter in letters:
        in_places = tuple(_places(string, letter) for string in inputs)
        out_places = tuple(_places(string, letter) for string in outputs) or ((),)
        axes.append(Axis(letter, in_places, out_places))
    if not outputs:
        kept = [axis for axis in axes if sum(map(len, axis.inputs)) == 1]
        axes = [Axis(a.repr, a.inputs, ((kept.index(a),),)) if a in kept else a for a in axes]
    return AxesMapping.new(len(inputs), output_count, axes)


def _places(string: str, letter: str) -> tuple[int, ...]:
    return tuple(position for position, other in enumerate(string) if other == letter)


def _order_key(axis: Axis) -> tuple[int, int, int, str]:
    """The first of all its (side, slot, position) triples; outputs come before inputs."""
    places = [(0, slot, p, axis.repr) for slot, at in enumerate(axis.outputs) for p in at]
    places += [(1, slot, p, axis.repr) for slot, at in enumerate(axis.inputs) for p in at]
    return min(places)


def _single(letter: str, inputs: int, outputs: int, io: InOut, position: int) -> Axis:
    empty = Axis(letter, ((),) * inputs, ((),) * outputs)
    return _edit(empty, io, lambda places: (*places, position))


def _edit(axis: Axis, io: InOut, change: object) -> Axis:
    side, slot = io
    if side == _IN:
        inputs = list(axis.inputs)
        inputs[slot] = change(inputs[slot])  # type: ignore[operator]
        return Axis(axis.repr, tuple(inputs), axis.outputs)
    outputs = list(axis.outputs)
    outputs[slot] = change(outputs[slot])  # type: ignore[operator]
    return Axis(axis.repr, axis.inputs, tuple(outputs))


def _closed(places: tuple[int, ...], gone: tuple[int, ...], drop: bool = False) -> tuple[int, ...]:
    kept = [p for p in places if not (drop and p in gone)]
    return tuple(p - sum(p > g for g in gone) for p in kept)


def _opened(places: tuple[int, ...], position: int) -> tuple[int, ...]:
    return tuple(p + (p >= position) for p in places)


def _without(items: tuple[tuple[int, ...], ...], slot: int) -> tuple[tuple[int, ...], ...]:
    return (*items[:slot], *items[slot + 1 :])
