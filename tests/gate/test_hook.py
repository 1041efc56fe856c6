"""The hook of pre-commit, as a process: silent, quick where nothing changed, never fooled by its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest

from tests.cli import models

ROOT = Path(__file__).parents[2]

HEAVY = {"onnx", "onnxruntime", "ezkl", "rich", "typer", "pyrevm", "pydantic", "torch"}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one model, and a cache of its own."""
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    models.perceptron(root / "a.onnx")
    return root


def hook(*words: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "auditor.hook", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(*words: str) -> tuple[int, str]:
    ended = hook(*words)
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def loaded(*words: str) -> set[str]:
    lines = hook(*words, python=("-X", "importtime")).stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def budget(limit: int, more: str = "") -> None:
    Path("auditor.toml").write_text(f'[budget."*.onnx"]\nmax_rows = {limit}\nmessage = "ask #zk"\n{more}')


def settle() -> None:
    """Lets the files at hand grow old enough for their times to be trusted."""
    old = time.time() - 60
    for path in Path().rglob("*"):
        if path.is_file():
            os.utime(path, (old, old))


def test_success_is_silent_and_remembered() -> None:
    budget(10_000)
    assert said("a.onnx") == (0, "")
    assert len(list((Path(os.environ["AUDITOR_CACHE"]) / "verdicts").iterdir())) == 1
    assert said("a.onnx") == (0, "")
    assert said() == (0, "")


def test_failure_says_what_where_by_how_much_and_what_to_do() -> None:
    budget(10)
    code, out = said("a.onnx")
    assert code == 1
    first, last = out.splitlines()
    assert first.startswith("a.onnx: FAIL max_rows: rows ")
    assert first.endswith("(auditor.toml:2): ask #zk")
    assert last == "FAIL [pass: 1 fail: 1 skip: 0]"
    assert said("a.onnx") == (code, out)


def test_a_change_of_model_or_configuration_is_noticed() -> None:
    budget(10_000)
    settle()
    assert said("a.onnx") == (0, "")
    budget(10)
    assert said("a.onnx")[0] == 1
    budget(10_000)
    assert said("a.onnx") == (0, "")
    budget(500)
    assert said("a.onnx") == (0, "")
    models.perceptron(Path("a.onnx"), hidden=100)
    assert said("a.onnx")[0] == 1
    Path("auditor.toml").unlink()
    assert said("a.onnx") == (0, "")
    Path(".auditor.toml").write_text('[budget."*.onnx"]\nmax_rows = 1\n')
    assert said("a.onnx")[0] == 1


def test_a_nearer_configuration_that_appears_is_noticed(repository: Path) -> None:
    (repository / "m").mkdir()
    models.perceptron(repository / "m" / "b.onnx")
    budget(10_000)
    assert said("m/b.onnx") == (0, "")
    Path("m/auditor.toml").write_text('[budget."b.onnx"]\nmax_rows = 1\n')
    assert "m/auditor.toml:2" in said("m/b.onnx")[1]


def test_without_a_table_for_it_a_model_is_looked_at_as_a_file() -> None:
    models.dilated_convolution(Path("d.onnx"))
    assert said("d.onnx")[0] in (0, 1)
    Path("auditor.toml").write_text('[models."d.onnx"]\ncircuit = true\n')
    code, out = said("d.onnx")
    assert code == 1
    assert "infeasible (support)" in out
    Path("auditor.toml").write_text('[models."d.onnx"]\ncircuit = false\n[budget."d.onnx"]\nmax_rows = 1')
    assert "infeasible" not in said("d.onnx")[1]


def test_external_data_leads_to_its_model_and_its_changes_are_noticed(repository: Path) -> None:
    models.external(repository / "m" / "e.onnx")
    budget(1)
    code, out = said("m/weights.bin")
    assert code == 1
    assert out.startswith("m/e.onnx: FAIL")
    assert said("m/weights.bin", "m/e.onnx")[1] == out
    budget(10_000)
    before = said("--static", "m/e.onnx")
    assert before == (0, "")
    Path("m/weights.bin").write_bytes(b"short")
    code, out = said("--static", "m/e.onnx")
    assert code == 2
    assert "AUD-SEC-006" in out or "weights.bin" in out
    assert said("unrelated.bin") == (0, "")


def test_a_configuration_leads_to_all_models_below(repository: Path) -> None:
    (repository / "m").mkdir()
    models.perceptron(repository / "m" / "b.onnx")
    budget(1)
    assert [line.split(":")[0] for line in said("auditor.toml")[1].splitlines()] == [
        "a.onnx",
        "m/b.onnx",
        "FAIL [pass",
    ]
    assert said("--all-files")[1] == said("auditor.toml")[1]
    Path("m/pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert [line.split(":")[0] for line in said("m/pyproject.toml")[1].splitlines()] == [
        "m/b.onnx",
        "FAIL [pass",
    ]


def test_excluded_files_are_told_of_and_not_checked() -> None:
    budget(1)
    text = Path("auditor.toml").read_text()
    Path("auditor.toml").write_text(f'exclude = ["a.onnx"]\n{text}')
    assert said("--force-exclude", "a.onnx") == (0, "a.onnx: excluded by auditor.toml:1\n")
    assert said("--all-files") == said("auditor.toml") == (0, "")


def test_a_suppression_and_its_expiry() -> None:
    model = onnx.load("a.onnx")
    model.graph.node[1].name = "re\u202elu"
    onnx.save(model, "a.onnx")
    Path("auditor.toml").write_text('fail_on = "medium"\n')
    code, out = said("a.onnx")
    assert code == 1
    rules = sorted({line.split()[1] for line in out.splitlines() if "AUD-" in line})
    assert "AUD-SEC-019" in rules
    ignore = f'fail_on = "medium"\n[[ignore]]\nrules = {rules}\nreason = "an old exporter"\nexpires = '
    Path("auditor.toml").write_text(f"{ignore}2999-01-01\n")
    assert said("a.onnx") == (0, "")
    Path("auditor.toml").write_text(f"{ignore}2020-01-01\n")
    code, out = said("a.onnx")
    assert code == 1
    assert "auditor.toml:2: AUD-CFG-003 medium this suppression" in out
    assert "a.onnx: AUD-SEC-019 medium" in out


def test_an_lfs_pointer_is_not_determined_and_says_what_to_do() -> None:
    oid = "a" * 64
    Path("p.onnx").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 1234\n")
    code, out = said("p.onnx")
    assert code == 3
    assert "git lfs pull" in out
    assert out.endswith("UNDETERMINED [pass: 0 fail: 0 skip: 1]\n")


def test_what_is_not_determined_is_not_remembered() -> None:
    oid = "a" * 64
    Path("p.onnx").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 1234\n")
    assert said("p.onnx")[0] == 3
    assert said("--allow-undetermined", "p.onnx")[0] == 0
    Path("auditor.toml").write_text('fail_on = "info"\n')
    assert said("p.onnx")[0] == 1
    assert not (Path(os.environ["AUDITOR_CACHE"]) / "verdicts").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_row = 1", "auditor.toml:1: unknown key 'max_row'"),
        ('[budget."b.onnx"]\nmax_rows = 1', "auditor.toml:1: no file is named by 'b.onnx'"),
        (
            '[models."a.onnx"]\nrun_args = { input_scal = 7 }',
            "auditor.toml:2: run_args: input_scal: EZKL has no such",
        ),
        (
            '[models."a.onnx"]\nrun_args = { input_scale = "7" }',
            "auditor.toml:2: run_args.input_scale: expected no text",
        ),
        ('[models."a.onnx"]\nhardware = ["latpop"]', "auditor.toml:2: there is no hardware profile"),
        (
            '[budget."a.onnx"]\nmax_verify_gas = { chain = "bse", value = 1 }',
            "auditor.toml:2: there is no chain profile",
        ),
    ],
)
def test_a_wrong_configuration_is_a_usage_error_with_its_line(text: str, words: str) -> None:
    Path("auditor.toml").write_text(text)
    code, out = said("a.onnx")
    assert code == 2
    assert out.startswith(f"auditor: {words}")
    assert out.count("\n") == 1


