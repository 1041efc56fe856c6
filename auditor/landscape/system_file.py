"""A proving system as a file: what it takes, whom it convinces, and every number published for it.

``rules/systems/NAME.toml``, of the schema ``auditor.system/1``. Each number of a row has evidence, or the
file does not load. A field that is left out is not published.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, get_args

from msgspec import Struct

from auditor.landscape.nouns import QUANTITIES, Availability, Axis, Quantity
from auditor.pricing.evidence import Evidence, listed, read_evidence
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import Table
from auditor.safe import safe

SCHEMA = "auditor.system/1"

AXES: tuple[Axis, ...] = get_args(Axis)
AVAILABLE: tuple[str, ...] = get_args(Availability)
PROOF_FOR = ("anyone", "designated verifier", "interactive")
RUN_BY = ("self", "third party", "competitor")
OPERATORS_KNOWN = ("listed", "models", "none")
_TERNARY: Mapping[str, bool | None] = {"yes": True, "no": False, "unknown": None}

_WHOLE = ("parameters", "macs", "sequence", "bits", "cores", "machine_memory_bytes", "proving_key_bytes")
_AMOUNTS = (*QUANTITIES, "setup_seconds")
_ROW_TEXTS = ("model", "series", "hardware", "run_by", "dated", "note", "aside")
_TOP = (
    "schema", "id", "name", "summary", "family", "proof_for", "hides_weights", "hides_input", "on_chain",
    "verifies_on_chain", "gas", "licence", "runnable", "runnable_note", "last_seen", "input", "trust",
    "operators", "operators_known", "only_for_checks", "rows", "scaling", "evidence",
)  # fmt: skip
_LONG = 1_000


class Row(Struct, frozen=True, kw_only=True):
    """One published measurement. None is not published.

    ``macs`` are multiply-accumulates, half of what most papers call FLOPs. ``sequence`` counts positions
    proved in one pass. ``setup_seconds`` passes once for a model: keys, or commitments to its weights.
    ``cores`` are hardware threads where the source counts those. ``aside`` says why the row is shown and
    never used ("an ablation").
    """

    id: str
    model: str
    hardware: str
    run_by: str
    dated: date
    series: tuple[str, ...] = ()
    parameters: int | None = None
    macs: int | None = None
    sequence: int | None = None
    bits: int | None = None
    cores: int | None = None
    machine_memory_bytes: int | None = None
    proving_key_bytes: int | None = None
    prove_seconds: float | None = None
    verify_seconds: float | None = None
    proof_bytes: float | None = None
    peak_memory_bytes: float | None = None
    setup_seconds: float | None = None
    note: str = ""
    aside: str = ""

    def amount(self, quantity: Quantity) -> float | None:
        value: float | None = getattr(self, quantity)
        return value

    def along(self, axis: Axis) -> int | None:
        value: int | None = getattr(self, axis)
        return value


class Scaling(Struct, frozen=True, kw_only=True):
    """Rows that may be read as one law along an axis.

    ``fixed`` says what they share, or should and do not; ``within`` from where to where a workload must lie
    on other axes for the law to be about it, and ``why`` the reason.
    """

    series: str
    along: Axis
    fixed: str
    within: Mapping[Axis, tuple[int, int]]
    why: str


class System(Struct, frozen=True, kw_only=True):
    """A proving system. ``hides_weights``, ``hides_input``, ``verifies_on_chain``: None is not known.

    ``operators`` are ONNX's; ``operators_known`` says whether the system lists what it takes, or whether
    they are those of the models it was shown to prove. ``gas_low`` and ``gas_high`` are published for
    verifying one proof on an EVM. ``only_for_checks``: its numbers are there to compare with
    others, and are no way of their own.
    """

    id: str
    name: str
    summary: str
    family: str
    proof_for: str
    hides_weights: bool | None
    hides_input: bool | None
    on_chain: str
    verifies_on_chain: bool | None
    licence: str
    runnable: Availability
    runnable_note: str
    last_seen: date
    input: str
    trust: tuple[str, ...]
    operators: tuple[str, ...]
    operators_known: str
    gas_low: int | None = None
    gas_high: int | None = None
    only_for_checks: bool = False
    rows: tuple[Row, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def behind(self, row: Row, field: str) -> tuple[Evidence, ...]:
        """What a number of a row rests on."""
        return tuple(entry for entry in self.evidence if entry.covers(f"rows.{row.id}.{field}"))

    def members(self, scaling: Scaling) -> tuple[Row, ...]:
        """The rows of a series, in the order of the file."""
        return tuple(row for row in self.rows if scaling.series in row.series)


def parse_system(content: Mapping[str, Any], where: str) -> System:
    """The system in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence; a row says no amount;
            a series has one row, or rows that do not say where they lie along it.
    """
    top = Table(content, where)
    top.allow(*_TOP)
    top.of_schema(SCHEMA)
    gas = top.table_or_empty("gas")
    gas.allow("low", "high")
    rows, scalings = _rows(top), _scalings(top)
    for row in rows:
        for name in {*row.series} - {scaling.series for scaling in scalings}:
            raise top.bad(f"rows.{row.id}.series names {safe(name)}, and there is no scaling of that name")
    for scaling in scalings:
        _check_series(top, scaling, [row for row in rows if scaling.series in row.series])
    runnable: Availability = top.one_of("runnable", AVAILABLE)  # type: ignore[assignment]
    return System(
        id=top.text("id"),
        name=top.text("name"),
        summary=top.text("summary", _LONG),
        family=top.text("family"),
        proof_for=top.one_of("proof_for", PROOF_FOR),
        hides_weights=_TERNARY[top.one_of("hides_weights", tuple(_TERNARY))],
        hides_input=_TERNARY[top.one_of("hides_input", tuple(_TERNARY))],
        on_chain=top.text("on_chain", _LONG),
        verifies_on_chain=_TERNARY[top.one_of("verifies_on_chain", tuple(_TERNARY))],
        gas_low=gas.whole("low", least=1) if gas.content else None,
        gas_high=gas.whole("high", least=gas.whole("low")) if gas.has("high") else None,
        licence=top.text("licence"),
        runnable=runnable,
        runnable_note=top.text("runnable_note", _LONG),
        last_seen=_day(top, "last_seen"),
        input=top.text("input"),
        trust=_texts(top, "trust"),
        operators=_texts(top, "operators"),
        operators_known=_operators_known(top),
        only_for_checks=_flag(top, "only_for_checks"),
        rows=rows,
        scalings=scalings,
        evidence=read_evidence(content, where),
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a system as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`auditor.pricing.tables.BadProfile`, as :func:`parse_system` does.
    """
    return listed(parse_system(content, where).evidence)


