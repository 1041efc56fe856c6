"""Reductions over axes, which keep the axes with size one (tract `ops/nn/reduce.rs`)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, Axis, InOut, labels
from auditor.lowering.graph.axis_op import AxisChange, transform_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.shapes import Shape, ShapeMismatch, volume
from auditor.lowering.typed.binary import Binary

if TYPE_CHECKING:
    from auditor.lowering.graph.graph import Graph, Node
    from auditor.lowering.graph.patch import Patch

KINDS = ("ArgMax", "ArgMin", "Max", "Min", "Prod", "Sum", "MeanOfSquares")

_CLOSE, _CLOSE_F16 = 1e-7, 1e-3
"""tract's absolute and relative tolerance (`Approximation::Close`)."""


class Reduce(TypedOp, frozen=True, kw_only=True):
    """One of :data:`KINDS` over ``axes``, which are in ascending order.

    ``take_last`` makes ArgMax and ArgMin answer with the last of equal extremes.
    """

    axes: tuple[int, ...]
    kind: str
    take_last: bool = False

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        if any(a >= b for a, b in pairwise(self.axes)):
            raise ShapeMismatch(f"axes {list(self.axes)} repeat")
        if inputs[0].dt == "tdim":
            raise ShapeMismatch("a reduction does not take dimensions")
        dt = "i64" if self.kind in ("ArgMax", "ArgMin") else inputs[0].dt
        return [Fact(dt, _reduced(inputs[0].shape, self.axes))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        array = inputs[0]
        if array.dtype.kind not in "fiu":
            raise ShapeMismatch(f"{array.dtype} is not a number")
        return [_EVALUATIONS[self.kind](array, self)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        letters = iter(labels())
        axes = []
        for position in range(inputs[0].rank):
            here = ((position,),)
            if position in self.axes:
                axes += [Axis(next(letters), here, ((),)), Axis(next(letters), ((),), here)]
            else:
                axes.append(Axis(next(letters), here, here))
        return AxesMapping.new(1, 1, axes)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        moved = [transform_axis(change, axis) for axis in self.axes]
        axes = sorted(axis for axis in moved if axis is not None)
        if len(axes) < len(moved):
            return None
        op = Reduce(axes=tuple(axes), kind=self.kind, take_last=self.take_last)
        return Consequence.everywhere(node, op, change)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        """A mean of squares, where the sum of a square is multiplied by one over its count."""
        from auditor.lowering.graph.patch import Patch
        from auditor.lowering.typed.element_wise import ElementWise

        squared = graph.single_prec(node) if self.kind == "Sum" else None
        if squared is None or not isinstance(squared.op, ElementWise) or squared.op.kind != "Square":
            return None
        successors = node.outputs[0].successors
        product = graph.nodes[successors[0][0]] if len(successors) == 1 else None
        if product is None or product.op != Binary(kind="Mul"):
            return None
        factor = graph.fact(product.inputs[1 - successors[0][1]]).uniform
        count = volume(squared.outputs[0].fact.shape[axis] for axis in self.axes)
        if factor is None or count == 0 or not _close(factor.array, 1 / np.float32(count)):
            return None
        patch = Patch()
        op = Reduce(axes=self.axes, kind="MeanOfSquares")
        wire = patch.wire_node(node.name, op, [patch.tap(graph, squared.inputs[0])])[0]
        patch.shunt_outside(graph, (product.id, 0), wire)
        return patch


def _reduced(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple(1 if axis in axes else dim for axis, dim in enumerate(shape))


def _close(value: np.ndarray, expected: np.float32) -> bool:
    """tract's `close_enough` of two scalars."""
    tolerance = np.float32(_CLOSE_F16 if value.dtype == np.float16 else _CLOSE)
    with np.errstate(all="ignore"):
        difference = abs(value.astype(np.float32) - expected)
    return bool(difference <= tolerance + tolerance * abs(expected))


def _lowest(dtype: np.dtype) -> float | int:
    return float(np.finfo(dtype).min) if dtype.kind == "f" else int(np.iinfo(dtype).min)


def _highest(dtype: np.dtype) -> float | int:
    return float(np.finfo(dtype).max) if dtype.kind == "f" else int(np.iinfo(dtype).max)


def _extreme(array: np.ndarray, op: Reduce) -> np.ndarray:
    # tract starts from the finite extreme of the type, and passes over a NaN
    fold, start = (np.fmax, _lowest) if op.kind == "Max" else (np.fmin, _highest)
    return np.asarray(fold.reduce(array, axis=op.axes, keepdims=True, initial=start(array.dtype)))


def _arg_extreme(array: np.ndarray, op: Reduce) -> np.ndarray:
    kept = [axis for axis in range(array.ndim) if axis not in op.axes]
    shape = _reduced(array.shape, op.axes)
    flat = array.transpose([*kept, *op.axes]).reshape([*(array.shape[axis] for axis in kept), -1])
    pick, start = (np.argmax, _lowest) if op.kind == "ArgMax" else (np.argmin, _highest)
    if flat.shape[-1] == 0:
        return np.zeros(shape, dtype=np.int64)
    if flat.dtype.kind == "f":
        flat = np.where(np.isnan(flat), start(flat.dtype), flat)
    if op.take_last:
        return np.asarray(flat.shape[-1] - 1 - pick(flat[..., ::-1], axis=-1), dtype=np.int64).reshape(shape)
    return np.asarray(pick(flat, axis=-1), dtype=np.int64).reshape(shape)


def _product(array: np.ndarray, op: Reduce) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(np.prod(array, axis=op.axes, keepdims=True, dtype=array.dtype))


def _sum(array: np.ndarray, op: Reduce) -> np.ndarray:
    with np.errstate(all="ignore"):
        if array.dtype.kind == "f":
            return np.asarray(np.sum(array, axis=op.axes, keepdims=True, dtype=array.dtype))
        # tract adds integers of every type in 32 bits that wrap, then brings the sum into the type's range
        total = np.sum(array.astype(np.int32), axis=op.axes, keepdims=True, dtype=np.int32)
    bounds = np.iinfo(array.dtype)
    low, high = max(bounds.min, -(2**31)), min(bounds.max, 2**31 - 1)
    return np.asarray(np.clip(total, low, high).astype(array.dtype))


def _mean_of_squares(array: np.ndarray, op: Reduce) -> np.ndarray:
    single = array.astype(np.float32)
    with np.errstate(all="ignore"):
        total = np.sum(single * single, axis=op.axes, keepdims=True, dtype=np.float32)
        mean = total * (np.float32(total.size) / np.float32(array.size))
    return np.asarray(mean.astype(array.dtype))


_EVALUATIONS = {
    "ArgMax": _arg_extreme, "ArgMin": _arg_extreme, "Max": _extreme, "Min": _extreme,
    "Prod": _product, "Sum": _sum, "MeanOfSquares": _mean_of_squares,
}  # fmt: skip