def test_the_same_model_in_several_words_is_one(repository: Path) -> None:
    budget(10)
    expected = said("a.onnx")
    assert said("./a.onnx", "a.onnx", str(repository / "a.onnx")) == expected
    assert said(str(repository / "a.onnx"))[1] == expected[1]


def test_names_are_no_commands_of_a_ci_system() -> None:
    Path("a.onnx").rename("::error::a\n.onnx")
    budget(10)
    out = said("::error::a\n.onnx")[1]
    assert out.startswith(": :error::a⏎.onnx: FAIL")


def test_a_wrong_configuration_is_refused_without_any_model() -> None:
    Path("a.onnx").unlink()
    Path("auditor.toml").write_text("max_row = 1")
    assert said("auditor.toml")[0] == 2
    Path("auditor.toml").write_text('fail_on = "low"')
    assert said("auditor.toml") == (0, "")


def test_usage() -> None:
    assert said("--help")[1].startswith("usage: auditor-hook")
    assert said("--version")[1].startswith("auditor ")
    assert said("--al-files") == (2, "auditor: there is no option --al-files; did you mean --all-files?\n")
    assert said("--config", "nowhere.toml", "a.onnx")[0] == 2
    code, out = said("missing.onnx")
    assert code == 2
    assert out.startswith("missing.onnx: FAIL verdict: does not exist")


def test_a_cache_that_cannot_be_used_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budget(10)
    expected = said("--no-cache", "a.onnx")
    assert not Path(os.environ["AUDITOR_CACHE"]).exists()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "file"))
    assert said("a.onnx") == said("a.onnx") == expected


def test_nothing_is_written_into_the_tree(repository: Path) -> None:
    budget(10_000)
    before = sorted(path.name for path in repository.rglob("*"))
    said("a.onnx")
    assert sorted(path.name for path in repository.rglob("*")) == before


def test_heavy_modules_stay_out_of_every_path() -> None:
    budget(10_000)
    settle()
    fresh = loaded("a.onnx")
    assert {"numpy._core", "auditor.lowering"} <= fresh
    assert not {name.split(".")[0] for name in fresh} & HEAVY
    assert not fresh & {
        "auditor.billing",
        "auditor.plans.planner",
        "auditor.front_ends.ezkl",
        "auditor.guard",
        "traceback",
    }
    static = loaded("--static", "a.onnx")
    assert "auditor.model" in static
    assert not {name.split(".")[0] for name in static} & (HEAVY | {"numpy", "argparse"})
    assert not static & {"auditor.lowering", "auditor.circuit.ops", "auditor.options", "auditor.report"}
    again = loaded("a.onnx")
    ours = {name for name in again if name.startswith("auditor")}
    assert ours - {"auditor", "auditor._version", "auditor.errors", "auditor.places"} == {
        "auditor.gate",
        "auditor.gate.verdicts",
    }
    assert not {name.split(".")[0] for name in again} & (
        HEAVY | {"numpy", "msgspec", "dataclasses", "tomllib", "datetime"}
    )


def test_an_unchanged_model_costs_next_to_nothing() -> None:
    """Processor time, as the machine may have other things to do; the best of several."""
    budget(10_000)
    settle()
    said("a.onnx")
    spent = []
    for _ in range(5):
        before = os.times()
        said("a.onnx")
        after = os.times()
        spent.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    assert min(spent) < 0.15
