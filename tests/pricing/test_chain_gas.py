"""The gas formulas against verifiers that EZKL wrote and an EVM ran (``tests/pricing/evm_runs.jsonl``)."""

from __future__ import annotations

import statistics

import pytest
from msgspec.structs import replace

from auditor.evm.calldata import intrinsic_gas, verify_proof_call
from auditor.evm.verify import MAX_RUNTIME_BYTES
from auditor.pricing.chain import gas
from auditor.pricing.chain.gas import Calldata, verify_calldata, verify_gas
from auditor.pricing.chain.profile import GasRules
from auditor.pricing.chain.profile_file import shipped_chain
from auditor.pricing.ranges import Range
from tools.gas import Run, execution_of, fit, stored_runs

RUNS = stored_runs()
CALLED = [run for run in RUNS if "verify_gas" in run.measured]
REUSED = [run for run in RUNS if "reusable_verify_gas" in run.measured]
FUSAKA = shipped_chain("ethereum-mainnet").gas
SHANGHAI = shipped_chain("local-evm").gas
assert FUSAKA is not None
assert SHANGHAI is not None


def exactly(value: float) -> Range:
    return Range(low=value, mid=value, high=value)


def worst(name: str, runs: list[Run]) -> tuple[float, float]:
    """The median and the largest error of a quantity."""
    errors = [abs(run.errors()[name]) for run in runs if name in run.errors()]
    return statistics.median(errors), max(errors)


def test_there_are_runs_of_every_structure() -> None:
    systems = [run.system for run in RUNS]
    assert len(CALLED) >= 60
    assert {system.logrows for system in systems} >= {6, 7, 8, 9, 10, 11}
    assert max(system.num_blocks for system in systems) >= 10
    assert any(system.has_wide_tables for system in systems)
    assert any(system.num_challenges for system in systems)
    for name in ("polycommit", "hashed", "gather", "max-pool", "lookups7", "c6", "negative"):
        assert any(name in run.name for run in RUNS), name


def test_verify_gas_is_within_one_percent_in_the_median_and_three_at_worst() -> None:
    median, largest = worst("verify_gas", CALLED)
    assert median < 0.003
    assert largest < 0.015


def test_bytes_and_deploy_gas_are_within_four_percent() -> None:
    assert worst("runtime_bytes", RUNS)[1] < 0.04
    assert worst("deploy_gas", RUNS)[1] < 0.04


def test_the_reusable_verifier_is_within_its_wider_errors() -> None:
    assert worst("reusable_verify_gas", REUSED)[1] < gas.REUSABLE_EXECUTION.error
    assert {run.measured["reusable_runtime_bytes"] for run in REUSED} == {gas.REUSABLE_CONTRACT_BYTES}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_intervals_hold_what_was_measured(run: Run) -> None:
    assert run.covered


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_deploying_is_decided_right_or_left_open(run: Run) -> None:
    contract = gas.contract_bytes(run.system)
    fits = run.measured["runtime_bytes"] <= MAX_RUNTIME_BYTES
    assert (contract.mid <= MAX_RUNTIME_BYTES) == fits
    assert (contract.low <= MAX_RUNTIME_BYTES) if fits else (contract.high > MAX_RUNTIME_BYTES)


def test_few_deployments_are_left_open() -> None:
    contracts = [gas.contract_bytes(run.system) for run in RUNS]
    assert sum(contract.low <= MAX_RUNTIME_BYTES < contract.high for contract in contracts) <= 6


@pytest.mark.parametrize("run", CALLED, ids=lambda run: run.name)
def test_calldata_is_exact_and_its_zero_bytes_are_within_bounds(run: Run) -> None:
    call = verify_calldata(run.system, run.artifacts)
    assert call.total_bytes == run.measured["calldata_bytes"]
    assert call.zero_bytes.low <= run.measured["calldata_zero_bytes"] <= call.zero_bytes.high


@pytest.mark.parametrize("run", CALLED, ids=lambda run: run.name)
def test_gas_without_an_input_holds_what_was_measured(run: Run) -> None:
    predicted = verify_gas(run.system, verify_calldata(run.system, run.artifacts), SHANGHAI)
    assert predicted.low <= run.measured["verify_gas"] <= predicted.high


def test_the_coefficients_are_those_of_the_fit() -> None:
    found, held = fit(CALLED, gas.EXECUTION, execution_of)
    stated = [gas.EXECUTION.base, *gas.EXECUTION.terms.values()]
    assert found == pytest.approx(stated, rel=1e-3)
    assert max(map(abs, held)) < gas.EXECUTION.error
    found, held = fit(RUNS, gas.CONTRACT, lambda run: run.measured["runtime_bytes"])
    assert found == pytest.approx([gas.CONTRACT.base, *gas.CONTRACT.terms.values()], rel=2e-3)
    plain = [abs(error) for error, run in zip(held, RUNS, strict=True) if not run.system.num_challenges]
    assert max(plain) < gas.CONTRACT.error
    assert max(map(abs, held)) < gas.CONTRACT.freivalds_error


def test_a_call_is_counted_as_the_evm_counts_it() -> None:
    run = CALLED[0]
    values = run.system.num_instances
    proof = b"\x07" * run.artifacts.proof_bytes
    real = verify_proof_call(proof, [0] * values)
    call = verify_calldata(run.system, run.artifacts)
    assert real.count(0) == call.zero_bytes.low + 32 * values
    zeros = real.count(0)
    assert SHANGHAI.used(0, zeros, len(real) - zeros) == intrinsic_gas(real)


