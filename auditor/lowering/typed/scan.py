"""A loop over slices of its inputs (tract `ops/scan/decluttered.rs`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.lowering.errors import Uncertain
from auditor.lowering.graph.axes import InOut
from auditor.lowering.graph.axis_op import AxisChange, move, transform_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.shapes import Shape, ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.bodies import run_body

if TYPE_CHECKING:
    from auditor.lowering.graph.graph import Graph, Node, Outlet
    from auditor.lowering.graph.patch import Patch

FULL, STATE, SCAN = "Full", "State", "Scan"


_WORK_OF_A_TURN = 20_000
"""Each turn costs as much as so many elements, beside what its body computes."""


class ScanInfo(Struct, frozen=True, kw_only=True):
    """Along which axis, and how many elements at a time; a negative ``chunk`` goes backwards."""

    axis: int
    chunk: int


class InputMapping(Struct, frozen=True, kw_only=True):
    """What the body gets of an input: all of it, a state that begins with it, or one slice after another."""

    kind: str
    info: ScanInfo | None = None

    @classmethod
    def scanned(cls, axis: int, chunk: int) -> InputMapping:
        """One slice after another."""
        return cls(kind=SCAN, info=ScanInfo(axis=axis, chunk=chunk))


class OutputMapping(Struct, frozen=True, kw_only=True):
    """Where an output of the body goes.

    ``scan`` is the slot of the output that collects all its values, ``last_value_slot`` that of the
    output that is its last one; ``state`` feeds it to the next turn.
    """

    scan: tuple[int, ScanInfo] | None = None
    last_value_slot: int | None = None
    state: bool = False

    @property
    def invisible(self) -> bool:
        """Whether nothing of it leaves the loop."""
        return self.scan is None and self.last_value_slot is None


class Scan(TypedOp, frozen=True, kw_only=True, eq=False):
    """Runs ``body`` once for each slice; the states among inputs and outputs pair up in order.

    ``decluttered`` says that the body needs no further rewriting. A loop folds only while the file is
    read (:attr:`is_stateless`).
    """

    is_stateless: ClassVar[bool] = False
    body: Graph
    input_mapping: tuple[InputMapping, ...]
    output_mapping: tuple[OutputMapping, ...]
    decluttered: bool = False

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        self._check_states(len(inputs))
        turns = self.turns([fact.shape for fact in inputs])
        found: list[tuple[int, Fact]] = []
        for outlet, mapping in zip(self.body.outputs, self.output_mapping, strict=True):
            fact = self.body.fact(outlet)
            if mapping.scan is not None:
                slot, info = mapping.scan
                shape = list(fact.shape)
                shape[info.axis] *= turns
                found.append((slot, Fact(fact.dt, tuple(shape))))
            if mapping.last_value_slot is not None:
                found.append((mapping.last_value_slot, Fact(fact.dt, fact.shape)))
        found.sort(key=lambda pair: pair[0])
        if [slot for slot, _ in found] != list(range(len(found))):
            raise ShapeMismatch("the outputs of a loop are not numbered from zero")
        return [fact for _, fact in found]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        turns = self.turns([array.shape for array in inputs])
        if turns == 0:
            raise Uncertain("a loop over constants that never turns")
        states = [a for a, m in zip(inputs, self.input_mapping, strict=True) if m.kind == STATE]
        collected: dict[int, list[np.ndarray]] = {}
        for turn in range(turns):
            results = run_body(self.body, self._slices(inputs, states, turn, turns))
            states = [r for r, m in zip(results, self.output_mapping, strict=True) if m.state]
            for result, mapping in zip(results, self.output_mapping, strict=True):
                if mapping.last_value_slot is not None:
                    collected[mapping.last_value_slot] = [result]
                if mapping.scan is not None:
                    collected.setdefault(mapping.scan[0], []).append(result)
        for mapping in self.output_mapping:
            if mapping.scan is not None:
                slot, info = mapping.scan
                pieces = collected[slot] if info.chunk > 0 else collected[slot][::-1]
                collected[slot] = [np.concatenate(pieces, axis=info.axis)]
        return [collected[slot][0] for slot in sorted(collected)]

    def work(self, inputs: list[Fact], outputs: list[Fact]) -> int:
        return _WORK_OF_A_TURN * self.turns([fact.shape for fact in inputs])

    def _slices(
        self, inputs: Sequence[np.ndarray], states: Sequence[np.ndarray], turn: int, turns: int
    ) -> list[np.ndarray]:
        """What the body gets in one turn."""
        waiting = iter(states)
        slices = []
        for array, mapping in zip(inputs, self.input_mapping, strict=True):
            if mapping.kind == STATE:
                slices.append(next(waiting))
            elif mapping.info is None:
                slices.append(array)
            else:
                index = turn if mapping.info.chunk > 0 else turns - 1 - turn
                size = abs(mapping.info.chunk)
                slices.append(np.take(array, range(index * size, (index + 1) * size), mapping.info.axis))
        return slices

    def turns(self, shapes: Sequence[Shape]) -> int:
        """How often the body runs on inputs of these shapes.

        Raises:
            ShapeMismatch: no input is cut into slices.
        """
        for mapping, shape in zip(self.input_mapping, shapes, strict=True):
            if mapping.info is not None:
                return -(-shape[mapping.info.axis] // abs(mapping.info.chunk))
        raise ShapeMismatch("a loop without an input to scan")

    def _check_states(self, input_count: int) -> None:
        if not (input_count == len(self.body.inputs) == len(self.input_mapping)):
            raise ShapeMismatch(f"a loop whose body has {len(self.body.inputs)} inputs gets {input_count}")
        entering = [w for w, m in zip(self.body.inputs, self.input_mapping, strict=True) if m.kind == STATE]
        leaving = [w for w, m in zip(self.body.outputs, self.output_mapping, strict=True) if m.state]
        if len(entering) != len(leaving):
            raise ShapeMismatch(
                f"a loop with {len(entering)} states at its start and {len(leaving)} at its end"
            )
        for before, after in zip(entering, leaving, strict=True):
            if not _same_fact(self.body.fact(before), self.body.fact(after)):
                raise ShapeMismatch("a state of a loop changes its shape, its type, or becomes constant")

    def suggested_axis_changes(self) -> list[tuple[InOut, AxisChange]]:
        suggestions: list[tuple[InOut, AxisChange]] = []
        for slot, mapping in enumerate(self.input_mapping):
            if mapping.info is not None and mapping.info.axis != 0:
                suggestions.append((("in", slot), move(mapping.info.axis, 0)))
        for output in self.output_mapping:
            if output.scan is not None and output.scan[1].axis != 0:
                suggestions.append((("out", output.scan[0]), move(output.scan[1].axis, 0)))
        return suggestions

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        side, slot = io
        if side == "in":
            outlet = self.body.inputs[slot]
        else:
            outlet = next(
                outlet
                for outlet, mapping in zip(self.body.outputs, self.output_mapping, strict=True)
                if slot == mapping.last_value_slot or (mapping.scan is not None and slot == mapping.scan[0])
            )
        return self.change_body_axes(outlet, change, ())

    def change_body_axes(
        self, outlet: Outlet, change: AxisChange, locked: Sequence[Outlet]
    ) -> Consequence | None:
        """Change the axes of a wire of the body, and all that follows inside and outside."""
        from auditor.lowering.declutter.change_axes import change_axes

        found = change_axes(self.body, outlet, change, set(locked), self._bounds())
        if found is None:
            return None
        patch, interface = found
        changed = dict(interface)
        inputs = [_change_input(m, changed.get(("in", i))) for i, m in enumerate(self.input_mapping)]
        outputs = [_change_output(m, changed.get(("out", i))) for i, m in enumerate(self.output_mapping)]
        kept_inputs = tuple(m for m in inputs if m is not None)
        kept_outputs = tuple(m for m in outputs if m is not None)
        if len(kept_inputs) < len(inputs) or len(kept_outputs) < len(outputs):
            return None  # the change undoes the axis the loop runs along
        body = self.body.copy()
        patch.apply(body)
        body.compact()
        op = replace(
            self, body=body, input_mapping=kept_inputs, output_mapping=kept_outputs, decluttered=False
        )
        return Consequence(op, self._outside(changed))

    def _outside(self, changed: dict[InOut, AxisChange]) -> list[tuple[InOut, AxisChange]]:
        """Changes of the body's interface as changes of the loop's."""
        outside: list[tuple[InOut, AxisChange]] = []
        for slot in range(len(self.input_mapping)):
            if ("in", slot) in changed:
                outside.append((("in", slot), changed[("in", slot)]))
        for index, mapping in enumerate(self.output_mapping):
            change = changed.get(("out", index))
            if change is not None:
                if mapping.scan is not None:
                    outside.append((("out", mapping.scan[0]), change))
                if mapping.last_value_slot is not None:
                    outside.append((("out", mapping.last_value_slot), change))
        return outside

    def _bounds(self) -> list[tuple[Outlet, ...]]:
        """A state is one wire at the start and at the end of the body."""
        entering = [w for w, m in zip(self.body.inputs, self.input_mapping, strict=True) if m.kind == STATE]
        leaving = [w for w, m in zip(self.body.outputs, self.output_mapping, strict=True) if m.state]
        return list(zip(entering, leaving, strict=True))

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        from auditor.lowering.typed.scan_rules import RULES

        for rule in RULES:
            patch = rule(self, graph, node)
            if patch is not None:
                return patch
        return None


def _change_input(mapping: InputMapping, change: AxisChange | None) -> InputMapping | None:
    if change is None or mapping.info is None:
        return mapping
    axis = transform_axis(change, mapping.info.axis)
    return None if axis is None else InputMapping.scanned(axis, mapping.info.chunk)


def _change_output(mapping: OutputMapping, change: AxisChange | None) -> OutputMapping | None:
    if change is None or mapping.scan is None:
        return mapping
    slot, info = mapping.scan
    axis = transform_axis(change, info.axis)
    return None if axis is None else replace(mapping, scan=(slot, replace(info, axis=axis)))


def _same_fact(a: Fact, b: Fact) -> bool:
    """tract compares all it knows of the two wires, their values included."""
    same_values = _same_tensor(a.konst, b.konst) and _same_tensor(a.uniform, b.uniform)
    return a.dt == b.dt and a.shape == b.shape and same_values


def _same_tensor(a: Tensor | None, b: Tensor | None) -> bool:
    return a is b or (a is not None and b is not None and a.same_as(b))
