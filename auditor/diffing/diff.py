"""What changes between two models: both are audited alike, then compared, which is pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from auditor import rules
from auditor._version import __version__
from auditor.diffing.report import (
    DiffReport,
    FindingChanges,
    Gate,
    Judgement,
    LayerChange,
    LayerChanges,
    OperatorChange,
    Quantity,
    Side,
    Unit,
)
from auditor.diffing.sides import audited_sides
from auditor.findings import Finding
from auditor.options import Request
from auditor.report import Interval, Layer, ModelAudit, Span
from auditor.verdict import EXIT_FAILURE, EXIT_FEASIBLE, EXIT_INFEASIBLE, EXIT_UNDETERMINED, overall

Amount = int | float | Interval | Span | None

_OF_A_WORK_TREE = ("AUD-REPO-002", "AUD-REPO-003", "AUD-REPO-004", "AUD-REPO-005", "AUD-REPO-009")
"""Findings about how a repository keeps the file: a file of a revision is looked at outside of it."""


def diff(
    old: str, new: str | None, request: Request, max_increase_percent: float | None = None
) -> DiffReport:
    """The sides that ``old`` and ``new`` name (:func:`auditor.diffing.sides.places`), audited and compared.

    Raises:
        UsageError, Undetermined: a side is not to be found.
    """
    before, after = audited_sides(old, new, request)
    return compare(before, after, request, max_increase_percent)


def compare(old: Side, new: Side, request: Request, max_increase_percent: float | None = None) -> DiffReport:
    """The report on two audited sides, one of which may not be there."""
    quantities = tuple(_quantities(old.audited, new.audited))
    gate = None if max_increase_percent is None else _gate(old, new, quantities[0], max_increase_percent)
    return DiffReport(
        version=__version__,
        rules=rules.digest(),
        old=old,
        new=new,
        given_run_args=tuple(sorted(request.given)),
        planned=request.plan is not None,
        run_args=_run_args(old.audited, new.audited),
        quantities=quantities,
        layers=_layers(old.audited, new.audited),
        operators=_operators(old.audited, new.audited),
        findings=_findings(old, new),
        gate=gate,
        exit_code=_exit_code(old.audited, new.audited, gate),
        layers_shown=request.layers_shown,
    )


# --- amounts -------------------------------------------------------------------------------

_CIRCUIT = ("num_rows", "total_assignments", "logrows")
_ARTIFACTS = (
    "proving_key_bytes", "verifying_key_bytes", "proof_bytes", "srs_bytes", "calldata_bytes",
)  # fmt: skip
_MACHINE: Mapping[str, Unit] = {
    "setup_seconds": "seconds", "prove_seconds": "seconds", "peak_memory_bytes": "bytes",
    "disk_bytes": "bytes", "usd_per_thousand_proofs": "usd",
}  # fmt: skip
_CHAIN: Mapping[str, Unit] = {
    "verify_gas": "gas", "deploy_gas": "gas", "contract_bytes": "bytes", "usd_per_verification": "usd",
}  # fmt: skip


def _quantities(old: ModelAudit | None, new: ModelAudit | None) -> list[Quantity]:
    """Those of the circuit, of each machine and of each chain; ``num_rows`` is the first."""
    both = (old, new)
    circuits = [side and side.circuit for side in both]
    artifacts = [side and side.artifacts for side in both]
    found = [_quantity(name, "count", None, *_fields(circuits, name)) for name in _CIRCUIT]
    found += [_quantity(name, "bytes", None, *_fields(artifacts, name)) for name in _ARTIFACTS]
    machines = [{item.profile: item for item in side.hardware} if side else {} for side in both]
    for profile in {**machines[0], **machines[1]}:
        bills = [machine.get(profile) for machine in machines]
        found += [_quantity(name, unit, profile, *_fields(bills, name)) for name, unit in _MACHINE.items()]
    chains = [{item.profile: item for item in side.chains} if side else {} for side in both]
    for profile in {**chains[0], **chains[1]}:
        fees = [chain.get(profile) for chain in chains]
        found += [_quantity(name, unit, profile, *_fields(fees, name)) for name, unit in _CHAIN.items()]
    if old is None or new is None:
        return [replace(quantity, judgement="not compared") for quantity in found]
    return found


def _fields(both: Sequence[object], name: str) -> tuple[Amount, Amount]:
    """The field of this name on either side; None where there is nothing that has it."""
    old, new = (getattr(item, name, None) for item in both)
    return old, new


def _quantity(name: str, unit: Unit, profile: str | None, old: Amount, new: Amount) -> Quantity:
    before, after = _span(old), _span(new)
    difference = None if before is None or after is None else after.mid - before.mid
    percent = None
    if before is not None and difference is not None and before.mid:
        percent = _figures(100 * difference / before.mid)
    exact = unit in ("count", "bytes") and isinstance(old, int) and isinstance(new, int)
    return Quantity(
        name=name,
        unit=unit,
        profile=profile,
        old=before,
        new=after,
        difference=difference if difference is None or exact else _figures(difference),
        percent=percent,
        judgement=judge(before, after),
    )


def judge(old: Span | None, new: Span | None) -> Judgement:
    """Whether an amount has changed: not when either range holds what is expected on the other side.

    Exact amounts are ranges without width, so any change of theirs is one.
    """
    if old is None or new is None:
        return "unknown"
    if old == new:
        return "same"
    if old.low <= new.mid <= old.high or new.low <= old.mid <= new.high:
        return "within error"
    return "grew" if new.mid > old.mid else "shrank"


def _span(amount: Amount) -> Span | None:
    if amount is None or isinstance(amount, Span):
        return amount
    if isinstance(amount, Interval):
        return Span(low=amount.low, mid=amount.mid, high=amount.high)
    return Span(low=amount, mid=amount, high=amount)


def _figures(number: float) -> float:
    """In four figures: more would be noise, and would differ between machines."""
    return float(f"{number:.4g}")


# --- what is responsible -------------------------------------------------------------------


def _layers(old: ModelAudit | None, new: ModelAudit | None) -> LayerChanges | None:
    both = [_layers_of(side) for side in (old, new)]
    return None if both[0] is None or both[1] is None else match_layers(both[0], both[1])


def _layers_of(side: ModelAudit | None) -> Sequence[Layer] | None:
    """None where there is a model and no layout of it."""
    if side is None:
        return ()
    return side.circuit.layers if side.circuit is not None and side.circuit.num_rows is not None else None


def match_layers(old: Sequence[Layer], new: Sequence[Layer]) -> LayerChanges:
    """Pairs layers by node name; those left over by operator and size, so that a new export that renames all
    nodes changes nothing; those still left by operator, in their order. Largest change of cells first."""
    pairs: list[tuple[Layer | None, Layer | None]] = []
    left, right = list(old), list(new)
    for key in (_by_name, _by_size, _by_operator):
        waiting: defaultdict[object, list[Layer]] = defaultdict(list)
        for layer in reversed(left):
            waiting[key(layer)].append(layer)
        unmatched = []
        for layer in right:
            same = waiting.get(key(layer))
            if same:
                pairs.append((same.pop(), layer))
            else:
                unmatched.append(layer)
        remaining = {id(layer) for layers in waiting.values() for layer in layers}
        left, right = [layer for layer in left if id(layer) in remaining], unmatched
    pairs += [(layer, None) for layer in left]
    pairs += [(None, layer) for layer in right]
    changes = [LayerChange(old=before, new=after) for before, after in pairs if not _is_same(before, after)]
    changes.sort(key=lambda item: (-abs(item.cells), -abs(item.rows)))
    return LayerChanges(changes=tuple(changes), unchanged=len(pairs) - len(changes))


def _by_name(layer: Layer) -> object:
    return layer.node


def _by_size(layer: Layer) -> object:
    return layer.operator, layer.num_rows, layer.total_assignments


def _by_operator(layer: Layer) -> object:
    return layer.operator


def _is_same(old: Layer | None, new: Layer | None) -> bool:
    return old is not None and new is not None and _by_size(old) == _by_size(new)


def _operators(old: ModelAudit | None, new: ModelAudit | None) -> tuple[OperatorChange, ...] | None:
    both: list[Mapping[str, int]] = []
    for side in (old, new):
        if side is not None and side.model is None:
            return None
        both.append(side.model.operators if side is not None and side.model is not None else {})
    before, after = both
    return tuple(
        OperatorChange(operator=name, old=before.get(name, 0), new=after.get(name, 0))
        for name in sorted({*before, *after})
        if before.get(name, 0) != after.get(name, 0)
    )


def _findings(old: Side, new: Side) -> FindingChanges | None:
    """None where a side could not be read: nothing was looked for there."""
    both = [side.audited for side in (old, new)]
    if any(side is not None and side.model is None for side in both):
        return None
    # What a rule says of one side is no change where it was not asked of the other.
    not_asked = {item.rule for side in both if side is not None for item in side.not_run}
    elsewhere = (old.revision is None) != (new.revision is None)
    before, after = (
        [
            finding
            for finding in (side.findings if side is not None else ())
            if finding.rule not in not_asked and not (elsewhere and finding.rule in _OF_A_WORK_TREE)
        ]
        for side in both
    )
    # First those that are equal, then those of a rule at a node, whose message may hold a number.
    for key in (_finding_itself, _finding_place):
        common = Counter(map(key, before)) & Counter(map(key, after))
        before, after = _without(before, common, key), _without(after, common, key)
    return FindingChanges(appeared=tuple(after), vanished=tuple(before))


def _finding_itself(finding: Finding) -> object:
    return finding


def _finding_place(finding: Finding) -> object:
    return finding.rule, finding.severity, finding.node


def _without(
    findings: list[Finding], common: Counter[object], key: Callable[[Finding], object]
) -> list[Finding]:
    left, kept = Counter(common), []
    for finding in findings:
        if left[key(finding)]:
            left[key(finding)] -= 1
        else:
            kept.append(finding)
    return kept


def _run_args(old: ModelAudit | None, new: ModelAudit | None) -> dict[str, tuple[object, object]]:
    both = [
        side.circuit.run_args if side is not None and side.circuit is not None else {} for side in (old, new)
    ]
    shared = both[0].keys() & both[1].keys()
    return {name: (both[0][name], both[1][name]) for name in sorted(shared) if both[0][name] != both[1][name]}


# --- the answer ----------------------------------------------------------------------------


def _gate(old: Side, new: Side, rows: Quantity, max_percent: float) -> Gate:
    if old.audited is None or new.audited is None:
        why = "there is nothing to compare with: it is new" if old.audited is None else "the model is gone"
        return Gate(max_percent=max_percent, passed=True, reason=why)
    if rows.old is None or rows.new is None:
        side = "old" if rows.old is None else "new"
        return Gate(max_percent=max_percent, passed=None, reason=f"the {side} number of rows is not known")
    passed = rows.new.mid <= rows.old.mid or 100 * (rows.new.mid - rows.old.mid) <= max_percent * rows.old.mid
    reason = "within what is allowed" if passed else f"at most {max_percent:g} % more rows are allowed"
    return Gate(max_percent=max_percent, passed=passed, reason=reason)


def _exit_code(old: ModelAudit | None, new: ModelAudit | None, gate: Gate | None) -> int:
    """That of the new side alone, or what the gate says where that is worse; a fault of ours on either."""
    if old is not None and old.verdict.exit_code == EXIT_FAILURE:
        return EXIT_FAILURE
    code = EXIT_FEASIBLE if new is None else overall([new.verdict], new.findings)[1]
    if gate is None or gate.passed:
        return code
    if gate.passed is None:
        return code or EXIT_UNDETERMINED
    return EXIT_INFEASIBLE if code == EXIT_UNDETERMINED else code or EXIT_INFEASIBLE
