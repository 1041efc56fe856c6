"""The search on real models: what it chooses holds, costs less, and is the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from onnx import TensorProto, helper

from auditor.circuit import RunArgs
from auditor.faithful import as_ezkl_reads
from auditor.forward import forward
from auditor.layout import lay_out
from auditor.model import Model, bind_dimensions, read_source
from auditor.planning.nouns import Goal
from auditor.planning.room import headroom, holds
from auditor.planning.search import front
from auditor.plans.planner import Outcome, Wish, plan_model, price_on
from auditor.pricing.profile_file import shipped
from auditor.sizing import limits_exceeded
from tests.cli.models import perceptron, save

SAMPLES = Path(__file__).parents[2] / "samples"
PRICE = price_on(shipped())


def model_at(path: Path) -> Model:
    return bind_dimensions(as_ezkl_reads(read_source(path)).model, {}, None)[0]


def planned(sample: str, goal: Goal = Goal(), run_args: RunArgs = RunArgs(), **wish: object) -> Outcome:  # noqa: B008
    path = SAMPLES / sample / "model.onnx"
    wanted = Wish(goal=goal, price=PRICE, input=path.with_name("input.json"), **wish)  # type: ignore[arg-type]
    return plan_model(model_at(path), run_args, wanted)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return {
        path.parent.name: planned(path.parent.name, compare=True) for path in SAMPLES.glob("*/model.onnx")
    }


def test_every_candidate_has_room_is_exact_and_can_be_built(outcomes: dict[str, Outcome]) -> None:
    for outcome in outcomes.values():
        assert outcome.planned is not None
        for item in outcome.planned.found.candidates:
            assert holds(item.run_args, item.trial.room)
            assert headroom(item.run_args, item.trial.room) >= 2
            assert not limits_exceeded(item.size, item.run_args)
            assert item.size == lay_out(replace(item.trial.circuit, run_args=item.run_args))
            assert not item.trial.faults


def test_the_choice_keeps_the_answers_and_costs_less_than_ezkls(outcomes: dict[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        assert outcome.planned is not None
        found = outcome.planned.found
        best, own = found.candidates[0], found.calibrated
        assert outcome.run_args == best.run_args
        assert found.wanted.met_by(best.accuracy), name
        assert own is not None
        assert best.cost.prove_seconds < 0.9 * own.cost.prove_seconds, name
        assert best.cost.setup_seconds < 0.9 * own.cost.setup_seconds, name


def test_the_answers_are_those_of_the_run_args_that_are_chosen(outcomes: dict[str, Outcome]) -> None:
    for outcome in outcomes.values():
        assert outcome.planned is not None
        best = outcome.planned.found.candidates[0]
        sample = outcome.planned.sample
        ran = forward(replace(best.trial.circuit, run_args=best.run_args), sample.rows)
        for output, scale, answer in zip(ran.outputs, ran.scales, best.trial.answers, strict=True):
            assert (output / 2.0**scale == answer[: sample.count]).all()


def test_the_same_plan_every_time(outcomes: dict[str, Outcome]) -> None:
    for name in ("cancer_mlp", "digits_cnn"):
        again = planned(name, compare=True)
        assert again.run_args == outcomes[name].run_args
        assert again.planned is not None
        before = outcomes[name].planned
        assert before is not None
        assert again.planned.found.trials == before.found.trials


def test_without_the_comparison_the_choice_is_the_same(outcomes: dict[str, Outcome]) -> None:
    assert planned("digits_cnn").run_args == outcomes["digits_cnn"].run_args


def test_the_front_holds_nothing_that_another_beats(outcomes: dict[str, Outcome]) -> None:
    for outcome in outcomes.values():
        assert outcome.planned is not None
        kept = front(outcome.planned.found.candidates)
        assert kept
        for one in kept:
            better = [
                other
                for other in kept
                if other.cost.prove_seconds + other.cost.setup_seconds
                < 0.9 * (one.cost.prove_seconds + one.cost.setup_seconds)
                and other.cost.peak_memory_bytes < 0.9 * one.cost.peak_memory_bytes
                and other.cost.proof_bytes < one.cost.proof_bytes
                and other.accuracy.relative_error < 0.9 * one.accuracy.relative_error
            ]
            assert not better


@pytest.mark.parametrize("objective", ["memory", "proof-bytes"])
def test_another_objective_is_met_better(objective: str, outcomes: dict[str, Outcome]) -> None:
    def amount(outcome: Outcome) -> float:
        assert outcome.planned is not None
        cost = outcome.planned.found.candidates[0].cost
        return cost.peak_memory_bytes if objective == "memory" else cost.proof_bytes

    other = planned("digits_cnn", Goal(minimize=objective))  # type: ignore[arg-type]
    assert amount(other) <= amount(outcomes["digits_cnn"])


def test_what_is_pinned_stays() -> None:
    run_args = RunArgs(
        input_scale=9, num_inner_cols=2, logrows=14, decomp_base=1024, input_visibility="private"
    )
    pinned = frozenset({"input_scale", "num_inner_cols", "logrows", "decomp_base"})
    chosen = planned("cancer_mlp", Goal(pinned=pinned), run_args).run_args
    assert chosen is not None
    for name in (*pinned, "input_visibility"):
        assert getattr(chosen, name) == getattr(run_args, name), name


def test_limits_are_kept_or_refused() -> None:
    small = planned("digits_cnn", Goal(max_logrows=10)).run_args
    assert small is not None
    assert small.logrows <= 10
    nothing = planned("digits_cnn", Goal(max_rows=1))
    assert (nothing.run_args, nothing.reason) == (None, "no run args keep the limits")


def test_sound_ranges_have_room_for_every_input_between_the_ends() -> None:
    goal = Goal(ranges="sound")
    outcome = planned("digits_cnn", goal, input_range=(0.0, 1.0))
    assert outcome.planned is not None
    best = outcome.planned.best
    assert best is not None
    rng = np.random.default_rng(5)
    shape = (64, *outcome.planned.sample.rows[0].shape[1:])
    rows = np.concatenate([rng.uniform(0, 1, shape), rng.integers(0, 2, shape)])
    needs = forward(replace(best.trial.circuit, run_args=best.run_args), [rows]).needs
    assert needs.decomposed.max() <= best.run_args.decomp_base**best.run_args.decomp_legs - 1


def test_where_memory_is_missing_the_leanest_is_named(outcomes: dict[str, Outcome]) -> None:
    outcome = planned("digits_cnn", Goal(max_memory_bytes=1.0))
    assert outcome.reason == "no run args keep the limits"
    assert outcome.planned is not None
    found = outcome.planned.found
    assert (found.candidates, found.leanest is None) == ((), False)
    assert found.leanest is not None
    usual = outcomes["digits_cnn"].planned
    assert usual is not None
    assert found.leanest.cost.peak_memory_bytes <= usual.found.candidates[0].cost.peak_memory_bytes


def test_an_accuracy_that_cannot_be_had_is_refused_with_what_can() -> None:
    outcome = planned("digits_transformer", Goal(tolerance=1e-9))
    assert outcome.run_args is None
    assert "of the output's range off" in outcome.reason


def test_a_finer_tolerance_never_gets_a_coarser_answer() -> None:
    errors = []
    for tolerance in (0.05, 0.01, 0.001):
        found = planned("cancer_mlp", Goal(tolerance=tolerance)).planned
        assert found is not None
        errors.append(found.found.candidates[0].accuracy.relative_error)
    assert errors[0] <= 0.05
    assert errors[1] <= 0.01
    assert errors[2] <= 0.001


def test_too_large_a_circuit_is_not_tried(tmp_path: Path) -> None:
    model = model_at(perceptron(tmp_path / "model.onnx"))
    outcome = plan_model(model, RunArgs(), Wish(goal=Goal(), price=PRICE, most_work=10))
    assert outcome.planned is None
    assert "too many to try run args on" in outcome.reason


def test_random_rows_are_drawn_alike(tmp_path: Path) -> None:
    model = model_at(perceptron(tmp_path / "model.onnx"))
    one, other = (plan_model(model, RunArgs(), Wish(goal=Goal(), price=PRICE, seed=3)) for _ in range(2))
    assert one.run_args == other.run_args
    assert one.planned is not None
    assert one.planned.sample.count == 16


def test_a_model_without_inputs_has_nothing_to_try(tmp_path: Path) -> None:
    value = helper.make_tensor("v", TensorProto.FLOAT, [2], [1.0, 2.0])
    node = helper.make_node("Constant", [], ["y"], value=value)
    graph = helper.make_graph([node], "g", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])])
    outcome = plan_model(
        model_at(save(graph, tmp_path / "m.onnx")), RunArgs(), Wish(goal=Goal(), price=PRICE)
    )
    assert (outcome.run_args, outcome.planned) == (None, None)
