"""Each rule fires on the smallest model that meets it and not on its neighbour; data and code agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import explanation, rules
from auditor.circuit import RunArgs
from auditor.faithful import as_ezkl_reads, find_unfaithful
from auditor.fidelity.registry import all_rules
from auditor.findings import SEVERITIES, Finding
from auditor.front_end import lower_model
from auditor.model import bind_dimensions, read_source
from tests.fidelity.building import RUN_ARGS, Case, Example
from tests.fidelity.cases import CASES

REGISTERED = {
    rule.id: rule.severity
    for kind in (all_rules().nodes, all_rules().circuits, all_rules().models)
    for rule in kind
}
FUNCTION_RULE = "AUD-FID-029"


def findings_of(example: Example, folder: Path) -> list[Finding]:
    """What our own lowering and the rules say; every fact that a rule asks for is known."""
    path = folder / "model.onnx"
    path.write_bytes(example.model)
    read = as_ezkl_reads(read_source(path))
    model, _ = bind_dimensions(read.model, {}, None)
    lowered = lower_model(path, model, read.refusals, RunArgs(**{**RUN_ARGS, **example.run_args}), "onnx")
    report = find_unfaithful(model, lowered)
    if not read.findings:  # a function that is not read has a domain whose meaning is not known
        assert report.unknown == ()
    return [*read.findings, *report.findings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_a_rule_fires_on_its_model_and_not_on_the_neighbour(case: Case, tmp_path: Path) -> None:
    found = [finding for finding in findings_of(case.wrong, tmp_path) if finding.rule == case.rule]
    assert len(found) == 1
    assert found[0].node
    neighbour = findings_of(case.right, tmp_path)
    assert [finding for finding in neighbour if finding.rule == case.rule or finding.severity == "high"] == []


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in CASES} == {*REGISTERED, FUNCTION_RULE}


def test_every_rule_has_a_page_with_its_severity() -> None:
    pages = {rule.name: rule for rule in rules.load_all("fidelity")}
    severities = {name: rule.fields["severity"] for name, rule in pages.items()}
    assert severities == REGISTERED | {FUNCTION_RULE: "high"}
    assert set(severities.values()) <= set(SEVERITIES)


def test_rules_are_found_by_their_id() -> None:
    assert [rule.name for rule in rules.find("aud-fid-004")] == ["AUD-FID-004"]
    page = explanation.text(rules.load("fidelity", "AUD-FID-004"))
    assert page.startswith("AUD-FID-004 (fidelity)")
    assert "Way out" in page
