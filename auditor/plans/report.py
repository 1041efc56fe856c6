"""The nouns of a plan's report. Field names are those of ``auditor/schemas/plan-1.schema.json``.

``None`` always means "not known", and never zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from auditor.report import ModelAudit


class AccuracyFacts(Struct, frozen=True, kw_only=True):
    """How far a circuit's answers are from the model's on the sample rows.

    The errors are the worst over the outputs; ``relative_error`` is in units of the output's range.
    ``agreement`` is the share of rows that keep their class; None where no output looks like a classifier's.
    """

    max_abs_error: float
    mean_abs_error: float
    relative_error: float
    agreement: float | None


class Option(Struct, frozen=True, kw_only=True):
    """Run args one could take, and what comes of them.

    Times, memory, gas and money are what is expected, without the range around it. ``headroom`` is how many
    times as large as the sample's the values may become before there is no witness.
    """

    run_args: Mapping[str, object]
    num_rows: int
    total_assignments: int
    num_blocks: int
    proving_key_bytes: int
    verifying_key_bytes: int
    proof_bytes: int
    exact: bool
    setup_seconds: float
    prove_seconds: float
    peak_memory_bytes: float
    verify_gas: float | None
    usd: float | None
    accuracy: AccuracyFacts
    headroom: float


class GoalFacts(Struct, frozen=True, kw_only=True):
    """What was wanted. ``tolerance`` and ``min_agreement`` are those that were held, asked for or not."""

    minimize: str
    hardware: str
    chain: str | None
    tolerance: float
    min_agreement: float
    margin: float
    pinned: tuple[str, ...]
    limits: Mapping[str, float]


class SampleFacts(Struct, frozen=True, kw_only=True):
    """The inputs the plan stands on, and what the answers were compared with.

    Of fresh inputs of the same kind at most ``fresh_failure_rate`` would leave the values seen in these rows;
    the headroom comes on top of that.
    """

    source: str
    seed: int | None
    rows: int
    ranges: str
    reference: str
    fresh_failure_rate: float


class ChangeFacts(Struct, frozen=True, kw_only=True):
    """A change of the model or of what is asked, and what it saves: the same things before and after."""

    title: str
    caution: str
    total_assignments: tuple[int, int]
    prove_seconds: tuple[float, float]
    setup_seconds: tuple[float, float]
    proof_bytes: tuple[int, int]


class PlanReport(Struct, frozen=True, kw_only=True):
    """One plan. ``chosen`` is None where there is none, and then ``audited.verdict`` says why.

    Where only memory is missing, ``leanest`` takes the least. ``calibrated`` is what EZKL's own calibration
    would take, None where it finds nothing. ``front`` are the options that no other beats in every way.
    ``written`` is the settings file that was written.
    """

    version: str
    rules: str
    audited: ModelAudit
    goal: GoalFacts | None
    sample: SampleFacts | None
    chosen: Option | None
    leanest: Option | None
    calibrated: Option | None
    front: tuple[Option, ...]
    changes: tuple[ChangeFacts, ...] | None
    trials: int
    written: str | None
    exit_code: int
