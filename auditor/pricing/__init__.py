"""What a circuit costs on a machine: time, memory and disk of every step of a proof, as ranges."""

from auditor.pricing.preflight import Shortfall, preflight
from auditor.pricing.profile import (
    PROBE_LOGROWS,
    Factors,
    HardwareProfile,
    for_processor,
    scale_by_srs,
    scale_to,
)
from auditor.pricing.profile_file import BadProfile, load, shipped
from auditor.pricing.prover import STEPS, StepPrediction, Term, predict_steps
from auditor.pricing.ranges import Range, total

__all__ = [
    "PROBE_LOGROWS",
    "STEPS",
    "BadProfile",
    "Factors",
    "HardwareProfile",
    "Range",
    "Shortfall",
    "StepPrediction",
    "Term",
    "for_processor",
    "load",
    "predict_steps",
    "preflight",
    "scale_by_srs",
    "scale_to",
    "shipped",
    "total",
]
