"""The machines that come with the program, the user's own, and this one."""

from __future__ import annotations

import copy
import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from auditor import explanation, rules
from auditor.circuit.run_args import RunArgs
from auditor.errors import UsageError
from auditor.machine import Machine
from auditor.pricing.evidence import numbers, read_evidence
from auditor.pricing.hardware import (
    DEFAULTS,
    THIS_MACHINE,
    prover_for,
    resolve,
    resolve_this_machine,
    shipped_names,
)
from auditor.pricing.price_sheet import rent_of
from auditor.pricing.profile import AVAILABLE, Concern, Factors, HardwareProfile, Prover, scale_to
from auditor.pricing.profile_file import REFERENCE, BadProfile, load, parse, shipped
from tests.pricing.circuits import predict, size

FOLDER = rules.rules_dir() / "hardware"
NAMES = shipped_names()
TODAY = date(2026, 11, 21)
WHEEL = Prover(availability="wheel")


def text(name: str) -> str:
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def content(name: str = "rpi5-8g") -> dict[str, Any]:
    return tomllib.loads(text(name))


# --- what comes with the program -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["hardware", "policies"])
def test_every_number_says_how_it_is_known_when_and_from_where(kind: str) -> None:
    for path in sorted((rules.rules_dir() / kind).glob("*.toml")):
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        evidence = read_evidence(found, path.name)
        paths = [*numbers({name: value for name, value in found.items() if name != "evidence"})]
        assert paths, path.name
        for number in paths:
            entries = [entry for entry in evidence if entry.covers(number)]
            assert entries, f"{path.name}: {number}"
            assert all(entry.kind in rules.EVIDENCE and entry.source for entry in entries)
            assert all(entry.dated <= TODAY for entry in entries)
        # Nothing is explained that is not there.
        assert all(any(entry.covers(number) for number in [*paths, *TEXTS]) for entry in evidence)


TEXTS = ("runtime.prover_availability",)


def test_there_is_one_of_each_kind_people_ask_about() -> None:
    kinds = {shipped(name).kind for name in NAMES}
    assert kinds >= {"sbc", "mobile", "browser", "laptop", "workstation", "ci", "cloud", "gpu"}
    assert set(DEFAULTS) <= {*NAMES, THIS_MACHINE}
    assert REFERENCE not in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_that_was_never_measured_looks_like_it(name: str) -> None:
    profile, reference = shipped(name), shipped()
    assert profile.evidence == "assumed"
    assert profile.usable_memory_bytes is not None
    assert profile.total_memory_bytes is not None
    assert profile.usable_memory_bytes <= profile.total_memory_bytes
    assert set(profile.patience_seconds) == {"interactive", "batch"}
    run_args = RunArgs(logrows=15)
    here, there = (predict(item, size(), run_args, cores=1)["proof"] for item in (reference, profile))
    assert there.evidence == "assumed"
    assert there.cpu_seconds.high / there.cpu_seconds.low > 3 * here.cpu_seconds.high / here.cpu_seconds.low
    wider = there.peak_memory_bytes.high / there.peak_memory_bytes.low
    assert wider > here.peak_memory_bytes.high / here.peak_memory_bytes.low
    assert there.peak_memory_bytes.mid == here.peak_memory_bytes.mid
    assert "of AMD EPYC (Zen 4); times " in there.measured_range
    assert there.measured_range.endswith(" for this machine, on which nothing was measured")


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_of_a_profile_can_be_read(name: str) -> None:
    (rule,) = rules.find(f"hardware:{name}")
    assert rule in rules.find(name)
    page = explanation.text(rule)
    assert "auditor maintainers" in page
    assert "(assumed, 2026-11-21)" in page
    assert rules.find(f"policies:{name}") == []


WITHOUT_WHEEL = ("rpi5-8g", "phone-mid", "phone-high", "browser-wasm32-1t", "browser-wasm32-threads")


