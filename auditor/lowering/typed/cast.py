"""Changes of datum type (tract `ops/cast.rs`, `onnx/src/ops/cast.rs`, `data/src/tensor.rs` `cast_to_dt`)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.dim import OpenSize, holds_open
from auditor.lowering.graph.evaluate import CannotEvaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor


class Cast(TypedOp, frozen=True, kw_only=True):
    """Its input in another datum type."""

    merges_duplicates: ClassVar[bool] = True
    to: str

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(self.to, inputs[0].shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [cast_array(inputs[0], self.to)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(1, 1, inputs[0].rank)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        return Consequence.everywhere(node, None, change)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if graph.fact(node.inputs[0]).dt == self.to:
            return Patch.shunt_one_op(graph, node)
        return None


def cast_array(array: np.ndarray, to: str) -> np.ndarray:
    """Values in another datum type, as Rust's `as` converts them.

    Floats saturate, integers wrap, and what becomes a dimension goes through 32 bits.

    Raises:
        CannotEvaluate: strings, which are not modelled.
    """
    if holds_open(array):
        if to != "tdim":
            raise OpenSize(f"a size that is not a number yet is cast to {to}")
        return array
    if array.dtype == np.object_ or to == "string":
        raise CannotEvaluate("casts of strings are not modelled")
    if to == "tdim":
        return cast_array(array, "i32").astype(np.int64)
    kind = NUMPY_TYPES[to]
    if kind is np.bool_:
        return np.asarray(array != 0)
    target = np.dtype(kind)
    if array.dtype.kind == "f" and target.kind in "iu":
        return _saturated(array, target)
    with np.errstate(over="ignore"):
        return array.astype(target)


def _saturated(array: np.ndarray, target: np.dtype[np.generic]) -> np.ndarray:
    limits = np.iinfo(target)  # type: ignore[type-var]
    wide = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    inside = (wide > float(limits.min)) & (wide < float(limits.max))
    whole = np.trunc(np.where(inside, wide, 0.0)).astype(target)
    edge = np.where(wide > 0, limits.max, limits.min).astype(target)
    return np.where(inside | (wide == 0), whole, edge)


def whole(array: np.ndarray) -> int:
    """The first element as Rust casts it to an i64: infinities saturate, NaN becomes zero."""
    return int(cast_array(array.reshape(-1)[:1], "i64")[0])


def cast_tensor(tensor: Tensor, to: str) -> Tensor:
    """A constant in another datum type (tract `Tensor::cast_to_dt`)."""
    if tensor.dt == to:
        return tensor
    return tensor.derive(lambda array: cast_array(array, to), tensor.shape, to)


def wire_cast(graph: Graph, name: str, inputs: list[Outlet], to: str) -> list[Outlet]:
    """Inputs brought to one datum type (tract `wire_cast`)."""
    wires = []
    for slot, outlet in enumerate(inputs):
        if graph.fact(outlet).dt != to:
            outlet = graph.wire_node(f"{name}.cast-{slot}", Cast(to=to), [outlet])[0]
        wires.append(outlet)
    return wires


def scalar(value: float, dt: str, rank: int) -> Tensor:
    """A number of f32 as a constant of another type and of a rank (tract `broadcast_scalar`)."""
    array = cast_array(np.asarray(value, dtype=np.float32), dt)
    return Tensor.of(array.reshape((1,) * rank), dt)
