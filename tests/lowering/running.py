"""What a typed graph computes, and what ONNX says it should."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from auditor.lowering.declutter import declutter
from auditor.lowering.graph.graph import Graph
from auditor.lowering.translate.driver import translate
from auditor.lowering.typed.bodies import run_body
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
    return run_body(graph, [values[graph.nodes[outlet[0]].name] for outlet in graph.inputs])
