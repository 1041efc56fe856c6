"""Hardware profiles as TOML files: ``rules/hardware/NAME.toml`` or the user's own.

A profile has coefficients of its own, or it ``extends`` one that has, by how much slower its processor is. A
coefficient stands for each term and says its unit, so that a number for another operation cannot slip in;
every number has its evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

from msgspec.structs import replace

from auditor.pricing.evidence import Evidence, listed, numbers, read_evidence, require, weaker
from auditor.pricing.profile import (
    Availability,
    Concern,
    Factors,
    Fit,
    HardwareProfile,
    Measured,
    Prover,
    Scaled,
    Speed,
    scale_to,
)
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import BadProfile, Table
from auditor.pricing.terms import TERMS, Quantity, Step, unit
from auditor.rules import rules_dir

__all__ = ["KINDS", "REFERENCE", "SCHEMA", "BadProfile", "load", "parse", "shipped", "sources"]

SCHEMA = "auditor.hardware/1"

REFERENCE = "reference-epyc-2c"
"""The profile whose coefficients were measured for this program."""

KINDS = ("laptop", "workstation", "server", "cloud", "ci", "gpu", "mobile", "sbc", "browser", "unknown")

_COMMON = ("schema", "id", "name", "kind", "summary", "cpu", "memory", "evidence")
_OPTIONAL = ("storage", "limits", "runtime", "cost", "calibration")
"""What :mod:`auditor.calibration` says of its runs under ``calibration`` is for that package to read."""

_COSTS = {"own": ("measured", "coefficients"), "extended": ("extends", "speed")}

_PROCESSORS = ("other_processor", "probed_processor")
_GENERAL = ("worker", "cache", "parallel_fraction", "thread_memory_bytes", *_PROCESSORS)


def shipped(name: str = REFERENCE) -> HardwareProfile:
    """A profile that comes with the program, by the name of its file.

    Raises:
        UsageError: there is none of this name.
        BadProfile: as :func:`load`.
    """
    return HARDWARE.shipped(name)


def parse(content: Mapping[str, Any], where: str) -> HardwareProfile:
    """The profile in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence.
    """
    top = Table(content, where)
    extended = top.has("extends")
    top.allow(*_COMMON, *_OPTIONAL, *_COSTS["extended" if extended else "own"])
    top.of_schema(SCHEMA)
    if extended and top.text("extends") != REFERENCE:
        raise top.bad(f"extends is '{top.text('extends')}', and only {REFERENCE} can be extended")
    return (
        _extending(_base(rules_dir() / "hardware" / f"{REFERENCE}.toml"), top)
        if extended
        else _measured_here(top)
    )


@cache
def _base(path: Path) -> HardwareProfile:
    """The profile that others extend: read once for all of them."""
    return load(path)


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a profile as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`BadProfile`, as :func:`parse` does.
    """
    parse(content, where)
    return listed(read_evidence(content, where))


# --- the two forms -------------------------------------------------------------------------


def _measured_here(top: Table) -> HardwareProfile:
    coefficients, measured = top.table("coefficients"), top.table("measured")
    coefficients.allow(*_GENERAL, *TERMS)
    worker, cache = coefficients.table("worker"), coefficients.table("cache")
    worker.allow("cpu_seconds", "peak_memory_bytes")
    cache.allow("logrows", "growth_per_logrow")
    machine = _machine(top)
    found = read_evidence(top.content, top.where)
    records = _records(top, found)
    return HardwareProfile(
        **machine,
        prover=_prover(top, found) if top.has("runtime") else Prover(availability="ran"),
        measured=_measured(measured),
        fits={step: _step(step, coefficients.table(step)) for step in TERMS},
        worker_cpu_seconds=worker.number("cpu_seconds"),
        worker_memory_bytes=worker.number("peak_memory_bytes"),
        cached_logrows=cache.whole("logrows"),
        growth_per_logrow=cache.number("growth_per_logrow"),
        parallel_fraction=coefficients.number("parallel_fraction", most=1),
        thread_memory_bytes=coefficients.number("thread_memory_bytes"),
        other_processor=coefficients.factors("other_processor"),
        probed_processor=coefficients.factors("probed_processor"),
        evidence=_kind(records),
        records=records,
    )


def _extending(base: HardwareProfile, top: Table) -> HardwareProfile:
    speed = top.table("speed")
    speed.allow("factor", "error", "memory_error", "steps", "proofs")
    usual, memory_error = _speed(speed), _widening(speed, "memory_error")
    steps = speed.table_or_empty("steps")
    steps.allow(*TERMS)
    own = {step: _speed(steps.table(step), "factor", "error") for step in TERMS if steps.has(step)}
    machine = _machine(top)
    found = read_evidence(top.content, top.where)
    records = _records(top, found)
    records["cost"] = (*base.records.get("cost", ()), *records["cost"])
    slower = scale_to(base, usual.factor, error=usual.error, memory_error=memory_error, steps=own)
    return replace(
        slower,
        **machine,
        prover=_prover(top, found),
        scaled=_scaled(base, own.get("proof", usual), speed),
        evidence=_kind(records),
        records=records,
    )


def _speed(table: Table, *only: str) -> Speed:
    """A factor and its error; ``only`` are the fields that may be there."""
    if only:
        table.allow(*only)
    return Speed(factor=table.positive("factor"), error=_widening(table, "error"))


def _scaled(base: HardwareProfile, shown: Speed, table: Table) -> Scaled:
    """``shown`` stands for all speeds of the ``table``."""
    scaled = Scaled(cpu_model=base.cpu_model, factor=shown.factor, error=shown.error)
    if not table.has("proofs"):
        return scaled
    return replace(scaled, seen=f"{table.whole('proofs', least=1)} proofs were made")


