"""Our lowering and layout against recorded answers of the real EZKL; EZKL itself is not needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.options import parse_request
from tools import golden
from tools.compare import Answer, ask, differences
from tools.truth import Case

MIN_COVERAGE = 0.98
"""The share of accepted models on which our own lowering is certain."""

MIN_SUPPORT = 0.97
"""The share of models on which acceptance agrees, undetermined being disagreement."""

Answered = list[tuple[golden.Golden, Answer]]


@pytest.fixture(scope="module")
def answered() -> Answered:
    """Every golden case whose model this machine makes the same, with our answer."""
    _, recorded = golden.read()
    models: dict[str, Case] = {case.id: case for case in golden.cases()}
    same = [one for one in recorded if golden.graph_hash(models[one.id].model) == one.graph]
    # Another onnx version may word its own node tests differently; our generators must not change.
    assert len(same) >= 0.8 * len(recorded)
    return [(one, ask(models[one.id].model, one.run_args, "onnx")) for one in same]


def test_generators_make_the_recorded_models() -> None:
    _, recorded = golden.read()
    graphs = {one.id: one.graph for one in recorded}
    seeded = [case for case in golden.cases() if case.id in graphs and not case.id.startswith("test_")]
    assert [case.id for case in seeded if golden.graph_hash(case.model) != graphs[case.id]] == []


def test_nothing_fails(answered: Answered) -> None:
    assert {one.id: answer.reason for one, answer in answered if answer.status == "failed"} == {}


def test_every_number_is_ezkls(answered: Answered) -> None:
    wrong = {
        one.id: differences(answer.fields, one.fields)
        for one, answer in answered
        if one.fields is not None and answer.fields is not None and differences(answer.fields, one.fields)
    }
    assert wrong == {}


def test_what_ezkl_accepts_is_covered(answered: Answered) -> None:
    accepted = [(one, answer) for one, answer in answered if one.fields is not None]
    open_cases = {one.id: answer.reason for one, answer in accepted if answer.status != "accepted"}
    assert len(open_cases) <= (1 - MIN_COVERAGE) * len(accepted), open_cases


def test_support_agrees(answered: Answered) -> None:
    wanted = [
        ("accepted" if one.fields is not None else "rejected", one.id, answer) for one, answer in answered
    ]
    disagree = {
        name: (answer.status, answer.reason) for status, name, answer in wanted if status != answer.status
    }
    assert len(disagree) <= (1 - MIN_SUPPORT) * len(answered), disagree


def test_no_audit_fails(tmp_path: Path) -> None:
    """The whole pipeline, findings and report included, over every model of the golden file."""
    request = parse_request(settings=None, assignments=(), dims=(), front_end="onnx", quiet=True)
    failed = {}
    for case in golden.cases():
        path = tmp_path / "model.onnx"
        path.write_bytes(case.model)
        report = audit("estimate", [path], request)
        if report.models[0].verdict.binding == "internal":
            failed[case.id] = report.models[0].verdict.reasons
    assert failed == {}
