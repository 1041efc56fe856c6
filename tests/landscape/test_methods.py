"""Methods without proofs: the shipped files, a strict loader, and the row each of them becomes."""

from __future__ import annotations

import copy
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from auditor import explanation, rules
from auditor.errors import UsageError
from auditor.landscape.method_file import (
    load_method,
    parse_method,
    shipped_method,
    shipped_methods,
    sources,
)
from auditor.landscape.methods import Choices, way
from auditor.landscape.nouns import Amount, OnChain, Way
from auditor.pricing.evidence import numbers
from auditor.pricing.execution import inference_seconds
from auditor.pricing.ranges import Range
from auditor.pricing.tables import BadProfile

METHODS = {method.id: method for method in shipped_methods()}
SECOND = Range(low=0.5, mid=1, high=2)
"""One inference."""


def content(name: str = "tee_cpu") -> dict[str, Any]:
    return tomllib.loads((rules.rules_dir() / "methods" / f"{name}.toml").read_text(encoding="utf-8"))


def amount(low: float, mid: float, high: float, **more: Any) -> Amount:
    said = {"evidence": "measured", "how": "as measured", "source": "here"} | more
    return Amount(low=low, mid=mid, high=high, **said)


def proof(**more: Any) -> Way:
    said: dict[str, Any] = {
        "id": "ezkl",
        "name": "EZKL",
        "kind": "proof",
        "assurance": "proof",
        "supported": "yes",
        "seconds": amount(2_000, 3_000, 5_000),
        "verify_seconds": amount(0.1, 0.2, 0.3),
        "hides_weights": True,
        "hides_input": False,
        "public": True,
        "runnable": "yes",
        "chains": (OnChain(chain="base", possible=True, gas=amount(400_000, 500_000, 600_000)),),
    }
    return Way(**said | more)


def bounds(found: Amount | Range | None) -> tuple[float, float, float]:
    assert found is not None
    return found.low, found.mid, found.high


# --- the files -----------------------------------------------------------------------------------


def test_every_way_without_a_proof_is_there_and_aggregation_is_none() -> None:
    assert {*METHODS} == {
        "vanilla", "re_execution", "optimistic", "tee_cpu", "tee_cpu_zk", "tee_gpu", "sampled_proving",
        "sampled_re_execution", "opengradient_zkml", "opengradient_tee", "opengradient_zk_crv",
        "opengradient_vanilla",
    }  # fmt: skip
    assert {*rules.names("methods")} - {*METHODS} == {"aggregation"}
    with pytest.raises(BadProfile, match=r"aggregation\.toml: it describes no way to trust an output"):
        load_method(rules.rules_dir() / "methods" / "aggregation.toml")


@pytest.mark.parametrize("name", rules.names("methods"))
def test_every_file_can_be_explained_and_no_sentence_is_cut(name: str) -> None:
    rule = rules.load("methods", name)
    assert rule.fields["id"] == name
    assert rule.sources
    page = explanation.text(rule)
    assert "Sources" in page
    if name in METHODS:
        method = METHODS[name]
        assert not [said for said in (*method.trust, *method.notes, *method.conflicts) if "…" in said]


@pytest.mark.parametrize("name", [*METHODS])
def test_a_number_without_its_evidence_does_not_load(name: str) -> None:
    """Whichever table of evidence is taken away: what it alone vouched for is named."""
    whole = content(name)
    facts = [*numbers({key: value for key, value in whole.items() if key != "evidence"})]
    bare_at_all = 0
    for index in range(len(whole["evidence"])):
        less = copy.deepcopy(whole)
        del less["evidence"][index]
        left = [pattern for table in less["evidence"] for pattern in table["fields"]]
        bare = [path for path in facts if not any(fnmatchcase(path, pattern) for pattern in left)]
        bare_at_all += bool(bare)
        if bare and left:
            with pytest.raises(BadProfile, match=rf"no evidence covers {bare[0]}"):
                sources(less, "mine.toml")
    assert bare_at_all


