"""From an audit to the amounts that budgets are about."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.gate.nouns import Amount, Amounts, Unknown, key
from auditor.report import ArtifactFacts, CircuitFacts, Interval, ModelAudit, Span

_CIRCUIT = {"rows": "num_rows", "logrows": "logrows", "assignments": "total_assignments"}
_ARTIFACTS = ("proving_key_bytes", "verifying_key_bytes", "proof_bytes")
_INEXACT = "not exact: values of constants are missing, and those that are equal, 0 or 1 would change it"


def amounts_of(audited: ModelAudit) -> Amounts:
    """Everything a budget may ask for; what the audit could not tell is Unknown, with its reason."""
    return dict(_all(audited, Unknown(reason="see the verdict")))


def _all(audited: ModelAudit, why: Unknown) -> Iterator[tuple[str, Amount | Unknown]]:
    circuit, artifacts = audited.circuit, audited.artifacts
    for name, field in _CIRCUIT.items():
        yield name, _of_circuit(circuit, field, why)
    for name in _ARTIFACTS:
        yield name, _of_artifacts(circuit, artifacts, name, why)
    for machine in audited.hardware:
        yield key("peak_memory", machine.profile), _span(machine.peak_memory_bytes, why)
        yield key("prove_seconds", machine.profile), _span(machine.prove_seconds, why)
        yield key("setup_seconds", machine.profile), _span(machine.setup_seconds, why)
    for chain in audited.chains:
        uncounted = Unknown(reason=f"{chain.profile} does not count gas as Ethereum does")
        unpriced = Unknown(reason=f"a price of {chain.profile} is not known")
        yield key("verify_gas", chain.profile), _span(chain.verify_gas, uncounted)
        yield key("deploy_gas", chain.profile), _span(chain.deploy_gas, uncounted)
        yield key("verify_usd", chain.profile), _span(chain.usd_per_verification, unpriced)


def _of_circuit(circuit: CircuitFacts | None, field: str, why: Unknown) -> Amount | Unknown:
    number = getattr(circuit, field, None)
    if circuit is None or number is None:
        return why
    return Amount(low=number, mid=number, high=number) if circuit.exact else Unknown(reason=_INEXACT)


def _of_artifacts(
    circuit: CircuitFacts | None, artifacts: ArtifactFacts | None, name: str, why: Unknown
) -> Amount | Unknown:
    if circuit is None or artifacts is None:
        return why
    number: int | Interval = getattr(artifacts, name)
    if not circuit.exact:
        return Unknown(reason=_INEXACT)
    if isinstance(number, Interval):
        return Amount(low=number.low, mid=number.mid, high=number.high)
    return Amount(low=number, mid=number, high=number)


def _span(span: Span | None, why: Unknown) -> Amount | Unknown:
    return why if span is None else Amount(low=span.low, mid=span.mid, high=span.high)
