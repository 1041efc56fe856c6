"""The exact size of a circuit: what EZKL's ``gen_settings`` would write, field by field."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from auditor.circuit.ops import Shape

LookupParameters = tuple[tuple[str, float], ...]


class EinsumEquation(Struct, frozen=True, kw_only=True):
    """One equation of EZKL's ``einsum_params.equations`` and how often it was laid out.

    ``dims`` maps each input axis to its length. Every decomposition and recomposition is an
    equation too.
    """

    equation: str
    dims: tuple[tuple[str, int], ...]
    count: int


class RequiredLookup(Struct, frozen=True, kw_only=True):
    """A table the circuit reads, keyed as EZKL keys it: function and f32 parameters."""

    function: str
    parameters: LookupParameters = ()

    def as_settings(self) -> str | dict[str, dict[str, float | None]]:
        """The entry of ``required_lookups`` in EZKL's settings.json."""
        if not self.parameters:
            return self.function
        return {self.function: {name: _shortest_f32(value) for name, value in self.parameters}}


def _shortest_f32(value: float) -> float | None:
    """The shortest decimal that reads back as the same f32, as Rust prints it; None for infinities."""
    return float(str(np.float32(value))) if math.isfinite(value) else None


class ModuleSizes(Struct, frozen=True, kw_only=True):
    """EZKL's ``module_sizes``: rows and instances of Poseidon, elements of each KZG commitment."""

    polycommit: tuple[int, ...] = ()
    poseidon_rows: int = 0
    poseidon_instances: int = 0


class LayerSize(Struct, frozen=True, kw_only=True):
    """What one node adds to the circuit. ``num_rows`` of all layers add up to the rows of the model."""

    node: str
    operator: str
    num_rows: int
    total_assignments: int
    total_einsum_col_size: int


class CircuitSize(Struct, frozen=True, kw_only=True):
    """Every size in EZKL's settings.json, under EZKL's names.

    ``total_const_size`` is None when it cannot be told exactly, because a constant tensor has no
    values (a file with shapes only); ``total_const_size_bounds`` holds a certain lower and upper
    bound then, and twice the exact number otherwise.
    ``einsum_equations`` are in order of first appearance.
    """

    num_rows: int
    total_assignments: int
    total_const_size: int | None
    total_const_size_bounds: tuple[int, int]
    total_dynamic_col_size: int
    max_dynamic_input_len: int
    num_dynamic_lookups: int
    num_shuffles: int
    total_shuffle_col_size: int
    total_einsum_col_size: int
    einsum_equations: tuple[EinsumEquation, ...]
    required_lookups: tuple[RequiredLookup, ...]
    required_range_checks: tuple[tuple[int, int], ...]
    module_sizes: ModuleSizes
    model_instance_shapes: tuple[Shape, ...]
    layers: tuple[LayerSize, ...]

    @property
    def num_einsum_equations(self) -> int:
        """How many equations EZKL lists, decompositions included."""
        return sum(equation.count for equation in self.einsum_equations)
