"""Bundles on disk and their manifests: one spelling, written whole, read with suspicion."""

from __future__ import annotations

import json
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import asdict, replace

from auditor.errors import InternalFailure, UsageError
from auditor.proving import bundle as bundle_module
from auditor.proving import strict_json
from auditor.proving.bundle import BadBundle, canonical_proof, read_bundle, require_free, write_bundle
from auditor.proving.manifest import (
    FILES,
    BadManifest,
    Manifest,
    PublicHash,
    decode,
    encode,
    file_record,
    schema,
)
from tests.proving import real
from tests.proving.bundling import parts

PUBLISHED = Path(__file__).parents[2] / "auditor" / "schemas" / "bundle-1.schema.json"


@pytest.fixture
def manifest(tiny_proof: real.Proved) -> Manifest:
    honest = parts(tiny_proof)
    return honest.manifest.with_files(honest.files())


@pytest.fixture
def written(tiny_proof: real.Proved, tmp_path: Path) -> Path:
    return parts(tiny_proof).write(tmp_path / "bundle")


# --- the manifest --------------------------------------------------------------------------


def test_a_manifest_reads_back_as_it_was_and_in_the_same_bytes(manifest: Manifest) -> None:
    data = encode(manifest)
    assert data.isascii()
    assert data.endswith(b"}\n")
    again = decode(data)
    assert again == manifest
    assert encode(again) == data


def test_the_published_schema_is_that_of_the_nouns_and_accepts_a_manifest(manifest: Manifest) -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert published == schema()
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(json.loads(encode(manifest)), published)


def test_the_keys_are_those_of_the_contract(manifest: Manifest) -> None:
    document = json.loads(encode(manifest))
    assert sorted(document) == [
        "circuit", "content_sha256", "fidelity", "files", "input", "machine", "model", "overhead", "public",
        "reference", "run_args", "schema", "srs", "steps", "tool",
    ]  # fmt: skip
    assert sorted(document["files"]) == sorted(FILES)
    assert document["public"]["inputs"][0]["integers"] == [
        str(int(value * 128)) for value in document["public"]["inputs"][0]["values"]
    ]
    assert document["run_args"]["lookup_range"] == [0, 0]


def test_no_byte_of_a_manifest_can_change(manifest: Manifest) -> None:
    data = encode(manifest)
    generator = random.Random(3)
    for _ in range(300):
        position = generator.randrange(len(data))
        changed = bytearray(data)
        changed[position] ^= 1 << generator.randrange(8)
        with pytest.raises(BadManifest):
            decode(bytes(changed))
    for other in (
        data[:-1],
        data + b"\n",
        b" " + data,
        b"",
        b"{}",
        data.replace(b" ", b""),
        b"\xef\xbb\xbf" + data,
    ):
        with pytest.raises(BadManifest):
            decode(other)


