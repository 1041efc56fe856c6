"""From everything known about a circuit to one answer: feasible, infeasible or undetermined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from auditor.findings import Finding
from auditor.report import (
    WHOLE_MODEL,
    ChainFacts,
    CircuitFacts,
    HardwareFacts,
    Status,
    UnsupportedOperator,
    Verdict,
)

EXIT_FEASIBLE, EXIT_INFEASIBLE, EXIT_USAGE, EXIT_UNDETERMINED, EXIT_FAILURE = 0, 1, 2, 3, 4

_PRECEDENCE = (EXIT_FAILURE, EXIT_USAGE, EXIT_INFEASIBLE, EXIT_UNDETERMINED, EXIT_FEASIBLE)
"""Over several models the worst speaks for all: 4 > 2 > 1 > 3 > 0."""

FIDELITY = "AUD-FID-"
"""Findings of this family say that the circuit computes something else than the model; the milder ones,
that it does so for unusual inputs or less exactly."""

BLOCKING_SEVERITIES = ("critical", "high")
"""A finding this severe makes the command fail even when the circuit is affordable."""


class Limits(Struct, frozen=True, kw_only=True):
    """What the user allows; None is no limit."""

    max_rows: int | None = None
    max_logrows: int | None = None


class Broken(Struct, frozen=True, kw_only=True):
    """A limit that is exceeded: its name, what was needed against what is allowed, and what would help."""

    binding: str
    reason: str
    next: tuple[str, ...] = ()


class Open(Struct, frozen=True, kw_only=True):
    """Something that is not known, and that keeps the answer open: why, and what would settle it."""

    binding: str
    reason: str
    next: tuple[str, ...] = ()


class Bills(Struct, frozen=True, kw_only=True):
    """What a circuit costs, and what that means for the verdict: only what was asked for decides."""

    hardware: tuple[HardwareFacts, ...] = ()
    chains: tuple[ChainFacts, ...] = ()
    broken: tuple[Broken, ...] = ()
    open: tuple[Open, ...] = ()


def judge(
    circuit: CircuitFacts,
    findings: Sequence[Finding],
    ceilings: Sequence[Broken],
    unknowns: Sequence[Open],
    limits: Limits,
    advice: Callable[[str], str | None],
    logrows_reason: str = "",
    savings: Sequence[str] = (),
) -> Verdict:
    """The verdict on one model.

    What is certainly exceeded decides first (support, fidelity, EZKL's ceilings, the user's limits, in
    this order); whatever is unknown after that makes the answer undetermined; the rest is feasible.
    ``advice`` gives a cheaper replacement for an ONNX operator, or None; ``logrows_reason`` is what keeps
    logrows from being smaller, and ``savings`` what would make it so.
    """
    broken = [
        *_support(circuit),
        *_fidelity(findings),
        *ceilings,
        *_user_limits(circuit, limits),
    ]
    cheaper = [*savings, *_dearest_layer(circuit, advice)]
    if broken:
        return _verdict(
            "infeasible", broken[0].binding, [item.reason for item in broken], [*_steps(broken), *cheaper]
        )
    if unknowns:
        reasons = [item.reason for item in unknowns]
        return _verdict("undetermined", unknowns[0].binding, reasons, _steps(unknowns))
    fits = f"{circuit.num_rows:,} rows fit a circuit of 2^{circuit.logrows} rows"
    reasons = [f"{fits}; logrows is set by {logrows_reason}" if logrows_reason else fits]
    return _verdict("feasible", None, reasons, cheaper)


def could_not_read(binding: str, reason: str, hint: str, exit_code: int) -> Verdict:
    """The verdict on a file that never became a circuit."""
    return Verdict(
        status="undetermined",
        binding=binding,
        reasons=(reason,),
        next=(hint,) if hint else (),
        exit_code=exit_code,
    )


def overall(verdicts: Iterable[Verdict], findings: Iterable[Finding]) -> tuple[Status, int]:
    """The status and the exit code of a run over several models."""
    verdicts = list(verdicts)
    codes = {verdict.exit_code for verdict in verdicts}
    if any(finding.severity in BLOCKING_SEVERITIES for finding in findings):
        codes.add(EXIT_INFEASIBLE)
    statuses = {verdict.status for verdict in verdicts}
    worst: Status = "feasible"
    if "infeasible" in statuses:
        worst = "infeasible"
    elif "undetermined" in statuses:
        worst = "undetermined"
    return worst, next((code for code in _PRECEDENCE if code in codes), EXIT_FEASIBLE)


# --- what decides --------------------------------------------------------------------------


def _support(circuit: CircuitFacts) -> list[Broken]:
    if circuit.supported is not False:
        return []
    return [
        Broken(
            binding="support",
            reason=f"EZKL rejects {_whom(item)}: {item.reason}",
            next=(item.way_out,) if item.way_out else (),
        )
        for item in circuit.unsupported
    ]


def _fidelity(findings: Sequence[Finding]) -> list[Broken]:
    return [
        Broken(
            binding="fidelity",
            reason=f"{item.rule}{f' at {item.node}' if item.node else ''}: {item.message}",
            next=(f"auditor explain {item.rule}",),
        )
        for item in findings
        if item.rule.startswith(FIDELITY) and item.severity in BLOCKING_SEVERITIES
    ]


def _user_limits(circuit: CircuitFacts, limits: Limits) -> list[Broken]:
    broken = []
    logrows, rows = circuit.logrows, circuit.num_rows
    if limits.max_logrows is not None and logrows is not None and logrows > limits.max_logrows:
        reason = f"logrows {logrows} is over the limit of {limits.max_logrows} (--max-logrows)"
        broken.append(Broken(binding="logrows", reason=reason))
    if limits.max_rows is not None and rows is not None and rows > limits.max_rows:
        over = rows - limits.max_rows
        reason = f"{rows:,} rows are {over:,} over the limit of {limits.max_rows:,} (--max-rows)"
        broken.append(Broken(binding="rows", reason=reason))
    return broken


# --- what to do next -----------------------------------------------------------------------


def _dearest_layer(circuit: CircuitFacts, advice: Callable[[str], str | None]) -> list[str]:
    total = circuit.total_assignments
    if not circuit.layers or not total:
        return []
    dearest = max(circuit.layers, key=lambda layer: layer.total_assignments)
    share = 100 * dearest.total_assignments / total
    tip = advice(dearest.operator)
    if share < 20 or tip is None:
        return []
    return [f"{dearest.operator} {dearest.node} takes {share:.0f} % of the rows. {tip}"]


# --- small helpers -------------------------------------------------------------------------


def _verdict(status: Status, binding: str | None, reasons: list[str], steps: Iterable[str]) -> Verdict:
    codes = {"feasible": EXIT_FEASIBLE, "infeasible": EXIT_INFEASIBLE, "undetermined": EXIT_UNDETERMINED}
    return Verdict(
        status=status,
        binding=binding,
        reasons=tuple(_distinct(reasons)),
        next=tuple(_distinct(steps)),
        exit_code=codes[status],
    )


def _steps(items: Sequence[Broken | Open]) -> list[str]:
    return [step for item in items for step in item.next]


def _distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _whom(item: UnsupportedOperator) -> str:
    if item.operator == WHOLE_MODEL:
        return "the model"
    return item.operator if item.count == 1 else f"{item.operator} ({item.count} times)"
