"""``auditor prove``: real proofs of a few numbers, everything that stops one, and what is left behind."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import numpy as np
import pytest

from auditor import prove as pipeline
from auditor.circuit.field import FIELD_MODULUS
from auditor.errors import InternalFailure
from auditor.ezkl import Rejected
from auditor.proving import steps
from auditor.proving.store import Store
from tests.cli import proving
from tests.cli.conftest import Proved
from tests.cli.proving import BUNDLE_FILES, INPUT, SETTINGS, UNSAFE, check, manifest, prove, reused, verify

ROOT = Path(__file__).parents[2]

CLOSED_PORT = "http://127.0.0.1:9"


def command(model: Path, proved: Proved, bundle: Path, *more: str | Path) -> list[str]:
    """A whole command line, for a process of its own."""
    words = ("--cache", proved.cache, "--bundle", bundle, *SETTINGS, *UNSAFE, *more)
    return [sys.executable, "-m", "auditor", "prove", str(model), *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


def no_process(*words: object, **more: object) -> None:
    raise AssertionError("a process was started")


# --- a proof -------------------------------------------------------------------------------


def test_a_proof_its_report_and_its_bundle(proved: Proved) -> None:
    report = proved.ended.document
    assert (report["schema"], report["status"], report["exit_code"]) == ("auditor.proof/1", "proved", 0)
    assert sorted(path.name for path in proved.bundle.iterdir()) == BUNDLE_FILES
    assert report["manifest"] == {
        name: value for name, value in manifest(proved.bundle).items() if name in report["manifest"]
    }
    (given,) = report["manifest"]["public"]["inputs"]
    assert given["values"] == list(INPUT)
    assert report["manifest"]["input"]["source"] == "file"
    assert [step["step"] for step in report["manifest"]["steps"]] == [
        "settings", "compile", "witness", "keys", "proof", "verification",
    ]  # fmt: skip
    assert all(step["measured"]["wall_seconds"] > 0 for step in report["manifest"]["steps"])
    assert report["manifest"]["overhead"]["ratio"] > 1
    (warning,) = report["warnings"]
    assert warning.startswith("UNSAFE SRS")
    assert "auditor: keys done in" in proved.ended.err
    assert reused(report) == []


def test_a_second_run_reuses_what_it_can_and_says_so(proved: Proved, tmp_path: Path) -> None:
    ended = prove(proved.model, proved.cache, tmp_path / "again", "--input", proved.input)
    assert ended.code == 0
    assert reused(ended.document) == ["settings", "compile", "keys"]
    for name in ("settings.json", "vk.key", "verifier.srs"):
        assert (tmp_path / "again" / name).read_bytes() == (proved.bundle / name).read_bytes()
    one, other = manifest(proved.bundle), manifest(tmp_path / "again")
    for name in ("model", "circuit", "srs", "run_args", "input", "public"):
        assert one[name] == other[name]


def test_what_an_interrupted_run_has_finished_is_not_done_again(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*words: object) -> None:
        raise InternalFailure("the machine failed")

    with monkeypatch.context() as patch:
        patch.setattr(steps, "make_proof", die)
        ended = prove(proved.model, proved.cache, tmp_path / "b", "--input", proved.input)
        assert (ended.code, ended.complaint) == (4, "auditor: the machine failed")
    assert "witness" in proving.kinds(proved.cache)
    ended = prove(proved.model, proved.cache, tmp_path / "b", "--input", proved.input)
    assert reused(ended.document) == ["settings", "compile", "witness", "keys"]
    assert not {"witness", "proof"} & set(proving.kinds(proved.cache))


def test_a_proof_that_does_not_hold_is_not_kept(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(*words: object) -> None:
        raise Rejected("it does not hold", "verification")

    with monkeypatch.context() as patch:
        patch.setattr(steps, "check_proof", reject)
        ended = prove(proved.model, proved.cache, tmp_path / "b", "--input", proved.input)
    assert ended.code == 4
    assert ended.complaint.startswith("auditor: verification: EZKL failed: it does not hold")
    assert not (tmp_path / "b").exists()
    assert "proof" not in proving.kinds(proved.cache)
    assert prove(proved.model, proved.cache, tmp_path / "b", "--input", proved.input).code == 0


def test_a_bundle_is_replaced(proved: Proved, tmp_path: Path) -> None:
    bundle = tmp_path / "b"
    for seed in ("7", "8"):
        ended = prove(proved.model, proved.cache, bundle, "--seed", seed)
        assert ended.code == 0
        assert f"the input is random (seed {seed}), as none was given: --input" in ended.document["warnings"]
        assert manifest(bundle)["input"] == {
            **manifest(bundle)["input"],
            "source": "random",
            "seed": int(seed),
        }
    assert list(tmp_path.iterdir()) == [bundle]


def test_every_format_and_file(proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_CACHE", str(proved.cache))
    monkeypatch.chdir(tmp_path)
    words = (proved.model, "--quiet", "--output", f"json={tmp_path / 'r.json'}", *SETTINGS, *UNSAFE)
    ended = proving.run("prove", *words, "--output", f"concise={tmp_path / 'r.txt'}")
    assert (ended.code, ended.err) == (0, "")
    assert "PROVED" in ended.out
    assert "\x1b" not in ended.out
    assert manifest(tmp_path / "dense.bundle")["srs"]["kind"] == "unsafe-local"
    assert json.loads((tmp_path / "r.json").read_text())["status"] == "proved"
    assert (tmp_path / "r.txt").read_text().startswith("dense.onnx: proved dense.bundle (")


def test_run_args_of_a_settings_file(proved: Proved, tmp_path: Path) -> None:
    words = ("--cache", proved.cache, "--bundle", tmp_path / "b", "--format", "json", *UNSAFE)
    ended = proving.run("prove", proved.model, *words, "--settings", proved.bundle / "settings.json")
    assert ended.code == 0
    # EZKL writes the epsilon it will use, where nobody gave one.
    found, given = manifest(tmp_path / "b")["run_args"], manifest(proved.bundle)["run_args"]
    assert found == {**given, "epsilon": found["epsilon"]}


# --- inputs --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.npz", "x.npy"])
def test_arrays_as_input(proved: Proved, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    array = np.array([INPUT], np.float32)
    if name.endswith("z"):
        np.savez(path, x=array)
    else:
        np.save(path, array)
    assert prove(proved.model, proved.cache, tmp_path / "b", "--input", path).code == 0
    assert manifest(tmp_path / "b")["public"] == manifest(proved.bundle)["public"]
    assert manifest(tmp_path / "b")["input"]["sha256"] == manifest(proved.bundle)["input"]["sha256"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"input_data": [[1, 2]]}', "takes 1 x 3 numbers"),
        ('{"input_data": [[1, 2, NaN]]}', "input"),
        ('{"input_data": [[1, 2, "x"]]}', "is no number"),
        ('{"input_data": [[1, 2, 3], [4, 5, 6]]}', "input"),
        ('{"input_data": [[1, 2, 3, 4, 5, 6]]}', "a proof is about one input"),
        ("[[1, 2, 3", "json"),
        ("", "json"),
        (None, "cannot be read"),
    ],
)
def test_wrong_inputs_are_usage_errors_before_ezkl_is_asked(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, words: str
) -> None:
    monkeypatch.setattr(subprocess, "Popen", no_process)
    path = tmp_path / "input.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    ended = prove(proved.model, proved.cache, tmp_path / "b", "--input", path)
    assert ended.code == 2
    assert "input.json" in ended.complaint
    assert words in ended.complaint
    assert not (tmp_path / "b").exists()


def test_an_input_the_circuit_has_no_room_for(proved: Proved, tmp_path: Path) -> None:
    path = proving.input_json(tmp_path / "large.json", (1e30, 0, 0))
    ended = prove(proved.model, proved.cache, tmp_path / "b", "--input", path)
    assert (ended.code, (tmp_path / "b").exists()) in {(1, False), (2, False)}
    assert "smaller" in ended.out + ended.err


# --- what is private -----------------------------------------------------------------------


def test_a_private_input_is_nowhere(proved: Proved, tmp_path: Path) -> None:
    cache, bundle = tmp_path / "cache", tmp_path / "b"
    more = ("--input", proved.input, "--set", "input_visibility=private")
    ended = prove(proved.model, cache, bundle, *more)
    assert ended.code == 0
    found = manifest(bundle)
    assert found["input"].get("sha256") is None
    assert found["public"]["inputs"] == []
    secrets = {str(value).encode() for value in INPUT}
    secrets.add(manifest(proved.bundle)["input"]["sha256"].encode())
    for value in INPUT:
        element = (round(value * 128) % FIELD_MODULUS).to_bytes(32, "little")
        secrets |= {element, element.hex().encode(), np.float32(value).tobytes() + np.float32(0).tobytes()}
    for output in manifest(proved.bundle)["reference"]["outputs"]:
        secrets |= {repr(value).encode() for value in output["values"]}
    written = b"".join(path.read_bytes() for path in (*bundle.iterdir(), *cache.rglob("*")) if path.is_file())
    assert [secret for secret in secrets if secret in written] == []
    assert [secret for secret in secrets if secret in ended.out.encode() + ended.err.encode()] == []
    # The same search finds all of them where the input is public.
    public = b"".join(path.read_bytes() for path in proved.bundle.iterdir())
    assert sum(secret in public for secret in secrets) >= 2 * len(INPUT) + 1
    assert proving.kinds(cache) == ["compile", "keys", "settings", "srs"]


@pytest.mark.parametrize(
    "assignments",
    [
        ("input_visibility=hashed", "output_visibility=private"),
        ("input_visibility=polycommit", "output_visibility=hashed"),
        ("param_visibility=polycommit", "output_visibility=polycommit"),
        ("param_visibility=hashed", "input_visibility=private"),
    ],
)
def test_hashed_committed_and_private_tensors(
    proved: Proved, tmp_path: Path, assignments: tuple[str, ...]
) -> None:
    more = [word for assignment in assignments for word in ("--set", assignment)]
    bundle = tmp_path / "b"
    assert prove(proved.model, proved.cache, bundle, *more).code == 0
    verified = verify(bundle, proved.cache, "--model", proved.model)
    assert verified.code == 0
    assert check(verified, "model key")[0] == "pass"
    public = manifest(bundle)["public"]
    assert len(public["hashes"]) == sum("=hashed" in assignment for assignment in assignments)


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("input_visibility=fixed", "makes the input part of the keys, which EZKL makes without it"),
        ("output_visibility=fixed", "makes the output part of the keys, which EZKL makes without it"),
        ("input_visibility=hashed/private/0", "EZKL does not bind that hash to the circuit"),
    ],
)
def test_what_ezkl_proves_wrongly_is_refused_before_it_is_asked(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assignment: str, reason: str
) -> None:
    monkeypatch.setattr(subprocess, "Popen", no_process)
    ended = prove(proved.model, proved.cache, tmp_path / "b", "--set", assignment)
    assert (ended.code, ended.document["status"]) == (1, "refused")
    assert reason in ended.document["reasons"][0]


def test_weights_that_lie_beside_the_model(proved: Proved, tmp_path: Path) -> None:
    model = proving.dense(tmp_path / "dense.onnx", external=True)
    assert len(model.read_bytes()) < 200
    ended = prove(model, proved.cache, tmp_path / "b", "--input", proved.input)
    assert ended.code == 0
    named = manifest(tmp_path / "b")["model"]
    assert named["sha256"] != named["inlined_sha256"]
    assert manifest(tmp_path / "b")["public"] == manifest(proved.bundle)["public"]
    assert verify(tmp_path / "b", proved.cache, "--model", model).code == 0
    (tmp_path / "dense.weights").unlink()
    refused = prove(model, proved.cache, tmp_path / "b")
    assert (refused.code, refused.document["binding"]) == (1, "support")
    assert "holds external data" in refused.document["reasons"][0]


# --- fidelity ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "status", "findings"),
    [(proving.padded_pool, "different", ["AUD-FID-003"]), (proving.coarse, "coarse", [])],
)
def test_another_function_is_proved_only_by_force_and_the_bundle_says_so(
    proved: Proved, tmp_path: Path, make: Callable[[Path], Path], status: str, findings: list[str]
) -> None:
    model, bundle = make(tmp_path / "model.onnx"), tmp_path / "b"
    refused = prove(model, proved.cache, bundle)
    report = refused.document
    assert (refused.code, report["status"], report["binding"]) == (1, "refused", "fidelity")
    assert report["reasons"]
    if status == "coarse":
        # The input to be proved is within the tolerance: it is a probe that tells.
        assert "is on an input drawn to probe it" in report["reasons"][1]
        far, tolerated = (
            float(word) for word in re.findall(r" (\d\S*) (?:from|is tolerated)", report["reasons"][1])
        )
        assert far > tolerated
    assert report["next"]
    assert not bundle.exists()
    forced = prove(model, proved.cache, bundle, "--force")
    assert forced.code == 0
    fidelity = manifest(bundle)["fidelity"]
    assert (fidelity["status"], fidelity["forced"], fidelity["findings"]) == (status, True, findings)
    assert any(
        "proves another function" in line or "than rounding explains" in line
        for line in forced.document["warnings"]
    )
    assert verify(bundle, proved.cache).code == 0


def test_a_tolerance_of_ones_own(proved: Proved, tmp_path: Path) -> None:
    strict = prove(proved.model, proved.cache, tmp_path / "b", "--tolerance", "0.000001")
    assert (strict.code, strict.document["binding"]) == (1, "fidelity")
    lax = prove(proving.coarse(tmp_path / "model.onnx"), proved.cache, tmp_path / "b", "--tolerance", "1")
    assert lax.code == 0
    assert manifest(tmp_path / "b")["fidelity"]["forced"] is False


# --- refused before anything is begun ------------------------------------------------------


def test_too_little_memory_is_refused_with_the_numbers(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", no_process)
    ended = prove(proved.model, tmp_path / "cache", tmp_path / "b", "--memory-limit", "1MiB")
    report = ended.document
    assert (ended.code, report["status"], report["binding"]) == (1, "refused", "memory")
    assert "the limit is 1.0 MB" in report["reasons"][0]
    assert [item["step"] for item in report["plan"]][-3:] == ["keys", "proof", "verification"]
    assert any("--force" in line for line in report["next"])
    assert not (tmp_path / "b").exists()


def test_too_little_disk_is_refused_unless_forced(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.preparation.free_disk_bytes", lambda path: 1000)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", no_process)
        ended = prove(proved.model, tmp_path / "cache", tmp_path / "b")
        assert (ended.code, ended.document["binding"]) == (1, "disk")
        assert "1.0 kB of the disk is free" in ended.document["reasons"][0]
    forced = prove(proved.model, tmp_path / "cache", tmp_path / "b", "--force")
    assert forced.code == 0
    assert "going on, as --force was given" in forced.err
    assert manifest(tmp_path / "b")["fidelity"]["forced"] is False


def test_what_is_done_already_needs_no_room(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.preparation.free_disk_bytes", lambda path: 200_000)
    assert prove(proved.model, proved.cache, tmp_path / "b").code == 0
    ended = prove(proved.model, tmp_path / "cache", tmp_path / "b")
    assert (ended.code, ended.document["binding"]) == (1, "disk")


def test_a_step_that_takes_too_long(proved: Proved, tmp_path: Path) -> None:
    ended = prove(proved.model, tmp_path / "cache", tmp_path / "b", "--timeout", "0.01")
    assert ended.code == 4
    assert "settings took too long: stopped after 0.01 seconds" in ended.complaint
    assert not (tmp_path / "b").exists()


def test_a_model_too_large_for_the_user(proved: Proved, tmp_path: Path) -> None:
    ended = prove(proved.model, tmp_path / "cache", tmp_path / "b", "--max-logrows", "2")
    assert (ended.code, ended.document["binding"]) == (1, "logrows")


def test_an_open_dimension_needs_a_size(proved: Proved, tmp_path: Path) -> None:
    model = proving.negation(tmp_path / "m.onnx", length="length")
    ended = prove(model, proved.cache, tmp_path / "b")
    assert (ended.code, "--dim length=" in ended.complaint) == (3, True)
    assert prove(model, proved.cache, tmp_path / "b", "--dim", "length=3").code == 0
    assert manifest(tmp_path / "b")["public"]["inputs"][0]["shape"] == [1, 3]


# --- what is not installed -----------------------------------------------------------------


def test_ezkl_is_not_installed(proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    ended = prove(proved.model, proved.cache, tmp_path / "b")
    assert (ended.code, ended.complaint) == (
        2,
        "auditor: EZKL is not installed; pip install 'auditor[prove]'",
    )


def test_another_ezkl_is_installed(proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0.0")
    ended = prove(proved.model, proved.cache, tmp_path / "b")
    assert (ended.code, "pip install ezkl==23.0.5" in ended.complaint) == (3, True)


def test_onnx_runtime_is_not_installed(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else find(name)
    )
    ended = prove(proved.model, proved.cache, tmp_path / "b")
    expected = "auditor: ONNX Runtime is not installed; pip install 'auditor[prove]'"
    assert (ended.code, ended.complaint) == (2, expected)


# --- the SRS -------------------------------------------------------------------------------


def own_srs(proved: Proved, path: Path, change: Callable[[bytes], bytes] = bytes) -> Path:
    """The SRS of the shared cache as a file, perhaps changed."""
    with Store(proved.cache) as store:
        stored = store.find(
            "srs", {"kind": "unsafe-local", "logrows": manifest(proved.bundle)["srs"]["logrows"]}
        )
        assert stored is not None
        path.write_bytes(change(stored.path("kzg.srs").read_bytes()))
    return path


def test_the_public_srs_without_a_network(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_SRS_MIRROR", CLOSED_PORT)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, CLOSED_PORT)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    ended = prove(proved.model, proved.cache, tmp_path / "b", "--srs", "public")
    assert ended.code == 3
    assert ended.out == ""
    last = ended.err.splitlines()[-1]
    assert "could not be downloaded" in last
    assert "--srs PATH" in last
    assert "--srs unsafe-local" in last


def test_a_pinned_srs(proved: Proved, tmp_path: Path) -> None:
    srs = own_srs(proved, tmp_path / "own.srs")
    cache, bundle = tmp_path / "cache", tmp_path / "b"
    unpinned = prove(proved.model, cache, bundle, "--srs", srs)
    sha256 = manifest(proved.bundle)["srs"]["sha256"]
    assert unpinned.code == 2
    assert f"pin it with --srs-sha256 {sha256}" in unpinned.complaint
    ended = prove(proved.model, cache, bundle, "--srs", srs, "--srs-sha256", sha256.upper())
    assert ended.code == 0
    assert manifest(bundle)["srs"]["kind"] == "pinned"
    assert not any("UNSAFE" in line for line in ended.document["warnings"])
    untold = verify(bundle, cache)
    assert (untold.code, check(untold, "srs")[0]) == (1, "not run")
    assert verify(bundle, cache, "--srs", srs).code == 0
    assert verify(bundle, cache, "--srs", srs, "--srs-sha256", sha256).code == 0
    # Where it was generated nobody calls it better than unsafe.
    here = prove(proved.model, proved.cache, tmp_path / "c", "--srs", srs, "--srs-sha256", sha256)
    assert here.code == 0
    assert manifest(tmp_path / "c")["srs"]["kind"] == "unsafe-local"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "is damaged"),
        (lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "is not the pinned one"),
        (lambda data: data[:-100], "is damaged"),
        (lambda data: b"", "is no SRS"),
        (lambda data: (5).to_bytes(4, "little") + data[4 : 4 + 64 * 64] + data[-256:], "is for k=5"),
    ],
)
def test_wrong_srs_files(
    proved: Proved, tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    srs = own_srs(proved, tmp_path / "own.srs", change)
    sha256 = manifest(proved.bundle)["srs"]["sha256"]
    ended = prove(proved.model, proved.cache, tmp_path / "b", "--srs", srs, "--srs-sha256", sha256)
    assert ended.code == 2
    assert words in ended.complaint
    assert not (tmp_path / "b").exists()


# --- usage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--srs", "none.srs"), "there is no file 'none.srs'"),
        (("--srs-sha256", "ab"), "is no SHA-256"),
        (("--srs-sha256", "ab" * 32), "pins a file"),
        (("--memory-limit", "much"), "expected a size"),
        (("--set", "nonsense=1"), "nonsense"),
        (("--dim", "N=0"), "a dimension is at least 1"),
        (("--format", "yaml"), "yaml"),
        (("--output", "json"), "expected NAME=VALUE"),
        (("--settings", "none.json"), "none.json"),
    ],
)
def test_wrong_usage_is_one_line(proved: Proved, tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    ended = prove(proved.model, proved.cache, tmp_path / "b", *words)
    assert (ended.code, reason in ended.complaint) == (2, True)


@pytest.mark.parametrize(
    "words", [("--seed", "-1"), ("--timeout", "0"), ("--tolerance", "-1"), ("--nonsense",)]
)
def test_wrong_values_are_usage_errors(proved: Proved, tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = prove(proved.model, proved.cache, tmp_path / "b", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.strip()


def test_no_model(proved: Proved, tmp_path: Path) -> None:
    ended = prove(tmp_path / "none.onnx", proved.cache, tmp_path / "b")
    assert (ended.code, "none.onnx" in ended.complaint) == (2, True)
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"\xff" * 100)
    ended = prove(junk, proved.cache, tmp_path / "b")
    assert (ended.code, "junk.onnx" in ended.complaint) == (2, True)


# --- places --------------------------------------------------------------------------------


def test_a_place_that_is_taken_is_refused_before_any_work(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", no_process)
    file, folder, link = tmp_path / "file", tmp_path / "folder", tmp_path / "link"
    file.write_text("mine")
    folder.mkdir()
    (folder / "mine").touch()
    link.symlink_to(proved.bundle)
    for place in (file, folder, link, file / "below"):
        ended = prove(proved.model, proved.cache, place)
        assert ended.code == 2
        assert str(place) in ended.complaint
    assert (file.read_text(), link.is_symlink(), (folder / "mine").exists()) == ("mine", True, True)


def test_a_cache_that_cannot_be(proved: Proved, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        ended = prove(proved.model, place, tmp_path / "b")
        assert ended.code == 2
        assert "the cache" in ended.complaint


@pytest.mark.parametrize("name", ["[red]x\n::error::.onnx", "-ü\x1b[31m \u202egnp.onnx"])
def test_hostile_names(proved: Proved, tmp_path: Path, name: str) -> None:
    model, bundle = tmp_path / name, tmp_path / f"{name}.b"
    model.write_bytes(proved.model.read_bytes())
    files = [tmp_path / "report.txt", tmp_path / "report.json"]
    ended = prove(
        model, proved.cache, bundle, "--format", "terminal", "--output", f"concise={files[0]}",
        "--output", f"json={files[1]}",
    )  # fmt: skip
    assert ended.code == 0
    for said in (ended.out, ended.err, *(file.read_text() for file in files)):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert not any(line.startswith("::") for line in said.splitlines())
    for format_ in ("terminal", "concise", "json"):
        ended = proving.run("verify", bundle, "--cache", proved.cache, "--format", format_)
        assert (ended.code, "\x1b" in ended.out, "\u202e" in ended.out) == (0, False, False)
        assert not any(line.startswith("::") for line in ended.out.splitlines())


# --- real processes ------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_error(proved: Proved, tmp_path: Path) -> None:
    words = command(proved.model, proved, tmp_path / "b")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 0
    assert "Traceback" not in err
    assert "Broken" not in err
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == BUNDLE_FILES


@pytest.mark.parametrize(("columns", "more"), [(60, {}), (30, {"NO_COLOR": "1"})])
def test_a_narrow_terminal(proved: Proved, tmp_path: Path, columns: int, more: dict[str, str]) -> None:
    """The width is respected down to 60 columns, and colours are for terminals that want them."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = environment(TERM="xterm-256color", **more)
    settings.pop("COLUMNS", None)
    words = command(proved.model, proved, tmp_path / "b", "--memory-limit", "1MiB")
    process = subprocess.Popen(words, stdout=theirs, stderr=subprocess.DEVNULL, env=settings)
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # how Linux says that the other end was closed
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 1
    text = said.decode()
    assert ("\x1b[" in text) is not ("NO_COLOR" in more)
    if "NO_COLOR" in more:
        assert max(map(len, text.splitlines())) <= 60


