"""The evidence for plans: what is said of a record, and that the stored ones keep what is promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tools import plans
from tools.plan_models import CALIBRATION_ROWS, FRESH_ROWS, entries, free_inputs
from tools.plan_runs import Answers, input_json, judged, spans


def side(
    cpu: float, *, rows: int = 100, error: float = 0.001, same_class: float | None = 1.0
) -> dict[str, Any]:
    step = {"cpu_seconds": cpu / 2, "wall_seconds": cpu / 4, "peak_memory_bytes": int(cpu * 1e8)}
    output = {
        "max_abs": error,
        "mean_abs": error,
        "relative": error,
        "same_class": same_class,
        "whole": False,
    }
    return {
        "choosing": {"cpu_seconds": 1.0},
        "settings": {"num_rows": rows, "run_args": {"logrows": 15, "num_inner_cols": 2}},
        "bytes": {"pk": int(cpu * 1e7), "vk": 1, "proof": 1},
        "steps": {"setup": step, "prove": step},
        "verified": True,
        "calibration": {"rows": 8, "failed": 0, "reasons": [], "outputs": [output]},
        "fresh": {"rows": 20, "failed": 0, "reasons": [], "outputs": [output]},
    }


def record(name: str, ezkl: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    machine = {"cores": 2, "cpu": "a processor"}
    return {"name": name, "family": "mlp", "ezkl": ezkl, "plan": plan, "in_one_run": True, "about": machine}


def missed(records: list[dict[str, Any]]) -> list[str]:
    return [goal.what for goal in plans.goals(records) if not goal.met]


def test_a_good_plan_misses_nothing() -> None:
    records = [
        record("small", side(20), side(1)),
        record("large", side(100, rows=60_000), side(40, rows=60_000)),
    ]
    assert missed(records) == []
    page = plans.report(records, "python -m tools.plans")
    assert page.index("| `small` |") < page.index("| `large` |")
    assert "0.050" in page
    assert "0.400" in page


def test_medians_are_of_small_and_large_circuits_apart() -> None:
    records = [record("small", side(20), side(4)), record("large", side(100, rows=5000), side(40))]
    assert missed(records) == [
        f"{name}, median of 1 below 5,000 rows" for name in ("CPU", "memory", "proving key")
    ]


def test_one_plan_that_is_dearer_is_named() -> None:
    records = [record(f"good_{i}", side(20), side(1)) for i in range(3)] + [record("bad", side(20), side(22))]
    (worst,) = [goal for goal in plans.goals(records) if goal.what.startswith("CPU, worst")]
    assert not worst.met
    assert "bad" in worst.found


@pytest.mark.parametrize(
    ("ezkl_error", "plan_error", "near"),
    [(0.0001, 0.0099, True), (0.0001, 0.011, False), (0.02, 0.039, True), (0.02, 0.041, False)],
)
def test_the_tolerance_is_twice_ezkls_error_or_a_hundredth_of_the_range(
    ezkl_error: float, plan_error: float, near: bool
) -> None:
    one = record("model", side(20, error=ezkl_error), side(1, error=plan_error))
    assert plans.within_tolerance(one, "fresh") is near


def test_a_class_that_is_lost_is_beyond_the_tolerance() -> None:
    one = record("model", side(20), side(1, same_class=0.95))
    assert plans.within_tolerance(one, "calibration") is False


def test_a_plan_that_failed_is_counted_and_shown() -> None:
    failed = record("failed", side(20), {"failed": "prove: hang | it did nothing"})
    assert "plans proved and verified" in missed([failed, record("good", side(20), side(1))])
    assert "prove: hang / it did nothing" in plans.report([failed], "command")
    assert plans.ratio(failed, plans.MEASURES[0]) is None


def test_records_replace_older_ones_of_their_name(tmp_path: Path) -> None:
    runs = tmp_path / "runs.jsonl"
    for name, cpu in (("a", 1.0), ("b", 2.0), ("a", 3.0)):
        plans.store(record(name, side(20), side(cpu)), runs)
    assert list(plans.stored(runs)) == ["a", "b"]
    assert plans.stored(runs)["a"]["plan"]["bytes"]["pk"] == 30_000_000


# --- errors ----------------------------------------------------------------------------------


def test_errors_are_those_of_decoded_integers() -> None:
    expected = [(np.array([[0.5, 1.0]]),), (np.array([[2.0, -1.0]]),), (np.array([[0.0, 0.0]]),)]
    answers = Answers(rows=([[8, 16]], [[32, -20]], "too large"))
    found = judged(answers, [4], expected, spans(expected))
    assert (found["rows"], found["failed"], found["reasons"]) == (3, 1, ["too large"])
    (output,) = found["outputs"]
    assert output["max_abs"] == 0.25
    assert output["relative"] == 0.25 / 3
    assert output["same_class"] == 1.0


def test_whole_numbers_are_classes() -> None:
    expected = [(np.array([3]),), (np.array([1]),)]
    found = judged(Answers(rows=([[3]], [[2]])), [0], expected, spans(expected))
    (output,) = found["outputs"]
    assert output["whole"]
    assert output["same_class"] == 0.5


def test_several_rows_of_several_inputs_stand_in_turn() -> None:
    rows = [(np.array([[1.0, 2.0]]), np.array([True])), (np.array([[3.0, 4.0]]), np.array([False]))]
    assert input_json(rows) == {"input_data": [[1.0, 2.0, 3.0, 4.0], [1, 0]]}


# --- models ----------------------------------------------------------------------------------


def test_the_models_are_many_of_every_family_and_size() -> None:
    listed = entries()
    assert len({entry.name for entry in listed}) == len(listed) >= 45
    rows = [entry.rows for entry in listed]
    assert min(rows) < 100
    assert max(rows) > 200_000
    assert 0.4 < sum(one < plans.SMALL_ROWS for one in rows) / len(rows) < 0.6


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_a_model_and_its_rows_are_a_function_of_its_name(entry: plans.Entry) -> None:
    model, again = entry.make(), entry.make()
    assert model.model == again.model
    assert model.name == entry.name
    onnx.checker.check_model(onnx.load_from_string(model.model))
    assert (len(model.calibration), len(model.fresh)) == (CALIBRATION_ROWS, FRESH_ROWS)
    for row, same in zip([*model.calibration, *model.fresh], [*again.calibration, *again.fresh], strict=True):
        assert [array.shape for array in row] == [shape for shape, _ in free_inputs(model.model)]
        assert all(np.array_equal(one, other) for one, other in zip(row, same, strict=True))


# --- what is stored --------------------------------------------------------------------------


@pytest.mark.skipif(not plans.RUNS.exists(), reason="no runs are stored")
def test_the_stored_runs_keep_what_is_promised() -> None:
    records = [json.loads(line) for line in plans.RUNS.read_text().splitlines()]
    # A worker holds some 30 MiB before it proves anything, and EZKL's own settings take some 335 MiB for the
    # smallest of models, so no plan can be a fifteenth of them.
    assert all(what.startswith("memory, median of") and "below" in what for what in missed(records))
    assert {record["name"] for record in records} <= {entry.name for entry in entries()}
    assert all(record["in_one_run"] for record in records)
