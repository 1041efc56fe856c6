"""Money: gas and time at their prices, sheets of prices, and where proving meets re-execution."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import rules
from auditor.errors import UsageError
from auditor.pricing.bill import Rent
from auditor.pricing.money import break_even, times, usd_of_gas, usd_of_proofs
from auditor.pricing.price_sheet import (
    load_sheet,
    parse_sheet,
    rent_of,
    shipped_sheets,
)
from auditor.pricing.ranges import Range
from auditor.pricing.tables import BadProfile
from auditor.units import usd_text

SHEET = rules.rules_dir() / "prices" / "aws-us-east-1.toml"


def exactly(value: float) -> Range:
    return Range(low=value, mid=value, high=value)


amounts = st.floats(min_value=0.001, max_value=1e6)
ranges = st.tuples(amounts, amounts, amounts).map(
    lambda three: Range(low=min(three), mid=sorted(three)[1], high=max(three))
)


def test_a_verification_costs_gas_times_gwei_times_the_token() -> None:
    """500,000 gas at 2 gwei of 3,000 dollars: 0.001 ether, three dollars."""
    usd = usd_of_gas(exactly(500_000), gas_price_gwei=exactly(2), native_usd=exactly(3_000))
    assert usd.mid == pytest.approx(3.0)


def test_a_rollups_fee_is_added_before_the_price_of_its_token() -> None:
    usd = usd_of_gas(
        exactly(500_000),
        gas_price_gwei=exactly(0.005),
        native_usd=exactly(2_000),
        data_fee_gwei=exactly(2_500),
    )
    assert usd.mid == pytest.approx(2 * 500_000 * 0.005 * 2_000e-9)


@given(gas=ranges, price=ranges, native=ranges)
def test_money_is_a_range_that_grows_with_each_of_its_factors(
    gas: Range, price: Range, native: Range
) -> None:
    usd = usd_of_gas(gas, gas_price_gwei=price, native_usd=native)
    more = usd_of_gas(times(gas, 2), gas_price_gwei=price, native_usd=native)
    assert usd.low <= usd.mid <= usd.high
    assert more.mid == pytest.approx(2 * usd.mid)


def test_one_proof_pays_the_least_time_and_many_pay_it_once() -> None:
    rent = Rent(usd_per_hour=36, billed_seconds=1, least_seconds=60)  # a cent a second
    assert usd_of_proofs(exactly(2.5), rent, proofs=1).mid == pytest.approx(0.60)
    assert usd_of_proofs(exactly(2.5), rent, proofs=1_000).mid == pytest.approx(25.0)
    by_minutes = Rent(usd_per_hour=36, billed_seconds=60, least_seconds=60)
    assert usd_of_proofs(exactly(61), by_minutes, proofs=1).mid == pytest.approx(1.20)
    with pytest.raises(ValueError, match="at least"):
        usd_of_proofs(exactly(1), rent, proofs=0)


def test_break_even() -> None:
    """A proof of 5 cents and a verification of 45 cost as much as 500 inferences of a tenth of a cent."""
    found = break_even(proof_usd=exactly(0.05), verification_usd=exactly(0.45), inference_usd=exactly(0.001))
    assert found.replicas.mid == pytest.approx(500)
    assert found.usd_per_thousand_proved.mid == pytest.approx(500)
    assert found.usd_per_thousand_computed.mid == pytest.approx(1)


@given(proof=ranges, verification=st.none() | ranges, inference=ranges)
def test_break_even_is_where_both_cost_the_same(
    proof: Range, verification: Range | None, inference: Range
) -> None:
    found = break_even(proof_usd=proof, verification_usd=verification, inference_usd=inference)
    proved = proof.mid + (verification.mid if verification else 0)
    assert found.replicas.low <= found.replicas.mid <= found.replicas.high
    assert found.replicas.mid * inference.mid == pytest.approx(proved)


def test_no_replica_is_free() -> None:
    with pytest.raises(ValueError, match="cost nothing"):
        break_even(proof_usd=exactly(1), verification_usd=None, inference_usd=exactly(0))


def test_amounts_as_people_read_them() -> None:
    assert [usd_text(amount) for amount in (0, 0.000043, 0.5, 1234.5)] == [
        "$0.00", "$4.3e-05", "$0.50", "$1,234.50",
    ]  # fmt: skip


# --- sheets --------------------------------------------------------------------------------


@pytest.fixture
def content() -> dict[str, Any]:
    return tomllib.loads(SHEET.read_text(encoding="utf-8"))


def test_shipped_sheets_load() -> None:
    assert {sheet.id for sheet in shipped_sheets()} >= {"aws/us-east-1", "github/actions"}


def test_a_price_with_its_bill_and_its_evidence() -> None:
    rent = rent_of("aws/us-east-1#m5.4xlarge")
    assert rent is not None
    assert (rent.usd_per_hour, rent.billed_seconds, rent.least_seconds) == (0.768, 1, 60)
    assert {entry.kind for entry in rent.evidence} == {"published"}
    runner = rent_of("github/actions#linux-4-core")
    assert runner is not None
    assert runner.usd_per_hour == pytest.approx(60 * 0.012)
    assert runner.billed_seconds == 60


def test_a_price_that_nobody_published_is_unknown_and_not_zero() -> None:
    assert rent_of("aws/us-east-1#c7i.4xlarge") is None


def test_every_instance_of_a_hardware_profile_is_in_a_sheet() -> None:
    for name in rules.names("hardware"):
        cost = rules.load("hardware", name).fields.get("cost", {})
        if "price_ref" in cost:
            rent_of(cost["price_ref"])


@pytest.mark.parametrize(
    ("price_ref", "complaint"),
    [
        ("aws/us-east-2#m5.4xlarge", "no price sheet"),
        ("aws/us-east-1#m5", "no such instance"),
        ("x", "sheet"),
    ],
)
def test_what_is_in_no_sheet_is_said(price_ref: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        rent_of(price_ref)


@pytest.mark.parametrize("price", ["0", "-1", "free", "NaN", "Infinity", "1e99", 0.768, True])
def test_a_price_is_a_positive_decimal_in_text(content: dict[str, Any], price: object) -> None:
    content["instance"]["m5.4xlarge"]["on_demand_per_hour"] = price
    with pytest.raises(BadProfile, match=r"sheet\.toml: .*instance\.m5\.4xlarge\.on_demand_per_hour"):
        parse_sheet(content, "sheet.toml")


def test_a_price_without_evidence_does_not_load(content: dict[str, Any]) -> None:
    content["evidence"] = [
        entry
        for entry in content["evidence"]
        if "instance.m5.4xlarge.on_demand_per_hour" not in entry["fields"]
    ]
    with pytest.raises(BadProfile, match=r"no evidence covers instance\.m5\.4xlarge\.on_demand_per_hour"):
        parse_sheet(content, "sheet.toml")


@pytest.mark.parametrize(
    "name", ["schema", "id", "name", "summary", "currency", "billing", "instance", "evidence"]
)
def test_a_sheet_that_lacks_something_does_not_load(content: dict[str, Any], name: str) -> None:
    del content[name]
    with pytest.raises(BadProfile, match=rf"sheet\.toml: .*{name}"):
        parse_sheet(content, "sheet.toml")


def test_an_unknown_field_or_currency_does_not_load(content: dict[str, Any]) -> None:
    for change in ({"discount": 1}, {"currency": "EUR"}, {"schema": "auditor.prices/2"}):
        with pytest.raises(BadProfile, match="sheet"):
            parse_sheet(copy.deepcopy(content) | change, "sheet.toml")


def test_a_users_own_sheet(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SHEET.read_text(encoding="utf-8").replace("aws/us-east-1", "mine"), encoding="utf-8")
    sheet = load_sheet(path)
    assert rent_of("mine#m5.4xlarge", [sheet]) == sheet.rent("m5.4xlarge")
