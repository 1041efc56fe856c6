"""Verifying many proofs at once: what there is for proofs of EZKL 23.0.5.

Facts without a price: nobody published one for these proofs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A sentence, and where it stands."""

    text: str
    evidence: str
    source: str
    dated: date


AGGREGATION: tuple[Fact, ...] = (
    Fact(
        text="EZKL 23.0.5 cannot aggregate proofs: the commands were removed before that release",
        evidence="measured",
        source="zkonduit/ezkl commit e70e13a9 (2025-10-10, #1013), and the functions of ezkl 23.0.5",
        dated=date(2026, 11, 21),
    ),
    Fact(
        text="Aligned verifies proofs of gnark, SP1 and RISC Zero, none of EZKL",
        evidence="published",
        source="yetanotherco/aligned_layer docs/1_introduction/3_faq.md",
        dated=date(2024, 10, 1),
    ),
    Fact(
        text="NEBRA's aggregation takes Groth16 proofs only",
        evidence="published",
        source="docs.nebra.one/developer-guide/gas-costs",
        dated=date(2026, 11, 1),
    ),
    Fact(
        text="zkVerify, a chain of its own, verifies proofs of EZKL's reusable verifier without accumulators",
        evidence="published",
        source="zkVerify/zkverify-docs docs/architecture/07-verification_pallets/10-ezkl.md",
        dated=date(2026, 11, 1),
    ),
)
"""In the order in which they matter."""
