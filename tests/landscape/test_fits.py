"""Power laws: found again, told to be wrong by as much as they were, and never asked too far out."""

from __future__ import annotations

import math

import pytest

from auditor.landscape import fits

EXACT = [(x, 3.0 * x**0.7) for x in (2.0, 5.0, 40.0, 900.0)]
ROUGH = [(1.0, 10.0), (10.0, 150.0), (100.0, 700.0), (1000.0, 15_000.0)]


def test_a_power_law_is_found_back() -> None:
    law = fits.fit(EXACT)
    assert law is not None
    assert law.exponent == pytest.approx(0.7)
    assert law.factor == pytest.approx(3.0)
    assert fits.error(EXACT) == (pytest.approx(1.0), pytest.approx(1.0))


def test_left_out_rows_are_predicted_by_the_others_alone() -> None:
    """Of three points the two that stay make the law: geometry tells what it says of the third."""
    first, middle, last = fits.left_out([(1.0, 1.0), (10.0, 10.0), (100.0, 400.0)])
    assert middle == pytest.approx(20.0)
    assert first == pytest.approx(10.0 / 40.0)
    assert last == pytest.approx(100.0)
    assert fits.error([(1.0, 1.0), (10.0, 10.0), (100.0, 400.0)]) == (
        pytest.approx(0.25),
        pytest.approx(2.0),
    )


def test_the_range_is_the_worst_error_to_either_side_and_more_for_few_rows() -> None:
    least, most = fits.error(ROUGH) or (0.0, 0.0)
    predicted = fits.predict(ROUGH, 30.0)
    assert predicted is not None
    factor = max(most, 1 / least) ** (5 / 3)
    assert predicted.mid / predicted.low == pytest.approx(factor)
    assert predicted.high / predicted.mid == pytest.approx(factor)
    assert not predicted.extrapolated


def test_beyond_the_ends_the_range_widens_with_the_distance() -> None:
    widths = []
    for x in (1000.0, 2000.0, 30_000.0, 900_000.0):
        predicted = fits.predict(ROUGH, x)
        assert predicted is not None
        assert predicted.extrapolated == (x > 1000.0)
        widths.append(predicted.high / predicted.low)
    assert widths == sorted(widths)
    assert widths[-1] == pytest.approx(widths[0] ** (1 + math.log(900) / math.log(1000)))
    assert fits.predict(ROUGH, 1_000_001.0) is None
    assert fits.predict(ROUGH, 1 / 1001) is None


def test_two_rows_interpolate_with_an_unknown_error_and_say_nothing_beyond() -> None:
    two = [(1.0, 5.0), (100.0, 500.0)]
    assert fits.error(two) is None
    assert fits.left_out(two) == (None, None)
    predicted = fits.predict(two, 10.0)
    assert predicted is not None
    assert (predicted.low, predicted.high) == (5.0, 500.0)
    assert predicted.mid == pytest.approx(50.0)
    assert fits.predict(two, 101.0) is None


@pytest.mark.parametrize("points", [[], [(3.0, 4.0)], [(3.0, 4.0), (3.0, 5.0)]])
def test_less_than_two_places_make_no_law(points: list[fits.Point]) -> None:
    assert fits.fit(points) is None
    assert fits.predict(points, 3.0) is None
    assert fits.error(points) is None
