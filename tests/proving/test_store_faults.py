"""The cache of finished steps when makers fail, disks fill up and files are damaged."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from auditor.errors import InternalFailure
from auditor.proving.store import Store
from auditor.proving.store.records import MAX_RECORD_BYTES, write_sealed
from tests.proving.storing import (
    KEY,
    KEYS,
    KIND,
    contents,
    make,
    record,
    whole_contents,
)


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, notes: list[str]) -> Iterator[Store]:
    with Store(tmp_path, note=notes.append) as opened:
        yield opened


def test_a_maker_that_raises_leaves_nothing(store: Store, tmp_path: Path) -> None:
    def fail(directory: Path) -> NoReturn:
        make(directory)
        raise FileNotFoundError(errno.ENOENT, "of the maker's own")

    with pytest.raises(FileNotFoundError, match="of the maker's own"):
        store.obtain(KIND, KEY, fail)
    assert contents(tmp_path) == []
    assert not store.obtain(KIND, KEY, make).reused


@pytest.mark.parametrize("name", ["link", "fifo", "directory", ".hidden", "a b"])
def test_only_plain_files_are_kept(store: Store, tmp_path: Path, name: str) -> None:
    def odd(directory: Path) -> dict[str, object]:
        match name:
            case "link":
                (directory / name).symlink_to("/etc/passwd")
            case "fifo":
                os.mkfifo(directory / name)
            case "directory":
                (directory / name).mkdir()
            case _:
                (directory / name).write_bytes(b"")
        return {}

    with pytest.raises(InternalFailure):
        store.obtain(KIND, KEY, odd)
    assert contents(tmp_path) == []


def test_a_record_too_large_to_be_read_is_not_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InternalFailure, match="more than the cache keeps"):
        store.obtain(KIND, KEY, lambda directory: {"text": "x" * MAX_RECORD_BYTES})
    assert contents(tmp_path) == []


@contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_over_the_limit(store: Store, tmp_path: Path) -> None:
    with files_up_to(1000), pytest.raises(InternalFailure, match=r"larger than .* allows; raise the limit"):
        store.obtain(KIND, KEY, make)
    with files_up_to(10), pytest.raises(InternalFailure, match="larger than"):
        store.remember("srs", "x" * 100)
    assert contents(tmp_path) == []
    assert not store.obtain(KIND, KEY, make).reused


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
def test_a_disk_that_fills_up_while_making(store: Store, tmp_path: Path) -> None:
    def fill(directory: Path) -> dict[str, object]:
        make(directory)
        Path("/dev/full").write_bytes(b"x")
        return {}

    with pytest.raises(InternalFailure) as caught:
        store.obtain(KIND, KEY, fill)
    message = str(caught.value)
    assert str(tmp_path) in message
    assert all(part in message for part in ("is full", " MB free", "`auditor cache prune`", "AUDITOR_CACHE"))
    assert contents(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_while_the_record_is_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(descriptor: int) -> NoReturn:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(InternalFailure, match="is full"):
            store.obtain(KIND, KEY, make)
        with pytest.raises(InternalFailure, match="is full"):
            store.remember("srs", 1)
    assert contents(tmp_path) == []
    assert not store.obtain(KIND, KEY, make).reused


# --- damage -------------------------------------------------------------------------------


def test_any_flipped_byte_is_noticed(store: Store) -> None:
    stored = store.obtain(KIND, KEY, make)
    for path in (record(stored), stored.path("pk.key"), stored.path("vk.key")):
        whole = path.read_bytes()
        for position in range(0, len(whole), max(1, len(whole) // 300)):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            assert store.find(KIND, KEY) is None, (path.name, position)
        path.write_bytes(whole)
        assert store.find(KIND, KEY) is not None


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "gone", "link", "fifo", "directory"])
def test_a_damaged_file_is_made_again(store: Store, tmp_path: Path, notes: list[str], damage: str) -> None:
    path = store.obtain(KIND, KEY, make).path("pk.key")
    match damage:
        case "flip":
            path.write_bytes(KEYS[:500] + b"!" + KEYS[501:])
        case "cut":
            path.write_bytes(KEYS[:-1])
        case "grow":
            path.write_bytes(KEYS + b"x")
        case _:
            path.unlink()
    match damage:
        case "link":
            (tmp_path / "copy").write_bytes(KEYS)
            path.symlink_to(tmp_path / "copy")
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
    again = store.obtain(KIND, KEY, make)
    assert not again.reused
    assert again.path("pk.key").read_bytes() == KEYS
    assert len(notes) == 1
    assert "pk.key" in notes[0]
    assert "is made again" in notes[0]
    assert sorted(contents(tmp_path)) == sorted(whole_contents(again))


def sealed(body: object) -> Callable[[Path], None]:
    return lambda path: write_sealed(path, body)


def written(text: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text) and None


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def linked(path: Path) -> None:
    path.rename(path.with_name("other.json"))
    path.symlink_to("other.json")


BODY: dict[str, object] = {"kind": KIND, "key": KEY, "files": {}, "about": {}}
BAD_RECORDS: Mapping[str, Callable[[Path], None]] = {
    "empty": written(b""),
    "not text": written(b"\xff\xfe"),
    "another value": written(b"[]"),
    "no seal": written(b"{}"),
    "deep": written(b"[" * 100_000),
    "deep and closed": written(b'{"seal":"","body":' + b"[" * 900 + b"]" * 900 + b"}"),
    "not a number": written(b'{"seal":"","body":NaN}'),
    "infinite": written(b'{"seal":"","body":1e999}'),
    "many digits": written(b'{"seal":"","body":' + b"9" * 5000 + b"}"),
    "large": written(b" " * (MAX_RECORD_BYTES + 1)),
    "sealed, no record": sealed([]),
    "sealed, of another": sealed(BODY | {"key": {"model": "other"}}),
    "sealed, of another kind": sealed(BODY | {"kind": "witness"}),
    "sealed, a way out": sealed(BODY | {"files": {"../record.json": ["0" * 64, 1]}}),
    "sealed, no hash": sealed(BODY | {"files": {"a": ["0", 1]}}),
    "sealed, no size": sealed(BODY | {"files": {"a": ["0" * 64, -1]}}),
    "sealed, no list": sealed(BODY | {"files": {"a": None}}),
    "a fifo": fifo,
    "a link": linked,
    "gone": Path.unlink,
}


@pytest.mark.parametrize("name", BAD_RECORDS)
def test_a_damaged_record_is_as_if_it_were_not_there(
    store: Store, tmp_path: Path, notes: list[str], name: str
) -> None:
    BAD_RECORDS[name](record(store.obtain(KIND, KEY, make)))
    assert store.find(KIND, KEY) is None
    again = store.obtain(KIND, KEY, make)
    assert not again.reused
    assert len(notes) == 1
    assert notes[0].isprintable()
    assert sorted(contents(tmp_path)) == sorted(whole_contents(again))


def test_pruning_removes_damaged_records(tmp_path: Path, notes: list[str]) -> None:
    with Store(tmp_path) as store:
        record(store.obtain(KIND, KEY, make)).write_bytes(b"")
    with Store(tmp_path, note=notes.append) as store:
        assert store.entries() == ()
        assert "pruning removes it" in notes[0]
        assert store.prune().bytes == len(KEYS) + 2
    assert contents(tmp_path) == []


def test_an_entry_that_is_not_even_a_directory(store: Store, tmp_path: Path) -> None:
    stored = store.obtain(KIND, KEY, make)
    store.remove(stored)
    stored.directory.parent.write_bytes(b"x")
    assert not store.obtain(KIND, KEY, make).reused
