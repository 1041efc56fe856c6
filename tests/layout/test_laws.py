"""What must hold for every circuit, and the costs of operations in closed form."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

from auditor.circuit import RunArgs, ops
from auditor.circuit.ops import Op
from auditor.layout import LayoutError, lay_out, least_logrows
from auditor.layout.primitives import pairwise
from auditor.layout.region import LayoutSettings, Region
from auditor.layout.rules import apply_rule, operations_with_rules
from auditor.layout.values import Value
from tests.layout.circuits import Drawing, one_op

RELU = ops.LeakyReLU(slope=0.0, scale=7)
SOFTMAX = ops.Softmax(input_scale=128.0, output_scale=128.0, axes=(1,), epsilon=1e-10)
PRIVATE = {"output_visibility": "private"}


def matrix_product(rows: int, inner: int, columns: int, **run_args: Any) -> Any:
    drawing = Drawing()
    left = drawing.input(rows, inner)
    right = drawing.input(inner, columns)
    product = drawing.add(ops.Einsum(equation="ij,jk->ik"), (left, right), (rows, columns))
    return drawing.circuit(product, **run_args)


def cells(op: Op, *shapes: tuple[int, ...], **run_args: Any) -> int:
    """The cells of an operation alone, on inputs of the first shape; the last is the output's."""
    circuit = one_op(op, shapes[0], shapes[-1], count=len(shapes) - 1, **PRIVATE, **run_args)
    return lay_out(circuit).layers[-1].total_assignments


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, 9, 2**32 - 1])
def test_a_power_is_one_multiplication_after_another(exponent: int) -> None:
    """As quickly for the largest exponent that EZKL knows as for any other."""
    assert cells(ops.Pow(exponent=exponent), (1, 4), (1, 4)) == 4 * max(exponent - 1, 0)


@pytest.mark.parametrize("shape", [(), (1,), (4, 1)])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7])
def test_a_power_of_a_constant_takes_what_its_multiplications_take(
    exponent: int, shape: tuple[int, ...]
) -> None:
    base = Value(shape=shape, size=math.prod(shape), constants=frozenset({3, 5}))
    at_once, by_turns = (Region(LayoutSettings.from_run_args(RunArgs())) for _ in range(2))
    product = base
    for _ in range(1, exponent):
        product = pairwise(by_turns, product, base)
    assert apply_rule(ops.Pow(exponent=exponent), [base], at_once) == product
    assert at_once.main.position == by_turns.main.position
    assert at_once.constants == by_turns.constants


def test_every_operation_has_a_rule() -> None:
    operations = {
        member
        for _, member in inspect.getmembers(ops, inspect.isclass)
        if issubclass(member, ops.Op) and member is not ops.Op
    }
    assert operations_with_rules() == operations


@pytest.mark.parametrize("count", [1, 4, 30])
@pytest.mark.parametrize(
    ("op", "cells_each", "inputs"),
    [
        (ops.Add(), 1, 2),
        (ops.Neg(), 1, 1),
        (ops.Identity(), 1, 1),
        (ops.Pow(exponent=4), 3, 1),
        (ops.Lookup(function="Sigmoid", parameters=(128.0,)), 1, 1),
        (ops.Equals(), 5, 2),
        (ops.Not(), 6, 1),
        (ops.And(), 5, 2),
        (ops.Or(), 8, 2),
        (ops.Abs(), 11, 1),
        (ops.Sign(), 16, 1),
        (RELU, 16, 1),
        (ops.LeakyReLU(slope=0.5, scale=7), 26, 1),
        (ops.Greater(), 22, 2),
        (ops.LessEqual(), 23, 2),
        (ops.Max(), 31, 2),
        (ops.Div(denominator=128.0), 46, 1),
        (ops.Div(denominator=1.0), 0, 1),
        (ops.Recip(input_scale=128.0, output_scale=128.0, epsilon=1e-10), 120, 1),
        (ops.Sqrt(scale=128.0), 104, 1),
        (ops.Reshape(shape=(30,)), 0, 1),
    ],
    ids=lambda value: value.name if isinstance(value, Op) else None,
)
def test_cells_by_hand(op: Op, cells_each: int, inputs: int, count: int) -> None:
    """Two inner columns and two legs: a decomposition takes 10 cells for each element."""
    if isinstance(op, ops.Reshape):
        op = ops.Reshape(shape=(count,))
    flush = count * cells_each % 2  # an odd number of cells may be followed by a flush
    shapes = [(count,)] * (inputs + 1)
    assert cells(op, *shapes) in range(count * cells_each, count * cells_each + 6 * (1 + flush))
    assert cells(op, *shapes, num_inner_cols=1) == count * cells_each


