"""Simple selectors, and how many fixed columns are left after halo2 merges them.

A selector switches a gate on in chosen rows and would need a fixed column of its own. halo2 lets selectors
share a column when no row has two of them on and the degree allows it (`process` in
``plonk/circuit/compress_selectors.rs``). Which rows have two on depends on the layout, of which only the size
is known here. So the merging is computed three times: as if selectors that could meet never did, as EZKL's
circuits behave, and as if they always did. Where all agree the number of columns is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from auditor.sizing.freivalds import FreivaldsUse


class Enabled(Enum):
    """Whether a selector is on in any row."""

    NEVER = "never"
    RARELY = "rarely"  # by a few operations only
    USUALLY = "usually"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """``degree`` is that of its gate, the selector included; 0 when it is in no gate.

    ``inner`` is the column of its cell in a block, or None for a gate over whole rows of a block.
    """

    gate: str
    area: str  # base, einsum or poseidon
    block: int
    inner: int | None
    degree: int
    enabled: Enabled


def base_selectors(blocks: int, inner_columns: int) -> list[Selector]:
    """In EZKL's order: ``circuit/ops/chip.rs`` `configure`. Degrees follow ``circuit/ops/base.rs``."""
    c = inner_columns
    cell_gates = (("add", 2), ("sub", 2), ("mult", 3))
    row_gates = (
        ("dot init", 3, Enabled.USUALLY),
        ("dot", 3, Enabled.USUALLY),
        ("cumprod", 2 + c, Enabled.RARELY),
        ("cumprod init", 1 + c, Enabled.RARELY),
        ("sum", 2, Enabled.RARELY),
        ("sum init", 2, Enabled.RARELY),
    )
    cells = [
        Selector(gate=gate, area="base", block=i, inner=j, degree=degree, enabled=Enabled.USUALLY)
        for i in range(blocks)
        for j in range(c)
        for gate, degree in cell_gates
    ]
    rows = [
        Selector(gate=gate, area="base", block=i, inner=None, degree=degree, enabled=enabled)
        for i in range(blocks)
        for gate, degree, enabled in row_gates
    ]
    return cells + rows


def poseidon_selectors() -> list[Selector]:
    """Full rounds, partial rounds, pad-and-add: halo2_gadgets `Pow5Chip`."""
    gates = (("full round", 6), ("partial round", 6), ("pad and add", 2))
    return [
        Selector(gate=gate, area="poseidon", block=0, inner=None, degree=degree, enabled=Enabled.USUALLY)
        for gate, degree in gates
    ]


def einsum_selectors(use: FreivaldsUse, blocks: int, inner_columns: int) -> list[Selector]:
    """In EZKL's order: ``chip/einsum/mod.rs`` `ContractionConfig::new`, `RLCConfig::new`."""
    selectors = []

    def add(gate: str, phase: str, block: int, degree: int, inner: int | None = None, rlc: int = 0) -> None:
        on = (gate, phase, rlc) in use.gates
        selectors.append(
            Selector(
                gate=gate,
                area="einsum",
                block=block,
                inner=inner,
                degree=degree,
                enabled=Enabled.USUALLY if on and degree > 0 else Enabled.NEVER,
            )
        )

    for phase in ("both first", "mixed", "both second"):
        for block in range(blocks):
            for inner in range(inner_columns):
                add("mult", phase, block, 3, inner)
            for dot_block in range(blocks):
                # EZKL's inner loop shadows `block`: all but the last round leave selectors in no gate.
                degree = 3 if block == blocks - 1 else 0
                add("dot init", phase, dot_block, degree)
                add("dot", phase, dot_block, degree)
    for phase in ("first", "second"):
        for block in range(blocks):
            add("sum init", phase, block, 2)
            add("sum", phase, block, 2)
            add("cumprod init", phase, block, 1 + inner_columns)
            add("cumprod", phase, block, 2 + inner_columns)
    for challenge in range(use.num_challenges):
        for phase in ("first", "second"):
            for block in range(blocks):
                add("rlc init", phase, block, 2, rlc=challenge)
                add("rlc", phase, block, 2, rlc=challenge)
    return selectors


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedColumns:
    """Fixed columns for all simple selectors: as expected, and the bounds of the three computations."""

    expected: int
    low: int
    high: int


