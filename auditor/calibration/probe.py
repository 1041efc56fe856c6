"""How fast this machine makes an SRS, remembered: enough to scale the reference's times to it.

A probe runs EZKL for a second (``measure.derived_profile``); what it said is looked up here, by estimates
too, which run nothing.
"""

from __future__ import annotations

import datetime

from msgspec.structs import replace

from auditor._version import EZKL_VERSION
from auditor.machine import Machine
from auditor.pricing.evidence import Evidence
from auditor.pricing.profile import PROBE_LOGROWS, HardwareProfile, scale_by_srs
from auditor.pricing.profile_file import shipped
from auditor.proving.store import JSON, Store

_FACT = "srs-probe"


def remembered_profile(machine: Machine, store: Store) -> HardwareProfile | None:
    """The reference with its times scaled to this machine; None where it was not probed, or has changed."""
    match store.recall(_FACT):
        case {"asked": known, "cpu_seconds": float(cpu_seconds)} if known == _asked(machine):
            return _scaled(cpu_seconds)
    return None


def remember(machine: Machine, store: Store, cpu_seconds: float) -> HardwareProfile | None:
    """Keeps what a probe of :data:`PROBE_LOGROWS` took; None where that tells nothing."""
    store.remember(_FACT, {"asked": _asked(machine), "cpu_seconds": cpu_seconds})
    return _scaled(cpu_seconds)


def _asked(machine: Machine) -> dict[str, JSON]:
    return {"cpu": machine.cpu, "cores": machine.cores, "ezkl": EZKL_VERSION, "logrows": PROBE_LOGROWS}


def _scaled(cpu_seconds: float) -> HardwareProfile | None:
    try:
        profile = scale_by_srs(shipped(), logrows=PROBE_LOGROWS, cpu_seconds=cpu_seconds)
    except ValueError:
        return None
    probe = Evidence(
        fields=("coefficients.*",),
        kind="derived",
        dated=datetime.date.today(),
        source=f"scaled to this machine, on which an SRS of 2^{PROBE_LOGROWS} rows took {cpu_seconds:.2f} s",
    )
    return replace(profile, records={**profile.records, "cost": (*profile.records.get("cost", ()), probe)})
