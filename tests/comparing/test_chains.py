"""What an answer costs on a chain: what a transaction carries, what its gas costs, and what is not known."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from auditor.comparing.chains import on_chains, priced
from auditor.landscape.nouns import Amount, OnChain, Way
from auditor.landscape.system_file import SYSTEMS, System
from auditor.pricing.chain.profile_file import CHAINS
from auditor.pricing.evidence import weaker
from auditor.pricing.ranges import Range
from tests.comparing.running import DIGITS, SAMPLES, compared, row

MAINNET = CHAINS.shipped("ethereum-mainnet")
PRICED = replace(
    MAINNET,
    prices=replace(
        MAINNET.prices,
        gas_price_gwei=Range(low=2.0, mid=2.0, high=2.0),
        native_usd=Range(low=1000.0, mid=1000.0, high=1000.0),
    ),
)


def bytes_of(number: float) -> Amount:
    return Amount(low=number, mid=number, high=number, evidence="published", how="a proof", source="here")


def system(low: int | None, high: int | None, possible: bool | None = True) -> System:
    found = SYSTEMS.shipped("zkllm")
    return replace(found, verifies_on_chain=possible, on_chain="as it says", gas_low=low, gas_high=high)


def way(**more: Any) -> Way:
    return Way(id="x", name="X", kind="proof", assurance="proof", supported="yes", **more)


def on(found: System, chain: Any = PRICED, **more: Any) -> OnChain:
    (there,) = on_chains(found, way(**more), [chain]).chains
    return there


def test_gas_is_paid_at_the_price_of_the_chain() -> None:
    there = on(system(100_000, 300_000), proof_bytes=bytes_of(1_000))
    assert there.possible is True
    assert there.gas is not None
    assert there.usd is not None
    assert (there.gas.low, there.gas.mid, there.gas.high) == (100_000, 200_000, 300_000)
    # Gas times 2 gwei times 1,000 dollars for a coin of 10^9 gwei.
    assert (there.usd.low, there.usd.mid, there.usd.high) == pytest.approx((0.2, 0.4, 0.6))
    assert there.usd.evidence == weaker(there.gas.evidence, there.usd.evidence)


def test_a_proof_too_large_for_a_transaction() -> None:
    rules = MAINNET.gas
    assert rules is not None
    assert rules.transaction_cap is not None
    a_byte = max(rules.calldata(0, 1), rules.floor(0, 1))
    most = (rules.transaction_cap - rules.transaction) // a_byte
    assert on(system(100_000, 300_000), proof_bytes=bytes_of(most)).possible is True
    there = on(system(100_000, 300_000), proof_bytes=bytes_of(most + 1))
    assert (there.possible, there.gas, there.usd) == (False, None, None)
    assert f"{rules.transaction_cap:,} gas of a transaction" in there.reason


def test_gas_above_the_cap() -> None:
    there = on(system(20_000_000, 21_000_000), proof_bytes=bytes_of(1_000))
    assert (there.possible, there.usd) == (False, None)
    assert "more than the" in there.reason
    below = on(system(10_000_000, 21_000_000), proof_bytes=bytes_of(1_000))
    assert below.possible is True


def test_on_a_rollup_the_data_have_a_price_that_nobody_knows() -> None:
    base = replace(CHAINS.shipped("base"), prices=PRICED.prices)
    there = on(system(100_000, 300_000), base)
    assert there.gas is not None
    assert there.usd is None
    assert "the rollup" in there.reason


def test_where_no_price_is_known_there_is_none() -> None:
    there = on(system(100_000, 300_000), CHAINS.shipped("base"))
    assert there.usd is None
    assert "nobody published what gas costs on base" in there.reason


def test_on_another_machine_the_gas_is_not_ethereums() -> None:
    there = on(system(100_000, 300_000), CHAINS.shipped("zksync-era"))
    assert (there.gas, there.usd) == (None, None)
    assert there.reason


@pytest.mark.parametrize("possible", [True, False, None])
def test_without_gas_the_system_says_what_is_known(possible: bool | None) -> None:
    there = on(system(None, None, possible))
    assert (there.possible, there.gas, there.reason) == (possible, None, "as it says")
    least = on(system(700_000, None, possible))
    assert least.gas is None
    assert ("at least 700,000 gas" in least.reason) is (possible is not False)


def test_a_method_without_gas_stays_without_a_price() -> None:
    there = OnChain(chain=PRICED.id, possible=True, reason="not published")
    assert priced(way(chains=(there,)), [PRICED]).chains == (there,)


def test_a_contract_that_is_too_large_leaves_the_reusable_verifier() -> None:
    # Where no chain is named, run args are chosen for proving alone.
    there, small = (
        next(
            each
            for each in row(compared(path, "--way", "ezkl"), "ezkl")["chains"]
            if each["chain"] == MAINNET.id
        )
        for path in (DIGITS, SAMPLES / "cancer_mlp" / "model.onnx")
    )
    assert there["possible"] is small["possible"] is True
    assert there["reason"].startswith("by the reusable verifier, which EZKL calls experimental")
    assert "over the 24,576" in there["reason"]
    assert "reusable" not in small["reason"]
    assert small["gas"]["mid"] < there["gas"]["mid"]


def test_a_circuit_that_no_verifier_takes_is_no() -> None:
    words = ("--no-plan", "--set", "logrows=10", "--way", "ezkl", "--chain", "ethereum-mainnet")
    (there,) = row(compared(DIGITS, *words), "ezkl")["chains"]
    assert there["possible"] is False
    found = compared(DIGITS, *words, "--on-chain", "--stakes", "high", code=1)["recommendation"]
    assert {reason["cause"] for reason in found["out"]["ezkl"]} == {"chain"}
    assert found["nearest"] == {"id": "ezkl", "gives": ["verify off chain"]}
