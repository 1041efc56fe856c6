"""halo2's constraint system for a circuit of EZKL: columns, degree, arguments.

Everything follows from the sizes in settings.json. Sources: EZKL ``graph/vars.rs`` `ModelVars::new`,
``graph/modules.rs`` `ModuleConfigs`, ``graph/model.rs`` `Model::configure`; halo2 ``plonk/circuit.rs``.
"""

from __future__ import annotations

import math
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize
from auditor.sizing import lookup_arguments as lookups
from auditor.sizing.columns import num_blocks, usable_rows
from auditor.sizing.degree import Areas, areas, domain, is_anything_hashed, lookup_tables
from auditor.sizing.freivalds import freivalds_use
from auditor.sizing.selectors import MergedColumns, SimpleSelectors, merge


class ConstraintSystem(Struct, frozen=True, kw_only=True):
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


class _Columns(Struct, frozen=True, kw_only=True):
    """Columns before selectors, by what they are for."""

    base_advice: int
    dynamic_advice: int
    polycommit_advice: int
    poseidon_advice: int
    einsum_advice: int
    constant_fixed: int
    poseidon_fixed: int
    table_fixed: int

    @property
    def advice(self) -> int:
        """All advice columns."""
        return self.unhashed_advice + self.poseidon_advice

    @property
    def unhashed_advice(self) -> int:
        """The advice columns outside of Poseidon, all of which are permuted."""
        return self.base_advice + self.dynamic_advice + self.polycommit_advice + self.einsum_advice

    @property
    def permuted(self) -> int:
        """Columns in the permutation argument, the instance column among them."""
        # Of Poseidon the state, not the partial sbox; its second round constants hold the padding.
        poseidon = (2 if self.poseidon_advice else 0) + (2 if self.poseidon_fixed else 0)
        return self.unhashed_advice + self.constant_fixed + poseidon + 1

    @property
    def fixed(self) -> int:
        """Fixed columns that hold no selectors."""
        return self.constant_fixed + self.poseidon_fixed + self.table_fixed


def constraint_system(size: CircuitSize, run_args: RunArgs) -> ConstraintSystem:
    """The constraint system that EZKL configures for a circuit laid out with these run args.

    Takes time in proportion to the number of einsum equations, whatever the number of rows and blocks.
    Raises :class:`ValueError` when ``logrows`` leaves no usable rows.
    """
    low, high = size.total_const_size_bounds
    if size.total_const_size is not None:
        low = high = size.total_const_size
    most = _with_constant_columns(size, run_args, _constant_columns(run_args, high))
    if _constant_columns(run_args, low) == _constant_columns(run_args, high):
        return most
    least = _with_constant_columns(size, run_args, _constant_columns(run_args, low))
    return replace(
        most,
        fixed_columns_bounds=(least.fixed_columns_bounds[0], most.fixed_columns_bounds[1]),
        exact=False,
        inexact_reason="a constant tensor has no values, so the number of constants is not known exactly",
    )


def _constant_columns(run_args: RunArgs, num_constants: int) -> int:
    if num_constants == 0:
        return int(is_anything_hashed(run_args))
    return num_blocks(num_constants, usable_rows(run_args.logrows))


