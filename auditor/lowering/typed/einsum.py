"""Einstein summation: matrix products, Gemm, 1x1 convolutions (tract `ops/einsum`)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from auditor.lowering.errors import Unmodelled
from auditor.lowering.graph.axes import AxesMapping, Axis, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.evaluate import CannotEvaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import Shape, ShapeMismatch, broadcast_shapes, volume
from auditor.lowering.graph.tensor import NUMPY_TYPES
from auditor.lowering.typed.concat import Concat
from auditor.lowering.typed.slice import Slice

_WORK_OF_A_TURN = 5_000
"""Products are added up one by one; each costs as much as so many elements."""


class EinSum(TypedOp, frozen=True, kw_only=True):
    """A sum of products over shared axes, in ``operating_dt``.

    ``quantized_dt`` marks the quantised form with nine inputs: A, B, bias, then zero point and scale of
    A, B and the output.
    """

    axes: AxesMapping
    operating_dt: str
    quantized_dt: str | None = None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        if len(inputs) != self.axes.input_count:
            raise ShapeMismatch(f"einsum {self.axes} of {len(inputs)} inputs")
        for slot, fact in enumerate(inputs):
            if fact.rank != self.axes.rank(("in", slot)):
                raise ShapeMismatch(f"einsum {self.axes}: input {slot} has shape {fact.shape}")
        shapes = [fact.shape for fact in inputs]
        for axis in self.axes.axes:
            broadcast_shapes([(dim,) for dim in _dims(axis, shapes)])
        if self.quantized_dt is not None:
            return [Fact(self.quantized_dt, self._output_shape(shapes[:2]))]
        return [Fact(self.operating_dt, self._output_shape(shapes))]

    def _output_shape(self, shapes: list[Shape]) -> Shape:
        kept = sorted((a for a in self.axes.axes if a.outputs[0]), key=lambda a: a.outputs[0][0])
        return tuple(next((d for d in _dims(axis, shapes) if d != 1), 1) for axis in kept)

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        if self.quantized_dt is not None:
            raise Unmodelled("Einsum", "", "a quantised product of constants")
        if self.operating_dt in ("bool", "tdim", "string"):
            raise CannotEvaluate(f"a product of {self.operating_dt}")
        kind = NUMPY_TYPES[self.operating_dt]
        return [_product(self.axes, [array.astype(kind) for array in inputs])]

    def work(self, inputs: list[Fact], outputs: list[Fact]) -> int:
        shapes = [fact.shape for fact in inputs]
        turns = volume(max(_dims(axis, shapes), default=1) for axis in self.axes.axes if not axis.outputs[0])
        return turns * (outputs[0].volume + _WORK_OF_A_TURN)

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return self.axes

    def slice(
        self, patch: Patch, graph: Graph, node: Node, prefix: str, inputs: list[Outlet], axis: int,
        start: int, end: int,
    ) -> list[Outlet] | None:  # fmt: skip
        return patch.wire_node(prefix, self, inputs)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        axes = self.axes.change_axis_sink(io, change)
        return None if axes is None else Consequence(replace(self, axes=axes), [(io, change)])

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if self.quantized_dt is not None:
            return None
        for slot, outlet in enumerate(node.inputs):
            previous = graph.nodes[outlet[0]]
            if not isinstance(previous.op, Concat):
                continue
            axis = self.axes.axis((("in", slot), previous.op.axis))
            if axis.outputs[0] or any(len(places) > 1 for places in axis.inputs):
                continue  # only a summed axis can be split
            return self._split(graph, node, axis, previous.op.offsets(graph.input_facts(previous)))
        return None

    def _split(self, graph: Graph, node: Node, axis: Axis, offsets: list[int]) -> Patch:
        """One einsum for each part of a concatenated, summed axis, added up."""
        from auditor.lowering.typed.binary import Binary

        patch = Patch()
        parts: list[list[Outlet]] = []
        for places, outlet in zip(axis.inputs, node.inputs, strict=True):
            tap = patch.tap(graph, outlet)
            if not places:
                parts.append([tap])
                continue
            cuts = [Slice(axis=places[0], start=start, end=end) for start, end in pairwise(offsets)]
            names = [f"{node.name}.concat-einsum-slice-{c.axis}.{c.start}..{c.end}" for c in cuts]
            parts.append([patch.wire_node(n, c, [tap])[0] for n, c in zip(names, cuts, strict=True)])
        wire: Outlet | None = None
        for index in range(len(offsets) - 1):
            inputs = [part[index] if index < len(part) else part[0] for part in parts]
            term = patch.wire_node(f"{node.name}.concat-einsum-{index}", self, inputs)[0]
            if wire is None:
                wire = term
            else:
                name = f"{node.name}.concat-einsum.add-{index}"
                wire = patch.wire_node(name, Binary(kind="Add"), [wire, term])[0]
        assert wire is not None
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch


def _product(axes: AxesMapping, inputs: list[np.ndarray]) -> np.ndarray:
    """The sum of products, added up in tract's order, on which sums of floats depend."""
    kept = sorted((axis for axis in axes.axes if axis.outputs[0]), key=lambda axis: axis.outputs[0][0])
    summed = [axis for axis in axes.axes if not axis.outputs[0]]
    letters = [axis.repr for axis in (*summed, *kept)]
    operands = [_aligned(a, s, letters) for a, s in zip(inputs, axes.to_strs()[0], strict=True)]
    sizes = np.broadcast_shapes(*(operand.shape for operand in operands))
    total = np.zeros(sizes[len(summed) :], inputs[0].dtype)
    for place in np.ndindex(*sizes[: len(summed)]):
        term = np.ones((), total.dtype)
        for operand in operands:
            here = tuple(p if size > 1 else 0 for p, size in zip(place, operand.shape, strict=False))
            term = term * operand[here]
        total = total + term
    return total


def _aligned(array: np.ndarray, string: str, letters: list[str]) -> np.ndarray:
    """An operand with its axes in the order of ``letters``, size one where it lacks one."""
    for letter in string:
        while string.count(letter) > 1:
            first, second = string.index(letter), string.rindex(letter)
            array = np.diagonal(array, axis1=first, axis2=second)
            string = string[:first] + string[first + 1 : second] + string[second + 1 :] + letter
    ordered = array.transpose([string.index(letter) for letter in letters if letter in string])
    sizes = iter(ordered.shape)
    return ordered.reshape([next(sizes) if letter in string else 1 for letter in letters])


def _dims(axis: Axis, shapes: list[Shape]) -> list[int]:
    """The sizes an axis has in the inputs."""
    return [shape[p] for places, shape in zip(axis.inputs, shapes, strict=False) for p in places]
