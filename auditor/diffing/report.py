"""The nouns of a diff. Field names are those of ``auditor/schemas/diff-1.schema.json``.

``None`` always means "not known", and never zero; a side that is not there at all is None as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from auditor.findings import Finding
from auditor.report import Layer, ModelAudit, Span

Unit = Literal["count", "bytes", "seconds", "gas", "usd"]

Judgement = Literal["grew", "shrank", "same", "within error", "unknown", "not compared"]
"""``within error``: the expected value moved by no more than the ranges around it allow for. ``unknown``: an
amount is not known. ``not compared``: a side is not there at all."""


class Side(Struct, frozen=True, kw_only=True):
    """One side as it was named: ``label`` for people, the ``path`` of the file, and the git ``revision`` it
    was read at ('' for the index), None for a file. ``audited`` is None where there is no such file."""

    label: str
    path: str
    revision: str | None
    audited: ModelAudit | None


class Quantity(Struct, frozen=True, kw_only=True):
    """One amount on both sides. ``profile`` is the machine or chain it is for; the amounts are equal at all
    three ends where they are exact. ``difference`` is between what is expected, ``percent`` of the old."""

    name: str
    unit: Unit
    profile: str | None
    old: Span | None
    new: Span | None
    difference: float | None
    percent: float | None
    judgement: Judgement

    @property
    def exact(self) -> bool:
        """No range on either side."""
        return all(side is None or side.low == side.high for side in (self.old, self.new))


class LayerChange(Struct, frozen=True, kw_only=True):
    """One ONNX node whose share of the circuit is another; None on the side where there is none."""

    old: Layer | None
    new: Layer | None

    @property
    def change(self) -> Literal["added", "removed", "changed"]:
        """What became of the node."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"

    @property
    def rows(self) -> int:
        """By how many rows the circuit changes here."""
        return _rows(self.new) - _rows(self.old)

    @property
    def cells(self) -> int:
        """By how many cells the circuit changes here."""
        return _cells(self.new) - _cells(self.old)


def _rows(layer: Layer | None) -> int:
    return layer.num_rows if layer else 0


def _cells(layer: Layer | None) -> int:
    return layer.total_assignments if layer else 0


class LayerChanges(Struct, frozen=True, kw_only=True):
    """All changes, the largest first, and how many layers are as they were."""

    changes: tuple[LayerChange, ...]
    unchanged: int


class OperatorChange(Struct, frozen=True, kw_only=True):
    """How often an ONNX operator stands in the model."""

    operator: str
    old: int
    new: int


class FindingChanges(Struct, frozen=True, kw_only=True):
    """What is found now and was not, and the other way round."""

    appeared: tuple[Finding, ...]
    vanished: tuple[Finding, ...]


class Gate(Struct, frozen=True, kw_only=True):
    """A limit on how many more rows there may be, in percent of the old; ``passed`` is None where a number
    of rows is not known."""

    max_percent: float
    passed: bool | None
    reason: str


class DiffReport(Struct, frozen=True, kw_only=True):
    """What one model costs more or less than another, and why.

    ``planned`` says that each side's run args were chosen for it, otherwise both have the same: EZKL's
    defaults but for those in ``given_run_args``. ``run_args`` are those that differ, as (old, new). What
    cannot be compared, as a side was not read, is None. ``layers_shown`` (0: all) only chooses what a format
    for people shows.
    """

    version: str
    rules: str
    old: Side
    new: Side
    given_run_args: tuple[str, ...]
    planned: bool
    run_args: Mapping[str, tuple[object, object]]
    quantities: tuple[Quantity, ...]
    layers: LayerChanges | None
    operators: tuple[OperatorChange, ...] | None
    findings: FindingChanges | None
    gate: Gate | None
    exit_code: int
    layers_shown: int
