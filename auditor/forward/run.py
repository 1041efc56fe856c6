"""The integers of EZKL's witness, computed without EZKL."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit.graph import Circuit, Graph, SubCircuit
from auditor.forward.ledger import Ledger
from auditor.forward.result import Forward
from auditor.forward.rules import apply_rule
from auditor.forward.tensors import on_rows
from auditor.forward.walk import walk


def forward(circuit: Circuit, inputs: Sequence[np.ndarray]) -> Forward:
    """The integers EZKL's witness has for several inputs, and what value ranges they need.

    ``inputs`` holds real numbers of shape (rows, ...) for each input of the circuit. Raises Unmodelled where
    it is not known what EZKL computes, Overflow where a value may need more than 63 bits.
    """
    rows = len(inputs[0]) if inputs else 1
    ledger = Ledger(rows, disable_freivalds=circuit.run_args.disable_freivalds)
    outputs = walk(circuit, inputs, ledger, apply_rule)
    return Forward(
        outputs=tuple(np.ascontiguousarray(on_rows(output, rows)) for output in outputs),
        scales=_output_scales(circuit.graph),
        needs=ledger.needs(),
    )


def _output_scales(graph: Graph) -> tuple[int, ...]:
    nodes = {node.id: node for node in graph.nodes}
    scales = []
    for node_id, slot in graph.outputs:
        node = nodes[node_id]
        scales.append(node.out_scales[slot] if isinstance(node, SubCircuit) else node.scale)
    return tuple(scales)
