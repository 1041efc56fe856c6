"""What a typed graph computes, and what ONNX says it should."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from auditor.lowering.declutter import declutter
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.translate.driver import translate
from auditor.lowering.typed.plumbing import Const
from auditor.lowering.typed.scan import STATE, Scan
from auditor.model import read

Arrays = Mapping[str, np.ndarray]


def onnx_model(
    nodes: Sequence[NodeProto], inputs: Arrays, constants: Arrays, outputs: Sequence[str], opset: int = 17
) -> ModelProto:
    """A model of float inputs with the shapes of ``inputs``."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def translated(model: ModelProto) -> Graph:
    """The typed graph of a model, before any rewriting."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "model.onnx")
        path.write_bytes(model.SerializeToString())
        return translate(read(path).model).graph


def decluttered(model: ModelProto) -> Graph:
    """The typed graph as EZKL sees it."""
    graph = translated(model)
    declutter(graph)
    return graph


def assert_computes_what_onnx_says(model: ModelProto, values: Arrays) -> None:
    """Both the translated and the rewritten graph compute what ONNX's reference computes."""
    expected = ReferenceEvaluator(model).run(None, dict(values))
    graph = translated(model)
    for stage in (lambda: None, lambda: declutter(graph)):
        stage()
        found = run(graph, values)
        assert [f.shape for f in found] == [e.shape for e in expected]
        for one, other in zip(found, expected, strict=True):
            assert np.allclose(one, other, rtol=1e-4, atol=1e-5)


def kinds(graph: Graph) -> list[str]:
    """The names of the operations, in evaluation order, without sources and constants."""
    ops = [graph.nodes[node_id].op for node_id in graph.eval_order()]
    return [type(op).__name__ for op in ops if type(op).__name__ not in ("Source", "Const")]


def run(graph: Graph, values: Arrays) -> list[np.ndarray]:
    """The outputs for inputs given by name."""
    return _run(graph, {outlet: values[graph.nodes[outlet[0]].name] for outlet in graph.inputs})


def _run(graph: Graph, inputs: Mapping[Outlet, np.ndarray]) -> list[np.ndarray]:
    known = dict(inputs)
    for node_id in graph.eval_order():
        node = graph.nodes[node_id]
        if (node_id, 0) in known:
            continue
        arrays = [known[outlet] for outlet in node.inputs]
        if isinstance(node.op, Const):
            results = [node.op.tensor.array]
        elif isinstance(node.op, Scan):
            results = _run_loop(node.op, arrays)
        else:
            results = node.op.eval(arrays)
        known |= {(node_id, slot): result for slot, result in enumerate(results)}
    return [known[outlet] for outlet in graph.outputs]


def _run_loop(op: Scan, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Turn after turn; a negative chunk takes and gives slices from the last to the first."""
    scanned = [(a, m.info) for a, m in zip(inputs, op.input_mapping, strict=True) if m.info is not None]
    turns = scanned[0][0].shape[scanned[0][1].axis] // abs(scanned[0][1].chunk)
    states = [a for a, m in zip(inputs, op.input_mapping, strict=True) if m.kind == STATE]
    collected: dict[int, list[np.ndarray]] = {}
    for turn in range(turns):
        waiting = iter(states)
        body_inputs: dict[Outlet, np.ndarray] = {}
        for outlet, array, mapping in zip(op.body.inputs, inputs, op.input_mapping, strict=True):
            value = next(waiting) if mapping.kind == STATE else array
            if mapping.info is not None:
                index = turn if mapping.info.chunk > 0 else turns - 1 - turn
                value = np.split(array, turns, axis=mapping.info.axis)[index]
            body_inputs[outlet] = value
        results = _run(op.body, body_inputs)
        states = [r for r, m in zip(results, op.output_mapping, strict=True) if m.state]
        for result, output in zip(results, op.output_mapping, strict=True):
            if output.last_value_slot is not None:
                collected[output.last_value_slot] = [result]
            if output.scan is not None:
                collected.setdefault(output.scan[0], []).append(result)
    for output in op.output_mapping:
        if output.scan is not None:
            slot, info = output.scan
            pieces = collected[slot] if info.chunk > 0 else collected[slot][::-1]
            collected[slot] = [np.concatenate(pieces, axis=info.axis)]
    return [collected[slot][0] for slot in sorted(collected)]
