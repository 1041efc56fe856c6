"""The nouns of a comparison: what is to be trusted, what a way of trusting it takes, and what it asks for.

``None`` always means that nothing is published, and never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

Quantity = Literal["prove_seconds", "verify_seconds", "proof_bytes", "peak_memory_bytes"]
"""What a benchmark of a proving system may tell."""

QUANTITIES: tuple[Quantity, ...] = ("prove_seconds", "peak_memory_bytes", "verify_seconds", "proof_bytes")

Axis = Literal["parameters", "macs", "sequence"]
"""A dimension of a workload along which the rows of a table may differ."""

Assurance = Literal["proof", "hardware", "economic", "majority", "none"]
"""What stands behind an answer: mathematics, a vendor's key, a bond that can be lost, most of several
machines, or nothing but a promise."""

Availability = Literal["yes", "evaluation", "research", "no"]
"""Whether anyone can run it today: yes; under a licence for evaluation only; code of a paper that is not kept
up; not at all."""

Support = Literal["yes", "no", "unknown"]


class Workload(Struct, frozen=True, kw_only=True):
    """One inference, as any system would have to prove it.

    ``macs`` are its multiply-accumulates, ``sequence`` the positions that are computed in one pass (None
    where the model has no such axis), ``operators`` how many nodes there are of each ONNX operator.
    """

    parameters: int
    macs: int | None
    sequence: int | None
    operators: Mapping[str, int]


class Amount(Struct, frozen=True, kw_only=True):
    """An amount, or the span of what is known of it.

    ``evidence`` is one of :data:`auditor.rules.EVIDENCE`, ``how`` where it comes from in words ("published
    for GPT-2 at sequence 64", "along sequence, 64 to 512"), ``source`` the document. ``extrapolated``: it
    lies beyond all that was measured, and the words say so. ``on`` is the machine a time or memory is of.
    """

    low: float
    mid: float
    high: float
    evidence: str
    how: str
    source: str
    on: str = ""
    extrapolated: bool = False


class OnChain(Struct, frozen=True, kw_only=True):
    """What one answer costs on one chain; ``reason`` says why an amount is not known, or cannot be."""

    chain: str
    possible: bool | None
    gas: Amount | None = None
    usd: Amount | None = None
    reason: str = ""


class Way(Struct, frozen=True, kw_only=True):
    """One way to trust an output, for one workload: a row of the comparison.

    ``seconds`` is what proving takes, or executing where nothing is proved, on ``amounts``' own machines;
    ``wait_seconds`` what passes until an answer can be relied on, where that is more (a challenge window).
    ``hides_weights`` and ``hides_input``: from whoever verifies; None is not known. ``public``: anyone can
    check, and not only whom it was made for. ``trust`` says in words who or what is trusted. ``unknown`` says
    why amounts are missing; ``notes`` what else a reader must know.
    """

    id: str
    name: str
    kind: Literal["proof", "method"]
    assurance: Assurance
    supported: Support
    unsupported: tuple[str, ...] = ()
    seconds: Amount | None = None
    peak_memory_bytes: Amount | None = None
    verify_seconds: Amount | None = None
    proof_bytes: Amount | None = None
    wait_seconds: Amount | None = None
    usd: Amount | None = None
    chains: tuple[OnChain, ...] = ()
    hides_weights: bool | None = None
    hides_input: bool | None = None
    public: bool | None = None
    trust: tuple[str, ...] = ()
    licence: str = ""
    runnable: Availability = "no"
    unknown: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Needs(Struct, frozen=True, kw_only=True):
    """What somebody needs of an answer. ``stakes`` is what is lost when it is wrong, ``latency_seconds``
    until it must be relied on, ``budget_usd`` for one answer, proving and verifying together."""

    stakes: Literal["low", "medium", "high"] = "medium"
    private_weights: bool = False
    private_input: bool = False
    on_chain: bool = False
    latency_seconds: float | None = None
    budget_usd: float | None = None
