"""What instances cost that one can rent: ``rules/prices/NAME.toml`` or the user's own file.

An instance without a price is one whose price nobody published: it is never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from auditor.errors import UsageError
from auditor.pricing.amounts import price
from auditor.pricing.bill import Rent
from auditor.pricing.evidence import Evidence, listed, read_evidence
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import Table

SCHEMA = "auditor.prices/1"


class PriceSheet(Struct, frozen=True, kw_only=True):
    """Prices of one seller. ``usd_per_hour`` is by instance, None where it is not known. Time is charged in
    whole units of ``billed_seconds``, and for ``least_seconds`` at least."""

    id: str
    name: str
    summary: str
    billed_seconds: float
    least_seconds: float
    usd_per_hour: Mapping[str, float | None]
    evidence: tuple[Evidence, ...]

    def rent(self, instance: str) -> Rent | None:
        """What an instance costs, None where it is not known.

        Raises :class:`UsageError` when the sheet has no such instance.
        """
        if instance not in self.usd_per_hour:
            raise UsageError.unknown(
                f"price sheet {self.id} has no such instance", instance, self.usd_per_hour
            )
        usd_per_hour = self.usd_per_hour[instance]
        if usd_per_hour is None:
            return None
        paths = (f"instance.{instance}.on_demand_per_hour", "billing.granularity_seconds")
        evidence = tuple(entry for entry in self.evidence if any(entry.covers(path) for path in paths))
        return Rent(
            usd_per_hour=usd_per_hour,
            billed_seconds=self.billed_seconds,
            least_seconds=self.least_seconds,
            evidence=evidence,
        )


def rent_of(price_ref: str, sheets: Iterable[PriceSheet] | None = None) -> Rent | None:
    """The rent that a hardware profile's ``SHEET#INSTANCE`` names, None where the price is not known.

    Raises:
        UsageError: there is no such sheet, or it has no such instance.
        BadProfile: as :func:`load_sheet`, for the sheets that come with the program.
    """
    known = {sheet.id: sheet for sheet in (shipped_sheets() if sheets is None else sheets)}
    name, _, instance = price_ref.partition("#")
    if name not in known:
        raise UsageError.unknown("there is no price sheet of this name", name, known)
    return known[name].rent(instance)


def parse_sheet(content: Mapping[str, Any], where: str) -> PriceSheet:
    """The sheet in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence.
    """
    top = Table(content, where)
    top.allow("schema", "id", "name", "summary", "currency", "billing", "instance", "evidence")
    top.of_schema(SCHEMA)
    top.one_of("currency", ("USD",))
    billing, instances = top.table("billing"), top.table("instance")
    billing.allow("granularity_seconds", "least_seconds")
    evidence = read_evidence(content, where)
    return PriceSheet(
        id=top.text("id"),
        name=top.text("name"),
        summary=top.text("summary"),
        billed_seconds=billing.positive("granularity_seconds"),
        least_seconds=billing.number("least_seconds"),
        usd_per_hour={name: _price(instances.table(name), evidence) for name in instances.content},
        evidence=evidence,
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a sheet as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`auditor.pricing.tables.BadProfile`, as :func:`parse_sheet` does.
    """
    return listed(parse_sheet(content, where).evidence)


def _price(table: Table, evidence: tuple[Evidence, ...]) -> float | None:
    table.allow("vcpu", "memory_bytes", "on_demand_per_hour")
    for name in ("vcpu", "memory_bytes"):
        if table.has(name):
            table.whole(name, least=1)
    if not table.has("on_demand_per_hour"):
        return None
    return price(table, "on_demand_per_hour", evidence)


SHEETS = Shelf("prices", "price sheet", parse_sheet)
load_sheet, shipped_sheets = SHEETS.load, SHEETS.all
