"""Lowering: from the ONNX graph to the op graph and scales that EZKL 23.0.5 would build."""

from auditor.circuit import Circuit, RunArgs
from auditor.lowering.errors import Unmodelled, Unsupported
from auditor.model.graph import Model

__all__ = ["Unmodelled", "Unsupported", "lower"]


def lower(model: Model, run_args: RunArgs) -> Circuit:
    """The circuit of a model whose input dimensions are bound.

    Raises:
        Unsupported: EZKL certainly rejects the model.
        Unmodelled: an operator of the model is not modelled exactly.
    """
    operator = model.graph.nodes[0].op_type if model.graph.nodes else "graph"
    raise Unmodelled(operator, "", "our own lowering has no rule for this operator yet")
