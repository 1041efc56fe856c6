"""For given scales: every way to lay the circuit out, and what each costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit import Circuit, RunArgs, all_ops, ops
from auditor.circuit.size import CircuitSize
from auditor.layout import LayoutError, lay_out
from auditor.lowering import TypedModel, Unmodelled, Unsupported
from auditor.planning.nouns import (
    ALIKE,
    Candidate,
    Cost,
    Goal,
    Objective,
    Price,
    Room,
    Trial,
    amount,
)
from auditor.planning.room import bases, holds, lookup_range, with_margin
from auditor.sizing import artifacts, constraint_system, limits_exceeded
from auditor.sizing.columns import RESERVED_ROWS, num_table_columns
from auditor.sizing.logrows import MAX_LOGROWS, MAX_TABLE_COLUMNS, MIN_LOGROWS

INNER_COLUMNS = (1, 2, 3, 4, 5, 6, 7)
"""From four on constraints have a higher degree, which doubles the extended domain; from eight on again."""

ALTERNATIVES: tuple[Objective, ...] = ("prove", "memory", "proof-bytes")
"""What else a plan can be best at; gas goes with the bytes of the proof, money with time."""

_WIDTHS = 3
"""Columns of a range check that are tried to save a leg."""

_STAND_IN = 9973
"""A base no table of EZKL's own has, while it is not known which one will do: it only names a table."""

_FINALISTS = 6
"""How many of the cheapest by the size at another ``logrows`` are laid out again at their own."""

_RUNNERS_UP = 2
"""And how many of those that are best in another way: what the user could have instead."""


class _Estimate(Struct, frozen=True, kw_only=True):
    """A candidate whose size was taken at other ``logrows`` and with another base."""

    run_args: RunArgs
    cost: Cost
    uses_freivalds: bool


def lay_out_cheaply(
    typed: TypedModel,
    trial: Trial,
    goal: Goal,
    price: Price,
    *,
    is_alike: Callable[[RunArgs], bool],
    columns: Sequence[int] = INNER_COLUMNS,
    finalists: int = _FINALISTS,
) -> tuple[Candidate, ...]:
    """The cheapest candidates with the scales of a trial, cheapest first; none where nothing fits.

    Behind them come a few that are best by another objective. ``price`` is asked for many sizes; those of the
    answer are exact. ``is_alike`` says whether other run args compute the same as those of the trial: without
    Freivalds' argument EZKL can confuse the axes of a product.
    """
    room = with_margin(trial.room, goal.room_margin)
    sizes = _Sizes(typed, trial.circuit)
    estimates = list(_estimates(sizes, room, goal, price, columns, is_alike))
    found: dict[RunArgs, Candidate] = {}
    others = [objective for objective in ALTERNATIVES if objective != goal.minimize]
    for objective, wanted in ((goal.minimize, finalists), *((other, _RUNNERS_UP) for other in others)):
        fitting = 0
        for estimate in ranked(estimates, objective):
            candidate = found.get(estimate.run_args) or _exactly(sizes, estimate.run_args, trial, price)
            if candidate is not None and goal.allows(candidate):
                found[estimate.run_args] = candidate
                fitting += 1
            if fitting == wanted:
                break
    return tuple(ranked(list(found.values()), goal.minimize))


class Priced(Protocol):
    """Anything with run args and what they cost."""

    @property
    def run_args(self) -> RunArgs: ...

    @property
    def cost(self) -> Cost: ...


Some = TypeVar("Some", bound=Priced)


def ranked(options: Sequence[Some], objective: Objective) -> list[Some]:
    """Best first, and the same on every run.

    Those that are as good as the best, for all the cost model can tell, come first and are told apart by what
    else they cost.
    """
    if not options:
        return []
    best = min(amount(objective, option.cost)[0] for option in options)

    def key(option: Some) -> tuple[object, ...]:
        args, (first, second) = option.run_args, amount(objective, option.cost)
        is_near = first <= best * (1 + ALIKE[objective])
        amounts = (second, first) if is_near else (first, second)
        ties = args.logrows, args.num_inner_cols, args.decomp_legs, args.disable_freivalds
        scales = args.input_scale, args.param_scale, args.scale_rebase_multiplier
        return (not is_near, *amounts, *ties, *scales)

    return sorted(options, key=key)


def exact_candidate(typed: TypedModel, trial: Trial, run_args: RunArgs, price: Price) -> Candidate | None:
    """The candidate of given run args; None where EZKL cannot build it."""
    return _exactly(_Sizes(typed, trial.circuit), run_args, trial, price)


# --- sizes ---------------------------------------------------------------------------------


class _Sizes:
    """The sizes of one circuit under different run args. Only roundings look at the legs before layout."""

    def __init__(self, typed: TypedModel, circuit: Circuit) -> None:
        self._typed = typed
        self._circuit = circuit
        self._rounds = any(isinstance(op, _ROUNDINGS) for op in all_ops(circuit.graph))

    @property
    def run_args(self) -> RunArgs:
        """Those the circuit was lowered with."""
        return self._circuit.run_args

    def at(self, run_args: RunArgs) -> CircuitSize | None:
        """None where EZKL rejects the circuit."""
        try:
            if self._rounds and run_args.decomp_legs != self._circuit.run_args.decomp_legs:
                return lay_out(self._typed.circuit(run_args))
            return lay_out(replace(self._circuit, run_args=run_args))
        except (LayoutError, Unsupported, Unmodelled):
            return None


