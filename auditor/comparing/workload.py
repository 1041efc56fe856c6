"""What any system would have to prove: the sizes of one inference."""

from __future__ import annotations

from auditor.landscape.nouns import Workload
from auditor.lowering.errors import LoweringError
from auditor.macs import macs
from auditor.model import Model, operators, parameters
from auditor.scaling import CannotScale, sequence_length
from auditor.study import Study
from auditor.value_shapes import value_shapes


def workload_of(studied: Study, sequence: int | None) -> Workload:
    """The workload of a study; ``sequence`` is what the user says its positions are, found where None."""
    circuit = studied.laid_out.circuit
    return Workload(
        parameters=parameters(studied.model),
        macs=None if circuit is None else macs(circuit.graph),
        sequence=_sequence(studied.model) if sequence is None else sequence,
        operators=operators(studied.model),
    )


def _sequence(model: Model) -> int | None:
    """The positions computed in one pass, None where no axis is certainly a sequence."""
    try:
        return sequence_length(model, value_shapes(model))
    except (CannotScale, LoweringError):
        return None
