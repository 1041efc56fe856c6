"""The recommendation: each rule by which a way falls out or ranks behind, on ways built by hand."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest

from auditor.landscape import caveats
from auditor.landscape.method_file import shipped_methods
from auditor.landscape.methods import way as method_way
from auditor.landscape.nouns import Amount, Assurance, Needs, OnChain, Way
from auditor.landscape.recommend import Recommendation, recommend
from auditor.pricing.execution import inference_seconds


def amount(low: float, mid: float | None = None, high: float | None = None, **more: Any) -> Amount:
    mid = low if mid is None else mid
    said = {"evidence": "measured", "how": "as measured", "source": "here"} | more
    return Amount(low=low, mid=mid, high=mid if high is None else high, **said)


def way(name: str, **more: Any) -> Way:
    """One that meets every need."""
    said: dict[str, Any] = {
        "id": name,
        "name": name,
        "kind": "proof",
        "assurance": "proof",
        "supported": "yes",
        "seconds": amount(1, 2, 4),
        "verify_seconds": amount(0.1),
        "usd": amount(0.01, 0.02, 0.04),
        "chains": (OnChain(chain="base", possible=True, gas=amount(5e5), usd=amount(0.05)),),
        "hides_weights": True,
        "hides_input": True,
        "public": True,
        "runnable": "yes",
    }
    return Way(**said | more)


ALL = Needs(stakes="high", private_weights=True, private_input=True, on_chain=True)


def texts(found: Recommendation, name: str) -> list[str]:
    return [reason.text for reason in found.out[name]]


def only_reason(needs: Needs, **more: Any) -> str:
    """Why a way with this one fault falls out, which is the only reason."""
    found = recommend([way("sound"), way("faulty", **more)], needs)
    assert found.best == "sound"
    assert [*found.out] == ["faulty"]
    (text,) = texts(found, "faulty")
    return text


def test_a_way_that_meets_every_need_stays() -> None:
    found = recommend([way("sound")], Needs(**{**_fields(ALL), "latency_seconds": 5.0, "budget_usd": 0.1}))
    assert found.best == "sound"
    assert not found.out
    assert found.nearest is None


def _fields(needs: Needs) -> dict[str, Any]:
    return {
        "stakes": needs.stakes,
        "private_weights": needs.private_weights,
        "private_input": needs.private_input,
        "on_chain": needs.on_chain,
    }


# --- falling out ---------------------------------------------------------------------------------


def test_no_support_and_support_that_is_not_known_are_told_apart() -> None:
    no = only_reason(Needs(), supported="no", unsupported=("LSTM", "TopK"))
    assert no == "it does not support this model: LSTM, TopK"
    assert only_reason(Needs(), supported="unknown") == "it is not known whether it supports this model"


@pytest.mark.parametrize("stakes", ["low", "medium", "high"])
def test_what_nobody_can_run_falls_out(stakes: Any) -> None:
    assert only_reason(Needs(stakes=stakes), runnable="no") == "nobody can run it today"


def test_research_stays_at_low_stakes_only_and_with_a_caveat() -> None:
    for stakes in ("medium", "high"):
        assert "not kept up" in only_reason(Needs(stakes=stakes), runnable="research")
    found = recommend([way("paper", runnable="research")], Needs(stakes="low"))
    assert found.best == "paper"
    assert any("nobody keeps up" in caveat for caveat in found.caveats)


def test_a_licence_for_evaluation_stays_with_a_caveat() -> None:
    found = recommend([way("trial", runnable="evaluation")], Needs(stakes="high"))
    assert found.best == "trial"
    assert any("evaluation only" in caveat for caveat in found.caveats)


@pytest.mark.parametrize(
    ("stakes", "enough"),
    [
        ("high", {"proof"}),
        ("medium", {"proof", "hardware", "economic", "majority"}),
        ("low", {"proof", "hardware", "economic", "majority", "none"}),
    ],
)
def test_stakes_say_which_assurance_is_enough(stakes: Any, enough: set[str]) -> None:
    for assurance in get_args(Assurance):
        found = recommend([way("it", assurance=assurance)], Needs(stakes=stakes))
        assert (found.best == "it") == (assurance in enough), assurance
        if found.best is None:
            assert texts(found, "it")[0].startswith(f"its assurance is '{assurance}'")


def test_a_high_stake_on_a_chain_needs_a_proof_that_anyone_can_check() -> None:
    needs = Needs(stakes="high", on_chain=True)
    assert "only whom it was made for" in only_reason(needs, public=False)
    assert "not known whether anyone can check it" in only_reason(needs, public=None)
    assert recommend([way("it", public=False)], Needs(stakes="high")).best == "it"
    assert recommend([way("it", public=False)], Needs(stakes="medium", on_chain=True)).best == "it"


@pytest.mark.parametrize(
    ("need", "field", "what"),
    [("private_weights", "hides_weights", "the weights"), ("private_input", "hides_input", "the input")],
)
def test_what_must_be_private_is_hidden_and_known_to_be(need: str, field: str, what: str) -> None:
    needs = Needs(**{need: True})
    assert only_reason(needs, **{field: False}) == f"it shows {what} to whoever verifies"
    assert only_reason(needs, **{field: None}) == f"it is not known whether it hides {what}"
    assert recommend([way("it", **{field: None})], Needs()).best == "it"


def test_a_chain_must_be_known_to_be_able_to_verify() -> None:
    needs = Needs(on_chain=True)
    no = OnChain(chain="base", possible=False, reason="the contract is too large")
    unknown = OnChain(chain="opbnb", possible=None, reason="nobody measured it")
    assert only_reason(needs, chains=(no,)) == "no chain can verify it: the contract is too large (base)"
    assert "not known whether a chain can verify it" in only_reason(needs, chains=(no, unknown))
    assert only_reason(needs, chains=()) == "nothing is known of verifying it on a chain"
    assert recommend([way("it", chains=(no,))], Needs()).best == "it"


def test_latency_is_exceeded_for_certain_or_perhaps() -> None:
    slow = {"seconds": amount(10, 20, 40)}
    sure = only_reason(Needs(latency_seconds=5), **slow)
    assert sure.startswith("the answer cannot be relied on within the 5.0 s that are allowed")
    assert only_reason(Needs(latency_seconds=30), **slow).startswith("it may exceed the 30.0 s")
    assert recommend([way("it", **slow)], Needs(latency_seconds=40.2)).best == "it"


def test_verifying_is_part_of_the_time_off_chain() -> None:
    late = {"seconds": amount(4.9), "verify_seconds": amount(0.2)}
    assert "cannot be relied on" in only_reason(Needs(latency_seconds=5), **late)
    assert recommend([way("it", **late)], Needs(latency_seconds=5, on_chain=True)).best == "it"


def test_a_wait_counts_instead_of_the_seconds() -> None:
    week = {"wait_seconds": amount(604_800), "kind": "method"}
    assert "168 h 0 min" in only_reason(Needs(latency_seconds=3_600), **week)
    replicas = way("replicas", kind="method", seconds=amount(9), wait_seconds=amount(3))
    assert recommend([replicas], Needs(latency_seconds=5)).best == "replicas"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"seconds": None, "unknown": {"seconds": "published only for GPT-2"}}, "published only for GPT-2"),
        ({"verify_seconds": None}, "how long verifying takes is not known"),
        ({"kind": "method", "unknown": {"wait_seconds": "no window is published"}}, "no window is published"),
    ],
)
def test_a_time_that_is_not_known_is_never_in_time(more: dict[str, Any], words: str) -> None:
    text = only_reason(Needs(latency_seconds=1e9), **more)
    assert text.startswith("it cannot be shown to be within")
    assert words in text


def test_what_is_known_of_a_time_may_be_enough_to_exceed_it() -> None:
    text = only_reason(Needs(latency_seconds=5), seconds=amount(10), verify_seconds=None)
    assert text.endswith("it takes at least 10.0 s")


def test_a_budget_is_exceeded_for_certain_or_perhaps() -> None:
    assert only_reason(Needs(budget_usd=1), usd=amount(2, 3, 4)).startswith("it is over the budget of $1.00")
    assert only_reason(Needs(budget_usd=1), usd=amount(0.5, 0.6, 4)).startswith("it may exceed the budget")
    assert recommend([way("it", usd=amount(0.5, 0.6, 1))], Needs(budget_usd=1)).best == "it"


def test_a_price_that_is_not_known_is_never_within_a_budget() -> None:
    text = only_reason(Needs(budget_usd=1e9), usd=None, unknown={"usd": "no machine was named"})
    assert text.endswith("its price is not known: no machine was named")
    there = OnChain(chain="base", possible=True, gas=amount(1), reason="no gas price is known")
    text = only_reason(Needs(budget_usd=1e9, on_chain=True), chains=(there,))
    assert text.endswith("the price of verifying it on a chain is not known")


def test_on_a_chain_the_cheapest_that_can_verify_is_paid_too() -> None:
    chains = (
        OnChain(chain="dear", possible=True, usd=amount(9)),
        OnChain(chain="cheap", possible=True, usd=amount(0.5)),
        OnChain(chain="cannot", possible=False, usd=amount(0.001)),
        OnChain(chain="unpriced", possible=True),
    )
    found = recommend([way("it", chains=chains)], Needs(on_chain=True))
    (only,) = found.ranked
    assert only.chain == "cheap"
    assert only.usd is not None
    assert only.usd.mid == pytest.approx(0.52)
    assert recommend([way("it", chains=chains)], Needs()).ranked[0].usd == amount(0.01, 0.02, 0.04)


def test_every_reason_is_given_and_not_only_the_first() -> None:
    needs = Needs(stakes="high", private_weights=True, latency_seconds=0.1, budget_usd=0.001)
    found = recommend([way("it", assurance="none", hides_weights=False, supported="unknown")], needs)
    causes = [reason.cause for reason in found.out["it"]]
    assert causes == ["support", "assurance", "privacy", "latency", "budget"]


# --- ranking -------------------------------------------------------------------------------------


def test_the_cheapest_by_expectation_is_best_and_the_others_say_how_much_dearer_they_are() -> None:
    cheap, dear = way("z-cheap", usd=amount(0.5, 1, 9)), way("a-dear", usd=amount(2.9, 3, 3.1))
    found = recommend([dear, cheap], Needs())
    assert (found.best, found.basis) == ("z-cheap", "usd")
    assert found.ranked[0].why == ""
    assert found.ranked[1].why == "dearer by $2.00 (3 times), as expected; the ranges overlap"


def test_an_unknown_price_is_not_a_price_of_nothing() -> None:
    known, unknown = way("dear", usd=amount(1_000)), way("unknown", usd=None, seconds=amount(0.001))
    found = recommend([unknown, known], Needs())
    assert found.best == "dear"
    assert found.ranked[1].why == "nothing shows that it is cheaper: its price is not known"


def test_without_prices_the_quickest_is_best_and_it_says_so() -> None:
    quick, slow = way("z", usd=None, seconds=amount(1)), way("a", usd=None, seconds=amount(3))
    nothing = way("nothing", usd=None, seconds=None)
    found = recommend([nothing, slow, quick], Needs())
    assert (found.best, found.basis) == ("z", "seconds")
    assert [one.id for one in found.ranked] == ["z", "a", "nothing"]
    assert found.ranked[1].why == "it takes 2.0 s more (3 times), as expected; no price is known"
    assert found.ranked[2].why == "nothing shows that it is cheaper: how long it takes is not known"
    assert any("not known" in caveat for caveat in found.caveats)


def test_alone_and_without_any_amount_there_is_no_basis() -> None:
    found = recommend([way("it", usd=None, seconds=None)], Needs())
    assert (found.best, found.basis) == ("it", None)


def test_of_two_that_cost_the_same_the_stronger_assurance_is_best() -> None:
    found = recommend([way("a", assurance="majority"), way("b", assurance="hardware")], Needs())
    assert [one.id for one in found.ranked] == ["b", "a"]
    assert found.ranked[1].why == "as dear, and its assurance is no stronger"


def test_the_order_of_the_ways_does_not_matter() -> None:
    ways = [way("a"), way("b"), way("c", usd=None), way("d", runnable="no")]
    found = {repr(recommend(list(order), Needs())) for order in itertools.permutations(ways)}
    assert len(found) == 1


def test_two_of_a_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        recommend([way("a"), way("a")], Needs())


# --- caveats -------------------------------------------------------------------------------------


def test_a_proof_with_private_weights_says_what_it_does_not_show() -> None:
    found = recommend([way("it")], Needs(private_weights=True))
    (caveat,) = found.caveats
    assert caveat == caveats.PRIVATE_WEIGHTS
    for words in ("only that some weights gave this output", "commitment", "Hollow-LLM (arXiv 2607.28884)"):
        assert words in caveat
    assert recommend([way("it")], Needs()).caveats == ()


@pytest.mark.parametrize(
    ("assurance", "hides", "words"),
    [
        ("hardware", True, ("vendor's keys", "side channels", "TEE.fail")),
        ("economic", False, ("able to re-execute", "public to them")),
        ("majority", False, ("most of the machines must be honest", "same answer to the bit")),
        ("none", True, ("nothing stands behind",)),
    ],
)
def test_whom_one_trusts_is_said(assurance: Assurance, hides: bool, words: tuple[str, ...]) -> None:
    found = recommend([way("it", assurance=assurance, hides_weights=hides)], Needs(stakes="low"))
    (caveat,) = found.caveats
    assert all(word in caveat for word in words)


def test_a_bond_over_hidden_weights_rests_on_proofs_and_has_their_caveat() -> None:
    found = recommend([way("it", assurance="economic")], Needs(private_weights=True))
    assert found.caveats == (caveats.PRIVATE_WEIGHTS,)


def test_weak_amounts_are_named() -> None:
    assumed = recommend([way("it", usd=amount(1, evidence="assumed"))], Needs())
    assert assumed.caveats == ("what it costs rests on an assumption",)
    far = recommend([way("it", seconds=amount(1, extrapolated=True))], Needs())
    assert far.caveats == ("what it takes is extrapolated beyond all that was measured",)


# --- when none is left ---------------------------------------------------------------------------


def test_the_nearest_says_what_would_have_to_give() -> None:
    needs = Needs(stakes="high", latency_seconds=2, budget_usd=0.01)
    slow_and_dear = way("slow-and-dear")
    weak = way("weak", assurance="hardware", seconds=amount(1), usd=amount(0.001))
    found = recommend([slow_and_dear, weak, way("no", supported="no", usd=amount(0.001))], needs)
    assert found.best is None
    assert found.ranked == found.caveats == ()
    assert found.nearest is not None
    assert (found.nearest.id, found.nearest.gives) == ("weak", ("accept 'hardware' as assurance",))


def test_what_gives_names_the_amount() -> None:
    found = recommend([way("it")], Needs(latency_seconds=2, budget_usd=0.01))
    assert found.nearest is not None
    assert found.nearest.gives == ("wait up to 4.1 s", "spend up to $0.04")


def test_nothing_that_cannot_be_had_is_near() -> None:
    found = recommend([way("a", supported="unknown"), way("b", runnable="no")], Needs())
    assert (found.best, found.nearest) == (None, None)
    assert recommend([], Needs()).best is None


# --- the shipped methods -------------------------------------------------------------------------


def test_of_the_shipped_methods_only_the_honest_choices_are_left() -> None:
    rows = [method_way(one, inference_seconds=inference_seconds(10**6)) for one in shipped_methods()]
    medium = recommend(rows, Needs())
    assert {one.id for one in medium.ranked} == {"tee_cpu", "tee_cpu_zk", "tee_gpu", "re_execution"}
    hidden = recommend(rows, Needs(private_weights=True))
    assert {one.id for one in hidden.ranked} == {"tee_cpu", "tee_cpu_zk", "tee_gpu"}
    assert recommend(rows, Needs(stakes="high")).best is None
    low = recommend(rows, Needs(stakes="low"))
    assert {"vanilla", "sampled_re_execution"} <= {one.id for one in low.ranked}
    in_time = recommend(rows, Needs(latency_seconds=1))
    assert {one.id for one in in_time.ranked} == {"tee_cpu", "re_execution"}
