"""Recurrent layers, which tract makes loops of (tract `onnx/src/ops/rec/common.rs`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.axis_op import AxisChange, add, move, rm
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.operators.recurrent_cells import Cell, gru_cell, lstm_cell, rnn_cell
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.cast import whole
from auditor.lowering.typed.concat import Concat
from auditor.lowering.typed.scan import FULL, STATE, InputMapping, OutputMapping, Scan, ScanInfo
from auditor.lowering.typed.slice import Slice

_OPTIONAL_INPUTS = ("bias", "lengths", "h", "c", "peepholes")
_OUTPUTS = ("y", "y_h", "y_c")


class _Layer(Struct, frozen=True, kw_only=True):
    """What one recurrent node says.

    ``gates`` is how often the hidden size fits the rows of the weights; ``optional`` maps the optional
    inputs that are there to wires, ``outputs`` those that are there to their slots.
    """

    call: Call
    gates: int
    has_c: bool
    fill: Callable[[Cell], list[Outlet]]
    batch_first: bool
    x: Outlet
    w: Outlet
    r: Outlet
    optional: dict[str, Outlet]
    outputs: dict[str, int]

    def fact(self, outlet: Outlet) -> Fact:
        return self.call.fact(outlet)


@translates("RNN")
def rnn(call: Call) -> list[Outlet]:
    """One gate; tract takes tanh whatever the attribute says."""
    return _translate(call, gates=1, has_c=False, fill=rnn_cell)


@translates("GRU")
def gru(call: Call) -> list[Outlet]:
    """Three gates, sigmoid and tanh."""
    linear = call.attribute("linear_before_reset", 0) == 1
    return _translate(call, gates=3, has_c=False, fill=lambda cell: gru_cell(cell, linear))


@translates("LSTM")
def lstm(call: Call) -> list[Outlet]:
    """Four gates, sigmoid and tanh, and a second state."""
    return _translate(call, gates=4, has_c=True, fill=lstm_cell)


def _translate(call: Call, *, gates: int, has_c: bool, fill: Callable[[Cell], list[Outlet]]) -> list[Outlet]:
    optional = {
        name: outlet
        for slot, name in enumerate(_OPTIONAL_INPUTS, start=3)
        if (outlet := call.optional_input(slot)) is not None
    }
    named = [name for name, output in zip(_OUTPUTS, call.node.outputs, strict=False) if output]
    layer = _Layer(
        call=call,
        gates=gates,
        has_c=has_c,
        fill=fill,
        batch_first=call.attribute("layout", 0) == 1,
        x=call.input(0),
        w=call.input(1),
        r=call.input(2),
        optional=optional,
        outputs={name: slot for slot, name in enumerate(named)},
    )
    _check(layer)
    forward = _one_direction(layer, call.name, 0)
    if layer.fact(layer.w).shape[0] != 2:
        return forward
    backward = _one_direction(layer, f"{call.name}.back", 1)
    merged = []
    for name, slot in layer.outputs.items():
        concat = Concat(axis=1 if name == "y" else 0)
        wires = [forward[slot], backward[slot]]
        merged.append(call.graph.wire_node(f"{call.name}.merge_{name}_output", concat, wires)[0])
    if layer.batch_first:
        raise Rejected("EZKL does not read both directions with layout 1", "use layout 0")
    return merged


# --- what tract's inference asks of the inputs


def _check(layer: _Layer) -> None:
    x, w, r = (layer.fact(outlet) for outlet in (layer.x, layer.w, layer.r))
    if len(layer.call.present) > 3 + len(layer.optional):
        raise Rejected("it has too many inputs")
    if not layer.outputs:
        raise Rejected("none of its outputs is named")
    typed = [layer.x, layer.w, layer.r, *(o for n, o in layer.optional.items() if n != "lengths")]
    if len({layer.fact(outlet).dt for outlet in typed}) > 1:
        raise Rejected("its inputs are of different types")
    if not x.rank == w.rank == r.rank == 3:
        raise Rejected(f"X, W and R have {x.rank}, {w.rank} and {r.rank} axes, not three")
    directions, hidden = w.shape[0], r.shape[2]
    batch = x.shape[1 - layer.batch_first]
    rows = layer.gates * hidden
    expected: dict[Outlet, tuple[int, ...]] = {
        layer.w: (directions, rows, w.shape[2]),
        layer.r: (directions, rows, hidden),
    }
    state = (batch, directions, hidden) if layer.batch_first else (directions, batch, hidden)
    shapes = {
        "bias": (directions, 2 * rows),
        "lengths": (batch,),
        "h": state,
        "c": state,
        "peepholes": (directions, 3 * hidden),
    }
    expected |= {outlet: shapes[name] for name, outlet in layer.optional.items()}
    for outlet, shape in expected.items():
        if layer.fact(outlet).shape != shape:
            raise Rejected(f"an input has shape {list(layer.fact(outlet).shape)} where {list(shape)} is due")
    if "lengths" in layer.optional:
        _check_lengths(layer, x.shape[layer.batch_first])


def _check_lengths(layer: _Layer, length: int) -> None:
    konst = layer.fact(layer.optional["lengths"]).konst
    if konst is None:
        raise Rejected("its sequence lengths are computed", "leave the input sequence_lens away")
    if not konst.has_values:
        raise Uncertain("its sequence lengths depend on values that the file does not hold")
    uniform = konst.uniform()
    if uniform is None or whole(uniform.array) != length:
        raise Rejected("its sequences end early", "leave the input sequence_lens away")


# --- the loop of one direction


def _one_direction(layer: _Layer, prefix: str, direction: int) -> list[Outlet]:
    """The named outputs of one direction."""
    builder = _Builder(layer, prefix, direction)
    builder.sequence()
    builder.weights("w", "W", layer.w)
    builder.weights("r", "R", layer.r)
    if "bias" in layer.optional:
        builder.whole("b_dir", "b", layer.optional["bias"])
    builder.state("h", "h_source", "Ht_1")
    if layer.has_c:
        builder.state("c", "c_source", "Ct_1")
    if "peepholes" in layer.optional:
        builder.whole("p", "peepholes", layer.optional["peepholes"])
    return builder.finish()


class _Builder:
    """Collects the inputs of a loop outside and inside, in tract's order."""

    def __init__(self, layer: _Layer, prefix: str, direction: int) -> None:
        self.layer = layer
        self.graph = layer.call.graph
        self.prefix = prefix
        self.direction = direction
        self.chunk = 1 if direction == 0 else -1
        self.body = Graph()
        self.wires: dict[str, Outlet] = {}
        self.outer: list[Outlet] = []
        self.mappings: list[InputMapping] = []

    def sequence(self) -> None:
        """X, with the batch first, one step at a time."""
        x = self.layer.x
        if not self.layer.batch_first:
            x = self._wire("x_batch_first", AxisOp(move(1, 0)), x)
        self._enter(x, InputMapping.scanned(1, self.chunk))
        fact = self.layer.fact(x)
        source = self.body.add_source("x_source", Fact(fact.dt, (fact.shape[0], 1, *fact.shape[2:])))
        self.wires["Xt"] = self.body.wire_node("Xt", AxisOp(rm(1)), [source])[0]

    def weights(self, outside: str, inside: str, wire: Outlet) -> None:
        """The weights of this direction."""
        wire = self._wire(f"{outside}_dir", self._of_direction(), wire)
        self._source(inside, self._wire(outside, AxisOp(rm(0)), wire))

    def whole(self, outside: str, inside: str, wire: Outlet) -> None:
        """The biases or peepholes of this direction, which keep their first axis."""
        self._source(inside, self._wire(outside, self._of_direction(), wire))

    def state(self, name: str, source_name: str, inside: str) -> None:
        """A state, as [batch, 1, hidden]."""
        x, hidden = self.layer.fact(self.layer.x), self.layer.fact(self.layer.r).shape[2]
        shape = (x.shape[1 - self.layer.batch_first], 1, hidden)
        self._enter(self._initial(name, shape), InputMapping(kind=STATE))
        source = self.body.add_source(source_name, Fact(x.dt, shape))
        self.wires[inside] = self.body.wire_node(inside, AxisOp(rm(1)), [source])[0]

    def _initial(self, name: str, shape: tuple[int, ...]) -> Outlet:
        wire = self.layer.optional.get(name)
        if wire is None:
            zeros = Tensor("f32", shape, lambda: np.zeros(shape, dtype=np.float32))
            return self.graph.add_const(f"{self.prefix}.{name}0", zeros)
        if self.layer.batch_first:
            wire = self._wire(f"{name}_batch_first", AxisOp(move(1, 0)), wire)
        wire = self._wire(f"{name}_dir", self._of_direction(), wire)
        changes: Sequence[tuple[str, AxisChange]] = (
            (name, rm(0)),
            (f"{name}_chunk_", add(0)),
            (f"{name}_chunk", move(1, 0)),
        )
        for suffix, change in changes:
            wire = self._wire(suffix, AxisOp(change), wire)
        return wire

    def finish(self) -> list[Outlet]:
        """Fill the body, wire the loop, and bring its outputs into ONNX's order of axes."""
        self.body.outputs = self.layer.fill(Cell(self.body, self.prefix, self.wires))
        slots = self.layer.outputs
        scan = (slots["y"], ScanInfo(axis=1, chunk=self.chunk)) if "y" in slots else None
        outputs = [OutputMapping(scan=scan, last_value_slot=slots.get("y_h"), state=True)]
        if self.layer.has_c:
            outputs.append(OutputMapping(last_value_slot=slots.get("y_c"), state=True))
        loop = Scan(body=self.body, input_mapping=tuple(self.mappings), output_mapping=tuple(outputs))
        wires = self.graph.wire_node(self.prefix, loop, self.outer)
        return [self._as_onnx(name, wires[slot]) for name, slot in slots.items()]

    def _as_onnx(self, name: str, wire: Outlet) -> Outlet:
        if self.layer.batch_first:
            return self._wire("y", AxisOp(add(2)), wire) if name == "y" else wire
        wire = self._wire(f"{name}_batch_middle", AxisOp(move(1, 0)), wire)
        return self._wire("y", AxisOp(add(1)), wire) if name == "y" else wire

    def _source(self, inside: str, wire: Outlet) -> None:
        self._enter(wire, InputMapping(kind=FULL))
        fact = self.layer.fact(wire)
        copied = Fact(fact.dt, fact.shape, fact.konst, fact.uniform_value)
        self.wires[inside] = self.body.add_source(inside, copied)

    def _enter(self, wire: Outlet, mapping: InputMapping) -> None:
        self.outer.append(wire)
        self.mappings.append(mapping)

    def _of_direction(self) -> Slice:
        return Slice(axis=0, start=self.direction, end=self.direction + 1)

    def _wire(self, suffix: str, op: TypedOp, wire: Outlet) -> Outlet:
        return self.graph.wire_node(f"{self.prefix}.{suffix}", op, [wire])[0]
