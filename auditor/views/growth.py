"""The part of a comparison about who can take part, today and as the model grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.comparing.report import ROLES, Growth, Part, Participant, Role, Size
from auditor.landscape.systems import count_text
from auditor.report import Status
from auditor.units import bytes_range_text, bytes_text, seconds_range_text
from auditor.views.bills import TONES
from auditor.views.page import Bullets, Cell, Chart, Column, Curve, Point, Table, Words
from auditor.views.page import Part as PagePart
from auditor.views.ways import amount_text

ROLE_NAMES: Mapping[Role, str] = {"verify": "Verify", "re_execute": "Re-execute", "prove": "Prove"}

_BINDINGS: Mapping[str, str] = {"availability": "EZKL unseen"}

_ANSWERS: Mapping[Status, str] = {"feasible": "yes", "infeasible": "no", "undetermined": "unclear"}

_MACHINES = (Column("Machine"), *(Column(ROLE_NAMES[role]) for role in ROLES))

_SIZES = (
    Column("Size", "number"), Column("Parameters", "number"), Column("Rows", "number"),
    Column("k", "number"), Column("Key", "number"), Column("Proof", "number"),
    Column("Memory", "number"), Column("Can", "number"),
)  # fmt: skip


def participation_parts(found: Sequence[Participant]) -> Iterator[PagePart]:
    """Each machine with what it can do, and the limit that decides."""
    if found:
        yield Table("Who can take part", _MACHINES, tuple(_machine(item) for item in found))


def growth_parts(growth: Sequence[Growth], machines: int) -> Iterator[PagePart]:
    """For each axis the sizes, the exponents, and how many machines are left."""
    for along in growth:
        title = f"As the {along.axis} grows"
        if not along.sizes:
            yield Bullets((along.reason,), title=title)
            continue
        table = Table(title, _SIZES, tuple(_size(size) for size in along.sizes))
        yield table
        yield Bullets(tuple(_said(along)))
        yield _chart(along, machines, table)


def _machine(item: Participant) -> tuple[Cell, ...]:
    return (item.profile, *(_answer(item.roles[role]) for role in ROLES))


def _answer(part: Part) -> Words:
    word = _ANSWERS[part.status]
    said = f"{word}: {_BINDINGS.get(part.binding, part.binding)}" if part.binding else word
    return Words(said, TONES[part.status])


def _size(size: Size) -> tuple[Cell, ...]:
    return (
        f"{size.factor}x",
        "" if size.parameters is None else count_text(size.parameters),
        _count(size.num_rows),
        _count(size.logrows),
        "" if size.proving_key_bytes is None else bytes_text(size.proving_key_bytes),
        "" if size.prove_seconds is None else amount_text(size.prove_seconds, seconds_range_text),
        "" if size.peak_memory_bytes is None else amount_text(size.peak_memory_bytes, bytes_range_text),
        "/".join(str(size.able.get(role, 0)) for role in ROLES) if size.able else "",
    )


def _said(along: Growth) -> Iterator[str]:
    """The exponents, what the last column counts, and why sizes are missing."""
    powers = [f"{name.replace('_', ' ')} {value:.2f}" for name, value in along.exponents.items()]
    if powers:
        yield f"exponents, of the {along.axis}: {', '.join(powers)}"
    yield "Can: machines that certainly verify/re-execute/prove; k: logrows"
    yield from (f"{size.factor}x: {size.reason}" for size in along.sizes if size.reason)


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _chart(along: Growth, machines: int, table: Table) -> Chart:
    """How many machines certainly play each role at each size."""
    known = [size for size in along.sizes if size.able and size.parameters]
    curves = tuple(
        Curve(
            label=ROLE_NAMES[role],
            points=tuple(Point(size.factor, size.able.get(role, 0)) for size in known),
            kind="line",
        )
        for role in ROLES
    )
    return Chart(
        title=f"Machines that can take part, of {machines}, as the {along.axis} grows",
        x_title=f"{along.axis}, times today's",
        y_title="machines",
        x_unit="factor",
        log_x=True,
        lines=curves,
        note="A machine counts where it certainly can, within its owner's patience and memory.",
        table=table,
    )
