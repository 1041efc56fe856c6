"""What any system would have to prove: the sizes of one inference."""

from __future__ import annotations

from auditor.comparing.node_macs import Shapes, node_macs
from auditor.landscape.nouns import Workload
from auditor.lowering.errors import LoweringError
from auditor.macs import macs
from auditor.model import Model, operators, parameters
from auditor.scaling import CannotScale, sequence_length
from auditor.study import Study
from auditor.value_shapes import value_shapes


def workload_of(studied: Study, sequence: int | None) -> Workload:
    """The workload of a study; ``sequence`` is what the user says its positions are, found where None.

    Multiply-accumulates are those of the circuit, or of ONNX's nodes where EZKL makes none of the model.
    """
    circuit, shapes = studied.laid_out.circuit, _shapes(studied.model)
    return Workload(
        parameters=parameters(studied.model),
        macs=node_macs(studied.model, shapes) if circuit is None else macs(circuit.graph),
        sequence=_sequence(studied.model, shapes) if sequence is None else sequence,
        operators=operators(studied.model),
    )


def _shapes(model: Model) -> Shapes:
    """Of all values, as far as they are known exactly; none otherwise."""
    try:
        return value_shapes(model)
    except LoweringError:
        return {}


def _sequence(model: Model, shapes: Shapes) -> int | None:
    """The positions computed in one pass, None where no axis is certainly a sequence."""
    if not shapes:
        return None
    try:
        return sequence_length(model, shapes)
    except CannotScale:
        return None
