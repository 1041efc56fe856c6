"""The real EZKL, run now, against its recorded answers, our lowering, and our layout of its operations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import families
from tools import golden
from tools.compare import FrontEnd, ask, differences, ezkl_fields
from tools.truth import Case, Truth, ezkl_version, find_truth

RECORDED_VERSION, RECORDED = golden.read()
SEEDS = range(7000, 7066)
"""Held out: neither the golden file nor ``docs/accuracy.md`` uses them."""

pytestmark = pytest.mark.skipif(
    ezkl_version() != RECORDED_VERSION, reason=f"ezkl {RECORDED_VERSION} is not installed (extra `prove`)"
)


@pytest.fixture(scope="module")
def truths(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Case, Truth]]:
    models = [families.random_model(seed) for seed in SEEDS]
    cases = [Case(id=one.name, model=one.model, run_args=one.run_args) for one in models]
    return list(find_truth(cases, cache_directory=tmp_path_factory.mktemp("truth")))


def test_the_golden_file_is_what_ezkl_says(tmp_path: Path) -> None:
    recorded = {one.id: one for one in RECORDED[:: len(RECORDED) // 20]}
    asked = [case for case in golden.cases() if case.id in recorded]
    same = [case for case in asked if golden.graph_hash(case.model) == recorded[case.id].graph]
    assert same
    for case, truth in find_truth(same, cache_directory=tmp_path):
        assert golden.golden(case, truth) == recorded[case.id]


@pytest.mark.parametrize("front_end", ["onnx", "ezkl"])
def test_every_number_is_ezkls(truths: list[tuple[Case, Truth]], front_end: FrontEnd) -> None:
    wrong = {}
    for case, truth in truths:
        answer = ask(case.model, case.run_args, front_end)
        if answer.status == "failed":
            wrong[case.id] = answer.reason
        elif truth.accepted is False and answer.status == "accepted":
            wrong[case.id] = f"EZKL rejects it: {truth.reason}"
        elif truth.settings is not None and answer.status == "rejected":
            wrong[case.id] = f"EZKL accepts it, not: {answer.reason}"
        elif truth.settings is not None and answer.fields is not None:
            found = differences(answer.fields, ezkl_fields(truth.settings))
            if found:
                wrong[case.id] = str(found)
    assert wrong == {}


def test_most_seeds_are_accepted(truths: list[tuple[Case, Truth]]) -> None:
    accepted = sum(truth.accepted is True for _, truth in truths)
    assert accepted >= 0.85 * len(truths)