_MOST_SELECTORS = 2048
"""Merging takes time in the square of the number; more selectors than this are a circuit nobody proves."""


def merge(selectors: Sequence[Selector], degree: int) -> MergedColumns:
    """Fixed columns that hold the selectors of a constraint system of the given degree."""
    if len(selectors) > _MOST_SELECTORS:
        return _merge_in_proportion(selectors, degree)
    never = _merged_count(selectors, degree, frozenset())
    usually = _merged_count(selectors, degree, frozenset({Enabled.USUALLY}))
    always = _merged_count(selectors, degree, frozenset({Enabled.USUALLY, Enabled.RARELY}))
    counts = (never, usually, always)
    return MergedColumns(expected=usually, low=min(counts), high=max(counts))


def _merge_in_proportion(selectors: Sequence[Selector], degree: int) -> MergedColumns:
    """Certain bounds: a column holds at most degree - 1 selectors, as their gates have degree 2 or more."""
    sample = merge(selectors[:_MOST_SELECTORS], degree)
    return MergedColumns(
        expected=sample.expected * len(selectors) // _MOST_SELECTORS,
        low=math.ceil(len(selectors) / (degree - 1)),
        high=len(selectors),
    )


def _merged_count(selectors: Sequence[Selector], max_degree: int, on: frozenset[Enabled]) -> int:
    """halo2 `process`, greedy in order of creation; selectors that are not ``on`` meet no other."""
    simple = [selector for selector in selectors if selector.degree > 0]
    columns = len(selectors) - len(simple)  # one for each that is in no gate
    degrees = np.array([selector.degree for selector in simple])
    rows = _Rows.of(simple, on)
    left = np.ones(len(simple), dtype=bool)
    for first in range(len(simple)):
        if not left[first]:
            continue
        columns += 1
        left[first] = False
        # Those before are all in a column. One that cannot join now cannot join later either.
        can_join = left & ~rows.meet(first)
        # The degree without the selector itself, which the merged column replaces.
        gate_degree, members = int(degrees[first]) - 1, 1
        while gate_degree + members < max_degree:
            can_join &= degrees + members <= max_degree
            candidate = int(can_join.argmax())
            if not can_join[candidate]:
                break
            gate_degree = max(gate_degree, int(degrees[candidate]) - 1)
            members += 1
            left[candidate] = can_join[candidate] = False
            can_join &= ~rows.meet(candidate)
    return columns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Which selectors may be on in the same row; each array has an entry for each selector."""

    on: np.ndarray
    block: np.ndarray  # a number for each (area, block)
    inner: np.ndarray  # -1 for a gate over whole rows
    anywhere: np.ndarray  # whether it may meet others of its block as well

    @classmethod
    def of(cls, selectors: Sequence[Selector], on: frozenset[Enabled]) -> _Rows:
        numbers: dict[tuple[str, int], int] = {}
        for selector in selectors:
            numbers.setdefault((selector.area, selector.block), len(numbers))
        return cls(
            on=np.array([selector.enabled in on for selector in selectors], dtype=bool),
            block=np.array([numbers[selector.area, selector.block] for selector in selectors]),
            inner=np.array([-1 if selector.inner is None else selector.inner for selector in selectors]),
            anywhere=np.array([selector.area == "poseidon" for selector in selectors], dtype=bool),
        )

    def meet(self, member: int) -> np.ndarray:
        """For each selector whether a row may have both it and ``member`` on."""
        if not self.on[member]:
            return np.zeros_like(self.on)
        elsewhere = (self.block != self.block[member]) | self.anywhere
        # Within a block a cell has one gate, and a gate over whole rows has its rows to itself.
        other_cell = (self.inner >= 0) & (self.inner != self.inner[member])
        both_cells = other_cell if self.inner[member] >= 0 else np.zeros_like(self.on)
        meeting: np.ndarray = self.on & (elsewhere | both_cells)
        return meeting
