"""The view of ``auditor calibrate``: how fast this machine is, and the proofs that say so."""

from __future__ import annotations

from msgspec import Struct

from auditor._version import __version__
from auditor.calibration.measure import CalibrationReport
from auditor.safe import safe
from auditor.units import bytes_text, seconds_text
from auditor.views.page import Column, Line, Page, Result, Table, Words

SCHEMA = "auditor.calibration/1"

_STEPS = {"srs": "SRS", "keys": "keys", "proof": "proof", "verification": "verification"}


class CalibrationView(Struct, frozen=True):
    """A calibration that was made and kept."""

    report: CalibrationReport

    @property
    def path(self) -> str:
        """The file it is kept in."""
        return safe(str(self.report.kept.path), limit=400)

    def page(self) -> Page:
        """The machine, each step beside the reference's, each proof beside what was predicted."""
        place, found = self.report.kept.place, self.report.calibration
        seconds = seconds_text(self.report.cpu_seconds)
        machine = f"{safe(place.cpu)}, {_count(place.cores, 'core')}, {bytes_text(place.memory_bytes)}"
        kept = f"{'Replaced' if self.report.kept.replaced else 'Written to'} {self.path}"
        use = "times on this machine are told from it" if self.report.in_use else f"--hardware {self.path}"
        return Page(
            f"auditor {__version__}",
            (
                Line((Words(machine, "strong"),), above=1),
                Line((Words(f"{found.proofs} proofs of EZKL {place.ezkl}, {seconds} of processor time"),)),
                self._speeds(),
                self._proofs(),
                Line((Words(f"{kept}: {use}"),), above=1),
            ),
        )

    def _speeds(self) -> Table:
        columns = (Column("Step"), Column("Times the reference's", "number"), Column("Nine in ten", "number"))
        rows = tuple(
            (
                _STEPS[step],
                f"{speed.factor:.2f}",
                f"{speed.factor * speed.error.low:.2f} to {speed.factor * speed.error.high:.2f}",
            )
            for step, speed in self.report.calibration.steps.items()
        )
        return Table("Processor time", columns, rows)

    def _proofs(self) -> Table:
        """Of keys and proof together."""
        names = ("Proof", "CPU", "Reference", "Memory", "Expected")
        columns = tuple(Column(name, "number" if name != "Proof" else "text") for name in names)
        rows = tuple(
            (
                run.name,
                seconds_text(run.cpu_seconds["keys"] + run.cpu_seconds["proof"]),
                seconds_text(sum(run.predicted[step].cpu_seconds.mid for step in ("keys", "proof"))),
                bytes_text(run.peak_memory_bytes["proof"]),
                bytes_text(run.predicted["proof"].peak_memory_bytes.mid),
            )
            for run in self.report.runs
        )
        return Table("Keys and proof", columns, rows)

    def lines(self) -> list[str]:
        """The file, and a line for each step."""
        steps = self.report.calibration.steps.items()
        return [
            self.path,
            *(
                f"{step} {speed.factor:.4g} {speed.factor * speed.error.low:.4g} "
                f"{speed.factor * speed.error.high:.4g}"
                for step, speed in steps
            ),
        ]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.calibration/1``; ``speeds`` are multiples of the reference's CPU time."""
        place, found = self.report.kept.place, self.report.calibration
        return {
            "schema": SCHEMA,
            "profile": self.path,
            "replaced": self.report.kept.replaced,
            "in_use": self.report.in_use,
            "machine": {
                "cpu": safe(place.cpu),
                "cores": place.cores,
                "memory_bytes": place.memory_bytes,
                "ezkl": place.ezkl,
            },
            "thorough": self.report.thorough,
            "cpu_seconds": self.report.cpu_seconds,
            "speeds": {
                step: {
                    "low": speed.factor * speed.error.low,
                    "mid": speed.factor,
                    "high": speed.factor * speed.error.high,
                }
                for step, speed in found.steps.items()
            },
            "memory_error": {"low": found.memory.low, "high": found.memory.high},
            "runs": [
                {
                    "name": run.name,
                    "cpu_seconds": {step: value for step, value in run.cpu_seconds.items()},
                    "peak_memory_bytes": {step: value for step, value in run.peak_memory_bytes.items()},
                }
                for run in self.report.runs
            ],
        }

    def results(self) -> list[Result]:
        """Nothing is checked here."""
        return []


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"