@pytest.mark.parametrize("name", WITHOUT_WHEEL)
def test_where_there_is_no_wheel_the_profile_says_so(name: str) -> None:
    prover = shipped(name).prover
    assert prover.availability not in AVAILABLE
    assert "EZKL" in prover.note


def test_a_slower_processor_takes_longer_and_the_reference_is_the_measure() -> None:
    run_args = RunArgs(logrows=15)
    reference = predict(shipped(), size(), run_args, cores=1)["proof"].cpu_seconds
    pi = predict(shipped("rpi5-8g"), size(), run_args, cores=1)["proof"].cpu_seconds
    assert pi.mid == pytest.approx(4.0 * reference.mid)
    assert pi.low == pytest.approx(2.0 * reference.low)
    assert pi.high == pytest.approx(7.0 * reference.high)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("aws-")])
def test_a_machine_that_can_be_rented_has_an_entry_in_a_price_sheet(name: str) -> None:
    profile = shipped(name)
    assert profile.price_ref is not None
    sheet_id, _, instance = profile.price_ref.partition("#")
    assert name == "aws-" + instance.replace(".", "-")
    (sheet,) = (
        found
        for path in (rules.rules_dir() / "prices").glob("*.toml")
        if (found := tomllib.loads(path.read_text(encoding="utf-8")))["id"] == sheet_id
    )
    entry = sheet["instance"][instance]
    assert (entry["vcpu"], entry["memory_bytes"]) == (profile.logical_cores, profile.total_memory_bytes)
    # A price that nobody published is not known, and never 0.
    rent = rent_of(profile.price_ref)
    assert (rent is None) == ("on_demand_per_hour" not in entry)
    assert rent is None or rent.usd_per_hour > 0


# --- what is wrong with a file -------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("extends", "laptop-8c-16g", "and only reference-epyc-2c can be extended"),
        ("coefficients", {}, "nobody knows the field coefficients"),
        ("measured", {}, "nobody knows the field measured"),
        ("kind", "toaster", "'toaster' and none of laptop"),
        ("speed/factor", 0, "speed.factor is 0, which it cannot be"),
        ("speed/factor", -1, "speed.factor is -1, which it cannot be"),
        ("speed/factor", "fast", "speed.factor is not a number"),
        ("speed/error", {"low": 1.2, "high": 2}, "1 is not within speed.error"),
        ("speed/error", {"low": 0, "high": 2}, "speed.error.low is 0"),
        ("speed/memory_error", {"low": 0, "high": 2}, "speed.memory_error.low is 0"),
        ("speed/x", 1, "nobody knows the field speed.x"),
        ("cpu/usable_threads", 5, "cpu.usable_threads is above cpu.logical_cores"),
        ("memory/usable_bytes", 9_000_000_000, "memory.usable_bytes is above memory.total_bytes"),
        ("memory/usable_bytes", 0, "memory.usable_bytes is 0, and never below 1"),
        ("storage/free_bytes", -1, "storage.free_bytes is -1, and never below 0"),
        ("storage/x", 1, "nobody knows the field storage.x"),
        ("limits/prove_seconds_batch", 0, "limits.prove_seconds_batch is 0, which it cannot be"),
        ("limits/prove_seconds_forever", 1, "nobody knows the field limits.prove_seconds_forever"),
        ("runtime/prover_availability", "perhaps", "'perhaps' and none of ran, wheel"),
        ("runtime/x", "y", "nobody knows the field runtime.x"),
        ("cost", {"price_ref": 7}, "cost.price_ref is not text"),
        ("cost", {"price": 7}, "nobody knows the field cost.price"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_file_and_field(path: str, value: object, complaint: str) -> None:
    found = content()
    *tables, name = path.split("/")
    table = found
    for step in tables:
        table = table[step]
    table[name] = value
    with pytest.raises(BadProfile, match=r"mine\.toml") as raised:
        parse(found, "mine.toml")
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    "path",
    ["speed", "speed/factor", "speed/error", "speed/memory_error", "runtime", "runtime/note",
     "storage/free_bytes"],
)  # fmt: skip
def test_a_missing_field_is_named(path: str) -> None:
    found = content()
    *tables, name = path.split("/")
    table = found
    for step in tables:
        table = table[step]
    del table[name]
    with pytest.raises(BadProfile, match=r"mine\.toml: the field .* is missing") as raised:
        parse(found, "mine.toml")
    assert path.replace("/", ".") in str(raised.value)


