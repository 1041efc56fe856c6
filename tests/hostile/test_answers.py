"""What mutants brought to light and EZKL was asked about: each of these answers was once wrong, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import AttributeProto, GraphProto, TensorProto, helper

from auditor.circuit import RunArgs
from auditor.errors import BadModel
from auditor.layout import LayoutError, lay_out
from auditor.lowering import Lowering, TooLarge, Unmodelled, Unsupported, lower
from auditor.lowering.declutter import push_split_down
from auditor.lowering.errors import TooManyValues, Uncertain
from auditor.lowering.graph.allowance import Allowance, allowance, current
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate import driver
from auditor.lowering.typed.cast import whole
from auditor.model import read
from tests.hostile import making as m
from tests.hostile import mutations, operators
from tests.hostile.operators.common import IMAGE, KERNEL

NAN = float("nan")


def lowered(tmp_path: Path, content: bytes) -> Lowering:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    return lower(read(path).model, RunArgs())


def rows(tmp_path: Path, content: bytes) -> int:
    return lay_out(lowered(tmp_path, content).circuit).num_rows


# --- what EZKL says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        m.one("Add", m.floats(NAN)),
        m.one("Mul", np.full((1, 1), NAN, np.float32)),
        m.one("Greater", np.array(NAN, np.float32)),
        m.one("Elu", alpha=NAN),
        m.one("Clip", np.array(NAN, np.float32)),
        m.one("Gemm", np.ones((4, 1), np.float32), m.floats(NAN)),
    ],
)
def test_ezkl_refuses_a_single_nan(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unsupported, match="is NaN"):
        lowered(tmp_path, content)


@pytest.mark.parametrize(
    "content",
    [m.one("Add", m.floats(NAN, NAN, NAN, NAN)), m.one("LeakyRelu", alpha=NAN)],
)
def test_ezkl_takes_several_nans_for_zeroes(tmp_path: Path, content: bytes) -> None:
    assert rows(tmp_path, content) > 0


@pytest.mark.parametrize("kind", [AttributeProto.UNDEFINED, AttributeProto.TYPE_PROTO])
def test_ezkl_refuses_an_attribute_of_no_kind_where_it_reads_it(tmp_path: Path, kind: int) -> None:
    def axis(name: str) -> dict[str, AttributeProto]:
        return {name: AttributeProto(type=kind, i=1)}  # type: ignore[arg-type]

    with pytest.raises(Unsupported, match="axis is of another kind"):
        lowered(tmp_path, m.one("Softmax", **axis("axis")))
    with pytest.raises(Unsupported, match="axis is not an integer"):
        lowered(tmp_path, m.one("Flatten", **axis("axis")))
    assert rows(tmp_path, m.one("Relu", **axis("axis"))) == rows(tmp_path, m.one("Relu"))


def test_ezkl_reads_the_first_of_two_attributes(tmp_path: Path) -> None:
    node = helper.make_node("Softmax", ["x"], ["y"], axis=0)
    node.attribute.append(helper.make_attribute("axis", 1))
    first = helper.make_node("Softmax", ["x"], ["y"], axis=0)
    assert rows(tmp_path, m.behind(node)) == rows(tmp_path, m.behind(first)) == 409


@pytest.mark.parametrize("operator", ["Conv", "AveragePool"])
def test_ezkl_panics_over_too_many_strides(tmp_path: Path, operator: str) -> None:
    given = [KERNEL] if operator == "Conv" else []
    kernel = {} if operator == "Conv" else {"kernel_shape": [2, 2]}
    content = m.one(operator, *given, shape=IMAGE, strides=[1, 1, 1], **kernel)
    with pytest.raises(LayoutError, match="3 strides for 2"):
        rows(tmp_path, content)


def test_ezkl_takes_a_max_pool_of_too_many_strides(tmp_path: Path) -> None:
    shape = IMAGE
    plain = m.one("MaxPool", shape=shape, kernel_shape=[2, 2], strides=[2, 2])
    more = m.one("MaxPool", shape=shape, kernel_shape=[2, 2], strides=[2, 2, 3])
    assert rows(tmp_path, more) == rows(tmp_path, plain)


@pytest.mark.parametrize("stride", [1, 2])
def test_ezkl_takes_a_transposed_convolution_of_too_much_output_padding(tmp_path: Path, stride: int) -> None:
    kernel = np.linspace(-1, 1, 18, dtype=np.float32).reshape(1, 2, 3, 3)
    more = {"shape": (1, 1, 3, 3), "strides": [2, stride], "pads": [1] * 4}
    plain = m.one("ConvTranspose", kernel, **more, output_padding=[1, 1])
    assert rows(tmp_path, plain) == {1: 1965, 2: 2921}[stride]
    assert rows(tmp_path, m.one("ConvTranspose", kernel, **more, output_padding=[1, 1, 9])) == rows(
        tmp_path, plain
    )


def test_numbers_for_named_sizes_that_no_machine_holds_are_uncertain(tmp_path: Path) -> None:
    """Rows from the second to one of 2^62, of as many as the name says, joined and summed up."""
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b"], axis=1),
        helper.make_node("Slice", ["a", "from", "to", "axes"], ["c"]),
        helper.make_node("Concat", ["c", "b"], ["d"], axis=0), helper.make_node("Pad", ["d", "pads"], ["e"]),
        helper.make_node("ReduceMean", ["e"], ["f"], axes=[0]), helper.make_node("Sub", ["e", "f"], ["y"]),
    ]  # fmt: skip
    given = {"from": m.ints(1), "to": m.ints(2**62), "axes": m.ints(0), "pads": m.ints(0, 1, 0, 1)}
    with pytest.raises(Unmodelled, match="larger than 64 bits hold"):
        lowered(tmp_path, m.behind(*nodes, constants=given, shape=("N", 4), opset=18))


@pytest.mark.parametrize("axis", ["9", "minus-9"])
def test_no_scattering_along_an_axis_that_is_not_there(tmp_path: Path, axis: str) -> None:
    with pytest.raises(LayoutError, match="no axis"):
        rows(tmp_path, operators.FOUND[f"scatter-along-axis-{axis}"]())


def test_more_elements_than_memory_has_addresses(tmp_path: Path) -> None:
    content = m.one("Resize", None, m.floats(1, 1, 1e18, 1e18), shape=IMAGE)
    with pytest.raises(Unsupported, match="more than memory has addresses"):
        lowered(tmp_path, content)


@pytest.mark.parametrize("huge", [2**60, 2**63 - 1])
def test_a_tensor_without_elements_hides_no_axis_that_memory_has_no_addresses_for(
    tmp_path: Path, huge: int
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(m.with_tensor(TensorProto(name="w", data_type=TensorProto.INT64, dims=[huge, 0])))
    with pytest.raises(BadModel, match="dimensions that overflow"):
        read(path)


@pytest.mark.parametrize("taken", [True, False])
def test_a_branch_that_asks_for_an_input_is_refused(tmp_path: Path, taken: bool) -> None:
    """By EZKL while it translates the node, whichever branch is taken."""
    bodies = [
        helper.make_graph([helper.make_node(operator, ["x"], ["r"])], "b", inputs, [m.info("r")])
        for operator, inputs in (("Relu", [m.info("v")]), ("Neg", []))
    ]
    node = helper.make_node("If", ["c"], ["y"], then_branch=bodies[0], else_branch=bodies[1])
    with pytest.raises(Unsupported, match="its then_branch has inputs"):
        lowered(tmp_path, m.behind(node, constants={"c": np.array(taken)}))


def test_attributes_of_another_kind_are_refused(tmp_path: Path) -> None:
    wrong = AttributeProto(type=AttributeProto.FLOAT, f=0.5)
    with pytest.raises(Unsupported, match="attribute axis is of another kind"):
        lowered(tmp_path, m.one("Softmax", axis=wrong))


def test_strides_of_zero(tmp_path: Path) -> None:
    content = m.one("MaxPool", shape=IMAGE, kernel_shape=[2, 2], strides=[0, 0], auto_pad="SAME_UPPER")
    with pytest.raises(Unsupported, match="strides of zero"):
        lowered(tmp_path, content)


@pytest.mark.parametrize("axis", [2**40, -(2**63)])
def test_circuit_rules_look_at_no_axis_that_is_not_there(axis: int) -> None:
    """EZKL compiles such a softmax, and panics when it lays it out."""
    from auditor.circuit import CircuitNode, ops
    from auditor.fidelity.rules.scales import _several

    op = ops.Softmax(input_scale=1.0, output_scale=1.0, axes=(axis % 2**64,), epsilon=0.0)
    node = CircuitNode(id=0, op=op, inputs=(), shape=(1, 4), scale=0, uses=1)
    assert not _several(node, op)


@pytest.mark.parametrize("equation", ["αβ->βα", "iβ->βi"])
def test_ezkl_fails_over_letters_beyond_ascii(tmp_path: Path, equation: str) -> None:
    with pytest.raises(LayoutError, match="einsum"):
        rows(tmp_path, m.one("Einsum", shape=(2, 2), equation=equation))


# --- what is not looked at -----------------------------------------------------------------


def test_constants_that_take_too_long_are_not_computed(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="take more to compute"):
        lowered(tmp_path, operators.FOUND["many-running-sums"]())


def test_an_allowance_is_spent_once() -> None:
    allowed = Allowance(file_bytes=0)
    allowed.spend(10**9, 10**8)
    with pytest.raises(TooManyValues):
        allowed.spend(10**9 * 2, 0)
    with pytest.raises(TooManyValues):
        Allowance(file_bytes=0).spend(1, 2**30)
    Allowance(file_bytes=2**30).spend(1, 2**30)


def test_an_inner_allowance_draws_on_the_outer_one() -> None:
    assert current() is None
    with allowance(0):
        outer = current()
        with allowance(10**9):
            assert current() is outer
    assert current() is None


def test_more_axes_than_an_array_has() -> None:
    with pytest.raises(Uncertain, match="33 axes"):
        Fact("f32", (1,) * 33)
    with pytest.raises(Uncertain, match="33 axes"):
        Tensor("f32", (1,) * 33, None)


def test_a_tensor_of_too_many_axes_is_refused_while_reading(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="1,000 axes"):
        lowered(tmp_path, m.with_tensor(helper.make_tensor("w", m.FLOAT, [1] * 1000, [1.0])))


def test_no_elements_of_an_absurd_shape() -> None:
    assert Tensor.empty("f32", (0, 2**40)).volume == 0
    with pytest.raises(TooManyValues):
        Tensor.empty("f32", (0, 2**40, 2**40))


def test_graphs_of_too_many_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "MOST_NODES", 50)
    nodes = [helper.make_node("Neg", ["x"], [f"v{index}"]) for index in range(60)]
    with pytest.raises(TooLarge, match="more than 50 nodes"):
        lowered(tmp_path, m.behind(*nodes, helper.make_node("Relu", ["x"], ["y"])))


def test_nodes_deep_inside_count_more_than_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "MOST_NODES", 100)
    node = helper.make_node("Relu", ["x"], ["y"])
    for _ in range(5):
        body: GraphProto = helper.make_graph([node], "b", [], [m.info("y", [1])])
        node = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
    with pytest.raises(TooLarge, match="as much work"):
        lowered(tmp_path, m.behind(node, constants={"c": np.array(True)}))


def test_values_that_too_many_nodes_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_split_down, "_MOST_READERS", 40)
    names = [f"v{index}" for index in range(50)]
    nodes = [helper.make_node("Elu", ["x"], [name], alpha=1 + index / 9) for index, name in enumerate(names)]
    with pytest.raises(Unmodelled, match="read the same value"):
        lowered(tmp_path, m.behind(*nodes, helper.make_node("Sum", names, ["y"])))


# --- small things --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"),
    [(1.9, 1), (-1.9, -1), (NAN, 0), (float("inf"), 2**63 - 1), (float("-inf"), -(2**63))],
)
def test_numbers_as_rust_casts_them(value: float, number: int) -> None:
    assert whole(np.array(value, np.float32)) == number


def test_mutants_are_always_the_same() -> None:
    import random

    given, donor = m.one("Relu"), operators.FOUND["one-nan"]()
    some = [mutations.mutate(given, donor, random.Random(number)) for number in range(200)]
    assert some == [mutations.mutate(given, donor, random.Random(number)) for number in range(200)]
    assert len(set(some)) > 100


def test_reductions_are_smaller_and_reach_the_least() -> None:
    content = m.one("Relu", name="a" * 100)
    assert any(len(smaller) < len(content) - 90 for smaller in mutations.reductions(content))


def test_hidden_names_are_told_in_order(tmp_path: Path) -> None:
    names = [f"v{index}" for index in range(9)]
    body = helper.make_graph(
        [helper.make_node("Neg", ["x"], [name]) for name in names], "b", [], [m.info("v0", None)]
    )
    outer = [helper.make_node("Relu", ["x"], [name]) for name in names]
    branch = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
    path = tmp_path / "m.onnx"
    path.write_bytes(m.behind(*outer, branch, constants={"c": np.array(True)}))
    hidden = [item.node for item in read(path).source.findings if item.rule == "AUD-SEC-015"]
    assert hidden == [*names, *names]


def test_inputs_too_large_to_draw_are_not_planned_for(tmp_path: Path) -> None:
    from auditor.planning.nouns import Goal
    from auditor.plans.planner import Wish, plan_model, price_on
    from auditor.pricing.profile_file import shipped

    path = tmp_path / "m.onnx"
    path.write_bytes(m.one("Relu", shape=(10_000, 1_000)))
    wish = Wish(goal=Goal(), price=price_on(shipped()), most_work=20_000_000)
    outcome = plan_model(read(path).model, RunArgs(), wish)
    assert outcome.run_args is None
    assert "16 inputs are 160,000,000 numbers" in outcome.reason


def test_a_tensor_of_absurdly_many_axes_is_kept_away_from_ezkl(tmp_path: Path) -> None:
    """EZKL has no limit of its own, and works for minutes on what no model has."""
    with pytest.raises(Uncertain, match="it has 33 axes"):
        Fact("f32", (1,) * 33)
    with pytest.raises(TooLarge, match="it has 1,000,000 axes"):
        lowered(tmp_path, operators.EXPLODING["constant-of-a-million-axes"]())
