"""Decoder of the file that ``ezkl.compile_circuit`` writes: EZKL's own lowering of a model.

The file is EZKL's ``GraphCircuit`` in bincode. It starts with the model (``graph/model.rs`` `Model`); what
follows (settings, an empty witness) says nothing new and is not read. Each tuple of readers below lists the
variants of one Rust enum in its order, and each reader takes the fields in theirs: the order *is* the format.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from msgspec.structs import replace

from auditor.circuit import ops
from auditor.circuit.field import FELT_BYTES
from auditor.circuit.graph import (
    Circuit,
    CircuitNode,
    Graph,
    InputMapping,
    Outlet,
    OutputMapping,
    SubCircuit,
)
from auditor.circuit.run_args import RunArgs
from auditor.front_ends.ezkl.bincode import MalformedCircuit, Reader, signed_values

OpReader = Callable[["_Decoder"], ops.Op]

_DATA_FORMATS = ("NCHW", "NHWC", "CHW", "HWC")
_KERNEL_FORMATS = ("HWIO", "OIHW", "OHWI")
_INPUT_TYPES = ("Bool", "F16", "F32", "F64", "Int", "TDim", "Unknown")


def decode_circuit(data: bytes, run_args: RunArgs) -> Circuit:
    """The circuit in a file of ``ezkl.compile_circuit``, which must have been compiled with ``run_args``.

    ``data`` is kept alive by the circuit: constants are decoded only when loaded. Raises
    :class:`MalformedCircuit` when the bytes are damaged, of another format, or of other visibilities.
    """
    decoder = _Decoder(data)
    try:
        graph, visibilities = decoder.model()
    except RecursionError as error:
        raise MalformedCircuit("operations are nested too deeply") from error
    expected = (run_args.input_visibility, run_args.param_visibility, run_args.output_visibility)
    if visibilities != tuple(_canonical_visibility(visibility) for visibility in expected):
        raise MalformedCircuit(f"compiled for visibilities {visibilities}, not {expected}")
    return Circuit(graph=graph, run_args=run_args, front_end="ezkl")


def _canonical_visibility(visibility: str) -> str:
    return "hashed/public" if visibility == "hashed" else visibility


class _Decoder(Reader):
    """The compound types of EZKL's graph on top of bincode's."""

    def model(self) -> tuple[Graph, tuple[str, str, str]]:
        """``graph/model.rs`` `Model`: the graph, and the visibility of inputs, parameters and outputs."""
        nodes = self.sequence(self.keyed_node)
        inputs = self.sizes()
        outputs = self.sequence(self.outlet)
        self.sequence(partial(self.variant, _INPUT_TYPES, "InputType"))  # types of the outputs
        visibilities = (self.visibility(), self.visibility(), self.visibility())
        if [node.id for node in nodes] != sorted({node.id for node in nodes}):
            raise MalformedCircuit("nodes are not in ascending order")
        return Graph(nodes=nodes, inputs=inputs, outputs=outputs), visibilities

    def keyed_node(self) -> CircuitNode | SubCircuit:
        key = self.u64()
        readers: tuple[Callable[[], CircuitNode | SubCircuit], ...] = (self.node, self.subgraph)
        node = self.variant(readers, "NodeType")()
        if node.id != key:
            raise MalformedCircuit(f"node {node.id} is stored under {key}")
        return node

    def node(self) -> CircuitNode:
        op = self.supported_op()
        scale = self.i32()
        inputs = self.sequence(self.outlet)
        shape = self.sizes()
        if isinstance(op, ops.Constant):
            op = _with_shape(op, shape)
        return CircuitNode(op=op, scale=scale, inputs=inputs, shape=shape, id=self.u64(), uses=self.u64())

    def subgraph(self) -> SubCircuit:
        body, _ = self.model()
        return SubCircuit(
            body=body,
            inputs=self.sequence(self.outlet),
            id=self.u64(),
            output_mappings=self.sequence(lambda: self.sequence(self.output_mapping)),
            input_mappings=self.sequence(self.input_mapping),
            out_shapes=self.sequence(self.sizes),
            out_scales=self.sequence(self.i32),
        )

    def outlet(self) -> Outlet:
        return self.u64(), self.u64()

    def input_mapping(self) -> InputMapping:
        kind = self.variant(("Full", "State", "Stacked"), "InputMapping")
        if kind != "Stacked":
            return InputMapping(kind=kind)
        return InputMapping(kind=kind, axis=self.u64(), chunk=self.u64())

    def output_mapping(self) -> OutputMapping:
        kind = self.variant(("Single", "Stacked"), "OutputMapping")
        outlet = self.u64()
        axis = self.u64() if kind == "Stacked" else 0
        return OutputMapping(kind=kind, outlet=outlet, axis=axis, is_state=self.boolean())

    def visibility(self) -> str:
        """``graph/vars.rs`` `Visibility`, as ``PyRunArgs`` spells it."""
        kind = self.variant(("private", "public", "hashed", "polycommit", "fixed"), "Visibility")
        if kind != "hashed":
            return kind
        is_public, outlets = self.boolean(), self.sizes()
        return "hashed/public" if is_public else "hashed/private/" + ",".join(map(str, outlets))

    def supported_op(self) -> ops.Op:
        return self.variant(_SUPPORTED_OPS, "SupportedOp")(self)

    def poly_op(self) -> ops.Op:
        return self.variant(_POLY_OPS, "PolyOp")(self)

    def lookup_op(self) -> ops.Op:
        function, num_parameters = self.variant(_LOOKUP_OPS, "LookupOp")
        return ops.Lookup(function=function, parameters=tuple(self.f32() for _ in range(num_parameters)))

    def hybrid_op(self) -> ops.Op:
        return self.variant(_HYBRID_OPS, "HybridOp")(self)

    def padding(self) -> ops.Padding:
        return self.sequence(lambda: (self.u64(), self.u64()))

    def data_format(self) -> str:
        return self.variant(_DATA_FORMATS, "DataFormat")

    def kernel_format(self) -> str:
        return self.variant(_KERNEL_FORMATS, "KernelFormat")

    def index(self) -> np.ndarray | None:
        """``Option<Tensor<usize>>``: the constant index of a gather or scatter, int64."""
        return self.option(self._index_tensor)

    def _index_tensor(self) -> np.ndarray:
        count = self.u64()
        values = np.frombuffer(self.take(8 * count), dtype="<u8").astype(np.int64)
        shape, _, _ = self.tensor_attributes()
        return values.reshape(_checked_shape(shape, count))

    def constant(self) -> ops.Constant:
        """``circuit/ops/mod.rs`` `Constant`: quantised field elements, then the floats they came from."""
        count = self.u64()
        start = self.skip(FELT_BYTES * count)
        shape, scale, visibility = self.tensor_attributes()
        shape = _checked_shape(shape, count)
        if scale is None or visibility is None:
            raise MalformedCircuit("a constant has no scale or no visibility")
        self.skip(4 * self.u64())  # the floats
        self.tensor_attributes()
        data = self._data
        return ops.Constant(
            scale=scale,
            visibility=visibility,
            decompose=self.boolean(),
            load=lambda: signed_values(data, start, count).reshape(shape),
        )

    def tensor_attributes(self) -> tuple[ops.Shape, int | None, str | None]:
        """What follows the values of a ``tensor/mod.rs`` `Tensor`: dimensions, scale, visibility."""
        return self.sizes(), self.option(self.i32), self.option(self.visibility)


def _with_shape(constant: ops.Constant, shape: ops.Shape) -> ops.Constant:
    """A scalar has shape () in EZKL's tensor and (1,) in its node; the node's is the one that counts."""
    load = constant.load
    if load is None:
        return constant
    return replace(constant, load=lambda: load().reshape(shape))


def _checked_shape(shape: ops.Shape, count: int) -> ops.Shape:
    if math.prod(shape) == count:
        return shape
    if not shape and count == 0:  # an empty tensor without dimensions
        return (0,)
    raise MalformedCircuit(f"{count} values do not fill a tensor of shape {shape}")


_POLY_OPS: tuple[OpReader, ...] = (
    lambda r: ops.Abs(),
    lambda r: ops.Sign(),
    lambda r: ops.LeakyReLU(slope=r.f32(), scale=r.i32()),
    lambda r: ops.GatherElements(dim=r.u64(), index=r.index()),
    lambda r: ops.GatherND(batch_dims=r.u64(), index=r.index()),
    lambda r: ops.ScatterElements(dim=r.u64(), index=r.index()),
    lambda r: ops.ScatterND(index=r.index()),
    lambda r: ops.MultiBroadcastTo(shape=r.sizes()),
    lambda r: ops.Einsum(equation=r.string()),
    lambda r: ops.Conv(
        padding=r.padding(),
        stride=r.sizes(),
        group=r.u64(),
        data_format=r.data_format(),
        kernel_format=r.kernel_format(),
    ),
    lambda r: ops.Downsample(axis=r.u64(), stride=r.i64(), modulo=r.u64()),
    lambda r: ops.DeConv(
        padding=r.padding(),
        output_padding=r.sizes(),
        stride=r.sizes(),
        group=r.u64(),
        data_format=r.data_format(),
        kernel_format=r.kernel_format(),
    ),
    lambda r: ops.Add(),
    lambda r: ops.Sub(),
    lambda r: ops.Neg(),
    lambda r: ops.Mult(),
    lambda r: ops.Identity(out_scale=r.option(r.i32)),
    lambda r: ops.Reshape(shape=r.sizes()),
    lambda r: ops.MoveAxis(source=r.u64(), destination=r.u64()),
    lambda r: ops.Flatten(shape=r.sizes()),
    lambda r: ops.Pad(padding=r.padding()),
    lambda r: ops.Sum(axes=r.sizes()),
    lambda r: ops.MeanOfSquares(axes=r.sizes()),
    lambda r: ops.Prod(axes=r.sizes(), len_prod=r.u64()),
    lambda r: ops.Pow(exponent=r.u32()),
    lambda r: ops.Concat(axis=r.u64()),
    lambda r: ops.Slice(axis=r.u64(), start=r.u64(), end=r.u64()),
    lambda r: ops.Iff(),
    lambda r: ops.Resize(scale_factor=r.sizes()),
    lambda r: ops.Not(),
    lambda r: ops.And(),
    lambda r: ops.Or(),
    lambda r: ops.Xor(),
    lambda r: ops.Trilu(upper=r.boolean(), k=r.i32()),
)
"""``circuit/ops/poly.rs`` `PolyOp`."""

_LOOKUP_OPS: tuple[tuple[str, int], ...] = (
    ("Div", 1),
    ("IsOdd", 0),
    ("PowersOfTwo", 1),
    ("Ln", 1),
    ("Sigmoid", 1),
    ("Exp", 2),  # scale, base
    ("Cos", 1),
    ("ACos", 1),
    ("Cosh", 1),
    ("ACosh", 1),
    ("Sin", 1),
    ("ASin", 1),
    ("Sinh", 1),
    ("ASinh", 1),
    ("Tan", 1),
    ("ATan", 1),
    ("Tanh", 1),
    ("ATanh", 1),
    ("Erf", 1),
    ("Pow", 2),  # scale, exponent
    ("HardSwish", 1),
)
"""``circuit/ops/lookup.rs`` `LookupOp`: name and number of f32 fields."""

_HYBRID_OPS: tuple[OpReader, ...] = (
    lambda r: ops.Ln(scale=r.f32(), epsilon=r.f64()),
    lambda r: ops.Rsqrt(input_scale=r.f32(), output_scale=r.f32(), epsilon=r.f64()),
    lambda r: ops.Sqrt(scale=r.f32()),
    lambda r: ops.RoundHalfToEven(scale=r.f32(), legs=r.u64()),
    lambda r: ops.Ceil(scale=r.f32(), legs=r.u64()),
    lambda r: ops.Floor(scale=r.f32(), legs=r.u64()),
    lambda r: ops.Round(scale=r.f32(), legs=r.u64()),
    lambda r: ops.Recip(input_scale=r.f32(), output_scale=r.f32(), epsilon=r.f64()),
    lambda r: ops.Div(denominator=r.f32()),
    lambda r: ops.ReduceMax(axes=r.sizes()),
    lambda r: ops.ReduceArgMax(dim=r.u64()),
    lambda r: ops.SumPool(
        padding=r.padding(),
        stride=r.sizes(),
        kernel_shape=r.sizes(),
        normalized=r.boolean(),
        data_format=r.data_format(),
    ),
    lambda r: ops.MaxPool(
        padding=r.padding(), stride=r.sizes(), pool_dims=r.sizes(), data_format=r.data_format()
    ),
    lambda r: ops.ReduceMin(axes=r.sizes()),
    lambda r: ops.ReduceArgMin(dim=r.u64()),
    lambda r: ops.Max(),
    lambda r: ops.Min(),
    lambda r: ops.Softmax(input_scale=r.f32(), output_scale=r.f32(), axes=r.sizes(), epsilon=r.f64()),
    lambda r: ops.Output(decompose=r.boolean()),
    lambda r: ops.Greater(),
    lambda r: ops.GreaterEqual(),
    lambda r: ops.Less(),
    lambda r: ops.LessEqual(),
    lambda r: ops.Equals(),
    lambda r: ops.Gather(dim=r.u64(), index=r.index()),
    lambda r: ops.TopK(dim=r.u64(), k=r.u64(), largest=r.boolean()),
    lambda r: ops.OneHot(dim=r.u64(), num_classes=r.u64()),
)
"""``circuit/ops/hybrid.rs`` `HybridOp`."""

_SUPPORTED_OPS: tuple[OpReader, ...] = (
    _Decoder.poly_op,
    _Decoder.lookup_op,
    _Decoder.hybrid_op,
    lambda r: ops.Input(
        scale=r.i32(), datum_type=r.variant(_INPUT_TYPES, "InputType"), decompose=r.boolean()
    ),
    _Decoder.constant,
    lambda r: ops.Unknown(),
    lambda r: ops.Rescaled(inner=r.supported_op(), multipliers=r.sequence(lambda: (r.u64(), r.u128()))),
    lambda r: ops.RebaseScale(
        inner=r.supported_op(),
        rebase=r.hybrid_op(),
        target_scale=r.i32(),
        original_scale=r.i32(),
        multiplier=r.f64(),
    ),
)
"""``graph/node.rs`` `SupportedOp`."""
