"""Files at a revision: names of every kind, LFS, links, external data, and nothing of a repository is run."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from auditor.errors import BadModel, InternalFailure, LfsPointer, Undetermined, UsageError
from auditor.git import process as git_process
from auditor.git import reading as git
from auditor.model import read_source
from tests.cli import models
from tests.diff.repositories import Repository, repository

BINARY = bytes(range(256)) * 5 + b"\r\n\0\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository(tmp_path / "re po ü")
    monkeypatch.chdir(made.root)
    return made


@pytest.mark.parametrize(
    "name", ["a.onnx", "mo dels/ñ 模型.onnx", "-x.onnx", "*.onnx", ":(top)a", "a\nb", 'q"\\t']
)
def test_the_content_is_that_of_the_revision_byte_for_byte(repo: Repository, name: str) -> None:
    path = repo.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(BINARY)
    first = repo.commit()
    path.write_bytes(b"other")
    repo.git("add", "--all")
    assert git.read_at("HEAD", Path(name)) == git.read_at(first, path) == BINARY
    assert git.read_at(git.INDEX, Path(name)) == b"other"
    assert git.read_at("HEAD", repo.root / "a" / "missing") is None


def test_a_path_counts_from_where_one_is_and_may_be_gone(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.root / "sub").mkdir()
    (repo.root / "sub" / "a").write_bytes(b"1")
    (repo.root / "other").write_bytes(b"2")
    repo.commit()
    monkeypatch.chdir(repo.root / "sub")
    assert git.read_at("HEAD", Path("a")) == b"1"
    assert git.read_at("HEAD", Path("../other")) == b"2"
    repo.git("rm", "-q", "-r", "sub/a")
    monkeypatch.chdir(repo.root)
    assert not Path("sub").exists() or not any(Path("sub").iterdir())
    assert git.read_at("HEAD", Path("sub/a")) == b"1"
    assert git.read_at(git.INDEX, Path("sub/a")) is None
    assert git.read_at("HEAD", Path("sub")) is None


@pytest.mark.parametrize("name", ["-x", "--help", "--output=pwned"])
def test_a_revision_is_never_an_option(repo: Repository, name: str) -> None:
    (repo.root / "a").write_bytes(BINARY)
    repo.commit()
    with pytest.raises(UsageError, match="knows no revision"):
        git.read_at(name, Path("a"))
    repo.git("update-ref", f"refs/heads/{name}", "HEAD")
    assert git.read_at(name, Path("a")) == BINARY
    assert sorted(os.listdir(repo.root)) == [".git", "a"]


@pytest.mark.parametrize("revision", ["nothing", "0" * 40, "a..b", "HEAD:a", "x\0y", "HEAD --all", "\x1b[2J"])
def test_what_is_no_revision_is_a_usage_error(repo: Repository, revision: str) -> None:
    (repo.root / "a").write_bytes(BINARY)
    repo.commit()
    with pytest.raises(UsageError) as refused:
        git.read_at(revision, Path("a"))
    assert str(refused.value).isprintable()


def test_outside_of_a_repository(repo: Repository, tmp_path: Path) -> None:
    repo.commit()
    with pytest.raises(UsageError, match="in no git work tree"):
        git.read_at("HEAD", tmp_path / "a.onnx")
    with pytest.raises(UsageError, match="in no git work tree"):
        git.read_at("HEAD", Path("../a.onnx"))
    with pytest.raises(UsageError, match="no file of the repository"):
        git.read_at("HEAD", repo.root)


def test_a_shallow_clone_says_how_to_fetch(repo: Repository, tmp_path: Path) -> None:
    (repo.root / "a").write_bytes(BINARY)
    first = repo.commit()
    repo.commit()
    repo.git("clone", "-q", "--depth=1", f"file://{repo.root}", str(tmp_path / "clone"))
    assert git.read_at("HEAD", tmp_path / "clone" / "a") == BINARY
    for revision in (first, "HEAD~1"):
        with pytest.raises(Undetermined, match=r"shallow.*git fetch --depth"):
            git.read_at(revision, tmp_path / "clone" / "a")


def test_a_partial_clone_fetches_nothing(repo: Repository, tmp_path: Path) -> None:
    (repo.root / "a").write_bytes(BINARY)
    repo.commit()
    (repo.root / "a").write_bytes(b"new")
    repo.commit()
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.root}", str(tmp_path / "clone"))
    with pytest.raises(Undetermined, match="not in this clone"):
        git.read_at("HEAD~1", tmp_path / "clone" / "a")


def test_lfs_objects_are_read_from_the_store(repo: Repository) -> None:
    (repo.root / "a.onnx").write_bytes(repo.pointer(BINARY, stored=BINARY))
    repo.commit()
    assert git.read_at("HEAD", Path("a.onnx")) == BINARY
    repo.git("worktree", "add", "-q", "../tree")
    assert git.read_at("HEAD", repo.root.parent / "tree" / "a.onnx") == BINARY


@pytest.mark.parametrize("stored", [None, b"", BINARY[:-1], BINARY[:-1] + b"x", BINARY + b"x"])
def test_an_lfs_object_that_is_not_here_or_damaged_is_undetermined(
    repo: Repository, stored: bytes | None, tmp_path: Path
) -> None:
    (repo.root / "a b.onnx").write_bytes(repo.pointer(BINARY, stored=stored))
    repo.commit()
    expected = r"git lfs fetch origin main --include='a b.onnx'"
    with pytest.raises(LfsPointer, match=expected) as refused:
        git.read_at("main", Path("a b.onnx"))
    assert refused.value.size_bytes == len(BINARY)
    with pytest.raises(LfsPointer, match=expected):
        git.checkout_model("main", Path("a b.onnx"), tmp_path)


def test_links_are_followed_inside_the_repository(repo: Repository) -> None:
    (repo.root / "real").mkdir()
    (repo.root / "real" / "a").write_bytes(BINARY)
    links = {
        "one": "real/a",
        "two": "one",
        "out": "../../a",
        "abs": "/etc/passwd",
        "round": "round",
        "dir": "real",
    }
    for name, target in links.items():
        (repo.root / name).symlink_to(target)
    repo.commit()
    assert git.read_at("HEAD", Path("one")) == git.read_at("HEAD", Path("two")) == BINARY
    assert git.read_at("HEAD", Path("dir/a")) == BINARY
    for name in ("out", "abs", "round", "dir"):
        with pytest.raises(UsageError, match="symbolic link"):
            git.read_at("HEAD", Path(name))


def test_nothing_of_the_repository_or_the_environment_is_run(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.root / "a").write_bytes(BINARY)
    (repo.root / ".gitattributes").write_text("a filter=evil diff=evil\n")
    repo.commit()
    ran = tmp_path / "ran"
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\necho \"$0 $@\" >> '{ran}'\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "diff.evil.textconv",
                "filter.evil.smudge", "filter.evil.clean", "alias.cat-file", "pager.ls-tree"):  # fmt: skip
        repo.git("config", key, str(program))
    (repo.root / ".git" / "hooks" / "post-index-change").write_bytes(program.read_bytes())
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH", "GIT_ASKPASS"):
        monkeypatch.setenv(name, str(program))
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert git.read_at("HEAD", Path("a")) == git.read_at(git.INDEX, Path("a")) == BINARY
    assert not ran.exists()


def test_git_that_is_missing_or_hangs(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Undetermined, match="git is not installed"):
        git.read_at("HEAD", Path("a"))
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    program.chmod(0o755)
    defaults = git_process.run.__kwdefaults__
    monkeypatch.setattr(git_process.run, "__kwdefaults__", {**defaults, "timeout": 0.2})
    with pytest.raises(InternalFailure, match="took longer"):
        git.read_at("HEAD", Path("a"))


def test_an_index_with_a_conflict_has_no_one_content(repo: Repository) -> None:
    for branch, content in (("main", b"1"), ("left", b"2"), ("right", b"3")):
        if branch != "main":
            repo.git("checkout", "-q", "-b", branch, "main")
        (repo.root / "a").write_bytes(content)
        repo.commit()
    with pytest.raises(Exception, match="non-zero"):
        repo.git("merge", "left")
    assert git.read_at(git.INDEX, Path("a")) is None
    assert git.read_at("left", Path("a")) == b"2"


# --- models with external data -------------------------------------------------------------


def external_model(path: Path, location: str, values: np.ndarray) -> None:
    """A Gemm whose weights lie in the file ``location`` beside it."""
    models.perceptron(path)
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    shape = tuple(tensor.dims)
    tensor.CopyFrom(numpy_helper.from_array(values.reshape(shape).astype(np.float32), tensor.name))
    data = path.parent / location
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())


def test_a_model_is_checked_out_with_the_external_data_of_its_revision(
    repo: Repository, tmp_path: Path
) -> None:
    (repo.root / "m").mkdir()
    external_model(repo.root / "m" / "a.onnx", "we ights/ü.bin", np.arange(32))
    repo.commit()
    external_model(repo.root / "m" / "a.onnx", "we ights/ü.bin", np.ones(32))
    into = tmp_path / "into"
    target = git.checkout_model("HEAD", Path("m/a.onnx"), into)
    assert target == into / "a.onnx"
    loaded = read_source(target).model.graph.initializers["w1"].load
    assert loaded is not None
    assert loaded().ravel().tolist() == list(range(32))
    assert sorted(item.name for item in into.rglob("*")) == ["a.onnx", "we ights", "ü.bin"]


def test_external_data_may_be_in_lfs_or_missing(repo: Repository, tmp_path: Path) -> None:
    external_model(repo.root / "a.onnx", "w.bin", np.arange(32))
    content = (repo.root / "w.bin").read_bytes()
    (repo.root / "w.bin").write_bytes(repo.pointer(content, stored=content))
    repo.commit()
    (repo.root / "w.bin").unlink()
    repo.commit()
    git.checkout_model("HEAD~1", Path("a.onnx"), tmp_path / "1")
    assert (tmp_path / "1" / "w.bin").read_bytes() == content
    git.checkout_model("HEAD", Path("a.onnx"), tmp_path / "2")
    assert not (tmp_path / "2" / "w.bin").exists()


@pytest.mark.parametrize("location", ["../out.bin", "/tmp/out.bin", "a/../../out.bin", "C:\\out.bin"])
def test_external_data_never_leaves_the_directory(repo: Repository, tmp_path: Path, location: str) -> None:
    models.perceptron(repo.root / "a.onnx")
    model = onnx.load(repo.root / "a.onnx")
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    (repo.root / "a.onnx").write_bytes(model.SerializeToString())
    (repo.root / "out.bin").write_bytes(b"x")
    repo.commit()
    git.checkout_model("HEAD", Path("a.onnx"), tmp_path / "deep" / "into")
    assert [item.name for item in (tmp_path / "deep").rglob("*")] == ["into", "a.onnx"]


def test_external_data_that_is_a_link_is_refused(repo: Repository, tmp_path: Path) -> None:
    external_model(repo.root / "a.onnx", "w.bin", np.arange(32))
    (repo.root / "w.bin").unlink()
    (repo.root / "w.bin").symlink_to("/etc/passwd")
    repo.commit()
    with pytest.raises(BadModel, match="symbolic link"):
        git.checkout_model("HEAD", Path("a.onnx"), tmp_path / "into")


def test_a_model_that_is_none_is_still_written_for_the_audit_to_judge(
    repo: Repository, tmp_path: Path
) -> None:
    (repo.root / "a.onnx").write_bytes(b"no model")
    repo.commit()
    assert git.checkout_model("HEAD", Path("a.onnx"), tmp_path / "into").read_bytes() == b"no model"
    with pytest.raises(UsageError, match="revision HEAD has no file b"):
        git.checkout_model("HEAD", Path("b.onnx"), tmp_path / "into")
