"""The nouns of a comparison's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from auditor.landscape.nouns import Amount, Needs, Way, Workload
from auditor.landscape.recommend import Recommendation
from auditor.report import ModelFacts, Status

Axis = Literal["width", "depth", "sequence"]
AXES: tuple[Axis, ...] = ("width", "depth", "sequence")

Role = Literal["verify", "re_execute", "prove"]
ROLES: tuple[Role, ...] = ("verify", "re_execute", "prove")
"""What somebody who takes part may do, the cheapest first in most cases."""


class Part(Struct, frozen=True, kw_only=True):
    """Whether a machine can play a role; ``binding`` names the limit that decides, ``reason`` says it."""

    status: Status
    binding: str = ""
    reason: str = ""
    seconds: Amount | None = None
    memory_bytes: Amount | None = None


class Participant(Struct, frozen=True, kw_only=True):
    """A machine and what it can do with one model. ``usable_memory_bytes`` is None where nobody knows it."""

    profile: str
    name: str
    kind: str
    usable_memory_bytes: int | None
    roles: Mapping[Role, Part]
    evidence: str


class Size(Struct, frozen=True, kw_only=True):
    """The model at ``factor`` times its size along an axis, sized by the exact layout.

    Amounts are None where ``reason`` says why: the model cannot be made so large, or EZKL cannot build its
    circuit. ``prove_seconds`` and ``peak_memory_bytes`` are on the machine of the comparison. ``able`` counts
    the machines that certainly play each role, ``unable`` those that certainly do not.
    """

    factor: int
    parameters: int | None = None
    macs: int | None = None
    num_rows: int | None = None
    logrows: int | None = None
    proving_key_bytes: int | None = None
    prove_seconds: Amount | None = None
    peak_memory_bytes: Amount | None = None
    able: Mapping[Role, int] = {}
    unable: Mapping[Role, int] = {}
    reason: str = ""


class Growth(Struct, frozen=True, kw_only=True):
    """The sizes along one axis, and how steeply each quantity grows with the factor: the exponent of the
    power law through the sizes that could be made. ``reason`` is why there are none."""

    axis: Axis
    sizes: tuple[Size, ...] = ()
    exponents: Mapping[str, float] = {}
    reason: str = ""


class Published(Struct, frozen=True, kw_only=True):
    """A proving time as it was published: of a model of so many parameters, on the machine of its authors."""

    system: str
    model: str
    parameters: int
    prove_seconds: float


class CompareReport(Struct, frozen=True, kw_only=True):
    """One model, every way to trust its output, who can take part, and what is recommended.

    ``machine`` is where EZKL and the methods without proofs are priced. ``needs`` and ``recommendation`` are
    None where nobody asked.
    """

    path: str
    sha256: str | None
    model: ModelFacts
    workload: Workload
    machine: str
    policy: str
    ways: tuple[Way, ...]
    participants: tuple[Participant, ...]
    growth: tuple[Growth, ...]
    published: tuple[Published, ...]
    needs: Needs | None
    recommendation: Recommendation | None
    notes: tuple[str, ...]
    exit_code: int
    version: str
    rules: str

    @property
    def unusable(self) -> bool:
        """Whether none of the ways takes the model."""
        return all(row.supported == "no" for row in self.ways)
