"""The hooks as users have them: the real pre-commit, installing from a clone of this working tree.

One environment serves all tests. They are skipped where pre-commit or the package registry is not to be had.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from msgspec import Struct

from tests.cli import models, proving
from tests.hooks.checkout import (
    REVISION,
    commit,
    git,
    remove,
    repository_of_project,
    require_registry,
    run,
    shared,
)

pytest.importorskip("pre_commit", reason="pre-commit is not installed")

INSTALL_SECONDS = 300
MAX_ENVIRONMENT_BYTES = 200_000_000

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1234\n"
HEAVY = {"onnx", "onnxruntime", "ezkl", "pyrevm", "rich", "typer", "pydantic"}


class Installed(Struct, frozen=True, kw_only=True):
    """A clone's ``source`` and the ``home`` that pre-commit keeps environments in."""

    source: Path
    home: Path

    def config(self, *hooks: str) -> str:
        """What users write: a repository, a revision, and the hooks they want of it."""
        lines = "".join(f"      - {hook}\n" for hook in hooks)
        return f"repos:\n  - repo: {self.source}\n    rev: {REVISION}\n    hooks:\n{lines}"

    def environment(self) -> Path:
        """The folder that pre-commit made for the hooks: the clone with the environment in it."""
        (found,) = (path for path in self.home.glob("repo*") if list(path.glob("py_env-*")))
        return found


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    def make(place: Path) -> None:
        require_registry(place)
        found = Installed(source=repository_of_project(place / "source"), home=place / "home")
        scratch = place / "first"
        scratch.mkdir()
        git(scratch, "init", "--quiet")
        (scratch / ".pre-commit-config.yaml").write_text(found.config("id: auditor", "id: auditor-all"))
        ended = pre_commit(found, scratch, "install-hooks", timeout=INSTALL_SECONDS)
        assert ended.returncode == 0, ended.stdout

    with shared(tmp_path_factory, "pre-commit", make) as place:
        yield Installed(source=place / "source", home=place / "home")


