"""A limit against an amount, in words and as a value."""

from __future__ import annotations

import pytest

from auditor.config.nouns import Budget, Origin
from auditor.gate.budgets import hold
from auditor.gate.nouns import Amount, Old, Unknown

HERE = Origin(words="auditor.toml:3")


def exact(number: float) -> Amount:
    return Amount(low=number, mid=number, high=number)


def budget(amount: str = "rows", limit: float = 100, **more: object) -> Budget:
    return Budget(name=f"max_{amount}", amount=amount, limit=limit, origin=HERE, message="ask #zk", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "outcome", "says"),
    [
        (exact(99), "pass", "rows 99 <= 100"),
        (exact(100), "pass", "rows 100 <= 100"),
        (exact(146), "fail", "rows 146 > 100, over by 46 (46.0%)"),
        (Amount(low=90, mid=95, high=100), "pass", "rows 90 to 100 <= 100"),
        (Amount(low=110, mid=120, high=130), "fail", "rows 110 to 130 > 100, over by at least 10 (10.0%)"),
        (
            Amount(low=90, mid=95, high=101),
            "skip",
            "rows 90 to 101, up to 1 over 100: an estimate too wide to tell",
        ),
        (Unknown(reason="not laid out"), "skip", "rows is not known: not laid out"),
    ],
)
def test_a_limit(amount: Amount | Unknown, outcome: str, says: str) -> None:
    check = hold(budget(), {"rows": amount}, None, baseline=False)
    assert (check.outcome, check.says, check.where) == (outcome, says, "auditor.toml:3")
    assert check.message == ("ask #zk" if outcome == "fail" else "")
    assert check.undetermined == (outcome == "skip")


def test_an_amount_that_is_nowhere_is_unknown_and_never_zero() -> None:
    check = hold(budget(limit=0), {}, None, baseline=False)
    assert (check.outcome, check.undetermined, check.value) == ("skip", True, None)


def test_a_limit_of_zero_has_no_percentage() -> None:
    assert hold(budget(limit=0), {"rows": exact(2)}, None, baseline=False).says == "rows 2 > 0, over by 2"


@pytest.mark.parametrize(
    ("amount", "number", "says"),
    [
        ("peak_memory", 3 << 30, "peak memory 3.0 GiB > 1.0 GiB, over by 2.0 GiB (200.0%)"),
        ("proof_bytes", 3 << 30, "proof bytes 3.0 GiB > 1.0 GiB, over by 2.0 GiB (200.0%)"),
    ],
)
def test_units(amount: str, number: float, says: str) -> None:
    assert hold(budget(amount, 1 << 30), {amount: exact(number)}, None, baseline=False).says == says


def test_an_amount_on_a_profile_is_that_of_the_profile() -> None:
    amounts = {"verify_gas@base": exact(5), "verify_gas@other": exact(500)}
    check = hold(budget("verify_gas", profile="base"), amounts, None, baseline=False)
    assert (check.name, check.outcome) == ("max_verify_gas on base", "pass")


OLD = Old(source="b.json", amounts={"rows": 100, "logrows": None})


@pytest.mark.parametrize(
    ("now", "limit", "relative", "outcome", "says"),
    [
        (110, 0.1, True, "pass", "rows 110 was 100 in b.json: +10 (+10.0%), allowed +10 %"),
        (111, 0.1, True, "fail", "rows 111 was 100 in b.json: +11 (+11.0%), allowed +10 %, over by 1 (0.9%)"),
        (90, 0, False, "pass", "rows 90 was 100 in b.json: -10 (-10.0%), allowed +0"),
        (130, 20, False, "fail", "rows 130 was 100 in b.json: +30 (+30.0%), allowed +20, over by 10 (8.3%)"),
    ],
)
def test_an_increase(now: float, limit: float, relative: bool, outcome: str, says: str) -> None:
    item = budget(limit=limit, increase=True, relative=relative)
    check = hold(item, {"rows": exact(now)}, OLD, baseline=True)
    assert (check.outcome, check.says) == (outcome, says)


def test_an_increase_over_what_is_not_known() -> None:
    item = budget(increase=True)
    nowhere = hold(item, {"rows": exact(1)}, None, baseline=False)
    assert (nowhere.outcome, nowhere.undetermined) == ("skip", True)
    assert "--write-baseline" in nowhere.says
    new = hold(item, {"rows": exact(1)}, None, baseline=True)
    assert (new.outcome, new.undetermined) == ("skip", False)
    unknown = hold(budget("logrows", increase=True), {"logrows": exact(1)}, OLD, baseline=True)
    assert (unknown.outcome, unknown.undetermined) == ("skip", True)
    assert unknown.says == "logrows is not known in b.json"