def test_an_unknown_name_suggests_a_known_one() -> None:
    assert shipped_method("tee-cpu").id == "tee_cpu"
    with pytest.raises(UsageError, match="did you mean optimistic"):
        shipped_method("optimistc")


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("schema", "auditor.method/2", "this program reads auditor.method/1"),
        ("x", 1, "nobody knows the field x"),
        ("way", "no", "way is neither true nor false"),
        ("assurance", "trust me", "'trust me' and none of proof, hardware"),
        ("supported", "maybe", "none of yes, no, unknown"),
        ("runnable", "soon", "none of yes, evaluation, research, no"),
        ("overhead", 1.04, "overhead is not a table"),
        ("overhead/low", 3.0, "overhead is not in order: 3, 1.07, 1.2"),
        ("overhead/mid", float("nan"), "overhead.mid is nan, which it cannot be"),
        ("overhead/least", 1.0, "nobody knows the field overhead.least"),
        ("machines", 0, "machines is 0, and never below 1"),
        ("hides_weights", "yes", "hides_weights is neither true nor false"),
        ("trust", [], "trust has none"),
        ("trust", [1], "trust is not a list of sentences"),
        ("on_chain/reason", "because", "on_chain says either gas or the reason"),
        ("on_chain", {"possible": True}, "on_chain says either gas or the reason"),
        ("on_chain", {"reason": "x", "gas_per_machine": {}}, "comes on top of gas"),
        ("sampling", {"of": "tea", "saving": 0.9, "bond": 10, "bonds": [10]}, "none of proof, inference"),
        ("sampling", {"of": "proof", "saving": 0.9, "bond": 0, "bonds": [10]}, "sampling.bond is 0"),
        ("sampling", {"of": "proof", "saving": 0.9, "bond": 10, "bonds": [0]}, "list of positive numbers"),
        ("wait_reason", "nobody says", "wait_seconds is given"),
        ("evidence", [], "evidence is missing"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused(path: str, value: object, complaint: str) -> None:
    found = content("tee_cpu_zk")
    *tables, name = path.split("/")
    table = found
    for step in tables:
        table = table[step]
    table[name] = value
    with pytest.raises(BadProfile, match=r"mine\.toml") as raised:
        parse_method(found, "mine.toml")
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    "field",
    ["schema", "id", "name", "summary", "assurance", "supported", "overhead", "hidden_from", "runnable"],
)
def test_a_missing_field_is_named(field: str) -> None:
    found = content()
    del found[field]
    with pytest.raises(BadProfile, match=rf"mine\.toml: the field {field} is missing"):
        parse_method(found, "mine.toml")


def test_a_number_that_nobody_vouches_for_is_named() -> None:
    found = content()
    found["machines"] = 2
    with pytest.raises(BadProfile, match=r"mine\.toml: no evidence covers machines"):
        parse_method(found, "mine.toml")


def test_an_empty_file_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("")
    with pytest.raises(BadProfile, match=r"mine\.toml: the field schema is missing"):
        load_method(tmp_path / "mine.toml")


def test_a_remark_is_checked_too() -> None:
    found = content("aggregation")
    found["overhead"] = {"low": 1}
    with pytest.raises(BadProfile, match="nobody knows the field overhead"):
        sources(found, "mine.toml")


def test_the_time_of_an_inference_still_comes_from_the_file() -> None:
    """As auditor.pricing.execution reads it."""
    facts = content("re_execution")["inference"]
    found = inference_seconds(8 * 10**9)
    assert found.mid == pytest.approx(facts["start_seconds"]["mid"] + 8e9 / facts["macs_per_second"]["mid"])


# --- conflicts -----------------------------------------------------------------------------------


def test_where_sources_conflict_the_overhead_spans_them_and_words_say_so() -> None:
    for name, low, high, words in (
        ("opengradient_zkml", 100, 10_000, ("100 to 1,000", "1,000 to 10,000")),
        ("opengradient_tee", 1, 3, ("2 to 3 times", "negligible")),
        ("tee_cpu", 1.04, 1.2, ("throughput", "latency")),
    ):
        method = METHODS[name]
        assert (method.overhead.low, method.overhead.high) == (low, high)
        said = " ".join(method.conflicts)
        assert all(word in said for word in words), said
        row = way(method, inference_seconds=SECOND)
        assert [note for note in row.notes if note.startswith("Sources conflict: ")]


