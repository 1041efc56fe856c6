"""Every lint fires on its bad example and is silent on the good one."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from auditor import lints
from auditor.audit import audit
from auditor.findings import Finding
from auditor.options import parse_request
from auditor.verdict import BLOCKING_SEVERITIES
from tests.lints import examples
from tests.lints.examples.building import Example

ROOT = Path(__file__).parents[2]

EXAMPLES: dict[str, Example] = {
    id_: example
    for module in pkgutil.iter_modules(examples.__path__)
    for id_, example in getattr(
        importlib.import_module(f"tests.lints.examples.{module.name}"), "EXAMPLES", {}
    ).items()
}

ELSEWHERE = {"gate"}
"""Folders whose rules are tested with what raises them."""


def found(path: Path, example: Example, front_end: str = "auto") -> tuple[Finding, ...]:
    request = parse_request(
        settings=None,
        assignments=[f"{name}={value}" for name, value in example.settings.items()],
        dims=(),
        front_end=front_end,
        quiet=True,
    )
    report = audit("inspect", [path], replace(request, verbose=True))
    assert report.models[0].verdict.binding != "internal", report.models[0].verdict.reasons
    return report.models[0].findings


def test_every_lint_has_an_example() -> None:
    assert {item.id for item in lints.all_lints() if item.folder not in ELSEWHERE} == set(EXAMPLES)


@pytest.mark.parametrize("id_", sorted(EXAMPLES))
def test_fires_on_the_bad_example_and_not_on_the_good_one(id_: str, tmp_path: Path) -> None:
    example, lint = EXAMPLES[id_], lints.find(id_)
    if lint is None or (id_.startswith("AUD-REPO") and shutil.which("git") is None):
        pytest.skip("git is not installed")
    front_end = "ezkl" if id_ == "AUD-SUP-008" else "auto"
    if front_end == "ezkl":
        pytest.importorskip("ezkl")
    for folder in ("bad", "good"):
        (tmp_path / folder).mkdir()
    bad = found(example.bad(tmp_path / "bad"), example, front_end)
    good = found(example.good(tmp_path / "good"), example)
    mine = [finding for finding in bad if finding.rule == id_]
    assert mine, [f"{finding.rule} {finding.message}" for finding in bad]
    assert {finding.severity for finding in mine} == {lint.about.severity}
    assert all(finding.message.isprintable() and len(finding.message) < 250 for finding in mine)
    assert id_ not in {finding.rule for finding in good}


@pytest.mark.parametrize(
    "sample", sorted((ROOT / "samples").glob("*/model.onnx")), ids=lambda p: p.parent.name
)
def test_nothing_grave_is_found_in_our_own_samples(sample: Path) -> None:
    findings = found(sample, Example(bad=Path, good=Path))
    assert [item for item in findings if item.severity in BLOCKING_SEVERITIES] == []
