"""Running the model against proving it."""

from __future__ import annotations

import pytest

from auditor.pricing.execution import inference_seconds, replicas
from auditor.pricing.ranges import Range


def test_an_inference_takes_longer_the_more_it_multiplies() -> None:
    small, large = inference_seconds(1_000), inference_seconds(10**9)
    assert small.low < small.mid < small.high
    assert large.mid > 1000 * small.mid
    # What was measured here lies within: 27,000 multiply-accumulates in 7 microseconds.
    assert inference_seconds(27_000).low < 7.1e-6 < inference_seconds(27_000).high


def test_replicas_are_as_many_inferences_as_a_proof_takes() -> None:
    prove, inference = Range(low=1, mid=2, high=4), Range(low=0.001, mid=0.002, high=0.01)
    found = replicas(prove, inference)
    assert (found.low, found.mid, found.high) == pytest.approx((100, 1000, 4000))
