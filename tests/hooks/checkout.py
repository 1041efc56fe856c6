"""This working tree as a repository that others can clone, and the environments that are made from it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REVISION = "v0.0"

GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "tests",
    "GIT_AUTHOR_EMAIL": "tests@example.org",
    "GIT_COMMITTER_NAME": "tests",
    "GIT_COMMITTER_EMAIL": "tests@example.org",
}
"""Whatever git is told on this machine (hooks, signatures, filters of Git LFS) is not meant for the tests."""


def run(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """A command that may fail; stdout and stderr come as one.

    Without what this process was told of git and pre-commit, as it may itself be run by a hook of theirs.
    """
    mine = {
        key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT", "SKIP"))
    }
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**mine, **GIT, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def git(cwd: Path, *words: str) -> str:
    """A git command that has to succeed."""
    ended = run("git", *words, cwd=cwd)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def commit(cwd: Path, message: str = "change") -> None:
    git(cwd, "add", "--all")
    git(cwd, "commit", "--quiet", "--no-verify", "--message", message)


def copy_project(place: Path) -> Path:
    """The files of this project, tracked or new, without what git ignores."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git checkout, and pre-commit installs from one")
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    for name in sorted(filter(None, names.split("\0"))):
        source, copy = ROOT / name, place / name
        if not source.is_file():
            continue  # deleted, and that is not committed yet
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    return place


def repository_of_project(place: Path) -> Path:
    """A git repository of those files, with a tag to name in ``rev``."""
    copy_project(place)
    git(place, "init", "--quiet", "--initial-branch=main")
    commit(place, "the working tree")
    git(place, "tag", REVISION)
    return place


def require_registry(place: Path) -> None:
    """Skips where no package can be installed: whatever fails after this is a fault of ours."""
    quick = ("--retries", "0", "--timeout", "20")
    words = ("download", "--quiet", *quick, "--no-deps", "--dest", place / "probe", "hatchling")
    try:
        ended = run(sys.executable, "-m", "pip", *words, cwd=place, timeout=60)
    except subprocess.TimeoutExpired:
        pytest.skip("the package registry does not answer")
    if ended.returncode != 0:
        pytest.skip(f"the package registry is not reachable: {ended.stdout.strip().splitlines()[-1]}")


@contextmanager
def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """A folder for all test processes: the first that needs it fills it, and the last one removes it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    place, lock, users = base / name, base / f"{name}.lock", base / f"{name}.users"
    users.mkdir(exist_ok=True)
    mine = users / str(os.getpid())
    with _locked(lock):
        if not (place / "done").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            (place / "done").touch()
        mine.touch()
    yield place
    with _locked(lock):
        mine.unlink()
        if not any(users.iterdir()):
            remove(place)


def remove(place: Path) -> None:
    """Removes thousands of files behind the tests' back: on a slow disk that takes longer than they do."""
    run("sh", "-c", 'rm -rf -- "$1" > /dev/null 2>&1 &', "sh", place, cwd=place.parent)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
