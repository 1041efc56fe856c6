"""The op graph of an EZKL circuit: plain values, no behaviour."""

from auditor.circuit.graph import (
    Circuit,
    CircuitNode,
    Graph,
    InputMapping,
    OutputMapping,
    SubCircuit,
    all_ops,
)
from auditor.circuit.run_args import RunArgs, is_hashed

__all__ = [
    "Circuit",
    "CircuitNode",
    "Graph",
    "InputMapping",
    "OutputMapping",
    "RunArgs",
    "SubCircuit",
    "all_ops",
    "is_hashed",
]
