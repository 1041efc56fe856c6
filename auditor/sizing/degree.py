"""The degree of a circuit's constraints, and the extended domain that follows from it.

These decide which ``logrows`` are possible at all, and take far less than the whole constraint system: blocks
of columns and widths of tables. Sources: EZKL ``graph/vars.rs`` `ModelVars::new`, ``graph/model.rs``
`Model::configure`; halo2 ``plonk/circuit.rs`` `degree`.
"""

from __future__ import annotations

import math

from msgspec import Struct

from auditor.circuit.run_args import RunArgs, is_hashed
from auditor.circuit.size import CircuitSize
from auditor.sizing import lookup_arguments as lookups
from auditor.sizing.columns import num_blocks, num_table_columns, usable_rows
from auditor.sizing.lookup_arguments import LookupTables
from auditor.sizing.selectors import highest_degree


class Areas(Struct, frozen=True, kw_only=True):
    """Into how many blocks of columns a circuit is cut, and how many columns its tables take.

    ``lookup_width`` is 0 without lookups; ``has_poseidon`` says whether anything is hashed.
    """

    inner_columns: int
    blocks: int
    dynamic_blocks: int
    range_check_widths: tuple[int, ...]
    lookup_width: int
    has_poseidon: bool

    @property
    def num_inputs(self) -> int:
        """Advice columns that look something up in each table."""
        return self.blocks * self.inner_columns

    @property
    def table_widths(self) -> tuple[int, ...]:
        """Columns of each range check, and of each lookup."""
        return (*self.range_check_widths, self.lookup_width)


class Domain(Struct, frozen=True, kw_only=True):
    """``filled_degree`` is the one lookup arguments are filled up to, ``degree`` that of all constraints.

    ``extended_logrows`` is log2 of the extended domain.
    """

    filled_degree: int
    degree: int
    extended_logrows: int


def areas(size: CircuitSize, run_args: RunArgs) -> Areas:
    """The areas at the ``logrows`` of the run args.

    Raises :class:`ValueError` when that leaves no usable rows.
    """
    k, c = run_args.logrows, run_args.num_inner_cols
    rows = usable_rows(k)
    dynamic_blocks = 0
    if size.num_dynamic_lookups or size.num_shuffles:
        dynamic_blocks = num_blocks(size.total_dynamic_col_size + size.total_shuffle_col_size, rows)
    return Areas(
        inner_columns=c,
        blocks=num_blocks(size.total_assignments, rows * c),
        dynamic_blocks=dynamic_blocks,
        range_check_widths=tuple(num_table_columns(low, high, k) for low, high in size.required_range_checks),
        lookup_width=num_table_columns(*run_args.lookup_range, k) if size.required_lookups else 0,
        has_poseidon=is_anything_hashed(run_args) and size.module_sizes.poseidon_instances > 0,
    )


def is_anything_hashed(run_args: RunArgs) -> bool:
    """Whether EZKL configures Poseidon, used or not."""
    visibilities = (run_args.input_visibility, run_args.param_visibility, run_args.output_visibility)
    return any(map(is_hashed, visibilities))


def lookup_tables(size: CircuitSize, areas: Areas) -> list[LookupTables]:
    """All tables a circuit reads, by kind."""
    num_inputs = areas.num_inputs
    kinds = [lookups.static_tables(width, 1, num_inputs) for width in areas.range_check_widths]
    if areas.lookup_width:
        kinds.append(lookups.static_tables(areas.lookup_width, len(size.required_lookups), num_inputs))
    for needed in (size.num_dynamic_lookups, size.num_shuffles):
        if needed:
            kinds.append(lookups.dynamic_tables(areas.dynamic_blocks, num_inputs))
    return kinds


def domain(size: CircuitSize, run_args: RunArgs) -> Domain:
    """The domain at the ``logrows`` of the run args, in time that no number of rows or blocks changes.

    Raises :class:`ValueError` when that leaves no usable rows.
    """
    cut = areas(size, run_args)
    kinds = lookup_tables(size, cut)
    gate_degree = _gate_degree(cut)
    filled = lookups.minimum_degree(kinds, gate_degree)
    degree = max([gate_degree, *(_argument_degree(kind, filled) for kind in kinds)])
    return Domain(
        filled_degree=filled,
        degree=degree,
        extended_logrows=run_args.logrows + math.ceil(math.log2(degree - 1)),
    )


def _gate_degree(areas: Areas) -> int:
    """The highest degree of a gate. A table of m > 1 columns has one gate of degree m + 1, which keeps the
    index of the column in range. EZKL ``circuit/ops/chip.rs`` "range_check_on_sel"."""
    index_gates = [1 + width for width in areas.table_widths if width > 1]
    simple = highest_degree(areas.inner_columns, has_poseidon=areas.has_poseidon)
    return max([lookups.BASE_GATE_DEGREE, simple, *index_gates])


def _argument_degree(kind: LookupTables, filled: int) -> int:
    together = min(lookups.inputs_per_argument(kind, filled), kind.num_inputs)
    return lookups.required_degree(kind, together)
