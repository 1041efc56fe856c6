"""What flows through the iterations of a loop (EZKL graph/model.rs ``NodeType::SubGraph``)."""

from __future__ import annotations

from math import prod

from auditor.circuit.graph import OutputMapping, SubCircuit
from auditor.layout.errors import LayoutError
from auditor.layout.values import Value


class Scan:
    """The inputs of the next iteration, and what earlier ones returned."""

    def __init__(self, node: SubCircuit, inputs: list[Value]) -> None:
        """Raises LayoutError if the scanned inputs disagree on the number of iterations."""
        self._node = node
        self._inputs = list(inputs)
        self._stacked: dict[int, Value] = {}
        self._last: list[Value] = []
        self.done = 0
        counts = set()
        for position, mapping in enumerate(node.input_mappings):
            if mapping.kind != "Stacked":
                continue
            value = inputs[position]
            counts.add(-(-value.shape[mapping.axis] // mapping.chunk))
            if mapping.chunk > value.shape[mapping.axis]:
                raise LayoutError("EZKL has no loop that runs backwards")
            if value.shape[mapping.axis] % mapping.chunk:
                raise LayoutError(f"axis {mapping.axis} of {list(value.shape)} has an incomplete chunk")
            shape = list(value.shape)
            shape[mapping.axis] = mapping.chunk
            self._inputs[position] = value.sliced(tuple(shape))
        if len(counts) > 1:
            raise LayoutError(f"scanned inputs take {sorted(counts)} iterations")
        self.iterations = counts.pop() if counts else 1

    @property
    def is_finished(self) -> bool:
        """Whether all iterations are done."""
        return self.done >= self.iterations

    def body_inputs(self) -> list[Value]:
        """The inputs of the next iteration; slices of scanned inputs stand for all slices."""
        return self._inputs

    def state(self) -> list[Value]:
        """All that the next iteration depends on."""
        return list(self._inputs)

    def finish_iteration(self, results: list[Value]) -> None:
        """Takes the results of one iteration."""
        self.finish_iterations(results, 1)

    def finish_iterations(self, results: list[Value], count: int) -> None:
        """Takes the same results of ``count`` iterations; raises LayoutError if a state changes shape."""
        self.done += count
        outlets: dict[int, Value] = {}
        for mappings, value in zip(self._node.output_mappings, results, strict=False):
            for mapping in mappings:
                outlets[mapping.outlet] = value
                if mapping.kind == "Stacked":
                    self._stack(mapping, value, count)
        self._last = [outlets[outlet] for outlet in sorted(outlets)]
        self._carry_states()

    def _stack(self, mapping: OutputMapping, value: Value, count: int) -> None:
        earlier = self._stacked.get(mapping.outlet)
        shape = list(value.shape)
        shape[mapping.axis] *= count
        if earlier is not None:
            shape[mapping.axis] += earlier.shape[mapping.axis]
        constants = value.constants if earlier is None else value.constants | earlier.constants
        self._stacked[mapping.outlet] = Value(shape=tuple(shape), size=prod(shape), constants=constants)

    def _carry_states(self) -> None:
        inputs = [
            position for position, mapping in enumerate(self._node.input_mappings) if mapping.kind == "State"
        ]
        outlets = [
            mapping.outlet
            for mappings in self._node.output_mappings
            for mapping in mappings
            if mapping.is_state
        ]
        if len(inputs) != len(outlets):
            raise LayoutError(f"{len(inputs)} states go in and {len(outlets)} come out")
        for position, outlet in zip(inputs, outlets, strict=True):
            if outlet >= len(self._last) or self._inputs[position].shape != self._last[outlet].shape:
                raise LayoutError("a state changes its shape between iterations")
            self._inputs[position] = self._last[outlet]

    def outputs(self) -> list[Value]:
        """The last value of each outlet, or all of them joined."""
        values = dict(enumerate(self._last))
        values.update(self._stacked)
        return [values[outlet] for outlet in sorted(values)]
