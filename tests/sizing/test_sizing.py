"""Laws and worked examples of columns, lookup arguments, selectors, einsums and logrows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize, EinsumEquation, ModuleSizes, RequiredLookup
from auditor.sizing import (
    NoLogrows,
    artifacts,
    calibrated_logrows,
    constraint_system,
    limits_exceeded,
    minimal_logrows,
)
from auditor.sizing.columns import num_blocks, num_table_columns
from auditor.sizing.freivalds import freivalds_use, plan_reductions
from auditor.sizing.selectors import Enabled, Selector, SimpleSelectors, merge


def size(**changes: object) -> CircuitSize:
    """A small circuit with one decomposition, as EZKL's defaults make it."""
    circuit = CircuitSize(
        num_rows=100,
        total_assignments=200,
        total_const_size=20,
        total_const_size_bounds=(20, 20),
        total_dynamic_col_size=0,
        max_dynamic_input_len=0,
        num_dynamic_lookups=0,
        num_shuffles=0,
        total_shuffle_col_size=0,
        total_einsum_col_size=0,
        einsum_equations=(),
        required_lookups=(),
        required_range_checks=((-1, 1), (0, 16383)),
        module_sizes=ModuleSizes(),
        model_instance_shapes=((1, 3), (1, 3)),
        layers=(),
    )
    return replace(circuit, **changes)  # type: ignore[arg-type]


def test_worked_example() -> None:
    """A ReLU at k = 15: the numbers of a real verifying key (12 fixed columns, 3072 bytes of proof)."""
    system = constraint_system(size(), RunArgs(logrows=15))
    assert system.num_advice_columns == 6  # two inputs, one output, two inner columns
    # 1 constants + 2 tables + 4 complex selectors (2 tables x 2 columns) + 5 merged from 12 simple ones
    assert system.num_fixed_columns == 1 + 2 + 4 + 5
    assert system.num_selectors == 12 + 4
    assert system.num_permutation_columns == 6 + 1 + 1
    assert system.num_lookup_arguments == 4
    assert system.degree == 5  # 3 + a looked-up value of degree 2
    assert system.extended_logrows == 17
    assert artifacts(system).proof_bytes == 3072
    assert system.exact


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_blocks_hold_their_cells_and_a_repeat_each(cells: int, capacity: int) -> None:
    blocks = num_blocks(cells, capacity)
    if capacity > 1:
        assert blocks * capacity >= cells
    assert num_blocks(cells + 1, capacity) >= blocks >= 1


def test_table_columns() -> None:
    assert num_table_columns(0, 16383, 15) == 1
    # 2^14 - 8 values fit a column; 16383 // 16376 + 1
    assert num_table_columns(0, 16383, 14) == 2
    assert num_table_columns(-32768, 32768, 17) == 1
    with pytest.raises(ValueError, match="no usable rows"):
        num_table_columns(0, 1, 3)


@pytest.mark.parametrize(
    ("columns", "degree"), [(1, 5), (2, 5), (3, 5), (4, 6), (8, 10)], ids=lambda value: str(value)
)
def test_degree_grows_with_inner_columns(columns: int, degree: int) -> None:
    """The running product over a row of c cells: selector, product so far, c values."""
    system = constraint_system(size(), RunArgs(logrows=15, num_inner_cols=columns))
    assert system.degree == degree


@pytest.mark.parametrize(("logrows", "degree"), [(15, 5), (14, 6), (13, 7), (12, 9), (11, 13)])
def test_degree_grows_with_the_columns_of_a_table(logrows: int, degree: int) -> None:
    """4 and one for each column: 1, 2, 3, 5 and 9 columns."""
    assert constraint_system(size(), RunArgs(logrows=logrows)).degree == degree


def test_lookups_share_their_inputs() -> None:
    tables = tuple(RequiredLookup(function=name, parameters=(("scale", 128.0),)) for name in ("Exp", "Ln"))
    without = constraint_system(size(), RunArgs())
    one = constraint_system(size(required_lookups=tables[:1]), RunArgs())
    two = constraint_system(size(required_lookups=tables), RunArgs())
    # Input and output column and two selectors; then an output column and two selectors.
    assert one.num_fixed_columns - without.num_fixed_columns == 2 + 2
    assert two.num_fixed_columns - one.num_fixed_columns == 1 + 2
    assert one.num_lookup_arguments - without.num_lookup_arguments == 2


