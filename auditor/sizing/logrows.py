"""How many rows a circuit needs: the least ``logrows`` (k, with n = 2^k rows), and the one EZKL would choose.

Few things need rows as such, because what does not fit a column goes on in the next block of columns. What
cannot be split sets the floor; what a proof system over BN254 allows sets the ceiling.
"""

from __future__ import annotations

import math
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize
from auditor.sizing.columns import RESERVED_ROWS, RESERVED_TABLE_ROWS, num_table_columns
from auditor.sizing.constraint_system import num_instances
from auditor.sizing.degree import domain

MIN_LOGROWS = 6
"""EZKL ``graph/mod.rs`` `MIN_LOGROWS`."""

MAX_LOGROWS = 26
"""EZKL ``graph/mod.rs`` `MAX_PUBLIC_SRS`: the largest public SRS."""

MAX_EXTENDED_LOGROWS = 28
"""The two-adicity of the scalar field of BN254: no larger FFT exists."""

MAX_TABLE_COLUMNS = 12
"""EZKL ``graph/mod.rs`` `MAX_NUM_LOOKUP_COLS`; its calibration goes no further."""


class NoLogrows(Exception):
    """No ``logrows`` fits the circuit. ``reason`` is what stands in the way at the largest one tried."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LogrowsBound(Struct, frozen=True, kw_only=True):
    """A least ``logrows``, and what asks for it."""

    name: str
    logrows: int
    reason: str


class LogrowsChoice(Struct, frozen=True, kw_only=True):
    """A chosen ``logrows``; ``binding`` is what keeps it from being smaller."""

    logrows: int
    binding: LogrowsBound
    bounds: tuple[LogrowsBound, ...]


def minimal_logrows(size: CircuitSize, run_args: RunArgs) -> LogrowsChoice:
    """The smallest ``logrows`` at which the circuit fits, with as many blocks of columns as that takes.

    The size of a circuit depends slightly on ``logrows`` (values repeated where a chain crosses into the next
    block), so lay it out again at the result. Whether each single table, sort or chain fits a column is
    layout's to say. Raises :class:`NoLogrows` when even the largest SRS or field is too small.
    """
    bounds = _unsplittable(size, run_args)
    floor = max(bounds, key=lambda bound: bound.logrows)
    first_problem = ""
    for logrows in range(floor.logrows, MAX_LOGROWS + 1):
        problem = _domain_problem(size, run_args.with_changes(logrows=logrows))
        if problem is None:
            if first_problem:
                # A larger k makes tables narrower, which can lower the degree and so the extended domain.
                floor = LogrowsBound(name="extended domain", logrows=logrows, reason=first_problem)
            return LogrowsChoice(logrows=logrows, binding=floor, bounds=bounds)
        first_problem = first_problem or problem
    if floor.logrows > MAX_LOGROWS:
        raise NoLogrows(
            f"{floor.reason}, which needs logrows {floor.logrows}; the largest SRS has {MAX_LOGROWS}"
        )
    raise NoLogrows(first_problem)


def limits_exceeded(size: CircuitSize, run_args: RunArgs) -> tuple[str, ...]:
    """Why no proof can be made with these run args, at their ``logrows``; empty when one can."""
    k = run_args.logrows
    if k > MAX_LOGROWS:
        return (f"logrows {k} is larger than the largest public SRS, {MAX_LOGROWS}",)
    problems = [
        f"{bound.reason}, which needs logrows {bound.logrows}, not {k}"
        for bound in _certain_floors(size)
        if bound.logrows > k
    ]
    if not problems:
        problem = _extended_domain_problem(size, run_args)
        problems = [problem] if problem else []
    return tuple(problems)


def calibrated_logrows(
    size: CircuitSize, run_args: RunArgs, *, max_logrows: int | None = None
) -> LogrowsChoice:
    """What EZKL's ``calibrate_settings`` (targets ``resources`` and ``accuracy``) would choose.

    That is one block of columns where possible. ``run_args.lookup_range`` must be the range that calibration
    found. EZKL ``graph/mod.rs`` `calc_min_logrows`. Raises :class:`NoLogrows` where EZKL finds the domain too
    large.
    """
    hard = _calibration_floors(size)
    useful = _calibration_aims(size, run_args)
    floor = max(hard, key=lambda bound: bound.logrows)
    aim = max(useful, key=lambda bound: bound.logrows)
    ceiling = max(min(max_logrows or MAX_LOGROWS, MAX_LOGROWS), MIN_LOGROWS)
    if aim.logrows > ceiling:
        aim = LogrowsBound(name="max_logrows", logrows=ceiling, reason=f"no more than {ceiling} are allowed")
    chosen = max(floor, aim, key=lambda bound: bound.logrows)
    logrows = chosen.logrows
    problem = _calibration_problem(size, run_args, logrows)
    while problem is not None and logrows > floor.logrows:
        logrows -= 1
        chosen = LogrowsBound(name="extended domain", logrows=logrows, reason=problem)
        problem = _calibration_problem(size, run_args, logrows)
    if problem is not None:
        raise NoLogrows(problem)
    return LogrowsChoice(logrows=logrows, binding=chosen, bounds=(*hard, *useful))


# --- floors --------------------------------------------------------------------------------


def _certain_floors(size: CircuitSize) -> tuple[LogrowsBound, ...]:
    """What has one column, or one set of columns, and must fit it."""
    instances = num_instances(size)
    poseidon = size.module_sizes.poseidon_rows
    return (
        _bound("instances", instances + RESERVED_ROWS, f"{instances:,} public values share one column"),
        _bound("poseidon", poseidon + RESERVED_ROWS, f"hashing takes {poseidon:,} rows"),
        _bound(
            "dynamic lookups",
            size.max_dynamic_input_len + RESERVED_ROWS,
            f"a dynamic table has {size.max_dynamic_input_len:,} rows",
        ),
    )


def _unsplittable(size: CircuitSize, run_args: RunArgs) -> tuple[LogrowsBound, ...]:
    least = LogrowsBound(name="minimum", logrows=MIN_LOGROWS, reason="EZKL's least")
    return (least, *_certain_floors(size), _tables_bound(size, run_args))


def _tables_bound(size: CircuitSize, run_args: RunArgs) -> LogrowsBound:
    low, high = max(_table_ranges(size, run_args), key=lambda table: table[1] - table[0], default=(0, 0))
    logrows = next(k for k in count(MIN_LOGROWS) if num_table_columns(low, high, k) <= MAX_TABLE_COLUMNS)
    reason = f"a table from {low:,} to {high:,} may take {MAX_TABLE_COLUMNS} columns at most"
    return LogrowsBound(name="tables", logrows=logrows, reason=reason)


def _table_ranges(size: CircuitSize, run_args: RunArgs) -> list[tuple[int, int]]:
    lookups = [run_args.lookup_range] if size.required_lookups else []
    return [*size.required_range_checks, *lookups]


def _bound(name: str, rows: float, reason: str) -> LogrowsBound:
    return LogrowsBound(name=name, logrows=_log2_ceiling(rows), reason=reason)


def _log2_ceiling(value: float) -> int:
    """EZKL's ``(x as f64).log2().ceil() as u32``, which is 0 for 0."""
    return math.ceil(math.log2(value)) if value > 1 else 0


