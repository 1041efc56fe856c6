"""What is computed in closed form, or of a few selectors at a time, against counting one by one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize, EinsumEquation, ModuleSizes, RequiredLookup
from auditor.sizing import constraint_system, minimal_logrows
from auditor.sizing.degree import domain
from auditor.sizing.freivalds import freivalds_use
from auditor.sizing.lookup_arguments import LookupTables, inputs_per_argument, required_degree
from auditor.sizing.selectors import SimpleSelectors
from tests.sizing import reference

MOST_MERGED = 2048
"""How many selectors are merged one by one."""

EQUATIONS = ("ij,jk->ik", "bn,anm,bm->ba", "ij->i", "ij,ij->ij", "bij,bjk->bik", "i,i->")


@st.composite
def equations(draw: st.DrawFn) -> EinsumEquation:
    equation = draw(st.sampled_from(EQUATIONS))
    axes = sorted({axis for axis in equation if axis.isalpha()})
    lengths = st.sampled_from((1, 2, 3, 7))
    dims = tuple((axis, draw(lengths)) for axis in axes)
    return EinsumEquation(equation=equation, dims=dims, count=draw(st.integers(1, 3)))


@st.composite
def circuits(draw: st.DrawFn) -> tuple[CircuitSize, RunArgs]:
    """A circuit of a few blocks, with any mix of tables, hashes and Freivalds' argument."""
    hashed, num_shuffles = draw(st.booleans()), draw(st.integers(0, 1))
    einsums = draw(st.lists(equations(), max_size=3))
    spans = st.sampled_from((1, 127, 300))
    constants = draw(st.integers(0, 200))
    size = CircuitSize(
        num_rows=10,
        total_assignments=draw(st.integers(1, 1500)),
        total_const_size=constants,
        total_const_size_bounds=(constants, constants),
        total_dynamic_col_size=0,
        max_dynamic_input_len=0,
        num_dynamic_lookups=draw(st.integers(0, 2)),
        num_shuffles=num_shuffles,
        total_shuffle_col_size=draw(st.integers(1, 300)) * num_shuffles,
        total_einsum_col_size=draw(st.sampled_from((0, 50))) if einsums else 0,
        einsum_equations=tuple(einsums),
        required_lookups=tuple(
            RequiredLookup(function=f"f{index}") for index in range(draw(st.integers(0, 2)))
        ),
        required_range_checks=tuple((0, draw(spans)) for _ in range(draw(st.integers(0, 2)))),
        module_sizes=ModuleSizes(poseidon_rows=9 * hashed, poseidon_instances=int(hashed)),
        model_instance_shapes=((1, 3),),
        layers=(),
    )
    run_args = RunArgs(
        logrows=draw(st.integers(6, 9)),
        num_inner_cols=draw(st.integers(1, 5)),
        lookup_range=(-100, 100),
        input_visibility="hashed" if hashed else "public",
    )
    return size, run_args


@settings(max_examples=150, deadline=None)
@given(circuits())
def test_systems_are_those_counted_one_by_one(circuit: tuple[CircuitSize, RunArgs]) -> None:
    size, run_args = circuit
    rows, c = 2**run_args.logrows - 6, run_args.num_inner_cols
    use = freivalds_use(size.einsum_equations) if size.total_einsum_col_size else None
    length = use.reduction_length if use else 0
    selectors = reference.simple_selectors(
        c,
        reference.blocks_of(size.total_assignments, rows * c),
        size.module_sizes.poseidon_instances > 0,
        reference.blocks_of(length, rows * c) if length else 0,
        use,
    )
    degree, num_arguments = reference.degree(size, run_args, selectors)

    system = constraint_system(size, run_args)
    assert system.num_simple_selectors == len(selectors)
    assert system.num_lookup_arguments == num_arguments
    reached = domain(size, run_args)
    assert system.degree == reached.degree == degree
    assert system.extended_logrows == reached.extended_logrows

    counts = [
        reference.merged_columns(selectors[:MOST_MERGED], degree, on)
        for on in (set[str](), {"usually"}, {"usually", "rarely"})
    ]
    if len(selectors) <= MOST_MERGED:
        unmerged = system.num_fixed_columns - counts[1]
        assert system.fixed_columns_bounds == (unmerged + min(counts), unmerged + max(counts))
    else:  # the rest is taken to merge like the first, within bounds that are certain
        unmerged = system.num_fixed_columns - counts[1] * len(selectors) // MOST_MERGED
        least = -(-len(selectors) // (degree - 1))
        assert system.fixed_columns_bounds == (unmerged + least, unmerged + len(selectors))
    assert system.num_selectors - system.num_simple_selectors <= unmerged


@given(st.integers(1, 12), st.integers(1, 6), st.booleans(), st.integers(0, 6), st.integers(0, 4))
def test_the_number_of_selectors(
    blocks: int, inner_columns: int, has_poseidon: bool, einsum_blocks: int, challenges: int
) -> None:
    axes = "abcd"[:challenges]
    equation = EinsumEquation(equation=f"{axes}->{axes}", dims=tuple((axis, 2) for axis in axes), count=1)
    selectors = SimpleSelectors(
        inner_columns=inner_columns,
        blocks=blocks,
        has_poseidon=has_poseidon,
        einsum_blocks=einsum_blocks,
        use=freivalds_use([equation]) if einsum_blocks else None,
    )
    assert selectors.count == len(list(selectors))


@given(st.integers(1, 2), st.integers(2, 40), st.integers(3, 200))
def test_inputs_per_argument_are_as_many_as_fit(table: int, value: int, degree: int) -> None:
    tables = LookupTables(num_tables=1, num_inputs=9, table_degree=table, input_degree=value)
    together = 1
    while required_degree(tables, together) + value <= degree:
        together += 1
    assert inputs_per_argument(tables, degree) == together


@pytest.mark.parametrize("cells", [10**9, 10**18])
def test_billions_of_rows_take_no_longer(cells: int) -> None:
    """Hundreds of thousands of blocks, then more than any list could hold."""
    equation = EinsumEquation(
        equation="ij,jk->ik", dims=(("i", 500), ("j", 500), ("k", 500)), count=max(1, cells // 10**6)
    )
    constants = cells // 1000
    size = CircuitSize(
        num_rows=cells,
        total_assignments=cells,
        total_const_size=constants,
        total_const_size_bounds=(constants, constants),
        total_dynamic_col_size=cells,
        max_dynamic_input_len=50,
        num_dynamic_lookups=9,
        num_shuffles=9,
        total_shuffle_col_size=cells,
        total_einsum_col_size=cells,
        einsum_equations=(equation,),
        required_lookups=(RequiredLookup(function="Exp"),),
        required_range_checks=((0, 2**60),),
        module_sizes=ModuleSizes(polycommit=(cells,)),
        model_instance_shapes=((1, 3),),
        layers=(),
    )
    started = time.process_time()
    system = constraint_system(size, RunArgs(logrows=7))
    assert system.num_simple_selectors > cells // 100
    narrow = replace(size, required_range_checks=((0, 127),), required_lookups=())
    assert minimal_logrows(narrow, RunArgs()).logrows == 6
    assert time.process_time() - started < 1