def _rows(top: Table) -> tuple[Row, ...]:
    tables = top.table_or_empty("rows")
    return tuple(_row(tables.table(name), name) for name in tables.content)


def _row(table: Table, name: str) -> Row:
    table.allow(*_ROW_TEXTS, *_WHOLE, *_AMOUNTS)
    if not any(table.has(amount) for amount in _AMOUNTS):
        raise table.bad(f"{table.path} says no amount: none of {', '.join(_AMOUNTS)}")
    wholes: dict[str, Any] = {field: table.whole(field, least=1) for field in _WHOLE if table.has(field)}
    amounts: dict[str, Any] = {field: table.positive(field) for field in _AMOUNTS if table.has(field)}
    row = Row(
        id=name,
        model=table.text("model"),
        hardware=table.text("hardware"),
        run_by=table.one_of("run_by", RUN_BY),
        dated=_day(table, "dated"),
        series=_texts(table, "series") if table.has("series") else (),
        note=table.text("note") if table.has("note") else "",
        aside=table.text("aside") if table.has("aside") else "",
        **wholes,
        **amounts,
    )
    if row.aside and row.series:
        raise table.bad(f"{table.path} is set aside, and in a series")
    return row


def _scalings(top: Table) -> tuple[Scaling, ...]:
    tables = top.table_or_empty("scaling")
    return tuple(_scaling(tables.table(name), name) for name in tables.content)


def _scaling(table: Table, name: str) -> Scaling:
    table.allow("along", "fixed", "within", "why")
    axis: Axis = table.one_of("along", AXES)  # type: ignore[assignment]
    within = table.table_or_empty("within")
    within.allow(*AXES)
    return Scaling(
        series=name,
        along=axis,
        fixed=table.text("fixed"),
        within={other: _span(within.table(other)) for other in AXES if within.has(other)},
        why=table.text("why", _LONG),
    )


def _span(table: Table) -> tuple[int, int]:
    table.allow("low", "high")
    low = table.whole("low", least=1)
    return low, table.whole("high", least=low)


def _check_series(top: Table, scaling: Scaling, rows: list[Row]) -> None:
    """A law needs two places; a row that is nowhere along it would be lost without a word."""
    path = f"scaling.{scaling.series}"
    if len(rows) < 2:
        raise top.bad(f"{path} has {len(rows)} row{'' if len(rows) == 1 else 's'}, and a law needs two")
    for row in rows:
        if row.along(scaling.along) is None:
            raise top.bad(f"rows.{row.id}.{scaling.along} is missing, and {path} runs along it")
    if len({row.along(scaling.along) for row in rows}) < 2:
        raise top.bad(f"{path} has all its rows at one place along {scaling.along}")


def _operators_known(top: Table) -> str:
    known = top.one_of("operators_known", OPERATORS_KNOWN)
    if (known == "none") == bool(top.content["operators"]):
        raise top.bad(f"operators_known is '{known}', which does not fit operators")
    return known


def _texts(table: Table, name: str) -> tuple[str, ...]:
    value = table.content.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise table.bad(f"{table.at(name)} is not a list of texts")
    if len(set(value)) < len(value):
        raise table.bad(f"{table.at(name)} says something twice")
    return tuple(safe(item, limit=_LONG) for item in value)


def _flag(table: Table, name: str) -> bool:
    value = table.content.get(name, False)
    if not isinstance(value, bool):
        raise table.bad(f"{table.at(name)} is neither true nor false")
    return value


def _day(table: Table, name: str) -> date:
    value = table.content.get(name)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise table.bad(f"{table.at(name)} is not a date, as in 2026-01-31")
    return value


SYSTEMS = Shelf("systems", "proving system", parse_system)
load_system, shipped_system, shipped_systems = SYSTEMS.load, SYSTEMS.shipped, SYSTEMS.all
