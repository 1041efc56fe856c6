"""The cache of finished steps: what it keeps, where it lies, and what pruning takes."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from auditor.errors import UsageError
from auditor.places import cache_directory
from auditor.proving.store import Store
from tests.proving.storing import (
    ABOUT,
    KEY,
    KEYS,
    KIND,
    contents,
    ended,
    forked,
    make,
    not_made,
    record,
)


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, notes: list[str]) -> Iterator[Store]:
    with Store(tmp_path, note=notes.append) as opened:
        yield opened


def test_an_entry_is_made_once_and_found_again(store: Store, tmp_path: Path, notes: list[str]) -> None:
    assert store.find(KIND, KEY) is None
    first = store.obtain(KIND, KEY, make)
    again = Store(tmp_path).obtain(KIND, dict(reversed(KEY.items())), not_made)
    assert (first.reused, again.reused) == (False, True)
    assert first.path("pk.key").read_bytes() == KEYS
    assert first.about == again.about == ABOUT
    assert first.files == again.files
    assert first.files["vk.key"].bytes == 2
    assert store.find(KIND, KEY) == again
    assert notes == []
    with pytest.raises(KeyError):
        first.path("../record.json")


def test_a_fresh_entry_says_what_a_reused_one_will(store: Store) -> None:
    def boxed(directory: Path) -> dict[str, object]:
        return {"shape": (1, 3), "none": None}

    assert store.obtain(KIND, KEY, boxed).about == {"shape": [1, 3], "none": None}


def test_whatever_differs_in_a_key_is_another_entry(store: Store) -> None:
    values: list[object] = [1, "1", 1.0, True, None, [1], {"a": 1}, {"a": "1"}]
    digests = {store.obtain(kind, {"value": value}, make).digest for value in values for kind in ("pk", "vk")}
    assert len(digests) == 2 * len(values)


@pytest.mark.parametrize("kind", ["", "../x", "a/b", "A", ".hidden", "a\n"])
def test_a_kind_is_a_plain_word(store: Store, kind: str) -> None:
    with pytest.raises(ValueError, match="names no kind"):
        store.obtain(kind, KEY, make)


def test_everything_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Store(tmp_path / "cache") as store, store.workspace() as workspace:
            store.obtain(KIND, KEY, make)
            store.remember("srs", ["ab"])
            assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
            assert workspace.stat().st_mode & 0o777 == 0o700
            modes = {path: path.stat().st_mode for path in (tmp_path / "cache").rglob("*")}
    finally:
        os.umask(before)
    assert len(modes) > 8
    assert [path for path, mode in modes.items() if mode & 0o077] == []


def test_what_else_is_in_the_root_is_left_alone(tmp_path: Path) -> None:
    for name in ("entries", "runs", "runs/run-0123456789abcdef", "facts"):
        (tmp_path / name).mkdir()
    (tmp_path / "facts" / "x.partial").write_bytes(b"mine")
    Store(tmp_path).prune(keep_bytes=0)
    assert {path.name for path in tmp_path.rglob("*")} >= {"run-0123456789abcdef", "x.partial"}


def test_facts_outlive_pruning(store: Store, tmp_path: Path) -> None:
    assert store.recall("srs") is None
    store.remember("srs", {"made_here": ["ab", "cd"]})
    store.remember("srs", {"made_here": ["ab"]})
    store.prune(keep_bytes=0)
    assert Store(tmp_path).recall("srs") == {"made_here": ["ab"]}
    assert contents(tmp_path) == ["facts/srs.json"]
    for name in ("", "../x", ".lock", "a/b"):
        with pytest.raises(ValueError, match="names no fact"):
            store.recall(name)


def test_a_fact_is_replaced_in_one_step(store: Store, tmp_path: Path) -> None:
    """Whoever reads while another remembers reads the old value whole."""
    store.remember("srs", "old")
    path = tmp_path / "store-1" / "facts" / "srs.json"
    with path.open("rb") as reader:
        before = path.read_bytes()
        store.remember("srs", "a new and longer value")
        assert reader.read() == before
    assert store.recall("srs") == "a new and longer value"
    assert contents(tmp_path) == ["facts/srs.json"]


def test_a_damaged_fact_is_forgotten(store: Store, tmp_path: Path, notes: list[str]) -> None:
    store.remember("srs", 1)
    store.remember("other", 2)
    facts = tmp_path / "store-1" / "facts"
    (facts / "srs.json").write_bytes((facts / "other.json").read_bytes())
    assert store.recall("srs") is None
    assert len(notes) == 1
    assert "taken as forgotten" in notes[0]


# --- where it is --------------------------------------------------------------------------


def test_the_first_place_that_is_given_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUDITOR_CACHE", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setenv("HOME", "/h")
    assert cache_directory(Path("/o")) == Path("/o")
    assert cache_directory() == Path("/a")
    monkeypatch.setenv("AUDITOR_CACHE", "")
    assert cache_directory() == Path("/x/auditor")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_directory() == Path("/h/.cache/auditor")
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_directory() == Path("/h/Library/Caches/auditor")
    monkeypatch.chdir(tmp_path)
    assert cache_directory(Path("here")) == tmp_path / "here"


def test_a_root_that_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "to-file").symlink_to("file")
    (tmp_path / "to-nothing").symlink_to("nowhere")
    (tmp_path / "to-itself").symlink_to("to-itself")
    for name in ("file", "to-file", "to-nothing", "to-itself", "file/under"):
        with pytest.raises(UsageError, match="is not a directory; set AUDITOR_CACHE"):
            Store(tmp_path / name)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with Store(tmp_path / "link") as store:
        assert store.obtain(KIND, KEY, make).path("vk.key").read_bytes() == b"vk"


def test_a_directory_that_cannot_be_written() -> None:
    with tempfile.TemporaryDirectory() as name:

        def refused() -> None:
            if os.geteuid() == 0:
                os.setuid(65534)
            with pytest.raises(UsageError, match="cannot be written: Permission denied; set AUDITOR_CACHE"):
                Store(Path(name))

        os.chmod(name, 0o555)
        assert ended(forked(refused)) == 0
        os.chmod(name, 0o755)


def test_a_directory_that_became_read_only(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(UsageError, match="cannot be written: Read-only file system"):
        store.obtain(KIND, KEY, not_made)


def test_nobody_else_may_be_able_to_change_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path)
    base = tmp_path / "store-1"
    base.chmod(0o770)
    with pytest.raises(UsageError, match="open to other users"):
        Store(tmp_path)
    base.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setattr("os.geteuid", lambda: base.stat().st_uid + 1)
        with pytest.raises(UsageError, match="belongs to another user"):
            Store(tmp_path)
    tmp_path.chmod(0o777)
    with pytest.raises(UsageError, match="anyone may replace"):
        Store(tmp_path)
    tmp_path.chmod(0o1777)
    Store(tmp_path)
    base.rename(tmp_path / "elsewhere")
    base.symlink_to("elsewhere")
    with pytest.raises(UsageError, match="is not a directory"):
        Store(tmp_path)


def test_names_of_directories_are_shown_harmless(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31mb").write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        Store(tmp_path / "a\x1b[31mb")
    assert "\x1b" not in str(caught.value)


# --- pruning ------------------------------------------------------------------------------


def aged(store: Store, name: str, seconds: float, kind: str = KIND) -> str:
    """Makes an entry of 1000 bytes that was last used so long ago, and returns its digest."""

    def thousand(directory: Path) -> dict[str, object]:
        (directory / "file").write_bytes(bytes(1000))
        return {"name": name}

    stored = store.obtain(kind, {"name": name}, thousand)
    then = time.time() - seconds
    os.utime(record(stored), (then, then))
    return name


def names(store: Store) -> list[object]:
    return [entry.about["name"] for entry in store.entries()]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Store]:
    """Four entries, the oldest last made and the youngest of another kind, none in use."""
    with Store(tmp_path) as store:
        for name, days, kind in (("b", 2, KIND), ("c", 1, KIND), ("d", 0, "witness"), ("a", 3, KIND)):
            aged(store, name, days * 86_400, kind)
    with Store(tmp_path) as store:
        yield store


def test_entries_are_listed_by_their_last_use(shelf: Store, tmp_path: Path) -> None:
    assert names(shelf) == ["a", "b", "c", "d"]
    assert {(entry.bytes, entry.in_use) for entry in shelf.entries()} == {(1000, False)}
    assert shelf.entries()[0].last_used == pytest.approx(time.time() - 3 * 86_400, abs=600)
    with Store(tmp_path) as other:
        assert other.find(KIND, {"name": "a"}) is not None
        assert names(shelf) == ["b", "c", "d", "a"]
        assert [entry.in_use for entry in shelf.entries()] == [False, False, False, True]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({}, "abcd"),
        ({"keep_bytes": 4000}, "abcd"),
        ({"keep_bytes": 3999}, "bcd"),
        ({"keep_bytes": 2000}, "cd"),
        ({"keep_bytes": 0}, ""),
        ({"older_than_seconds": 1.5 * 86_400}, "cd"),
        ({"older_than_seconds": 1.5 * 86_400, "keep_bytes": 1000}, "d"),
        ({"older_than_seconds": 10 * 86_400, "keep_bytes": 3000}, "bcd"),
        ({"keep_bytes": 0, "kinds": {KIND}}, "d"),
        ({"keep_bytes": 1000, "kinds": ["witness"]}, "abcd"),
        ({"older_than_seconds": 0, "kinds": ["witness"]}, "abc"),
        ({"keep_bytes": 0, "kinds": []}, "abcd"),
    ],
)
def test_the_least_recently_used_go_first(shelf: Store, rules: dict[str, object], left: str) -> None:
    pruned = shelf.prune(**rules)  # type: ignore[arg-type]
    assert names(shelf) == list(left)
    assert pruned.count == 4 - len(left)
    # The record of an entry is counted among what is freed.
    assert 1000 * pruned.count <= pruned.bytes <= 1500 * pruned.count


def test_an_entry_in_use_stays_and_counts(shelf: Store, tmp_path: Path) -> None:
    with Store(tmp_path) as other:
        used = other.find(KIND, {"name": "b"})
        assert used is not None
        os.utime(record(used), (1, 1))
        assert shelf.prune(keep_bytes=1000).count == 3
        assert names(shelf) == ["b"]
        with pytest.raises(UsageError, match="in use by another run"):
            shelf.remove(used)
        assert other.prune(keep_bytes=0).count == 0
    assert shelf.prune(keep_bytes=0).count == 1
    assert contents(tmp_path) == ["entries/witness"]


def test_an_entry_is_removed(store: Store, tmp_path: Path) -> None:
    stored = store.obtain(KIND, KEY, make)
    store.remove(stored)
    assert contents(tmp_path) == []
    store.remove(stored)
    assert not store.obtain(KIND, KEY, make).reused


def test_a_full_disk_can_be_pruned(shelf: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes room must not need room."""
    really_open = os.open

    def full(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT and not os.path.exists(path):
            raise OSError(errno.ENOSPC, "full")
        return really_open(path, flags, mode, dir_fd=dir_fd)

    def no_directory(*words: object, **named: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr("os.open", full)
        patched.setattr("os.mkdir", no_directory)
        assert shelf.prune(keep_bytes=0).count == 4
    assert contents(tmp_path) == ["entries/witness"]
