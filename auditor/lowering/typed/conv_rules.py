"""How a convolution is rewritten (tract `ops/cnn/conv/conv.rs`, `declutter`)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from auditor.lowering.graph.axis_op import reshape, rm
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.broadcast import MultiBroadcastTo
from auditor.lowering.typed.conv import Conv
from auditor.lowering.typed.downsample import Downsample
from auditor.lowering.typed.einsum import EinSum
from auditor.lowering.typed.pad import Pad
from auditor.lowering.typed.padding_spec import PaddingSpec

ConvRule = Callable[[Conv, Graph, Node], Patch | None]


def stride_slice_to_downsample(conv: Conv, graph: Graph, node: Node) -> Patch | None:
    """A stride over an axis where windows need no neighbours is taken before the convolution."""
    spec = conv.pool_spec
    dilations, strides = list(spec.all_dilations), list(spec.all_strides)
    for axis, (kernel, stride) in enumerate(zip(spec.kernel_shape, strides, strict=False)):
        if stride <= 1 or not spec.padding.valid_dim(axis, False):
            continue
        if kernel != 1 and dilations[axis] % stride != 0:
            continue
        changed = spec
        if dilations[axis] > 1:
            dilations[axis] //= stride
            changed = replace(changed, dilations=tuple(dilations))
        strides[axis] = 1
        changed = replace(changed, strides=tuple(strides))
        patch = Patch()
        taps = patch.taps(graph, node.inputs)
        down = Downsample(axis=axis + spec.data_format.h_axis, stride=stride, modulo=0)
        taps[0] = patch.wire_node(f"{node.name}.downsample.{axis}", down, [taps[0]])[0]
        wire = patch.wire_node(node.name, replace(conv, pool_spec=changed), taps)[0]
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch
    return None


def as_einsum(conv: Conv, graph: Graph, node: Node) -> Patch | None:
    """A convolution by windows of one place is a matrix product."""
    facts = graph.input_facts(node)
    spec = conv.pool_spec
    padding = spec.computed_padding(spec.data_format.hw_dims(facts[0].shape))
    ones = (*spec.all_strides, *spec.all_dilations, *spec.kernel_shape, conv.group)
    if any(size != 1 for size in ones) or any(p.pad_before or p.pad_after for p in padding):
        return None
    axes = conv.axes_mapping(facts, graph.output_facts(node))
    while axes.rank(("in", 1)):
        axes = axes.remove_axis_occurrence(("in", 1), 0)
    axes = axes.with_extra_axis_occurrence("O", ("in", 1), 0)
    axes = axes.with_extra_axis_occurrence("I", ("in", 1), 1)

    patch = Patch()
    taps = patch.taps(graph, node.inputs)
    for index, change in enumerate(conv.kernel_fmt.as_group_o_ihw(facts[1].shape, conv.group)):
        taps[1] = patch.wire_node(f"{node.name}.filters.{index}", AxisOp(change), [taps[1]])[0]
    taps[1] = patch.wire_node(f"{node.name}.filters_as_co_ci", AxisOp(rm(0)), [taps[1]])[0]
    if conv.q_params is not None:
        if facts[2].rank == 1:
            axes = axes.linking("O", (("in", 2), 0))
        product = EinSum(axes=axes, operating_dt="i32", quantized_dt=conv.q_params)
        wire = patch.wire_node(node.name, product, taps)[0]
    else:
        product = EinSum(axes=axes.remove_slot(("in", 2)), operating_dt=facts[0].dt)
        wire = patch.wire_node(f"{node.name}.einsum", product, taps[:2])[0]
        if not _is_scalar_zero(facts[2].konst):
            wire = _add_bias(conv, patch, node.name, wire, taps[2])
    patch.shunt_outside(graph, (node.id, 0), wire)
    return patch


def _add_bias(conv: Conv, patch: Patch, name: str, wire: Outlet, bias: Outlet) -> Outlet:
    rank, current = patch.fact(wire).rank, patch.fact(bias).shape
    shape = [1] * rank
    if current:
        shape[conv.pool_spec.data_format.c_axis(rank)] = conv.pool_spec.output_channels
    aligned = AxisOp(reshape(0, current, tuple(shape)))
    bias = patch.wire_node(f"{name}.bias.reshape", aligned, [bias])[0]
    return patch.wire_node(name, Binary(kind="Add"), [wire, bias])[0]


def channel_arithmetic(conv: Conv, graph: Graph, node: Node) -> Patch | None:
    """Arithmetic with one number per output channel goes into kernel and bias."""
    readers = node.outputs[0].successors
    if conv.q_params is not None or conv.group != 1 or len(readers) != 1:
        return None
    reader, slot = graph.nodes[readers[0][0]], readers[0][1]
    if not isinstance(reader.op, Binary) or reader.op.kind not in ("Add", "Sub", "Mul", "Div"):
        return None
    kind = reader.op.kind
    operand = reader.inputs[1 - slot]
    rank = graph.fact(node.inputs[0]).rank
    channels = conv.pool_spec.output_channels
    expected = [1] * rank
    expected[conv.pool_spec.data_format.c_axis(rank)] = channels
    if graph.fact(operand).shape != tuple(expected):
        return None

    patch = Patch()
    data, kernel, bias = patch.taps(graph, node.inputs)
    name = f"{node.name}.{reader.name}"
    bias = _as_vector(patch, f"{name}.bias.reshape", bias, channels)
    vector = _as_vector(patch, f"{name}.bias.reshape_operand", patch.tap(graph, operand), channels)
    of_kernel = [1] * (conv.pool_spec.rank + 2)
    of_kernel[conv.kernel_fmt.o_axis(patch.fact(kernel).shape)] = channels
    aligned = AxisOp(reshape(0, (channels,), tuple(of_kernel)))
    factor = patch.wire_node(f"{name}.kernel.reshape_operand", aligned, [vector])[0]

    def combined(what: str, ours: Outlet, theirs: Outlet) -> Outlet:
        sides = [ours, theirs] if slot == 0 or kind in ("Add", "Mul") else [theirs, ours]
        return patch.wire_node(f"{name}.{what}", Binary(kind=kind), sides)[0]

    bias = combined("bias", bias, vector)
    if kind in ("Mul", "Div"):
        kernel = combined("kernel", kernel, factor)
    wire = patch.wire_node(node.name, conv, [data, kernel, bias])[0]
    patch.shunt_outside(graph, (reader.id, 0), wire)
    return patch


def _as_vector(patch: Patch, name: str, wire: Outlet, channels: int) -> Outlet:
    """One number per channel, in one axis (tract `wire_reshape_bias_for_bin`)."""
    fact = patch.fact(wire)
    if fact.volume == 1 and fact.rank > 0:
        wire = patch.wire_node(f"{name}.bias.make_scalar", AxisOp(reshape(0, fact.shape, ())), [wire])[0]
    if patch.fact(wire).rank == 0:
        broadcast = MultiBroadcastTo(shape=(channels,))
        wire = patch.wire_node(f"{name}.bias.broadcast", broadcast, [wire])[0]
    shape = patch.fact(wire).shape
    if shape != (channels,):
        wire = patch.wire_node(f"{name}.bias", AxisOp(reshape(0, shape, (channels,))), [wire])[0]
    return wire


def precursor_padding(conv: Conv, graph: Graph, node: Node) -> Patch | None:
    """Zeros added to the spatial axes before become padding of the convolution itself."""
    spec = conv.pool_spec
    previous = graph.nodes[node.inputs[0][0]]
    if spec.padding.kind not in ("Valid", "Explicit") or not isinstance(previous.op, Pad):
        return None
    pad = previous.op
    if pad.mode != "constant" or not (pad.fill is None or _is_scalar_zero(pad.fill)):
        return None
    spatial = spec.data_format.hw_axes(len(pad.pads))
    if any(pads != (0, 0) for axis, pads in enumerate(pad.pads) if axis not in spatial):
        return None
    own = ((0,) * len(spatial), (0,) * len(spatial))
    if spec.padding.kind == "Explicit":
        own = (spec.padding.before, spec.padding.after)
    before = tuple(pad.pads[axis][0] + mine for axis, mine in zip(spatial, own[0], strict=True))
    after = tuple(pad.pads[axis][1] + mine for axis, mine in zip(spatial, own[1], strict=True))
    padded = replace(spec, padding=PaddingSpec(kind="Explicit", before=before, after=after))
    patch = Patch()
    taps = patch.taps(graph, node.inputs)
    taps[0] = patch.tap(graph, previous.inputs[0])
    wire = patch.wire_node(node.name, replace(conv, pool_spec=padded), taps)[0]
    patch.shunt_outside(graph, (node.id, 0), wire)
    return patch


def _is_scalar_zero(tensor: Tensor | None) -> bool:
    """tract compares with a zero of rank 0: a vector of zeros does not count."""
    return tensor is not None and tensor.shape == () and tensor.is_uniformly(0)


RULES: tuple[ConvRule, ...] = (stride_slice_to_downsample, as_einsum, channel_arithmetic, precursor_padding)
"""In tract's order; the first that applies wins."""
