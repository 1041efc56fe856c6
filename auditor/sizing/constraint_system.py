"""halo2's constraint system for a circuit of EZKL: columns, degree, arguments.

Everything follows from the sizes in settings.json. Sources: EZKL ``graph/vars.rs`` `ModelVars::new`,
``graph/modules.rs`` `ModuleConfigs`, ``graph/model.rs`` `Model::configure`; halo2 ``plonk/circuit.rs``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from auditor.circuit.run_args import RunArgs, is_hashed
from auditor.circuit.size import CircuitSize
from auditor.sizing import lookup_arguments as lookups
from auditor.sizing.columns import num_blocks, num_table_columns, usable_rows
from auditor.sizing.freivalds import freivalds_use
from auditor.sizing.selectors import (
    MergedColumns,
    Selector,
    base_selectors,
    einsum_selectors,
    merge,
    poseidon_selectors,
)

POSEIDON_DEGREE = 6
"""Selector times x^5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintSystem:
    """The constraint system after halo2's selector compression.

    ``num_selectors`` counts selectors before merging, as EZKL's log does and as a verifying key stores them;
    ``num_fixed_columns`` includes the columns they were merged into. ``num_advice_queries`` counts distinct
    (column, row offset) pairs. ``has_wide_tables``: a lookup table takes several columns.
    ``extended_logrows`` is log2 of the extended domain.
    When ``exact`` is false, ``num_fixed_columns`` is the expected number, ``inexact_reason`` says what is
    not known, and the true one is expected within ``fixed_columns_bounds``.
    """

    logrows: int
    num_blocks: int
    num_advice_columns: int
    num_fixed_columns: int
    fixed_columns_bounds: tuple[int, int]
    num_instance_columns: int
    num_instances: int
    num_selectors: int
    num_simple_selectors: int
    num_challenges: int
    num_permutation_columns: int
    num_permutation_products: int
    num_lookup_arguments: int
    num_lookup_inputs: int
    num_quotient_pieces: int
    num_advice_queries: int
    has_wide_tables: bool
    degree: int
    extended_logrows: int
    exact: bool
    inexact_reason: str | None

    @property
    def num_rows(self) -> int:
        """n, the rows of the circuit."""
        return 1 << self.logrows

    @property
    def num_extended_rows(self) -> int:
        """N, the size of the extended domain."""
        return 1 << self.extended_logrows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Columns before selectors, by what they are for."""

    blocks: int
    base_advice: int
    dynamic_blocks: int
    dynamic_advice: int
    polycommit_advice: int
    poseidon_advice: int
    einsum_blocks: int
    einsum_advice: int
    constant_fixed: int
    poseidon_fixed: int
    table_fixed: int
    range_check_widths: tuple[int, ...]
    lookup_width: int


def constraint_system(size: CircuitSize, run_args: RunArgs) -> ConstraintSystem:
    """The constraint system that EZKL configures for a circuit laid out with these run args.

    Raises :class:`ValueError` when ``logrows`` leaves no usable rows.
    """
    low, high = size.total_const_size_bounds
    if size.total_const_size is not None:
        low = high = size.total_const_size
    most = _with_constants(size, run_args, high)
    if low == high:
        return most
    least = _with_constants(size, run_args, low)
    if least == most:
        return most
    return replace(
        most,
        fixed_columns_bounds=(least.fixed_columns_bounds[0], most.fixed_columns_bounds[1]),
        exact=False,
        inexact_reason="a constant tensor has no values, so the number of constants is not known exactly",
    )


def _with_constants(size: CircuitSize, run_args: RunArgs, num_constants: int) -> ConstraintSystem:
    c = run_args.num_inner_cols
    use = freivalds_use(size.einsum_equations) if size.total_einsum_col_size > 0 else None
    columns = _columns(size, run_args, num_constants, use.reduction_length if use else 0)

    kinds = _lookup_tables(size, columns, c)
    simple = poseidon_selectors() if columns.poseidon_advice else []
    simple += base_selectors(columns.blocks, c)
    if use:
        simple += einsum_selectors(use, columns.einsum_blocks, c)
    complex_selectors = _num_complex_selectors(size, columns, c)

    gate_degree = _gate_degree(size, columns, simple)
    filled = lookups.minimum_degree(kinds, gate_degree)
    degree = max([gate_degree, *(_argument_degree(kind, filled) for kind in kinds)])

    merged = merge(simple, degree)
    # Complex selectors, which occur in lookups, are never merged.
    unmerged_fixed = columns.constant_fixed + columns.poseidon_fixed + columns.table_fixed + complex_selectors
    permuted = (
        columns.base_advice
        + columns.dynamic_advice
        + columns.polycommit_advice
        + (2 if columns.poseidon_advice else 0)  # the state, not the partial sbox
        + columns.einsum_advice
        + columns.constant_fixed
        + (2 if columns.poseidon_fixed else 0)  # the second round constants hold the padding
        + 1  # instance
    )
    advice = (
        columns.base_advice
        + columns.dynamic_advice
        + columns.polycommit_advice
        + columns.poseidon_advice
        + columns.einsum_advice
    )
    return ConstraintSystem(
        logrows=run_args.logrows,
        num_blocks=columns.blocks,
        num_advice_columns=advice,
        num_fixed_columns=unmerged_fixed + merged.expected,
        fixed_columns_bounds=(unmerged_fixed + merged.low, unmerged_fixed + merged.high),
        num_instance_columns=1,
        num_instances=num_instances(size),
        num_selectors=len(simple) + complex_selectors,
        num_simple_selectors=len(simple),
        num_challenges=use.num_challenges if use else 0,
        num_permutation_columns=permuted,
        num_permutation_products=math.ceil(permuted / (degree - 2)),
        num_lookup_arguments=sum(lookups.num_arguments(kind, filled) for kind in kinds),
        num_lookup_inputs=sum(kind.num_tables * kind.num_inputs for kind in kinds),
        num_quotient_pieces=degree - 1,
        num_advice_queries=advice + _num_other_queries(columns),
        has_wide_tables=any(width > 1 for width in (*columns.range_check_widths, columns.lookup_width)),
        degree=degree,
        extended_logrows=run_args.logrows + math.ceil(math.log2(degree - 1)),
        exact=merged.low == merged.high,
        inexact_reason=_inexact_reason(merged, columns, unmerged_fixed),
    )


def num_instances(size: CircuitSize) -> int:
    """Public values: those of the model, and a hash for each hashed tensor."""
    return size.module_sizes.poseidon_instances + sum(
        math.prod(shape) for shape in size.model_instance_shapes
    )


def _columns(size: CircuitSize, run_args: RunArgs, num_constants: int, reduction_length: int) -> _Columns:
    k, c = run_args.logrows, run_args.num_inner_cols
    rows = usable_rows(k)
    hashed = any(
        map(is_hashed, (run_args.input_visibility, run_args.param_visibility, run_args.output_visibility))
    )
    has_poseidon = hashed and size.module_sizes.poseidon_instances > 0
    blocks = num_blocks(size.total_assignments, rows * c)
    dynamic_blocks = 0
    if size.num_dynamic_lookups or size.num_shuffles:
        dynamic_blocks = num_blocks(size.total_dynamic_col_size + size.total_shuffle_col_size, rows)
    einsum_blocks = num_blocks(reduction_length, rows * c) if reduction_length else 0
    widths = tuple(num_table_columns(low, high, k) for low, high in size.required_range_checks)
    lookup_width = num_table_columns(*run_args.lookup_range, k) if size.required_lookups else 0
    return _Columns(
        blocks=blocks,
        base_advice=3 * blocks * c,  # two inputs, one output
        dynamic_blocks=dynamic_blocks,
        dynamic_advice=3 * dynamic_blocks,
        polycommit_advice=sum(num_blocks(cells, rows) for cells in size.module_sizes.polycommit),
        poseidon_advice=3 if has_poseidon else 0,  # a state of two, and the partial sbox
        einsum_blocks=einsum_blocks,
        einsum_advice=6 * einsum_blocks * c,  # two inputs and one output, in each of two phases
        constant_fixed=num_blocks(num_constants, rows) if num_constants else int(hashed),
        poseidon_fixed=4 if has_poseidon else 0,  # two round constants for each of the state
        # Lookups share the input columns of their tables, and have an output column each.
        table_fixed=sum(widths) + lookup_width * (1 + len(size.required_lookups) if lookup_width else 0),
        range_check_widths=widths,
        lookup_width=lookup_width,
    )


def _lookup_tables(size: CircuitSize, columns: _Columns, c: int) -> list[lookups.LookupTables]:
    num_inputs = columns.blocks * c
    kinds = [lookups.static_tables(width, 1, num_inputs) for width in columns.range_check_widths]
    if columns.lookup_width:
        kinds.append(lookups.static_tables(columns.lookup_width, len(size.required_lookups), num_inputs))
    for needed in (size.num_dynamic_lookups, size.num_shuffles):
        if needed:
            kinds.append(lookups.dynamic_tables(columns.dynamic_blocks, num_inputs))
    return kinds


def _argument_degree(kind: lookups.LookupTables, filled: int) -> int:
    together = min(lookups.inputs_per_argument(kind, filled), kind.num_inputs)
    return lookups.required_degree(kind, together)


def _num_complex_selectors(size: CircuitSize, columns: _Columns, c: int) -> int:
    num_inputs = columns.blocks * c
    static = (len(size.required_range_checks) + len(size.required_lookups)) * num_inputs
    # One for the table, one for each input.
    dynamic = columns.dynamic_blocks * (1 + num_inputs)
    return static + dynamic * (bool(size.num_dynamic_lookups) + bool(size.num_shuffles))


def _gate_degree(size: CircuitSize, columns: _Columns, simple: list[Selector]) -> int:
    """The highest degree of a gate. A table of m > 1 columns has one gate of degree m + 1, which keeps the
    index of the column in range. EZKL ``circuit/ops/chip.rs`` "range_check_on_sel"."""
    widths = [*columns.range_check_widths, columns.lookup_width]
    index_gates = [1 + width for width in widths if width > 1]
    return max([lookups.BASE_GATE_DEGREE, *(selector.degree for selector in simple), *index_gates])


def _num_other_queries(columns: _Columns) -> int:
    """Queries beside that of every advice column at the current row."""
    # The first output column of each block at the row before, for accumulating gates.
    previous_rows = columns.blocks
    # Of the two outputs of the einsum area, also for each block.
    einsum = 2 * columns.einsum_blocks
    # Poseidon's state of two at the next row (rounds) and at the row before (pad and add).
    poseidon = 4 if columns.poseidon_advice else 0
    return previous_rows + einsum + poseidon


def _inexact_reason(merged: MergedColumns, columns: _Columns, unmerged_fixed: int) -> str | None:
    if merged.low == merged.high:
        return None
    whose = "several blocks" if columns.blocks + columns.einsum_blocks > 1 else "one block"
    return (
        f"{unmerged_fixed + merged.low} to {unmerged_fixed + merged.high} fixed columns: how many hold the "
        f"selectors of {whose} depends on which of them are on in the same row"
    )
