"""What the steps of a proof are expected to take on this machine, and what each is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from auditor.guard import Limits
from auditor.pricing.prover import StepPrediction
from auditor.pricing.ranges import Range
from auditor.proving import manifest
from auditor.proving.manifest import Predicted
from auditor.proving.report import PlannedStep

_GIB = 1 << 30

RESERVED_BYTES = _GIB
"""A limit on memory is one on addresses, of which a process reserves more than it uses. This is for a step
that no prediction is about."""

PATIENCE = 20
"""A step that takes this many times what was expected at worst hangs."""

LEAST_PATIENCE_SECONDS = 900.0

IDLE_SECONDS = 60.0
"""EZKL computes all the time. On some circuits its prover waits for itself for ever instead."""

ONE_THREAD = frozenset({"settings", "compile", "fidelity"})
"""EZKL counts rows wrongly where threads race each other, and gains nothing from them here."""


class _Machine(Protocol):
    @property
    def cores(self) -> int: ...
    @property
    def available_memory_bytes(self) -> int | None: ...


class Schedule(Struct, frozen=True, kw_only=True):
    """The steps in their order, as they were predicted."""

    predictions: tuple[StepPrediction, ...]

    @property
    def planned(self) -> tuple[PlannedStep, ...]:
        """As a report tells it."""
        return tuple(
            PlannedStep(step=item.step, predicted=as_record(item), wall_seconds=item.wall_seconds.mid)
            for item in self.predictions
        )

    @property
    def expected_seconds(self) -> dict[str, float]:
        """Wall seconds by step."""
        return {item.step: item.wall_seconds.mid for item in self.predictions}

    def predicted(self, step: str) -> Predicted:
        """As a manifest tells it; nothing for a step that no prediction is about."""
        return next((as_record(item) for item in self.predictions if item.step == step), Predicted())

    def limits(
        self, machine: _Machine, memory_limit_bytes: int | None, timeout_seconds: float | None
    ) -> Callable[[str], Limits]:
        """What a step may use: the memory that is free or that was given, and time beyond all expectation."""
        memory_bytes = memory_limit_bytes or machine.available_memory_bytes or Limits().memory_bytes
        by_step = {item.step: item for item in self.predictions}

        def limits(step: str) -> Limits:
            item = by_step.get(step)  # type: ignore[call-overload]
            worst_seconds = item.wall_seconds.high if item else 0.0
            wall_seconds = timeout_seconds or max(LEAST_PATIENCE_SECONDS, PATIENCE * worst_seconds)
            return Limits(
                memory_bytes=memory_bytes + (item.reserved_bytes if item else RESERVED_BYTES),
                cpu_seconds=int(wall_seconds * machine.cores) + 60,
                wall_seconds=wall_seconds,
                file_bytes=2 * (item.bytes if item else 0) + 4 * _GIB,
                threads=1 if step in ONE_THREAD else machine.cores,
                idle_seconds=IDLE_SECONDS if item else None,
            )

        return limits


def as_record(prediction: StepPrediction) -> Predicted:
    """A prediction in the words of a manifest."""
    return Predicted(
        cpu_seconds=_range(prediction.cpu_seconds),
        peak_memory_bytes=_range(prediction.peak_memory_bytes),
        bytes=prediction.bytes,
    )


def _range(amount: Range) -> manifest.Range:
    return manifest.Range(low=amount.low, mid=amount.mid, high=amount.high)
