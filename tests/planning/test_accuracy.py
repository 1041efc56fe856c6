"""The numbers people know, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.planning.accuracy import accuracy, has_classes, output_range

TRUTH = np.array([[0.0, 1.0, 3.0], [2.0, 0.0, -1.0]])


def test_errors_are_told_in_units_of_the_range() -> None:
    found = accuracy([TRUTH + np.array([[0.0, 0.2, 0.0], [0.0, 0.0, -0.1]])], [TRUTH])
    assert found.max_abs_error == pytest.approx(0.2)
    assert found.mean_abs_error == pytest.approx(0.3 / 6)
    assert found.relative_error == pytest.approx(0.2 / 4)
    assert found.agreement == 1


def test_of_whole_numbers_it_counts_how_many_differ() -> None:
    truth = np.array([[3], [7], [1], [0]])
    found = accuracy([np.array([[3.0], [9.0], [1.0], [0.0]])], [truth])
    assert (found.max_abs_error, found.relative_error, found.agreement) == (2.0, 0.25, None)


def test_a_row_that_changes_its_class_counts() -> None:
    answer = TRUTH.copy()
    answer[1] = [0.0, 0.1, 0.0]
    assert accuracy([answer], [TRUTH]).agreement == 0.5


def test_the_worst_output_speaks() -> None:
    found = accuracy([TRUTH, TRUTH + 1], [TRUTH, TRUTH])
    assert (found.max_abs_error, found.relative_error) == (1, 0.25)


def test_shapes_may_differ_and_sizes_may_not() -> None:
    assert accuracy([TRUTH.reshape(2, 3, 1)], [TRUTH]).max_abs_error == 0
    with pytest.raises(ValueError, match="where the model has 6"):
        accuracy([TRUTH[:, :2]], [TRUTH])


@pytest.mark.parametrize(
    ("values", "expected"), [([1.0, 1.0], 1.0), ([-4.0, -4.0], 4.0), ([0.0, 0.0], 1.0), ([-1.0, 2.0], 3.0)]
)
def test_the_range_of_numbers_that_are_all_alike_is_their_magnitude(
    values: list[float], expected: float
) -> None:
    assert output_range(np.array(values)) == expected


def test_what_looks_like_a_classifier() -> None:
    assert has_classes(np.zeros((5, 1, 10)))
    assert has_classes(np.zeros((5, 10)))
    assert has_classes(np.zeros((5, 24, 8)))
    assert not has_classes(np.zeros((5, 1, 1)))
    assert not has_classes(np.zeros((5, 1, 8, 8)))
    assert not has_classes(np.zeros((5, 10), np.int64))
