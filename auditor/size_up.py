"""From a laid-out circuit to columns and keys at the right ``logrows``, and EZKL's limits it exceeds."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit import Circuit, RunArgs
from auditor.circuit.size import CircuitSize
from auditor.front_end import Lowered
from auditor.layout import LayoutError, lay_out
from auditor.sizing import (
    Artifacts,
    ConstraintSystem,
    LogrowsChoice,
    NoLogrows,
    artifacts,
    calibrated_logrows,
    constraint_system,
    limits_exceeded,
    minimal_logrows,
)
from auditor.sizing.columns import FIRST_LOGROWS, RESERVED_TABLE_ROWS, num_table_columns
from auditor.sizing.degree import domain
from auditor.sizing.logrows import MAX_EXTENDED_LOGROWS, MAX_LOGROWS, MAX_TABLE_COLUMNS
from auditor.verdict import Broken


class Sized(Struct, frozen=True, kw_only=True):
    """What a circuit needs at ``logrows``, what sets that, and what would lower it.

    ``broken`` are EZKL's own limits that are exceeded. ``run_args`` and ``size`` are those at ``logrows``.
    """

    logrows: int | None = None
    logrows_reason: str = ""
    next: tuple[str, ...] = ()
    run_args: RunArgs | None = None
    size: CircuitSize | None = None
    system: ConstraintSystem | None = None
    artifacts: Artifacts | None = None
    broken: tuple[Broken, ...] = ()


Choice = Literal["given", "calibrated", "enough"]
"""Which ``logrows``: that of the run args, the one EZKL's calibration takes, or that of the run args and more
where it is not enough."""


def size_up(lowered: Lowered, *, choice: Choice, max_logrows: int | None) -> Sized:
    """Columns and keys of a circuit; nothing where there is no layout.

    EZKL's calibration takes its ``logrows`` for the lookup range of the run args, within ``max_logrows``
    where the circuit fits that.
    """
    circuit, size = lowered.circuit, lowered.size
    if circuit is None or size is None:
        return Sized()
    logrows, reason = circuit.run_args.logrows, "the run args"
    steps: tuple[str, ...] = ()
    if choice != "given":
        try:
            least = minimal_logrows(size, circuit.run_args)
            chosen = _calibrated(circuit, size, least, max_logrows) if choice == "calibrated" else least
        except NoLogrows as error:
            return Sized(broken=(_no_logrows(circuit, size, error.reason),))
        if choice == "calibrated" or chosen.logrows > logrows:
            logrows, reason, steps = chosen.logrows, chosen.binding.reason, _steps(chosen, circuit, size)

    try:
        if logrows != circuit.run_args.logrows:
            # The size depends slightly on logrows: values are repeated where a chain enters the next column.
            circuit = replace(circuit, run_args=circuit.run_args.with_changes(logrows=logrows))
            size = lay_out(circuit)
    except LayoutError as error:
        step = ("a larger logrows makes columns longer",) if error.rows_needed else ()
        return Sized(logrows=logrows, broken=(Broken(binding="logrows", reason=error.reason, next=step),))
    return size_at(size, circuit.run_args, reason=reason, steps=steps)


def size_at(size: CircuitSize, run_args: RunArgs, *, reason: str, steps: tuple[str, ...] = ()) -> Sized:
    """Columns and keys at the ``logrows`` of the run args, or the limits of EZKL that are exceeded there.

    ``reason`` is what set the ``logrows``, ``steps`` what would lower it.
    """
    logrows = run_args.logrows
    if logrows < FIRST_LOGROWS:
        why = f"columns of 2^{logrows} rows have none left for lookup tables"
        return Sized(logrows=logrows, broken=(Broken(binding="logrows", reason=why),))
    problems = limits_exceeded(size, run_args)
    if problems:
        broken = tuple(_broken(size, run_args, problem) for problem in problems)
        return Sized(logrows=logrows, broken=broken)
    system = constraint_system(size, run_args)
    return Sized(
        logrows=logrows,
        logrows_reason=reason,
        next=steps,
        run_args=run_args,
        size=size,
        system=system,
        artifacts=artifacts(system),
    )


def _calibrated(
    circuit: Circuit, size: CircuitSize, least: LogrowsChoice, max_logrows: int | None
) -> LogrowsChoice:
    """EZKL's choice, and never less than fits: EZKL's leaves no room for blinding in some columns."""
    usual = calibrated_logrows(size, circuit.run_args, max_logrows=max_logrows)
    return max(usual, least, key=lambda choice: choice.logrows)


def _steps(choice: LogrowsChoice, circuit: Circuit, size: CircuitSize) -> tuple[str, ...]:
    """How to need one ``logrows`` less, where a single number decides: rows, or the widest table."""
    lower = choice.logrows - 1
    deciding = [bound.name for bound in choice.bounds if bound.logrows > lower]
    if deciding == ["rows"]:
        surplus = size.num_rows + RESERVED_TABLE_ROWS - 2**lower
        return (f"logrows {choice.logrows} -> {lower} needs {surplus:,} fewer rows",)
    if deciding == ["tables"]:
        low, high = circuit.run_args.lookup_range
        widest = (
            max(high - low for low, high in size.required_range_checks) if size.required_range_checks else 0
        )
        largest = 2**lower - RESERVED_TABLE_ROWS - 1
        if size.required_lookups and high - low > widest:
            needed = f"a lookup_range that spans at most {largest:,}"
        else:
            needed = f"a decomp_base of at most {largest + 1:,}"
        return (f"logrows {choice.logrows} -> {lower} needs {needed}",)
    return ()


def _no_logrows(circuit: Circuit, size: CircuitSize, reason: str) -> Broken:
    """Why not even the longest columns would do, with the name of that limit."""
    run_args = circuit.run_args.with_changes(logrows=MAX_LOGROWS)
    ranges = [*size.required_range_checks, *([run_args.lookup_range] if size.required_lookups else [])]
    if any(num_table_columns(low, high, MAX_LOGROWS) > MAX_TABLE_COLUMNS for low, high in ranges):
        step = "a smaller decomp_base or lookup_range makes the tables narrower"
        return Broken(binding="table_width", reason=reason, next=(step,))
    return _broken(size, run_args, reason)


def _broken(size: CircuitSize, run_args: RunArgs, reason: str) -> Broken:
    """A limit exceeded at the ``logrows`` of the run args, with its name."""
    domain_exists = FIRST_LOGROWS <= run_args.logrows <= MAX_LOGROWS
    if domain_exists and domain(size, run_args).extended_logrows > MAX_EXTENDED_LOGROWS:
        step = "a smaller num_inner_cols or logrows lowers the degree or the domain"
        return Broken(binding="extended_domain", reason=reason, next=(step,))
    return Broken(binding="logrows", reason=reason)
