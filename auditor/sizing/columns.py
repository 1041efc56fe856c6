"""How many columns hold a number of cells.

A circuit of ``logrows`` k has n = 2^k rows. halo2 keeps the last ones for blinding, EZKL a few more below
each lookup table.
"""

from __future__ import annotations

BLINDING_FACTORS = 5
"""halo2 ``plonk/circuit.rs`` `blinding_factors`: max(3, queries of one advice column) + 2. No column of
EZKL is queried at more than three rows."""

RESERVED_ROWS = BLINDING_FACTORS + 1
"""Rows no advice or fixed column can use: EZKL ``tensor/var.rs`` `max_rows`."""

RESERVED_TABLE_ROWS = BLINDING_FACTORS + 3
"""Rows no lookup table can use: EZKL ``circuit/table.rs`` `RESERVED_BLINDING_ROWS_PAD`."""

FIRST_LOGROWS = 4
"""The smallest k that leaves rows for tables."""


def usable_rows(logrows: int) -> int:
    """Rows of a column that can be assigned. Raises :class:`ValueError` when there are none."""
    if logrows < FIRST_LOGROWS:
        raise ValueError(f"logrows {logrows} leaves no usable rows")
    return (1 << logrows) - RESERVED_ROWS


def num_blocks(cells: int, cells_per_block: int) -> int:
    """Blocks of columns for a number of cells.

    EZKL ``tensor/var.rs`` `new_advice`, `constant_cols`: one cell is set aside for each block, because a
    chain that crosses into the next block repeats its last value there.
    """
    blocks = cells // cells_per_block + 1
    return (cells + blocks) // cells_per_block + 1


def num_table_columns(low: int, high: int, logrows: int) -> int:
    """Columns of a lookup table over ``low`` to ``high``. EZKL ``circuit/table.rs`` `num_cols_required`."""
    usable_rows(logrows)
    return abs(high - low) // ((1 << logrows) - RESERVED_TABLE_ROWS) + 1
