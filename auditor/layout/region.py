"""The region a circuit is laid out in: EZKL's ``RegionCtx`` in its dummy pass, without the cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import EinsumEquation, RequiredLookup
from auditor.layout.cursor import Cursor
from auditor.layout.errors import LayoutError
from auditor.layout.values import ConstantPart, Value

Result = TypeVar("Result")
EquationKey = tuple[str, tuple[tuple[str, int], ...]]

RESERVED_ROWS = 6
"""Rows EZKL keeps free of cells in the dummy pass (tensor/var.rs ``dummy``)."""

_INTEGER_REP_MAX = (1 << 127) - 1


class LayoutSettings(Struct, frozen=True, kw_only=True):
    """The run args layout depends on. ``column`` is the usable rows of a column."""

    width: int
    column: int
    base: int
    legs: int
    use_freivalds: bool

    @classmethod
    def from_run_args(cls, run_args: RunArgs) -> LayoutSettings:
        """Raises LayoutError for run args EZKL refuses: see the reasons below."""
        visibilities = {
            run_args.input_visibility,
            run_args.param_visibility,
            run_args.output_visibility,
        }
        if run_args.param_visibility == "public":
            raise LayoutError("parameters cannot be public instances")
        if visibilities == {"private"}:
            raise LayoutError("inputs, parameters and outputs are all private: nothing is proven to anyone")
        column = (1 << run_args.logrows) - RESERVED_ROWS
        if column < 1:
            reason = f"logrows {run_args.logrows} leaves no usable row"
            raise LayoutError(reason, rows_needed=1)
        if run_args.num_inner_cols < 1:
            raise LayoutError("num_inner_cols must be at least 1")
        if run_args.decomp_base < 1 or run_args.decomp_legs < 1:
            raise LayoutError("decomp_base and decomp_legs must be at least 1")
        if run_args.decomp_base**run_args.decomp_legs > _INTEGER_REP_MAX:
            raise LayoutError("decomp_base ** decomp_legs overflows EZKL's 128-bit integers")
        return cls(
            width=run_args.num_inner_cols,
            column=column,
            base=run_args.decomp_base,
            legs=run_args.decomp_legs,
            use_freivalds=not run_args.disable_freivalds,
        )


class Region:
    """Counts what is laid out; the only mutable thing in this package.

    ``main`` is the cursor of all columns but Freivalds', which have their own: ``einsum``. Dynamic
    lookups and shuffles share one coordinate in single columns.
    """

    def __init__(self, settings: LayoutSettings) -> None:
        self.settings = settings
        self.main = Cursor(settings.width, settings.column)
        self.einsum = Cursor(settings.width, settings.column)
        self.constants: set[ConstantPart] = set()
        self.lookups: set[RequiredLookup] = set()
        self.range_checks: set[tuple[int, int]] = set()
        self.equations: dict[EquationKey, int] = {}
        self.total_dynamic_col_size = 0
        self.num_dynamic_lookups = 0
        self.total_shuffle_col_size = 0
        self.num_shuffles = 0
        self.max_dynamic_input_len = 0
        self._first_coordinate = 0
        self._first_dynamic_lookup = 0
        self._first_shuffle = 0

    def advance(self, cells: int) -> None:
        """Takes the next ``cells`` cells."""
        self.main.position += cells

    def flush(self) -> None:
        """Moves to a new row."""
        self.main.flush()

    def assign(self, value: Value) -> None:
        """Puts a value in cells; takes no cells itself (EZKL ``assign``)."""
        if value.constants:
            self.constants |= value.constants

    def record_equation(self, equation: str, dims: tuple[tuple[str, int], ...]) -> None:
        """Notes an einsum for the column count."""
        key = (equation, dims)
        self.equations[key] = self.equations.get(key, 0) + 1

    def einsum_equations(self) -> tuple[EinsumEquation, ...]:
        """All equations so far, in order of first appearance."""
        return tuple(
            EinsumEquation(equation=equation, dims=dims, count=count)
            for (equation, dims), count in self.equations.items()
        )

    # --- dynamic lookups and shuffles ---------------------------------------------------------

    @property
    def dynamic_lookup_index(self) -> int:
        """The index the next dynamic lookup is tagged with; loops start again from 0."""
        return self.num_dynamic_lookups - self._first_dynamic_lookup

    @property
    def shuffle_index(self) -> int:
        """The index the next shuffle is tagged with; loops start again from 0."""
        return self.num_shuffles - self._first_shuffle

    def column_flush(self, length: int) -> int:
        """Cells skipped so that a table of ``length`` fits one column (tensor/var.rs
        ``get_column_flush``).

        Raises LayoutError if it is longer than a column.
        """
        column = self.settings.column
        if length > column:
            reason = f"a table of {length:,} values does not fit a column of {column:,} usable rows"
            raise LayoutError(reason, rows_needed=length)
        used = self.total_dynamic_col_size + self.total_shuffle_col_size
        coordinate = used - self._first_coordinate
        if coordinate // column == (coordinate + length) // column:
            return 0
        return column - coordinate % column

    def add_dynamic_lookup(self, table_len: int) -> None:
        """Takes dynamic columns for a table (EZKL ``assign_dynamic_lookup``)."""
        self.total_dynamic_col_size += table_len + self.column_flush(table_len)
        self.num_dynamic_lookups += 1
        self.max_dynamic_input_len = max(self.max_dynamic_input_len, table_len)

    def add_shuffle(self, length: int) -> None:
        """Takes dynamic columns for the output of a shuffle (EZKL ``assign_shuffle``)."""
        self.total_shuffle_col_size += length + self.column_flush(length)
        self.num_shuffles += 1
        self.max_dynamic_input_len = max(self.max_dynamic_input_len, length)

    # --- loops --------------------------------------------------------------------------------

    def loop(self, count: int, body: Callable[[], Result]) -> Result | None:
        """EZKL's ``apply_in_loop``: each iteration starts with fresh dynamic and shuffle indices, and
        its longest dynamic input is forgotten (circuit/ops/region.rs ``dummy_loop``).

        ``body`` must do the same in each iteration. Returns what the first returned, or None when
        there is none.
        """
        if count <= 0:
            return None
        frame = (self._first_coordinate, self._first_dynamic_lookup, self._first_shuffle)
        longest_input = self.max_dynamic_input_len

        def fresh() -> Result:
            self._first_coordinate = self.total_dynamic_col_size + self.total_shuffle_col_size
            self._first_dynamic_lookup = self.num_dynamic_lookups
            self._first_shuffle = self.num_shuffles
            return body()

        result = self.repeat(count, fresh)
        self._first_coordinate, self._first_dynamic_lookup, self._first_shuffle = frame
        self.max_dynamic_input_len = longest_input
        return result

    def repeat(self, count: int, body: Callable[[], Result]) -> Result:
        """Runs ``body`` ``count`` > 0 times, or as if: time does not grow with ``count``.

        Only the cursors can differ between iterations; everything else the first one did is
        multiplied. Must not be used around dynamic lookups and shuffles that number themselves
        globally (use :meth:`loop`).
        """
        longest = self.main.longest, self.einsum.longest
        self.main.longest = self.einsum.longest = 0
        outer_equations, self.equations = self.equations, {}
        before = self._dynamic_counters()
        result = body()
        after = self._dynamic_counters()
        once, self.equations = self.equations, {}
        if count > 1:
            self._advance_periodically(count - 1, body)
        self._set_dynamic_counters(
            tuple(start + count * (end - start) for start, end in zip(before, after, strict=True))
        )
        self.equations = outer_equations
        for key, times in once.items():
            self.equations[key] = self.equations.get(key, 0) + count * times
        self.main.longest = max(longest[0], self.main.longest)
        self.einsum.longest = max(longest[1], self.einsum.longest)
        return result

    def _advance_periodically(self, count: int, body: Callable[[], object]) -> None:
        """Moves the cursors as ``count`` runs of ``body`` would.

        How far an iteration moves depends only on where in a row it starts - or where in a block if
        cells may be duplicated - so positions repeat, and whole periods are taken at once.
        """
        main, einsum = self.main, self.einsum
        main_period, einsum_period = _period(main), _period(einsum)
        moves: dict[tuple[int, int], tuple[int, int]] = {}
        visits: dict[tuple[int, int], tuple[int, int, int]] = {}
        left = count
        while left:
            state = (main.position % main_period, einsum.position % einsum_period)
            if state in visits:
                then_left, then_main, then_einsum = visits[state]
                rounds = left // (then_left - left)
                main.position += rounds * (main.position - then_main)
                einsum.position += rounds * (einsum.position - then_einsum)
                left -= rounds * (then_left - left)
                visits.clear()
                if not left:
                    return
            visits[state] = (left, main.position, einsum.position)
            move = moves.get(state) or self._measure(body)
            moves[state] = move
            undisturbed = 1 + min(left - 1, _undisturbed(main, move[0]), _undisturbed(einsum, move[1]))
            main.position += undisturbed * move[0]
            einsum.position += undisturbed * move[1]
            left -= undisturbed

    def _measure(self, body: Callable[[], object]) -> tuple[int, int]:
        """How far one more run of ``body`` would move the cursors."""
        start = self.main.position, self.einsum.position
        counters = self._dynamic_counters()
        body()
        move = self.main.position - start[0], self.einsum.position - start[1]
        self.main.position, self.einsum.position = start
        self._set_dynamic_counters(counters)
        return move

    def _dynamic_counters(self) -> tuple[int, ...]:
        return (
            self.total_dynamic_col_size,
            self.num_dynamic_lookups,
            self.total_shuffle_col_size,
            self.num_shuffles,
        )

    def _set_dynamic_counters(self, counters: tuple[int, ...]) -> None:
        (
            self.total_dynamic_col_size,
            self.num_dynamic_lookups,
            self.total_shuffle_col_size,
            self.num_shuffles,
        ) = counters


def _period(cursor: Cursor) -> int:
    """After how many cells an iteration behaves the same again."""
    return cursor.width if cursor.never_duplicates(cursor.longest) else cursor.block


def _undisturbed(cursor: Cursor, move: int) -> int:
    """How many *more* iterations after this one move as far as it, without leaving the block.

    Only told for one inner column, where alignment cannot differ and an iteration that stays inside
    the block duplicates nothing.
    """
    if move == 0:
        return 1 << 62
    if cursor.width != 1:
        return 0
    offset = cursor.position % cursor.block
    return max(0, (cursor.block - 1 - offset) // move - 1)
