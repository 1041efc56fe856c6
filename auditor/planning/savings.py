"""What a change would save: the cheapest circuit before it, and after it."""

from __future__ import annotations

from auditor.circuit import Circuit, CircuitNode
from auditor.forward import Overflow, Unmodelled
from auditor.lowering import TypedModel, Unsupported
from auditor.lowering import Unmodelled as NotLowered
from auditor.planning.accuracy import real_values
from auditor.planning.layouts import lay_out_cheaply
from auditor.planning.nouns import Accuracy, Candidate, Goal, Price, Trial
from auditor.planning.trials import Rows, gives, room_of, run

_COLUMNS = (1, 2, 3)
_FINALISTS = 2


def after_change(
    typed: TypedModel, before: Candidate, rows: Rows, goal: Goal, price: Price
) -> Candidate | None:
    """The cheapest circuit of a changed model at the scales of ``before``, with room for these rows.

    None where EZKL rejects it, or its values cannot be computed here. Its accuracy is not known: it is
    another model's.
    """
    try:
        circuit = typed.circuit(before.trial.scaling.of(before.run_args))
        inputs = _as_inputs(rows, circuit)
        ran = run(circuit, inputs)
    except (NotLowered, Unsupported, Unmodelled, Overflow, ValueError):
        return None
    trial = Trial(
        scaling=before.trial.scaling,
        circuit=circuit,
        room=room_of(ran, len(rows[0])),
        answers=tuple(
            real_values(output, scale) for output, scale in zip(ran.outputs, ran.scales, strict=True)
        ),
        accuracy=Accuracy(max_abs_error=0.0, mean_abs_error=0.0, relative_error=0.0, agreement=None),
    )
    found = lay_out_cheaply(
        typed,
        trial,
        goal,
        price,
        is_alike=lambda run_args: gives(circuit, run_args, inputs, trial.answers),
        columns=_COLUMNS,
        finalists=_FINALISTS,
    )
    return found[0] if found else None


def _as_inputs(rows: Rows, circuit: Circuit) -> Rows:
    """The rows for a model that may take fewer at a time. Raises :class:`ValueError` where they do not."""
    nodes = {node.id: node for node in circuit.graph.nodes if isinstance(node, CircuitNode)}
    fitting = []
    for array, id_ in zip(rows, circuit.graph.inputs, strict=True):
        shape = nodes[id_].shape
        if array.shape[2:] == shape[1:] and array.shape[1] > shape[0]:
            array = array[:, : shape[0]]
        fitting.append(array.reshape(len(array), *shape))
    return tuple(fitting)
