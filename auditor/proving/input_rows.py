"""Several rows of input in one file, for calibration: each is an input as a proof would take it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from auditor.errors import UsageError
from auditor.proving.input_files import RawInput, read_raw
from auditor.proving.inputs import Inputs, InputSpec, conform, inputs_from
from auditor.safe import safe

MAX_ROW_NUMBERS = 1 << 23
"""Numbers of all rows together, but always room for one row: a sample is enough to calibrate."""


def read_rows(path: Path, specs: Sequence[InputSpec]) -> tuple[Inputs, ...]:
    """The rows in a file that :func:`auditor.proving.inputs.read_inputs` could read one row of; never none.

    In EZKL's input.json the rows of an input stand one after another in its list, as EZKL's ``calibrate``
    splits them (``graph/input.rs`` `split_into_batches`). In an .npz or .npy they are a leading axis, which
    a declared leading axis of 1 may be. Each row has the hash it would have in a file of its own.

    Raises :class:`UsageError` as `read_inputs` does, and when inputs differ in their number of rows.
    """
    where = safe(path.name)
    one_row = sum(spec.elements for spec in specs)
    most = max(1, MAX_ROW_NUMBERS // max(1, one_row))
    raw = read_raw(path, [spec.name for spec in specs], one_row, rows=most)
    blocks = [_block(one, spec, where) for one, spec in zip(raw, specs, strict=True)]
    counts = [len(block) for block in blocks]
    if len(set(counts)) > 1:
        shown = ", ".join(f"'{safe(s.name, limit=40)}' has {n:,}" for s, n in zip(specs, counts, strict=True))
        raise UsageError(
            f"{where}: the inputs differ in their number of rows: {shown}",
            "give each the same number of rows",
        )
    rows = counts[0] if counts else 1
    if rows > most:
        raise UsageError(
            f"{where}: holds {rows:,} rows, and at most {most:,} of this model are read",
            "give a sample of the rows",
        )
    return tuple(
        inputs_from(specs, tuple(block[row, ...] for block in blocks), "file", None) for row in range(rows)
    )


def _block(raw: RawInput, spec: InputSpec, where: str) -> np.ndarray:
    """All rows of an input, along a leading axis."""
    rows, rest = divmod(len(raw.values), spec.elements) if spec.elements else (1, 0)
    if rows <= 1 or rest:
        return conform(raw, spec, where)[np.newaxis]
    return conform(raw, replace(spec, shape=(rows, *spec.shape)), where)
