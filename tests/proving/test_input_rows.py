"""Rows of inputs in one file: how they may be written, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from auditor.errors import UsageError
from auditor.proving import input_rows
from auditor.proving.input_rows import read_rows
from auditor.proving.inputs import InputSpec, read_inputs

X = InputSpec(name="x", dtype="float", shape=(1, 4))
IDS = InputSpec(name="ids", dtype="int64", shape=(2, 3))
ROWS = np.arange(12, dtype=np.float32).reshape(3, 4) / 8
TOKENS = np.arange(18).reshape(3, 2, 3)


def given(path: Path, *data: Any) -> Path:
    path.write_text(json.dumps({"input_data": data}), encoding="utf-8")
    return path


def packed(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def refusal(path: Path, specs: Sequence[InputSpec]) -> str:
    with pytest.raises(UsageError) as raised:
        read_rows(path, specs)
    return str(raised.value)


def test_all_spellings_are_the_same_rows(tmp_path: Path) -> None:
    files = (
        given(tmp_path / "flat.json", ROWS.ravel().tolist(), TOKENS.ravel().tolist()),
        given(tmp_path / "nested.json", ROWS.tolist(), TOKENS.tolist()),
        packed(tmp_path / "named.npz", ids=TOKENS, x=ROWS),
        packed(tmp_path / "with_the_one.npz", arr_0=ROWS[:, np.newaxis], arr_1=np.asfortranarray(TOKENS)),
    )
    read = [read_rows(file, [X, IDS]) for file in files]
    assert {len(rows) for rows in read} == {3}
    assert len({tuple(row.sha256 for row in rows) for rows in read}) == 1
    for index, row in enumerate(read[0]):
        assert row.arrays[0].tolist() == [ROWS[index].tolist()]
        assert row.arrays[1].tolist() == TOKENS[index].tolist()
        assert [array.dtype for array in row.arrays] == [np.float32, np.int64]
        assert (row.names, row.source, row.seed) == (("x", "ids"), "file", None)


def test_a_row_is_what_it_would_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    rows = read_rows(saved(tmp_path / "rows.npy", ROWS), [X])
    alone = [read_inputs(saved(tmp_path / f"{index}.npy", row), [X]) for index, row in enumerate(ROWS)]
    assert [row.sha256 for row in rows] == [one.sha256 for one in alone]


@pytest.mark.parametrize("shape", [(4,), (1, 4), (2, 2)])
def test_one_row_is_read_as_before(tmp_path: Path, shape: tuple[int, ...]) -> None:
    file = saved(tmp_path / "x.npy", ROWS[1].reshape(shape))
    (row,) = read_rows(file, [X])
    assert row.sha256 == read_inputs(file, [X]).sha256


def test_an_input_without_elements_has_one_row(tmp_path: Path) -> None:
    (row,) = read_rows(given(tmp_path / "input.json", []), [replace(X, shape=(0, 4))])
    assert row.arrays[0].shape == (0, 4)


def test_a_model_without_inputs_has_one_row(tmp_path: Path) -> None:
    (row,) = read_rows(given(tmp_path / "input.json"), [])
    assert row.arrays == ()


def test_inputs_with_different_numbers_of_rows_are_named(tmp_path: Path) -> None:
    message = refusal(packed(tmp_path / "x.npz", x=ROWS, ids=TOKENS[:2]), [X, IDS])
    assert "x.npz: the inputs differ in their number of rows: 'x' has 3, 'ids' has 2" in message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([[1, 2, 3]], ["'x' takes 1 x 4 numbers, 4 in all, and got 3 numbers, 3 in all"]),
        ([list(range(10))], ["'x' takes 1 x 4 numbers, 4 in all, and got 10 numbers, 10 in all"]),
        ([[]], ["got 0 numbers"]),
        ([[1, 2, 3, 4], [5, 6, 7, 8]], ["2 lists", "one input ('x')", "one after another into its list"]),
        ([[[1, 2, 3, 4], [5, 6, 7]]], ["'x' differ in length"]),
        ([[1, 2, 3, 4, 5, "six", 7, 8]], ["'x' at [5]", "'six' is no number"]),
        ([[[1, 2, 3, 4], [5, 6, 7, 1e39]]], ["'x' at [1, 3]", "too large for float32"]),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, data: Any, words: list[str]) -> None:
    message = refusal(given(tmp_path / "input.json", *data), [X])
    assert all(word in message for word in words), message


def test_rows_as_columns_are_not_taken_for_rows(tmp_path: Path) -> None:
    assert "transpose it" in refusal(saved(tmp_path / "x.npy", ROWS.T), [X])
    assert "transpose it" in refusal(saved(tmp_path / "ids.npy", TOKENS.transpose(0, 2, 1)), [IDS])


def test_single_numbers_have_rows_too(tmp_path: Path) -> None:
    rows = read_rows(saved(tmp_path / "x.npy", np.arange(3)), [replace(X, shape=())])
    assert [row.arrays[0].shape for row in rows] == [()] * 3
    assert [row.arrays[0].item() for row in rows] == [0, 1, 2]


def test_a_data_set_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_rows, "MAX_ROW_NUMBERS", 8)
    message = refusal(saved(tmp_path / "x.npy", ROWS), [X])
    assert "holds 3 rows, and at most 2 of this model are read" in message
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 24)
    assert "far more than 2 rows of this model need" in refusal(tmp_path / "large", [X])
    assert len(read_rows(given(tmp_path / "large_row.json", list(range(99))), [replace(X, shape=(99,))])) == 1