@pytest.mark.parametrize("run_args", [{}, {"num_inner_cols": 1, "logrows": 8}, {"num_inner_cols": 3}])
def test_a_dot_product_fills_whole_rows(run_args: dict[str, Any]) -> None:
    width = run_args.get("num_inner_cols", 2)
    for inner in (1, 2, 5, 6):
        size = lay_out(matrix_product(1, inner, 3, output_visibility="private", **run_args))
        lower = 3 * math.ceil(inner / width) * width
        assert size.layers[-1].total_assignments in range(lower, lower + width + 2)


@pytest.mark.parametrize("run_args", [{}, {"num_inner_cols": 1, "logrows": 6}, {"num_inner_cols": 5}])
@pytest.mark.parametrize("op", [RELU, SOFTMAX, ops.ReduceArgMax(dim=1), ops.Sum(axes=(1,))])
def test_more_elements_never_take_less(op: Op, run_args: dict[str, Any]) -> None:
    reduces = isinstance(op, ops.Sum | ops.ReduceArgMax)
    sizes = [lay_out(one_op(op, (rows, 5), (rows, 1 if reduces else 5), **run_args)) for rows in range(1, 60)]
    rows = [size.num_rows for size in sizes]
    assert rows == sorted(rows)
    assert len(set(rows)) == len(rows)


def test_matrix_products_grow_in_every_axis() -> None:
    def area(*shape: int) -> int:
        return lay_out(matrix_product(*shape)).total_einsum_col_size

    base = area(4, 6, 8)
    assert base > 0
    assert min(area(5, 6, 8), area(4, 7, 8), area(4, 6, 9)) > base


def test_freivalds_leaves_the_main_columns_alone() -> None:
    checked = lay_out(matrix_product(8, 8, 8))
    computed = lay_out(matrix_product(8, 8, 8, disable_freivalds=True))
    assert checked.total_einsum_col_size > 0
    assert computed.total_einsum_col_size == 0
    assert computed.total_assignments - checked.total_assignments == 8 * 8 * 8
    assert checked.num_einsum_equations == computed.num_einsum_equations


def test_two_nodes_take_what_each_takes() -> None:
    drawing = Drawing()
    value = drawing.input(1, 6)
    both = drawing.circuit(
        drawing.add(SOFTMAX, (value,), (1, 6)),
        drawing.add(RELU, (value,), (1, 6)),
        num_inner_cols=1,
        **PRIVATE,
    )
    alone = [cells(op, (1, 6), (1, 6), num_inner_cols=1) for op in (SOFTMAX, RELU)]
    assert [layer.total_assignments for layer in lay_out(both).layers[1:]] == alone


def test_a_huge_max_pool_is_counted_exactly() -> None:
    pool = ops.MaxPool(padding=((0, 0),) * 2, stride=(3, 3), pool_dims=(3, 3), data_format="NCHW")
    small = lay_out(one_op(pool, (1, 1, 300, 300), (1, 1, 100, 100), **PRIVATE))
    large = lay_out(one_op(pool, (1, 64, 30000, 30000), (1, 64, 10000, 10000), **PRIVATE))
    pools = 64 * 10000 * 10000
    each = small.layers[-1].total_assignments / 10000
    assert large.layers[-1].total_assignments == pools * each
    assert large.num_shuffles == pools


