"""The nouns of the gate: amounts, what became of each limit and finding, and the report of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from auditor.findings import Finding

Status = Literal["feasible", "infeasible", "undetermined"]
"""As in :mod:`auditor.report`, which takes a hook longer to load than all it needs of it."""

Depth = Literal["static", "claimed", "circuit"]
"""What is looked at: the file alone; the circuit of models that a table names; that of all."""

Outcome = Literal["pass", "fail", "skip"]
Level = Literal["error", "warning", "note"]


class Amount(Struct, frozen=True, kw_only=True):
    """A number that is exact where ``low`` is ``high``, and otherwise lies between them."""

    low: float
    mid: float
    high: float


class Unknown(Struct, frozen=True, kw_only=True):
    """A number that is not known, and why."""

    reason: str


PROFILED = ("peak_memory", "prove_seconds", "setup_seconds", "verify_gas", "deploy_gas", "verify_usd")
"""Amounts that depend on a machine or a chain."""


def key(amount: str, profile: str) -> str:
    """The name of an amount on a machine or chain."""
    return f"{amount}@{profile}" if profile else amount


Amounts = Mapping[str, Amount | Unknown]
"""By name (``rows``); where it depends on a machine or chain, with the profile (``verify_gas@base``)."""


class Old(Struct, frozen=True, kw_only=True):
    """The amounts of the model in a baseline, by the same names; ``source`` says which baseline that is."""

    source: str
    amounts: Mapping[str, float | None]


class Check(Struct, frozen=True, kw_only=True):
    """One limit held against one amount, or the verdict.

    ``says`` is the comparison in words. A skipped check is ``undetermined`` where its amount should be known
    and is not, and plainly skipped where nobody asked. ``where`` says where the limit is set, ``message``
    what its author has to say.
    """

    name: str
    outcome: Outcome
    undetermined: bool = False
    says: str
    where: str = ""
    message: str = ""
    value: Amount | None = None
    limit: float | None = None


class JudgedFinding(Struct, frozen=True, kw_only=True):
    """A finding, how much it matters here, and the reason why nobody shall be bothered with it."""

    finding: Finding
    level: Level
    suppressed: str | None = None
    where: str = ""

    @property
    def fails(self) -> bool:
        """Whether it makes the command fail."""
        return self.level == "error" and self.suppressed is None


Judge = Callable[[tuple["Finding", ...]], tuple[JudgedFinding, ...]]
"""What holds the findings of one model against its suppressions."""


class CheckRequest(Struct, frozen=True, kw_only=True):
    """What the command line asks; None leaves it to the configuration."""

    paths: tuple[Path, ...] = ()
    config: Path | None = None
    depth: Depth = "circuit"
    fail_on: str | None = None
    gate_time: bool = False
    baseline: Path | None = None
    baseline_revision: str | None = None
    new_baseline: Path | None = None
    allow_undetermined: bool = False
    exit_zero: bool = False
    show_suppressed: bool = False
    quiet: bool = False
    verbose: bool = False
    today: date = field(default_factory=date.today)


class ModelCheck(Struct, frozen=True, kw_only=True):
    """What became of one model, and the ``amounts`` it was found to have.

    ``depth`` is ``static`` where the circuit was not looked at; ``status`` is None then. ``exit_code`` is
    that of this model. ``not_run`` are the ids of checks that could not be made, with what they lacked.
    """

    path: str
    sha256: str | None
    depth: Literal["static", "circuit"]
    status: Status | None
    checks: tuple[Check, ...]
    findings: tuple[JudgedFinding, ...]
    exit_code: int
    amounts: Amounts
    not_run: tuple[tuple[str, str], ...] = ()


class ConfigFinding(Struct, frozen=True, kw_only=True):
    """Something about the configuration itself; ``path`` and ``line`` say where it stands."""

    finding: JudgedFinding
    path: str
    line: int


class Excluded(Struct, frozen=True, kw_only=True):
    """A file that was named and that ``exclude`` keeps out; ``where`` is the line that does."""

    path: str
    where: str


class CheckReport(Struct, frozen=True, kw_only=True):
    """One run of the gate."""

    version: str
    rules: str
    models: tuple[ModelCheck, ...]
    config: tuple[ConfigFinding, ...]
    excluded: tuple[Excluded, ...]
    exit_code: int
    show_suppressed: bool = False

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many checks passed, failed and were skipped; a finding that fails is a failed check."""
        found: dict[Outcome, int] = {"pass": 0, "fail": 0, "skip": 0}
        for model in self.models:
            for check in model.checks:
                found[check.outcome] += 1
            found["fail"] += sum(item.fails for item in model.findings)
        found["fail"] += sum(item.finding.fails for item in self.config)
        return found

    @property
    def verdict(self) -> Literal["PASS", "FAIL", "UNDETERMINED"]:
        """The run in one word."""
        if self.counts["fail"] or self.exit_code not in (0, 3):
            return "FAIL"
        return "UNDETERMINED" if self.exit_code == 3 else "PASS"
