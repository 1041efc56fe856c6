"""Which machines are asked about: this one, those that come with the program, and the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from auditor._version import EZKL_VERSION
from auditor.errors import UsageError
from auditor.places import is_path
from auditor.pricing.evidence import Evidence
from auditor.pricing.profile import Concern, HardwareProfile, Prover, for_processor
from auditor.pricing.profile_file import REFERENCE, load, shipped
from auditor.pricing.tables import bad
from auditor.rules import names
from auditor.safe import safe
from auditor.units import bytes_text

if TYPE_CHECKING:
    from auditor.machine import Machine

THIS_MACHINE = "this-machine"

DEFAULTS = (THIS_MACHINE, "laptop-8c-16g", "workstation-16c-64g", "phone-high")
"""What ``estimate`` tells of without ``--hardware``."""


def shipped_names() -> list[str]:
    """The machines that come with the program, without the one that only lends its coefficients."""
    return [name for name in names("hardware") if name != REFERENCE]


def resolve(words: Sequence[str], this_machine: HardwareProfile) -> tuple[HardwareProfile, ...]:
    """The profiles that ``--hardware`` names, each once: ``this-machine``, a shipped one, or a file.

    What ends in ``.toml`` or has a slash is a file.

    Raises:
        UsageError: there is no profile of a name.
        BadProfile: a file is none, or its id is that of another profile.
    """
    found: dict[str, HardwareProfile] = {}
    files: dict[str, Path] = {}
    for word in dict.fromkeys(words):
        if not is_path(word):
            profile = this_machine if word == THIS_MACHINE else _shipped(word)
            found[profile.id] = profile
            continue
        path = Path(word)
        profile = load(path)
        if profile.id in files and files[profile.id].resolve() == path.resolve():
            continue
        _check_id(profile.id, path, files)
        files[profile.id] = path
        found[profile.id] = profile
    return tuple(found.values())


def resolve_this_machine(
    machine: Machine,
    calibrated: HardwareProfile | None = None,
    *,
    prover: Prover,
    today: date,
    free_disk_bytes: int | None = None,
) -> HardwareProfile:
    """The profile of the machine this program runs on.

    ``calibrated`` is what was measured on it, or derived. Without it, the times of the reference machine hold
    here, wide when the processor is another. ``prover`` is :func:`prover_for` its system. What the system
    does not say of itself is None, and not known.
    """
    costs = calibrated or for_processor(shipped(), machine.cpu)
    here = Evidence(fields=("cpu.*", "memory.*", "storage.*"), kind="measured", dated=today, source=_SAYS)
    records: dict[Concern, tuple[Evidence, ...]] = {
        "cost": costs.records.get("cost", ()),
        "cores": (here,),
        "memory": (here,),
        "disk": (here,),
    }
    has = "unknown memory" if machine.memory_bytes is None else bytes_text(machine.memory_bytes)
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    return replace(
        costs,
        id=THIS_MACHINE,
        name=f"This machine: {safe(machine.cpu or 'unknown processor')}, {cores}, {has}",
        summary="The machine this program runs on, within the limits of its control groups.",
        logical_cores=machine.cores,
        usable_threads=machine.cores,
        total_memory_bytes=machine.memory_bytes,
        usable_memory_bytes=machine.memory_bytes,
        prover=prover,
        free_disk_bytes=free_disk_bytes,
        patience_seconds={},
        price_ref=None,
        records=records,
    )


_SAYS = "what the system says of itself"


def prover_for(system: str, arch: str) -> Prover:
    """Whether there is a wheel of EZKL 23.0.5 for ``platform.system()`` and ``platform.machine()``.

    Source: its files on PyPI. The wheel for Linux on aarch64 is for musl, and other libraries that this
    program needs have none there.
    """
    if (system, arch.lower()) in _WHEELS:
        return Prover(availability="wheel")
    if (system, arch.lower()) in (("Linux", "aarch64"), ("Linux", "arm64")):
        return Prover(
            availability="source-build",
            note=f"EZKL {EZKL_VERSION} has no wheel for Linux on aarch64 with glibc: it has to be built",
        )
    return Prover(
        availability="none",
        note=f"EZKL {EZKL_VERSION} has no wheel for {safe(system) or 'this system'} on {safe(arch) or 'it'}",
    )


_WHEELS = frozenset({("Linux", "x86_64"), ("Darwin", "arm64"), ("Darwin", "x86_64"), ("Windows", "amd64")})


def _shipped(name: str) -> HardwareProfile:
    known = shipped_names()
    if name not in (*known, REFERENCE):
        raise UsageError.unknown(f"there is no hardware profile '{safe(name)}'", name, [THIS_MACHINE, *known])
    return shipped(name)


def _check_id(profile_id: str, path: Path, files: dict[str, Path]) -> None:
    """Two profiles of one id could not be told apart in a report."""
    other = files.get(profile_id)
    if other is not None:
        raise bad(path.name, f"id is '{profile_id}', and so it is in {other.name}")
    if profile_id in (THIS_MACHINE, REFERENCE, *shipped_names()):
        raise bad(path.name, f"id is '{profile_id}', which is that of a profile that comes with auditor")
