"""Quantisation as operations of the graph (tract `ops/quant.rs`, `onnx/src/ops/quant.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.evaluate import CannotEvaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch, broadcast_shapes
from auditor.lowering.graph.tensor import datum_type_of
from auditor.lowering.typed.binary import BroadcastOp
from auditor.lowering.typed.cast import cast_array
from auditor.lowering.typed.element_wise import UnaryOp

_FLOATS = frozenset({"f16", "f32", "f64"})


class QuantizeLinearU8(UnaryOp, frozen=True, kw_only=True):
    """Its input times ``scale``, rounded, plus ``zero_point``. ``scale`` is the reciprocal of ONNX's.

    A scale of None stands for one the file does not hold.
    """

    scale: float | None
    zero_point: int

    def output_dt(self, dt: str) -> str:
        return "u8" if dt in ("f16", "f32", "i32") else dt

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [_quantize(inputs[0], self.scale, self.zero_point, "u8")]


class QuantizeLinearI8(UnaryOp, frozen=True, kw_only=True):
    """As :class:`QuantizeLinearU8`, to signed bytes."""

    scale: float | None
    zero_point: int

    def output_dt(self, dt: str) -> str:
        return "i8" if dt in ("f32", "i32") else dt

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [_quantize(inputs[0], self.scale, self.zero_point, "i8")]


def _quantize(array: np.ndarray, scale: float | None, zero_point: int, to: str) -> np.ndarray:
    if scale is None:
        raise CannotEvaluate("the file does not hold the scale of a quantisation")
    scaled = array.astype(np.float32) * np.float32(scale)
    whole = cast_array(np.copysign(np.floor(np.abs(scaled) + 0.5), scaled), "i32").astype(np.int64)
    low, high = (0, 255) if to == "u8" else (-128, 127)
    return cast_array(np.clip(whole + zero_point, low, high), to)


class LookupTable(UnaryOp, frozen=True, kw_only=True):
    """A table of 256 bytes in place of a chain from dequantisation to quantisation; EZKL has no such op."""


class DequantizeLinearF32(TypedOp, frozen=True, kw_only=True):
    """Its input minus ``zero_point``, times ``scale`` (None: the file does not hold it)."""

    scale: float | None
    zero_point: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact("f32", inputs[0].shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        if datum_type_of(inputs[0]) not in ("i8", "u8", "i32"):
            raise ShapeMismatch(f"EZKL does not dequantise constants of {inputs[0].dtype}")
        if self.scale is None:
            raise CannotEvaluate("the file does not hold the scale of a quantisation")
        shifted = (inputs[0].astype(np.int64) - self.zero_point).astype(np.float32)
        return [shifted * np.float32(self.scale)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(1, 1, inputs[0].rank)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        return Consequence.everywhere(node, None, change)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        """A chain of unary operations that ends in a quantisation becomes a table of bytes."""
        if graph.fact(node.inputs[0]).dt not in ("i8", "u8"):
            return None
        name, current = None, node
        while (following := graph.single_succ(current)) is not None:
            if isinstance(following.op, QuantizeLinearU8 | QuantizeLinearI8):
                patch = Patch()
                wire = patch.tap(graph, node.inputs[0])
                wire = patch.wire_node(name or node.name, LookupTable(), [wire])[0]
                patch.shunt_outside(graph, (following.id, 0), wire)
                return patch
            if not _is_element_wise(graph, following):
                return None
            name, current = name or following.name, following
        return None


def _is_element_wise(graph: Graph, node: Node) -> bool:
    mapping = node.op.axes_mapping(graph.input_facts(node), graph.output_facts(node))
    if (mapping.input_count, mapping.output_count) != (1, 1):
        return False
    return all(len(axis.inputs[0]) == 1 and axis.outputs[0] == axis.inputs[0] for axis in mapping.axes)


class DynamicQuantizeLinearU8(TypedOp, frozen=True, kw_only=True):
    """Its input as unsigned bytes, their scale, and their zero point."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact("u8", inputs[0].shape), Fact("f32", ()), Fact("u8", ())]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        array = cast_array(inputs[0], "f32")
        low, high = np.fmin(array, 0).min(initial=0), np.fmax(array, 0).max(initial=0)
        with np.errstate(all="ignore"):
            scale = np.float32((high - low) / np.float32(255))
            zero_point = np.clip(_rounded(-low / scale), np.float32(0), np.float32(255))
            whole = cast_array(_rounded(array / scale), "i32").astype(np.int64)
        zero = cast_array(np.asarray(zero_point), "u8")
        quantized = cast_array(np.clip(whole + int(zero), 0, 255), "u8")
        return [quantized, np.asarray(scale, dtype=np.float32), zero]


def _rounded(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.copysign(np.floor(np.abs(x) + 0.5), x))


class OffsetU8asI8(UnaryOp, frozen=True, kw_only=True):
    """Unsigned bytes as signed ones, 128 lower."""

    def output_dt(self, dt: str) -> str:
        return "i8" if dt == "u8" else dt

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [(inputs[0].astype(np.int16) - 128).astype(np.int8)]


class OffsetI8asU8(UnaryOp, frozen=True, kw_only=True):
    """Signed bytes as unsigned ones, 128 higher."""

    def output_dt(self, dt: str) -> str:
        return "u8" if dt == "i8" else dt

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [(inputs[0].astype(np.int16) + 128).astype(np.uint8)]


class QScale(UnaryOp, frozen=True, kw_only=True):
    """Accumulators of 32 bits times a constant, rounded to even. EZKL has no such op."""

    factor: float

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [_scaled(inputs[0], np.asarray(self.factor, dtype=np.float32))]


class Scale(BroadcastOp, frozen=True, kw_only=True):
    """The second input times the first, which is a float, in the type of the second."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        a, b = inputs
        if a.rank != b.rank or a.dt not in _FLOATS:
            raise ShapeMismatch(f"Scale of {a.dt}{list(a.shape)} and {b.dt}{list(b.shape)}")
        return [Fact(b.dt, broadcast_shapes([a.shape, b.shape]))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [_scaled(inputs[1], inputs[0].astype(np.float32))]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        factor = graph.fact(node.inputs[0]).uniform
        if factor is None:
            return None
        value = float(cast_array(factor.array, "f32"))
        if value == 1.0:
            return Patch.rewire(graph, node.inputs[1:], [(node.id, 0)], lambda _, wires: wires)
        if node.outputs[0].fact.dt == "i32":
            return Patch.replace_single_op(graph, node, node.inputs[1:], QScale(factor=value))
        return None


def _scaled(array: np.ndarray, factor: np.ndarray) -> np.ndarray:
    single = array.astype(np.float32)
    return cast_array(np.rint(np.abs(single) * factor) * np.sign(single), datum_type_of(array))
