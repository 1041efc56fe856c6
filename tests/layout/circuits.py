"""Small circuits made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from auditor.circuit import Circuit, CircuitNode, Graph, RunArgs, ops
from auditor.circuit.ops import Op, Shape


class Drawing:
    """A circuit under construction; values are node ids."""

    def __init__(self) -> None:
        self._nodes: list[tuple[Op, tuple[int, ...], Shape]] = []
        self._inputs: list[int] = []

    def input(self, *shape: int) -> int:
        """A model input."""
        self._inputs.append(self.add(ops.Input(scale=7, datum_type="F32", decompose=True), (), shape))
        return self._inputs[-1]

    def constant(self, *shape: int, load: Callable[[], np.ndarray] | None, visibility: str = "fixed") -> int:
        """A parameter."""
        op = ops.Constant(scale=7, visibility=visibility, decompose=False, load=load)
        return self.add(op, (), shape)

    def add(self, op: Op, inputs: tuple[int, ...], shape: Shape) -> int:
        """A node."""
        self._nodes.append((op, inputs, shape))
        return len(self._nodes) - 1

    def circuit(self, *outputs: int, **run_args: Any) -> Circuit:
        """The finished circuit."""
        used = [*(source for _, inputs, _ in self._nodes for source in inputs), *outputs]
        nodes = tuple(
            CircuitNode(
                id=node_id,
                op=op,
                inputs=tuple((source, 0) for source in inputs),
                shape=shape,
                scale=7,
                uses=used.count(node_id),
            )
            for node_id, (op, inputs, shape) in enumerate(self._nodes)
        )
        graph = Graph(
            nodes=nodes,
            inputs=tuple(self._inputs),
            outputs=tuple((node_id, 0) for node_id in outputs),
        )
        return Circuit(graph=graph, run_args=RunArgs(**run_args), front_end="onnx")


def one_op(op: Op, shape: Shape, out_shape: Shape, *, count: int = 1, **run_args: Any) -> Circuit:
    """One operation on ``count`` inputs of a shape."""
    drawing = Drawing()
    inputs = tuple(drawing.input(*shape) for _ in range(count))
    return drawing.circuit(drawing.add(op, inputs, out_shape), **run_args)
