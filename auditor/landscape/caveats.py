"""What must be said with a recommendation, so that nobody trusts an output for more than it is worth."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.landscape.nouns import Amount, Needs, Way

PRIVATE_WEIGHTS = (
    "a proof with private weights shows only that some weights gave this output, unless they are committed "
    "(hashed or polycommit in EZKL) and the commitment is published; and then that it was those weights, not "
    "that they are as good as declared: Hollow-LLM (arXiv 2607.28884) serves a small model under a large "
    "declared one, with proofs that verify"
)
HARDWARE = (
    "an enclave rests on the vendor's keys and silicon: side channels have broken enclaves, TEE.fail takes "
    "attestation keys out of machines whose memory bus can be reached; the attestation must cover the weights"
)
RE_EXECUTED = (
    "whoever watches or is drawn must be able to re-execute: weights and input are public to them, and one "
    "of them must be honest"
)
MAJORITY = "most of the machines must be honest, and all must compute the same answer to the bit"
PROMISE = "nothing stands behind the answer but the promise of whoever ran the model"


def caveats(best: Way, needs: Needs, usd: Amount | None) -> tuple[str, ...]:
    """What has to be known about the best way; ``usd`` is the cost it was chosen by, None where not known."""
    return (*_trust(best, needs), *_use(best), *_chains(best, needs), *_amounts(best, usd))


def _trust(best: Way, needs: Needs) -> Iterator[str]:
    # A bond that keeps weights private has a proof behind it: nobody could compute the answer again.
    if best.assurance in ("proof", "economic") and needs.private_weights:
        yield PRIVATE_WEIGHTS
    if best.assurance == "hardware":
        yield HARDWARE
    if best.assurance == "economic" and not best.hides_weights:
        yield RE_EXECUTED
    if best.assurance == "majority":
        yield MAJORITY
    if best.assurance == "none":
        yield PROMISE


def _use(best: Way) -> Iterator[str]:
    if best.runnable == "evaluation":
        yield "its licence is for evaluation only: ask its owner before relying on it"
    if best.runnable == "research":
        yield "it is code or text of a paper that nobody keeps up or audits"


def _chains(best: Way, needs: Needs) -> Iterator[str]:
    """Under which condition a chain verifies it."""
    if needs.on_chain:
        yield from (
            f"on {there.chain}: {there.reason}" for there in best.chains if there.possible and there.reason
        )


def _amounts(best: Way, usd: Amount | None) -> Iterator[str]:
    if usd is None:
        yield "what it costs in money is not known, so it was not chosen by that"
    elif usd.evidence == "assumed":
        yield "what it costs rests on an assumption"
    if any(amount is not None and amount.extrapolated for amount in (usd, best.seconds)):
        yield "what it takes is extrapolated beyond all that was measured"