# --- laws ----------------------------------------------------------------------------------

COLUMNS = (
    "num_advice_columns", "num_permutation_columns", "num_lookup_arguments", "num_lookup_inputs",
    "num_permutation_products", "num_quotient_pieces", "num_simple_selectors", "num_instances",
)  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_more_of_anything_never_costs_less(name: str) -> None:
    system, artifacts = CALLED[0].system, CALLED[0].artifacts
    more = replace(system, **{name: getattr(system, name) + 3})
    if name == "num_advice_columns":
        more = replace(more, num_advice_queries=system.num_advice_queries + 3)
    call = verify_calldata(system, artifacts)
    assert gas.contract_bytes(more).mid >= gas.contract_bytes(system).mid
    assert verify_gas(more, call, FUSAKA).mid >= verify_gas(system, call, FUSAKA).mid
    assert verify_gas(more, call, FUSAKA) != verify_gas(system, call, FUSAKA) or name in (
        "num_permutation_products",
    )


def test_more_public_values_cost_more_and_change_no_contract() -> None:
    run = CALLED[0]
    bills = []
    for values in (0, 6, 100, 1_000):
        system = replace(run.system, num_instances=values)
        artifacts = replace(run.artifacts, calldata_bytes=164 + run.artifacts.proof_bytes + 32 * values)
        bills.append(verify_gas(system, verify_calldata(system, artifacts), FUSAKA))
        assert gas.contract_bytes(system) == gas.contract_bytes(run.system)
    assert bills == sorted(bills, key=lambda amount: amount.mid)
    assert len({amount.mid for amount in bills}) == 4


def test_an_unknown_number_of_fixed_columns_widens_what_is_said() -> None:
    system = CALLED[0].system
    unsure = replace(
        system, fixed_columns_bounds=(system.num_fixed_columns - 2, system.num_fixed_columns + 5)
    )
    sure, wide = gas.contract_bytes(system), gas.contract_bytes(unsure)
    assert wide.low < sure.low
    assert wide.mid == sure.mid
    assert wide.high > sure.high


# --- the rules of a chain ------------------------------------------------------------------


def test_calldata_has_a_floor_that_is_a_maximum_and_no_sum() -> None:
    """EIP-7623: 21,000 + max(4 tokens + execution, 10 tokens), with 4 tokens for a byte that is not zero."""
    tokens = 100 + 4 * 1_000
    for execution in (0, 20_000, 24_600, 24_601, 500_000):
        assert FUSAKA.used(execution, 100, 1_000) == 21_000 + max(4 * tokens + execution, 10 * tokens)


def test_glamsterdams_floor_is_the_same_for_every_byte() -> None:
    """EIP-7976: 64 gas a byte; a transaction of nothing but data of 1,100 bytes."""
    rules = shipped_chain("ethereum-mainnet").under("glamsterdam").gas
    assert rules is not None
    assert rules.used(0, 100, 1_000) == rules.transaction + 64 * 1_100


def test_without_a_floor_there_is_none() -> None:
    assert SHANGHAI.floor(1_000, 1_000) == 0
    assert SHANGHAI.used(0, 10, 10) == 21_000 + 4 * 10 + 16 * 10


def test_osakas_inversions_cost_more_by_what_eip_7883_says() -> None:
    run = CALLED[0]
    call = gas.known_calldata(run.system, run.artifacts, run.measured["calldata_zero_bytes"])
    dearer = verify_gas(run.system, call, FUSAKA).mid - verify_gas(run.system, call, SHANGHAI).mid
    exponent_bits = (
        21888242871839275222246405745257275088548364400416034343698204186575808495617 - 2
    ).bit_length()
    assert FUSAKA.modexp_inversion == max(500, 16 * (exponent_bits - 1))
    assert SHANGHAI.modexp_inversion == 16 * (exponent_bits - 1) // 3
    assert dearer == pytest.approx(gas.INVERSIONS * (FUSAKA.modexp_inversion - SHANGHAI.modexp_inversion))


def test_registering_pays_the_floor_of_its_calldata() -> None:
    """An artifact is nearly all calldata, so that EIP-7623's floor doubles what was measured without it."""
    system = REUSED[0].system
    plain, floored = gas.register_gas(system, SHANGHAI), gas.register_gas(system, FUSAKA)
    assert floored.mid > 1.2 * plain.mid
    assert gas.register_gas(system, replace(FUSAKA, floor_zero_byte=None, floor_nonzero_byte=None)) == plain


def test_deploying_charges_every_byte_of_code() -> None:
    doubled = replace(SHANGHAI, code_byte=400)
    contract = exactly(10_000)
    more = gas.deploy_gas(contract, doubled).mid - gas.deploy_gas(contract, SHANGHAI).mid
    assert more == 200 * 10_000


def test_state_gas_is_that_of_code_and_account() -> None:
    rules = GasRules(
        transaction=21_000,
        calldata_zero_byte=4,
        calldata_nonzero_byte=16,
        create=32_000,
        initcode_word=2,
        code_byte=200,
        modexp_inversion=1_349,
    )
    assert gas.state_gas(exactly(100), rules) == exactly(32_000 + 20_000)


def test_zero_bytes_are_cheaper() -> None:
    call = Calldata(total_bytes=100, zero_bytes=Range(low=0, mid=50, high=100), dense_bytes=0)
    assert call.gas(SHANGHAI.calldata) == Range(low=400, mid=1_000, high=1_600)
