"""EZKL's calibration, imitated: the run args that the real one writes."""

from __future__ import annotations

import json

import pytest

from auditor.circuit import RunArgs
from auditor.ezkl import ezkl_version
from auditor.guard import Limits, WorkerFailure, run_guarded
from auditor.planning.nouns import Goal
from auditor.plans.planner import Wish, plan_model, price_on
from auditor.pricing.profile_file import shipped
from tests.planning.test_search import SAMPLES, model_at

CHOSEN = ("input_scale", "param_scale", "scale_rebase_multiplier", "logrows")

pytestmark = pytest.mark.skipif(ezkl_version() is None, reason="EZKL is not installed")


@pytest.mark.parametrize("sample", ["cancer_mlp", "cancer_trees", "digits_cnn", "digits_gru"])
def test_the_run_args_are_those_ezkl_writes(sample: str) -> None:
    path = SAMPLES / sample / "model.onnx"
    rows = path.with_name("input.json")
    request = {"model": str(path.absolute()), "rows": str(rows.absolute())}
    ended = run_guarded("tools.worker:calibrate", request, stage="calibrating", limits=Limits())
    assert not isinstance(ended, WorkerFailure), ended
    theirs = json.loads(ended.value)["run_args"]
    wish = Wish(goal=Goal(), price=price_on(shipped()), input=rows, compare=True)
    planned = plan_model(model_at(path), RunArgs(), wish).planned
    assert planned is not None
    assert planned.found.calibrated is not None
    ours = planned.found.calibrated.run_args
    assert {name: getattr(ours, name) for name in CHOSEN} == {name: theirs[name] for name in CHOSEN}
    if planned.found.calibrated.size.required_lookups:
        assert list(ours.lookup_range) == theirs["lookup_range"]
