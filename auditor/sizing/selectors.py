"""Simple selectors, and how many fixed columns are left after halo2 merges them.

A selector switches a gate on in chosen rows and would need a fixed column of its own. halo2 lets selectors
share a column when no row has two of them on and the degree allows it (`process` in
``plonk/circuit/compress_selectors.rs``). Which rows have two on depends on the layout, of which only the size
is known here. So the merging is computed three times: as if selectors that could meet never did, as EZKL's
circuits behave, and as if they always did. Where all agree the number of columns is exact.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import islice

from msgspec import Struct

from auditor.sizing.freivalds import FreivaldsUse


class Enabled(Enum):
    """Whether a selector is on in any row."""

    NEVER = "never"
    RARELY = "rarely"  # by a few operations only
    USUALLY = "usually"


class Selector(Struct, frozen=True, kw_only=True):
    """``degree`` is that of its gate, the selector included; 0 when it is in no gate.

    ``inner`` is the column of its cell in a block, or None for a gate over whole rows of a block.
    """

    gate: str
    area: str  # base, einsum or poseidon
    block: int
    inner: int | None
    degree: int
    enabled: Enabled


class SimpleSelectors(Struct, frozen=True, kw_only=True):
    """The simple selectors of a circuit; iterating gives them in EZKL's order of creation.

    A circuit of many blocks has more than anybody can list (EZKL makes some for each *pair* of blocks of
    Freivalds' area), so ``count`` is computed, and a selector exists only once somebody asks for it.
    ``use`` is None for a circuit without Freivalds' area.
    """

    inner_columns: int
    blocks: int
    has_poseidon: bool = False
    einsum_blocks: int = 0
    use: FreivaldsUse | None = None

    def __iter__(self) -> Iterator[Selector]:
        if self.has_poseidon:
            yield from _poseidon_selectors()
        yield from _base_selectors(self.blocks, self.inner_columns)
        if self.use is not None:
            yield from _einsum_selectors(self.use, self.einsum_blocks, self.inner_columns)

    @property
    def count(self) -> int:
        """How many there are, in closed form."""
        c, einsum_blocks = self.inner_columns, self.einsum_blocks
        count = self.blocks * (len(_CELL_GATES) * c + len(_ROW_GATES))
        if self.has_poseidon:
            count += len(_POSEIDON_GATES)
        if self.use is not None:
            products = len(_PRODUCT_PHASES) * einsum_blocks * (c + len(_DOT_GATES) * einsum_blocks)
            sums = len(_PHASES) * einsum_blocks * len(_SUM_GATES)
            combinations = self.use.num_challenges * len(_PHASES) * einsum_blocks * len(_RLC_GATES)
            count += products + sums + combinations
        return count


_CELL_GATES = (("add", 2), ("sub", 2), ("mult", 3))
_ROW_GATES = (
    ("dot init", Enabled.USUALLY),
    ("dot", Enabled.USUALLY),
    ("cumprod", Enabled.RARELY),
    ("cumprod init", Enabled.RARELY),
    ("sum", Enabled.RARELY),
    ("sum init", Enabled.RARELY),
)
_POSEIDON_GATES = (("full round", 6), ("partial round", 6), ("pad and add", 2))
_PRODUCT_PHASES = ("both first", "mixed", "both second")
_PHASES = ("first", "second")
_DOT_GATES = ("dot init", "dot")
_SUM_GATES = ("sum init", "sum", "cumprod init", "cumprod")
_RLC_GATES = ("rlc init", "rlc")


def _row_degree(gate: str, inner_columns: int) -> int:
    """Degree of a gate over a whole row. EZKL ``circuit/ops/base.rs``."""
    degrees = {"dot init": 3, "dot": 3, "cumprod init": 1 + inner_columns, "cumprod": 2 + inner_columns}
    return degrees.get(gate, 2)


def highest_degree(inner_columns: int, *, has_poseidon: bool) -> int:
    """The highest degree of a gate that a simple selector switches on.

    Freivalds' gates have no higher degrees than the base gates, which every circuit has.
    """
    highest = max(3, _row_degree("cumprod", inner_columns))
    return max([highest, *(degree for _, degree in _POSEIDON_GATES)]) if has_poseidon else highest


def _base_selectors(blocks: int, inner_columns: int) -> Iterator[Selector]:
    """In EZKL's order: ``circuit/ops/chip.rs`` `configure`. Degrees follow ``circuit/ops/base.rs``."""
    on = Enabled.USUALLY
    for block in range(blocks):
        for inner in range(inner_columns):
            for gate, degree in _CELL_GATES:
                yield Selector(gate=gate, area="base", block=block, inner=inner, degree=degree, enabled=on)
    for block in range(blocks):
        for gate, enabled in _ROW_GATES:
            degree = _row_degree(gate, inner_columns)
            yield Selector(gate=gate, area="base", block=block, inner=None, degree=degree, enabled=enabled)


def _poseidon_selectors() -> Iterator[Selector]:
    """Full rounds, partial rounds, pad-and-add: halo2_gadgets `Pow5Chip`."""
    on = Enabled.USUALLY
    for gate, degree in _POSEIDON_GATES:
        yield Selector(gate=gate, area="poseidon", block=0, inner=None, degree=degree, enabled=on)


def _einsum_selectors(use: FreivaldsUse, blocks: int, inner_columns: int) -> Iterator[Selector]:
    """In EZKL's order: ``chip/einsum/mod.rs`` `ContractionConfig::new`, `RLCConfig::new`."""

    def selector(
        gate: str, phase: str, block: int, degree: int, *, inner: int | None = None, rlc: int = 0
    ) -> Selector:
        on = (gate, phase, rlc) in use.gates and degree > 0
        enabled = Enabled.USUALLY if on else Enabled.NEVER
        return Selector(gate=gate, area="einsum", block=block, inner=inner, degree=degree, enabled=enabled)

    for phase in _PRODUCT_PHASES:
        for block in range(blocks):
            for inner in range(inner_columns):
                yield selector("mult", phase, block, 3, inner=inner)
            # EZKL's inner loop shadows `block`: all but the last round leave selectors in no gate.
            degree = 3 if block == blocks - 1 else 0
            for dot_block in range(blocks):
                for gate in _DOT_GATES:
                    yield selector(gate, phase, dot_block, degree)
    for phase in _PHASES:
        for block in range(blocks):
            for gate in _SUM_GATES:
                yield selector(gate, phase, block, _row_degree(gate, inner_columns))
    for challenge in range(use.num_challenges):
        for phase in _PHASES:
            for block in range(blocks):
                for gate in _RLC_GATES:
                    yield selector(gate, phase, block, 2, rlc=challenge)


class MergedColumns(Struct, frozen=True, kw_only=True):
    """Fixed columns for all simple selectors: as expected, and the bounds of the three computations."""

    expected: int
    low: int
    high: int


_MOST_SELECTORS = 2048
"""Merging takes time in the square of the number; more selectors than this are a circuit nobody proves."""


def merge(selectors: Iterable[Selector], count: int, degree: int) -> MergedColumns:
    """Fixed columns that hold ``count`` selectors in a constraint system of the given degree.

    No more than the first few thousand of ``selectors`` are looked at. With more, the bounds are wide but
    certain: a column holds at most degree - 1 selectors, as their gates have degree 2 or more.
    """
    first = list(islice(selectors, _MOST_SELECTORS))
    never = _merged_count(first, degree, frozenset())
    usually = _merged_count(first, degree, frozenset({Enabled.USUALLY}))
    always = _merged_count(first, degree, frozenset({Enabled.USUALLY, Enabled.RARELY}))
    if count > len(first):
        return MergedColumns(
            expected=usually * count // len(first), low=math.ceil(count / (degree - 1)), high=count
        )
    counts = (never, usually, always)
    return MergedColumns(expected=usually, low=min(counts), high=max(counts))


def _merged_count(selectors: Sequence[Selector], max_degree: int, on: frozenset[Enabled]) -> int:
    """halo2 `process`, greedy in order of creation; selectors that are not ``on`` meet no other.

    Sets of selectors are integers: bit i is the i-th selector that is in a gate.
    """
    in_gates = [selector for selector in selectors if selector.degree > 0]
    columns = len(selectors) - len(in_gates)  # one for each that is in no gate
    rows = _Rows.of(in_gates, on)
    of_degree: dict[int, int] = defaultdict(int)
    for position, selector in enumerate(in_gates):
        of_degree[selector.degree] |= 1 << position

    left = (1 << len(in_gates)) - 1
    while left:
        first = _lowest(left)
        columns += 1
        left ^= 1 << first
        # Those before are all in a column. One that cannot join now cannot join later either.
        can_join = left & ~rows.meeting(first)
        # The degree without the selector itself, which the merged column replaces.
        gate_degree, members = in_gates[first].degree - 1, 1
        while can_join and gate_degree + members < max_degree:
            for degree, those in of_degree.items():
                if degree + members > max_degree:
                    can_join &= ~those
            if not can_join:
                break
            candidate = _lowest(can_join)
            gate_degree = max(gate_degree, in_gates[candidate].degree - 1)
            members += 1
            left ^= 1 << candidate
            can_join &= left & ~rows.meeting(candidate)
    return columns


def _lowest(members: int) -> int:
    """The lowest bit of a set that is not empty."""
    return (members & -members).bit_length() - 1


class _Rows(Struct, frozen=True, kw_only=True):
    """Which selectors may be on in the same row, as sets of selectors (see :func:`_merged_count`)."""

    selectors: Sequence[Selector]
    on: int
    cells: int  # those for one cell of a row; others are for whole rows
    anywhere: int  # those that may meet others of their block as well
    of_block: dict[tuple[str, int], int]
    of_cell: dict[tuple[str, int, int | None], int]

    @classmethod
    def of(cls, selectors: Sequence[Selector], on: frozenset[Enabled]) -> _Rows:
        enabled = cells = anywhere = 0
        of_block: dict[tuple[str, int], int] = defaultdict(int)
        of_cell: dict[tuple[str, int, int | None], int] = defaultdict(int)
        for position, selector in enumerate(selectors):
            bit = 1 << position
            of_block[selector.area, selector.block] |= bit
            of_cell[selector.area, selector.block, selector.inner] |= bit
            enabled |= bit if selector.enabled in on else 0
            cells |= bit if selector.inner is not None else 0
            anywhere |= bit if selector.area == "poseidon" else 0
        return cls(
            selectors=selectors,
            on=enabled,
            cells=cells,
            anywhere=anywhere,
            of_block=of_block,
            of_cell=of_cell,
        )

    def meeting(self, member: int) -> int:
        """The selectors that may be on in a row in which ``member`` is on."""
        if not self.on >> member & 1:
            return 0
        selector = self.selectors[member]
        meeting = ~self.of_block[selector.area, selector.block] | self.anywhere
        if selector.inner is not None:
            # Within a block a cell has one gate, and a gate over whole rows has its rows to itself.
            meeting |= self.cells & ~self.of_cell[selector.area, selector.block, selector.inner]
        return self.on & meeting
