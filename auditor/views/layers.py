"""The part of an audit about layers: where the rows of a circuit go."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.report import CircuitFacts, Layer
from auditor.views.page import Column, Share, Shares, Table, Words


def layer_shares(circuit: CircuitFacts, shown: int) -> list[Shares]:
    """Nothing for a circuit without layers; the table has the ``shown`` largest (0: all) and the rest."""
    total = circuit.total_assignments or 0
    if not circuit.layers or not total:
        return []
    ordered = sorted(circuit.layers, key=lambda layer: -layer.total_assignments)
    items = tuple(
        Share(layer.operator, layer.node, layer.total_assignments, f"{layer.num_rows:,} rows")
        for layer in ordered
    )
    return [Shares(_table(ordered, shown or len(ordered), total), items)]


def _table(ordered: Sequence[Layer], shown: int, total: int) -> Table:
    columns = (Column("Share", "number"), Column("Rows", "number"), Column("Operator"), Column("Node"))
    rows: list[tuple[str | Words, ...]] = []
    for layer in ordered[:shown]:
        share = f"{100 * layer.total_assignments / total:.1f} %"
        rows.append((share, f"{layer.num_rows:,}", layer.operator, layer.node))
    if rest := ordered[shown:]:
        cells = sum(layer.total_assignments for layer in rest)
        num_rows = sum(layer.num_rows for layer in rest)
        more = f"{len(rest)} smaller; -n N shows more, -n 0 all"
        remainder = (f"{100 * cells / total:.1f} %", f"{num_rows:,}", "…", more)
        rows.append(tuple(Words(text, "dim") for text in remainder))
    return Table("Where the rows go", columns, tuple(rows))
