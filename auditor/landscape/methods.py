"""What a method without a proof of its own takes for one workload: a row of the comparison.

Time is the method's overhead times an inference, for all machines together: what is paid for. Machines that
run side by side keep an answer waiting for one of them only, which ``wait_seconds`` then says.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from auditor.landscape.method_file import Method, Sampling
from auditor.landscape.nouns import Amount, OnChain, Way
from auditor.pricing.evidence import weaker
from auditor.pricing.ranges import Range

INFERENCE_EVIDENCE = "assumed"
INFERENCE_SOURCE = "rules/methods/re_execution.toml"
INFERENCE_MACHINE = "one core"
"""Of the inference that :func:`auditor.pricing.execution.inference_seconds` gives."""

GIVEN = "assumed"
"""What a number is worth that the caller chose instead of the file's."""


class Choices(Struct, frozen=True, kw_only=True):
    """What whoever sets a method up may choose; None is as the method's file has it.

    ``machines`` compute each answer, at least one. An answer may be disputed for ``window_seconds``. ``bond``
    is what a cheat loses, in prices of one answer.

    Raises :class:`ValueError` when a choice is no number of machines, no time or no bond.
    """

    machines: int | None = None
    window_seconds: float | None = None
    bond: float | None = None

    def __post_init__(self) -> None:
        if self.machines is not None and self.machines < 1:
            raise ValueError("at least one machine computes an answer")
        if self.window_seconds is not None and not 0 <= self.window_seconds < float("inf"):
            raise ValueError("a window has a length")
        if self.bond is not None and not 0 < self.bond < float("inf"):
            raise ValueError("a bond that is not positive deters nobody")


def way(
    method: Method,
    *,
    inference_seconds: Range | None,
    proof: Way | None = None,
    chains: Sequence[str] = (),
    choices: Choices | None = None,
) -> Way:
    """The row of a method for one workload.

    ``inference_seconds`` is one inference on one core, None where the multiply-accumulates are not known.
    ``proof`` is the row that sampled proving samples from. Each of ``chains`` gets an entry with gas as
    Ethereum counts it and without money: the caller knows which chains count so, and their prices.
    """
    choices = choices or Choices()
    unknown = _no_proof(method)
    seconds = _or_why(_seconds(method, inference_seconds, proof, choices), "seconds", unknown)
    waiting = _wait_seconds(method, inference_seconds, proof, choices)
    wait = None if waiting is None else _or_why(waiting, "wait_seconds", unknown)
    row = Way(
        id=method.id,
        name=method.name,
        kind="method",
        assurance=method.assurance,
        supported=method.supported,
        seconds=seconds,
        wait_seconds=wait,
        chains=tuple(_on_chain(method, chain, proof, choices) for chain in chains),
        hides_weights=method.hides_weights,
        hides_input=method.hides_input,
        public=method.public,
        trust=method.trust,
        licence=method.licence,
        runnable=method.runnable,
        unknown=unknown,
        notes=_notes(method, inference_seconds, proof, choices),
        sources=tuple(dict.fromkeys(entry.source for entry in method.evidence)),
    )
    if method.sampling is None or method.sampling.of != "proof":
        return row
    return row if proof is None else _with_proof(row, proof)


def _no_proof(method: Method) -> dict[str, str]:
    """Why a row says nothing of the amounts that belong to proofs."""
    if method.same_as:
        reason = f"as in the row {method.same_as}"
    elif method.sampling is not None and method.sampling.of == "proof":
        reason = "no proof is known to sample from"
    else:
        reason = "nothing is proved"
    memory = "what running the model takes is not counted here" if reason == "nothing is proved" else reason
    return {"peak_memory_bytes": memory, "verify_seconds": reason, "proof_bytes": reason}


def _with_proof(row: Way, proof: Way) -> Way:
    """What a sampled proof hides, whom it convinces and which models it takes, are the proof's."""
    amounts = ("peak_memory_bytes", "verify_seconds", "proof_bytes")
    unknown = {name: why for name, why in row.unknown.items() if name not in amounts}
    unknown |= {name: why for name, why in proof.unknown.items() if name in amounts}
    return replace(
        row,
        unknown=unknown,
        supported=proof.supported,
        unsupported=proof.unsupported,
        peak_memory_bytes=proof.peak_memory_bytes,
        verify_seconds=proof.verify_seconds,
        proof_bytes=proof.proof_bytes,
        hides_weights=proof.hides_weights,
        hides_input=proof.hides_input,
        public=proof.public,
    )


