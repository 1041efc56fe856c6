"""Where the profile of this machine is kept, how it is written, and whether it is still about this machine.

It is an ordinary hardware profile (:mod:`auditor.pricing.profile_file`) that extends the reference, with the
runs behind it under ``calibration``. It lies with the user's configuration, which no cache prunes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.errors import Undetermined, UsageError
from auditor.machine import Machine
from auditor.places import calibration_path
from auditor.pricing.calibration import Calibration, TinyRun
from auditor.pricing.profile import Factors, HardwareProfile, Speed
from auditor.pricing.profile_file import REFERENCE, SCHEMA, parse
from auditor.pricing.tables import BadProfile, Table, read_toml
from auditor.rules import rules_dir
from auditor.safe import safe
from auditor.units import bytes_text

_AGAIN = "run `auditor calibrate` again"

_MEMORY_TOLERANCE = 0.05
"""A kernel takes more or less of the memory for itself after an update."""


class Place(Struct, frozen=True, kw_only=True):
    """What a calibration is about: it holds nowhere else. ``reference`` is a hash of what was scaled."""

    cpu: str
    cores: int
    memory_bytes: int
    ezkl: str
    reference: str


class Kept(Struct, frozen=True, kw_only=True):
    """A profile that was written. ``replaced``: there was one before."""

    path: Path
    place: Place
    profile: HardwareProfile
    replaced: bool


def place_of(machine: Machine) -> Place:
    """The machine as a calibration names it.

    Raises:
        Undetermined: the system does not say which processor or how much memory there is.
    """
    if machine.cpu is None or machine.memory_bytes is None:
        missing = "processor" if machine.cpu is None else "memory"
        raise Undetermined(
            f"the system does not say what {missing} this machine has",
            "a calibration could not be told from that of another machine",
        )
    reference = (rules_dir() / "hardware" / f"{REFERENCE}.toml").read_bytes()
    return Place(
        cpu=safe(machine.cpu),
        cores=machine.cores,
        memory_bytes=machine.memory_bytes,
        ezkl=EZKL_VERSION,
        reference=hashlib.sha256(reference).hexdigest()[:16],
    )


# --- reading -------------------------------------------------------------------------------


def load_calibrated(machine: Machine, path: Path | None = None) -> tuple[HardwareProfile | None, str]:
    """The profile that was measured on this very machine; or None, and why not where there is one.

    Nothing is raised for a file that cannot be used: without it there is still the reference.
    """
    try:
        path = path or calibration_path()
        if not path.exists():
            return None, ""
        here = place_of(machine)
        content = read_toml(path)
        profile = parse(content, path.name)
        changes = list(_changes(_read_place(content, profile, path.name), here))
    except (BadProfile, UsageError, Undetermined, OSError) as error:
        why = safe(str(error), limit=400)
        return None, f"the calibration of this machine cannot be used: {why}; {_AGAIN}"
    if changes:
        return None, f"this machine has changed since it was calibrated: {', '.join(changes)}; {_AGAIN}"
    return profile, ""


def _read_place(content: Mapping[str, Any], profile: HardwareProfile, where: str) -> Place:
    """Raises :class:`BadProfile` for a profile that is no calibration."""
    table = Table(content, where).table("calibration")
    return Place(
        cpu=profile.cpu_model,
        cores=profile.logical_cores,
        memory_bytes=profile.total_memory_bytes or 0,
        ezkl=table.text("ezkl"),
        reference=table.text("reference"),
    )


def _changes(then: Place, now: Place) -> Iterator[str]:
    """What is no longer as it was."""
    if then.cpu != now.cpu:
        yield f"processor {then.cpu} -> {now.cpu}"
    if then.cores != now.cores:
        yield f"cores {then.cores} -> {now.cores}"
    if abs(then.memory_bytes - now.memory_bytes) > _MEMORY_TOLERANCE * then.memory_bytes:
        yield f"memory {bytes_text(then.memory_bytes)} -> {bytes_text(now.memory_bytes)}"
    if then.ezkl != now.ezkl:
        yield f"EZKL {then.ezkl} -> {now.ezkl}"
    if then.reference != now.reference:
        yield "the reference it was scaled from"


# --- writing -------------------------------------------------------------------------------


def keep(
    path: Path, place: Place, found: Calibration, runs: Sequence[TinyRun], *, threads: int, today: date
) -> Kept:
    """Writes the profile, whole or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    content = profile_content(place, found, runs, threads=threads, today=today)
    profile = parse(content, path.name)
    replaced = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, to_toml(content))
    except OSError as error:
        shown = safe(str(path), limit=200)
        raise UsageError(f"{shown} cannot be written: {error.strerror}", "--profile PATH") from error
    return Kept(path=path, place=place, profile=profile, replaced=replaced)


