"""Circuits for the tests of the executor: from bytes of a model, and of one operation by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auditor.circuit import Circuit, CircuitNode, Graph, RunArgs, ops
from auditor.circuit.ops import Op
from auditor.faithful import as_ezkl_reads
from auditor.forward import Forward, forward
from auditor.forward.ledger import Ledger
from auditor.forward.result import Needs
from auditor.forward.rules import apply_rule
from auditor.lowering import lower
from auditor.model import bind_dimensions, read_source


def circuit_of(model: Path, run_args: RunArgs) -> Circuit:
    """The circuit EZKL makes of a model."""
    source = as_ezkl_reads(read_source(model))
    bound, _ = bind_dimensions(source.model, {}, None)
    return lower(bound, run_args).circuit


def as_run_args(values: Mapping[str, Any]) -> RunArgs:
    """Run args from what JSON has, which knows no tuples."""
    return RunArgs(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    )


def random_inputs(circuit: Circuit, rows: int, seed: int) -> list[np.ndarray]:
    """Numbers an input of each type may hold."""
    rng = np.random.default_rng(seed)
    nodes = {node.id: node for node in circuit.graph.nodes if isinstance(node, CircuitNode)}
    inputs: list[np.ndarray] = []
    for node_id in circuit.graph.inputs:
        node = nodes[node_id]
        assert isinstance(node.op, ops.Input)
        shape = (rows, *node.shape)
        if node.op.datum_type == "Bool":
            inputs.append(rng.integers(0, 2, shape))
        elif node.op.datum_type in ("Int", "TDim"):
            inputs.append(rng.integers(0, 3, shape))
        else:
            inputs.append(rng.standard_normal(shape).astype(np.float32).astype(np.float64))
    return inputs


def computed(op: Op, *inputs: Any) -> tuple[list[Any], Needs]:
    """What one operation makes of integers: nested lists of one row, and what it needs."""
    ledger = Ledger(1)
    result = apply_rule(op, [np.asarray(value, dtype=np.int64)[None] for value in inputs], ledger)
    return result[0].tolist(), ledger.needs()


def run_through(op: Op, rows: Sequence[Any], out_shape: tuple[int, ...], **run_args: Any) -> Forward:
    """One operation between an input of scale 0 and an output, on real numbers."""
    values = np.asarray(rows, dtype=np.float64)
    source = CircuitNode(
        id=0,
        op=ops.Input(scale=0, datum_type="F32", decompose=True),
        inputs=(),
        shape=values.shape[1:],
        scale=0,
        uses=1,
    )
    node = CircuitNode(id=1, op=op, inputs=((0, 0),), shape=out_shape, scale=0, uses=1, origin="node")
    graph = Graph(nodes=(source, node), inputs=(0,), outputs=((1, 0),))
    return forward(Circuit(graph=graph, run_args=RunArgs(**run_args), front_end="onnx"), [values])