@settings(max_examples=50, deadline=None)
@given(
    st.integers(8, 20),
    st.integers(1, 8),
    st.integers(0, 10**5),
    st.integers(0, 10**4),
    st.booleans(),
)
def test_laws(logrows: int, columns: int, assignments: int, dynamic: int, shuffles: bool) -> None:
    run_args = RunArgs(logrows=logrows, num_inner_cols=columns)
    circuit = size(
        total_assignments=assignments,
        total_dynamic_col_size=dynamic,
        num_dynamic_lookups=min(dynamic, 1),
        num_shuffles=int(shuffles),
    )
    system = constraint_system(circuit, run_args)
    low, high = system.fixed_columns_bounds
    assert low <= system.num_fixed_columns <= high
    assert system.exact == (low == high) == (system.inexact_reason is None)
    assert system.num_extended_rows >= system.num_rows * (system.degree - 1)
    sizes = artifacts(system)
    assert sizes.verifying_key_bytes < sizes.proving_key_bytes
    assert sizes.proving_key_bounds[0] <= sizes.proving_key_bytes <= sizes.proving_key_bounds[1]
    more = constraint_system(replace(circuit, total_assignments=assignments + 1000), run_args)
    assert more.num_advice_columns >= system.num_advice_columns


def test_unknown_constants_give_bounds() -> None:
    known = constraint_system(size(total_const_size=10, total_const_size_bounds=(10, 10)), RunArgs())
    same = constraint_system(size(total_const_size=None, total_const_size_bounds=(1, 1000)), RunArgs())
    assert same == known  # one column either way
    unknown = constraint_system(size(total_const_size=None, total_const_size_bounds=(1, 10**6)), RunArgs())
    assert not unknown.exact
    assert unknown.fixed_columns_bounds == (known.num_fixed_columns, known.num_fixed_columns + 7)


# --- selectors -----------------------------------------------------------------------------


def test_selectors_of_one_block_merge_the_same_whatever_the_rows() -> None:
    selectors = SimpleSelectors(inner_columns=2, blocks=1)
    merged = merge(selectors, selectors.count, 5)
    assert merged.low == merged.expected == merged.high == 5


def test_selectors_in_no_gate_cost_a_column_each() -> None:
    orphan = Selector(gate="dot", area="einsum", block=0, inner=None, degree=0, enabled=Enabled.NEVER)
    assert merge([orphan] * 7, 7, 5).expected == 7


def test_very_many_selectors_keep_certain_bounds() -> None:
    many = SimpleSelectors(inner_columns=2, blocks=1000)
    merged = merge(many, many.count, 5)
    assert math.ceil(many.count / 4) <= merged.low <= merged.expected <= merged.high <= many.count


# --- einsum --------------------------------------------------------------------------------


def test_reductions_of_a_matrix_product() -> None:
    """ij,jk->ik: combine i, combine k, then a dot product over j."""
    steps = plan_reductions(("ij", "jk"), "ik")
    assert [(step.axis, step.is_linear_combination, step.output_axes) for step in steps] == [
        ("i", True, "j"),
        ("k", True, "j"),
        ("j", False, ""),
    ]


def test_reductions_of_an_axis_shared_with_the_output() -> None:
    """EZKL's own example, in its comment: bn,anm,bm->ba."""
    steps = plan_reductions(("bn", "anm", "bm"), "ba")
    assert [(step.axis, step.output_axes) for step in steps] == [
        (None, "bmn"),
        ("b", "mn"),
        ("a", "mn"),
        ("m", "n"),
        ("n", ""),
    ]