def _with_constant_columns(size: CircuitSize, run_args: RunArgs, constant_columns: int) -> ConstraintSystem:
    cut = areas(size, run_args)
    use = freivalds_use(size.einsum_equations) if size.total_einsum_col_size > 0 else None
    einsum_blocks = 0
    if use is not None and use.reduction_length:
        cells_per_block = usable_rows(run_args.logrows) * cut.inner_columns
        einsum_blocks = num_blocks(use.reduction_length, cells_per_block)
    columns = _columns(size, run_args, cut, einsum_blocks, constant_columns)

    kinds = lookup_tables(size, cut)
    reached = domain(size, run_args)
    simple = SimpleSelectors(
        inner_columns=cut.inner_columns,
        blocks=cut.blocks,
        has_poseidon=cut.has_poseidon,
        einsum_blocks=einsum_blocks,
        use=use,
    )
    merged = _merged(simple, reached.degree)
    # Complex selectors, which occur in lookups, are never merged.
    complex_selectors = _num_complex_selectors(size, cut)
    unmerged_fixed = columns.fixed + complex_selectors
    return ConstraintSystem(
        logrows=run_args.logrows,
        num_blocks=cut.blocks,
        num_advice_columns=columns.advice,
        num_fixed_columns=unmerged_fixed + merged.expected,
        fixed_columns_bounds=(unmerged_fixed + merged.low, unmerged_fixed + merged.high),
        num_instance_columns=1,
        num_instances=num_instances(size),
        num_selectors=simple.count + complex_selectors,
        num_simple_selectors=simple.count,
        num_challenges=use.num_challenges if use else 0,
        num_permutation_columns=columns.permuted,
        num_permutation_products=_ceil_div(columns.permuted, reached.degree - 2),
        num_lookup_arguments=sum(lookups.num_arguments(kind, reached.filled_degree) for kind in kinds),
        num_lookup_inputs=sum(kind.num_tables * kind.num_inputs for kind in kinds),
        num_quotient_pieces=reached.degree - 1,
        num_advice_queries=columns.advice + _num_other_queries(cut, einsum_blocks),
        has_wide_tables=any(width > 1 for width in cut.table_widths),
        degree=reached.degree,
        extended_logrows=reached.extended_logrows,
        exact=merged.low == merged.high,
        inexact_reason=_inexact_reason(merged, cut.blocks + einsum_blocks, unmerged_fixed),
    )


@lru_cache(maxsize=1024)
def _merged(simple: SimpleSelectors, degree: int) -> MergedColumns:
    """Takes nearly all of the time here, and circuits of one shape have the same selectors."""
    return merge(simple, simple.count, degree)


def num_instances(size: CircuitSize) -> int:
    """Public values: those of the model, and a hash for each hashed tensor."""
    return size.module_sizes.poseidon_instances + sum(
        math.prod(shape) for shape in size.model_instance_shapes
    )


def _columns(
    size: CircuitSize, run_args: RunArgs, cut: Areas, einsum_blocks: int, constant_columns: int
) -> _Columns:
    rows, c = usable_rows(run_args.logrows), cut.inner_columns
    # Lookups share the input columns of their tables, and have an output column each.
    lookup_columns = cut.lookup_width * (1 + len(size.required_lookups)) if cut.lookup_width else 0
    return _Columns(
        base_advice=3 * cut.blocks * c,  # two inputs, one output
        dynamic_advice=3 * cut.dynamic_blocks,
        polycommit_advice=sum(num_blocks(cells, rows) for cells in size.module_sizes.polycommit),
        poseidon_advice=3 if cut.has_poseidon else 0,  # a state of two, and the partial sbox
        einsum_advice=6 * einsum_blocks * c,  # two inputs and one output, in each of two phases
        constant_fixed=constant_columns,
        poseidon_fixed=4 if cut.has_poseidon else 0,  # two round constants for each of the state
        table_fixed=sum(cut.range_check_widths) + lookup_columns,
    )


def _num_complex_selectors(size: CircuitSize, cut: Areas) -> int:
    static = (len(size.required_range_checks) + len(size.required_lookups)) * cut.num_inputs
    # One for the table, one for each input.
    dynamic = cut.dynamic_blocks * (1 + cut.num_inputs)
    return static + dynamic * (bool(size.num_dynamic_lookups) + bool(size.num_shuffles))


def _num_other_queries(cut: Areas, einsum_blocks: int) -> int:
    """Queries beside that of every advice column at the current row."""
    # The first output column of each block at the row before, for accumulating gates.
    previous_rows = cut.blocks
    # Of the two outputs of the einsum area, also for each block.
    einsum = 2 * einsum_blocks
    # Poseidon's state of two at the next row (rounds) and at the row before (pad and add).
    poseidon = 4 if cut.has_poseidon else 0
    return previous_rows + einsum + poseidon


def _inexact_reason(merged: MergedColumns, blocks: int, unmerged_fixed: int) -> str | None:
    if merged.low == merged.high:
        return None
    whose = "several blocks" if blocks > 1 else "one block"
    return (
        f"{unmerged_fixed + merged.low} to {unmerged_fixed + merged.high} fixed columns: how many hold the "
        f"selectors of {whose} depends on which of them are on in the same row"
    )


def _ceil_div(dividend: int, divisor: int) -> int:
    """Exact for any integers, unlike a division of floats."""
    return -(-dividend // divisor)
