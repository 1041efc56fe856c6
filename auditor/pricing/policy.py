"""A policy: what an audience accepts of a proof. ``rules/policies/NAME.toml`` or the user's own file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.errors import UsageError
from auditor.pricing.evidence import Evidence, listed, read_evidence
from auditor.pricing.profile_file import PATIENCE
from auditor.pricing.tables import Table, bad, read_toml
from auditor.rules import names, rules_dir
from auditor.safe import safe

SCHEMA = "auditor.policy/1"


class Policy(Struct, frozen=True, kw_only=True):
    """Limits; None is no limit.

    ``patience`` names the limits of a hardware profile that hold as well. ``setup_here``: keys are made on
    the machine that proves; otherwise elsewhere, and fetched. ``download_bytes`` are those of the keys, the
    SRS and the circuit, which a prover has to fetch. ``usd_per_verification`` is on a chain.
    """

    id: str
    name: str
    summary: str
    patience: str | None
    setup_here: bool
    prove_seconds: float | None = None
    setup_seconds: float | None = None
    verify_seconds: float | None = None
    download_bytes: int | None = None
    usd_per_proof: float | None = None
    usd_per_verification: float | None = None
    evidence: tuple[Evidence, ...] = ()

    def behind(self, limit: str) -> tuple[Evidence, ...]:
        """What one of the limits, by the name of its field, rests on."""
        return tuple(entry for entry in self.evidence if entry.covers(f"limits.{limit}"))


LIMITS = (
    "prove_seconds", "setup_seconds", "verify_seconds", "download_bytes", "usd_per_proof",
    "usd_per_verification",
)  # fmt: skip


def shipped_policy(name: str) -> Policy:
    """A policy that comes with the program, by the name of its file.

    Raises:
        UsageError: there is none of this name.
        BadProfile: as :func:`load_policy`.
    """
    known = {path.stem: path for path in (rules_dir() / "policies").glob("*.toml")}
    if name not in known:
        raise UsageError.unknown(f"there is no policy '{safe(name)}'", name, known)
    return load_policy(known[name])


def resolve_policy(word: str) -> Policy:
    """A policy that comes with the program, or the user's own.

    What ends in ``.toml`` or has a slash is a file.

    Raises:
        UsageError: there is none of this name.
        BadProfile: the file is none, or its id is that of another policy.
    """
    if not (word.endswith(".toml") or "/" in word):
        return shipped_policy(word)
    policy = load_policy(Path(word))
    if policy.id in names("policies"):
        raise bad(Path(word).name, f"id is '{policy.id}', which is that of a policy that comes with auditor")
    return policy


def load_policy(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        BadProfile: it cannot be read, or :func:`parse_policy` refuses it.
    """
    return parse_policy(read_toml(path), path.name)


def parse_policy(content: Mapping[str, Any], where: str) -> Policy:
    """The policy in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence.
    """
    top = Table(content, where)
    top.allow("schema", "id", "name", "summary", "patience", "setup", "limits", "evidence")
    if top.text("schema") != SCHEMA:
        raise top.bad(f"schema is '{top.text('schema')}', and this program reads {SCHEMA}")
    limits = top.table("limits")
    limits.allow(*LIMITS)
    if not limits.content:
        raise limits.bad("limits has none")

    def number(name: str) -> float | None:
        return limits.positive(name) if limits.has(name) else None

    return Policy(
        id=top.text("id"),
        name=top.text("name"),
        summary=top.text("summary"),
        patience=top.one_of("patience", PATIENCE) if top.has("patience") else None,
        setup_here=top.one_of("setup", ("here", "elsewhere")) == "here",
        prove_seconds=number("prove_seconds"),
        setup_seconds=number("setup_seconds"),
        verify_seconds=number("verify_seconds"),
        download_bytes=limits.whole("download_bytes", least=1) if limits.has("download_bytes") else None,
        usd_per_proof=number("usd_per_proof"),
        usd_per_verification=number("usd_per_verification"),
        evidence=read_evidence(content, where),
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a policy as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`auditor.pricing.tables.BadProfile`, as :func:`parse_policy` does.
    """
    parse_policy(content, where)
    return listed(read_evidence(content, where))