def test_opengradient_zkml_is_ezkl_and_takes_no_number_of_its_own() -> None:
    row = way(METHODS["opengradient_zkml"], inference_seconds=SECOND, proof=proof())
    assert row.seconds is None
    assert row.unknown["seconds"] == "as in the row ezkl"
    assert row.assurance == "proof"


# --- rows ----------------------------------------------------------------------------------------


def test_time_is_the_overhead_times_an_inference() -> None:
    row = way(METHODS["tee_cpu"], inference_seconds=SECOND)
    assert bounds(row.seconds) == pytest.approx((0.52, 1.07, 2.4))
    assert row.seconds is not None
    assert row.seconds.evidence == "assumed"
    assert "2509.18886" in row.seconds.source
    assert row.wait_seconds is None
    assert row.hides_weights
    assert row.kind == "method"


def test_replicas_cost_one_inference_each_and_wait_for_one() -> None:
    three = way(METHODS["re_execution"], inference_seconds=SECOND, chains=("base",))
    five = way(
        METHODS["re_execution"], inference_seconds=SECOND, chains=("base",), choices=Choices(machines=5)
    )
    assert bounds(three.seconds) == pytest.approx((1.5, 3, 6))
    assert bounds(five.seconds) == pytest.approx((2.5, 5, 10))
    assert bounds(five.wait_seconds) == bounds(three.wait_seconds) == pytest.approx((0.5, 1, 2))
    # 21,000 for the transaction, 3,000 + 65 x 16 for each signature.
    assert three.chains[0].gas is not None
    assert three.chains[0].gas.low == 21_000 + 3 * (3_000 + 65 * 16)
    assert five.chains[0].gas is not None
    assert five.chains[0].gas.low == 21_000 + 5 * (3_000 + 65 * 16)


def test_machines_are_chosen_only_where_trust_rests_on_how_many_there_are() -> None:
    row = way(METHODS["tee_cpu"], inference_seconds=SECOND, choices=Choices(machines=5))
    assert bounds(row.seconds) == pytest.approx((0.52, 1.07, 2.4))


def test_an_optimistic_answer_waits_for_its_window() -> None:
    row = way(METHODS["optimistic"], inference_seconds=SECOND)
    hour = way(METHODS["optimistic"], inference_seconds=SECOND, choices=Choices(window_seconds=3_600))
    assert bounds(row.wait_seconds) == pytest.approx((604_800.5, 604_801, 604_804))
    assert bounds(hour.wait_seconds) == pytest.approx((3_600.5, 3_601, 3_604))
    assert row.hides_weights is False


def test_a_window_makes_no_other_method_wait() -> None:
    row = way(METHODS["tee_cpu"], inference_seconds=SECOND, choices=Choices(window_seconds=3_600))
    assert row.wait_seconds is None


def test_a_quote_that_is_proved_costs_less_gas_and_takes_longer() -> None:
    plain, proved = (
        way(METHODS[name], inference_seconds=SECOND, chains=("base", "ethereum-mainnet"))
        for name in ("tee_cpu", "tee_cpu_zk")
    )
    assert [there.chain for there in plain.chains] == ["base", "ethereum-mainnet"]
    assert bounds(plain.chains[0].gas) == (4e6, 4.5e6, 5e6)
    assert bounds(proved.chains[0].gas) == (493_000, 522_000, 569_000)
    assert bounds(proved.wait_seconds) == pytest.approx((0.52, 31.07, 122.4))
    assert all(there.usd is None for there in (*plain.chains, *proved.chains))


def test_what_is_not_known_is_none_with_a_reason() -> None:
    gpu = way(METHODS["tee_gpu"], inference_seconds=SECOND, chains=("base",))
    assert gpu.seconds is None
    assert "1.04 to 1.1 times an inference on a GPU" in gpu.unknown["seconds"]
    assert gpu.chains[0].possible is None
    assert gpu.chains[0].gas is None
    assert gpu.chains[0].reason
    crv = way(METHODS["opengradient_zk_crv"], inference_seconds=SECOND)
    assert crv.wait_seconds is None
    assert "length is not published" in crv.unknown["wait_seconds"]


