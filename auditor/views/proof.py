"""The view of ``auditor prove``: a proof in its bundle, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.proving.manifest import Manifest, Predicted, PublicTensor, Range, StepRecord, encode
from auditor.proving.report import ProofReport
from auditor.safe import safe
from auditor.units import bytes_range_text, bytes_text, seconds_range_text, seconds_text
from auditor.views.page import (
    Bullets,
    Column,
    Line,
    Page,
    Part,
    Result,
    Rows,
    Table,
    Tone,
    Words,
    fingerprint,
    first_reasons,
)

SCHEMA = "auditor.proof/1"

_VALUES_SHOWN = 10
_FIDELITY = {
    "same": "the circuit's answer is the model's, within fixed-point error",
    "coarse": "the circuit's answer is further from the model's than rounding explains",
    "different": "THE CIRCUIT COMPUTES ANOTHER FUNCTION THAN THE MODEL",
    "unknown": "not compared with the model",
}
_SRS = {
    "public": "public: of the perpetual powers of tau",
    "pinned": "pinned by its hash: only as good as whoever made it",
    "unsafe-local": "UNSAFE: generated on this machine, so that this proof is worth nothing to anybody else",
}


class ProofView(Struct, frozen=True):
    """One run of ``auditor prove``."""

    report: ProofReport

    def page(self) -> Page:
        """What was proved, what it took, what to know about it; or why not."""
        report = self.report
        tone: Tone = "good" if report.status == "proved" else "bad"
        words = [Words(report.model, "strong"), Words(report.status.upper(), tone)]
        if report.binding:
            words.append(Words(f"binding: {report.binding}"))
        parts: list[Part] = [Line(tuple(words), above=1)]
        if report.reasons or report.warnings:
            parts.append(Bullets((*first_reasons(report.reasons), *report.warnings)))
        if report.manifest is not None:
            parts.extend(_proof(report, report.manifest))
        elif report.plan:
            parts.append(_plan(report))
        if report.next:
            parts.append(Bullets(report.next, title="Next"))
        return Page(f"auditor {report.version} · EZKL {EZKL_VERSION}", tuple(parts))

    def lines(self) -> list[str]:
        """One line for the proof or the refusal, one for each warning."""
        report = self.report
        if report.manifest is None:
            return [f"{report.model}: refused ({report.binding}) {'; '.join(report.reasons)}"]
        size = report.manifest.files["proof.json"].bytes
        lines = [f"{report.model}: proved {report.bundle} ({size:,} bytes of proof.json)"]
        return lines + [f"{report.model}: warning {warning}" for warning in report.warnings]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.proof/1``."""
        report = self.report
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": report.version},
            "model": report.model,
            "status": report.status,
            "exit_code": report.exit_code,
            "binding": report.binding,
            "reasons": list(report.reasons),
            "next": list(report.next),
            "warnings": list(report.warnings),
            "bundle": report.bundle,
            "plan": [
                {
                    "step": item.step,
                    "wall_seconds": item.wall_seconds,
                    **_predicted(item.predicted),
                }
                for item in report.plan
            ],
            "manifest": None if report.manifest is None else json.loads(encode(report.manifest)),
        }

    def results(self) -> list[Result]:
        """Whether there is a proof, and each warning about it."""
        report = self.report
        proved = report.status == "proved"
        why = "; ".join(report.reasons) or report.binding or "refused"
        proof = Result(
            rule="proof",
            outcome="pass" if proved else "fail",
            level="note" if proved else "error",
            message=f"proved: {report.bundle}" if proved else f"refused ({report.binding}): {why}",
            path=report.model,
            fingerprint=fingerprint("proof", report.model),
        )
        return [proof, *warning_results(report.model, report.warnings)]


def warning_results(path: str, warnings: tuple[str, ...]) -> Iterator[Result]:
    """What a reader of a proof must know, as results."""
    for text in warnings:
        yield Result(
            rule="warning",
            outcome="fail",
            level="warning",
            message=text,
            path=path,
            fingerprint=fingerprint("warning", path, text),
        )


# --- a proof -------------------------------------------------------------------------------


