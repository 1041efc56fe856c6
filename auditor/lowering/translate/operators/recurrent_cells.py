"""One step of each recurrent layer (tract `onnx/src/ops/rec/{rnn,gru,lstm}.rs`).

Weights are read [gates · hidden, input], biases [1, 2 · gates · hidden]: those of X, then those of H.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.axis_op import add
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.einsum import EinSum
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.slice import Slice

_TIMES_TRANSPOSED = EinSum(axes=AxesMapping.parse("mk,nk->mn"), operating_dt="f32")


class Cell:
    """The body of a loop while it is filled.

    ``wires`` are tract's names: Xt, W, R, Ht_1, and where they exist Ct_1, b, peepholes.
    """

    def __init__(self, body: Graph, prefix: str, wires: Mapping[str, Outlet]) -> None:
        self.body = body
        self.prefix = prefix
        self.wires = wires
        self.hidden = body.fact(wires["R"]).shape[1]

    def __getitem__(self, name: str) -> Outlet:
        return self.wires[name]

    def has(self, name: str) -> bool:
        """Whether an optional wire is there."""
        return name in self.wires

    def wire(self, name: str, op: TypedOp, *inputs: Outlet) -> Outlet:
        """One operation of the body."""
        return self.body.wire_node(f"{self.prefix}.{name}", op, inputs)[0]

    def part(self, name: str, source: str, axis: int, index: int) -> Outlet:
        """The rows of one gate."""
        start = index * self.hidden
        return self.wire(name, Slice(axis=axis, start=start, end=start + self.hidden), self.wires[source])

    def times(self, name: str, a: Outlet, b: Outlet) -> Outlet:
        """The product with the transposed weights."""
        return self.wire(name, _TIMES_TRANSPOSED, a, b)

    def add(self, name: str, a: Outlet, b: Outlet) -> Outlet:
        """A sum."""
        return self.wire(name, Binary(kind="Add"), a, b)

    def mul(self, name: str, a: Outlet, b: Outlet) -> Outlet:
        """A product, element by element."""
        return self.wire(name, Binary(kind="Mul"), a, b)

    def sigmoid(self, name: str, a: Outlet) -> Outlet:
        """The sigmoid of each element."""
        return self.wire(name, ElementWise(kind="Sigmoid"), a)

    def tanh(self, name: str, a: Outlet) -> Outlet:
        """The hyperbolic tangent of each element."""
        return self.wire(name, ElementWise(kind="Tanh"), a)

    def with_step_axis(self, name: str, a: Outlet) -> Outlet:
        """A state as the loop carries it: [batch, 1, hidden]."""
        return self.wire(name, AxisOp(add(1)), a)


def rnn_cell(cell: Cell) -> list[Outlet]:
    """H = tanh(X·Wᵀ + H₋₁·Rᵀ + bias)."""
    bias = None
    if cell.has("b"):
        of_x, of_h = cell.part("Wbi", "b", 1, 0), cell.part("Rbi", "b", 1, 1)
        bias = cell.add("bi", of_x, of_h)
    from_x = cell.times("Xt_WiT", cell["Xt"], cell["W"])
    from_h = cell.times("Ht_1_RiT", cell["Ht_1"], cell["R"])
    total = cell.add("ht0", from_x, from_h)
    if bias is not None:
        total = cell.add("ht_bias", total, bias)
    return [cell.with_step_axis("y_h", cell.tanh("Ht", total))]


def gru_cell(cell: Cell, linear_before_reset: bool) -> list[Outlet]:
    """z and r gate the candidate h: H = (1 - z)·h + z·H₋₁."""
    gates = "zrh"
    r_parts = {gate: cell.part(f"R{gate}", "R", 0, index) for index, gate in enumerate(gates)}
    w_parts = {gate: cell.part(f"W{gate}", "W", 0, index) for index, gate in enumerate(gates)}
    z, r = (_gru_gate(cell, gate, i, w_parts[gate], r_parts[gate]) for i, gate in enumerate("zr"))
    from_x = cell.times("Xt_WhT", cell["Xt"], w_parts["h"])
    from_h = _gru_reset(cell, r, r_parts["h"], linear_before_reset)
    total = cell.add("ht0", from_x, from_h)
    if cell.has("b"):
        total = cell.add("ht0_biased", total, cell.part("Wbh", "b", 1, 2))
    candidate = cell.tanh("ht", total)
    one = cell.body.add_const("one", Tensor.of(np.ones((1, 1), dtype=np.float32)))
    rest = cell.wire("one_sub_zt", Binary(kind="Sub"), one, z)
    new = cell.mul("one_sub_zt_ht", rest, candidate)
    old = cell.mul("zt_Ht_1", z, cell["Ht_1"])
    return [cell.with_step_axis("y_h", cell.add("Ht", new, old))]


def _gru_gate(cell: Cell, gate: str, index: int, w: Outlet, r: Outlet) -> Outlet:
    from_x = cell.times(f"Xt_W{gate}T", cell["Xt"], w)
    from_h = cell.times(f"Ht_1_R{gate}T", cell["Ht_1"], r)
    total = cell.add(f"{gate}t0", from_x, from_h)
    if cell.has("b"):
        of_x = cell.part(f"Wb{gate}", "b", 1, index)
        of_h = cell.part(f"Rb{gate}", "b", 1, index + 3)
        bias = cell.add(f"Wb{gate}_Rb{gate}", of_x, of_h)
        total = cell.add(f"{gate}t0_biased", total, bias)
    return cell.sigmoid(f"{gate}t", total)


def _gru_reset(cell: Cell, r: Outlet, weights: Outlet, linear_before_reset: bool) -> Outlet:
    """The reset gate multiplies the old state, or what the weights make of it."""
    if linear_before_reset:
        product = cell.times("Ht_1_RhT", cell["Ht_1"], weights)
        if cell.has("b"):
            product = cell.add("Ht_1_RhT_Rbh", product, cell.part("Rbh", "b", 1, 5))
        return cell.mul("rt_Ht_1_RhT_Rbh", r, product)
    product = cell.times("rt_Ht_1_RhT", cell.mul("rt_Ht_1", r, cell["Ht_1"]), weights)
    if cell.has("b"):
        product = cell.add("rt_Ht_1_RhT_Rbh", product, cell.part("Rbh", "b", 1, 5))
    return product


def lstm_cell(cell: Cell) -> list[Outlet]:
    """C = f·C₋₁ + i·c and H = o·tanh(C)."""
    gates = "iofc"
    w = {gate: cell.part(f"W{gate}", "W", 0, index) for index, gate in enumerate(gates)}
    r = {gate: cell.part(f"R{gate}", "R", 0, index) for index, gate in enumerate(gates)}
    biases: dict[str, Outlet] = {}
    if cell.has("b"):
        of_x = [cell.part(f"Wb{gate}", "b", 1, index) for index, gate in enumerate(gates)]
        of_h = [cell.part(f"Rb{gate}", "b", 1, index + 4) for index, gate in enumerate(gates)]
        for gate, a, b in zip(gates, of_x, of_h, strict=True):
            biases[gate] = cell.add(f"b{gate}", a, b)
    peepholes: dict[str, Outlet] = {}
    if cell.has("peepholes"):
        peepholes = {gate: cell.part(f"p{gate}", "peepholes", 1, i) for i, gate in enumerate("iof")}

    def gate_input(gate: str, peeped: Outlet | None, peep_name: str) -> Outlet:
        from_x = cell.times(f"Xt_W{gate}T", cell["Xt"], w[gate])
        from_h = cell.times(f"Ht_1_R{gate}T", cell["Ht_1"], r[gate])
        total = cell.add(f"{gate}t0", from_x, from_h)
        if gate in biases:
            total = cell.add(f"{gate}t_bias", total, biases[gate])
        if gate in peepholes and peeped is not None:
            product = cell.mul(f"P{gate}_{peep_name}", peepholes[gate], peeped)
            total = cell.add(f"{gate}t_peep", product, total)
        return total

    i = cell.sigmoid("it", gate_input("i", cell["Ct_1"], "Ct_1"))
    f = cell.sigmoid("ft", gate_input("f", cell["Ct_1"], "Ct_1"))
    c = cell.tanh("ct", gate_input("c", None, ""))
    kept = cell.mul("ft_Ct_1", f, cell["Ct_1"])
    new = cell.mul("it_ct", i, c)
    c_state = cell.add("Ct", kept, new)
    o = cell.sigmoid("ot", gate_input("o", c_state, "Ct"))
    h_state = cell.mul("Ht", o, cell.tanh("h_Ct", c_state))
    return [cell.with_step_axis("Ht_fixed", h_state), cell.with_step_axis("Ct_fixed", c_state)]