def _widening(table: Table, name: str) -> Factors:
    ends = table.factors(name)
    if ends.low == 0:
        raise table.bad(f"{table.at(name)}.low is 0, which it cannot be")
    return ends


def _machine(top: Table) -> dict[str, Any]:
    """The fields of a profile that say what the machine is."""
    cpu, memory, storage = top.table("cpu"), top.table("memory"), top.table_or_empty("storage")
    limits, cost = top.table_or_empty("limits"), top.table_or_empty("cost")
    cpu.allow("model", "arch", "logical_cores", "usable_threads")
    memory.allow("total_bytes", "usable_bytes")
    storage.allow("free_bytes")
    limits.allow(*(f"prove_seconds_{name}" for name in PATIENCE))
    cost.allow("price_ref")
    cpu.text("arch")
    cores, total = cpu.whole("logical_cores", least=1), memory.whole("total_bytes", least=1)
    threads = cpu.whole("usable_threads", least=1) if cpu.has("usable_threads") else cores
    usable = memory.whole("usable_bytes", least=1) if memory.has("usable_bytes") else total
    if threads > cores:
        raise cpu.bad("cpu.usable_threads is above cpu.logical_cores")
    if usable > total:
        raise memory.bad("memory.usable_bytes is above memory.total_bytes")
    return {
        "id": top.text("id"),
        "name": top.text("name"),
        "kind": top.one_of("kind", KINDS),
        "summary": top.text("summary"),
        "cpu_model": cpu.text("model"),
        "logical_cores": cores,
        "usable_threads": threads,
        "total_memory_bytes": total,
        "usable_memory_bytes": usable,
        "free_disk_bytes": storage.whole("free_bytes") if top.has("storage") else None,
        "patience_seconds": {
            name: limits.positive(f"prove_seconds_{name}")
            for name in PATIENCE
            if limits.has(f"prove_seconds_{name}")
        },
        "price_ref": cost.text("price_ref") if cost.has("price_ref") else None,
    }


PATIENCE = ("interactive", "batch")
"""Whoever waits for a proof: a person, or nobody."""


def _prover(top: Table, found: tuple[Evidence, ...]) -> Prover:
    runtime = top.table("runtime")
    runtime.allow("prover_availability", "note")
    availability = runtime.one_of("prover_availability", get_args(Availability))
    require(found, runtime.at("prover_availability"), top.where)
    return Prover(availability=cast("Availability", availability), note=runtime.text("note"))


# --- coefficients --------------------------------------------------------------------------


def _measured(table: Table) -> Measured:
    names = tuple(Measured.__struct_fields__)
    table.allow(*names)
    counts = {name: table.whole(name, least=1) for name in names if name != "error_per_doubling"}
    measured = Measured(**counts, error_per_doubling=table.number("error_per_doubling", most=1))
    if measured.least_logrows > measured.most_logrows:
        raise table.bad("measured.least_logrows is above measured.most_logrows")
    return measured


def _step(step: Step, table: Table) -> Mapping[Quantity, Fit]:
    table.allow(*TERMS[step])
    return {quantity: _fit(step, quantity, table.table(quantity)) for quantity in TERMS[step]}


def _fit(step: Step, quantity: Quantity, table: Table) -> Fit:
    terms = TERMS[step][quantity]
    table.allow(*terms, "error", "freivalds_error")
    coefficients = {}
    for name, counted in terms.items():
        entry = table.table(name)
        entry.allow("value", "unit")
        expected = unit(quantity, counted)
        if entry.text("unit") != expected:
            raise table.bad(f"{entry.path}.unit is not '{expected}'")
        coefficients[name] = entry.number("value")
    return Fit(
        coefficients=coefficients,
        error=table.factors("error"),
        freivalds_error=table.factors("freivalds_error"),
    )


# --- evidence ------------------------------------------------------------------------------


def _records(top: Table, found: tuple[Evidence, ...]) -> dict[Concern, tuple[Evidence, ...]]:
    """What is known of each concern, once every number of the file has some evidence."""
    records: dict[Concern, tuple[Evidence, ...]] = {name: () for name in get_args(Concern)}
    paths = [*numbers({name: value for name, value in top.content.items() if name != "evidence"})]
    if top.has("runtime"):
        paths.append("runtime.prover_availability")
    for path in paths:
        require(found, path, top.where)
        concern = _concern(path, has_usable="memory.usable_bytes" in paths)
        if concern is not None:
            new = [entry for entry in found if entry.covers(path) and entry not in records[concern]]
            records[concern] = (*records[concern], *new)
    return records


def _concern(path: str, *, has_usable: bool) -> Concern | None:
    """What the number at a path is needed for.

    What is only used for other processors is no part of the cost, see
    :func:`auditor.pricing.profile.for_processor`.
    """
    section, _, name = path.partition(".")
    if section == "coefficients":
        return None if name.split(".")[0] in _PROCESSORS else "cost"
    if section == "memory":
        return "memory" if (name == "usable_bytes") == has_usable else None
    concerns: dict[str, Concern] = {
        "speed": "cost",
        "cpu": "cores",
        "storage": "disk",
        "limits": "patience",
        "runtime": "prover",
    }
    return concerns.get(section)


def _kind(records: Mapping[Concern, tuple[Evidence, ...]]) -> str:
    return weaker(*(entry.kind for entry in records["cost"]))


HARDWARE = Shelf("hardware", "hardware profile", parse)
load = HARDWARE.load
