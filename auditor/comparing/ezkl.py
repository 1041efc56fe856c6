"""The model under EZKL, as the exact layout and the prices have it: one row of the comparison."""

from __future__ import annotations

from auditor._version import EZKL_VERSION
from auditor.circuit.run_args import RunArgs, is_hashed
from auditor.landscape.nouns import Amount, OnChain, Support, Way
from auditor.landscape.system_file import shipped_system
from auditor.report import ChainFacts, Span
from auditor.study import Study

ID = "ezkl"
_PUBLISHED = "ezkl-published"
_GRAVE = ("high", "critical")
_HIDDEN = ("private", "polycommit")


def ezkl_way(studied: Study, machine: str) -> Way:
    """The row of EZKL for a study that was billed on ``machine``; proofs follow one another there."""
    about = shipped_system(_PUBLISHED)
    circuit, bills = studied.circuit, studied.bills
    supported, lacking = _support(studied)
    facts = next((item for item in bills.hardware if item.profile == machine), None)
    unknown = {} if facts else dict.fromkeys(_AMOUNTS, "; ".join(lacking) or "there is no circuit to price")
    how = "" if facts is None else f"exact circuit ({circuit.num_rows:,} rows, logrows {circuit.logrows})"
    source = f"layout of EZKL {EZKL_VERSION}; rules/hardware"

    def amount(span: Span | None) -> Amount | None:
        if span is None or facts is None:
            return None
        return Amount(
            low=span.low, mid=span.mid, high=span.high, evidence=facts.evidence, how=how, source=source,
            on=machine,
        )  # fmt: skip

    thousand = None if facts is None else facts.usd_per_thousand_proofs
    if thousand is None and facts is not None:
        unknown["usd"] = f"nobody published what {machine} costs"
    return Way(
        id=ID,
        name=f"EZKL {EZKL_VERSION}",
        kind="proof",
        assurance="proof",
        supported=supported,
        unsupported=lacking,
        seconds=amount(facts.prove_seconds) if facts else None,
        peak_memory_bytes=amount(facts.peak_memory_bytes) if facts else None,
        verify_seconds=amount(facts.verify_seconds) if facts else None,
        proof_bytes=_proof_bytes(studied, source),
        usd=amount(_each(thousand)),
        chains=tuple(_on_chain(item) for item in bills.chains),
        hides_weights=_hides(studied.run_args, "param_visibility"),
        hides_input=_hides(studied.run_args, "input_visibility"),
        public=True,
        trust=about.trust,
        licence=about.licence,
        runnable=about.runnable,
        unknown=unknown,
        notes=tuple(dict.fromkeys(item.message for item in studied.findings if item.severity in _GRAVE)),
        sources=(source,),
    )


_AMOUNTS = ("seconds", "peak_memory_bytes", "verify_seconds", "proof_bytes", "usd")


def _support(studied: Study) -> tuple[Support, tuple[str, ...]]:
    """Whether EZKL proves this model and not another one, and what stands in the way."""
    circuit = studied.circuit
    if circuit.supported is None:
        return "unknown", tuple(item.reason for item in studied.laid_out.unknown)
    if not circuit.supported:
        return "no", tuple(f"{item.operator}: {item.reason}" for item in circuit.unsupported)
    lacking = [broken.reason for broken in studied.sized.broken]
    if circuit.faithful is False:
        rules = dict.fromkeys(item.rule for item in studied.findings if item.rule.startswith("AUD-FID"))
        lacking.append(f"its circuit computes something else ({', '.join(rules)})")
    if lacking:
        return "no", tuple(lacking)
    return ("yes" if circuit.faithful else "unknown"), ()


def _each(thousand: Span | None) -> Span | None:
    """One of a thousand proofs."""
    if thousand is None:
        return None
    return Span(low=thousand.low / 1000, mid=thousand.mid / 1000, high=thousand.high / 1000)


def _proof_bytes(studied: Study, source: str) -> Amount | None:
    made = studied.sized.artifacts
    if made is None:
        return None
    low, high = made.proof_bounds
    return Amount(
        low=low, mid=made.proof_bytes, high=high, evidence="derived", how="the exact circuit", source=source
    )  # fmt: skip


def _hides(run_args: RunArgs, which: str) -> bool:
    """From whoever verifies; a hash is public and what was hashed is not."""
    visibility = getattr(run_args, which)
    return visibility in _HIDDEN or is_hashed(visibility)


def _on_chain(facts: ChainFacts) -> OnChain:
    def amount(span: Span | None) -> Amount | None:
        if span is None:
            return None
        return Amount(
            low=span.low, mid=span.mid, high=span.high, evidence=facts.evidence,
            how="EZKL's verifier contract", source=f"rules/chains/{facts.profile}.toml",
        )  # fmt: skip

    reusable = facts.reusable
    if facts.status == "infeasible" and reusable is not None and reusable.status == "feasible":
        return OnChain(
            chain=facts.profile,
            possible=True,
            gas=amount(reusable.verify_gas),
            usd=amount(reusable.usd_per_verification),
            reason=f"by the reusable verifier, which EZKL calls experimental: {facts.reasons[0]}",
        )
    return OnChain(
        chain=facts.profile,
        possible={"feasible": True, "infeasible": False}.get(facts.status),
        gas=amount(facts.verify_gas),
        usd=amount(facts.usd_per_verification),
        reason=next(iter(facts.reasons or (() if facts.usd_per_verification else facts.warnings)), ""),
    )
