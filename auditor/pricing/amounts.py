"""Amounts of money in a file: decimal text, which loses no digits, with evidence for each."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from auditor.pricing.evidence import Evidence, require
from auditor.pricing.tables import Table

_MOST = Decimal(10) ** 9


def price(table: Table, name: str, evidence: tuple[Evidence, ...]) -> float:
    """A positive amount, which has evidence.

    Raises :class:`auditor.pricing.tables.BadProfile` otherwise: what nobody published is left out, not 0.
    """
    text = table.text(name)
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise table.bad(f"{table.at(name)} is '{text}' and no decimal number") from error
    if not (value.is_finite() and 0 < value < _MOST):
        raise table.bad(f"{table.at(name)} is {text}; a price that is not known is left out")
    require(evidence, table.at(name), table.where)
    return float(value)
