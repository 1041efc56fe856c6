"""Runs a circuit node by node, in EZKL's order.

Follows EZKL graph/model.rs ``dummy_layout`` and ``layout_nodes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from auditor.circuit.graph import Circuit, CircuitNode, Graph, SubCircuit
from auditor.circuit.ops import Constant, Output
from auditor.circuit.run_args import RunArgs
from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.inputs import quantised
from auditor.forward.ledger import Ledger
from auditor.forward.result import Forward
from auditor.forward.rules import apply_rule
from auditor.forward.scan import Scan
from auditor.forward.tensors import on_rows

Results = dict[int, list[np.ndarray]]


def forward(circuit: Circuit, inputs: Sequence[np.ndarray]) -> Forward:
    """The integers EZKL's witness has for several inputs, and what value ranges they need.

    ``inputs`` holds real numbers of shape (rows, ...) for each input of the circuit. Raises Unmodelled where
    it is not known what EZKL computes, Overflow where a value may need more than 63 bits.
    """
    rows = len(inputs[0]) if inputs else 1
    run_args = circuit.run_args
    ledger = Ledger(rows, disable_freivalds=run_args.disable_freivalds)
    _check_visibilities(run_args)
    try:
        values = quantised(circuit.graph, inputs, ledger)
        outputs = _run(circuit.graph, {node_id: [value] for node_id, value in values.items()}, ledger)
        ledger.node = "output"
        _check_outputs(outputs, run_args, ledger)
    except (Unmodelled, Overflow) as error:
        raise error.at(ledger.node) from error
    return Forward(
        outputs=tuple(np.ascontiguousarray(on_rows(output, rows)) for output in outputs),
        scales=_output_scales(circuit.graph),
        needs=ledger.needs(),
    )


def _check_visibilities(run_args: RunArgs) -> None:
    """Outlets hashed inside of the circuit give way to their hashes (graph/mod.rs ``forward``)."""
    for visibility in (run_args.input_visibility, run_args.output_visibility):
        name, _, outlets = visibility.partition("/")[2].partition("/")
        if visibility.startswith("hashed") and name == "private" and outlets:
            raise Unmodelled(f"visibility {visibility}")


def _check_outputs(outputs: list[np.ndarray], run_args: RunArgs, ledger: Ledger) -> None:
    """Public and fixed outputs are compared with what is expected."""
    if run_args.output_visibility in ("public", "fixed"):
        op = Output(decompose=not run_args.ignore_range_check_inputs_outputs)
        for output in outputs:
            apply_rule(op, [output], ledger)
            if run_args.output_visibility == "fixed" and op.decompose and output.size:
                everywhere = np.ones((1, 1), dtype=np.bool_)
                ledger.fault("EZKL compares fixed outputs with random numbers that fit no digits", everywhere)


def _output_scales(graph: Graph) -> tuple[int, ...]:
    nodes = {node.id: node for node in graph.nodes}
    scales = []
    for node_id, slot in graph.outputs:
        node = nodes[node_id]
        scales.append(node.out_scales[slot] if isinstance(node, SubCircuit) else node.scale)
    return tuple(scales)


def _run(graph: Graph, results: Results, ledger: Ledger) -> list[np.ndarray]:
    """The outputs of a graph; ``results`` holds the inputs and is used up."""
    inputs = {node_id: results[node_id] for node_id in graph.inputs}
    left = _consumers(graph)
    for node in graph.nodes:
        outer, ledger.node = ledger.node, node.origin or ledger.node or f"node {node.id}"
        if isinstance(node, SubCircuit):
            values = [_take(results, left, *outlet) for outlet in node.inputs]
            results[node.id] = _run_scan(node, values, ledger)
        else:
            if node.id in inputs:
                values = inputs[node.id]
            else:
                values = [_take(results, left, *outlet) for outlet in node.inputs]
            results[node.id] = [_run_node(node, values, ledger)]
        ledger.node = outer
    results.update(inputs)
    try:
        return [results[node_id][slot] for node_id, slot in graph.outputs]
    except (KeyError, IndexError):
        raise Unmodelled("an output has no result") from None


def _consumers(graph: Graph) -> dict[int, int]:
    """How often each node is read, outputs among them."""
    left: dict[int, int] = {}
    for node_id, _ in [*(outlet for node in graph.nodes for outlet in node.inputs), *graph.outputs]:
        left[node_id] = left.get(node_id, 0) + 1
    return left


def _take(results: Results, left: dict[int, int], node_id: int, slot: int) -> np.ndarray:
    """A value for a consumer; the last one gets it for good, for the sake of memory."""
    left[node_id] -= 1
    try:
        return (results[node_id] if left[node_id] else results.pop(node_id))[slot]
    except (KeyError, IndexError):
        raise Unmodelled(f"no result of node {node_id}") from None


def _run_node(node: CircuitNode, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """One operation; a constant that is used once is not assigned by itself."""
    if isinstance(node.op, Constant):
        value = _constant(node.op, node.shape)
        if node.uses != 1:
            value = apply_rule(node.op, [value], ledger)
    else:
        value = apply_rule(node.op, inputs, ledger)
    if prod(value.shape[1:]) != prod(node.shape):
        raise Unmodelled(f"EZKL cannot reshape {list(value.shape[1:])} to {list(node.shape)}")
    return value.reshape((value.shape[0], *node.shape))


def _constant(op: Constant, shape: tuple[int, ...]) -> np.ndarray:
    if op.load is None:
        raise Unmodelled("the file holds no values of a constant")
    values = op.load()
    if values.dtype == object:
        raise Overflow("a constant needs more than 63 bits")
    return np.asarray(values, dtype=np.int64).reshape((1, *shape))


def _run_scan(node: SubCircuit, inputs: Sequence[np.ndarray], ledger: Ledger) -> list[np.ndarray]:
    """The body once for each iteration; see :class:`Scan` for what flows between them."""
    scan = Scan(node, inputs)
    for iteration in range(scan.iterations):
        values = scan.body_inputs(iteration)
        results = {node_id: [value] for node_id, value in zip(node.body.inputs, values, strict=False)}
        scan.finish(_run(node.body, results, ledger))
    return scan.outputs()