def resealed(document: dict[str, Any]) -> bytes:
    """A manifest of any content with the content hash it should have."""
    import hashlib

    document = {name: value for name, value in document.items() if name != "content_sha256"}
    digest = hashlib.sha256(strict_json.dump(document)).hexdigest()
    return strict_json.dump(document | {"content_sha256": digest})


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("schema",), "auditor.bundle/2", "schema"),
        (("extra",), 1, "unknown name extra"),
        (("model", "bytes"), True, "model.bytes is not int"),
        (("model", "bytes"), 1.0, "model.bytes is not int"),
        (("model", "bytes"), None, "model.bytes is not int"),
        (("model", "sha256"), "A" * 64, "SHA-256"),
        (("model", "file_name"), "../x.onnx", "file_name"),
        (("model", "file_name"), "", "file_name"),
        (("machine", "cores"), "2", "machine.cores is not int"),
        (("srs", "kind"), "trusted", "srs.kind is not one of"),
        (("srs", "warning"), None, "srs.warning"),
        (("srs", "warning"), "", "srs.warning"),
        (("overhead", "ratio"), 500, "overhead.ratio is not float"),
        (("steps",), {}, "steps is not a list"),
        (("steps", 0, "predicted", "cpu_seconds"), 1.0, "is not an object"),
        (("run_args", "lookup_range"), [0, 0, 0], "list of 2"),
        (("files", "pk.key"), {"sha256": "0" * 64, "bytes": 1}, "files"),
        (("files",), {}, "files lacks"),
        (("public", "inputs", 0, "integers", 0), "01", "decimal"),
        (("public", "inputs", 0, "integers", 0), "-0", "decimal"),
        (("public", "outputs"), [], "reference.outputs tells values"),
    ],
    ids=str,
)
def test_a_forged_manifest_is_refused_where_it_is_wrong(
    path: tuple[str | int, ...], value: Any, reason: str, manifest: Manifest
) -> None:
    document = json.loads(encode(manifest))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(BadManifest, match=reason):
        decode(resealed(document))


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"schema":"auditor.bundle/1","schema":"auditor.bundle/1"}',
        b'{"schema":"auditor.bundle/1","x":NaN}',
        b'{"schema":"auditor.bundle/1","x":1e999}',
        b'{"schema":"auditor.bundle/1","x":' + b"9" * 5000 + b"}",
        b'{"schema":"auditor.bundle/1","x":"\\ud800"}',
        b"\xff\xfe",
        b"null",
        b"[" + b"[]," * (1 << 20) + b"0]",
        b"[" + b"0," * (1 << 23) + b"0,0]",
        b"{" + b'"":0,' * (1 << 20) + b'"":0}',
    ],
    ids=range(12),
)
def test_hostile_json_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadManifest):
        decode(data)


def test_nothing_out_of_place_is_written(manifest: Manifest) -> None:
    for wrong in (
        replace(manifest, model=replace(manifest.model, bytes="7")),  # type: ignore[arg-type]
        replace(manifest, overhead=replace(manifest.overhead, ratio=float("nan"))),  # type: ignore[type-var]
        replace(manifest, files={}),
        replace(manifest, srs=replace(manifest.srs, sha256="")),
        replace(manifest, public=replace(manifest.public, hashes=[PublicHash])),  # type: ignore[arg-type]
    ):
        with pytest.raises(BadManifest):
            encode(wrong)


def test_an_error_shows_no_control_characters(manifest: Manifest) -> None:
    document = json.loads(encode(manifest)) | {"\x1b[31mred\u202e": 1}
    with pytest.raises(BadManifest) as caught:
        decode(resealed(document))
    assert str(caught.value).isprintable()


# --- proof.json ----------------------------------------------------------------------------


def test_a_canonical_proof_has_no_time_and_ezkl_still_accepts_it(tiny_proof: real.Proved) -> None:
    data = canonical_proof(tiny_proof.proof)
    document = json.loads(data)
    assert document["timestamp"] is None
    assert json.loads(tiny_proof.proof)["timestamp"] > 0
    assert canonical_proof(data) == data
    assert real.verifies(tiny_proof, document)
    with pytest.raises(strict_json.Malformed):
        canonical_proof(b"[]")


# --- reading -------------------------------------------------------------------------------


def test_a_bundle_reads_back(written: Path, tiny_proof: real.Proved) -> None:
    found = read_bundle(written)
    assert dict(found.files) == parts(tiny_proof).files()
    manifest = decode(found.manifest)
    assert manifest.files == {name: file_record(data) for name, data in found.files.items()}


def _link(path: Path) -> None:
    path.rename(path.parent.parent / "real")
    path.symlink_to(path.parent.parent / "real")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", ["manifest.json", *FILES])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (Path.unlink, "lacks"),
        (_link, "symbolic link"),
        (_pipe, "regular file"),
        (_folder, "regular file"),
    ],
    ids=["gone", "link", "pipe", "folder"],
)
def test_only_regular_files_are_read(
    name: str, spoil: Callable[[Path], None], reason: str, written: Path
) -> None:
    spoil(written / name)
    with pytest.raises(BadBundle, match=reason) as caught:
        read_bundle(written)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["manifest.json", *FILES])
