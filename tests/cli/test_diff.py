"""``auditor diff`` in scratch repositories: what its words name, what it says, and its exit codes."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from auditor import cli
from tests.cli import models
from tests.cli.test_shell import auditor
from tests.diff.repositories import Repository, repository


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A model of 8 hidden units at HEAD, and of 12 in the work tree."""
    made = repository(tmp_path / "repo")
    (made.root / "mo dels").mkdir()
    models.perceptron(made.root / "mo dels" / "ñet.onnx")
    made.commit()
    models.perceptron(made.root / "mo dels" / "ñet.onnx", hidden=12)
    monkeypatch.chdir(made.root)
    return made


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.run(["diff", *words, "-q", "--format", "concise"])
    out, err = capsys.readouterr()
    return code, out, err


GREW = "+140 rows (+34.8 %): 402 before, 542 now"


@pytest.mark.parametrize(
    "words",
    [
        ("mo dels/ñet.onnx",),
        ("HEAD:mo dels/ñet.onnx",),
        ("main:./mo dels/ñet.onnx",),
        ("main", "mo dels/ñet.onnx"),
        ("@:mo dels/ñet.onnx", "./mo dels/ñet.onnx"),
        ("HEAD^{/chan}:mo dels/ñet.onnx",),
        ("--", "-x:mo dels/ñet.onnx"),
        ("--", "-x", "mo dels/ñet.onnx"),
    ],
)
def test_a_revision_against_the_work_tree(
    repo: Repository, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    repo.git("update-ref", "refs/heads/-x", "HEAD")
    code = cli.run(["diff", "-q", "--format", "concise", *words])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"mo dels/ñet.onnx: {GREW}"
    assert "layer changed Gemm fc1 +204 cells" in out


def test_two_revisions_the_index_and_two_files(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit()
    models.perceptron(repo.root / "mo dels" / "ñet.onnx", hidden=4)
    repo.git("add", "--all")
    models.perceptron(repo.root / "mo dels" / "ñet.onnx", hidden=12)
    name = "mo dels/ñet.onnx"
    assert GREW in said(capsys, f"HEAD~1:{name}", f"HEAD:{name}")[1]
    assert ": -280 rows (-51.7 %)" in said(capsys, f"HEAD:{name}", f":{name}")[1]
    models.perceptron(repo.root / "a:b.onnx")
    assert GREW in said(capsys, "a:b.onnx", name)[1]
    assert "no change: 542 rows" in said(capsys, name)[1]


def test_a_renamed_an_added_and_a_removed_model(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("mv", "mo dels/ñet.onnx", "new.onnx")
    assert GREW in said(capsys, "HEAD:mo dels/ñet.onnx", "new.onnx")[1]
    assert "new.onnx: new model: 542 rows" in said(capsys, "HEAD", "new.onnx")[1]
    assert "new model" in said(capsys, "new.onnx")[1]
    code, out, _ = said(capsys, "mo dels/ñet.onnx")
    assert (code, out.splitlines()[0]) == (0, "mo dels/ñet.onnx: model removed: it had 402 rows")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nothing.onnx",), "neither now nor at revision HEAD"),
        (("nothing.onnx", "mo dels/ñet.onnx"), "is no file, and as a revision"),
        (("mo dels/ñet.onnx", "nothing.onnx"), "does not exist"),
        (("HEAD:nothing.onnx", "mo dels/ñet.onnx"), "revision HEAD has no file nothing.onnx"),
        (("HEAD:", "mo dels/ñet.onnx"), "names no file"),
        (("nix:mo dels/ñet.onnx",), "knows no revision 'nix'"),
        (("HEAD:../x.onnx",), "in no git work tree"),
        (("mo dels/ñet.onnx", "--input", "x.json"), "--plan"),
        (("mo dels/ñet.onnx", "--plan", "--set", "input_scale=3"), "--plan"),
        (("mo dels/ñet.onnx", "--fail-on-increase", "-1"), "range"),
    ],
)
def test_wrong_usage_is_exit_2(
    repo: Repository, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    code, out, err = said(capsys, *words)
    assert (code, out) == (2, "")
    assert reason in err


def test_a_path_from_a_subdirectory_counts_as_in_git(
    repo: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.root / "mo dels")
    assert GREW in said(capsys, "HEAD:./ñet.onnx")[1]
    assert GREW in said(capsys, "HEAD:mo dels/ñet.onnx")[1]
    assert GREW in said(capsys, "ñet.onnx")[1]
    assert "did you mean HEAD:./ñet.onnx?" in said(capsys, "HEAD:ñet.onnx")[2]


def test_the_exit_code_is_that_of_the_new_side_or_of_the_gate(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "mo dels/ñet.onnx"
    assert said(capsys, name, "--fail-on-increase", "35")[0] == 0
    assert said(capsys, name, "--fail-on-increase", "34")[0] == 1
    assert said(capsys, name, "--max-rows", "500")[0] == 1
    models.dilated_convolution(repo.root / "dilated.onnx")
    code, out, _ = said(capsys, name, "dilated.onnx")
    assert code == 1
    assert "infeasible (support) now, feasible before" in out
    assert said(capsys, "dilated.onnx", name)[0] == 0
    assert said(capsys, "dilated.onnx", name, "--fail-on-increase", "5")[0] == 3


def test_an_lfs_object_that_was_never_fetched_leaves_the_old_side_unknown(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repo.root / "mo dels" / "ñet.onnx"
    content = path.read_bytes()
    path.write_bytes(repo.pointer(content, stored=None))
    repo.commit()
    path.write_bytes(content)
    code = cli.run(["diff", "mo dels/ñet.onnx"])
    out, _ = capsys.readouterr()
    assert code == 0
    assert "542 rows now, was unknown before" in out
    assert "git lfs fetch origin HEAD" in " ".join(out.split())
    path.write_bytes(repo.pointer(content, stored=content))
    repo.commit()
    assert "no change: 542 rows" in said(capsys, "HEAD:mo dels/ñet.onnx", "HEAD~1:mo dels/ñet.onnx")[1]


def test_both_sides_have_the_same_run_args_and_the_report_says_which(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = json.loads((resources.files("auditor") / "schemas" / "diff-1.schema.json").read_text())
    texts = []
    for words in ((), (), ("--set", "input_scale=5")):
        assert cli.run(["diff", "mo dels/ñet.onnx", "--format", "json", *words]) == 0
        texts.append(capsys.readouterr().out)
        document = json.loads(texts[-1])
        jsonschema.Draft202012Validator(schema).validate(document)
        assert document["old"]["circuit"]["run_args"] == document["new"]["circuit"]["run_args"]
        assert document["run_args"]["different"] == {}
        assert str(repo.root) not in texts[-1]
        assert "/tmp/auditor-diff" not in texts[-1]
    assert texts[0] == texts[1]
    assert document["run_args"]["given"] == ["input_scale"]
    assert document["old"]["label"] == "HEAD:mo dels/ñet.onnx"
    assert {"setup_seconds", "peak_memory_bytes", "verify_gas"} <= {
        item["name"] for item in document["quantities"]
    }


def test_markdown_is_fit_for_a_comment(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    models.perceptron(repo.root / "mo dels" / "ñet.onnx", hidden=12, name="|x|`@you`\n## [a](b)")
    assert cli.run(["diff", "mo dels/ñet.onnx", "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("#")).startswith(f"### {GREW}")
    assert sum(line.startswith("#") for line in lines) == 1
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) > 10
    assert not re.search(
        r"(?<!&#64;)@you", "\n".join(lines).replace("&#8203;", "")
    ) or "@&#8203;you" in "\n".join(lines)


def test_symbolic_dimensions_need_only_be_in_one_side(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    models.perceptron(repo.root / "mo dels" / "ñet.onnx", batch="rows")
    code, out, _ = said(capsys, "mo dels/ñet.onnx", "--dim", "rows=2")
    assert code == 0
    assert re.match(r"mo dels/ñet.onnx: \+\d+ rows", out)


def test_outside_of_any_repository(tmp_path: Path) -> None:
    models.perceptron(tmp_path / "a.onnx")
    models.perceptron(tmp_path / "b.onnx", hidden=12)
    both = auditor("diff", "a.onnx", "b.onnx", "--format", "concise", cwd=tmp_path)
    assert (both.returncode, both.stderr) == (0, "")
    assert GREW in both.stdout
    alone = auditor("diff", "a.onnx", cwd=tmp_path)
    assert (alone.returncode, alone.stdout) == (2, "")
    assert "in no git work tree" in alone.stderr
    without_git = auditor("diff", "a.onnx", "b.onnx", cwd=tmp_path, PATH="/nowhere")
    assert without_git.returncode == 0


def test_help_fits_a_terminal() -> None:
    ended = auditor("diff", "--help", COLUMNS="80")
    assert ended.returncode == 0
    assert max(map(len, ended.stdout.splitlines())) <= 80
