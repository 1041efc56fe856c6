"""Baselines and suppressions as values."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from auditor.config.nouns import Origin, Suppression
from auditor.errors import UsageError
from auditor.findings import Finding
from auditor.gate.baseline import Entry, entry_of, find_old, read_baseline, write_baseline
from auditor.gate.nouns import Amount, Unknown
from auditor.gate.suppress import judge_findings

TODAY = date(2026, 11, 29)
FINDING = Finding(rule="AUD-SEC-012", severity="high", message="too deep", node="/encoder/a")
RULE = Suppression(
    rules=("AUD-SEC-012",), models=(), nodes=(), reason="known", expires=TODAY, origin=Origin(words="a:1")
)


def test_a_baseline_survives_its_file(tmp_path: Path) -> None:
    amounts = {
        "rows": Amount(low=1, mid=2, high=3),
        "logrows": Unknown(reason="?"),
        "prove_seconds@x": Amount(low=1, mid=1, high=1),
    }
    models = {"m/a.onnx": entry_of("f" * 64, amounts), "b.onnx": Entry(sha256=None, amounts={})}
    file = tmp_path / "b.json"
    file.write_text(write_baseline(models))
    assert read_baseline(file) == {
        "m/a.onnx": Entry(sha256="f" * 64, amounts={"logrows": None, "rows": 2}),
        "b.onnx": Entry(sha256=None, amounts={}),
    }
    assert write_baseline(dict(reversed(list(models.items())))) == file.read_text()


def test_a_model_is_found_by_its_path_or_else_its_content() -> None:
    baseline = {"a": Entry(sha256="1", amounts={"rows": 1}), "b": Entry(sha256="2", amounts={"rows": 2})}
    assert find_old(baseline, "a", "2", "x").amounts == {"rows": 1}  # type: ignore[union-attr]
    assert find_old(baseline, "c", "2", "x").amounts == {"rows": 2}  # type: ignore[union-attr]
    assert find_old(baseline, "c", "3", "x") is None
    assert find_old(baseline, "c", None, "x") is None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "nonsense", '{"schema": "auditor.baseline/2", "models": {}}',
        '{"schema": "auditor.baseline/1"}', '{"schema": "auditor.baseline/1", "models": {"a": 1}}',
        '{"schema": "auditor.baseline/1", "models": {"a": {"amounts": {"rows": "1"}}}}',
        '{"schema": "auditor.baseline/1", "models": {"a": {"amounts": {"rows": NaN}}}}',
        '{"schema": "auditor.baseline/1", "models": {"a": {"amounts": {"rows": true}}}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_file_that_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"b\.json: .*; write it again"):
        read_baseline(file)


def test_a_missing_baseline_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--write-baseline"):
        read_baseline(tmp_path / "b.json")


def test_json_of_a_baseline_is_sorted() -> None:
    text = write_baseline({"a": Entry(sha256=None, amounts={"z": 1, "a": None})})
    assert json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n" == text


def judged(
    suppression: Suppression, finding: Finding = FINDING, fail_on: str = "high"
) -> tuple[str, str | None, int]:
    (item,), used = judge_findings([finding], [suppression], fail_on, TODAY)
    return item.level, item.suppressed, len(used)


def test_a_suppression_holds_to_the_end_of_its_last_day() -> None:
    assert judged(RULE) == ("error", "known", 1)
    assert judged(replace(RULE, expires=date(2026, 11, 28))) == ("error", None, 0)
    assert judged(replace(RULE, expires=None)) == ("error", "known", 1)


def test_a_suppression_is_about_its_rules_and_whole_names_of_nodes() -> None:
    assert judged(replace(RULE, rules=("AUD-SEC-013",)))[1] is None
    assert judged(replace(RULE, nodes=("/encoder/.*",)))[1] == "known"
    assert judged(replace(RULE, nodes=("/encoder/",)))[1] is None
    assert judged(replace(RULE, nodes=("x", "/enc.*")))[1] == "known"


@pytest.mark.parametrize(
    ("severity", "fail_on", "level"),
    [
        ("critical", "high", "error"), ("high", "high", "error"), ("medium", "high", "warning"),
        ("low", "high", "note"), ("info", "info", "error"), ("high", "critical", "warning"),
        ("low", "medium", "note"), ("medium", "medium", "error"),
    ],
)  # fmt: skip
def test_levels(severity: str, fail_on: str, level: str) -> None:
    assert judged(RULE, replace(FINDING, severity=severity), fail_on)[0] == level