def test_a_file_that_is_too_large_is_not_read(
    name: str, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (written / name).open("ab") as file:
        file.truncate(bundle_module.MAX_BYTES[name] + 1)  # sparse
    with pytest.raises(BadBundle, match=f"{name} takes"):
        read_bundle(written)


def test_an_unexpected_file_is_named(written: Path) -> None:
    (written / "pk.key\x1b[31m").write_bytes(b"")
    with pytest.raises(BadBundle, match=r"pk\.key") as caught:
        read_bundle(written)
    assert str(caught.value).isprintable()


def test_no_directory_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "nothing", tmp_path / "file", Path("a\0b")):
        with pytest.raises(UsageError):
            read_bundle(place)


# --- writing -------------------------------------------------------------------------------


def test_files_are_for_everybody_and_nothing_is_left_over(written: Path) -> None:
    assert [entry.name for entry in written.parent.iterdir() if entry.name.startswith(".")] == []
    assert sorted(os.listdir(written)) == sorted(["manifest.json", *FILES])
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in written.iterdir()} == {0o644}
    assert stat.S_IMODE(written.stat().st_mode) == 0o755


def test_files_may_be_given_by_path(tiny_proof: real.Proved, tmp_path: Path) -> None:
    honest = parts(tiny_proof)
    files = dict(honest.files()) | {"vk.key": tiny_proof.verifying_key}
    manifest = write_bundle(tmp_path / "deep" / "bundle", honest.manifest, files)
    assert manifest.files["vk.key"] == file_record(honest.key)
    assert decode(read_bundle(tmp_path / "deep" / "bundle").manifest) == manifest


@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "in three"])
def test_a_bundle_replaces_a_bundle(
    exchange: bool,
    written: Path,
    tiny_proof: real.Proved,
    other_proof: real.Proved,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not exchange:
        monkeypatch.setattr(bundle_module, "_swap", lambda one, other: False)
    parts(other_proof).write(written)
    assert dict(read_bundle(written).files) == parts(other_proof).files()
    assert list(written.parent.iterdir()) == [written]


def _nothing(path: Path) -> None:
    path.mkdir()


def _more(path: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")


def _another_schema(path: Path) -> None:
    path.mkdir()
    for name in FILES:
        (path / name).write_bytes(b"")
    (path / "manifest.json").write_text('{"schema": "auditor.bundle/9"}')


@pytest.mark.parametrize(
    "occupy",
    [Path.touch, _nothing, _more, _another_schema, lambda path: path.symlink_to("/nowhere")],
    ids=["file", "empty", "full", "schema", "link"],
)
def test_anything_else_in_the_place_stays(
    occupy: Callable[[Path], None], tiny_proof: real.Proved, tmp_path: Path
) -> None:
    place = tmp_path / "bundle"
    occupy(place)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    for attempt in (lambda: require_free(place), lambda: parts(tiny_proof).write(place)):
        with pytest.raises(UsageError, match="is there already"):
            attempt()
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_failure_halfway_leaves_the_old_bundle_and_nothing_else(
    written: Path, other_proof: real.Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_bundle(written)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InternalFailure, match="no room on the disk"):
        parts(other_proof).write(written)
    assert read_bundle(written) == before
    assert list(written.parent.iterdir()) == [written]


def test_what_a_killed_writer_left_is_removed_and_that_of_a_living_one_is_not(
    tiny_proof: real.Proved, tmp_path: Path
) -> None:
    dead = tmp_path / f".bundle.partial-{_dead_process()}-abc"
    living = tmp_path / f".bundle.partial-{os.getppid()}-abc"
    stranger = tmp_path / ".bundle.partial-notes"
    for path in (dead, living, stranger):
        path.mkdir()
    parts(tiny_proof).write(tmp_path / "bundle")
    assert not dead.exists()
    assert living.exists()
    assert stranger.exists()


def _dead_process() -> int:
    import subprocess

    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_place_that_cannot_be_written_to_is_said(tiny_proof: real.Proved, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError):
        parts(tiny_proof).write(tmp_path / "file" / "bundle")


def test_run_args_survive(manifest: Manifest) -> None:
    run_args = replace(
        manifest.run_args, variables=(("N", 3), ("batch_size", 1)), epsilon=1e-9, rebase_scale=4
    )
    again = decode(encode(replace(manifest, run_args=run_args)))
    assert asdict(again.run_args) == asdict(run_args)
