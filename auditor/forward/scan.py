"""What flows through the iterations of a loop (EZKL graph/model.rs ``NodeType::SubGraph``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit.graph import SubCircuit
from auditor.forward.errors import Unmodelled
from auditor.forward.tensors import on_rows, same_rows


class Scan:
    """The inputs of the next iteration, and what earlier ones returned."""

    def __init__(self, node: SubCircuit, inputs: Sequence[np.ndarray]) -> None:
        """Raises Unmodelled unless the scanned inputs agree on the number of iterations."""
        self._node = node
        self._original = list(inputs)
        self._values = list(inputs)
        self._joined: list[np.ndarray] = []
        counts = set()
        for value, mapping in zip(inputs, node.input_mappings, strict=False):
            if mapping.kind != "Stacked":
                continue
            length = value.shape[mapping.axis + 1]
            if mapping.chunk > length or length % mapping.chunk:
                raise Unmodelled(f"chunks of {mapping.chunk} of {length}")
            counts.add(length // mapping.chunk)
        if len(counts) > 1:
            raise Unmodelled(f"scanned inputs take {sorted(counts)} iterations")
        self.iterations = counts.pop() if counts else 1

    def body_inputs(self, iteration: int) -> list[np.ndarray]:
        """The inputs of an iteration: slices of what is scanned, and the states of the last one."""
        for position, mapping in enumerate(self._node.input_mappings):
            if mapping.kind == "Stacked":
                part = slice(iteration * mapping.chunk, (iteration + 1) * mapping.chunk)
                before = (slice(None),) * (mapping.axis + 1)
                self._values[position] = self._original[position][(*before, part)]
        return list(self._values)

    def finish(self, results: Sequence[np.ndarray]) -> None:
        """Takes the results of one iteration."""
        last: dict[int, np.ndarray] = {}
        stacked: dict[int, np.ndarray] = {}
        for mappings, value in zip(self._node.output_mappings, results, strict=False):
            for mapping in mappings:
                if mapping.kind == "Stacked" and self._joined:
                    earlier = _at(self._joined, mapping.outlet)
                    rows = same_rows(earlier, value)
                    parts = [on_rows(earlier, rows), on_rows(value, rows)]
                    stacked[mapping.outlet] = np.concatenate(parts, axis=mapping.axis + 1)
                last[mapping.outlet] = value
        joined = {**last, **stacked}
        self._joined = [joined[outlet] for outlet in sorted(joined)]
        self._carry_states([last[outlet] for outlet in sorted(last)])

    def _carry_states(self, outlets: list[np.ndarray]) -> None:
        mappings = self._node.input_mappings
        entering = [position for position, mapping in enumerate(mappings) if mapping.kind == "State"]
        leaving = [way.outlet for ways in self._node.output_mappings for way in ways if way.is_state]
        if len(entering) != len(leaving):
            raise Unmodelled(f"{len(entering)} states go in and {len(leaving)} come out")
        for position, outlet in zip(entering, leaving, strict=True):
            state = _at(outlets, outlet)
            if state.shape[1:] != self._values[position].shape[1:]:
                raise Unmodelled("a state changes its shape between iterations")
            self._values[position] = state

    def outputs(self) -> list[np.ndarray]:
        """The last value of each outlet, or all of them joined."""
        return self._joined


def _at(values: list[np.ndarray], outlet: int) -> np.ndarray:
    if outlet >= len(values):
        raise Unmodelled(f"a loop has {len(values)} outlets, and EZKL reads outlet {outlet}")
    return values[outlet]
