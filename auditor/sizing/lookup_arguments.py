"""Lookup arguments: how halo2's multi-input (mv) lookups share a table.

halo2 ``plonk/mv_lookup.rs`` and ``plonk/circuit.rs`` `chunk_lookups`.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

BASE_GATE_DEGREE = 3
"""Permutation argument and the dot product gate: both have degree 3."""


class LookupTables(Struct, frozen=True, kw_only=True):
    """Tables of one kind. Each of the ``num_tables`` is looked up by ``num_inputs`` advice columns.

    Degrees are those of the expressions for a table row and for a looked-up value.
    """

    num_tables: int
    num_inputs: int
    table_degree: int
    input_degree: int


def static_tables(num_columns: int, num_functions: int, num_inputs: int) -> LookupTables:
    """Tables in fixed columns. A table over m columns has one argument for each, chosen by a factor of
    degree m - 1 beside selector and value. EZKL ``circuit/ops/chip.rs`` `configure_lookup`."""
    return LookupTables(
        num_tables=num_columns * num_functions,
        num_inputs=num_inputs,
        table_degree=1,
        input_degree=num_columns + 1,
    )


def dynamic_tables(num_blocks: int, num_inputs: int) -> LookupTables:
    """Tables in advice columns, with selectors on both sides. EZKL ``circuit/ops/chip.rs``
    `configure_dynamic_lookup`, `configure_shuffles`."""
    return LookupTables(num_tables=num_blocks, num_inputs=num_inputs, table_degree=2, input_degree=2)


def required_degree(tables: LookupTables, inputs_together: int) -> int:
    """Degree of an argument that looks up several inputs. halo2 `Argument::required_degree`."""
    # tau(X) * prod(phi_i(X)) * (phi(gX) - phi(X)), times (1 - (q_last + q_blind))
    left_hand_side = tables.table_degree + inputs_together * tables.input_degree + 1
    return max(3 + inputs_together, left_hand_side + 1)


def inputs_per_argument(tables: LookupTables, degree: int) -> int:
    """How many inputs halo2 puts in one argument when the rest of the circuit has this degree."""
    # One more fits as long as `required_degree` plus the degree of another input is no larger than `degree`.
    another = degree - tables.input_degree
    more = min(another - 3, (another - tables.table_degree - 2) // tables.input_degree)
    return 1 + max(0, more)


def minimum_degree(kinds: Iterable[LookupTables], gate_degree: int) -> int:
    """The degree that arguments are filled up to. halo2 `chunk_lookups`: `minimum_degree`."""
    singles = (max(3, kind.table_degree + 2) + kind.input_degree for kind in kinds)
    return max([gate_degree, *singles])


def num_arguments(tables: LookupTables, degree: int) -> int:
    """Lookup arguments for all tables of a kind."""
    return tables.num_tables * -(-tables.num_inputs // inputs_per_argument(tables, degree))