def _proof(report: ProofReport, manifest: Manifest) -> Iterator[Part]:
    rows = [
        ("Bundle", report.bundle or ""),
        ("Circuit", f"{manifest.circuit.num_rows:,} rows · logrows {manifest.circuit.logrows}"),
        ("SRS", _SRS[manifest.srs.kind]),
        ("Fidelity", _fidelity(manifest)),
    ]
    rows.extend(tensor_rows("Public input", manifest.public.inputs))
    rows.extend(tensor_rows("Public output", manifest.public.outputs))
    if manifest.overhead is not None:
        overhead = manifest.overhead
        rows.append(
            (
                "Overhead",
                f"{overhead.ratio:,.0f} times inference: {seconds_text(overhead.proving_seconds)} to prove, "
                f"{seconds_text(overhead.inference_seconds)} to run",
            )
        )
    yield Rows(tuple(rows))
    yield _steps(manifest.steps)
    yield Bullets((f"auditor verify {report.bundle}",), title="Next")


def _fidelity(manifest: Manifest) -> str:
    text = _FIDELITY[manifest.fidelity.status]
    differences = [
        item.max_abs_difference
        for item in (manifest.reference.outputs if manifest.reference else ())
        if item.max_abs_difference is not None
    ]
    if differences:
        text += (
            f" · largest difference {max(differences):.2g} over {manifest.fidelity.inputs_compared} inputs"
        )
    return text


def tensor_rows(name: str, tensors: tuple[PublicTensor, ...]) -> Iterator[tuple[str, str]]:
    """Public tensors with their first values."""
    for tensor in tensors:
        shown = " ".join(f"{value:g}" for value in tensor.values[:_VALUES_SHOWN])
        more = len(tensor.values) - _VALUES_SHOWN
        shape = f"[{', '.join(map(str, tensor.shape))}]"
        yield name, f"{safe(tensor.name)} {shape} {shown}{f' and {more:,} more' if more > 0 else ''}"


def _steps(steps: tuple[StepRecord, ...]) -> Table:
    columns = (
        Column("Step"), Column("CPU", "number"), Column("expected", "number"), Column("Memory", "number"),
        Column("expected", "number"), Column("On disk", "number"), Column(""),
    )  # fmt: skip
    rows = []
    for step in steps:
        took = step.measured
        rows.append(
            (
                step.step,
                seconds_text(took.cpu_seconds) if took else "",
                _seconds(step.predicted.cpu_seconds),
                bytes_text(took.peak_memory_bytes) if took else "",
                _bytes(step.predicted.peak_memory_bytes),
                bytes_text(took.bytes) if took and took.bytes is not None else "",
                "reused" if step.reused else "",
            )
        )
    return Table("What it took", columns, tuple(rows))


# --- a plan --------------------------------------------------------------------------------


def _plan(report: ProofReport) -> Table:
    columns = (
        Column("Step"), Column("Time", "number"), Column("CPU", "number"), Column("Memory", "number"),
        Column("On disk", "number"),
    )  # fmt: skip
    rows = []
    for item in report.plan:
        predicted = item.predicted
        rows.append(
            (
                item.step,
                "" if item.wall_seconds is None else seconds_text(item.wall_seconds),
                _seconds(predicted.cpu_seconds),
                _bytes(predicted.peak_memory_bytes),
                "" if predicted.bytes is None else bytes_text(predicted.bytes),
            )
        )
    return Table("What it would take", columns, tuple(rows))


def _predicted(predicted: Predicted) -> Mapping[str, object]:
    return {
        "cpu_seconds": _document(predicted.cpu_seconds),
        "peak_memory_bytes": _document(predicted.peak_memory_bytes),
        "bytes": predicted.bytes,
    }


def _document(amount: Range | None) -> dict[str, float] | None:
    return None if amount is None else {"low": amount.low, "mid": amount.mid, "high": amount.high}


def _seconds(amount: Range | None) -> str:
    return "" if amount is None else seconds_range_text(amount.low, amount.high)


def _bytes(amount: Range | None) -> str:
    return "" if amount is None else bytes_range_text(amount.low, amount.high)
