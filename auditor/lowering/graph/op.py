"""What every typed operation answers (tract `ops/mod.rs`, trait `TypedOp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from msgspec import Struct

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.fact import Fact

if TYPE_CHECKING:
    from auditor.lowering.graph.graph import Graph, Node, Outlet
    from auditor.lowering.graph.patch import Patch


class Consequence:
    """What follows when an interface of an operation changes its axes.

    ``op`` replaces the operation (None: it stays); ``changes`` are the changes of its interfaces.
    ``mutual`` says that the same would follow from any of these changes.
    """

    __slots__ = ("changes", "mutual", "op")

    def __init__(
        self, op: TypedOp | None, changes: Sequence[tuple[InOut, AxisChange]], mutual: bool = False
    ) -> None:
        self.op = op
        self.changes = list(changes)
        self.mutual = mutual

    @classmethod
    def everywhere(cls, node: Node, op: TypedOp | None, change: AxisChange) -> Consequence:
        """The same change on every input and output."""
        ios: list[InOut] = [("in", slot) for slot in range(len(node.inputs))]
        ios += [("out", slot) for slot in range(len(node.outputs))]
        return cls(op, [(io, change) for io in ios], mutual=op is None)


class TypedOp(Struct, frozen=True):
    """Base of typed operations. Subclasses are frozen; equality is by attributes.

    The defaults are tract's: nothing is known of the axes, nothing is rewritten, nothing passes.
    """

    is_stateless: ClassVar[bool] = True
    merges_duplicates: ClassVar[bool] = False
    """Whether two equal nodes on the same inputs are merged (tract's `same_as` is opt-in)."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        """Datum types and shapes of the outputs.

        Raises:
            ShapeMismatch: the inputs do not fit; EZKL rejects the model.
        """
        raise NotImplementedError(type(self).__name__)

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """The outputs for constant inputs, in tract's own precision.

        Raises:
            CannotEvaluate: tract does not fold this operation.
        """
        from auditor.lowering.graph.evaluate import CannotEvaluate

        raise CannotEvaluate(type(self).__name__)

    def work(self, inputs: list[Fact], outputs: list[Fact]) -> int:
        """What :meth:`eval` costs: about as many elements are read, written or multiplied."""
        return sum(fact.volume for fact in (*inputs, *outputs))

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        """Which axes of inputs and outputs are the same."""
        return AxesMapping.disconnected([f.rank for f in inputs], [f.rank for f in outputs])

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        """A local rewriting of this node into plainer ones."""
        return None

    def suggested_axis_changes(self) -> list[tuple[InOut, AxisChange]]:
        """Changes of axes that would simplify this node."""
        return []

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        """What follows from a change on one interface; None blocks it."""
        return None

    def slice(
        self, patch: Patch, graph: Graph, node: Node, prefix: str, inputs: list[Outlet], axis: int,
        start: int, end: int,
    ) -> list[Outlet] | None:  # fmt: skip
        """Wire this operation for a slice of its output; ``inputs`` are sliced already. None: it cannot."""
        return None
