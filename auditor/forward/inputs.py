"""Real numbers as the integers EZKL makes of input data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit.graph import CircuitNode, Graph
from auditor.circuit.ops import Input
from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import rounded


def quantised(graph: Graph, inputs: Sequence[np.ndarray], ledger: Ledger) -> dict[int, np.ndarray]:
    """The integers of each input node, with an axis of rows first. Raises ValueError for other shapes."""
    nodes = {node.id: node for node in graph.nodes if isinstance(node, CircuitNode)}
    if len(inputs) != len(graph.inputs):
        raise ValueError(f"{len(inputs)} inputs for a circuit of {len(graph.inputs)}")
    result = {}
    for node_id, array in zip(graph.inputs, inputs, strict=True):
        node = nodes[node_id]
        if not isinstance(node.op, Input):
            raise Unmodelled("an input of the graph is no input", node.origin)
        values = np.asarray(array)
        if values.shape != (ledger.rows, *node.shape):
            raise ValueError(f"an input of shape {list(values.shape)} for {[ledger.rows, *node.shape]}")
        ledger.node = node.origin or f"node {node.id}"
        result[node_id] = _quantised(node.op, values, ledger)
    return result


def _quantised(op: Input, values: np.ndarray, ledger: Ledger) -> np.ndarray:
    """EZKL graph/input.rs: in the input's type (``roundtrip``), then scaled (``quantize_float``)."""
    numbers = values.astype(np.float64)
    if op.datum_type in ("F16", "F32"):
        with np.errstate(over="ignore"):
            numbers = numbers.astype(np.float32).astype(np.float64)
    elif op.datum_type in ("Bool", "Int", "TDim"):
        ledger.fault("an input that is no number, over which EZKL panics", np.isnan(numbers))
        numbers = np.trunc(np.nan_to_num(numbers, nan=0.0))
        if op.datum_type == "Bool":
            ledger.fault("an input of booleans is neither 0 nor 1", (numbers != 0.0) & (numbers != 1.0))
    if not np.isfinite(numbers[~np.isnan(numbers)]).all():
        raise Overflow("an infinite input")
    return rounded(numbers * 2.0**op.scale)