def _write(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def profile_content(
    place: Place, found: Calibration, runs: Sequence[TinyRun], *, threads: int, today: date
) -> dict[str, Any]:
    """The content of the profile's file."""
    words = re.sub("[^a-z0-9]+", "-", place.cpu.lower()).strip("-")[:60]
    cores = "1 core" if place.cores == 1 else f"{place.cores} cores"
    return {
        "schema": SCHEMA,
        "id": f"calibrated-{words}-{place.cores}c",
        "name": f"{place.cpu}, {cores}, {bytes_text(place.memory_bytes)}",
        "kind": "unknown",
        "summary": f"Measured by auditor calibrate with {found.proofs} proofs of EZKL {place.ezkl}.",
        "extends": REFERENCE,
        "cpu": {"model": place.cpu, "arch": platform.machine() or "unknown", "logical_cores": place.cores},
        "memory": {"total_bytes": place.memory_bytes},
        "runtime": {"prover_availability": "ran", "note": f"EZKL {place.ezkl}"},
        "speed": {
            "proofs": found.proofs,
            **_speed(found.usual),
            "memory_error": _ends(found.memory),
            "steps": {step: _speed(speed) for step, speed in found.steps.items()},
        },
        "calibration": {
            "ezkl": place.ezkl,
            "reference": place.reference,
            "threads": threads,
            "runs": [_run(run) for run in runs],
        },
        "evidence": [
            {
                "fields": ["cpu.*", "memory.*", "runtime.*"],
                "class": "measured",
                "date": today,
                "source": "what the system says of itself",
            },
            {
                "fields": ["calibration.*"],
                "class": "measured",
                "date": today,
                "source": f"each step of {found.proofs} proofs in a guarded process with {threads} threads",
            },
            {
                "fields": ["speed.*"],
                "class": "derived",
                "date": today,
                "source": f"the factors are those of calibration.runs over what {REFERENCE} takes, which has "
                "the coefficients; the errors are nine in ten of their mean",
            },
        ],
    }


def _speed(speed: Speed) -> dict[str, Any]:
    return {"factor": _rounded(speed.factor), "error": _ends(speed.error)}


def _ends(factors: Factors) -> dict[str, float]:
    return {"low": _rounded(factors.low), "high": _rounded(factors.high)}


def _run(run: TinyRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "cpu_seconds": {step: _rounded(value) for step, value in run.cpu_seconds.items()},
        "peak_memory_bytes": {step: int(value) for step, value in run.peak_memory_bytes.items()},
    }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def to_toml(content: Mapping[str, Any]) -> str:
    """A file with this content: tables of texts, numbers, dates and lists of them.

    >>> print(to_toml({"a": 1, "b": {"c": "x"}, "d": [{"e": 0.5}]}), end="")
    a = 1
    <BLANKLINE>
    [b]
    c = "x"
    <BLANKLINE>
    [[d]]
    e = 0.5
    """
    return "\n".join(_lines(content, "")) + "\n"


def _lines(table: Mapping[str, Any], path: str) -> Iterator[str]:
    """The plain values first, as TOML wants it."""
    for name, value in table.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{name} = {_value(value)}"
    for name, value in table.items():
        inner = f"{path}.{name}" if path else name
        for item in value if _is_tables(value) else [value] if _is_table(value) else []:
            yield ""
            yield f"[[{inner}]]" if _is_tables(value) else f"[{inner}]"
            yield from _lines(item, inner)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_table, value))


def _value(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    # JSON's strings and numbers are TOML's, but for the one control character that JSON lets stand.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
