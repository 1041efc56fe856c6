"""``auditor cache``: what is listed, and what is removed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from auditor.proving.store import Store
from tests.cli import proving
from tests.cli.conftest import Proved
from tests.cli.proving import Ended, kinds, run

KINDS = ["compile", "keys", "settings", "srs"]


@pytest.fixture
def cache(proved: Proved, tmp_path: Path) -> Path:
    """A copy of what one proof has left, to do with as one likes."""
    return shutil.copytree(proved.left, tmp_path / "cache")


def aged(cache: Path, kind: str, days: float) -> None:
    """As if an entry had not been used for so long."""
    for record in cache.glob(f"store-1/entries/{kind}/*/record.json"):
        then = record.stat().st_mtime - days * 86400
        os.utime(record, (then, then))


def prune(cache: Path, *words: str) -> Ended:
    return run("cache", "prune", "--cache", cache, *words)


def test_the_list_in_every_format(cache: Path, tmp_path: Path) -> None:
    report = run("cache", "--cache", cache, "--format", "json").document
    assert (report["schema"], report["root"]) == ("auditor.cache/1", str(cache))
    assert sorted(entry["kind"] for entry in report["entries"]) == KINDS
    assert report["total_bytes"] == sum(entry["bytes"] for entry in report["entries"]) > 0
    assert not any(entry["in_use"] for entry in report["entries"])
    page = run("cache", "--cache", cache, "--output", f"concise={tmp_path / 'list.txt'}")
    assert (page.code, page.err, "4 finished steps" in " ".join(page.out.split())) == (0, "", True)
    lines = (tmp_path / "list.txt").read_text().splitlines()
    assert lines == [f"{entry['kind']} {entry['digest']} {entry['bytes']}" for entry in report["entries"]]


def test_the_cache_of_the_environment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_CACHE", str(cache))
    assert run("cache", "--format", "json").document["root"] == str(cache)


def test_an_empty_cache(tmp_path: Path) -> None:
    ended = run("cache", "--cache", tmp_path / "none")
    assert (ended.code, "0 finished steps" in " ".join(ended.out.split())) == (0, True)
    assert prune(tmp_path / "none", "--all").out == "removed 0 finished steps, 0 B\n"


def test_prune_all(cache: Path) -> None:
    ended = prune(cache, "--all")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("removed 4 finished steps, ")
    assert kinds(cache) == []


def test_prune_what_was_not_used_for_long(cache: Path) -> None:
    aged(cache, "srs", 31)
    assert prune(cache, "--older-than", "30").out.startswith("removed 1 finished steps")
    assert kinds(cache) == ["compile", "keys", "settings"]
    assert prune(cache, "--older-than", "0.5").out.startswith("removed 0 finished steps")


def test_prune_to_a_size(cache: Path) -> None:
    aged(cache, "keys", 1)
    assert prune(cache, "--keep", "100KiB").out.startswith("removed 1 finished steps")
    assert kinds(cache) == ["compile", "settings", "srs"]
    assert prune(cache, "--keep", "1GiB").out.startswith("removed 0 finished steps")


def test_what_is_in_use_stays(proved: Proved, cache: Path) -> None:
    with Store(cache) as store:
        logrows = proving.manifest(proved.bundle)["srs"]["logrows"]
        assert store.find("srs", {"kind": "unsafe-local", "logrows": logrows}) is not None
        found = run("cache", "--cache", cache, "--format", "json").document["entries"]
        assert [entry["kind"] for entry in found if entry["in_use"]] == ["srs"]
        assert prune(cache, "--all").out.startswith("removed 3 finished steps")
        assert kinds(cache) == ["srs"]
    assert prune(cache, "--all").out.startswith("removed 1 finished steps")


def test_a_damaged_record_is_told_and_removed(cache: Path) -> None:
    (record,) = cache.glob("store-1/entries/keys/*/record.json")
    record.write_bytes(record.read_bytes()[:-5])
    ended = run("cache", "--cache", cache, "--format", "json")
    assert "has no sound record" in ended.err
    assert sorted(entry["kind"] for entry in ended.document["entries"]) == ["compile", "settings", "srs"]
    prune(cache, "--older-than", "30")
    assert list(cache.glob("store-1/entries/keys/*/files")) == []


def test_damage_is_made_good_by_the_next_proof(proved: Proved, cache: Path, tmp_path: Path) -> None:
    (key,) = cache.glob("store-1/entries/keys/*/files/pk.key")
    content = key.read_bytes()
    key.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    ended = proving.prove(proved.model, cache, tmp_path / "b", "--input", proved.input)
    assert ended.code == 0
    assert "is damaged" in ended.err
    assert (tmp_path / "b" / "vk.key").read_bytes() == (proved.bundle / "vk.key").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--all", "--keep", "1GiB"),
        ("--all", "--older-than", "1"),
        ("--keep", "much"),
        ("--older-than", "-1"),
    ],
)
def test_wrong_usage_removes_nothing(cache: Path, words: tuple[str, ...]) -> None:
    ended = prune(cache, *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.strip()
    assert kinds(cache) == KINDS


def test_a_cache_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("cache", "--cache", tmp_path / "file")
    assert (ended.code, "is not a directory" in ended.complaint) == (2, True)
