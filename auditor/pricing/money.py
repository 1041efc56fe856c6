"""What gas and machine time cost, and when proving is cheaper than computing again."""

from __future__ import annotations

from msgspec import Struct

from auditor.pricing.bill import Rent, charged
from auditor.pricing.ranges import Range

GWEI = 1e-9


def usd_of_gas(
    gas: Range, *, gas_price_gwei: Range, native_usd: Range, data_fee_gwei: Range | None = None
) -> Range:
    """What a transaction costs: gas at its price, and a rollup's fee for its data, in the native token.

    The ends are those of all three at once: cheap gas for a small amount of it in a cheap token.
    """
    fee = data_fee_gwei or Range(low=0, mid=0, high=0)
    return Range(
        low=(gas.low * gas_price_gwei.low + fee.low) * GWEI * native_usd.low,
        mid=(gas.mid * gas_price_gwei.mid + fee.mid) * GWEI * native_usd.mid,
        high=(gas.high * gas_price_gwei.high + fee.high) * GWEI * native_usd.high,
    )


def usd_of_proofs(wall_seconds: Range, rent: Rent, *, proofs: int) -> Range:
    """What so many proofs cost one after another on a rented machine: the least time and the granularity of
    the bill are charged once for all of them."""
    if proofs < 1:
        raise ValueError("a bill is for one proof at least")
    return charged(times(wall_seconds, proofs), rent)


def times(amount: Range, factor: float) -> Range:
    """A range, scaled by a factor that is not negative."""
    return Range(low=amount.low * factor, mid=amount.mid * factor, high=amount.high * factor)


class BreakEven(Struct, frozen=True, kw_only=True):
    """``replicas`` that compute an inference again cost as much as proving it once and verifying the proof.

    With fewer than ``replicas.low`` computing again is cheaper, with more than ``replicas.high`` proving is.
    """

    replicas: Range
    usd_per_thousand_proved: Range
    usd_per_thousand_computed: Range


def break_even(*, proof_usd: Range, verification_usd: Range | None, inference_usd: Range) -> BreakEven:
    """Where proving meets re-execution; without ``verification_usd`` verifying costs nothing.

    Raises :class:`ValueError` unless an inference costs something.
    """
    if inference_usd.low <= 0:
        raise ValueError("no number of replicas that cost nothing is worth a proof")
    proved = proof_usd if verification_usd is None else proof_usd + verification_usd
    return BreakEven(
        replicas=Range(
            low=proved.low / inference_usd.high,
            mid=proved.mid / inference_usd.mid,
            high=proved.high / inference_usd.low,
        ),
        usd_per_thousand_proved=times(proved, 1_000),
        usd_per_thousand_computed=times(inference_usd, 1_000),
    )
