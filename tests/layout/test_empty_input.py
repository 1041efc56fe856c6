"""An input without elements, as ONNX's CastLike tests have one, is not laid out at all."""

from __future__ import annotations

from auditor.circuit import Circuit, CircuitNode, Graph, RunArgs
from auditor.circuit.ops import Input
from auditor.layout import lay_out


def _node(node_id: int, shape: tuple[int, ...]) -> CircuitNode:
    op = Input(scale=7, datum_type="F32", decompose=True)
    return CircuitNode(id=node_id, op=op, inputs=(), shape=shape, scale=7, uses=1)


def test_an_empty_input_adds_nothing() -> None:
    alone = Graph(nodes=(_node(0, (3,)),), inputs=(0,), outputs=((0, 0),))
    beside = Graph(nodes=(_node(0, (3,)), _node(1, (0,))), inputs=(0, 1), outputs=((0, 0),))
    sizes = [lay_out(Circuit(graph=g, run_args=RunArgs(), front_end="onnx")) for g in (alone, beside)]
    assert sizes[0].num_einsum_equations == sizes[1].num_einsum_equations == 3
    assert sizes[0].total_assignments == sizes[1].total_assignments
