"""The circuit as a graph of operations: the border between lowering and layout."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from auditor.circuit.ops import Op, RebaseScale, Rescaled, Shape
from auditor.circuit.run_args import RunArgs
from auditor.equality import compared_without

Outlet = tuple[int, int]
"""(node id, output slot)."""


class CircuitNode(Struct, frozen=True, kw_only=True):
    """One operation of the circuit.

    ``uses`` is EZKL's ``num_uses``: consumers plus one when the node is an output. A constant with
    one use is assigned where it is used, one with more is assigned on its own.
    ``origin`` is the ONNX node the operation came from, for people; it never changes a number.
    """

    id: int
    op: Op
    inputs: tuple[Outlet, ...]
    shape: Shape
    scale: int
    uses: int
    origin: str = ""

    __eq__, __hash__ = compared_without("origin")


class InputMapping(Struct, frozen=True, kw_only=True):
    """How a loop input reaches the body: ``Full``, ``State`` or ``Stacked`` (sliced on ``axis``)."""

    kind: str
    axis: int = 0
    chunk: int = 1


class OutputMapping(Struct, frozen=True, kw_only=True):
    """How a body output leaves: ``Single`` (the last value) or ``Stacked`` on ``axis``."""

    kind: str
    outlet: int
    is_state: bool
    axis: int = 0


class SubCircuit(Struct, frozen=True, kw_only=True):
    """A loop (ONNX Scan, RNN, LSTM, GRU): ``body`` is laid out once for each iteration."""

    id: int
    body: Graph
    inputs: tuple[Outlet, ...]
    input_mappings: tuple[InputMapping, ...]
    output_mappings: tuple[tuple[OutputMapping, ...], ...]
    out_shapes: tuple[Shape, ...]
    out_scales: tuple[int, ...]
    origin: str = ""

    __eq__, __hash__ = compared_without("origin")


class Graph(Struct, frozen=True, kw_only=True):
    """Nodes in EZKL's layout order (ascending id), with the ids of inputs and the outlets of outputs."""

    nodes: tuple[CircuitNode | SubCircuit, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Outlet, ...]


class Circuit(Struct, frozen=True, kw_only=True):
    """A whole model as EZKL would lay it out, with the run args it was lowered for.

    ``front_end`` says who lowered it: ``onnx`` (this package) or ``ezkl`` (read from EZKL itself).
    """

    graph: Graph
    run_args: RunArgs
    front_end: str


def all_ops(graph: Graph) -> Iterator[Op]:
    """Every operation, those in loops too, without the rescaling and rebasing around them."""
    for node in graph.nodes:
        if isinstance(node, SubCircuit):
            yield from all_ops(node.body)
            continue
        op = node.op
        while isinstance(op, RebaseScale | Rescaled):
            op = op.inner
        yield op
