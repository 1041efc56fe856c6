"""The memory of verdicts: by content, and harmless when anything about it is wrong."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.gate import verdicts

LONG_AGO = time.time() - 3600


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"content")
    return path


def keep(folder: Path, model: Path, **changes: object) -> None:
    given = {
        "files": [str(model)], "absent": [], "until": "", "exit_code": 1, "lines": ["a line"],
        "counts": [1, 2, 3],
        "before_ns": time.time_ns() + 10_000_000_000,
    }  # fmt: skip
    verdicts.remember(str(folder), "k", **(given | changes))  # type: ignore[arg-type]


def test_what_is_remembered_is_recalled(tmp_path: Path, model: Path) -> None:
    keep(tmp_path / "c", model)
    entry = verdicts.recall(str(tmp_path / "c"), "k")
    assert entry is not None
    assert (entry["exit_code"], entry["lines"], entry["counts"]) == (1, ["a line"], [1, 2, 3])
    assert verdicts.recall(str(tmp_path / "c"), "other") is None


def test_the_same_size_and_time_is_not_trusted_where_it_is_young(tmp_path: Path, model: Path) -> None:
    keep(tmp_path, model, before_ns=time.time_ns() + 1)
    status = model.stat()
    model.write_bytes(b"CONTENT")
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert verdicts.recall(str(tmp_path), "k") is None


def test_a_touched_file_is_the_same_and_its_stamp_is_renewed(tmp_path: Path, model: Path) -> None:
    keep(tmp_path, model)
    os.utime(model, (LONG_AGO, LONG_AGO))
    assert verdicts.recall(str(tmp_path), "k") is not None
    (stamp,) = json.loads((tmp_path / "k.json").read_text())["stamps"]
    assert stamp[2] == model.stat().st_mtime_ns


def test_an_old_stamp_that_agrees_is_not_read_again(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, model)
    monkeypatch.setattr(verdicts, "_sha256", lambda path: pytest.fail("read"))
    assert verdicts.recall(str(tmp_path), "k") is not None


def test_any_change_of_content_is_noticed(tmp_path: Path, model: Path) -> None:
    other = tmp_path / "auditor.toml"
    other.write_text("x")
    for change in (lambda: model.write_bytes(b"longer content"), lambda: other.write_text("y"), other.unlink):
        model.write_bytes(b"content")
        other.write_text("x")
        keep(tmp_path, model, files=[str(model), str(other)])
        assert verdicts.recall(str(tmp_path), "k") is not None
        change()
        assert verdicts.recall(str(tmp_path), "k") is None


def test_a_file_that_appears_is_noticed(tmp_path: Path, model: Path) -> None:
    nearer = tmp_path / ".auditor.toml"
    keep(tmp_path, model, absent=[str(nearer)])
    assert verdicts.recall(str(tmp_path), "k") is not None
    nearer.symlink_to("nowhere")
    assert verdicts.recall(str(tmp_path), "k") is None


def test_a_verdict_ends_with_its_last_day(tmp_path: Path, model: Path) -> None:
    keep(tmp_path, model, until=time.strftime("%Y-%m-%d"))
    assert verdicts.recall(str(tmp_path), "k") is not None
    keep(tmp_path, model, until="2020-01-01")
    assert verdicts.recall(str(tmp_path), "k") is None


def test_what_changed_while_it_was_read_is_not_remembered(tmp_path: Path, model: Path) -> None:
    keep(tmp_path, model, before_ns=model.stat().st_mtime_ns)
    assert verdicts.recall(str(tmp_path), "k") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"schema": "auditor.verdict/1"}',
        '{"schema": 1, "lines": []}',
        "[" * 99_999,
    ],
)
def test_a_damaged_entry_is_none(tmp_path: Path, model: Path, text: str) -> None:
    keep(tmp_path, model)
    (tmp_path / "k.json").write_text(text)
    assert verdicts.recall(str(tmp_path), "k") is None


@pytest.mark.parametrize("field", ["stamps", "absent", "until", "exit_code", "lines", "counts", "taken_ns"])
@pytest.mark.parametrize("value", [None, 1.5, "x", [1], {}])
def test_an_entry_with_anything_odd_does_not_crash(
    tmp_path: Path, model: Path, field: str, value: object
) -> None:
    keep(tmp_path, model)
    file = tmp_path / "k.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {field: value}))
    entry = verdicts.recall(str(tmp_path), "k")
    if entry is not None:
        assert entry["exit_code"] in (0, 1)
        assert "".join(entry["lines"]) is not None
        assert sum(entry["counts"]) >= 0


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path, model: Path) -> None:
    (tmp_path / "file").write_text("")
    keep(tmp_path / "file" / "below", model)
    assert verdicts.recall(str(tmp_path / "file" / "below"), "k") is None


def test_many_writers_leave_a_whole_entry(tmp_path: Path, model: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keep(tmp_path / "c", model), range(64)))
    assert verdicts.recall(str(tmp_path / "c"), "k") is not None
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["k.json"]


def test_the_oldest_are_forgotten(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "_MAX_ENTRIES", 3)
    monkeypatch.setattr(verdicts, "_KEPT", 2)
    folder = tmp_path / "c"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.json").write_text("{}")
        os.utime(folder / f"{number}.json", (LONG_AGO + number, LONG_AGO + number))
    keep(folder, model)
    assert sorted(path.name for path in folder.iterdir()) == ["2.json", "k.json"]


def test_the_program_is_part_of_every_key(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = verdicts.program_stamp([str(tmp_path)])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("")
    assert verdicts.program_stamp([str(tmp_path)]) == first
    (tmp_path / "a.py").write_text("22")
    assert verdicts.program_stamp([str(tmp_path)]) != first
