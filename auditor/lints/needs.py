"""What sets the length of the columns of a circuit, for the lints that say what would make it shorter.

Source: EZKL ``graph/mod.rs`` `calc_min_logrows`, as in :mod:`auditor.sizing.logrows`, without the few rows
that EZKL keeps free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.report import CircuitFacts


def widest_table(circuit: CircuitFacts) -> int:
    """Values of the widest table, of lookups or of range checks; 0 without any."""
    ranges = list(circuit.required_range_checks or ())
    given = circuit.run_args.get("lookup_range")
    if circuit.required_lookups and isinstance(given, tuple):
        ranges.append((given[0], given[1]))
    return max((high - low + 1 for low, high in ranges), default=0)


def needed_beside_rows(circuit: CircuitFacts) -> int:
    """The length that columns would need if the circuit had no rows: the largest of all other needs.

    What is not known needs nothing.
    """
    columns = circuit.run_args.get("num_inner_cols")
    inner = columns if isinstance(columns, int) and columns > 0 else 1
    return max(
        widest_table(circuit),
        circuit.num_instances or 0,
        (circuit.total_dynamic_col_size or 0) + (circuit.total_shuffle_col_size or 0),
        -(-(circuit.total_const_size or 0) // inner),
        -(-(circuit.total_einsum_col_size or 0) // inner),
    )