@pytest.mark.parametrize("field", ["speed.factor", "limits.prove_seconds_batch", "runtime.*", "storage.*"])
def test_a_number_without_evidence_is_named(field: str) -> None:
    found = content()
    for entry in found["evidence"]:
        entry["fields"] = [name for name in entry["fields"] if name != field] or ["nothing"]
    with pytest.raises(BadProfile, match=r"mine\.toml: no evidence covers " + field.removesuffix("*")):
        parse(found, "mine.toml")


@pytest.mark.parametrize(
    ("value", "complaint"), [(0, "never below 1"), (1.5, "not a whole"), ("90", "not a whole")]
)
def test_validity_is_a_number_of_days(value: object, complaint: str) -> None:
    found = content()
    found["evidence"][0]["valid_days"] = value
    with pytest.raises(BadProfile, match=rf"evidence 1: valid_days is .*{complaint}"):
        parse(found, "mine.toml")


def test_a_file_that_would_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.toml")
    with pytest.raises(BadProfile, match="cannot be read: it is no regular file"):
        load(tmp_path / "mine.toml")
    (tmp_path / "large.toml").write_text("#" * (2**20 + 1))
    with pytest.raises(BadProfile, match="cannot be read: it has more than"):
        load(tmp_path / "large.toml")


def test_a_time_of_day_is_a_date_as_well() -> None:
    found = copy.deepcopy(content())
    for entry in found["evidence"]:
        entry["date"] = tomllib.loads("d = 2026-01-31T12:00:00Z")["d"]
    assert all(
        entry.dated == date(2026, 1, 31)
        for entry in parse(found, "mine.toml").records["memory"]
    )  # fmt: skip


# --- which machines ------------------------------------------------------------------------

HERE = resolve_this_machine(
    Machine(cores=2, memory_bytes=24_000_000_000, available_memory_bytes=None, cpu="AMD EPYC (Zen 4)"),
    prover=WHEEL,
    today=TODAY,
)


def mine(path: Path, profile_id: str) -> str:
    path.write_text(text("rpi5-8g").replace('id = "rpi5-8g"', f'id = "{profile_id}"'))
    return str(path)


def ids(profiles: tuple[HardwareProfile, ...]) -> list[str]:
    return [profile.id for profile in profiles]


def test_hardware_is_named_or_is_a_file(tmp_path: Path) -> None:
    own = mine(tmp_path / "mine.toml", "my-board")
    assert ids(resolve([THIS_MACHINE, "rpi5-8g", own, "rpi5-8g", own], HERE)) == [
        THIS_MACHINE, "rpi5-8g", "my-board",
    ]  # fmt: skip
    assert resolve(DEFAULTS, HERE)[0] is HERE
    assert resolve([], HERE) == ()
    assert ids(resolve([REFERENCE], HERE)) == [REFERENCE]


def test_the_same_file_by_two_paths_is_one_profile(tmp_path: Path) -> None:
    own = mine(tmp_path / "mine.toml", "my-board")
    again = str(tmp_path / "." / "x" / ".." / "mine.toml")
    (tmp_path / "x").mkdir()
    assert ids(resolve([own, again], HERE)) == ["my-board"]


