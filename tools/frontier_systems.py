"""Sections of ``docs/frontier.md`` without a model: errors of fits, sources, circuits of other people."""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.from_settings import read_settings
from auditor.landscape.nouns import Quantity
from auditor.landscape.system_file import System, shipped_systems
from auditor.landscape.systems import WORDS, FitError, fit_errors
from auditor.rules import rules_dir
from auditor.sizing import ConstraintSystem, artifacts, constraint_system
from auditor.units import bytes_text, seconds_text
from tests.third_party.published import BIONETTA, KILLED, RUNS, Keys, too_large_a_domain
from tools.frontier_tables import bullets, folded, table

KINDS = ("systems", "methods", "trends", "scenarios", "hardware", "policies", "prices")
"""The folders of ``rules/`` that this page reads."""

_FORMS: Mapping[Quantity, Any] = {
    "prove_seconds": seconds_text, "verify_seconds": seconds_text, "proof_bytes": bytes_text,
    "peak_memory_bytes": bytes_text,
}  # fmt: skip


# --- errors of the fits --------------------------------------------------------------------


class Worst(Struct, frozen=True, kw_only=True):
    """A series, one of its quantities, and the row that its other rows predict worst."""

    system: System
    error: FitError
    rows: int

    @property
    def factor(self) -> float:
        """How far off, to whichever side."""
        return max(self.error.ratio, 1 / self.error.ratio)


def fits() -> str:
    """What each series says of a row that it was not told, the worst of each series first."""
    worst = sorted(worst_errors(), key=lambda item: (-item.factor, item.system.id, item.error.series))
    text = _worst(worst)
    for system in shipped_systems():
        errors = fit_errors(system)
        if errors:
            text += "\n" + folded(f"{system.name}: {len(errors)} predictions", _errors(errors))
    return text


def worst_errors() -> Iterator[Worst]:
    """The worst row of every series and quantity of every system."""
    for system in shipped_systems():
        groups: dict[tuple[str, Quantity], list[FitError]] = {}
        for error in fit_errors(system):
            groups.setdefault((error.series, error.quantity), []).append(error)
        for errors in groups.values():
            found = max(errors, key=lambda error: max(error.ratio, 1 / error.ratio))
            yield Worst(system=system, error=found, rows=len(errors))


def _worst(found: Sequence[Worst]) -> str:
    heads = ("system", "series", "of", "rows", "worst row", "predicted / published", "extrapolated")
    rows = (
        (
            item.system.name,
            item.error.series,
            WORDS[item.error.quantity],
            str(item.rows),
            item.error.row,
            ratio_text(item.error.ratio),
            "yes" if item.error.end else "no",
        )
        for item in found
    )
    return table(heads, rows, numbers=(3, 5))


def _errors(errors: Sequence[FitError]) -> str:
    heads = ("series", "of", "row left out", "predicted", "published", "ratio", "extrapolated")
    rows = (
        (
            error.series,
            WORDS[error.quantity],
            error.row,
            _FORMS[error.quantity](error.predicted),
            _FORMS[error.quantity](error.published),
            ratio_text(error.ratio),
            "yes" if error.end else "no",
        )
        for error in errors
    )
    return table(heads, rows, numbers=(3, 4, 5))


def ratio_text(ratio: float) -> str:
    """Two figures.

    >>> ratio_text(0.0213), ratio_text(1.04), ratio_text(35.2)
    ('0.021', '1.0', '35')
    """
    return f"{ratio:.2g}" if ratio < 1 else f"{ratio:,.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


# --- sources -------------------------------------------------------------------------------


def sources() -> str:
    """Every document that stands behind a number of this page, with what it was used for."""
    text = ""
    for kind in KINDS:
        used = _used(kind)
        rows = ((document, "; ".join(dict.fromkeys(fields))) for document, fields in sorted(used.items()))
        title = f"{kind}: {len(used)} documents and reasons"
        text += folded(title, table(("document, as cited", "class, day, used for"), rows)) + "\n"
    return text.strip() + "\n"


def _used(kind: str) -> Mapping[str, list[str]]:
    """By document, the class and day of what it is evidence of, and the fields of each file."""
    found: dict[str, list[str]] = {}
    for path in sorted((rules_dir() / kind).glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        for entry in content["evidence"]:
            fields = ", ".join(f"`{field}`" for field in entry["fields"])
            said = f"{entry['class']}, {entry['date'].isoformat()}, {path.stem}: {fields}"
            found.setdefault(entry["source"], []).append(said)
        for point in content.get("points", []):
            said = f"published, {point['date'].isoformat()}, {path.stem}: `points` ({point['series']})"
            found.setdefault(point["source"], []).append(said)
    return found


# --- circuits of other people --------------------------------------------------------------


def other_people() -> str:
    """Our key bytes for circuits that others published, and theirs."""
    heads = ("circuit", "k", "proving key", "published", "verifying key", "published", "")
    rows = [_keys(name, keys) for name, keys in (RUNS | BIONETTA).items()]
    return table(heads, rows, numbers=range(1, 6)) + "\n" + bullets(_refused())


def _keys(name: str, keys: Keys) -> tuple[str, ...]:
    proving, verifying = _key_bytes(keys.content)
    published = keys.proving_key_bytes, keys.verifying_key_bytes
    if keys.rounded:
        told = f"{published[0] / 2**30:.2g} GiB", f"{published[1] / 1e6:.2g} MB"
        off = max(abs(proving / published[0] - 1), abs(verifying / published[1] - 1))
        how = f"within {off:.1%}"
    else:
        told = f"{published[0]:,.0f}", f"{published[1]:,.0f}"
        how = "equal" if (proving, verifying) == published else "**different**"
    return (name, str(keys.logrows), f"{proving:,}", told[0], f"{verifying:,}", told[1], how)


def _key_bytes(content: Mapping[str, Any]) -> tuple[int, int]:
    found = artifacts(_system(content))
    return found.proving_key_bytes, found.verifying_key_bytes


def _system(content: Mapping[str, Any]) -> ConstraintSystem:
    with tempfile.TemporaryDirectory(prefix="auditor-frontier-") as folder:
        path = Path(folder) / "settings.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        settings = read_settings(path)
    return constraint_system(settings.size, settings.run_args)


def _refused() -> Iterator[str]:
    least, _ = artifacts(_system(KILLED)).proving_key_bounds
    yield (
        f"EZKL issue 987: the setup of {KILLED['num_rows']:,} rows at logrows "
        f"{KILLED['run_args']['logrows']} was killed on a machine with 256 GB. Ours: its proving key alone "
        f"has at least {bytes_text(least)}."
    )
    system = _system(too_large_a_domain(26))
    yield (
        f"EZKL issue 741: a panic over an extended domain of 2^29 at k = 26. Ours: degree {system.degree} at "
        f"logrows {system.logrows} needs an extended domain of 2^{system.extended_logrows}."
    )
