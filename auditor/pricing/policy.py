"""A policy: what an audience accepts of a proof. ``rules/policies/NAME.toml`` or the user's own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from auditor.pricing.evidence import Evidence, listed, read_evidence
from auditor.pricing.profile_file import PATIENCE
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import Table

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


def parse_policy(content: Mapping[str, Any], where: str) -> Policy:
    """The policy in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence.
    """
    top = Table(content, where)
    top.allow("schema", "id", "name", "summary", "patience", "setup", "limits", "evidence")
    top.of_schema(SCHEMA)
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


POLICIES = Shelf("policies", "policy", parse_policy)
load_policy, shipped_policy, resolve_policy = POLICIES.load, POLICIES.shipped, POLICIES.resolve
