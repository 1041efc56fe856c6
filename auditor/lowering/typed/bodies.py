"""Running the bodies of loops and branches on constants (tract runs them as plans of their own)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from auditor.lowering.graph.evaluate import evaluate
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.plumbing import Const, Source

if TYPE_CHECKING:
    from auditor.lowering.graph.graph import Graph, Outlet


def run_body(body: Graph, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The outputs of a graph for the values of its inputs.

    Raises:
        CannotEvaluate: an operation of it does not fold.
    """
    values: dict[Outlet, Tensor] = {}
    for outlet, array in zip(body.inputs, inputs, strict=True):
        values[outlet] = Tensor.of(array, body.fact(outlet).dt)
    for node_id in body.eval_order():
        node = body.nodes[node_id]
        if isinstance(node.op, Source):
            continue
        if isinstance(node.op, Const):
            results = [node.op.tensor]
        else:
            results = evaluate(node.op, [values[outlet] for outlet in node.inputs])
        values |= {(node_id, slot): result for slot, result in enumerate(results)}
    return [values[outlet].array for outlet in body.outputs]
