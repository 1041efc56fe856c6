"""The same model with more layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.model.graph import Model, NodeDef, TensorData
from auditor.scaling.errors import CannotScale
from auditor.scaling.repeats import WEIGHTED, Line, Run, line_of, longest_run
from auditor.scaling.single import NORMS, POINTWISE, single_block

MOST_COMPARED = 4096
"""Longer constants of two blocks are weights, and nobody compares them."""


def deepen(model: Model, shapes: Mapping[str, tuple[int, ...]], factor: int) -> Model:
    """The model with ``factor`` times as many of the blocks it repeats most.

    A run of blocks repeats when their nodes are the same, work on tensors of the same shapes and are wired
    alike. Where nothing repeats, one block counts that is left by a tensor of the shape by which it is
    entered. New blocks have weights of their own, without values, but a ``BatchNormalization`` has those of
    the block it copies, its channels turned. Constants that blocks share or hold alike are shared.

    Args:
        model: with its dimensions bound.
        shapes: of every value that an output needs, as ``auditor.value_shapes.value_shapes`` tells them.
        factor: 1 or more.

    Raises:
        CannotScale: no block can be repeated.
    """
    if factor < 1:
        raise CannotScale(f"a model cannot be {factor} times as deep", "give a factor of 1 or more")
    line = line_of(model, shapes)
    run = longest_run(line) or single_block(line)
    if run is None:
        raise CannotScale(
            "no block of the model is left by a tensor of the shape by which it is entered",
            "a deeper form of it would be another architecture",
        )
    return _Copier(model, line, run, run.count * (factor - 1)).deeper()


class _Copier(Struct, frozen=True):
    """Makes ``copies`` of the last block of a run.

    The last copy takes over the names of its values, so that nothing behind it changes; those of the block
    itself get new ones.
    """

    model: Model
    line: Line
    run: Run
    copies: int

    def deeper(self) -> Model:
        if self.copies == 0:
            return self.model
        block = self.line.nodes[self.run.last : self.run.after]
        own = {id(node): place for place, node in enumerate(block)}
        nodes = [self._renamed(node, 0) if id(node) in own else node for node in self.model.graph.nodes]
        last = max(place for place, node in enumerate(self.model.graph.nodes) if id(node) in own)
        added: dict[str, TensorData] = {}
        copies: list[NodeDef] = []
        for number in range(1, self.copies + 1):
            copies.extend(self._renamed(node, number, place, added) for place, node in enumerate(block))
        graph = replace(
            self.model.graph,
            nodes=(*nodes[: last + 1], *copies, *nodes[last + 1 :]),
            initializers={**self.model.graph.initializers, **added},
        )
        return replace(self.model, graph=graph)

    def _renamed(
        self, node: NodeDef, number: int, place: int = 0, added: dict[str, TensorData] | None = None
    ) -> NodeDef:
        inputs = []
        for slot, name in enumerate(node.inputs):
            if added is not None and name in self.line.constants:
                inputs.append(self._constant(name, number, place, slot, added))
            elif added is not None and name in self.run.carried:
                inputs.append(self._value(self.run.carried[name], number - 1))
            else:
                inputs.append(self._value(name, number))
        outputs = tuple(self._value(name, number) for name in node.outputs)
        name = node.name if added is None or not node.name else f"{node.name}.deeper{number}"
        return replace(node, name=name, inputs=tuple(inputs), outputs=outputs)

    def _value(self, name: str, number: int) -> str:
        """The name of a value of the block in copy ``number``; those from outside keep theirs."""
        place, _ = self.line.makers.get(name, (-1, 0))
        if not name or not self.run.last <= place < self.run.after or number == self.copies:
            return name
        return f"{name}.deeper{number}"

    def _constant(self, name: str, number: int, place: int, slot: int, added: dict[str, TensorData]) -> str:
        """The constant itself where blocks share it or hold it alike; else one of the same shape."""
        data = self.line.constants[name]
        if any(_alike(data, other) for other in self._others(place, slot)) or _is_plain(
            data, self._node(place), self.run
        ):
            return name
        own = f"{name}.deeper{number}"
        folded = self._node(place).op_type == "BatchNormalization"
        added[own] = replace(data, name=own, load=_turned(data, number) if folded else None)
        return own

    def _node(self, place: int) -> NodeDef:
        return self.line.nodes[self.run.last + place]

    def _others(self, place: int, slot: int) -> Iterator[TensorData]:
        """What the block before the last one reads there."""
        if self.run.count > 1:
            before = self.line.nodes[self.run.last - self.run.period + place]
            yield self.line.constants[before.inputs[slot]]


def _turned(data: TensorData, number: int) -> Callable[[], np.ndarray] | None:
    """The values, channels turned: without values no compiler can fold them, and equal ones it joins."""
    load = data.load
    return None if load is None else lambda: np.roll(load(), number)


def _alike(data: TensorData, other: TensorData) -> bool:
    if data is other:
        return True
    if data.load is None or other.load is None or prod(data.shape) > MOST_COMPARED:
        return False
    return data.dtype == other.dtype and np.array_equal(data.load(), other.load())


def _is_plain(data: TensorData, reader: NodeDef, run: Run) -> bool:
    """Whether a constant of a block that stands alone is no weight: a number, a mask, a table of positions.

    Weights are what is multiplied, scales of norms, and biases, which have one axis.
    """
    if run.count > 1 or reader.op_type in WEIGHTED | NORMS:
        return False
    bias = reader.op_type in POINTWISE and len(data.shape) == 1 and prod(data.shape) > 1
    return not bias or not data.dtype.startswith(("float", "double"))
