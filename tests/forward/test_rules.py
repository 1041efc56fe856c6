"""Every rule on numbers small enough to follow, worked from EZKL's ``circuit/ops/layouts.rs``."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from auditor.circuit import ops
from auditor.circuit.ops import Op
from auditor.forward import Overflow, Unmodelled
from auditor.forward.einsum import einsum
from auditor.forward.rules import operations_with_rules
from tests.forward.circuits import computed, run_through


def decomposed(op: Op, *inputs: Any) -> int:
    return int(computed(op, *inputs)[1].decomposed[0])


def output(op: Op, *inputs: Any) -> list[Any]:
    return computed(op, *inputs)[0]


def test_every_operation_has_a_rule() -> None:
    classes = {
        value
        for value in vars(ops).values()
        if inspect.isclass(value) and issubclass(value, Op) and value is not Op
    }
    assert operations_with_rules() == classes


# --- arithmetic ----------------------------------------------------------------------------------


def test_arithmetic() -> None:
    assert output(ops.Add(), [1, -2], [10, 20]) == [11, 18]
    assert output(ops.Sub(), [1, -2], [10]) == [-9, -12]
    assert output(ops.Mult(), [[1], [2]], [[3, 4]]) == [[3, 4], [6, 8]]
    assert output(ops.Neg(), [3, -4]) == [-3, 4]
    assert output(ops.Pow(exponent=3), [-2, 5]) == [-8, 125]
    assert output(ops.Identity(out_scale=3), [7]) == [7]


def test_shapes_of_two_ranks_match_from_the_first_axis_on() -> None:
    assert output(ops.Add(), [[0, 0], [0, 0]], [10, 20]) == [[10, 10], [20, 20]]


def test_what_leaves_63_bits_is_no_number() -> None:
    with pytest.raises(Overflow):
        output(ops.Mult(), [1 << 32], [1 << 31])
    with pytest.raises(Overflow):
        output(ops.Add(), [(1 << 62) + 1], [(1 << 62) - 1])
    assert output(ops.Add(), [1 << 62, -(1 << 62)], [-(1 << 62), 1 << 62]) == [0, 0]


def test_signs_decompose_the_value() -> None:
    assert computed(ops.Abs(), [-9, 4])[0] == [9, 4]
    assert output(ops.Sign(), [-9, 0, 4]) == [-1, 0, 1]
    assert output(ops.LeakyReLU(slope=0.0, scale=7), [-9, 4]) == [0, 4]
    assert decomposed(ops.LeakyReLU(slope=0.0, scale=7), [-9, 4]) == 9


def test_a_slope_is_quantised_and_scales_both_halves() -> None:
    # 0.1 at scale 4 is round(1.6) = 2: -5 becomes -10, and 3 becomes 48.
    assert output(ops.LeakyReLU(slope=0.1, scale=4), [-5, 3]) == [-10, 48]


# --- comparison and logic ------------------------------------------------------------------------


def test_comparisons_decompose_the_difference_and_one_more_where_equality_counts() -> None:
    assert output(ops.Greater(), [3, 5, 4], [4]) == [0, 1, 0]
    assert output(ops.LessEqual(), [3, 5, 4], [4]) == [1, 0, 1]
    assert decomposed(ops.Greater(), [3, 9], [4]) == 5
    assert decomposed(ops.GreaterEqual(), [3, 9], [4]) == 6
    assert decomposed(ops.LessEqual(), [3, 9], [4]) == 4  # 4 + 1 - 9
    assert decomposed(ops.Equals(), [3, 9], [4]) == 0
    assert output(ops.Equals(), [3, 4], [4]) == [0, 1]


def test_maximum_and_minimum() -> None:
    assert output(ops.Max(), [3, 9], [4]) == [4, 9]
    assert output(ops.Min(), [3, 9], [4]) == [3, 4]
    assert decomposed(ops.Min(), [3, 9], [4]) == 5


def test_logic_insists_on_booleans() -> None:
    assert output(ops.And(), [0, 1, 1], [1]) == [0, 1, 1]
    assert output(ops.Or(), [0, 1, 0], [0, 0, 1]) == [0, 1, 1]
    assert output(ops.Xor(), [0, 1, 1], [1]) == [1, 0, 0]
    assert output(ops.Not(), [0, 1]) == [1, 0]
    assert output(ops.Iff(), [1, 0], [10, 20], [30, 40]) == [10, 40]
    result, needs = computed(ops.Not(), [2])
    assert result == [-1]
    assert [fault.rows for fault in needs.faults] == [(0,)]


# --- claimed and checked -------------------------------------------------------------------------


def test_a_division_decomposes_quotient_rest_and_room() -> None:
    # 25 / 10 = 2.5, away from zero 3; the rest is 5, and 10 - 5 is left.
    assert computed(ops.Div(denominator=10.0), [25])[0] == [3]
    assert output(ops.Div(denominator=10.0), [-25, 24]) == [-3, 2]
    assert decomposed(ops.Div(denominator=10.0), [25]) == 5
    assert decomposed(ops.Div(denominator=10.0), [30]) == 10
    assert decomposed(ops.Div(denominator=1.0), [30]) == 0


def test_a_fraction_is_divided_by_in_a_table() -> None:
    result, needs = computed(ops.Div(denominator=0.5), [3, -4])
    assert result == [6, -8]
    assert (needs.lookup_low[0], needs.lookup_high[0], needs.decomposed[0]) == (-4, 3, 0)


def test_a_negative_divisor_has_no_room() -> None:
    result, needs = computed(ops.Div(denominator=-2.0), [4])
    assert result == [-2]
    assert len(needs.faults) == 1


RECIP = ops.Recip(input_scale=16.0, output_scale=16.0, epsilon=2.0**-10)


def test_a_reciprocal_decomposes_its_errors() -> None:
    # 256 / 100 = 2.56: 3, off by 44; 4 is off by 144, 2 by -56. Then 144 + 1 - 44 and 56 - 44.
    result, needs = computed(RECIP, [100])
    assert result == [3]
    assert needs.decomposed[0] == 144
    assert needs.faults == ()


def test_the_reciprocal_of_zero_is_that_of_epsilon() -> None:
    result, needs = computed(RECIP, [0])
    assert result == [16 << 10]
    assert needs.decomposed[0] == 16 << 10
    assert needs.faults == ()


def test_a_reciprocal_half_way_up_has_no_proof() -> None:
    # 256 / 512 = 0.5, so 1 is claimed; 0 is as near, and EZKL wants 1 to be nearer.
    result, needs = computed(RECIP, [[512], [-512]])
    assert result == [[1], [-1]]
    assert len(needs.faults) == 1
    assert computed(RECIP, [-512])[1].faults == ()


def test_a_reciprocal_at_large_scales_fits_though_its_unit_does_not() -> None:
    result, needs = computed(ops.Recip(input_scale=2.0**40, output_scale=2.0**40, epsilon=1e-9), [1 << 45])
    assert result == [1 << 35]
    assert needs.decomposed[0] == (1 << 45) + 1


def test_roots() -> None:
    # sqrt(2) at scale 16: 16 * sqrt(2) = 22.6, so 23, and 23 * 23 - 32 * 16 = 17.
    # One more is 64 off, one less 28.
    result, needs = computed(ops.Sqrt(scale=16.0), [32])
    assert result == [23]
    assert needs.decomposed[0] == 64
    assert output(ops.Sqrt(scale=16.0), [-5]) == [0]
    # 1 / sqrt(4) at scale 16: the root of 64 / 16 is 32 / 16, and 256 / 32 is 8.
    assert output(ops.Rsqrt(input_scale=16.0, output_scale=16.0, epsilon=0.1), [64]) == [8]


def test_a_logarithm_is_a_straight_line_between_powers_of_two() -> None:
    ln = ops.Ln(scale=16.0, epsilon=1e-9)
    # ln 2 at scale 16 is 11. At 4 * 16 the power is exact: 2 * 16**3 * 11.
    result, needs = computed(ln, [64])
    assert result == [2 * 16**3 * 11]
    assert (needs.lookup_low[0], needs.lookup_high[0]) == (-128, 128)
    # 80 is 16 past 64; the next power is 64 past it: 16**3 / 64 = 64 for each of the 16.
    assert output(ln, [80]) == [(2 * 16**3 + 64 * 16) * 11]
    with pytest.raises(Overflow):
        output(ln, [0])


def test_softmax() -> None:
    softmax = ops.Softmax(input_scale=16.0, output_scale=16.0, axes=(0,), epsilon=1e-9)
    # Equal elements: exp(0) is 16 for each; 256 / 32 = 8; 16 * 8.
    result, needs = computed(softmax, [5, 5])
    assert result == [128, 128]
    assert (needs.lookup_low[0], needs.lookup_high[0]) == (0, 0)


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "parameters", "value", "expected"),
    [
        ("IsOdd", (), -3, 1),
        ("PowersOfTwo", (8.0,), -4, 1),  # 8 / 16, away from zero
        ("Ln", (1.0,), 20, 3),
        ("Sigmoid", (1.0,), 0, 1),  # one half, away from zero
        ("Exp", (1.0, 2.0), 5, 32),
        ("Pow", (2.0, 2.0), 6, 18),  # 3 squared, times 2
        ("Cos", (4.0,), 0, 4),
        ("Cosh", (1.0,), 0, 1),
        ("ACos", (4.0,), 4, 0),
        ("ACos", (4.0,), 8, 0),  # not a number: 0
        ("ACosh", (4.0,), 4, 0),
        ("Sin", (10.0,), 16, 10),
        ("ASin", (2.0,), 2, 3),
        ("Sinh", (1.0,), 1, 1),
        ("ASinh", (1.0,), -1, -1),
        ("Tan", (4.0,), 3, 4),  # 3.73
        ("ATan", (4.0,), 4, 3),
        ("Tanh", (10.0,), -100, -10),
        ("ATanh", (4.0,), 2, 2),
        ("Erf", (100.0,), 50, 52),
        ("HardSwish", (2.0,), 2, 1),  # 1 * 4 / 6, times 2
    ],
)
def test_tables(function: str, parameters: tuple[float, ...], value: int, expected: int) -> None:
    result, needs = computed(ops.Lookup(function=function, parameters=parameters), [value])
    assert result == [expected]
    assert (needs.lookup_low[0], needs.lookup_high[0]) == (min(value, 0), max(value, 0))


# --- rounding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (ops.Floor, [-20, -20, 10, 10]),
        (ops.Ceil, [-10, -10, 20, 20]),
        (ops.Round, [-20, -10, 20, 10]),
        (ops.RoundHalfToEven, [-20, -10, 20, 10]),
    ],
)
def test_rounding_drops_the_last_digit(rounding: type[Any], expected: list[int]) -> None:
    result, needs = computed(rounding(scale=10.0, legs=3), [-15, -14, 15, 14])
    assert result == expected
    assert needs.rounded == {10: 15}
    assert output(rounding(scale=10.0, legs=1), [-5, 5]) == [0, 0]


def test_a_half_goes_to_the_even_digit() -> None:
    assert output(ops.RoundHalfToEven(scale=10.0, legs=3), [25, 35]) == [20, 40]


# --- reductions ----------------------------------------------------------------------------------


def test_reductions() -> None:
    table = [[1, 2, 9], [4, -5, 6]]
    assert output(ops.Sum(axes=(1,)), table) == [[12], [5]]
    assert output(ops.Prod(axes=(0,), len_prod=2), table) == [[4, -10, 54]]
    assert output(ops.MeanOfSquares(axes=(1,)), table) == [[29], [26]]  # 86 / 3, 77 / 3
    assert output(ops.ReduceMax(axes=(1,)), table) == [[9], [6]]
    assert output(ops.ReduceMin(axes=(0, 1)), table) == [[-5]]
    assert output(ops.TopK(dim=1, k=2, largest=True), table) == [[9, 2], [6, 4]]
    assert output(ops.TopK(dim=1, k=2, largest=False), table) == [[1, 2], [-5, 4]]


def test_sorting_decomposes_the_steps_and_one_more() -> None:
    assert decomposed(ops.ReduceMax(axes=(0,)), [1, 2, 9]) == 8
    assert decomposed(ops.ReduceMax(axes=(0,)), [9]) == 0


def test_positions_of_extremes_are_the_first() -> None:
    assert output(ops.ReduceArgMax(dim=0), [3, 9, 9, 1]) == [1]
    assert output(ops.ReduceArgMin(dim=0), [3, 1, 9, 1]) == [1]
    # Sorted 1, 3, 9, 9 at 3, 0, 2, 1: the largest step is 6.
    assert decomposed(ops.ReduceArgMax(dim=0), [3, 9, 9, 1]) == 6
    # Sorted 0, 0, 0, 0: nothing but positions differ.
    assert decomposed(ops.ReduceArgMin(dim=0), [0, 0, 0, 0]) == 1


# --- products ------------------------------------------------------------------------------------


def test_einsum() -> None:
    left, right = [[1, 2], [3, 4]], [[5, 6], [7, 8]]
    assert output(ops.Einsum(equation="mk,kn->mn"), left, right) == [[19, 22], [43, 50]]
    assert output(ops.Einsum(equation="ak,nk->na"), left, right) == [[17, 39], [23, 53]]
    assert output(ops.Einsum(equation="ab->ba"), left) == [[1, 3], [2, 4]]
    assert output(ops.Einsum(equation="ab,ab,ab->a"), left, right, right) == [97, 403]
    assert output(ops.Einsum(equation="ab,cd->"), left, right) == [260]
    assert output(ops.Einsum(equation="ab->axb"), left) == [[[1, 2]], [[3, 4]]]


def test_of_a_diagonal_ezkl_reads_the_first_row() -> None:
    assert output(ops.Einsum(equation="ii->i"), [[1, 2], [3, 4]]) == [1, 2]
    assert output(ops.Einsum(equation="ii->"), [[1, 2], [3, 4]]) == [3]


def test_without_freivalds_ezkl_flattens_each_input_in_its_own_order() -> None:
    left, right = np.array([[[1, 2], [3, 4]]]), np.array([[[5, 6], [7, 8]]])
    assert einsum([left, right], "ij,ji->").tolist() == [[69]]  # 1*5 + 2*7 + 3*6 + 4*8
    assert einsum([left, right], "ij,ji->", literal_dots=True).tolist() == [[70]]  # 1*5 + 2*6 + 3*7 + 4*8


def test_einsum_is_exact_where_floats_are_not() -> None:
    left, right = [[(1 << 40) + 1, -(1 << 40) + 3]], [[(1 << 21) + 1], [(1 << 21) - 1]]
    exact = ((1 << 40) + 1) * ((1 << 21) + 1) + (3 - (1 << 40)) * ((1 << 21) - 1)
    assert output(ops.Einsum(equation="mk,kn->mn"), left, right) == [[exact]]


def conv(**changes: Any) -> ops.Conv:
    values: dict[str, Any] = {
        "padding": ((0, 0),),
        "stride": (1,),
        "group": 1,
        "data_format": "NCHW",
        "kernel_format": "OIHW",
    }
    return ops.Conv(**{**values, **changes})


def test_convolutions() -> None:
    image = [[[1, 2, 3], [10, 20, 30]]]
    assert output(conv(), image, [[[1, -1], [1, 0]]]) == [[[9, 19]]]
    assert output(conv(padding=((1, 0),), stride=(2,)), image, [[[1, -1], [1, 0]]], [5]) == [[[4, 24]]]
    assert output(conv(group=2), image, [[[1, 1]], [[0, 1]]]) == [[[3, 5], [20, 30]]]
    assert output(conv(group=2), image, [[[1, 1]], [[0, 1]]], [100, 200]) == [[[103, 105], [220, 230]]]


def test_without_a_batch_axis_ezkl_takes_the_output_for_a_position() -> None:
    image = [[1, 2, 3, 4]]  # one channel
    kernel = [[[1, 0]], [[1, 0]]]  # two outputs, each the left one of a window
    assert output(conv(data_format="CHW"), image, kernel) == [[[1, 1, 1], [2, 2, 2]]]


def test_transposed_convolution() -> None:
    deconv = ops.DeConv(
        padding=((0, 0),),
        output_padding=(0,),
        stride=(2,),
        group=1,
        data_format="NCHW",
        kernel_format="OIHW",
    )
    # 1 0 2 with the kernel (1, 10) added at every element.
    assert output(deconv, [[[1, 2]]], [[[1, 10]]]) == [[[1, 10, 2, 20]]]


def test_pools() -> None:
    image = [[[[1, 2], [3, -4]]]]
    pool = ops.MaxPool(padding=((0, 0), (0, 0)), stride=(1, 1), pool_dims=(2, 2), data_format="NCHW")
    assert output(pool, image) == [[[[3]]]]
    assert decomposed(pool, image) == 6  # from -4 to 1, and one more
    padded = ops.MaxPool(padding=((1, 0), (0, 0)), stride=(2, 1), pool_dims=(2, 1), data_format="NCHW")
    assert output(padded, [[[[-1, -2], [-3, -4]]]]) == [[[[0, 0]]]]  # padding counts as 0
    mean = ops.SumPool(
        padding=((0, 0), (0, 0)), stride=(1, 1), kernel_shape=(2, 2), normalized=True, data_format="NCHW"
    )
    assert output(mean, image) == [[[[1]]]]  # 2 / 4, away from zero


# --- shapes --------------------------------------------------------------------------------------


def test_elements_that_only_move() -> None:
    table = [[1, 2, 3], [4, 5, 6]]
    assert output(ops.Reshape(shape=(3, 2)), table) == [[1, 2], [3, 4], [5, 6]]
    assert output(ops.Flatten(shape=(6,)), table) == [1, 2, 3, 4, 5, 6]
    assert output(ops.MoveAxis(source=0, destination=1), table) == [[1, 4], [2, 5], [3, 6]]
    assert output(ops.MultiBroadcastTo(shape=(2, 2)), [[1], [2]]) == [[1, 1], [2, 2]]
    assert output(ops.Pad(padding=((0, 0), (1, 0))), [[1], [2]]) == [[0, 1], [0, 2]]
    assert output(ops.Concat(axis=1), [[1], [2]], table) == [[1, 1, 2, 3], [2, 4, 5, 6]]
    assert output(ops.Slice(axis=1, start=1, end=3), table) == [[2, 3], [5, 6]]
    assert output(ops.Resize(scale_factor=(1, 2)), [[1, 2]]) == [[1, 1, 2, 2]]
    assert output(ops.Downsample(axis=1, stride=2, modulo=1), [[0, 1, 2, 3, 4]]) == [[1, 3]]
    assert output(ops.Downsample(axis=1, stride=-2, modulo=0), [[0, 1, 2, 3, 4]]) == [[4, 2, 0]]


def test_a_triangle_of_a_plain_matrix_is_the_matrix() -> None:
    ones = [[1, 1], [1, 1]]
    assert output(ops.Trilu(upper=True, k=0), ones) == ones
    assert output(ops.Trilu(upper=True, k=0), [ones]) == [[[1, 1], [0, 1]]]
    assert output(ops.Trilu(upper=False, k=-1), [ones]) == [[[0, 0], [1, 0]]]


# --- indexing ------------------------------------------------------------------------------------


def test_gathering() -> None:
    table = [[1, 2, 3], [4, 5, 6]]
    constant = np.array([2, 0])
    assert output(ops.Gather(dim=1, index=constant), table) == [[3, 1], [6, 4]]
    assert output(ops.Gather(dim=1, index=np.array(1)), table) == [2, 5]
    assert output(ops.Gather(dim=1, index=None), table, [2, 0]) == [[3, 1], [6, 4]]
    assert output(ops.GatherElements(dim=1, index=np.array([[2], [0]])), table) == [[3], [4]]
    assert output(ops.GatherElements(dim=1, index=None), table, [[2], [0]]) == [[3], [4]]
    assert output(ops.GatherND(batch_dims=0, index=np.array([[1, 0], [0, 2]])), table) == [4, 3]
    assert output(ops.GatherND(batch_dims=0, index=None), table, [[1], [0]]) == [[4, 5, 6], [1, 2, 3]]


def test_an_index_that_is_too_large_reaches_into_the_next_row() -> None:
    result, needs = computed(ops.Gather(dim=1, index=None), [[1, 2, 3], [4, 5, 6]], [3])
    assert result == [[4], [0]]
    assert len(needs.faults) == 1


def test_scattering() -> None:
    assert output(ops.ScatterElements(dim=0, index=np.array([2, 0])), [1, 2, 3], [10, 20]) == [20, 2, 10]
    assert output(ops.ScatterElements(dim=0, index=None), [1, 2, 3], [2, 0], [10, 20]) == [20, 2, 10]
    assert output(ops.ScatterND(index=np.array([[1]])), [[1, 2], [3, 4]], [[8, 9]]) == [[1, 2], [8, 9]]
    assert output(ops.ScatterND(index=None), [[1, 2], [3, 4]], [[1, 0]], [9]) == [[1, 2], [9, 4]]
    # 0 and 3 keep their values: sorted, they are 3 apart.
    assert decomposed(ops.ScatterElements(dim=0, index=None), [0, 0, 0, 0], [1, 2], [5, 5]) == 4
    assert len(computed(ops.ScatterElements(dim=0, index=None), [0, 0, 0], [1, 1], [5, 5])[1].faults) == 1


def test_one_hot() -> None:
    assert output(ops.OneHot(dim=1, num_classes=3), [2, 0]) == [[0, 0, 1], [1, 0, 0]]
    assert len(computed(ops.OneHot(dim=1, num_classes=2), [2])[1].faults) == 1


# --- wrappers, inputs, outputs -------------------------------------------------------------------


def test_wrappers_scale_before_and_after() -> None:
    rescaled = ops.Rescaled(inner=ops.Add(), multipliers=((0, 1), (1, 4)))
    assert output(rescaled, [1], [2]) == [9]
    rebased = ops.RebaseScale(
        inner=rescaled, rebase=ops.Div(denominator=2.0), target_scale=0, original_scale=1, multiplier=2.0
    )
    assert output(rebased, [1], [2]) == [5]
    with pytest.raises(Unmodelled):
        output(ops.Unknown(reason="never heard of"), [1])


def test_inputs_and_outputs_are_decomposed_unless_range_checks_are_ignored() -> None:
    square = ops.Pow(exponent=2)
    assert run_through(square, [[3.4, -5.5]], (2,)).outputs[0].tolist() == [[9, 36]]
    assert run_through(square, [[3.4, -5.5]], (2,)).needs.decomposed.tolist() == [36]
    assert run_through(square, [[7.0]], (1,), output_visibility="private").needs.decomposed.tolist() == [7]
    fixed = run_through(square, [[7.0]], (1,), output_visibility="fixed")
    assert [fault.node for fault in fixed.needs.faults] == ["output"]
