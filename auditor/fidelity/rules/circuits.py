"""What shows in the circuit alone: axes that tract removed, scales, and constants after rounding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from auditor.circuit import Circuit, ops
from auditor.circuit.graph import CircuitNode, Graph, Outlet, SubCircuit
from auditor.fidelity.registry import circuit_rule
from auditor.fidelity.walk import graphs, inner_op, nodes, readers, shape_of

Result = Iterator[tuple[str, str]]

ROUGH_MEAN = 0.02
"""A mean whose 1/N is off by more is reported as rough."""

_KEEP_NUMBERS = (
    ops.Reshape,
    ops.Flatten,
    ops.MoveAxis,
    ops.Slice,
    ops.Identity,
    ops.MultiBroadcastTo,
    ops.Concat,
)
_LOGICAL = (ops.And, ops.Not, ops.Or, ops.Xor)


@circuit_rule("AUD-FID-001")
def image_without_batch(circuit: Circuit) -> Result:
    """Without a batch axis EZKL's ``conv`` takes output channels for positions and returns one axis more;
    ``max_pool`` and ``sumpool`` take channels for the batch (circuit/ops/layouts.rs ``has_no_batch``)."""
    for graph in graphs(circuit.graph):
        known = {node.id: node for node in graph.nodes}
        for node in graph.nodes:
            op = inner_op(node.op) if isinstance(node, CircuitNode) else None
            if not isinstance(op, ops.Conv | ops.DeConv | ops.MaxPool | ops.SumPool):
                continue
            assert isinstance(node, CircuitNode)
            shapes = [shape_of(known[source], slot) for source, slot in node.inputs]
            if op.data_format in ("CHW", "HWC") and not _has_one_position(op, shapes, node.shape):
                yield (
                    node.origin,
                    f"{op.name} reads its image along wrong axes: the batch axis of size 1 was removed",
                )


@circuit_rule("AUD-FID-005")
def equality_at_a_scale(circuit: Circuit) -> Result:
    """The result of ``Equals`` is 0 or 1, but its node keeps the scale of the operands."""
    for graph in graphs(circuit.graph):
        reading, live = readers(graph), _live(graph)
        outputs = set(graph.outputs)
        for node in graph.nodes:
            if not isinstance(node, CircuitNode) or not isinstance(inner_op(node.op), ops.Equals):
                continue
            if node.id not in live:
                continue
            if node.scale > 0 and _read_as_number((node.id, 0), reading, outputs):
                yield node.origin, f"Equal of fractional numbers is 2^-{node.scale} where it is true, not 1"


@circuit_rule("AUD-FID-023")
def factor_rounds_to_zero(circuit: Circuit) -> Result:
    """tract removes products with 0, so a factor of nothing but 0 was a number too small for its scale."""
    for graph in graphs(circuit.graph):
        for node, factor in _factors(graph):
            values = factor.load() if factor.load is not None else None
            if values is not None and values.size and not values.any():
                yield (
                    node.origin,
                    f"a factor rounds to 0 at scale {factor.scale}: the result is 0 for every input",
                )


@circuit_rule("AUD-FID-024", severity="medium")
def rough_mean(circuit: Circuit) -> Result:
    """A mean is a sum times the constant 1/N, rounded to the scale of parameters."""
    for graph in graphs(circuit.graph):
        known = {node.id: node for node in graph.nodes if isinstance(node, CircuitNode)}
        for node, factor in _factors(graph):
            count = _summed(node, known)
            if count is None or factor.load is None:
                continue
            values = np.unique(factor.load())
            exact = 2**factor.scale / count
            off = abs(round(exact) / exact - 1)
            if values.size == 1 and values[0] == round(exact) > 0 and off > ROUGH_MEAN:
                yield (
                    node.origin,
                    f"the mean over {count:,} elements is off by {100 * off:.1f} %: "
                    f"1/{count} is stored as {values[0]}/2^{factor.scale}",
                )


@circuit_rule("AUD-FID-026")
def division_without_witness(circuit: Circuit) -> Result:
    """EZKL ``div`` decomposes what the remainder lacks to the divisor, at least half of the divisor."""
    args = circuit.run_args
    limit = args.decomp_base**args.decomp_legs
    for node in nodes(circuit.graph):
        divisor = _divisor(node.op)
        if divisor is not None and divisor / 2 >= limit:
            size = f"2^{math.log2(divisor):.0f}"
            yield (
                node.origin,
                f"no input has a witness: a division by {size} does not fit "
                f"{args.decomp_legs} legs of base {args.decomp_base}",
            )


@circuit_rule("AUD-FID-027", severity="info")
def inverse_of_zero(circuit: Circuit) -> Result:
    """EZKL proves that the inverse of 0 is scale / epsilon, a number that must be decomposed too."""
    args = circuit.run_args
    limit = args.decomp_base**args.decomp_legs
    found = [
        node
        for node in nodes(circuit.graph)
        if isinstance(op := inner_op(node.op), ops.Recip | ops.Rsqrt)
        and op.output_scale >= limit * op.epsilon
    ]
    if found:
        many = f"{len(found)} reciprocals" if len(found) > 1 else "the reciprocal"
        yield found[0].origin, f"an input for which the operand of {many} rounds to 0 has no witness"


@circuit_rule("AUD-FID-032")
def broadcast_from_the_front(circuit: Circuit) -> Result:
    """EZKL ``tensor/mod.rs`` `expand` matches axes from the first on, ONNX from the last."""
    for graph in graphs(circuit.graph):
        known = {node.id: node for node in graph.nodes}
        for node in graph.nodes:
            op = inner_op(node.op) if isinstance(node, CircuitNode) else None
            if not isinstance(node, CircuitNode) or not isinstance(op, ops.MultiBroadcastTo):
                continue
            shape = shape_of(known[node.inputs[0][0]], node.inputs[0][1])
            if len(shape) < len(op.shape) and any(size > 1 for size in shape):
                yield node.origin, f"broadcast of {list(shape)} to {list(op.shape)} repeats along wrong axes"


def _has_one_position(op: ops.Op, shapes: Sequence[ops.Shape], result: ops.Shape) -> bool:
    """Whether a convolution has but one window to read, so that wrong positions are of no matter.

    A window as large as the image is the image wherever it begins (EZKL tensor/mod.rs `get_slice`).
    """
    if not isinstance(op, ops.Conv) or (op.data_format, op.kernel_format) != ("CHW", "OIHW"):
        return False
    image, kernel = shapes[:2]
    padded = [before + size + after for size, (before, after) in zip(image[1:], op.padding, strict=True)]
    if op.group == 1 and list(kernel[2:]) == padded:
        return True
    return result[0] == op.group and math.prod(result[1:]) == 1


# --- the circuit, looked at ----------------------------------------------------------------


def _divisor(op: ops.Op) -> float | None:
    divisors = []
    while isinstance(op, ops.Rescaled | ops.RebaseScale):
        if isinstance(op, ops.RebaseScale) and isinstance(op.rebase, ops.Div):
            divisors.append(op.rebase.denominator)
        op = op.inner
    if isinstance(op, ops.Div):
        divisors.append(op.denominator)
    return max(divisors, default=None)


def _read_as_number(
    outlet: Outlet, reading: dict[Outlet, list[tuple[CircuitNode | SubCircuit, int]]], outputs: set[Outlet]
) -> bool:
    """Whether anything but logic looks at a truth value, also after it was moved around."""
    waiting, seen = [outlet], {outlet}
    while waiting:
        current = waiting.pop()
        if current in outputs:
            return True
        for node, position in reading.get(current, ()):
            op = inner_op(node.op) if isinstance(node, CircuitNode) else None
            if isinstance(op, _LOGICAL) or (isinstance(op, ops.Iff) and position == 0):
                continue
            if not isinstance(op, _KEEP_NUMBERS):
                return True
            if (node.id, 0) not in seen:
                seen.add((node.id, 0))
                waiting.append((node.id, 0))
    return False


def _live(graph: Graph) -> set[int]:
    """The nodes that an output depends on, other than through a node whose result is always the same."""
    known = {node.id: node for node in graph.nodes}
    waiting = [source for source, _ in graph.outputs]
    live: set[int] = set()
    while waiting:
        node = known[waiting.pop()]
        if node.id in live:
            continue
        live.add(node.id)
        if isinstance(node, SubCircuit) or not _is_of_one(node, known):
            waiting += [source for source, _ in node.inputs]
    return live


def _is_of_one(node: CircuitNode, known: Mapping[int, CircuitNode | SubCircuit]) -> bool:
    """Whether it picks among, or normalises, one number: the position is 0, the share 1."""
    op = inner_op(node.op)
    if isinstance(op, ops.Softmax):
        return all(axis < len(node.shape) and node.shape[axis] == 1 for axis in op.axes)
    if isinstance(op, ops.ReduceArgMax | ops.ReduceArgMin):
        source, slot = node.inputs[0]
        return shape_of(known[source], slot)[op.dim] == 1
    return False


def _factors(graph: Graph) -> Iterator[tuple[CircuitNode, ops.Constant]]:
    """Every product with a constant at a fractional scale."""
    constants = {
        node.id: node.op
        for node in graph.nodes
        if isinstance(node, CircuitNode) and isinstance(node.op, ops.Constant)
    }
    for node in graph.nodes:
        if isinstance(node, CircuitNode) and isinstance(inner_op(node.op), ops.Mult):
            found = (constants.get(source) for source, _ in node.inputs)
            yield from ((node, factor) for factor in found if factor is not None and factor.scale > 0)


def _summed(node: CircuitNode, known: dict[int, CircuitNode]) -> int | None:
    """Over how many elements the other operand of a product is a sum, None when it is none."""
    for source, _ in node.inputs:
        origin = known.get(source)
        while origin is not None and isinstance(origin.op, ops.Reshape | ops.Identity | ops.MoveAxis):
            origin = known.get(origin.inputs[0][0])
        op = inner_op(origin.op) if origin is not None else None
        if origin is None or not isinstance(op, ops.Sum):
            continue
        summed = known.get(origin.inputs[0][0])
        if summed is not None and all(axis < len(summed.shape) for axis in op.axes):
            return math.prod(summed.shape[axis] for axis in op.axes)
    return None
