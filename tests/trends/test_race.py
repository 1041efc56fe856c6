"""The race: who wins, in how many worlds, and the growth at which the winner changes."""

from __future__ import annotations

import math

import pytest

from auditor.trends.race import Race, break_even, race, winner
from auditor.trends.scenario_file import Scenario, replaced, shipped_scenario
from tests.trends.worlds import STILL, Factors, scenario, trend


def run(world: Scenario, exponent: float = 1.0, seed: int = 1) -> Race:
    return race(world, exponent, "given by the test", seed=seed, draws=2_000)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.9, 3.0])
@pytest.mark.parametrize("name", ["frozen-stack", "same-stack-parameters", "frontier-compute"])
def test_the_winner_changes_at_the_break_even_and_nowhere_else(name: str, exponent: float) -> None:
    world = shipped_scenario(name)
    edge = run(world, exponent).break_even
    assert edge is not None
    for factor, expected in ((0.999, "efficiency"), (1.001, "complexity"), (1.0, "neither")):
        growth = trend("model_growth", (edge * factor,) * 3)
        found = run(replaced(world, [growth]), exponent)
        assert found.winner == expected
        assert found.break_even == edge


def test_break_even_is_the_root_of_efficiency() -> None:
    assert break_even(10.7, 1.0) == pytest.approx(10.7)
    assert break_even(9.0, 2.0) == pytest.approx(3.0)
    assert break_even(0.25, 2.0) == pytest.approx(0.5)
    assert break_even(10.0, 0.0) is None
    assert break_even(10.0, 1e-9) is None


def test_the_frontier_outruns_models_and_the_same_stack_does_not() -> None:
    frontier = run(shipped_scenario("frontier-compute"))
    assert frontier.winner == "efficiency"
    assert 0.8 < frontier.share_efficiency < 1
    assert frontier.break_even == pytest.approx(10 * 1.07)
    stack = run(shipped_scenario("same-stack-parameters"))
    assert stack.winner == "complexity"
    assert stack.share_complexity > 0.9


def test_rates_of_a_race_are_those_of_the_scenario() -> None:
    sure = run(scenario(prover=(10.0,) * 3, price=(1.5,) * 3, growth=(2.0,) * 3), exponent=1.5)
    assert (sure.efficiency.low, sure.efficiency.mid, sure.efficiency.high) == pytest.approx((15.0,) * 3)
    assert sure.complexity.mid == pytest.approx(2**1.5)
    wide = run(scenario(prover=(3.0, 10.0, 45.0)))
    found = (wide.efficiency.low, wide.efficiency.mid, wide.efficiency.high)
    assert found == pytest.approx((3.0, 10.0, 45.0), rel=0.01)
    assert (wide.complexity.low, wide.complexity.high) == (1.0, 1.0)


def test_shares_count_worlds_and_ties_are_nobodys() -> None:
    even = run(scenario())
    assert (even.winner, even.share_efficiency, even.share_complexity) == ("neither", 0, 0)
    half = run(scenario(prover=(1.0, 2.0, 4.0), growth=(2.0, 2.0, 2.0)))
    assert half.share_efficiency == pytest.approx(0.5, abs=0.005)
    assert half.share_efficiency + half.share_complexity == pytest.approx(1)


def test_a_seed_gives_one_race_and_another_seed_nearly_the_same() -> None:
    world = shipped_scenario("frontier-compute")
    assert run(world, seed=2) == run(world, seed=2)
    first, other = run(world, seed=2), run(world, seed=3)
    assert first != other
    assert first.share_efficiency == pytest.approx(other.share_efficiency, abs=0.02)


@pytest.mark.parametrize("slow", [STILL, (1.1, 1.2, 1.5)])
def test_a_better_prover_never_lowers_the_share_of_efficiency(slow: Factors) -> None:
    growth: Factors = (1.1, 1.4, 2.0)
    faster: Factors = (slow[0] * 1.2, slow[1] * 1.3, slow[2] * 1.4)
    before = run(scenario(prover=slow, growth=growth))
    after = run(scenario(prover=faster, growth=growth))
    assert before.share_efficiency < after.share_efficiency


def test_growth_that_costs_nothing_has_no_break_even() -> None:
    found = run(scenario(prover=(2.0, 2.0, 2.0), growth=(5.0, 5.0, 5.0)), exponent=0.0)
    assert (found.winner, found.break_even, found.share_efficiency) == ("efficiency", None, 1)
    assert "changes where" not in found.sentence()


def test_the_sentence_says_who_by_how_much_and_what_would_change_it() -> None:
    found = run(scenario(prover=(10.0,) * 3, growth=(2.0,) * 3)).sentence()
    assert found == (
        "Verification gets cheaper faster than models grow. A year divides the cost of the same proof by 10 "
        "and multiplies what is to be proved by 2. So it is in 100% of the worlds drawn. The answer changes "
        "where models grow by a factor of 10 a year."
    )
    assert run(scenario(growth=(2.0,) * 3)).sentence().startswith("Models grow faster")
    nearly = run(scenario(prover=(1.5, 2.0, 3.0), growth=(1.2,) * 3))
    assert 0.995 <= nearly.share_efficiency < 1
    assert "more than 99% of the worlds" in nearly.sentence()
    assert run(scenario()).sentence().startswith("Neither is faster")


@pytest.mark.parametrize(("exponent", "source"), [(-1.0, "s"), (3.1, "s"), (math.nan, "s"), (1.0, "")])
def test_an_exponent_has_bounds_and_a_source(exponent: float, source: str) -> None:
    with pytest.raises(ValueError, match="has a source"):
        race(scenario(), exponent, source)


def test_the_winner_is_the_larger_of_two_rates() -> None:
    assert winner(10.0, 2.0, 3.0) == "efficiency"
    assert winner(7.9, 2.0, 3.0) == "complexity"
    assert winner(8.0, 2.0, 3.0) == "neither"
