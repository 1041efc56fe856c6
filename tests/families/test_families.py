"""The generators: the same model for the same seed, valid ONNX, and every family in turn."""

from __future__ import annotations

import onnx
import pytest

from tests import families

SEEDS = range(4 * len(families.FAMILIES))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_is_valid_and_a_function_of_its_seed(seed: int) -> None:
    one, again = families.random_model(seed), families.random_model(seed)
    assert one == again
    onnx.checker.check_model(onnx.load_from_string(one.model), full_check=True)


def test_families_take_turns() -> None:
    assert {families.random_model(seed).family for seed in range(len(families.FAMILIES))} == set(
        families.FAMILIES
    )


def test_models_are_small() -> None:
    assert max(len(families.random_model(seed).model) for seed in SEEDS) < 200_000