def test_reduction_length_of_a_matrix_product() -> None:
    equation = EinsumEquation(equation="ij,jk->ik", dims=(("i", 6), ("j", 8), ("k", 5)), count=3)
    use = freivalds_use([equation])
    # The output: k for each i, then i. The inputs: 8 x 6, 8 x 5, 8.
    assert use.reduction_length == 3 * ((5 * 6 + 6) + (48 + 40 + 8))
    assert use.num_challenges == 2
    assert ("dot", "both second", 0) in use.gates


def test_axes_of_size_one_do_not_count() -> None:
    squeezed = EinsumEquation(equation="ij,jk->ik", dims=(("i", 1), ("j", 8), ("k", 5)), count=1)
    assert freivalds_use([squeezed]).gates == frozenset()


# --- logrows -------------------------------------------------------------------------------


def test_minimal_logrows_is_bound_by_the_widest_table() -> None:
    choice = minimal_logrows(size(), RunArgs())
    # 16383 // (2^11 - 8) + 1 = 9 columns; at k = 10 it would be 17.
    assert (choice.logrows, choice.binding.name) == (11, "tables")


@pytest.mark.parametrize(("instances", "logrows"), [(58, 6), (59, 7), (122, 7), (123, 8)])
def test_instances_share_a_column_with_blinding(instances: int, logrows: int) -> None:
    circuit = size(model_instance_shapes=((instances,),), required_range_checks=((-1, 1), (0, 127)))
    choice = minimal_logrows(circuit, RunArgs())
    assert choice.logrows == logrows


def test_nothing_fits_more_instances_than_the_largest_srs() -> None:
    circuit = size(model_instance_shapes=((1 << 26,),))
    with pytest.raises(NoLogrows, match="public values"):
        minimal_logrows(circuit, RunArgs())
    assert "public values" in limits_exceeded(circuit, RunArgs(logrows=26))[0]


def test_the_extended_domain_is_limited() -> None:
    assert limits_exceeded(size(), RunArgs(logrows=26)) == ()
    (problem,) = limits_exceeded(size(), RunArgs(logrows=26, num_inner_cols=4))
    assert "2^29" in problem
    (problem,) = limits_exceeded(size(), RunArgs(logrows=27))
    assert "SRS" in problem


def test_a_minimal_logrows_is_within_the_limits_and_one_less_is_not() -> None:
    circuit = size(module_sizes=ModuleSizes(poseidon_rows=5000, poseidon_instances=1))
    run_args = RunArgs(input_visibility="hashed")
    choice = minimal_logrows(circuit, run_args)
    assert (choice.logrows, choice.binding.name) == (13, "poseidon")
    assert limits_exceeded(circuit, run_args.with_changes(logrows=13)) == ()
    assert limits_exceeded(circuit, run_args.with_changes(logrows=12)) != ()


@pytest.mark.parametrize(
    ("changes", "logrows", "binding"),
    [
        ({}, 15, "tables"),  # 16383 + 9 > 2^14
        ({"num_rows": 40_000}, 16, "rows"),
        ({"total_const_size_bounds": (200_000, 200_000)}, 17, "constants"),
        ({"total_einsum_col_size": 300_000}, 18, "einsum"),
        ({"total_dynamic_col_size": 70_000}, 17, "dynamic lookups"),
    ],
)
def test_calibrated_logrows(changes: dict[str, object], logrows: int, binding: str) -> None:
    choice = calibrated_logrows(size(**changes), RunArgs())
    assert (choice.logrows, choice.binding.name) == (logrows, binding)


def test_no_table_is_too_wide_to_say_so() -> None:
    """The widest digits that EZKL's 128-bit integers hold."""
    with pytest.raises(NoLogrows, match="which needs logrows 123; the largest SRS has 26"):
        minimal_logrows(size(required_range_checks=((0, 2**126),)), RunArgs())


def test_calibration_says_what_lowered_its_choice() -> None:
    choice = calibrated_logrows(size(num_rows=10**9), RunArgs(num_inner_cols=4))
    assert (choice.logrows, choice.binding.name) == (25, "extended domain")
    assert "2^29" in choice.binding.reason


def test_calibration_respects_a_maximum() -> None:
    assert calibrated_logrows(size(num_rows=10**6), RunArgs(), max_logrows=12).logrows == 12
