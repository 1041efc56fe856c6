"""A method that needs no proof of its own: ``rules/methods/NAME.toml``, schema ``auditor.method/1``.

A file with ``way = false`` says something about methods and is none: a summary, sentences and evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from msgspec import Struct

from auditor.errors import UsageError
from auditor.landscape.nouns import Assurance, Availability, Support
from auditor.pricing.evidence import Evidence, listed, read_evidence, weaker
from auditor.pricing.ranges import Range
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import Table, read_toml
from auditor.rules import rules_dir
from auditor.safe import safe

SCHEMA = "auditor.method/1"

Sampled = Literal["proof", "inference"]

_REMARK = ("schema", "id", "way", "name", "summary", "aggregators", "evidence")

_FIELDS = (
    "schema", "id", "name", "summary", "assurance", "same_as", "supported", "supported_note", "runs_on",
    "overhead", "machines", "wait_seconds", "wait_reason", "hides_weights", "hides_input", "hidden_from",
    "public", "trust", "licence", "runnable", "runnable_note", "notes", "conflicts", "on_chain", "sampling",
    "inference", "evidence",
)  # fmt: skip

_LONGEST_SENTENCE = 400


class OnAnyChain(Struct, frozen=True, kw_only=True):
    """One answer on a chain that counts gas as Ethereum does.

    ``gas`` is for the answer, ``gas_per_machine`` for each machine that vouches for it; ``reason`` says why
    they are not known. ``possible`` is None when that is not known either. ``how``: what the chain does.
    """

    possible: bool | None
    gas: Range | None
    gas_per_machine: Range | None
    reason: str
    how: str


class Sampling(Struct, frozen=True, kw_only=True):
    """A share of the answers is proved, or computed again, and a bond is lost when one of them is wrong.

    ``saving`` is what cheating saves and ``bond`` what it may cost, both as parts of the price of an answer;
    ``bonds`` are others to compare.
    """

    of: Sampled
    saving: float
    bond: float
    bonds: tuple[float, ...]

    def share(self, bond: float | None = None) -> float:
        """The share of answers to check so that cheating does not pay: saving / bond, all at most.

        Source: zommuter/toesnail docs/dreamed/zkml-proofs.md, section 6, q = s / D, which holds when each
        answer is committed to before it is known whether it is checked.
        """
        return min(1.0, self.saving / (self.bond if bond is None else bond))


class Method(Struct, frozen=True, kw_only=True):
    """A way to trust an output that proves nothing, or proves it with a system that has a row of its own.

    ``overhead`` is what one machine takes for one answer, in inferences on the same machine, ``machines`` how
    many do so. ``runs_on`` names a machine that is no core of a CPU, whose own times are not known here.
    ``wait_seconds`` pass after the answer is computed and before it can be relied on; ``wait_reason`` says
    why they are not known where there are any. ``same_as`` names the row that says what it takes.
    ``hides_...``, ``public``, ``trust`` and ``runnable`` are as in :class:`auditor.landscape.nouns.Way`.
    ``conflicts`` says where sources disagree; ``overhead`` then spans all of them.
    """

    id: str
    name: str
    summary: str
    assurance: Assurance
    supported: Support
    supported_note: str
    overhead: Range
    machines: int
    runs_on: str
    same_as: str
    wait_seconds: Range | None
    wait_reason: str
    on_chain: OnAnyChain
    sampling: Sampling | None
    hides_weights: bool | None
    hides_input: bool | None
    hidden_from: str
    public: bool | None
    trust: tuple[str, ...]
    licence: str
    runnable: Availability
    runnable_note: str
    notes: tuple[str, ...]
    conflicts: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def known(self, *paths: str) -> str:
        """The weakest kind of evidence behind some numbers of the file, by their dotted paths or prefixes."""
        return weaker(*(entry.kind for entry in self._behind(paths)))

    def source(self, *paths: str) -> str:
        """The documents behind them."""
        return "; ".join(dict.fromkeys(entry.source for entry in self._behind(paths)))

    def _behind(self, paths: tuple[str, ...]) -> list[Evidence]:
        numbers = [f"{path}{end}" for path in paths for end in ("", ".low", ".mid", ".high")]
        return [entry for entry in self.evidence if any(entry.covers(number) for number in numbers)]


def shipped_methods() -> tuple[Method, ...]:
    """Every method that comes with the program, by name; files that are no way of their own are left out.

    Raises :class:`auditor.pricing.tables.BadProfile`, as :func:`parse_method` does.
    """
    files = sorted((rules_dir() / "methods").glob("*.toml"))
    contents = [(read_toml(path), path.name) for path in files]
    return tuple(parse_method(content, where) for content, where in contents if _is_way(content, where))


def shipped_method(name: str) -> Method:
    """A method that comes with the program, by the name of its file; dashes count as underscores.

    Raises:
        UsageError: there is none of this name.
        BadProfile: as :func:`parse_method`.
    """
    known = {method.id: method for method in shipped_methods()}
    found = known.get(name.replace("-", "_"))
    if found is None:
        raise UsageError.unknown(f"there is no method '{safe(name)}'", name, known)
    return found


def parse_method(content: Mapping[str, Any], where: str) -> Method:
    """The method in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence, or ``way = false``.
    """
    top = Table(content, where)
    if not _is_way(content, where):
        raise top.bad("it describes no way to trust an output")
    top.allow(*_FIELDS)
    _check_schema(top)
    if top.has("wait_seconds") and top.has("wait_reason"):
        raise top.bad("wait_reason is for a wait that is not known, and wait_seconds is given")
    if top.has("inference"):
        _check_inference(top.table("inference"))
    return Method(
        id=top.text("id"),
        name=top.text("name"),
        summary=top.text("summary"),
        assurance=cast(Assurance, top.one_of("assurance", get_args(Assurance))),
        supported=cast(Support, top.one_of("supported", get_args(Support))),
        supported_note=_optional(top, "supported_note"),
        overhead=_range(top, "overhead"),
        machines=top.whole("machines", least=1) if top.has("machines") else 1,
        runs_on=_optional(top, "runs_on"),
        same_as=_optional(top, "same_as"),
        wait_seconds=_range(top, "wait_seconds") if top.has("wait_seconds") else None,
        wait_reason=_optional(top, "wait_reason"),
        on_chain=_on_chain(top.table("on_chain")),
        sampling=_sampling(top.table("sampling")) if top.has("sampling") else None,
        hides_weights=_flag(top, "hides_weights"),
        hides_input=_flag(top, "hides_input"),
        hidden_from=top.text("hidden_from"),
        public=_flag(top, "public"),
        trust=_sentences(top, "trust", least=1),
        licence=_optional(top, "licence"),
        runnable=cast(Availability, top.one_of("runnable", get_args(Availability))),
        runnable_note=_optional(top, "runnable_note"),
        notes=_sentences(top, "notes"),
        conflicts=_sentences(top, "conflicts"),
        evidence=read_evidence(content, where),
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a file as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`auditor.pricing.tables.BadProfile`, as :func:`parse_method` does.
    """
    if _is_way(content, where):
        parse_method(content, where)
    else:
        _check_remark(Table(content, where))
    return listed(read_evidence(content, where))


