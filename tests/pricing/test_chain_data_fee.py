"""What rollups take for data: the OP stack's formula against transactions there were, and what is unknown."""

from __future__ import annotations

import pytest

from auditor.pricing.chain.data_fee import RESERVE_SHARE, data_fee, fastlz_bytes, fjord_fee_wei
from auditor.pricing.chain.gas import Calldata
from auditor.pricing.chain.profile import DataFee
from auditor.pricing.ranges import Range

CALL = Calldata(total_bytes=3_428, zero_bytes=Range(low=300, mid=400, high=500), dense_bytes=3_072)


def exactly(value: float) -> Range:
    return Range(low=value, mid=value, high=value)


@pytest.mark.parametrize(
    ("fastlz", "base_fee", "blob_fee", "base_scalar", "blob_scalar", "fee"),
    [
        # OP Mainnet, block 124665056, its second transaction (0x1059e800…): 4,471 gas of data, so 385 bytes.
        (385, 1_055_991_687, 1, 5_227, 1_014_213, 24_681_034_813),
        # The examples of bluealloy/revm, crates/op-revm/src/l1block.rs.
        (202, 1_000, 1_000, 1_000, 1_000, 2_148),
        (4, 1_000, 1_000, 1_000, 1_000, 1_700),
    ],
)
def test_the_op_stacks_fee_is_that_of_transactions_there_were(
    fastlz: int, base_fee: int, blob_fee: int, base_scalar: int, blob_scalar: int, fee: int
) -> None:
    found = fjord_fee_wei(
        fastlz,
        l1_base_fee_wei=base_fee,
        l1_blob_base_fee_wei=blob_fee,
        base_scalar=base_scalar,
        blob_scalar=blob_scalar,
    )
    assert found == fee


@pytest.mark.parametrize(
    ("total", "dense", "fastlz"),
    # FastLZ, level 1, of real calls behind 100 random bytes: proofs of 3,072 and 12,000 random bytes with 6
    # small values, 794 small, 794 small negative, 10 random ones and 794 zeros.
    [
        (3_428, 2_918, 3_351), (28_644, 2_918, 8_318), (28_644, 2_918, 7_675), (12_484, 11_400, 12_842),
        (28_644, 2_918, 3_599),
    ],
)  # fmt: skip
def test_the_compressed_length_is_within_its_bounds(total: int, dense: int, fastlz: int) -> None:
    length = fastlz_bytes(Calldata(total_bytes=total, zero_bytes=exactly(0), dense_bytes=dense))
    assert length.low <= fastlz <= length.high


def test_a_chain_of_its_own_takes_nothing() -> None:
    assert data_fee(DataFee(kind="none"), CALL).gwei == exactly(0)


@pytest.mark.parametrize("kind", ["arbitrum-brotli", "zksync-pubdata", "op-fjord"])
def test_a_fee_that_nobody_published_is_unknown_and_not_zero(kind: str) -> None:
    fee = data_fee(DataFee(kind=kind), CALL)  # type: ignore[arg-type]
    assert fee.gwei is None
    assert "not known" in fee.why


def test_blobs_are_at_their_reserve_price_unless_it_is_known() -> None:
    scalars = {"base_fee_scalar": 2_269, "blob_base_fee_scalar": 1_055_762}
    base = exactly(0.8)
    supposed = data_fee(DataFee(kind="op-fjord", l1_base_fee_gwei=base, **scalars), CALL)
    known = data_fee(
        DataFee(
            kind="op-fjord",
            l1_base_fee_gwei=base,
            l1_blob_base_fee_gwei=exactly(0.8 * RESERVE_SHARE),
            **scalars,
        ),
        CALL,
    )
    assert supposed.gwei == known.gwei
    assert "reserve price" in supposed.notes[0]
    assert known.notes == ()