@pytest.mark.parametrize("name", [*METHODS])
def test_without_multiply_accumulates_no_time_is_known(name: str) -> None:
    row = way(METHODS[name], inference_seconds=None, proof=proof(), chains=("base",))
    assert row.seconds is None
    assert row.unknown["seconds"]
    assert row.wait_seconds is None
    assert all((there.gas is None) == bool(there.reason) for there in row.chains)
    # Either it says what passes until the answer counts, or why that is not known.
    waits = METHODS[name].wait_seconds is not None or METHODS[name].wait_reason != ""
    assert not waits or row.unknown["wait_seconds"]


@pytest.mark.parametrize("name", [*METHODS])
def test_a_row_is_the_same_every_time(name: str) -> None:
    first, second = (
        way(shipped_method(name), inference_seconds=SECOND, proof=proof(), chains=("base",)) for _ in range(2)
    )
    assert first == second
    assert first.sources


# --- sampling ------------------------------------------------------------------------------------


def test_a_sampled_proof_costs_its_share_as_expected() -> None:
    row = way(METHODS["sampled_proving"], inference_seconds=SECOND, proof=proof())
    assert bounds(row.seconds) == pytest.approx((0.5 + 1.772, 1 + 2.658, 2 + 4.43))
    assert bounds(row.wait_seconds) == pytest.approx((0.5, 1, 5_002))
    assert (row.hides_weights, row.hides_input, row.public) == (True, False, True)
    assert bounds(row.verify_seconds) == (0.1, 0.2, 0.3)
    small = way(
        METHODS["sampled_proving"], inference_seconds=SECOND, proof=proof(), choices=Choices(bond=10_000)
    )
    assert small.seconds is not None
    assert small.seconds.mid == pytest.approx(1 + 3_000 * 0.886 / 10_000)


def test_the_bills_are_those_of_the_source() -> None:
    """zommuter/toesnail, section 6: 266.80, 27.58, 3.66 and 1.27 at a proof of 3,000 inferences."""
    notes = " ".join(way(METHODS["sampled_proving"], inference_seconds=SECOND, proof=proof()).notes)
    for bond, share, bill in (
        ("10", "8.86", "267"),
        ("100", "0.886", "27.6"),
        ("1,000", "0.0886", "3.66"),
        ("10,000", "0.00886", "1.27"),
    ):
        assert f"a bond of {bond} answers' price and {share} % checked ({bill} times" in notes


def test_a_bond_below_the_saving_asks_for_every_answer() -> None:
    sampling = METHODS["sampled_proving"].sampling
    assert sampling is not None
    assert sampling.share(0.5) == 1
    assert sampling.share(100) == pytest.approx(0.00886)


def test_sampled_proving_without_a_proof_is_not_free() -> None:
    for nothing in (None, proof(seconds=None)):
        row = way(METHODS["sampled_proving"], inference_seconds=SECOND, proof=nothing, chains=("base",))
        assert row.seconds is None
        assert "0.0886 % come on top" in row.unknown["seconds"]
        assert row.unknown["wait_seconds"]
        assert row.chains[0].gas is None
    assert (
        way(METHODS["sampled_proving"], inference_seconds=SECOND, chains=("base",)).chains[0].possible is None
    )


def test_sampled_proving_takes_only_the_models_that_can_be_proved() -> None:
    row = way(
        METHODS["sampled_proving"],
        inference_seconds=SECOND,
        proof=proof(supported="no", unsupported=("LSTM",)),
    )
    assert (row.supported, row.unsupported) == ("no", ("LSTM",))


def test_what_was_extrapolated_stays_so() -> None:
    far = proof(seconds=amount(1, 2, 3, extrapolated=True, evidence="derived"))
    row = way(METHODS["sampled_proving"], inference_seconds=SECOND, proof=far)
    assert row.seconds is not None
    assert row.seconds.extrapolated


def test_sampled_re_execution_adds_the_share_of_an_inference() -> None:
    row = way(METHODS["sampled_re_execution"], inference_seconds=SECOND)
    assert bounds(row.seconds) == pytest.approx((0.5 * 1.000886, 1.000886, 2 * 1.000886))


@pytest.mark.parametrize(
    "choice", [{"machines": 0}, {"window_seconds": -1}, {"window_seconds": float("inf")}, {"bond": 0}]
)
def test_a_choice_that_is_none_is_refused(choice: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"machine|window|bond"):
        Choices(**choice)