_ROUNDINGS = (ops.Floor, ops.Ceil, ops.Round, ops.RoundHalfToEven)
"""They decompose with the legs of the run args, in a base of their own."""


# --- candidates ----------------------------------------------------------------------------


def _estimates(
    sizes: _Sizes,
    room: Room,
    goal: Goal,
    price: Price,
    columns: Sequence[int],
    is_alike: Callable[[RunArgs], bool],
) -> Iterator[_Estimate]:
    """Every combination worth pricing: columns, with and without Freivalds, logrows, base and legs."""
    given = sizes.run_args
    most = min(goal.max_logrows or MAX_LOGROWS, MAX_LOGROWS)
    for num_inner_cols in (given.num_inner_cols,) if "num_inner_cols" in goal.pinned else columns:
        in_columns = given.with_changes(num_inner_cols=num_inner_cols)
        for is_disabled in (given.disable_freivalds, True):
            if is_disabled != given.disable_freivalds and "disable_freivalds" in goal.pinned:
                continue
            run_args = in_columns.with_changes(disable_freivalds=is_disabled)
            if is_disabled != given.disable_freivalds and not is_alike(run_args):
                continue
            found = list(_at_every_logrows(sizes, run_args, room, goal, price, most))
            yield from found
            if is_disabled or not any(item.uses_freivalds for item in found):
                break


def _at_every_logrows(
    sizes: _Sizes, run_args: RunArgs, room: Room, goal: Goal, price: Price, most: int
) -> Iterator[_Estimate]:
    """From the least logrows to the one from where on more rows buy nothing."""
    by_legs: dict[int, CircuitSize | None] = {}
    one_block = most
    all_logrows = (run_args.logrows,) if "logrows" in goal.pinned else range(MIN_LOGROWS, most + 1)
    for logrows in all_logrows:
        if logrows > one_block and "logrows" not in goal.pinned:
            break
        for base, legs in bases(room, logrows, widths=_WIDTHS, pinned=_pinned_digits(run_args, goal)):
            if legs not in by_legs:
                by_legs[legs] = sizes.at(
                    run_args.with_changes(decomp_base=_STAND_IN, decomp_legs=legs, logrows=most)
                )
            size = by_legs[legs]
            if size is None:
                continue
            tables = run_args.lookup_range if "lookup_range" in goal.pinned else lookup_range(room, logrows)
            chosen = run_args.with_changes(
                decomp_base=base, decomp_legs=legs, logrows=logrows, lookup_range=tables
            )
            one_block = min(one_block, _one_block(size, run_args.num_inner_cols, room, most))
            cost = _cost(_with_base(size, base), chosen, price) if holds(chosen, room) else None
            if cost is not None:
                uses_freivalds = size.total_einsum_col_size > 0
                yield _Estimate(run_args=chosen, cost=cost, uses_freivalds=uses_freivalds)


def _pinned_digits(run_args: RunArgs, goal: Goal) -> tuple[int | None, int | None]:
    """Base and legs where the user set them."""
    return (
        run_args.decomp_base if "decomp_base" in goal.pinned else None,
        run_args.decomp_legs if "decomp_legs" in goal.pinned else None,
    )


def _one_block(size: CircuitSize, num_inner_cols: int, room: Room, most: int) -> int:
    """From where on more rows buy nothing: everything has one block, and every table one column."""
    cells = max(
        -(-size.total_assignments // num_inner_cols),
        size.total_dynamic_col_size + size.total_shuffle_col_size,
        size.total_const_size_bounds[1],
        room.lookup_high - room.lookup_low if size.required_lookups else 0,
        -(-size.total_einsum_col_size // num_inner_cols),
    )
    return max(MIN_LOGROWS, min(most, (cells + 2 * RESERVED_ROWS).bit_length()))


def _with_base(size: CircuitSize, base: int) -> CircuitSize:
    """The size with another base, which names a table and changes nothing else but a constant or two."""
    checks = {(0, base - 1) if check == (0, _STAND_IN - 1) else check for check in size.required_range_checks}
    return replace(size, required_range_checks=tuple(sorted(checks)))


def _cost(size: CircuitSize, run_args: RunArgs, price: Price) -> Cost | None:
    if size.num_rows > _MOST_BLOCKS << run_args.logrows or not _is_buildable(size, run_args):
        return None
    system = constraint_system(size, run_args)
    return price(system, artifacts(system), size, run_args)


_MOST_BLOCKS = 24
"""More blocks make proofs of tens of kilobytes, and save nothing."""


def _is_buildable(size: CircuitSize, run_args: RunArgs) -> bool:
    tables = [*size.required_range_checks, *([run_args.lookup_range] if size.required_lookups else [])]
    if any(num_table_columns(low, high, run_args.logrows) > MAX_TABLE_COLUMNS for low, high in tables):
        return False
    return not limits_exceeded(size, run_args)


def _exactly(sizes: _Sizes, run_args: RunArgs, trial: Trial, price: Price) -> Candidate | None:
    size = sizes.at(run_args)
    if size is None or not _is_buildable(size, run_args):
        return None
    system = constraint_system(size, run_args)
    made = artifacts(system)
    return Candidate(
        run_args=run_args,
        size=size,
        system=system,
        artifacts=made,
        trial=trial,
        cost=price(system, made, size, run_args),
    )
