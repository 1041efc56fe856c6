"""The baseline: what models were when somebody last agreed to it, in a file that is committed with them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.config.nouns import shown
from auditor.config.values import TIMED
from auditor.errors import UsageError
from auditor.gate.nouns import Amount, Amounts, Old

SCHEMA = "auditor.baseline/1"
MAX_BYTES = 64 << 20


class Entry(Struct, frozen=True, kw_only=True):
    """One model: the hash of its file, and its amounts; None is not known."""

    sha256: str | None
    amounts: Mapping[str, float | None]


Baseline = Mapping[str, Entry]
"""By path, posix and relative to the directory of the file."""


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        UsageError: there is none, or it is not one.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{shown(path)}: is too large for a baseline")
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no baseline {shown(path)}", hint="write it: auditor check --write-baseline FILE"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{shown(path)}: is no baseline: {error}", hint="write it again") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise UsageError(f"{shown(path)}: its schema is not {SCHEMA}", hint="write it again")
    models = content.get("models")
    if not isinstance(models, dict):
        raise UsageError(f"{shown(path)}: holds no models", hint="write it again")
    return {name: _entry(path, name, entry) for name, entry in models.items()}


def write_baseline(models: Baseline) -> str:
    """The text of the file; the same models give the same bytes."""
    content = {
        "schema": SCHEMA,
        "models": {
            name: {"sha256": entry.sha256, "amounts": dict(entry.amounts)} for name, entry in models.items()
        },
    }
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"


def entry_of(sha256: str | None, amounts: Amounts) -> Entry:
    """A model as a baseline keeps it: what is expected of each amount that is the same on every day."""
    return Entry(
        sha256=sha256,
        amounts={
            name: amount.mid if isinstance(amount, Amount) else None
            for name, amount in sorted(amounts.items())
            if name.partition("@")[0] not in TIMED
        },
    )


def find_old(baseline: Baseline, name: str, sha256: str | None, source: str) -> Old | None:
    """The model in the baseline: at the same path, or with the same content, as it may have been renamed."""
    entry = baseline.get(name)
    if entry is None and sha256 is not None:
        entry = next((item for item in baseline.values() if item.sha256 == sha256), None)
    return None if entry is None else Old(source=source, amounts=entry.amounts)


def _entry(path: Path, name: str, entry: Any) -> Entry:
    amounts = entry.get("amounts") if isinstance(entry, dict) else None
    if not isinstance(amounts, dict) or not all(_is_amount(number) for number in amounts.values()):
        raise UsageError(f"{shown(path)}: says nothing usable of one model", hint="write it again")
    sha256 = entry.get("sha256")
    return Entry(sha256=sha256 if isinstance(sha256, str) else None, amounts=amounts)


def _is_amount(number: Any) -> bool:
    if number is None:
        return True
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