# --- ceilings ------------------------------------------------------------------------------


def _domain_problem(size: CircuitSize, run_args: RunArgs) -> str | None:
    return _table_width_problem(size, run_args) or _extended_domain_problem(size, run_args)


def _table_width_problem(size: CircuitSize, run_args: RunArgs) -> str | None:
    for low, high in _table_ranges(size, run_args):
        width = num_table_columns(low, high, run_args.logrows)
        if width > MAX_TABLE_COLUMNS:
            return (
                f"a table from {low:,} to {high:,} takes {width} columns at logrows {run_args.logrows}, "
                f"more than {MAX_TABLE_COLUMNS}"
            )
    return None


def _extended_domain_problem(size: CircuitSize, run_args: RunArgs) -> str | None:
    needed = domain(size, run_args)
    if needed.extended_logrows <= MAX_EXTENDED_LOGROWS:
        return None
    return (
        f"constraints of degree {needed.degree} at logrows {run_args.logrows} need an FFT of "
        f"2^{needed.extended_logrows}; the field has none beyond 2^{MAX_EXTENDED_LOGROWS}"
    )


# --- calibration ---------------------------------------------------------------------------


def _calibration_floors(size: CircuitSize) -> tuple[LogrowsBound, ...]:
    """EZKL's hard lower limits. Unlike ours they leave no room for blinding: EZKL's own choice can fail."""
    instances = num_instances(size)
    dynamic = size.total_dynamic_col_size + size.total_shuffle_col_size
    return (
        LogrowsBound(name="minimum", logrows=MIN_LOGROWS, reason="EZKL's least"),
        _bound("instances", instances, f"{instances:,} public values share one column"),
        _bound("poseidon", size.module_sizes.poseidon_rows, "hashing"),
        _bound("dynamic lookups", dynamic, f"dynamic tables and shuffles have {dynamic:,} rows"),
    )


def _calibration_aims(size: CircuitSize, run_args: RunArgs) -> tuple[LogrowsBound, ...]:
    """What EZKL would like to fit without a second block."""
    c = run_args.num_inner_cols
    widest = max((high - low for low, high in _table_ranges(size, run_args)), default=0)
    constants = size.total_const_size_bounds[1]
    return (
        _bound("rows", size.num_rows + RESERVED_TABLE_ROWS, f"{size.num_rows:,} rows in one block"),
        _bound("tables", widest + RESERVED_TABLE_ROWS + 1, f"a table of {widest:,} values in one column"),
        _bound("constants", constants / c, f"{constants:,} constants"),
        _bound("einsum", size.total_einsum_col_size / c, f"{size.total_einsum_col_size:,} einsum cells"),
    )


def _calibration_problem(size: CircuitSize, run_args: RunArgs, logrows: int) -> str | None:
    """EZKL `extended_k_is_small_enough`, which puts one range check in the place of all."""
    widest = max((high - low for low, high in size.required_range_checks), default=0)
    return _domain_problem(
        replace(size, required_range_checks=((0, widest),)), run_args.with_changes(logrows=logrows)
    )
