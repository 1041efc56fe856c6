"""Operations on two inputs of the same rank, element by element (tract `ops/binary.rs`, `ops/math`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.evaluate import CannotEvaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch, broadcast_shapes
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor

Evaluation = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What tract knows about one operation: how it folds and what leaves it unchanged."""

    evaluate: Evaluation
    commutative: bool = True
    neutral: int | None = None
    result_dt: str | None = None


def _truncated_divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if a.dtype.kind == "f":
        return np.asarray(np.divide(a, b))
    if (np.asarray(b) == 0).any():
        raise CannotEvaluate("division by zero")
    return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)))


def _truncated_remainder(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.fmod(a, b))


KINDS: dict[str, Kind] = {
    "Add": Kind(evaluate=np.add, neutral=0),
    "Sub": Kind(evaluate=np.subtract, commutative=False, neutral=0),
    "Mul": Kind(evaluate=np.multiply, neutral=1),
    "Div": Kind(evaluate=_truncated_divide, commutative=False, neutral=1),
    "Rem": Kind(evaluate=_truncated_remainder),
    "Min": Kind(evaluate=np.fmin),
    "Max": Kind(evaluate=np.fmax),
    "Pow": Kind(evaluate=np.power, commutative=False, neutral=1),
    "ShiftLeft": Kind(evaluate=np.left_shift, commutative=False),
    "ShiftRight": Kind(evaluate=np.right_shift, commutative=False),
    "And": Kind(evaluate=np.logical_and, result_dt="bool"),
    "Or": Kind(evaluate=np.logical_or, result_dt="bool"),
    "Xor": Kind(evaluate=np.logical_xor, result_dt="bool"),
    "BitAnd": Kind(evaluate=np.bitwise_and),
    "BitOr": Kind(evaluate=np.bitwise_or),
    "BitXor": Kind(evaluate=np.bitwise_xor),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(TypedOp):
    """One of :data:`KINDS` on inputs of one rank, with sizes of one broadcast."""

    merges_duplicates: ClassVar[bool] = True
    kind: str

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        a, b = inputs
        if a.rank != b.rank:
            raise ShapeMismatch(f"{self.kind} of ranks {a.rank} and {b.rank}")
        shape = broadcast_shapes([a.shape, b.shape])
        return [Fact(KINDS[self.kind].result_dt or common_type(a.dt, b.dt), shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [np.asarray(KINDS[self.kind].evaluate(*inputs))]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(len(inputs), len(outputs), inputs[0].rank)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        if change.kind == "rm":
            facts = graph.input_facts(node) + graph.output_facts(node)
            if any(fact.shape[change.at] != 1 for fact in facts):
                return None
        return Consequence.everywhere(node, None, change)

    def slice(
        self,
        patch: Patch,
        graph: Graph,
        node: Node,
        prefix: str,
        inputs: list[Outlet],
        axis: int,
        start: int,
        end: int,
    ) -> list[Outlet] | None:
        return patch.wire_node(prefix, self, inputs)


def common_type(a: str, b: str) -> str:
    """tract's common type of two operands.

    Raises:
        ShapeMismatch: there is none.
    """
    if a == b:
        return a
    if "tdim" in (a, b) and {a, b} <= {"tdim", "i64", "i32"}:
        return "tdim"
    kinds = (NUMPY_TYPES[a], NUMPY_TYPES[b])
    if object in kinds or "bool" in (a, b):
        raise ShapeMismatch(f"no common type of {a} and {b}")
    joined = np.promote_types(*kinds)
    for name, kind in NUMPY_TYPES.items():
        if name != "tdim" and joined == kind:
            return name
    raise ShapeMismatch(f"no common type of {a} and {b}")


def uniform_operand(graph: Graph, node: Node) -> tuple[Tensor, Outlet, bool] | None:
    """The scalar one input repeats, the other input, and whether the scalar is on the left."""
    a, b = graph.input_facts(node)
    if a.uniform is not None:
        return a.uniform, node.inputs[1], True
    if b.uniform is not None:
        return b.uniform, node.inputs[0], False
    return None
