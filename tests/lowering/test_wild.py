"""What models that nobody planned for taught: sizes with names, and constants that are not numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from auditor.circuit import RunArgs
from auditor.lowering import Unmodelled, Unsupported, lower
from auditor.lowering.graph.dim import OpenSize, UnknownForm, counts_from_end, divide, symbol
from auditor.model import read

node: Callable[..., NodeProto] = helper.make_node
Size = int | str


def shapes(
    directory: Path,
    nodes: Sequence[NodeProto],
    shape: Sequence[Size],
    constants: dict[str, np.ndarray] | None = None,
    dims: dict[str, int] | None = None,
) -> dict[str, tuple[int, ...]]:
    """The shape of every value of a model of one input ``x`` and one output ``y``, once it is lowered."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = directory / "model.onnx"
    path.write_bytes(model.SerializeToString())
    facts = lower(read(path, dims=dims).model, RunArgs()).facts
    assert all(isinstance(size, int) for fact in facts.values() for size in fact.shape)
    return {name: fact.shape for name, fact in facts.items()}


def i64(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


# --- sizes with names


def test_a_named_batch_of_one_is_copied_by_a_reshape_and_a_plain_one_is_not_left(tmp_path: Path) -> None:
    """tract stays on an axis of size one when it copies it; a symbol is not one."""
    nodes, wanted = [node("Reshape", ["x", "shape"], ["y"])], {"shape": i64(0, 0, -1)}
    assert shapes(tmp_path, nodes, ["batch_size", 2, 2, 5], wanted)["y"] == (1, 2, 10)
    assert shapes(tmp_path, nodes, [1, 2, 2, 5], wanted)["y"] == (1, 1, 20)


SHAPE = node("Shape", ["x"], ["sizes"])


def test_comparing_sizes_one_of_which_has_a_name_compares_them_with_themselves(tmp_path: Path) -> None:
    """torch's ``expand(-1, ...)``: tract takes every size for equal to -1, and keeps none of them."""
    nodes = [
        SHAPE,
        node("Equal", ["sizes", "minus_one"], ["unchanged"]),
        node("Where", ["unchanged", "ones", "sizes"], ["target"]),
        node("Expand", ["one", "target"], ["expanded"]),
        node("Add", ["x", "expanded"], ["y"]),
    ]
    constants = {"minus_one": i64(-1, -1), "ones": i64(1, 1), "one": np.ones((1, 1), np.float32)}
    assert shapes(tmp_path, nodes, ["batch_size", 4], constants)["expanded"] == (1, 1)
    assert shapes(tmp_path, nodes, [2, 4], constants)["expanded"] == (2, 4)


def test_what_is_joined_must_have_the_same_symbol(tmp_path: Path) -> None:
    """ViT's class token: one row does not fit ``batch_size`` images, even where there will be one."""
    nodes, token = [node("Concat", ["token", "x"], ["y"], axis=1)], {"token": np.ones((1, 1, 4), np.float32)}
    with pytest.raises(Unsupported, match="named sizes"):
        shapes(tmp_path, nodes, ["batch_size", 3, 4], token)
    assert shapes(tmp_path, nodes, [1, 3, 4], token)["y"] == (1, 4, 4)


def test_positions_are_cut_to_a_named_length(tmp_path: Path) -> None:
    nodes = [
        SHAPE,
        node("Gather", ["sizes", "axis"], ["length"], axis=0),
        node("Slice", ["positions", "start", "length", "axis"], ["position"]),
        node("Add", ["x", "position"], ["y"]),
    ]
    constants = {"axis": i64(1), "start": i64(0), "positions": np.ones((1, 9), np.float32)}
    found = shapes(tmp_path, nodes, ["batch_size", "tokens"], constants, {"tokens": 6})
    assert found["position"] == found["y"] == (1, 6)


def test_a_range_goes_up_to_a_named_length(tmp_path: Path) -> None:
    nodes = [
        SHAPE,
        node("Gather", ["sizes", "one"], ["length"], axis=0),
        node("Range", ["zero", "length", "one"], ["numbers"]),
        node("Cast", ["numbers"], ["floats"], to=TensorProto.FLOAT),
        node("Add", ["x", "floats"], ["y"]),
    ]
    constants = {"one": np.array(1), "zero": np.array(0)}
    assert shapes(tmp_path, nodes, ["n", "tokens"], constants, {"tokens": 5})["numbers"] == (5,)


def test_what_a_symbol_alone_makes_refused_is_not_certain(tmp_path: Path) -> None:
    """A symbol may be compatible with a number where tract multiplies."""
    constants = {"w": np.ones((3, 2), np.float32)}
    with pytest.raises(Unmodelled, match="named sizes"):
        shapes(tmp_path, [node("MatMul", ["x", "w"], ["y"])], [2, "tokens"], constants, {"tokens": 3})


def test_symbols_add_multiply_and_divide() -> None:
    n, m = symbol("n", 3), symbol("m", 4)
    assert n + m == m + n
    assert n + 1 - n == 1
    assert 2 * (n + 1) == n + n + 2
    assert n * m == m * n
    assert (n != 3, n * m != n, n - n == 0) == (True, True, True)
    assert (divide(n * m * 6, n * 2), divide(n, m), divide(n * 3, 2)) == (m * 3, None, None)
    assert (n < 0, n + 1 > 0) == (False, True)
    assert (counts_from_end(-n), counts_from_end(n - 5), counts_from_end(-1)) == (True, False, True)


def test_symbols_are_no_numbers() -> None:
    n, m = symbol("n", 3), symbol("m", 4)
    uses: tuple[Callable[[], object], ...] = (
        lambda: range(n),
        lambda: bool(n),
        lambda: float(n),
        lambda: [0] * n,
        lambda: n < 5,
        lambda: n - m < 0,
    )
    for use in uses:
        with pytest.raises(OpenSize):
            use()
    forms: tuple[Callable[[], object], ...] = (
        lambda: (n + 1) // 2,
        lambda: n * (m + 1) == n * m + n,
        lambda: divide(n * (m + 1), n),
    )
    for form in forms:
        with pytest.raises(UnknownForm):
            form()


# --- constants that are not numbers


@pytest.mark.parametrize("operator", ["Sqrt", "Log", "Neg"])
def test_a_constant_that_is_computed_to_nan_is_refused(operator: str, tmp_path: Path) -> None:
    """tract computes it twice and finds two different results."""
    nodes = [
        node(operator, ["a"], ["b"]),
        node("Where", ["mask", "b", "one"], ["c"]),
        node("Add", ["x", "c"], ["y"]),
    ]
    numbers = np.array([1.0, np.nan if operator == "Neg" else -1.0], np.float32)
    constants = {"a": numbers, "mask": np.array([True, False]), "one": np.ones(2, np.float32)}
    with pytest.raises(Unsupported, match="NaN"):
        shapes(tmp_path, nodes, [2], constants)


def test_nan_in_the_file_is_accepted_where_nothing_computes_with_it_first(tmp_path: Path) -> None:
    nodes = [node("Where", ["mask", "a", "one"], ["b"]), node("Add", ["x", "b"], ["y"])]
    constants = {
        "a": np.array([1.0, np.nan], np.float32),
        "mask": np.array([True, False]),
        "one": np.ones(2, np.float32),
    }
    assert shapes(tmp_path, nodes, [2], constants)["y"] == (2,)


# --- loops


def test_a_body_that_declares_no_sizes_gets_them_from_outside(tmp_path: Path) -> None:
    """scikit-learn's pairwise distances."""
    body = helper.make_graph(
        [
            node("Identity", ["all"], ["all_again"]),
            node("Sub", ["all", "row"], ["difference"]),
            node("ReduceSumSquare", ["difference"], ["distance"], axes=[1], keepdims=0),
        ],
        "body",
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * r)
            for n, r in (("all", 2), ("row", 1))
        ],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("all_again", "distance")],
    )
    scan = node("Scan", ["w", "x"], ["unused", "y"], num_scan_inputs=1, body=body)
    assert shapes(tmp_path, [scan], [3, 4], {"w": np.ones((5, 4), np.float32)})["y"] == (3, 5)
