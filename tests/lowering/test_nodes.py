"""EZKL's pass from typed graph to circuit, on graphs built by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.circuit import CircuitNode, RunArgs, SubCircuit, ops
from auditor.lowering.errors import Unmodelled, Unsupported
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.nodes.build import build
from auditor.lowering.nodes.quantize import quantize
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.cast import Cast
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.gather import Gather
from auditor.lowering.typed.scan import STATE, InputMapping, OutputMapping, Scan, ScanInfo
from auditor.lowering.typed.scatter import ScatterElements
from auditor.lowering.typed.topk import Topk

ARGS = RunArgs()  # both scales are 7


class Sketch:
    """A typed graph in the making, with one input ``x`` of shape (2, 3)."""

    def __init__(self, dt: str = "f32") -> None:
        self.graph = Graph()
        self.x = self.graph.add_source("x", Fact(dt, (2, 3)))

    def const(self, values: object, dtype: type = np.float32) -> Outlet:
        array: np.ndarray = np.asarray(values, dtype=dtype)
        return self.graph.add_const(f"const{len(self.graph.nodes)}", Tensor.of(array))

    def wire(self, op: TypedOp, *inputs: Outlet) -> Outlet:
        outlet = self.graph.wire_node(f"node{len(self.graph.nodes)}", op, inputs)[0]
        self.graph.outputs = [outlet]
        return outlet

    def build(self, args: RunArgs = ARGS) -> list[CircuitNode | SubCircuit]:
        return list(build(self.graph, args).graph.nodes)

    def last(self, args: RunArgs = ARGS) -> CircuitNode:
        node = self.build(args)[-1]
        assert isinstance(node, CircuitNode)
        return node


def by_constant(kind: str, value: float) -> Sketch:
    sketch = Sketch()
    sketch.wire(Binary(kind=kind), sketch.x, sketch.const([[value]]))
    return sketch


def test_a_maximum_with_zero_is_a_relu_without_constant() -> None:
    sketch = by_constant("Max", 0.0)
    assert [type(node.op) for node in sketch.build() if isinstance(node, CircuitNode)] == [
        ops.Input,
        ops.LeakyReLU,
    ]
    assert sketch.last().inputs == ((0, 0),)


@given(st.integers(1, 126))
def test_a_product_by_a_negative_power_of_two_is_a_change_of_scale(halvings: int) -> None:
    node = by_constant("Mul", 2.0**-halvings).last()
    assert node.op == ops.Identity(out_scale=7 + halvings)
    assert node.scale == 7 + halvings


@given(st.integers(-400, 400).filter(lambda percent: percent not in (25, 50)))
def test_any_other_product_doubles_the_scale_and_is_divided_back(percent: int) -> None:
    node = by_constant("Mul", percent / 100).last()
    assert isinstance(node.op, ops.RebaseScale)
    assert (node.op.inner, node.op.rebase) == (ops.Mult(), ops.Div(denominator=128.0))
    assert (node.op.original_scale, node.scale) == (14, 7)


def test_a_rebase_waits_until_the_multiplier_is_exceeded() -> None:
    assert by_constant("Mul", 0.3).last(RunArgs(scale_rebase_multiplier=2)).op == ops.Mult()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.0, ops.Pow(exponent=2)),
        (-1.0, ops.Pow(exponent=0)),
        (0.5, ops.Lookup(function="Pow", parameters=(128.0, 0.5))),
    ],
)
def test_a_constant_exponent(value: float, expected: ops.Op) -> None:
    op = by_constant("Pow", value).last().op
    assert (op.inner if isinstance(op, ops.RebaseScale) else op) == expected


def test_an_integer_is_scaled_up_before_a_division() -> None:
    sketch = Sketch("i64")
    sketch.wire(Binary(kind="Div"), sketch.x, sketch.const([[3]], np.int64))
    op = sketch.last().op
    assert op == ops.Rescaled(inner=ops.Div(denominator=3.0), multipliers=((0, 128),))


def test_a_constant_with_one_use_takes_the_scale_of_its_partner() -> None:
    sketch = by_constant("Add", 0.5)
    constant = sketch.build(RunArgs(input_scale=9))[1]
    assert isinstance(constant, CircuitNode)
    assert isinstance(constant.op, ops.Constant)
    assert constant.op.load is not None
    assert (constant.scale, constant.op.load().tolist()) == (9, [[256]])


def test_a_constant_with_two_uses_keeps_its_scale() -> None:
    sketch = Sketch()
    constant = sketch.const([[0.5]])
    once = sketch.wire(Binary(kind="Add"), sketch.x, constant)
    sketch.wire(Binary(kind="Sub"), once, constant)
    added = sketch.build(RunArgs(input_scale=9))[2]
    assert isinstance(added, CircuitNode)
    assert added.op == ops.Rescaled(inner=ops.Add(), multipliers=((0, 1), (1, 4)))


def test_an_index_belongs_to_the_gather_and_minus_one_is_the_last() -> None:
    sketch = Sketch()
    sketch.wire(Gather(axis=1), sketch.x, sketch.const([0, -1, -2], np.int64))
    nodes = sketch.build()
    op = sketch.last().op
    assert len(nodes) == 2
    assert isinstance(op, ops.Gather)
    assert op.index is not None
    assert op.index.tolist() == [0, 2, 0]


def test_an_input_used_as_index_becomes_a_dimension() -> None:
    sketch = Sketch()
    index = sketch.graph.add_source("index", Fact("i64", (2,)))
    sketch.wire(Gather(axis=1), sketch.x, index)
    node = sketch.build()[1]
    assert isinstance(node, CircuitNode)
    assert node.op == ops.Input(scale=0, datum_type="TDim", decompose=False)


def test_constant_updates_after_a_constant_index_stop_ezkl() -> None:
    sketch = Sketch()
    index, updates = sketch.const([[0, 1]], np.int64), sketch.const([[1.0, 2.0]])
    sketch.wire(ScatterElements(axis=1), sketch.x, index, updates)
    with pytest.raises(Unsupported):
        sketch.build()


def test_the_second_output_of_a_node_stops_ezkl() -> None:
    sketch = Sketch()
    k = sketch.const(1, np.int64)
    sketch.wire(Topk(axis=1, largest=True, fallback_k=1), sketch.x, k)
    node_id = sketch.graph.outputs[0][0]
    assert sketch.last().op == ops.TopK(dim=1, k=1, largest=True)
    sketch.graph.outputs = [(node_id, 1)]
    with pytest.raises(Unsupported, match="output 1"):
        sketch.build()


def test_a_cast_rounds_constants_and_floors_the_rest() -> None:
    sketch = Sketch()
    sketch.wire(Cast(to="i64"), sketch.x)
    assert sketch.last().op == ops.Floor(scale=128.0, legs=2)
    assert sketch.last(RunArgs(input_scale=0)).op == ops.Identity()


def test_what_ezkl_does_not_know_stands_in_the_graph_as_unknown() -> None:
    sketch = Sketch("i64")
    sketch.wire(ElementWise(kind="BitNot"), sketch.x)
    assert isinstance(sketch.last().op, ops.Unknown)


def test_an_infinite_constant_is_rejected() -> None:
    with pytest.raises(Unsupported, match="overflows"):
        by_constant("Add", np.inf).build()


def test_weights_without_values_need_none() -> None:
    sketch = Sketch()
    weights = sketch.graph.add_const("w", Tensor("f32", (2, 3), None))
    sketch.wire(Binary(kind="Mul"), sketch.x, weights)
    constant = sketch.build()[1]
    assert isinstance(constant, CircuitNode)
    assert isinstance(constant.op, ops.Constant)
    assert (constant.shape, constant.op.load) == ((2, 3), None)


def test_a_rule_that_needs_absent_values_says_so() -> None:
    sketch = Sketch()
    sketch.wire(Binary(kind="Pow"), sketch.x, sketch.graph.add_const("w", Tensor("f32", (1, 1), None)))
    with pytest.raises(Unmodelled, match="values"):
        sketch.build()


def test_a_loop_brings_its_state_back_to_the_scale_it_began_with() -> None:
    body = Graph()
    state = body.add_source("s", Fact("f32", (1, 3)))
    row = body.add_source("r", Fact("f32", (1, 3)))
    body.outputs = body.wire_node("product", Binary(kind="Mul"), [state, row])
    sketch = Sketch()
    start = sketch.const([[1.0, 2.0, 3.0]])
    loop = Scan(
        body=body,
        input_mapping=(InputMapping(kind=STATE), InputMapping.scanned(0, 1)),
        output_mapping=(OutputMapping(scan=(0, ScanInfo(axis=0, chunk=1)), state=True),),
    )
    sketch.wire(loop, start, sketch.x)
    node = sketch.build(RunArgs(param_scale=5))[-1]
    assert isinstance(node, SubCircuit)
    product = node.body.nodes[-1]
    assert isinstance(product, CircuitNode)
    # two scales of 5 and 7 make 12, brought to 7 as everywhere, then to 5 by the same division
    assert isinstance(product.op, ops.RebaseScale)
    assert (product.op.multiplier, product.scale, node.out_scales) == (128.0, 5, (5,))


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=8), st.integers(0, 16))
def test_constants_are_rounded_with_halves_away_from_zero(values: list[float], scale: int) -> None:
    ours = quantize(np.asarray(values, dtype=np.float32), scale)
    exact = [int(np.copysign(np.floor(abs(value) * 2.0**scale + 0.5), value)) for value in values]
    assert ours.tolist() == exact
