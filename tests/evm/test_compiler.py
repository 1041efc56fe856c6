"""Where the compiler comes from, and what is refused."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from auditor.errors import Undetermined, UsageError
from auditor.evm import compiler as module
from auditor.evm.compiler import SOLJSON_SHA256, Compiler, find_compiler, soljson_of
from auditor.evm.node import Node, find_node
from tests.evm.conftest import KeepingStore


def npm(directory: Path, script: str) -> Node:
    """A Node.js that is never started, with an npm that runs a shell script."""
    path = directory / "fake-npm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return Node(node="node", npm=(str(path),))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiler is named, and there is no Node.js."""
    monkeypatch.delenv("AUDITOR_SOLC", raising=False)
    monkeypatch.setattr(module, "find_node", lambda: None)


# --- npm's ---------------------------------------------------------------------------------


def test_npms_is_fetched_once_and_is_the_known_one(compiler: Compiler, store: KeepingStore) -> None:
    again = find_compiler(store=store)
    assert again == compiler
    assert again.sha256 == SOLJSON_SHA256
    assert store.made.count("solc") == 1


def test_nothing_but_the_compiler_is_kept(compiler: Compiler) -> None:
    assert os.listdir(compiler.path.parent) == ["soljson.js"]


def test_a_changed_one_in_the_store_is_not_used(
    compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_fetch", lambda node, place: compiler.path.read_bytes() + b"//")
    with pytest.raises(Undetermined, match=r"not that of solc 0\.8\.20.*--solc PATH"):
        find_compiler(store=KeepingStore(tmp_path))


def test_no_node(bare: None) -> None:
    with pytest.raises(UsageError, match=r"no Node\.js .*pip install 'auditor\[evm\]'"):
        find_compiler()


def test_no_npm(bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_node", lambda: Node(node="node", npm=None))
    with pytest.raises(UsageError, match=r"no npm .*auditor\[evm\].*--solc PATH"):
        find_compiler(directory=tmp_path)


OFFLINE = """
echo 'npm warn config something' >&2
echo 'npm error code ENOTFOUND' >&2
echo 'npm error syscall getaddrinfo' >&2
echo 'npm error network request to the registry failed' >&2
exit 1
"""


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (OFFLINE, "could not fetch solc 0.8.20: ENOTFOUND: network request to the registry failed"),
        ("exit 1", "it gave no reason"),
        ("exit 0", "npm delivered no package"),
        ("touch a.tgz b.tgz", "npm delivered no package"),
        ("echo other > solc-0.8.20.tgz", "not the published solc 0.8.20"),
    ],
)
def test_npm_does_not_deliver(
    script: str, reason: str, bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_node", lambda: npm(tmp_path, script))
    with pytest.raises(Undetermined, match=rf"{reason}.*bring soljson\.js.*--solc PATH"):
        find_compiler(directory=tmp_path)


def test_npm_cannot_start(bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_node", lambda: Node(node="node", npm=(str(tmp_path / "nowhere"),)))
    with pytest.raises(Undetermined, match="could not fetch"):
        find_compiler(directory=tmp_path)


def test_npm_takes_too_long(bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_node", lambda: npm(tmp_path, "exec sleep 60"))
    monkeypatch.setattr(module, "_FETCH_SECONDS", 0.2)
    with pytest.raises(Undetermined, match="it took too long"):
        find_compiler(directory=tmp_path)


def test_npm_runs_in_a_folder_of_its_own(bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package.json or .npmrc of whoever started us, or of anyone in a shared folder, has no say."""
    seen = tmp_path / "seen"
    monkeypatch.setattr(
        module, "find_node", lambda: npm(tmp_path, f"ls -A > {seen}; cat package.json >> {seen}")
    )
    with pytest.raises(Undetermined):
        find_compiler(directory=tmp_path)
    assert seen.read_text() == "package.json\n{}"


def test_a_tarball_is_not_opened_before_it_is_known(tmp_path: Path) -> None:
    tarball = tmp_path / "evil.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        member = tarfile.TarInfo("package/soljson.js")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"1+1"))
    with pytest.raises(Undetermined, match="not the published"):
        soljson_of(tarball)


# --- the user's ----------------------------------------------------------------------------


def _program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o700)
    return path


def test_a_named_program_needs_no_node(bare: None, tmp_path: Path) -> None:
    path = _program(tmp_path / "solc")
    found = find_compiler(path)
    assert (found.path, found.node) == (path, None)


def test_a_named_script_needs_node(bare: None, tmp_path: Path) -> None:
    path = tmp_path / "soljson.js"
    path.write_text("//")
    with pytest.raises(UsageError, match=r"no Node\.js"):
        find_compiler(path)


def test_the_environment_names_one(bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = _program(tmp_path / "solc"), _program(tmp_path / "other")
    monkeypatch.setenv("AUDITOR_SOLC", str(path))
    assert find_compiler().path == path
    assert find_compiler(other).path == other


def test_a_relative_path_is_made_absolute(
    bare: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "solc")
    monkeypatch.chdir(tmp_path)
    assert find_compiler(Path("solc")).path == tmp_path / "solc"


def _make(kind: str, path: Path) -> None:
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch(0o700)
        case "huge":
            path.touch(0o700)
            os.truncate(path, (1 << 28) + 1)
        case "text":
            path.write_text("solc")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "empty", "huge", "text"])
def test_what_is_no_compiler_is_refused(kind: str, bare: None, tmp_path: Path) -> None:
    path = tmp_path / "solc\x1b[31m"
    _make(kind, path)
    with pytest.raises(UsageError, match=r"^the compiler .*--solc PATH") as caught:
        find_compiler(path)
    assert "\x1b" not in str(caught.value)


def test_node_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_node() is None
    node = _program(tmp_path / "nodejs")
    assert find_node() == Node(node=str(node), npm=None)
    npm_path = _program(tmp_path / "npm")
    assert find_node() == Node(node=str(node), npm=(str(npm_path),))