def _or_why(found: Amount | str, name: str, unknown: dict[str, str]) -> Amount | None:
    """The amount; the words why there is none go to ``unknown``."""
    if isinstance(found, Amount):
        return found
    unknown[name] = found
    return None


# --- time ----------------------------------------------------------------------------------------


def _seconds(method: Method, inference: Range | None, proof: Way | None, choices: Choices) -> Amount | str:
    """All machines together, or why that is not known."""
    if method.same_as:
        return f"as in the row {method.same_as}"
    if method.runs_on:
        span = _span(method.overhead)
        return f"{span} times an inference on {method.runs_on}, whose own time is not known here"
    if inference is None:
        return "the multiply-accumulates are not known"
    machines = _machines(method, choices)
    base = _executing(method, inference, machines)
    if method.sampling is None:
        return base
    share = method.sampling.share(choices.bond)
    if method.sampling.of == "inference":
        return _plus(base, _times(base, share), f"{_percent(share)} of the answers computed again")
    if proof is None or proof.seconds is None:
        return f"the time of a proof is not known, of which {_percent(share)} come on top"
    expected = _times(proof.seconds, share)
    return _plus(base, expected, f"{_percent(share)} of a proof by {proof.name}, expected")


def _executing(method: Method, inference: Range, machines: int) -> Amount:
    factor = f"{_span(method.overhead)} times an inference" if method.overhead.high != 1 else "one inference"
    on_each = f" on each of {machines} machines" if machines > 1 else ""
    return Amount(
        low=method.overhead.low * inference.low * machines,
        mid=method.overhead.mid * inference.mid * machines,
        high=method.overhead.high * inference.high * machines,
        evidence=weaker(INFERENCE_EVIDENCE, method.known("overhead")),
        how=factor + on_each,
        source=_joined(method.source("overhead"), INFERENCE_SOURCE),
        on=INFERENCE_MACHINE,
    )


def _wait_seconds(
    method: Method, inference: Range | None, proof: Way | None, choices: Choices
) -> Amount | str | None:
    """What passes until an answer can be relied on; None where that is the time of executing."""
    if method.same_as:
        return None
    if method.wait_reason and choices.window_seconds is None:
        return method.wait_reason
    window = _window(method, choices)
    alone = _machines(method, choices) == 1
    if window is None and alone and method.sampling is None:
        return None
    if inference is None or method.runs_on:
        return "how long one inference takes is not known"
    once = _executing(method, inference, 1)
    if window is not None:
        return _plus(once, window, window.how)
    if method.sampling is None:
        return replace(once, how="one inference: the machines run side by side")
    return _until_drawn(method.sampling, once, proof)


def _until_drawn(sampling: Sampling, once: Amount, proof: Way | None) -> Amount | str:
    """An answer that is not drawn can be relied on at once, one that is when it has been checked.

    The time until the draw is for each deployment to choose, and not in it.
    """
    check = once if sampling.of == "inference" else (proof.seconds if proof else None)
    if check is None:
        return "how long proving a drawn answer takes is not known"
    checked = _plus(once, check, "")
    how = "at once where the answer is not drawn, at the high end where it is checked first"
    return replace(checked, low=once.low, mid=once.mid, how=how)


def _window(method: Method, choices: Choices) -> Amount | None:
    if choices.window_seconds is not None and (method.wait_seconds or method.wait_reason):
        length = choices.window_seconds
        return Amount(
            low=length, mid=length, high=length, evidence=GIVEN, how="a window as chosen", source="as chosen"
        )  # fmt: skip
    if method.wait_seconds is None:
        return None
    wait = method.wait_seconds
    words = "a window for disputes" if method.assurance == "economic" else "the attestation made ready"
    return Amount(
        low=wait.low,
        mid=wait.mid,
        high=wait.high,
        evidence=method.known("wait_seconds"),
        how=words,
        source=method.source("wait_seconds"),
    )


def _machines(method: Method, choices: Choices) -> int:
    """The choice is for methods whose trust rests on how many machines there are."""
    if method.assurance != "majority" or choices.machines is None:
        return method.machines
    return choices.machines


# --- chains --------------------------------------------------------------------------------------


