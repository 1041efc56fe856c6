"""The algebra of axis changes, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.axis_op import (
    AxisChange,
    add,
    canonical,
    change_shape,
    merge_incoming,
    move,
    perm_to_changes,
    recip,
    reshape,
    rm,
    same_change,
    simplify,
    transform_axis,
)
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.plumbing import change_array

SHAPES = st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=4).map(tuple)


@st.composite
def changes(draw: st.DrawFn, shape: tuple[int, ...]) -> AxisChange:
    """A change that fits a shape."""
    ones = [axis for axis, dim in enumerate(shape) if dim == 1]
    kinds = ["add", "move", *(["rm"] if ones else []), *(["merge"] if len(shape) > 1 else [])]
    kind = draw(st.sampled_from(kinds))
    axes = st.integers(0, len(shape) - 1)
    if kind == "add":
        return add(draw(st.integers(0, len(shape))))
    if kind == "rm":
        return rm(draw(st.sampled_from(ones)))
    if kind == "move":
        return move(draw(axes), draw(axes))
    at = draw(st.integers(0, len(shape) - 2))
    return reshape(at, shape[at : at + 2], (shape[at] * shape[at + 1],))


def numbered(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(int(np.prod(shape))).reshape(shape)


@given(st.data(), SHAPES)
def test_the_reciprocal_undoes_a_change(data: st.DataObject, shape: tuple[int, ...]) -> None:
    change = data.draw(changes(shape))
    there = change_array(numbered(shape), change)
    back = change_array(there, recip(change))
    assert np.array_equal(back, numbered(shape))


@given(st.data(), SHAPES)
def test_simplified_changes_do_the_same(data: st.DataObject, shape: tuple[int, ...]) -> None:
    change = data.draw(changes(shape))
    array = numbered(shape)
    for step in simplify(change):
        array = change_array(array, step)
    assert np.array_equal(array, change_array(numbered(shape), change))


@given(st.data(), SHAPES)
def test_an_axis_keeps_its_size_where_it_goes(data: st.DataObject, shape: tuple[int, ...]) -> None:
    change = data.draw(changes(shape))
    after = change_shape(change, shape)
    for axis, dim in enumerate(shape):
        target = transform_axis(change, axis)
        assert target is None or after[target] == dim


@given(st.data(), SHAPES)
def test_merged_changes_commute(data: st.DataObject, shape: tuple[int, ...]) -> None:
    """op(x) and, after the input changed, own(change(x)), differ by the outgoing change."""
    change, op = canonical(data.draw(changes(shape))), canonical(data.draw(changes(shape)))
    merged = None if same_change(change, op) else merge_incoming(op, change)
    if merged is None:
        return
    own, outgoing = merged
    direct = change_array(numbered(shape), op)
    expected = direct if outgoing is None else change_array(direct, outgoing)
    changed = change_array(numbered(shape), change)
    assert np.array_equal(changed if own is None else change_array(changed, own), expected)


@given(st.permutations(list(range(5))))
def test_moves_make_the_permutation(perm: list[int]) -> None:
    array = numbered((1, 2, 3, 4, 5))
    moved = array
    for change in perm_to_changes(perm):
        moved = change_array(moved, change)
    assert np.array_equal(moved, array.transpose(perm))


def test_neighbours_swap_from_either_side() -> None:
    assert same_change(move(1, 2), move(2, 1))
    assert not same_change(move(0, 2), move(2, 0))


@pytest.mark.parametrize(
    ("change", "shape"),
    [(rm(0), (2,)), (rm(3), (1,)), (move(0, 2), (1, 2)), (reshape(0, (2, 3), (6,)), (3, 2))],
)
def test_a_change_that_does_not_fit_is_refused(change: AxisChange, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeMismatch):
        change_shape(change, shape)


def test_axes_are_ordered_by_outputs_then_inputs() -> None:
    mapping = AxesMapping.parse("mk,kn->nm")
    assert [axis.repr for axis in mapping.axes] == ["n", "m", "k"]
    assert str(mapping.renaming("m", "k")) == "km,mn->nk"


def test_implicit_output_is_numpys() -> None:
    assert str(AxesMapping.parse("ij,jk")) == "ij,jk->ik"


def test_removing_an_axis_closes_the_gap() -> None:
    mapping = AxesMapping.parse("bmk,bkn->bmn")
    assert str(mapping.remove_axis("b")) == "mk,kn->mn"
    assert str(mapping.remove_axis_occurrence(("in", 1), 0)) == "bmk,kn->bmn"
