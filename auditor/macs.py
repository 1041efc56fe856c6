"""Multiply-accumulates of one inference, counted where every shape is known: in the circuit."""

from __future__ import annotations

from math import prod

from auditor.circuit import Graph, SubCircuit
from auditor.circuit.ops import Conv, DeConv, Einsum, Op, RebaseScale, Rescaled, Shape


def macs(graph: Graph) -> int:
    """Products of convolutions and of tensors, each round of a loop counted."""
    shapes: dict[tuple[int, int], Shape] = {}
    total = 0
    for node in graph.nodes:
        inputs = [shapes[outlet] for outlet in node.inputs]
        if isinstance(node, SubCircuit):
            shapes.update({(node.id, slot): shape for slot, shape in enumerate(node.out_shapes)})
            total += _rounds(node, inputs) * macs(node.body)
        else:
            shapes[node.id, 0] = node.shape
            total += _macs(_innermost(node.op), inputs, node.shape)
    return total


def _rounds(loop: SubCircuit, inputs: list[Shape]) -> int:
    """How often a loop runs: the length of what it slices (EZKL graph/model.rs ``NodeType::SubGraph``)."""
    lengths = [
        shape[mapping.axis] // abs(mapping.chunk)
        for mapping, shape in zip(loop.input_mappings, inputs, strict=True)
        if mapping.kind == "Stacked"
    ]
    return max(lengths, default=1)


def _macs(op: Op, inputs: list[Shape], output: Shape) -> int:
    if isinstance(op, Einsum):
        terms = op.equation.replace(" ", "").partition("->")[0].split(",")
        sizes: dict[str, int] = {}
        for term, shape in zip(terms, inputs, strict=True):
            # A scalar, which has no letter, has one axis of size one in EZKL.
            sizes.update(zip(term, shape, strict=bool(term)))
        return prod(sizes.values()) * (len(terms) - 1)
    if isinstance(op, Conv):
        kernel = inputs[1]
        return prod(output) * prod(kernel) // kernel[op.kernel_format.index("O")]
    if isinstance(op, DeConv):
        # Every input element meets one kernel window for each output channel of its group.
        kernel = inputs[1]
        window = prod(kernel) // (kernel[op.kernel_format.index("O")] * kernel[op.kernel_format.index("I")])
        return prod(inputs[0]) * window * output[op.data_format.index("C")] // op.group
    return 0


def _innermost(op: Op) -> Op:
    while isinstance(op, RebaseScale | Rescaled):
        op = op.inner
    return op