def test_a_table_too_long_for_a_column_is_rejected() -> None:
    too_long = one_op(ops.ReduceMax(axes=(1,)), (1, 60), (1, 1), logrows=6)
    with pytest.raises(LayoutError, match="60 values does not fit a column of 58") as caught:
        lay_out(too_long)
    assert caught.value.rows_needed == 60
    assert least_logrows(too_long, caught.value, most=26) == 7
    assert least_logrows(too_long, caught.value, most=6) is None
    assert lay_out(one_op(ops.ReduceMax(axes=(1,)), (1, 58), (1, 1), logrows=6)).num_shuffles == 1


def test_no_rows_help_a_circuit_that_is_wrong() -> None:
    wrong = one_op(ops.ReduceMax(axes=(1,)), (1, 60), (1, 2), logrows=6)
    with pytest.raises(LayoutError) as caught:
        lay_out(wrong)
    assert caught.value.rows_needed == 60
    assert least_logrows(wrong, caught.value, most=26) is None


def weighted(load: Any, **run_args: Any) -> Any:
    drawing = Drawing()
    value = drawing.input(1, 4)
    weights = drawing.constant(1, 4, load=load)
    return drawing.circuit(drawing.add(ops.Mult(), (value, weights), (1, 4)), **run_args)


def test_weights_count_once_for_each_value() -> None:
    alike = lay_out(weighted(lambda: np.array([[77, 77, 77, 77]])))
    mixed = lay_out(weighted(lambda: np.array([[77, 78, 77, -79]])))
    assert alike.total_const_size is not None
    assert mixed.total_const_size == alike.total_const_size + 2


def test_without_weights_there_are_bounds_and_everything_else() -> None:
    known = lay_out(weighted(lambda: np.array([[77, 78, 79, -79]])))
    shape_only = lay_out(weighted(None))
    assert shape_only.total_const_size is None
    low, high = shape_only.total_const_size_bounds
    assert known.total_const_size is not None
    assert low <= known.total_const_size <= high
    assert shape_only.total_assignments == known.total_assignments
    assert shape_only.num_rows == known.num_rows


@pytest.mark.parametrize(
    ("run_args", "reason"),
    [
        ({"logrows": 2}, "logrows"),
        ({"num_inner_cols": 0}, "num_inner_cols"),
        ({"decomp_base": 0}, "decomp_base"),
        ({"decomp_base": 1 << 20, "decomp_legs": 7}, "overflows"),
        ({"param_visibility": "public"}, "public"),
        (
            dict.fromkeys(["input_visibility", "param_visibility", "output_visibility"], "private"),
            "private",
        ),
    ],
)
def test_run_args_ezkl_refuses(run_args: dict[str, Any], reason: str) -> None:
    with pytest.raises(LayoutError, match=reason):
        lay_out(one_op(RELU, (1, 2), (1, 2), **run_args))


@pytest.mark.parametrize(
    ("op", "shape", "out_shape", "count"),
    [
        (ops.Unknown(reason="no such operation"), (2,), (2,), 1),
        (ops.Reshape(shape=(3,)), (2,), (3,), 1),
        (ops.Concat(axis=3), (2, 2), (2, 4), 2),
        (ops.Einsum(equation="ij,jk->ik"), (2, 3), (2, 3), 2),
        (ops.TopK(dim=0, k=5, largest=True), (2,), (5,), 1),
        (ops.Gather(dim=0, index=np.array([2])), (2,), (1,), 1),
        (ops.LeakyReLU(slope=0.5, scale=-1), (2,), (2,), 1),
        (ops.Downsample(axis=0, stride=0, modulo=0), (2,), (2,), 1),
        (ops.Rescaled(inner=ops.Add(), multipliers=((0, 2),)), (2,), (2,), 2),
    ],
    ids=lambda value: value.name if isinstance(value, Op) else None,
)
def test_rejections_name_the_node(op: Op, shape: Any, out_shape: Any, count: int) -> None:
    with pytest.raises(LayoutError) as raised:
        lay_out(one_op(op, shape, out_shape, count=count))
    assert raised.value.node == f"node {count}"
    assert raised.value.reason