def _is_way(content: Mapping[str, Any], where: str) -> bool:
    return _flag(Table(content, where), "way") is not False


def _check_remark(top: Table) -> None:
    top.allow(*_REMARK)
    _check_schema(top)
    for name in ("id", "name", "summary"):
        top.text(name)
    _sentences(top, "aggregators", least=1)


def _check_schema(top: Table) -> None:
    top.of_schema(SCHEMA)


def _check_inference(table: Table) -> None:
    """What :func:`auditor.pricing.execution.inference_seconds` reads."""
    table.allow("start_seconds", "macs_per_second")
    _range(table, "start_seconds")
    if _range(table, "macs_per_second").low == 0:
        raise table.bad(f"{table.at('macs_per_second')} begins at 0, and nothing would ever end")


def _on_chain(table: Table) -> OnAnyChain:
    table.allow("possible", "gas", "gas_per_machine", "reason", "how")
    if table.has("gas") == table.has("reason"):
        raise table.bad(f"{table.path} says either gas or the reason why it is not known")
    if table.has("gas_per_machine") and not table.has("gas"):
        raise table.bad(f"{table.at('gas_per_machine')} comes on top of gas, which is missing")
    return OnAnyChain(
        possible=_flag(table, "possible"),
        gas=_range(table, "gas") if table.has("gas") else None,
        gas_per_machine=_range(table, "gas_per_machine") if table.has("gas_per_machine") else None,
        reason=_optional(table, "reason"),
        how=_optional(table, "how"),
    )


def _sampling(table: Table) -> Sampling:
    table.allow("of", "saving", "bond", "bonds")
    bonds = table.content.get("bonds")
    if not isinstance(bonds, list) or not bonds or not all(_is_positive(bond) for bond in bonds):
        raise table.bad(f"{table.at('bonds')} is not a list of positive numbers")
    return Sampling(
        of=cast(Sampled, table.one_of("of", get_args(Sampled))),
        saving=table.positive("saving"),
        bond=table.positive("bond"),
        bonds=tuple(float(bond) for bond in bonds),
    )


def _range(table: Table, name: str) -> Range:
    inner = table.table(name)
    inner.allow("low", "mid", "high")
    low, mid, high = (inner.number(end) for end in ("low", "mid", "high"))
    if not low <= mid <= high:
        raise table.bad(f"{table.at(name)} is not in order: {low:g}, {mid:g}, {high:g}")
    return Range(low=low, mid=mid, high=high)


def _flag(table: Table, name: str) -> bool | None:
    """True or false; None when the file leaves it out, as it is not known."""
    value = table.content.get(name)
    if value is not None and not isinstance(value, bool):
        raise table.bad(f"{table.at(name)} is neither true nor false")
    return value


def _optional(table: Table, name: str) -> str:
    return table.text(name) if table.has(name) else ""


def _sentences(table: Table, name: str, least: int = 0) -> tuple[str, ...]:
    value = table.content.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise table.bad(f"{table.at(name)} is not a list of sentences")
    if len(value) < least:
        raise table.bad(f"{table.at(name)} has none")
    return tuple(safe(item, limit=_LONGEST_SENTENCE) for item in value)


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")


METHODS = Shelf("methods", "method", parse_method)
load_method = METHODS.load
"""Not all that is shipped is a way of its own: :func:`shipped_methods` leaves out what is not."""
