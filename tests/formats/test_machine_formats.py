"""What SARIF, JUnit, GitLab's and GitHub's formats say, on reports made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from msgspec import Struct
from msgspec.structs import replace

from auditor import formats
from auditor.findings import Finding
from auditor.formats import sarif
from auditor.views.page import Page, Result, fingerprint
from tests.formats.examples import FEASIBLE, PRICED, REJECTED, UNREADABLE, audit
from tests.formats.test_proof_views import VIEWS

EVERYTHING = audit(FEASIBLE, PRICED, REJECTED, UNREADABLE)
MACHINE = ("json", "sarif", "junit", "gitlab", "github", "markdown", "html")


class Checked(Struct, frozen=True, dict=True):
    """A view of results only."""

    found: tuple[Result, ...]

    def page(self) -> Page:
        return Page("checked", ())

    def lines(self) -> list[str]:
        return []

    def document(self) -> dict[str, object]:
        return {}

    def results(self) -> tuple[Result, ...]:
        return self.found


def result(**fields: object) -> Result:
    given = {
        "rule": "budget max_rows",
        "outcome": "fail",
        "level": "error",
        "message": "7,800 rows are 800 over the 7,000 allowed",
        "path": "models/a b.onnx",
        "where": "auditor.toml:12",
        **fields,
    }
    print_ = fingerprint(str(given["rule"]), str(given["path"]), str(given.get("node", "")))
    return Result(**{"fingerprint": print_, **given})


SUPPRESSED = result(rule="AUD-SEC-004", suppressed="vendor model, replaced in Q1", node="/encoder")
MIXED = Checked(
    (
        result(),
        result(rule="budget max_logrows", outcome="pass", level="note", message="15 of 20"),
        result(rule="budget max_verify_gas", outcome="skip", level="warning", message="gas is not known"),
        result(rule="AUD-CIR-001", level="note", message="a tip", node="/a"),
        result(rule="AUD-CIR-001", level="note", message="another tip", node="/a"),
        SUPPRESSED,
    )
)


def log(view: object) -> dict:
    return json.loads(formats.load("sarif").render(view))["runs"][0]


def schema() -> jsonschema.Draft4Validator:
    text = (Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft4Validator(json.loads(text), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("name", MACHINE)
@pytest.mark.parametrize("view", [EVERYTHING, MIXED, Checked(()), *VIEWS.values()])
def test_the_same_report_gives_the_same_bytes(name: str, view: object) -> None:
    assert formats.load(name).render(view) == formats.load(name).render(view)


@pytest.mark.parametrize("view", [EVERYTHING, MIXED, Checked(()), *VIEWS.values()])
def test_sarif_follows_the_official_schema(view: object) -> None:
    text = formats.load("sarif").render(view)
    document = json.loads(text)
    schema().validate(document)
    assert json.dumps(document, indent=2, sort_keys=True) + "\n" == text


def test_sarif_points_at_the_model_the_node_and_the_limit() -> None:
    over, tip, tip_again, suppressed = log(MIXED)["results"]
    place = over["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "models/a%20b.onnx", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1},
    }
    limit = over["relatedLocations"][0]["physicalLocation"]
    assert (limit["artifactLocation"]["uri"], limit["region"]["startLine"]) == ("auditor.toml", 12)
    assert over["ruleId"] == "budget/max_rows"
    assert tip["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "/a"
    assert tip["partialFingerprints"] != tip_again["partialFingerprints"]
    assert suppressed["suppressions"][0]["justification"] == "vendor model, replaced in Q1"


def test_what_could_not_be_told_is_a_notification_and_no_result() -> None:
    run = log(MIXED)
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "gas is not known"
    assert "budget/max_verify_gas" not in {found["ruleId"] for found in run["results"]}


def test_rules_carry_their_help() -> None:
    fidelity = Finding(rule="AUD-FID-001", severity="high", message="x", node="/a")
    rules = {
        rule["id"]: rule
        for rule in log(audit(replace(REJECTED, findings=(*REJECTED.findings, fidelity))))["tool"]["driver"][
            "rules"
        ]
    }
    assert "batch axis" in rules["AUD-FID-001"]["help"]["text"]
    assert "**Why:**" in rules["AUD-FID-001"]["help"]["markdown"]
    assert rules["AUD-FID-001"]["properties"] == {"tags": ["fidelity"]}
    assert rules["AUD-SEC-019"]["properties"]["security-severity"] == "5.0"
    assert rules["AUD-SEC-019"]["properties"]["tags"] == ["security"]


def test_fingerprints_do_not_know_numbers_or_order() -> None:
    assert result(message="1").fingerprint == result(message="2", where="x:1").fingerprint
    assert result(node="/a").fingerprint != result(node="/b").fingerprint
    prints = {
        found["partialFingerprints"]["auditor/v1"]
        for view in (MIXED, Checked(MIXED.found[::-1]))
        for found in log(view)["results"]
    }
    assert len(prints) == 4


def test_sarif_keeps_to_the_limits_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_MOST_RESULTS", 2)
    run = log(Checked((result(level="note", rule="AUD-CIR-001"), result(), result(path="b.onnx"))))
    assert [found["level"] for found in run["results"]] == ["error", "error"]
    assert "1 milder results" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
    long = log(Checked((result(message="x" * 5000),)))["results"][0]
    assert len(long["message"]["text"]) == 1000


def test_junit_fails_what_makes_the_command_fail() -> None:
    root = ElementTree.fromstring(formats.load("junit").render(MIXED))
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["6", "1", "0", "2"]
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["budget max_rows"][0].tag == "failure"
    assert cases["budget max_rows"][0].text.endswith("[limit set at auditor.toml:12]")
    assert cases["budget max_verify_gas"][0].tag == "skipped"
    assert cases["AUD-SEC-004 /encoder"][0].get("message") == "suppressed: vendor model, replaced in Q1"
    assert cases["AUD-CIR-001 /a"][0].tag == "system-out"
    assert "AUD-CIR-001 /a (2)" in cases


def test_junit_has_a_suite_for_each_model() -> None:
    root = ElementTree.fromstring(formats.load("junit").render(EVERYTHING))
    models = sorted(model.path for model in (FEASIBLE, PRICED, REJECTED, UNREADABLE))
    assert [suite.get("name") for suite in root.findall("testsuite")] == models


def test_a_check_that_was_asked_for_and_not_run_fails() -> None:
    view = Checked((result(outcome="skip", level="error"),))
    assert ElementTree.fromstring(formats.load("junit").render(view)).get("failures") == "1"


def test_annotations_escape_what_the_runner_reads() -> None:
    view = Checked((result(path="a:b,c%.onnx", message="100%\n::error::x", rule="r,1:2"),))
    assert formats.load("github").render(view) == (
        "::error file=a%3Ab%2Cc%25.onnx,line=1,title=r%2C1%3A2::"
        "100%25⏎::error::x [limit set at auditor.toml:12]\n"
    )


def test_annotations_and_issues_leave_out_what_is_suppressed_or_fine() -> None:
    text = formats.load("github").render(MIXED)
    assert [line.partition(" ")[0] for line in text.splitlines()] == [
        "::error", "::warning", "::notice", "::notice",
    ]  # fmt: skip
    assert "not determined: gas is not known" in text
    issues = json.loads(formats.load("gitlab").render(MIXED))
    assert [issue["severity"] for issue in issues] == ["critical", "major", "info", "info"]
    assert formats.load("github").render(Checked((SUPPRESSED,))) == ""
    assert formats.load("gitlab").render(Checked((SUPPRESSED,))) == "[]\n"


def test_the_verdict_is_a_result_of_every_model() -> None:
    verdicts = [found for found in EVERYTHING.results() if found.rule == "verdict"]
    assert [found.outcome for found in verdicts] == ["pass", "pass", "fail", "skip"]
    assert [found.level for found in verdicts] == ["note", "note", "error", "warning"]