def pre_commit(
    installed: Installed, cwd: Path, *words: str, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    env = {
        "PRE_COMMIT_HOME": str(installed.home),
        "PRE_COMMIT_COLOR": "never",
        "AUDITOR_CACHE": str(cwd.parent / "cache"),
    }
    return run(sys.executable, "-m", "pre_commit", *words, cwd=cwd, env=env, timeout=timeout)


class Scratch:
    """A user's repository with the two hooks, and some words for what a user does."""

    def __init__(self, root: Path, installed: Installed, *hooks: str) -> None:
        self.root, self.installed = root, installed
        root.mkdir()
        git(root, "init", "--quiet", "--initial-branch=main")
        self.hooks(*(hooks or ("id: auditor", "id: auditor-all")))
        commit(root)

    def hooks(self, *hooks: str) -> None:
        self.write(".pre-commit-config.yaml", self.installed.config(*hooks))

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def budget(self, limit: int, glob: str = "*.onnx", before: str = "") -> None:
        self.write("auditor.toml", f'{before}[budget."{glob}"]\nmax_rows = {limit}\nmessage = "ask #zk"\n')

    def model(self, name: str = "a.onnx", hidden: int = 8) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return models.perceptron(path, hidden=hidden)

    def run(self, *words: str) -> tuple[int, str]:
        """``pre-commit run`` on what has changed; the hooks' own lines are in what it prints."""
        git(self.root, "add", "--all")
        ended = pre_commit(self.installed, self.root, "run", *words, timeout=INSTALL_SECONDS)
        return ended.returncode, ended.stdout

    def passes(self, *words: str) -> str:
        code, out = self.run(*words)
        assert code == 0, out
        return out

    def fails(self, *words: str) -> str:
        code, out = self.run(*words)
        assert code == 1, out
        return out


@pytest.fixture
def scratch(tmp_path: Path, installed: Installed) -> Scratch:
    return Scratch(tmp_path / "repository", installed)


def results(out: str) -> dict[str, str]:
    """What pre-commit says of each hook: Passed, Failed or Skipped."""
    names = {"auditor": "auditor.", "auditor-all": "auditor (all models)."}
    return {
        hook: line.rpartition(".")[2].rpartition(")")[2]
        for hook, name in names.items()
        for line in out.splitlines()
        if line.startswith(name)
    }


def said(out: str) -> list[str]:
    """The lines of the hooks themselves."""
    frame = ("auditor.", "auditor (all models).", "- hook id:", "- exit code:", "- duration:")
    return [line for line in out.splitlines() if line and not line.startswith(frame)]


def test_the_environment_is_small_and_lacks_what_the_hook_never_needs(installed: Installed) -> None:
    place = installed.environment()
    (packages,) = place.glob("py_env-*/lib/python3*/site-packages")
    names = {path.name.partition("-")[0].lower() for path in packages.glob("*.dist-info")}
    assert {"auditor", "numpy"} <= names
    assert not names & {"onnx", "onnxruntime", "ezkl", "pyrevm", "pydantic", "pre_commit"}
    files = (path.lstat().st_size for path in place.rglob("*") if not path.is_symlink())
    assert sum(files) < MAX_ENVIRONMENT_BYTES


def test_a_commit_over_budget_is_blocked_and_one_under_it_is_silent(scratch: Scratch) -> None:
    assert pre_commit(scratch.installed, scratch.root, "install").returncode == 0
    scratch.model()
    scratch.budget(100)
    git(scratch.root, "add", "--all")
    env = {
        "PRE_COMMIT_HOME": str(scratch.installed.home),
        "AUDITOR_CACHE": str(scratch.root.parent / "cache"),
    }
    ended = run("git", "commit", "--quiet", "--message", "too large", cwd=scratch.root, env=env)
    assert ended.returncode == 1
    assert (
        "a.onnx: FAIL max_rows: rows 402 > 100, over by 302 (302.0%) (auditor.toml:2): ask #zk"
        in ended.stdout
    )
    assert git(scratch.root, "log", "--format=%s").splitlines() == ["change"]

    scratch.budget(1_000)
    git(scratch.root, "add", "--all")
    ended = run("git", "commit", "--quiet", "--message", "small", cwd=scratch.root, env=env)
    assert ended.returncode == 0, ended.stdout
    assert results(ended.stdout) == {"auditor": "Passed", "auditor-all": "Passed"}
    assert said(ended.stdout) == []
    assert git(scratch.root, "log", "--format=%s").splitlines() == ["small", "change"]
    assert git(scratch.root, "status", "--porcelain") == ""


def test_nothing_is_said_on_success_even_when_asked(scratch: Scratch) -> None:
    scratch.model()
    scratch.budget(1_000)
    assert said(scratch.passes("--verbose")) == []


def test_a_pointer_of_git_lfs_is_no_model_that_passes(scratch: Scratch) -> None:
    scratch.write(".gitattributes", "*.onnx filter=lfs diff=lfs merge=lfs -text\n")
    scratch.write("p.onnx", POINTER)
    out = scratch.fails()
    assert results(out)["auditor"] == "Failed"
    assert "- exit code: 3" in out
    assert "p.onnx: SKIP verdict: undetermined" in out
    assert "git lfs pull" in out
    scratch.hooks("{id: auditor, args: [--allow-undetermined]}")
    scratch.passes()


def test_exclude_is_honoured_and_told_of(scratch: Scratch) -> None:
    scratch.model("m/a.onnx")
    scratch.model("old/b.onnx")
    scratch.budget(100, before='exclude = ["old"]\n')
    assert [line.partition(" ")[0] for line in said(scratch.fails("auditor"))] == [
        "m/a.onnx:",
        "old/b.onnx:",
        "FAIL",
    ]
    scratch.budget(100, before='exclude = ["old/", "m/*"]\n')
    assert said(scratch.passes("auditor", "--verbose")) == [
        "m/a.onnx: excluded by auditor.toml:1",
        "old/b.onnx: excluded by auditor.toml:1",
    ]
    scratch.budget(100)
    scratch.hooks("{id: auditor, exclude: ^(old/|m/|auditor)}")
    assert results(scratch.passes())["auditor"] == "Skipped"


def test_a_suppression_holds_for_its_reason_until_its_day(scratch: Scratch) -> None:
    path = scratch.model()
    model = onnx.load(path)
    model.graph.node[1].name = "re\u202elu"
    onnx.save(model, path)
    head = 'fail_on = "medium"\n'
    scratch.write("auditor.toml", head)
    out = scratch.fails("auditor")
    assert "a.onnx: AUD-SEC-019 medium" in out
    rules = sorted({line.split()[1] for line in said(out) if " AUD-" in line})

    ignore = f"{head}[[ignore]]\nrules = {rules}\n"
    scratch.write("auditor.toml", f"{ignore}expires = 2999-01-01\n")
    out = scratch.fails("auditor")
    assert "- exit code: 2" in out
    assert "auditor.toml:2: [[ignore]] gives no reason" in out

    ignore += 'reason = "an old exporter"\n'
    scratch.write("auditor.toml", f"{ignore}expires = 2999-01-01\n")
    assert said(scratch.passes("auditor", "--verbose")) == []

    scratch.write("auditor.toml", f"{ignore}expires = 2020-01-01\n")
    out = scratch.fails("auditor")
    assert "a.onnx: AUD-SEC-019 medium" in out
    assert "auditor.toml:2: AUD-CFG-003 medium this suppression" in out
    assert "expired on 2020-01-01: an old exporter" in out


def test_a_change_of_the_configuration_alone_reaches_every_model(scratch: Scratch) -> None:
    scratch.model("m/a.onnx")
    scratch.model("n/b.onnx")
    scratch.budget(1_000)
    scratch.passes()
    commit(scratch.root)
    assert results(scratch.passes()) == {"auditor": "Skipped", "auditor-all": "Skipped"}

    scratch.budget(100)
    out = scratch.fails()
    assert results(out) == {"auditor": "Failed", "auditor-all": "Failed"}
    assert out.count("m/a.onnx: FAIL max_rows") == out.count("n/b.onnx: FAIL max_rows") == 2

    scratch.budget(2_000)
    commit(scratch.root)
    scratch.write("auditor-baseline.json", "{}")
    assert results(scratch.passes()) == {"auditor": "Skipped", "auditor-all": "Passed"}


def test_a_change_of_external_data_alone_reaches_its_model(scratch: Scratch) -> None:
    path = models.external(scratch.root / "m" / "e.onnx", data="e.onnx.data")
    data = path.with_name("e.onnx.data")
    scratch.write("auditor.toml", '[models."m/*.onnx"]\ncircuit = false\n')
    scratch.passes()
    commit(scratch.root)

    data.write_bytes(data.read_bytes()[:-8])
    out = scratch.fails()
    assert results(out) == {"auditor": "Failed", "auditor-all": "Skipped"}
    assert "m/e.onnx: " in out
    assert "e.onnx.data" in out


def test_a_linked_model_is_looked_at(scratch: Scratch) -> None:
    (scratch.root.parent / "elsewhere").mkdir()
    models.perceptron(scratch.root.parent / "elsewhere" / "a.onnx")
    (scratch.root / "link.onnx").symlink_to("../elsewhere/a.onnx")
    scratch.budget(100)
    assert any(line.startswith("link.onnx: FAIL max_rows") for line in said(scratch.fails("auditor")))
    (scratch.root / "link.onnx").unlink()
    (scratch.root / "link.onnx").symlink_to("nowhere.onnx")
    assert "link.onnx: FAIL verdict: " in scratch.fails("auditor")


def test_many_files_are_one_process(scratch: Scratch) -> None:
    for place in range(40):
        scratch.model(f"m/{place:02}.onnx")
    scratch.budget(100)
    lines = said(scratch.fails("auditor"))
    assert len(lines) == 41
    assert lines[-1].startswith("FAIL [")
    assert "fail: 40" in lines[-1]


def test_proofs_are_made_at_the_manual_stage_alone(tmp_path: Path, installed: Installed) -> None:
    """In an environment of its own, into which EZKL and ONNX Runtime are installed."""
    pytest.importorskip("ezkl", reason="EZKL is not to be had on this machine")
    own = Installed(source=installed.source, home=tmp_path / "home")
    scratch = Scratch(tmp_path / "repository", own, "id: auditor-prove")
    proving.dense(scratch.root / "a.onnx")
    proving.padded_pool(scratch.root / "p.onnx")
    small = "{ decomp_base = 128, decomp_legs = 4, num_inner_cols = 1, input_scale = 7, param_scale = 7 }"
    scratch.write("auditor.toml", f'[models."*.onnx"]\nrun_args = {small}\n')
    assert "Installing environment" not in scratch.passes()
    words = ("--hook-stage", "manual", "auditor-prove")
    out = scratch.fails(*words)
    assert "a.onnx: PASS proof: proved and verified in " in out
    assert "p.onnx: FAIL proof: refused (fidelity): AUD-FID-003 at node" in out
    assert "FAIL [pass: 1 fail: 1 skip: 0]" in out
    scratch.write("auditor.toml", f'exclude = ["p.onnx"]\n[models."*.onnx"]\nrun_args = {small}\n')
    out = scratch.passes(*words)
    assert "a.onnx: PASS proof: " in out  # also where all is well
    assert "p.onnx: excluded by auditor.toml:1" in out
    assert "??" not in git(scratch.root, "status", "--porcelain", "--untracked-files=all")
    remove(own.home)


def test_heavy_modules_are_not_loaded_where_they_are_installed(scratch: Scratch) -> None:
    scratch.model()
    scratch.budget(1_000)
    (python,) = scratch.installed.environment().glob("py_env-*/bin/python")
    env = {"AUDITOR_CACHE": str(scratch.root.parent / "cache")}
    words = ("-I", "-X", "importtime", "-m", "auditor.hook")
    for more in (("a.onnx",), ("--all-files",), ("--static", "a.onnx"), ("a.onnx",)):
        ended = run(python, *words, *more, cwd=scratch.root, env=env)
        assert ended.returncode == 0
        lines = (line for line in ended.stdout.splitlines() if line.startswith("import time:"))
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
        assert "auditor" in loaded
        assert not loaded & HEAVY, more
