"""The comparison of two audited sides, which is pure, and what its view says."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest
from msgspec.structs import replace

from auditor import formats
from auditor.diffing.diff import compare, judge, match_layers
from auditor.diffing.report import DiffReport, Side
from auditor.findings import Finding
from auditor.options import Request, parse_request
from auditor.report import HardwareFacts, Layer, ModelAudit, NotRun, Span
from auditor.views.diff import DiffView
from auditor.views.diff_words import headline
from tests.formats.examples import CIRCUIT, FEASIBLE, LAYERS, REJECTED, UNREADABLE

REQUEST: Request = parse_request(layers_shown=3)


def side(audited: ModelAudit | None, revision: str | None = None) -> Side:
    return Side(label="x.onnx", path="x.onnx", revision=revision, audited=audited)


def diffed(old: ModelAudit | None, new: ModelAudit | None, limit: float | None = None) -> DiffReport:
    return compare(side(old, "HEAD"), side(new), REQUEST, limit)


def sized(rows: int, **changes: object) -> ModelAudit:
    return replace(FEASIBLE, circuit=replace(CIRCUIT, num_rows=rows, **changes))


def on_machine(mid: float, factor: float = 2) -> HardwareFacts:
    seconds = Span(low=mid / factor, mid=mid, high=mid * factor)
    return HardwareFacts(
        profile="laptop", status="feasible", binding=None, reasons=(), setup_seconds=seconds,
        prove_seconds=seconds, verify_seconds=seconds, peak_memory_bytes=Span(low=1e9, mid=2e9, high=3e9),
        disk_bytes=5, usd_per_proof=None, usd_per_thousand_proofs=None, replicas=None, evidence="assumed",
        measured_range="", warnings=(),
    )  # fmt: skip


def layer(node: str, operator: str = "Conv", rows: int = 10, cells: int = 20) -> Layer:
    return Layer(node=node, operator=operator, num_rows=rows, total_assignments=cells)


EVERY = {
    "same": diffed(FEASIBLE, FEASIBLE),
    "grew": diffed(FEASIBLE, sized(9360), 10),
    "shrank": diffed(FEASIBLE, sized(3900), 10),
    "worse": diffed(FEASIBLE, REJECTED, 10),
    "better": diffed(REJECTED, FEASIBLE, 10),
    "unreadable": diffed(UNREADABLE, FEASIBLE, 10),
    "neither": diffed(UNREADABLE, REJECTED),
    "new": diffed(None, FEASIBLE, 10),
    "gone": diffed(FEASIBLE, None, 10),
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("same", "no change: 7,800 rows"),
        ("grew", "+1,560 rows (+20 %): 7,800 before, 9,360 now"),
        ("shrank", "-3,900 rows (-50 %): 7,800 before, 3,900 now"),
        ("worse", "rows unknown now, 7,800 before; infeasible (support) now, feasible before"),
        ("better", "7,800 rows now, was unknown before; feasible now, infeasible (support) before"),
        ("unreadable", "7,800 rows now, was unknown before; feasible now, undetermined (input) before"),
        ("neither", "rows unknown on both sides; infeasible (support) now, undetermined (input) before"),
        ("new", "new model: 7,800 rows"),
        ("gone", "model removed: it had 7,800 rows"),
    ],
)
def test_the_headline_has_direction_and_amount_first(name: str, expected: str) -> None:
    assert headline(EVERY[name]) == expected


def test_the_headline_of_equal_rows_names_what_moved() -> None:
    larger = replace(FEASIBLE, artifacts=replace(FEASIBLE.artifacts, proof_bytes=3912))
    assert headline(diffed(FEASIBLE, larger)) == "proof +1,000 B (+34.3 %); rows unchanged at 7,800"
    moved = sized(7800, layers=(*LAYERS[:-1], layer("/other", rows=1200, cells=2401)))
    assert headline(diffed(FEASIBLE, moved)) == "rows unchanged at 7,800"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("same", 0),
        ("grew", 1),
        ("shrank", 0),
        ("worse", 1),
        ("better", 3),
        ("unreadable", 3),
        ("new", 0),
        ("gone", 0),
    ],
)
def test_the_exit_code_is_the_new_sides_or_the_gates(name: str, code: int) -> None:
    assert EVERY[name].exit_code == code


def test_the_gate_counts_in_whole_rows() -> None:
    assert diffed(sized(1000), sized(1100), 10).gate.passed is True
    assert diffed(sized(1000), sized(1101), 10).gate.passed is False
    assert diffed(sized(1000), sized(1001), 0).exit_code == 1
    assert diffed(sized(1000), sized(1000), 0).exit_code == 0
    assert diffed(sized(0), sized(1), 1000).exit_code == 1
    assert diffed(FEASIBLE, sized(9360)).exit_code == 0
    assert diffed(UNREADABLE, FEASIBLE).exit_code == 0


def test_a_fault_of_ours_on_the_old_side_is_not_hidden() -> None:
    failed = replace(UNREADABLE, verdict=replace(UNREADABLE.verdict, exit_code=4))
    assert diffed(failed, FEASIBLE).exit_code == 4


def test_a_grave_finding_on_the_new_side_fails() -> None:
    grave = replace(FEASIBLE, findings=(Finding(rule="AUD-SEC-001", severity="high", message="m"),))
    assert diffed(FEASIBLE, grave).exit_code == 1
    assert diffed(grave, FEASIBLE).exit_code == 0


def span(low: float, mid: float, high: float) -> Span:
    return Span(low=low, mid=mid, high=high)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (span(7, 7, 7), span(7, 7, 7), "same"),
        (span(7, 7, 7), span(8, 8, 8), "grew"),
        (span(8, 8, 8), span(7, 7, 7), "shrank"),
        (span(1, 2, 4), span(1.5, 3, 6), "within error"),
        (span(1, 2, 4), span(3, 6, 12), "grew"),
        (span(3, 6, 12), span(1, 2, 4), "shrank"),
        (span(1, 2, 9), span(5, 6, 7), "within error"),
        (None, span(1, 2, 3), "unknown"),
        (span(1, 2, 3), None, "unknown"),
    ],
)
def test_a_change_within_the_error_is_none(old: Span | None, new: Span | None, expected: str) -> None:
    assert judge(old, new) == expected


def test_unknown_is_never_a_number() -> None:
    for name in ("worse", "better", "unreadable"):
        for item in EVERY[name].quantities:
            assert (item.difference, item.percent, item.judgement) == (None, None, "unknown")
    text = formats.load("terminal").render(DiffView(EVERY["unreadable"]))
    assert "was unknown" in text
    assert "+7,800" not in text


def test_machines_are_matched_by_name_and_judged_by_their_ranges() -> None:
    old, near, far = (replace(FEASIBLE, hardware=(on_machine(mid),)) for mid in (10, 11, 100))
    judged = {item.name: item.judgement for item in diffed(old, near).quantities if item.profile == "laptop"}
    assert judged["prove_seconds"] == "within error"
    assert judged["peak_memory_bytes"] == judged["disk_bytes"] == "same"
    told = "\n".join(DiffView(diffed(old, far)).lines())
    assert "prove_seconds on laptop 5.0-20 s -> 0.8-3.3 min (+1 min 30 s, +900 %)" in told
    assert headline(diffed(old, far)).startswith("laptop: ")


def test_layers_are_matched_by_name_then_size_then_operator() -> None:
    old = [
        layer("a"),
        layer("b", "Gemm", 5, 9),
        layer("c", "Relu"),
        layer("n1", cells=30),
        layer("gone", "Pad"),
    ]
    new = [
        layer("a", cells=25),
        layer("x", "Gemm", 5, 9),
        layer("c", "Sigmoid"),
        layer("n2", cells=37),
        layer("added", "Clip", 7, 70),
    ]
    found = match_layers(old, new)
    said = [
        (item.change, item.old and item.old.node, item.new and item.new.node, item.cells)
        for item in found.changes
    ]
    assert said == [
        ("added", None, "added", 70),
        ("removed", "gone", None, -20),
        ("changed", "n1", "n2", 7),
        ("changed", "a", "a", 5),
        ("changed", "c", "c", 0),
    ]
    assert found.unchanged == 1
    assert sum(item.cells for item in found.changes) == sum(i.total_assignments for i in new) - sum(
        i.total_assignments for i in old
    )


def test_a_new_export_that_renames_all_nodes_changes_no_layer() -> None:
    renamed = [replace(item, node=f"new{item.node}") for item in LAYERS]
    assert match_layers(LAYERS, renamed).changes == ()
    twice = [layer("same"), layer("same")]
    assert match_layers(twice, twice[:1]).unchanged == 1


def test_many_layers_take_no_time() -> None:
    many = [layer(f"a{i}", cells=i % 7) for i in range(50_000)]
    assert len(match_layers(many, [replace(item, node=f"b{item.node}") for item in many[1:]]).changes) == 1


def test_findings_are_matched_even_where_their_numbers_differ() -> None:
    def found(*messages: str) -> ModelAudit:
        return replace(
            FEASIBLE,
            findings=tuple(Finding(rule="R", severity="low", message=text, node="n") for text in messages),
        )

    changes = diffed(found("1 byte", "x"), found("x", "2 bytes", "y")).findings
    assert [finding.message for finding in changes.appeared] == ["y"]
    assert changes.vanished == ()
    assert diffed(UNREADABLE, found("x")).findings is None


def test_a_finding_of_a_rule_that_was_not_asked_of_the_other_side_is_no_change() -> None:
    def found(*rules: str) -> ModelAudit:
        return replace(
            FEASIBLE, findings=tuple(Finding(rule=rule, severity="low", message="m") for rule in rules)
        )

    deaf = replace(FEASIBLE, not_run=(NotRun(rule="AUD-CIR-001", reason="no circuit"),))
    assert diffed(deaf, found("AUD-CIR-001")).findings.appeared == ()
    assert diffed(found("AUD-CIR-001"), deaf).findings.vanished == ()
    assert diffed(FEASIBLE, found("AUD-REPO-002")).findings.appeared == ()
    both = compare(side(FEASIBLE), side(found("AUD-REPO-002")), REQUEST)
    assert len(both.findings.appeared) == 1


def test_operators_and_run_args() -> None:
    other = replace(
        FEASIBLE,
        model=replace(FEASIBLE.model, operators={"Conv": 5, "Gemm": 1, "Relu": 6}),
        circuit=replace(CIRCUIT, run_args={**CIRCUIT.run_args, "input_scale": 9}),
    )
    report = diffed(FEASIBLE, other)
    assert [(item.operator, item.old, item.new) for item in report.operators] == [
        ("Conv", 6, 5),
        ("Gemm", 0, 1),
    ]
    assert report.run_args == {"input_scale": (7, 9)}
    assert "input_scale: 7 → 9" in formats.load("terminal").render(DiffView(report))


@pytest.mark.parametrize("name", EVERY)
def test_every_format_takes_every_diff(name: str) -> None:
    view = DiffView(EVERY[name])
    for form in formats.reports():
        text = formats.load(form).render(view)
        assert text == formats.load(form).render(view)
    document = json.loads(formats.load("json").render(view))
    schema = json.loads((resources.files("auditor") / "schemas" / "diff-1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["headline"] in "".join(view.lines())
    page = formats.load("terminal").render(view)
    assert max(map(len, page.splitlines())) <= 80


def test_results_are_the_verdict_what_appeared_and_the_gate() -> None:
    new = replace(sized(9360), findings=(Finding(rule="R", severity="low", message="m"),))
    results = DiffView(diffed(FEASIBLE, new, 10)).results()
    assert [(item.rule, item.outcome, item.path) for item in results] == [
        ("verdict", "pass", "x.onnx"), ("R", "fail", "x.onnx"), ("increase num_rows", "fail", "x.onnx"),
    ]  # fmt: skip
    assert [item.rule for item in DiffView(diffed(new, new)).results()] == ["verdict"]
    assert DiffView(EVERY["gone"]).results()[0].outcome == "pass"


def test_a_page_shows_the_largest_layers_and_sums_up_the_rest() -> None:
    less = sized(1000, layers=tuple(replace(item, total_assignments=1, num_rows=1) for item in LAYERS))
    text = formats.load("terminal").render(DiffView(diffed(FEASIBLE, less)))
    assert "/layer12" in text
    assert "/layer9" not in text
    assert "9 smaller changes" in text