def _on_chain(method: Method, chain: str, proof: Way | None, choices: Choices) -> OnChain:
    if method.sampling is not None and method.sampling.of == "proof":
        return _sampled_on_chain(method, method.sampling, chain, proof, choices)
    there = method.on_chain
    if there.gas is None:
        return OnChain(chain=chain, possible=there.possible, reason=there.reason)
    machines = _machines(method, choices)
    each = there.gas_per_machine or Range(low=0, mid=0, high=0)
    paths = ["on_chain.gas"] + (["on_chain.gas_per_machine"] if there.gas_per_machine else [])
    gas = Amount(
        low=there.gas.low + machines * each.low,
        mid=there.gas.mid + machines * each.mid,
        high=there.gas.high + machines * each.high,
        evidence=method.known(*paths),
        how=there.how,
        source=method.source(*paths),
    )
    return OnChain(chain=chain, possible=there.possible, gas=gas)


def _sampled_on_chain(
    method: Method, sampling: Sampling, chain: str, proof: Way | None, choices: Choices
) -> OnChain:
    """Possible where the proof can be verified; what committing to an answer costs is not known."""
    found = [there for there in proof.chains if there.chain == chain] if proof else []
    possible = found[0].possible if found else None
    share = _percent(sampling.share(choices.bond))
    reason = f"{method.on_chain.reason} (the share is {share})"
    return OnChain(chain=chain, possible=possible, reason=reason)


# --- words ---------------------------------------------------------------------------------------


def _notes(
    method: Method, inference: Range | None, proof: Way | None, choices: Choices
) -> tuple[str, ...]:  # fmt: skip
    said = [method.summary]
    if method.supported_note:
        said.append(f"Which models it takes: {method.supported_note}")
    if method.runnable_note:
        said.append(f"Whether it can be run: {method.runnable_note}")
    said.append(f"Weights and input are hidden from: {method.hidden_from}")
    said += method.notes
    said += [f"Sources conflict: {conflict}" for conflict in method.conflicts]
    if method.sampling is not None:
        said.append(_trade_off(method.sampling, inference, proof, choices))
    return tuple(said)


def _trade_off(sampling: Sampling, inference: Range | None, proof: Way | None, choices: Choices) -> str:
    """The share of answers that each bond asks for, and the bill where a check's time is known.

    bill = 1 + share x check / inference, with the middle of both: the source's 3.66 for a bond of 1,000 times
    the price of an answer and a proof of 3,000 inferences.
    """
    bonds = sorted({*sampling.bonds, sampling.bond if choices.bond is None else choices.bond})
    check = _check_in_inferences(sampling, inference, proof)
    lines = [_of_bond(sampling, bond, check) for bond in bonds]
    head = f"cheating that saves {_percent(sampling.saving)} of an answer's cost does not pay with"
    return f"The larger the bond, the fewer checks: {head} {'; '.join(lines)}"


def _of_bond(sampling: Sampling, bond: float, check: float | None) -> str:
    share = sampling.share(bond)
    text = f"a bond of {bond:,g} answers' price and {_percent(share)} checked"
    return text if check is None else f"{text} ({_factor(1 + share * check)} times the cost of serving)"


def _check_in_inferences(sampling: Sampling, inference: Range | None, proof: Way | None) -> float | None:
    if sampling.of == "inference":
        return 1.0
    if inference is None or proof is None or proof.seconds is None or inference.mid == 0:
        return None
    return proof.seconds.mid / inference.mid


def _plus(first: Amount, second: Amount, how: str) -> Amount:
    return Amount(
        low=first.low + second.low,
        mid=first.mid + second.mid,
        high=first.high + second.high,
        evidence=weaker(first.evidence, second.evidence),
        how=f"{first.how}, and {how}",
        source=_joined(first.source, second.source),
        on=_joined(first.on, second.on),
        extrapolated=first.extrapolated or second.extrapolated,
    )


def _times(amount: Amount, factor: float) -> Amount:
    return replace(amount, low=amount.low * factor, mid=amount.mid * factor, high=amount.high * factor)


def _joined(*texts: str) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _span(factor: Range) -> str:
    return f"{factor.low:g}" if factor.low == factor.high else f"{factor.low:g} to {factor.high:g}"


def _factor(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 100 else f"{factor:.3g}"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
