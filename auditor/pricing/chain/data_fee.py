"""What a rollup takes for posting the data of a transaction elsewhere."""

from __future__ import annotations

from msgspec import Struct

from auditor.pricing.chain.gas import Calldata
from auditor.pricing.chain.profile import DataFee
from auditor.pricing.ranges import Range

FJORD_INTERCEPT = -42_585_600
FJORD_COEFFICIENT = 836_500
FJORD_LEAST_BYTES = 100
"""The OP stack's estimate of a compressed transaction from its length under FastLZ, in millionths of a byte.
ethereum-optimism/specs ``specs/protocol/fjord/exec-engine.md``."""

ENVELOPE_BYTES = 110
"""A signed transaction around its data: nonce, fees, gas, address, lengths, signature."""

FASTLZ_LITERALS = 32
"""FastLZ writes a byte in front of each run of so many that it cannot compress."""

RESERVE_SHARE = 1 / 16
"""The least price of a byte of blobs, of the base fee for gas. EIP-7918: 2^13 of it against 2^17."""


def fjord_fee_wei(
    fastlz_bytes: int, *, l1_base_fee_wei: int, l1_blob_base_fee_wei: int, base_scalar: int, blob_scalar: int
) -> int:
    """The L1 cost of a transaction of this length under FastLZ, in wei, as the OP stack has it since Fjord.

    The scalars are in millionths. ethereum-optimism/specs ``specs/protocol/fjord/exec-engine.md``.
    """
    size = max(FJORD_LEAST_BYTES * 10**6, FJORD_INTERCEPT + FJORD_COEFFICIENT * fastlz_bytes)
    scaled = base_scalar * l1_base_fee_wei * 16 + blob_scalar * l1_blob_base_fee_wei
    return size * scaled // 10**12


def fastlz_bytes(calldata: Calldata) -> Range:
    """The length of a transaction with this data under FastLZ.

    What is dense does not compress, and all at most is literal, with a byte in front of each run. In public
    values the same bytes come again, zeros or the first of the field's modulus: of small numbers of either
    sign a fifth is left.
    """
    longer = 1 + 1 / FASTLZ_LITERALS
    rest = calldata.total_bytes - calldata.dense_bytes
    return Range(
        low=calldata.dense_bytes * longer,
        mid=(calldata.dense_bytes + ENVELOPE_BYTES) * longer + rest / 5,
        high=(calldata.total_bytes + ENVELOPE_BYTES) * longer,
    )


class Fee(Struct, frozen=True, kw_only=True):
    """``gwei`` is the fee, or None and the reason ``why``. ``notes`` say what was supposed."""

    gwei: Range | None
    why: str = ""
    notes: tuple[str, ...] = ()


def data_fee(fee: DataFee, calldata: Calldata) -> Fee:
    """What a chain takes for posting a transaction with this data."""
    if fee.kind == "none":
        return Fee(gwei=Range(low=0, mid=0, high=0))
    if fee.kind == "arbitrum-brotli":
        return Fee(
            gwei=None,
            why="the price of a byte on Ethereum, which the chain adjusts and times the compressed length "
            "makes its fee for data, is not known",
        )
    if fee.kind == "zksync-pubdata":
        return Fee(gwei=None, why="the price of state that is posted to Ethereum is not known")
    base, blob = fee.l1_base_fee_gwei, fee.l1_blob_base_fee_gwei
    if base is None or fee.base_fee_scalar is None or fee.blob_base_fee_scalar is None:
        return Fee(gwei=None, why="the scalars or the base fee of the fee for data are not known")
    notes: tuple[str, ...] = ()
    if blob is None:
        blob = _scaled(base, RESERVE_SHARE)
        notes = ("blobs are supposed to be at their reserve price, a sixteenth of Ethereum's base fee",)
    size, scalars = fastlz_bytes(calldata), (fee.base_fee_scalar, fee.blob_base_fee_scalar)
    return Fee(
        gwei=Range(
            low=_fjord_gwei(size.low, base.low, blob.low, scalars),
            mid=_fjord_gwei(size.mid, base.mid, blob.mid, scalars),
            high=_fjord_gwei(size.high, base.high, blob.high, scalars),
        ),
        notes=notes,
    )


def _fjord_gwei(size: float, base_gwei: float, blob_gwei: float, scalars: tuple[int, int]) -> float:
    wei = fjord_fee_wei(
        round(size),
        l1_base_fee_wei=round(base_gwei * 10**9),
        l1_blob_base_fee_wei=round(blob_gwei * 10**9),
        base_scalar=scalars[0],
        blob_scalar=scalars[1],
    )
    return wei / 10**9


def _scaled(amount: Range, factor: float) -> Range:
    return Range(low=amount.low * factor, mid=amount.mid * factor, high=amount.high * factor)
