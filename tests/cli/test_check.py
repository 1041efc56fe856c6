"""``auditor check`` from its words to its exit code."""

from __future__ import annotations

import json
import subprocess
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import onnx
import pytest

from auditor import formats
from auditor.cli import run
from tests.cli import models
from tests.fidelity.cases import CASES

BUDGET = """\
[budget."m/*.onnx"]
max_rows = 10_000
max_logrows = 20
message = "ask #zk"
"""


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two models, one of them larger."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "m").mkdir()
    monkeypatch.chdir(tmp_path)
    models.perceptron(tmp_path / "m" / "a.onnx")
    models.perceptron(tmp_path / "m" / "b.onnx", hidden=100)
    return tmp_path


def configure(text: str) -> None:
    Path("auditor.toml").write_text(text)


class Ran:
    """What a command line gave."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        capsys.readouterr()
        self.code = run(["check", *words])
        self.out, self.err = capsys.readouterr()

    @property
    def document(self) -> dict:
        return json.loads(self.out)


def test_without_words_the_configuration_says_which_models(capsys: pytest.CaptureFixture[str]) -> None:
    configure(BUDGET)
    ran = Ran(capsys, "--format", "concise")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "PASS [pass: 6 fail: 0 skip: 0]"
    assert "m/a.onnx: PASS max_rows: rows 402 <= 10,000 (auditor.toml:2)" in ran.out


def test_over_budget_says_by_how_much_and_where_the_limit_is(capsys: pytest.CaptureFixture[str]) -> None:
    configure(BUDGET.replace("10_000", "1_000"))
    ran = Ran(capsys, "--format", "concise")
    assert ran.code == 1
    line = "m/b.onnx: FAIL max_rows: rows 3,622 > 1,000, over by 2,622 (262.2%) (auditor.toml:2): ask #zk"
    assert line in ran.out
    assert ran.out.splitlines()[-1] == "FAIL [pass: 5 fail: 1 skip: 0]"
    assert Ran(capsys, "--exit-zero").code == 0
    assert Ran(capsys, "m/a.onnx").code == 0
    page = Ran(capsys, "--format", "terminal").out
    assert "FAIL   [pass: 5 fail: 1 skip: 0]" in page
    assert max(len(text) for text in page.splitlines()) <= 80


def test_the_document_keeps_its_schema_and_is_repeatable(capsys: pytest.CaptureFixture[str]) -> None:
    configure(BUDGET + "max_verify_gas = 1\nmax_peak_memory = '1 GiB'\n" + 'max_increase = { rows = "5%" }\n')
    schema = json.loads((resources.files("auditor") / "schemas" / "check-1.schema.json").read_text())
    ran = Ran(capsys, "--format", "json")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(ran.document)
    assert ran.out == Ran(capsys, "--format", "json").out
    assert ran.document["verdict"] == {"status": "fail", "exit_code": 1}
    model = ran.document["models"][0]
    assert model["amounts"]["rows"] == {"low": 402, "mid": 402, "high": 402}
    names = {check["name"]: check["outcome"] for check in model["checks"]}
    assert names == {
        "verdict": "pass", "max_rows": "pass", "max_logrows": "pass", "max_increase.rows": "skip",
        "max_verify_gas on ethereum-mainnet": "fail", "max_peak_memory on reference-epyc-2c": "pass",
    }  # fmt: skip


@pytest.mark.parametrize("name", formats.reports())
def test_every_format_shows_it(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    configure(BUDGET.replace("10_000", "1_000"))
    file = tmp_path / "out"
    ran = Ran(capsys, "--format", "json", "--output", f"{name}={file}")
    assert ran.code == 1
    assert "max_rows" in file.read_text()
    assert ran.document["schema"] == "auditor.check/1"


def test_what_is_unknown_is_skipped_and_never_zero(capsys: pytest.CaptureFixture[str]) -> None:
    models.perceptron(Path("m/open.onnx"), batch="seq_len")
    configure(BUDGET)
    ran = Ran(capsys, "m/open.onnx", "--format", "json")
    assert ran.code == 3
    assert {check["outcome"] for check in ran.document["models"][0]["checks"]} == {"skip"}
    assert ran.document["models"][0]["amounts"]["rows"] is None
    assert ran.document["verdict"]["status"] == "undetermined"
    assert Ran(capsys, "m/open.onnx", "--allow-undetermined").code == 0
    assert Ran(capsys, "m/open.onnx", "--exit-zero").code == 0
    configure('[models."m/open.onnx"]\ndims = { seq_len = 1 }\n' + BUDGET)
    assert Ran(capsys, "m/open.onnx").code == 0


def test_exit_codes_have_their_precedence(capsys: pytest.CaptureFixture[str]) -> None:
    models.perceptron(Path("m/open.onnx"), batch="seq_len")
    Path("m/broken.onnx").write_bytes(b"\x08\x08broken")
    configure(BUDGET.replace("10_000", "1_000"))
    assert Ran(capsys, "m/open.onnx", "m/b.onnx").code == 1
    ran = Ran(capsys, "m/open.onnx", "m/b.onnx", "m/broken.onnx", "--exit-zero", "--format", "concise")
    assert ran.code == 2
    assert ran.out.splitlines()[-1].startswith("FAIL")
    assert Ran(capsys, "m/open.onnx", "m/a.onnx").code == 3


def test_run_args_dims_and_visibility_of_the_configuration_hold(capsys: pytest.CaptureFixture[str]) -> None:
    configure(
        '[models."m/*.onnx"]\nrun_args = { input_scale = 5, num_inner_cols = 4 }\n'
        'visibility = { input = "private", param = "private" }\n' + BUDGET
    )
    changed = Ran(capsys, "m/a.onnx", "--format", "json").document["models"][0]["amounts"]
    configure(BUDGET)
    default = Ran(capsys, "m/a.onnx", "--format", "json").document["models"][0]["amounts"]
    assert changed["rows"] != default["rows"]


def test_a_plan_is_made_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("x.npz", x=np.ones((4, 1, 4), np.float32))
    configure('[models."m/a.onnx"]\nplan = true\ninputs = "x.npz"\n[budget."m/a.onnx"]\nmax_rows = 400\n')
    ran = Ran(capsys, "m/a.onnx", "--format", "json")
    assert ran.document["models"][0]["amounts"]["rows"]["mid"] < 402
    Path("x.npz").write_bytes(b"nothing")
    assert Ran(capsys, "m/a.onnx").code == 2


def test_time_is_held_only_where_somebody_asks(capsys: pytest.CaptureFixture[str]) -> None:
    text = BUDGET + 'max_prove_seconds = { profile = "laptop-8c-16g", value = 0.001 }\n'
    configure(text)
    assert Ran(capsys, "m/a.onnx").code == 0
    ran = Ran(capsys, "m/a.onnx", "--gate-time", "--format", "concise")
    assert ran.code == 1
    assert "FAIL max_prove_seconds on laptop-8c-16g: prove seconds " in ran.out
    configure("gate_time = true\n" + text)
    assert Ran(capsys, "m/a.onnx").code == 1


def test_machines_and_chains_that_are_named_must_do(capsys: pytest.CaptureFixture[str]) -> None:
    configure(
        '[models."m/a.onnx"]\nhardware = ["browser-wasm32-1t"]\nchains = ["base"]\npolicy = "interactive"\n'
    )
    ran = Ran(capsys, "m/a.onnx", "--format", "json")
    amounts = ran.document["models"][0]["amounts"]
    assert "peak_memory@browser-wasm32-1t" in amounts
    assert "verify_gas@base" in amounts


# --- baselines -----------------------------------------------------------------------------


INCREASE = BUDGET + 'max_increase = { rows = "10%", proving_key_bytes = "1 GiB" }\n'


def test_without_a_baseline_an_increase_is_not_determined(capsys: pytest.CaptureFixture[str]) -> None:
    configure(INCREASE)
    ran = Ran(capsys, "--format", "concise")
    assert ran.code == 3
    assert "SKIP max_increase.rows: no baseline: write one with" in ran.out


def test_a_baseline_is_written_compared_and_kept_for_others(capsys: pytest.CaptureFixture[str]) -> None:
    configure('baseline = "base.json"\n' + INCREASE)
    assert Ran(capsys, "--write-baseline", "base.json").code == 0
    first = Path("base.json").read_text()
    assert set(json.loads(first)["models"]) == {"m/a.onnx", "m/b.onnx"}
    assert "seconds" not in first
    assert Ran(capsys).code == 0
    models.perceptron(Path("m/a.onnx"), hidden=20)
    ran = Ran(capsys, "--format", "concise")
    assert ran.code == 1
    assert (
        "FAIL max_increase.rows: rows 822 was 402 in base.json: +420 (+104.5%), allowed +10 %, over by"
        in ran.out
    )
    assert Ran(capsys, "m/a.onnx", "--write-baseline", "base.json").code == 0
    second = json.loads(Path("base.json").read_text())["models"]
    assert second["m/b.onnx"] == json.loads(first)["models"]["m/b.onnx"]
    assert second["m/a.onnx"]["amounts"]["rows"] == 822
    assert Ran(capsys).code == 0
    Path("m/a.onnx").rename("m/renamed.onnx")
    assert "rows 822 was 822" in Ran(capsys, "m/renamed.onnx", "--format", "concise").out
    models.perceptron(Path("m/new.onnx"), hidden=3)
    ran = Ran(capsys, "m/new.onnx", "--format", "concise")
    assert ran.code == 0
    assert "a new model" in ran.out


def test_a_revision_is_a_baseline(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    (repository / ".git").rmdir()

    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True, capture_output=True
        )

    git("init", "-q")
    configure(INCREASE)
    git("add", ".")
    git("commit", "-qm", "first")
    assert Ran(capsys, "--baseline-rev", "HEAD").code == 0
    models.perceptron(Path("m/a.onnx"), hidden=20)
    models.perceptron(Path("m/new.onnx"))
    ran = Ran(capsys, "--baseline-rev", "HEAD", "--format", "concise")
    assert ran.code == 1
    assert "m/a.onnx: FAIL max_increase.rows: rows 822 was 402 in revision HEAD: +420" in ran.out
    assert "m/new.onnx: SKIP max_increase.rows: a new model" in ran.out
    assert Ran(capsys, "--baseline-rev", "nowhere").code == 2
    assert Ran(capsys, "--baseline-rev", "HEAD", "--baseline", "x.json").code == 2


# --- findings and suppressions -------------------------------------------------------------


def unusual() -> None:
    model = onnx.load("m/a.onnx")
    model.graph.node[1].name = "re\u202elu"
    onnx.save(model, "m/a.onnx")


IGNORE = """\
[[ignore]]
rule = "AUD-SEC-019"
models = ["m/a.onnx"]
reason = "an old exporter"
"""


def test_findings_fail_from_a_severity_on(capsys: pytest.CaptureFixture[str]) -> None:
    unusual()
    assert Ran(capsys, "m/a.onnx").code == 0
    ran = Ran(capsys, "m/a.onnx", "--fail-on", "medium", "--format", "concise")
    assert ran.code == 1
    assert "m/a.onnx: AUD-SEC-019 medium" in ran.out
    assert Ran(capsys, "m/a.onnx", "--fail-on", "grave").code == 2
    configure('fail_on = "medium"')
    assert Ran(capsys, "m/a.onnx").code == 1


def test_a_suppression_holds_until_it_expires(capsys: pytest.CaptureFixture[str]) -> None:
    unusual()
    configure(f'fail_on = "medium"\n{IGNORE}expires = 2999-01-01\n')
    ran = Ran(capsys, "m/a.onnx", "--format", "concise")
    assert ran.code == 0
    assert "AUD-SEC-019" not in ran.out
    shown = Ran(capsys, "m/a.onnx", "--format", "concise", "--show-suppressed").out
    assert "[suppressed by auditor.toml:2: an old exporter]" in shown
    finding = Ran(capsys, "m/a.onnx", "--format", "json").document["models"][0]["findings"][0]
    assert finding["suppressed"] == {"reason": "an old exporter", "where": "auditor.toml:2"}
    configure(f'fail_on = "medium"\n{IGNORE}expires = 2020-01-01\n')
    ran = Ran(capsys, "m/a.onnx", "--format", "concise")
    assert ran.code == 1
    assert (
        "auditor.toml:2: AUD-CFG-003 medium this suppression of AUD-SEC-019 expired on 2020-01-01" in ran.out
    )
    assert "m/a.onnx: AUD-SEC-019 medium" in ran.out


def test_a_suppression_that_nothing_needs_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    configure(f"{IGNORE}permanent = true\n")
    ran = Ran(capsys, "m/a.onnx", "--format", "concise")
    assert "auditor.toml:1: AUD-CFG-004 low this suppression of AUD-SEC-019 suppresses nothing" in ran.out
    assert ran.code == 0
    assert Ran(capsys, "m/a.onnx", "--fail-on", "low").code == 1
    assert "AUD-CFG-004" not in Ran(capsys, "m/b.onnx", "--format", "concise").out
    configure(IGNORE.replace("AUD-SEC-019", "AUD-FID-001") + "permanent = true\n")
    assert "AUD-CFG-004" not in Ran(capsys, "m/a.onnx", "--static", "--format", "concise").out
    assert "AUD-CFG-004" in Ran(capsys, "m/a.onnx", "--format", "concise").out


def test_an_unfaithful_circuit_can_be_accepted_and_only_as_a_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = next(case for case in CASES if case.rule == "AUD-FID-005")
    Path("m/a.onnx").write_bytes(case.wrong.model)
    ran = Ran(capsys, "m/a.onnx", "--format", "concise")
    assert ran.code == 1
    assert "FAIL verdict: infeasible (fidelity): AUD-FID-005" in ran.out
    ignore = IGNORE.replace("AUD-SEC-019", "AUD-FID-005")
    configure(f"{ignore}permanent = true\n")
    ran = Ran(capsys, "m/a.onnx", "--format", "concise")
    assert ran.code == 0, ran.out
    assert "SKIP verdict: infeasible (fidelity), and every finding behind that is suppressed" in ran.out
    configure(f"{ignore}permanent = true\nnodes = ['other']\n")
    assert Ran(capsys, "m/a.onnx").code == 1


def test_what_people_write_into_a_configuration_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    configure('[budget."m/a.onnx"]\nmax_rows = 1\nmessage = "\\u001b[31m\\n::error::x"\n')
    for name in ("concise", "terminal", "json", "sarif"):
        out = Ran(capsys, "m/a.onnx", "--format", name).out
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if line.startswith("::")]


def test_static_looks_at_no_circuit(capsys: pytest.CaptureFixture[str]) -> None:
    configure(BUDGET.replace("10_000", "1"))
    ran = Ran(capsys, "--static", "--format", "json")
    assert ran.code == 0
    assert {model["depth"] for model in ran.document["models"]} == {"static"}
    assert {model["status"] for model in ran.document["models"]} == {None}
    assert ran.document["counts"] == {"pass": 2, "fail": 0, "skip": 4}


def test_an_excluded_file_that_is_named_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    configure('exclude = ["m/b.onnx"]\n')
    ran = Ran(capsys, "m/b.onnx", "m/a.onnx", "--format", "concise")
    assert ran.code == 0
    assert "m/b.onnx: excluded by auditor.toml:1" in ran.out
    assert "b.onnx" not in Ran(capsys, "m", "--format", "concise").out


def test_another_configuration_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("strict.toml").write_text('[budget."m/*.onnx"]\nmax_rows = 1\n')
    ran = Ran(capsys, "m/a.onnx", "--config", "strict.toml", "--format", "concise")
    assert ran.code == 1
    assert "(strict.toml:2)" in ran.out
    assert Ran(capsys, "m/a.onnx", "--config", "missing.toml").code == 2


def test_names_of_models_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    name = "m/\x1b[31m::error::x.onnx"
    Path("m/a.onnx").rename(name)
    for format_ in ("concise", "terminal", "json"):
        out = Ran(capsys, name, "--format", format_).out
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if line.startswith("::")]
