"""``auditor verify`` as a command; what each check finds is for ``tests/proving/test_verify.py``."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from auditor.errors import AuditorError
from auditor.evm.compiler import find_compiler
from tests.cli import proving
from tests.cli.conftest import Proved
from tests.cli.proving import check, verify

CHECKS = [
    "bundle", "hashes", "versions", "settings", "verifying key", "proof shape", "instances", "claims", "srs",
    "proof", "model", "circuit", "model settings", "model key", "outputs", "evm",
]  # fmt: skip


def test_a_bundle_that_holds(proved: Proved) -> None:
    ended = verify(proved.bundle, proved.cache)
    report = ended.document
    assert (ended.code, report["ok"], report["exit_code"]) == (0, True, 0)
    assert report["schema"] == "auditor.verification/1"
    assert [item["name"] for item in report["checks"]] == CHECKS
    asked = [item for item in report["checks"] if item["asked"]]
    assert {item["status"] for item in asked} == {"pass"}
    assert [item["name"] for item in report["checks"] if not item["asked"]] == CHECKS[-6:]
    assert all(item["reason"] for item in report["checks"])
    (warning,) = report["warnings"]
    assert "convinces nobody else" in warning


def test_every_format(proved: Proved, tmp_path: Path) -> None:
    page = proving.run("verify", proved.bundle, "--cache", proved.cache, "--quiet")
    assert (page.code, page.err) == (0, "")
    assert "VERIFIED" in page.out
    words = ("--format", "concise", "--output", f"json={tmp_path / 'r.json'}", "--verbose")
    concise = proving.run("verify", proved.bundle, "--cache", proved.cache, *words)
    assert concise.out.splitlines()[0] == f"{proved.bundle}: verified"
    assert json.loads((tmp_path / "r.json").read_text())["ok"] is True


def test_a_bundle_through_a_link(proved: Proved, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(proved.bundle)
    assert verify(link, proved.cache).code == 0


def test_the_model_that_was_proved(proved: Proved) -> None:
    ended = verify(proved.bundle, proved.cache, "--model", proved.model)
    assert ended.code == 0
    assert [check(ended, name)[0] for name in CHECKS[-6:]] == ["pass"] * 5 + ["not run"]


def test_another_model_of_the_same_size(proved: Proved, tmp_path: Path) -> None:
    other = proving.dense(tmp_path / "dense.onnx", seed=1)
    ended = verify(proved.bundle, proved.cache, "--model", other)
    assert ended.code == 1
    assert check(ended, "model")[0] == "fail"
    assert "another model" in check(ended, "model")[1]
    page = proving.run("verify", proved.bundle, "--cache", proved.cache, "--model", other)
    assert "NOT VERIFIED" in page.out


def test_a_tolerance_of_ones_own(proved: Proved) -> None:
    ended = verify(proved.bundle, proved.cache, "--model", proved.model, "--tolerance", "1")
    assert (ended.code, check(ended, "outputs")[0]) == (0, "pass")
    assert "within the tolerance" in check(ended, "outputs")[1]


def test_a_tolerance_that_is_exceeded_fails(proved: Proved) -> None:
    ended = verify(proved.bundle, proved.cache, "--model", proved.model, "--tolerance", "1e-9")
    assert (ended.code, check(ended, "outputs")[0]) == (1, "fail")
    assert "tolerated" in check(ended, "outputs")[1]


def test_an_unsafe_srs_of_another_machine(proved: Proved, tmp_path: Path) -> None:
    cache = tmp_path / "another machine"
    ended = verify(proved.bundle, cache)
    assert (ended.code, check(ended, "srs")[0]) == (1, "fail")
    assert "--allow-unsafe-srs" in check(ended, "srs")[1]
    assert check(ended, "proof")[0] == "not run"
    allowed = verify(proved.bundle, cache, "--allow-unsafe-srs")
    assert (allowed.code, check(allowed, "srs")[0]) == (0, "pass")
    assert allowed.document["warnings"]
    # The whole SRS is needed to make the key again, and is not here.
    unknown = verify(proved.bundle, cache, "--allow-unsafe-srs", "--model", proved.model)
    assert (unknown.code, check(unknown, "model key")[0]) == (1, "not run")


@pytest.mark.parametrize("name", proving.BUNDLE_FILES)
def test_a_changed_or_missing_file(proved: Proved, tmp_path: Path, name: str) -> None:
    bundle = tmp_path / "b"
    shutil.copytree(proved.bundle, bundle)
    content = (bundle / name).read_bytes()
    (bundle / name).write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    assert verify(bundle, proved.cache).code == 1
    (bundle / name).unlink()
    ended = verify(bundle, proved.cache)
    assert (ended.code, check(ended, "bundle")) == (1, ("fail", f"lacks {name}"))


def test_no_bundle(proved: Proved, tmp_path: Path) -> None:
    for place in (tmp_path / "none", proved.model):
        ended = verify(place, proved.cache)
        assert (ended.code, "give the directory of a bundle" in ended.complaint) == (2, True)
    ended = verify(tmp_path, proved.cache)
    assert (ended.code, check(ended, "bundle")[0]) == (1, "fail")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--model", "none.onnx"), "none.onnx"),
        (("--srs", "none.srs"), "none.srs"),
        (("--memory-limit", "much"), "expected a size"),
        (("--format", "yaml"), "yaml"),
    ],
)
def test_wrong_usage_is_one_line(proved: Proved, words: tuple[str, ...], reason: str) -> None:
    ended = verify(proved.bundle, proved.cache, *words)
    assert (ended.code, reason in ended.complaint) == (2, True)


def test_a_check_that_takes_too_long_is_not_a_pass(proved: Proved) -> None:
    ended = verify(proved.bundle, proved.cache, "--timeout", "0.01", "--memory-limit", "1GiB")
    assert ended.code != 0
    assert "0.01 seconds" in ended.out + ended.err


# --- on chain ------------------------------------------------------------------------------


def test_no_evm_is_installed(proved: Proved, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyrevm" else find(name))
    ended = verify(proved.bundle, proved.cache, "--evm")
    assert ended.code == 1
    assert check(ended, "evm") == ("not run", "no EVM is installed: pip install 'auditor[evm]'")


def test_a_compiler_that_is_none(proved: Proved, tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    ended = verify(proved.bundle, proved.cache, "--evm", "--solc", tmp_path / "solc")
    assert (ended.code, check(ended, "evm")[0]) == (1, "not run")
    assert str(tmp_path / "solc") in check(ended, "evm")[1]


def test_a_proof_holds_on_chain(proved: Proved, tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    try:
        compiler = find_compiler(directory=tmp_path)
    except AuditorError as error:
        pytest.skip(f"no Solidity compiler: {error}")
    ended = verify(proved.bundle, proved.cache, "--evm", "--solc", compiler.path)
    assert ended.code == 0
    (found,) = (item for item in ended.document["checks"] if item["name"] == "evm")
    assert found["detail"]["tampered_reverts"] is True
    assert found["detail"]["verify_gas"] > 100_000
