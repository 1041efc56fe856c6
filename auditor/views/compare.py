"""The view of ``auditor compare``: every way to trust an output, who can take part, what is recommended."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, to_builtins

from auditor._version import EZKL_VERSION
from auditor.comparing.report import CompareReport
from auditor.landscape.recommend import Recommendation
from auditor.landscape.systems import count_text
from auditor.units import seconds_range_text, usd_range_text
from auditor.views.costs import cost_chart
from auditor.views.growth import growth_parts, participation_parts
from auditor.views.page import Bullets, Line, Page, Part, Result, Words, fingerprint
from auditor.views.ways import amount_text, way_parts

SCHEMA = "auditor.compare/1"

NOBODY = "None of the ways that were compared takes this model"


class CompareView(Struct, frozen=True):
    """One comparison."""

    report: CompareReport

    def page(self) -> Page:
        """The ways, the participants, the growth and the recommendation."""
        report = self.report
        header = f"auditor {report.version} · rules {report.rules} · sizes as in EZKL {EZKL_VERSION}"
        return Page(header, tuple(self._parts()))

    def _parts(self) -> Iterator[Part]:
        report = self.report
        yield Line((Words(report.path, "strong"), Words(_workload(report))), above=1)
        if report.unusable:
            yield Line((Words(NOBODY, "bad"),), above=1)
        if report.recommendation is not None:
            yield from _recommendation(report)
        yield from way_parts(report.ways)
        yield from participation_parts(report.participants)
        yield from growth_parts(report.growth, len(report.participants))
        chart = cost_chart(report)
        if chart is not None:
            yield chart
        said = [f"priced on {report.machine}; patience as in policy {report.policy}", *report.notes]
        yield Bullets(tuple(said))

    def lines(self) -> list[str]:
        """A line for each way: its name, support, expected seconds and evidence; the recommendation last."""
        report = self.report
        lines = [
            f"{report.path}: {row.id} {row.supported} {amount_text(row.seconds, seconds_range_text)} "
            f"{row.assurance} {row.runnable}"
            for row in report.ways
        ]
        if report.unusable:
            lines.append(f"{report.path}: {NOBODY.lower()}")
        if report.recommendation is not None:
            lines.append(f"{report.path}: recommended {report.recommendation.best or 'nothing'}")
        return lines

    def document(self) -> dict[str, object]:
        """The schema ``auditor.compare/1``."""
        report = self.report
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": report.version, "rules": report.rules},
            "path": report.path,
            "sha256": report.sha256,
            "model": to_builtins(report.model),
            "workload": to_builtins(report.workload),
            "machine": report.machine,
            "policy": report.policy,
            "ways": to_builtins(report.ways),
            "participants": to_builtins(report.participants),
            "growth": to_builtins(report.growth),
            "needs": to_builtins(report.needs),
            "recommendation": to_builtins(report.recommendation),
            "notes": list(report.notes),
            "exit_code": report.exit_code,
        }

    def results(self) -> list[Result]:
        """That no way takes the model, where none does, and the recommendation, where one was asked for."""
        return [*self._results()]

    def _results(self) -> Iterator[Result]:
        report = self.report
        if report.unusable:
            yield _result(report, "ways", False, NOBODY)
        if report.recommendation is not None:
            best = report.recommendation.best
            yield _result(report, "recommendation", bool(best), f"{best or 'nothing'} meets the needs")


def _result(report: CompareReport, rule: str, passed: bool, message: str) -> Result:
    return Result(
        rule=rule,
        outcome="pass" if passed else "fail",
        level="note" if passed else "error",
        message=message,
        path=report.path,
        fingerprint=fingerprint(rule, report.path),
    )


def _workload(report: CompareReport) -> str:
    load = report.workload
    words = [f"{count_text(load.parameters)} parameters"]
    words.append("" if load.macs is None else f"{count_text(load.macs)} multiply-accumulates")
    words.append("" if load.sequence is None else f"sequence {load.sequence:,}")
    return " · ".join(filter(None, words))


def _recommendation(report: CompareReport) -> Iterator[Part]:
    found = report.recommendation
    assert found is not None
    names = {row.id: row.name for row in report.ways}
    if found.best is None:
        yield Line((Words("Nothing meets these needs", "bad"),), above=1)
        if found.nearest is not None:
            gives = f"{names[found.nearest.id]} is nearest: {'; '.join(found.nearest.gives)}"
            yield Bullets((gives,))
    else:
        yield Line((Words("Recommended:"), Words(names[found.best], "good"), Words(_cost(found))), above=1)
        yield Bullets(found.caveats, title="Mind")
    behind = [f"{names[item.id]}: {item.why}" for item in found.ranked if item.id != found.best]
    if behind:
        yield Bullets(tuple(behind), title="Would do as well, but")
    # Each for the first of its reasons, which are in order of weight; the JSON report has all.
    out = [f"{names[name]}: {why[0].text}" for name, why in found.out.items()]
    if out:
        yield Bullets(tuple(out), title="Falls out")


def _cost(found: Recommendation) -> str:
    """What the best way takes for an answer."""
    best = found.ranked[0]
    usd = f"{amount_text(best.usd, usd_range_text)} an answer"
    seconds = f"{amount_text(best.seconds, seconds_range_text)}"
    return f"{usd}, {seconds}" + (f", on {best.chain}" if best.chain else "")
