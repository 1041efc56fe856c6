"""Open sizes: which default to 1, which the user must give, and how EZKL is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from auditor.errors import UnboundDimension, Undetermined, UsageError
from auditor.model import bind_dimensions, ezkl_variables, open_dimensions, read, read_source
from auditor.model.symbols import parse

Shape = Sequence[int | str | None]


def save(tmp_path: Path, *shapes: Shape, inner: Shape | None = None) -> Path:
    """A model with inputs x0, x1 ... of these shapes, and ``inner`` declared for its value ``y``."""
    inputs = [
        helper.make_tensor_value_info(f"x{index}", TensorProto.FLOAT, shape)
        for index, shape in enumerate(shapes)
    ]
    nodes = [helper.make_node("Neg", ["x0"], ["y"])]
    infos = [] if inner is None else [helper.make_tensor_value_info("y", TensorProto.FLOAT, inner)]
    graph = helper.make_graph(
        nodes, "g", inputs, [helper.make_tensor_value_info("y", 1, None)], value_info=infos
    )
    path = tmp_path / "m.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


@pytest.mark.parametrize(
    ("shape", "bound"),
    [
        (["N", 3], {"N": 1}),
        (["anything", 3], {"anything": 1}),
        ([None, 3], {"x0.0": 1}),
        (["unk__6", 3], {"unk__6": 1}),
        (["None", 3], {"None": 1}),
        ([3, "batch_size"], {"batch_size": 1}),
        ([3, "bs"], {"bs": 1}),
        ([-1, 3], {"x0.0": 1}),
        (["?", 3], {"x0.0": 1}),
        ([" ", 3], {"x0.0": 1}),
        ([5, 3], {}),
        ([0, 3], {}),
    ],
)
def test_batch_sizes_default_to_one(tmp_path: Path, shape: Shape, bound: dict[str, int]) -> None:
    model = read(save(tmp_path, shape))
    assert model.bound_dimensions == bound
    assert model.model.graph.inputs[0].shape == (
        tuple(shape)
        if not bound
        else tuple(size if isinstance(size, int) and size >= 0 else 1 for size in shape)
    )


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ([1, None, 3], ("x0.1",)),
        (["seq_len", 3], ("seq_len",)),
        (["T", 3], ("T",)),
        ([1, 3, "height", "width"], ("height", "width")),
        ([1, "unk__7"], ("unk__7",)),
        ([1, "past + 1"], ("past",)),
        ([1, "2*(p+q)"], ("p", "q")),
        ([1, "a b"], ("a b",)),
    ],
)
def test_other_sizes_are_asked_for(tmp_path: Path, shape: Shape, names: tuple[str, ...]) -> None:
    path = save(tmp_path, shape)
    with pytest.raises(UnboundDimension) as caught:
        read(path)
    assert caught.value.exit_code == 3
    assert caught.value.names == names
    for name in names:
        assert f"--dim {name}=SIZE" in str(caught.value)
    model = read(path, dims=dict.fromkeys(names, 2))
    assert all(isinstance(size, int) for size in model.model.graph.inputs[0].shape or ())


def test_one_symbol_is_one_size_everywhere(tmp_path: Path) -> None:
    model = read(save(tmp_path, ["N", "seq"], [4, "seq"], inner=["N", "seq"]), dims={"seq": 7})
    assert [info.shape for info in model.model.graph.inputs] == [(1, 7), (4, 7)]
    assert model.model.graph.value_infos["y"].shape == (1, 7)


def test_a_symbol_that_is_a_batch_anywhere_is_a_batch(tmp_path: Path) -> None:
    assert read(save(tmp_path, [3, "rows"], ["rows", 3])).bound_dimensions == {"rows": 1}


def test_expressions(tmp_path: Path) -> None:
    model = read(save(tmp_path, ["N", "past + 1"], ["N", "past"]), dims={"past": 6, "N": 2})
    assert [info.shape for info in model.model.graph.inputs] == [(2, 7), (2, 6)]


def test_size_below_zero_after_binding(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="becomes -1"):
        read(save(tmp_path, [1, "L - 2"]), dims={"L": 1})


def test_unknown_name_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no input has an open size called 'M'.*open sizes here: N"):
        read(save(tmp_path, ["N", 2]), dims={"M": 3})


@pytest.mark.parametrize("size", [0, -1])
def test_sizes_start_at_one(tmp_path: Path, size: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        read(save(tmp_path, ["N", 2]), dims={"N": size})


def test_intermediate_symbols_may_stay_open(tmp_path: Path) -> None:
    model = read(save(tmp_path, ["N", 2], inner=["N", "rest"]))
    assert model.model.graph.value_infos["y"].shape == (1, "rest")


def test_an_initializer_is_no_input_to_bind(tmp_path: Path) -> None:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2], [1, 2])
    inputs = [helper.make_tensor_value_info("w", 1, ["K"]), helper.make_tensor_value_info("x", 1, [2])]
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "g", inputs, [helper.make_tensor_value_info("y", 1, None)], [weight])
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    assert read(tmp_path / "m.onnx").bound_dimensions == {}


def test_variables_of_the_run_args_bind_as_in_ezkl(tmp_path: Path) -> None:
    path = save(tmp_path, [None, 3, None], ["N", 3])
    model = read(path, variables={"batch_size": 4, "N": 5})
    assert [info.shape for info in model.model.graph.inputs] == [(4, 3, 4), (5, 3)]
    assert read(path, variables={"batch_size": 4}, dims={"x0.0": 2}).bound_dimensions["x0.0"] == 2


def test_ezkl_variables_give_the_same_sizes(tmp_path: Path) -> None:
    source = read_source(save(tmp_path, [None, "seq"], ["N", 3]))
    _, bound = bind_dimensions(source.inlined, {"seq": 9})
    assert ezkl_variables(source.inlined, bound) == (("N", 1), ("batch_size", 1), ("seq", 9))


def test_ezkl_has_one_number_for_all_unnamed_sizes(tmp_path: Path) -> None:
    source = read_source(save(tmp_path, [None, None]))
    _, bound = bind_dimensions(source.inlined, {"x0.1": 9})
    with pytest.raises(UsageError, match="cannot differ"):
        ezkl_variables(source.inlined, bound)
    _, bound = bind_dimensions(source.inlined, {"x0.0": 9, "x0.1": 9})
    assert ezkl_variables(source.inlined, bound) == (("batch_size", 9),)


def test_open_dimensions_say_where_they_stand(tmp_path: Path) -> None:
    source = read_source(save(tmp_path, ["N", None, "L"]))
    opened = [(item.name, item.axis, item.unnamed, item.default) for item in open_dimensions(source.model)]
    assert opened == [("N", 0, False, 1), ("x0.1", 1, True, None), ("L", 2, False, None)]


def test_a_symbol_ezkl_cannot_parse_is_a_refusal(tmp_path: Path) -> None:
    model = read(save(tmp_path, ["N", 2], inner=["a+b+c", "unk__3"]))
    assert [(refusal.subject, refusal.reason) for refusal in model.source.refusals] == [
        ("y", "the size 'a+b+c', which its ONNX reader cannot parse")
    ]


def test_only_declarations_of_real_values_matter_to_ezkl(tmp_path: Path) -> None:
    """Checked against EZKL 23.0.5: it accepts a bad symbol on a name that nothing defines."""
    graph = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, [1, 2])],
        [helper.make_tensor_value_info("y", 1, None)],
        value_info=[helper.make_tensor_value_info("nowhere", TensorProto.BFLOAT16, ["a+b+c"])],
    )
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    assert read(tmp_path / "m.onnx").source.refusals == ()


def test_input_without_a_shape_is_noted(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, None)],
        [helper.make_tensor_value_info("y", 1, None)],
    )
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    model = read(tmp_path / "m.onnx")
    assert model.model.graph.inputs[0].shape is None
    assert model.source.notes == ("input 'x' declares no shape",)


def test_undetermined_is_what_the_cli_maps_to_exit_3() -> None:
    assert issubclass(UnboundDimension, Undetermined)
    assert Undetermined.exit_code == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("a", 3), ("-a", -3), ("a+b", 8), ("a - b", -2), ("a*b", 15), ("b/2", 2), ("a*b+1", 16),
        ("a-b+1", -1), ("(a+b)+1", 9), ("min(a, b)", 3), ("max(a,b,9)", 9), ("minimum", 7), ("b / 2 * a", 6),
    ],
)  # fmt: skip
def test_symbol_grammar(text: str, value: int) -> None:
    expression = parse(text)
    assert expression is not None
    assert expression.value({"a": 3, "b": 5, "minimum": 7}) == value


@pytest.mark.parametrize(
    "text", ["", "a b", "a+", "a+b+c", "a/b", "b/0", "(a", "a)", "a.b", "1a", "é", "(" * 150]
)
def test_what_is_no_expression(text: str) -> None:
    assert parse(text) is None