@pytest.mark.parametrize("taken", ["rpi5-8g", REFERENCE, THIS_MACHINE])
def test_an_own_profile_has_a_name_of_its_own(tmp_path: Path, taken: str) -> None:
    with pytest.raises(
        BadProfile, match=rf"mine\.toml: id is '{taken}', which is that of a profile that comes"
    ):
        resolve([mine(tmp_path / "mine.toml", taken)], HERE)


def test_two_profiles_of_one_name_are_refused(tmp_path: Path) -> None:
    words = [mine(tmp_path / name, "my-board") for name in ("one.toml", "two.toml")]
    with pytest.raises(BadProfile, match=r"two\.toml: id is 'my-board', and so it is in one\.toml"):
        resolve(words, HERE)


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(UsageError, match="did you mean rpi5-8g"):
        resolve(["rpi5"], HERE)
    with pytest.raises(BadProfile, match="cannot be read"):
        resolve(["./rpi5-8g"], HERE)


# --- this machine --------------------------------------------------------------------------


def machine(**changes: Any) -> Machine:
    found = Machine(cores=6, memory_bytes=2**34, available_memory_bytes=2**33, cpu="AMD EPYC (Zen 4)")
    return replace(found, **changes)


def test_this_machine_is_what_the_system_says() -> None:
    profile = resolve_this_machine(machine(), prover=WHEEL, today=TODAY, free_disk_bytes=10**9)
    assert profile.name == "This machine: AMD EPYC (Zen 4), 6 cores, 16.0 GiB"
    assert (profile.id, profile.usable_threads, profile.usable_memory_bytes) == (THIS_MACHINE, 6, 2**34)
    assert (profile.free_disk_bytes, profile.price_ref, profile.prover) == (10**9, None, WHEEL)
    assert profile.evidence == "measured"
    assert {entry.kind for concern in get_args(Concern) for entry in profile.records.get(concern, ())} == {
        "measured"
    }


def test_this_machine_with_another_processor_is_the_reference_with_wide_times() -> None:
    other = resolve_this_machine(machine(cpu="Another"), prover=WHEEL, today=TODAY)
    same = resolve_this_machine(machine(), prover=WHEEL, today=TODAY)
    assert other.evidence == "assumed"
    run_args = RunArgs(logrows=14)
    wide, narrow = (predict(item, size(), run_args, cores=6)["proof"].cpu_seconds for item in (other, same))
    assert wide.low < narrow.low < narrow.mid == wide.mid < narrow.high < wide.high


def test_this_machine_calibrated_has_the_times_that_were_measured() -> None:
    exact = scale_to(shipped(), 2.0, error=Factors(low=0.95, high=1.05))
    profile = resolve_this_machine(machine(cpu="Another"), exact, prover=WHEEL, today=TODAY)
    assert profile.fits == exact.fits
    assert profile.evidence == "derived"


def test_what_the_system_does_not_say_is_not_known() -> None:
    profile = resolve_this_machine(machine(memory_bytes=None, cpu=None), prover=WHEEL, today=TODAY)
    assert profile.usable_memory_bytes is None
    assert profile.total_memory_bytes is None
    assert profile.name == "This machine: unknown processor, 6 cores, unknown memory"
    one = resolve_this_machine(machine(cores=1, cpu="x\x1b[31m"), prover=WHEEL, today=TODAY)
    assert one.name.isprintable()
    assert ", 1 core, " in one.name


@pytest.mark.parametrize(
    ("system", "arch", "availability"),
    [
        ("Linux", "x86_64", "wheel"),
        ("Darwin", "arm64", "wheel"),
        ("Darwin", "x86_64", "wheel"),
        ("Windows", "AMD64", "wheel"),
        ("Linux", "aarch64", "source-build"),
        ("Windows", "ARM64", "none"),
        ("FreeBSD", "amd64", "none"),
        ("", "", "none"),
    ],
)
def test_where_ezkl_has_a_wheel(system: str, arch: str, availability: str) -> None:
    prover = prover_for(system, arch)
    assert prover.availability == availability
    assert (prover.note == "") == (availability == "wheel")
