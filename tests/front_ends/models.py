"""Small models, and EZKL's compiled form of two of them (``compiled/``, made by running this module)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COMPILED = Path(__file__).parent / "compiled"

WEIGHTS = np.array([[0.5, -0.25], [1.0, 0.0], [-2.0, 0.125]], dtype=np.float32)
BIAS = np.array([0.5, -1.0], dtype=np.float32)


def model(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, list[int | str]],
    outputs: dict[str, list[int | str]],
    initializers: dict[str, np.ndarray] | None = None,
) -> onnx.ModelProto:
    def values(shapes: dict[str, list[int | str]]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]

    arrays = [numpy_helper.from_array(array, name) for name, array in (initializers or {}).items()]
    graph = helper.make_graph(nodes, "graph", values(inputs), values(outputs), arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def dense() -> onnx.ModelProto:
    """Gemm, ReLU, Sigmoid: an einsum, a rebase, constants, a lookup."""
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Sigmoid", ["r"], ["y"]),
    ]
    return model(nodes, {"x": [1, 3]}, {"y": [1, 2]}, {"w": WEIGHTS, "b": BIAS})


def recurrent() -> onnx.ModelProto:
    """An RNN over four steps: a sub-circuit."""
    weights = np.linspace(-1, 1, 6, dtype=np.float32).reshape(1, 2, 3)
    recurrence = np.linspace(-0.5, 0.5, 4, dtype=np.float32).reshape(1, 2, 2)
    node = helper.make_node("RNN", ["x", "w", "r"], ["y"], hidden_size=2)
    return model([node], {"x": [4, 1, 3]}, {"y": [4, 1, 1, 2]}, {"w": weights, "r": recurrence})


def single(operator: str, shape: list[int | str], **attributes: object) -> onnx.ModelProto:
    """One operator of one input and one output of the same shape."""
    return model([helper.make_node(operator, ["x"], ["y"], **attributes)], {"x": shape}, {"y": shape})


def main() -> None:
    """Writes ``compiled/`` anew, with the EZKL that is installed."""
    import tempfile

    from auditor._version import EZKL_VERSION
    from auditor.circuit.run_args import RunArgs
    from auditor.ezkl import call
    from auditor.ezkl.settings import settings_for_compiling
    from auditor.guard import Limits

    COMPILED.mkdir(exist_ok=True)
    for make in (dense, recurrent):
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            onnx.save(make(), file.name)
            settings = settings_for_compiling(RunArgs(), EZKL_VERSION)
            request = {"model": file.name, "settings": settings}
            result = call("compile_circuit", request, stage="compiling", limits=Limits())
        (COMPILED / f"{make.__name__}.bin").write_bytes(result.value)


if __name__ == "__main__":
    main()
