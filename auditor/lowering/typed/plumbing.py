"""Operations that hold the graph together: sources, constants, identities."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange, change_shape
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor

if TYPE_CHECKING:
    from auditor.lowering.graph.graph import Graph, Node
    from auditor.lowering.graph.patch import Patch


class Source(TypedOp, frozen=True, kw_only=True, eq=False):
    """A model input."""

    is_stateless: ClassVar[bool] = False
    fact: Fact

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [self.fact]

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        fact = Fact(self.fact.dt, change_shape(change, self.fact.shape))
        return Consequence.everywhere(node, Source(fact=fact), change)


class Const(TypedOp, frozen=True, kw_only=True, eq=False):
    """A constant."""

    tensor: Tensor

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact.of(self.tensor)]

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        assert io == ("out", 0)
        try:
            moved = change_tensor(self.tensor, change)
        except ShapeMismatch:
            return None
        return Consequence.everywhere(node, Const(tensor=moved), change)


class Dummy(TypedOp, frozen=True):
    """What is left of a node that was removed."""

    is_stateless: ClassVar[bool] = False

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return []


class Identity(TypedOp, frozen=True):
    """Passes its input on."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        fact = inputs[0]
        return [Fact(fact.dt, fact.shape, fact.konst, fact.uniform_value)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return inputs

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(len(inputs), len(outputs), inputs[0].rank)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        from auditor.lowering.graph.patch import Patch

        return Patch.shunt_one_op(graph, node)


def change_array(array: np.ndarray, change: AxisChange) -> np.ndarray:
    """An array after a change of axes.

    Raises:
        ShapeMismatch: the change does not fit.
    """
    if change.kind == "move":
        change_shape(change, array.shape)
        return np.moveaxis(array, change.at, change.to)
    return array.reshape(change_shape(change, array.shape))


def change_tensor(tensor: Tensor, change: AxisChange, broadcasting: bool = False) -> Tensor:
    """A constant after a change of axes.

    Raises:
        ShapeMismatch: the change does not fit.
    """
    shape = change_shape(change, tensor.shape, broadcasting)
    if change.kind == "move":
        return tensor.derive(lambda array: np.moveaxis(array, change.at, change.to), shape, tensor.dt)
    return tensor.derive(lambda array: array.reshape(shape), shape, tensor.dt)
