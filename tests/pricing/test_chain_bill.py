"""The bill of a circuit on a chain: what fits, what binds, what it costs, and what is not known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.errors import UsageError
from auditor.pricing.chain.bill import ChainBill, predict_chain
from auditor.pricing.chain.gas import known_calldata
from auditor.pricing.chain.profile import ChainProfile
from auditor.pricing.chain.profile_file import shipped_chain, shipped_chains
from auditor.pricing.policy import Policy
from auditor.pricing.ranges import Range
from auditor.rules import EVIDENCE
from auditor.sizing import artifacts, constraint_system
from tests.pricing.circuits import size

SPRING = date(2026, 4, 21)
"""When the prices of the shipped profiles were fresh."""

AUTUMN = date(2026, 11, 21)

LARGE = RunArgs(logrows=10, num_inner_cols=4, decomp_base=128, decomp_legs=4)
"""With 12,000 assignments: three blocks, and a contract of about twice the limit."""


def bill(
    name: str | ChainProfile, *, run_args: RunArgs | None = None, today: date = SPRING, **given: Any
) -> ChainBill:
    """The bill of a ReLU of six values, or of the same with ``values`` public values."""
    run_args = run_args or RunArgs(logrows=15)
    values = given.pop("values", 6)
    circuit = size(
        required_range_checks=((-1, 1), (0, run_args.decomp_base - 1)),
        model_instance_shapes=((1, values - 1), (1, 1)),
        total_assignments=given.pop("assignments", 141),
    )
    system = constraint_system(circuit, run_args)
    profile = shipped_chain(name) if isinstance(name, str) else name
    return predict_chain(system, artifacts(system), run_args, profile, today=today, **given)


def test_a_small_circuit_fits_wherever_gas_is_counted_as_on_ethereum() -> None:
    for profile in shipped_chains():
        found = bill(profile)
        if profile.gas is None:
            continue
        assert (found.status, found.binding, found.reasons) == ("feasible", None, ())
        assert found.verify_gas is not None
        assert 500_000 < found.verify_gas.low < found.verify_gas.high < 560_000
        assert found.reusable is not None
        assert found.reusable.status == "feasible"


def test_zksync_is_undetermined_and_says_why() -> None:
    found = bill("zksync-era", gas_price_gwei=0.05)
    assert (found.status, found.binding) == ("undetermined", "virtual machine")
    assert "zksolc" in found.reasons[0]
    assert found.verify_gas is found.deploy_gas is found.usd_per_verification is found.reusable is None
    assert found.calldata_bytes == 3_428


def test_a_contract_that_is_too_large_binds_and_the_reusable_verifier_does_not() -> None:
    found = bill("ethereum-mainnet", run_args=LARGE, assignments=12_000)
    assert (found.status, found.binding) == ("infeasible", "contract size")
    over = round(found.contract_bytes.low) - 24_576
    assert f"at least {over:,} over the 24,576 that ethereum-mainnet allows" in found.reasons[0]
    assert found.reusable is not None
    assert found.reusable.status == "feasible"
    assert found.reusable.contract_bytes == 10_880


def test_a_contract_near_the_limit_is_left_open() -> None:
    found = bill(
        "ethereum-mainnet",
        run_args=RunArgs(logrows=8, num_inner_cols=6, decomp_base=128, decomp_legs=4),
        assignments=400,
    )
    assert found.contract_bytes.low <= 24_576 < found.contract_bytes.high
    assert (found.status, found.binding) == ("undetermined", "contract size")
    assert "and up to" in found.reasons[0]


def test_glamsterdam_lets_the_larger_contract_in() -> None:
    """Two blocks: some 31,000 bytes, of which the state gas is below the gas of a block."""
    now = bill("ethereum-mainnet", run_args=LARGE, assignments=5_000)
    assert (now.status, now.binding) == ("infeasible", "contract size")
    found = bill("ethereum-mainnet", run_args=LARGE, assignments=5_000, fork="glamsterdam")
    assert (found.status, found.binding) == ("feasible", None)
    assert found.fork == "glamsterdam"
    assert any("no date" in note for note in found.notes)
    assert found.deploy_gas is not None
    assert found.deploy_gas.low > 2**24  # its state gas is not what EIP-7825 caps
    assert found.reusable is not None
    assert found.reusable.register_gas is None


def test_the_gas_of_a_block_under_a_fork_to_come_is_not_known() -> None:
    found = bill("ethereum-mainnet", run_args=LARGE, assignments=12_000, fork="glamsterdam")
    assert (found.status, found.binding) == ("undetermined", "block gas")
    assert "over the 60,000,000 that ethereum-mainnet allows now" in found.reasons[0]


def test_many_public_values_run_into_the_gas_of_a_transaction_then_the_price_of_data() -> None:
    """EIP-7825: 16,777,216. Each value takes 757 gas and 128 to 512 for its word."""
    assert bill("ethereum-mainnet", values=10_000).status == "feasible"
    middle = bill("ethereum-mainnet", values=14_000)
    assert (middle.status, middle.binding) == ("undetermined", "transaction gas")
    above = bill("ethereum-mainnet", values=40_000)
    assert (above.status, above.binding) == ("infeasible", "transaction gas")
    data = bill("ethereum-mainnet", values=40_000, fork="glamsterdam")
    assert (data.status, data.binding) == ("infeasible", "calldata")
    assert "the data of the call alone costs" in data.reasons[0]


def test_the_local_evm_has_no_limit_on_gas() -> None:
    assert bill("local-evm", values=40_000).status == "feasible"


def test_public_values_and_their_part_of_the_data() -> None:
    few, many = bill("ethereum-mainnet"), bill("ethereum-mainnet", values=794)
    assert few.public_values_share == pytest.approx(6 * 32 / 3_428)
    assert many.public_values_share > 0.85
    assert few.contract_bytes == many.contract_bytes


def test_a_proof_that_is_there_narrows_the_gas() -> None:
    run_args = RunArgs(logrows=15)
    system = constraint_system(size(model_instance_shapes=((1, 500),)), run_args)
    made = artifacts(system)
    unknown = predict_chain(system, made, run_args, shipped_chain("base"), today=SPRING)
    known = predict_chain(
        system,
        made,
        run_args,
        shipped_chain("base"),
        today=SPRING,
        calldata=known_calldata(system, made, zero_bytes=15_000),
    )
    assert known.verify_gas is not None
    assert unknown.verify_gas is not None
    assert known.verify_gas.high - known.verify_gas.low < unknown.verify_gas.high - unknown.verify_gas.low
    assert unknown.verify_gas.low <= known.verify_gas.low


# --- money ---------------------------------------------------------------------------------


def test_mainnet_has_a_price_in_three_percentiles() -> None:
    found = bill("ethereum-mainnet")
    usd = found.usd_per_verification
    assert usd is not None
    assert found.verify_gas is not None
    assert usd.mid == pytest.approx(found.verify_gas.mid * 0.68 * 2_086e-9)
    assert usd.low < usd.mid < usd.high
    assert found.usd_to_deploy is not None
    assert (found.evidence, found.warnings, found.given) == ("derived", (), ())


def test_prices_given_by_the_user_replace_those_of_the_profile() -> None:
    found = bill("ethereum-mainnet", gas_price_gwei=10, native_usd=4_000)
    assert found.usd_per_verification is not None
    assert found.verify_gas is not None
    assert found.usd_per_verification.high == pytest.approx(found.verify_gas.high * 10 * 4_000e-9)
    assert found.given == ("gas_price_gwei", "native_usd")


@pytest.mark.parametrize("name", ["base", "optimism", "arbitrum-one", "opbnb", "local-evm"])
def test_a_price_that_nobody_published_is_unknown_and_never_zero(name: str) -> None:
    found = bill(name)
    assert found.usd_per_verification is None
    assert any(note.startswith("price unknown") for note in found.notes)


def test_the_least_price_of_gas_is_told_in_plain_digits() -> None:
    assert any("never below 0.000001009 gwei" in note for note in bill("opbnb").notes)


def test_a_chain_without_any_price() -> None:
    profile = shipped_chain("ethereum-mainnet")
    unpriced = replace(profile, prices=replace(profile.prices, gas_price_gwei=None, native_usd=None))
    found = bill(unpriced)
    assert found.usd_per_verification is None
    assert found.usd_to_deploy is None
    assert len([note for note in found.notes if note.startswith("price unknown")]) == 2


def test_a_rollup_charges_for_data_beside_gas() -> None:
    found = bill("base", gas_price_gwei=0.005, native_usd=2_000)
    assert found.usd_per_verification is not None
    assert found.verify_gas is not None
    assert found.data_fee_gwei is not None
    expected = (found.verify_gas.mid * 0.005 + found.data_fee_gwei.mid) * 2_000e-9
    assert found.usd_per_verification.mid == pytest.approx(expected)
    assert any("reserve price" in note for note in found.notes)
    assert found.evidence == "assumed"
    assert EVIDENCE.index(found.gas_evidence) < EVIDENCE.index("assumed")


def test_the_fees_of_ethereum_can_be_given_too() -> None:
    plain = bill("base", gas_price_gwei=0.005, native_usd=2_000)
    dear = bill(
        "base", gas_price_gwei=0.005, native_usd=2_000, l1_base_fee_gwei=50, l1_blob_base_fee_gwei=100
    )
    assert plain.data_fee_gwei is not None
    assert dear.data_fee_gwei is not None
    assert dear.data_fee_gwei.low > 50 * plain.data_fee_gwei.high
    assert not any("reserve price" in note for note in dear.notes)


def test_arbitrums_fee_for_data_stays_unknown_whatever_gas_costs() -> None:
    found = bill("arbitrum-one", gas_price_gwei=0.02, native_usd=2_000)
    assert found.usd_per_verification is None
    assert any("a byte on Ethereum" in note for note in found.notes)


@pytest.mark.parametrize(
    "name", ["gas_price_gwei", "native_usd", "l1_base_fee_gwei", "l1_blob_base_fee_gwei"]
)
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none_is_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        bill("base", **{name: value})


def test_old_prices_count_as_assumed_with_a_warning() -> None:
    found = bill("ethereum-mainnet", today=AUTUMN)
    assert found.evidence == "assumed"
    assert EVIDENCE.index(found.gas_evidence) < EVIDENCE.index("assumed")
    assert len(found.warnings) == 2
    assert all("expired 141 days ago" in warning for warning in found.warnings)
    given = bill("ethereum-mainnet", today=AUTUMN, gas_price_gwei=1, native_usd=2_000)
    assert given.warnings == ()
    assert given.evidence == given.gas_evidence


def policy(usd: float) -> Policy:
    return Policy(
        id="thrifty", name="Thrifty", summary="s", patience=None, setup_here=False, usd_per_verification=usd
    )


@pytest.mark.parametrize(
    ("limit", "status", "binding"),
    [(5.0, "feasible", None), (0.8, "undetermined", "money"), (0.1, "infeasible", "money")],
)
def test_a_policy_limits_what_a_verification_costs(limit: float, status: str, binding: str | None) -> None:
    found = bill("ethereum-mainnet", policy=policy(limit))
    assert (found.status, found.binding) == (status, binding)
    assert len(found.reasons) == (binding is not None)


def test_a_policy_leaves_open_what_has_no_price() -> None:
    found = bill("base", policy=policy(1.0))
    assert (found.status, found.binding) == ("undetermined", "money")
    assert "its price is not known" in found.reasons[0]


def test_a_contract_that_is_too_large_stays_what_binds_under_a_policy() -> None:
    run_args = LARGE
    found = bill("ethereum-mainnet", run_args=run_args, assignments=12_000, policy=policy(0.01))
    assert (found.status, found.binding) == ("infeasible", "contract size")
    assert "policy thrifty" in found.reasons[-1]


# --- the rest ------------------------------------------------------------------------------


def test_run_args_of_another_circuit_are_refused() -> None:
    system = constraint_system(size(), RunArgs(logrows=15))
    with pytest.raises(ValueError, match="other run args"):
        predict_chain(system, artifacts(system), RunArgs(logrows=16), shipped_chain("base"), today=SPRING)


def test_an_unknown_fork_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean glamsterdam"):
        bill("ethereum-mainnet", fork="glamsterdamm")


def test_more_columns_never_cost_less() -> None:
    bills = [
        bill("ethereum-mainnet", run_args=RunArgs(logrows=12, num_inner_cols=inner)) for inner in (1, 2, 3, 4)
    ]
    gas = [found.verify_gas.mid for found in bills if found.verify_gas is not None]
    assert gas == sorted(gas)
    assert len(set(gas)) == 4
    assert [found.contract_bytes.mid for found in bills] == sorted(
        found.contract_bytes.mid for found in bills
    )


def test_a_range_of_gas_is_a_range() -> None:
    found = bill("base", values=2)
    assert isinstance(found.verify_gas, Range)
    assert found.measured_range.startswith("75 calls")