def interrupted(proved: Proved, place: Path, number: signal.Signals) -> tuple[int, str]:
    """A run that gets a signal while it makes keys, which take some seconds."""
    words = command(proved.model, proved, place / "b", "--cache", place / "cache", "--set", "logrows=13")
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("auditor: fidelity done"):
            break
    until = time.monotonic() + 60
    while not list(place.glob("cache/store-1/entries/keys/*.partial")) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    out, rest = process.communicate(timeout=60)
    assert out == ""
    return process.returncode, "".join(said) + rest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_leaves_nothing_half_made(
    proved: Proved, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    found, said = interrupted(proved, tmp_path, number)
    assert (found, "Traceback" in said) == (code, False)
    assert "keys done" not in said
    store = tmp_path / "cache" / "store-1"
    assert [*store.glob("entries/*/*.partial"), *store.glob("runs/*"), *store.glob("entries/keys/*")] == []
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    if sys.platform == "linux":
        assert [entry for entry in Path("/proc").glob("[0-9]*/cwd") if _is_below(entry, tmp_path)] == []


def _is_below(link: Path, directory: Path) -> bool:
    try:
        return Path(os.readlink(link)).is_relative_to(directory)
    except OSError:  # another user's, or gone
        return False


def test_another_run_may_be_at_the_same_proof(
    proved: Proved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no failure that the witness cannot be removed while somebody else reads it."""
    with Store(proved.cache) as other:
        compare = pipeline.compare

        def compare_and_share(
            shop: steps.Workshop, subject: object, witness: steps.Step, *more: object
        ) -> object:
            (entry,) = (item for item in other.entries() if item.kind == "witness")
            record = (proved.cache / "store-1/entries/witness" / entry.digest / "record.json").read_bytes()
            assert other.find("witness", json.loads(record)["body"]["key"]) is not None
            return compare(shop, subject, witness, *more)  # type: ignore[arg-type]

        monkeypatch.setattr(pipeline, "compare", compare_and_share)
        ended = prove(proved.model, proved.cache, tmp_path / "b", "--seed", "3")
        assert ended.code == 0
        assert "the witness stays in the cache" in ended.err
    monkeypatch.undo()
    assert prove(proved.model, proved.cache, tmp_path / "b", "--seed", "3").code == 0
    assert "witness" not in proving.kinds(proved.cache)
