"""Goes through a circuit node by node, in EZKL's order, with a rule for each operation.

Follows EZKL graph/model.rs ``dummy_layout`` and ``layout_nodes``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from auditor.circuit.graph import Circuit, CircuitNode, Graph, SubCircuit
from auditor.circuit.ops import Constant, Op, Output
from auditor.circuit.run_args import RunArgs
from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.inputs import quantised
from auditor.forward.ledger import Ledger
from auditor.forward.scan import Scan

Apply = Callable[[Op, Sequence[np.ndarray], Ledger], np.ndarray]
"""What an operation makes of its inputs: exactly, or in bounds."""

Results = dict[int, list[np.ndarray]]


def walk(circuit: Circuit, inputs: Sequence[np.ndarray], ledger: Ledger, apply: Apply) -> list[np.ndarray]:
    """The outputs of a circuit for real numbers of shape (rows, ...) for each input.

    Raises Unmodelled where it is not known what EZKL computes, Overflow where a value may need more than 63
    bits; both say at which node.
    """
    try:
        _check_visibilities(circuit.run_args)
        values = quantised(circuit.graph, inputs, ledger)
        results = {node_id: [value] for node_id, value in values.items()}
        outputs = _run(circuit.graph, results, ledger, apply)
        ledger.node = "output"
        _check_outputs(outputs, circuit.run_args, ledger, apply)
    except (Unmodelled, Overflow) as error:
        raise error.at(ledger.node) from error
    return outputs


def _check_visibilities(run_args: RunArgs) -> None:
    """Outlets hashed inside of the circuit give way to their hashes (graph/mod.rs ``forward``)."""
    for visibility in (run_args.input_visibility, run_args.output_visibility):
        name, _, outlets = visibility.partition("/")[2].partition("/")
        if visibility.startswith("hashed") and name == "private" and outlets:
            raise Unmodelled(f"visibility {visibility}")


def _check_outputs(outputs: list[np.ndarray], run_args: RunArgs, ledger: Ledger, apply: Apply) -> None:
    """Public and fixed outputs are compared with what is expected."""
    if run_args.output_visibility in ("public", "fixed"):
        op = Output(decompose=not run_args.ignore_range_check_inputs_outputs)
        for output in outputs:
            apply(op, [output], ledger)
            if run_args.output_visibility == "fixed" and op.decompose and output.size:
                everywhere = np.ones((1, 1), dtype=np.bool_)
                ledger.fault("EZKL compares fixed outputs with random numbers that fit no digits", everywhere)


def _run(graph: Graph, results: Results, ledger: Ledger, apply: Apply) -> list[np.ndarray]:
    """The outputs of a graph; ``results`` holds the inputs and is used up."""
    inputs = {node_id: results[node_id] for node_id in graph.inputs}
    read = [outlet for node in graph.nodes for outlet in node.inputs]
    left = Counter(node_id for node_id, _ in [*read, *graph.outputs])
    for node in graph.nodes:
        outer, ledger.node = ledger.node, node.origin or ledger.node or f"node {node.id}"
        if isinstance(node, SubCircuit):
            values = [_take(results, left, *outlet) for outlet in node.inputs]
            results[node.id] = _run_scan(node, values, ledger, apply)
        else:
            if node.id in inputs:
                values = inputs[node.id]
            else:
                values = [_take(results, left, *outlet) for outlet in node.inputs]
            results[node.id] = [_run_node(node, values, ledger, apply)]
        ledger.node = outer
    results.update(inputs)
    try:
        return [results[node_id][slot] for node_id, slot in graph.outputs]
    except (KeyError, IndexError):
        raise Unmodelled("an output has no result") from None


def _take(results: Results, left: Counter[int], node_id: int, slot: int) -> np.ndarray:
    """A value for a consumer; the last one gets it for good, for the sake of memory."""
    left[node_id] -= 1
    try:
        return (results[node_id] if left[node_id] else results.pop(node_id))[slot]
    except (KeyError, IndexError):
        raise Unmodelled(f"no result of node {node_id}") from None


def _run_node(node: CircuitNode, inputs: Sequence[np.ndarray], ledger: Ledger, apply: Apply) -> np.ndarray:
    """One operation; a constant that is used once is not assigned by itself."""
    if isinstance(node.op, Constant):
        value = _constant(node.op, node.shape)
        if node.uses != 1:
            value = apply(node.op, [value], ledger)
    else:
        value = apply(node.op, inputs, ledger)
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


def _run_scan(
    node: SubCircuit, inputs: Sequence[np.ndarray], ledger: Ledger, apply: Apply
) -> list[np.ndarray]:
    """The body once for each iteration; see :class:`Scan` for what flows between them."""
    scan = Scan(node, inputs)
    for iteration in range(scan.iterations):
        values = scan.body_inputs(iteration)
        results = {node_id: [value] for node_id, value in zip(node.body.inputs, values, strict=False)}
        scan.finish(_run(node.body, results, ledger, apply))
    return scan.outputs()
