"""Runs a circuit on intervals, node by node; the twin of :mod:`auditor.forward.run`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from auditor.circuit.graph import Circuit, CircuitNode, Graph, SubCircuit
from auditor.circuit.ops import Constant, Output
from auditor.circuit.run_args import RunArgs
from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.inputs import quantised
from auditor.forward.ledger import Ledger
from auditor.forward.scan import Scan
from auditor.forward.sound.intervals import narrowed
from auditor.forward.sound.rules import apply_bound

Results = dict[int, list[np.ndarray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What no input of a box needs more than; see :class:`auditor.forward.Needs` for the meaning of each."""

    decomposed: int
    lookup_low: int
    lookup_high: int
    rounded: Mapping[int, int]


def bounds(circuit: Circuit, low: Sequence[np.ndarray], high: Sequence[np.ndarray]) -> Bounds:
    """Bounds of what the circuit needs for every input between ``low`` and ``high``.

    Both hold real numbers in the shape of each input of the circuit. Raises Unmodelled for an operation
    without a sound rule, Overflow where a bound leaves 63 bits, ValueError where this is no box.
    """
    run_args = circuit.run_args
    ledger = Ledger(2, disable_freivalds=run_args.disable_freivalds)
    try:
        _check_visibilities(run_args)
        values = quantised(circuit.graph, _box(low, high), ledger)
        outputs = _run(circuit.graph, {node_id: [value] for node_id, value in values.items()}, ledger)
        ledger.node = "output"
        if run_args.output_visibility in ("public", "fixed"):
            op = Output(decompose=not run_args.ignore_range_check_inputs_outputs)
            for output in outputs:
                apply_bound(op, [output], ledger)
    except (Unmodelled, Overflow) as error:
        raise error.at(ledger.node) from error
    needs = ledger.needs()
    return Bounds(
        decomposed=int(needs.decomposed.max()),
        lookup_low=int(needs.lookup_low.min()),
        lookup_high=int(needs.lookup_high.max()),
        rounded=needs.rounded,
    )


def _box(low: Sequence[np.ndarray], high: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Both ends as rows: quantising keeps the order of numbers."""
    pairs = [
        (np.asarray(least, dtype=np.float64), np.asarray(greatest, dtype=np.float64))
        for least, greatest in zip(low, high, strict=True)
    ]
    if not all(least.shape == greatest.shape and (least <= greatest).all() for least, greatest in pairs):
        raise ValueError("the low end of a box is above its high end, or of another shape")
    return [np.stack(pair) for pair in pairs]


def _check_visibilities(run_args: RunArgs) -> None:
    """Outlets hashed inside of the circuit give way to their hashes (graph/mod.rs ``forward``)."""
    for visibility in (run_args.input_visibility, run_args.output_visibility):
        if visibility.startswith("hashed/private/"):
            raise Unmodelled(f"visibility {visibility}")


def _run(graph: Graph, results: Results, ledger: Ledger) -> list[np.ndarray]:
    """The outputs of a graph; ``results`` holds the inputs and is used up."""
    inputs = {node_id: results[node_id] for node_id in graph.inputs}
    read = [outlet for node in graph.nodes for outlet in node.inputs]
    left = Counter(node_id for node_id, _ in [*read, *graph.outputs])
    for node in graph.nodes:
        outer, ledger.node = ledger.node, node.origin or ledger.node or f"node {node.id}"
        if isinstance(node, CircuitNode) and node.id in inputs:
            values = inputs[node.id]
        else:
            values = [_result(results, *outlet) for outlet in node.inputs]
        for node_id, _ in node.inputs:
            left[node_id] -= 1
            if not left[node_id]:  # what nobody reads any more goes, for the sake of memory
                results.pop(node_id, None)
        if isinstance(node, SubCircuit):
            results[node.id] = _run_scan(node, values, ledger)
        else:
            results[node.id] = [_run_node(node, values, ledger)]
        ledger.node = outer
    results.update(inputs)
    return [_result(results, *outlet) for outlet in graph.outputs]


def _result(results: Results, node_id: int, slot: int) -> np.ndarray:
    try:
        return results[node_id][slot]
    except (KeyError, IndexError):
        raise Unmodelled(f"no result of node {node_id}") from None


def _run_node(node: CircuitNode, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """One operation; a constant that is used once is not assigned by itself."""
    if isinstance(node.op, Constant):
        value = _constant(node.op, node.shape)
        if node.uses != 1:
            value = apply_bound(node.op, [value], ledger)
    else:
        value = apply_bound(node.op, inputs, ledger)
    if prod(value.shape[1:]) != prod(node.shape):
        raise Unmodelled(f"EZKL cannot reshape {list(value.shape[1:])} to {list(node.shape)}")
    return narrowed(value.reshape((value.shape[0], *node.shape)))


def _constant(op: Constant, shape: tuple[int, ...]) -> np.ndarray:
    if op.load is None:
        raise Unmodelled("the file holds no values of a constant")
    values = op.load()
    if values.dtype == object:
        raise Overflow("a constant needs more than 63 bits")
    return np.asarray(values, dtype=np.int64).reshape((1, *shape))


def _run_scan(node: SubCircuit, inputs: Sequence[np.ndarray], ledger: Ledger) -> list[np.ndarray]:
    """The body once for each iteration, its states intervals too; see :class:`Scan`."""
    scan = Scan(node, inputs)
    for iteration in range(scan.iterations):
        values = scan.body_inputs(iteration)
        results = {node_id: [value] for node_id, value in zip(node.body.inputs, values, strict=False)}
        scan.finish(_run(node.body, results, ledger))
    return scan.outputs()
