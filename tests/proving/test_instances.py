"""The instance column, against what EZKL really puts there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.circuit.field import FIELD_MODULUS
from auditor.proving.instances import (
    InstanceGroup,
    UnknownInstances,
    as_instance,
    display,
    element_of,
    instance_groups,
    num_instances,
    pretty_public_inputs,
    rescale,
    split,
)
from tests.proving import real

TWO_OF_EACH = {"inputs": 2, "negated": True}


@pytest.fixture(scope="module")
def srs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return real.make_srs(tmp_path_factory.mktemp("srs") / "k9.srs", 9)


def proved(directory: Path, srs: Path, visibilities: tuple[str, str, str], **shape: Any) -> real.Proved:
    run_args = replace(
        real.TINY,
        logrows=9,
        input_visibility=visibilities[0],
        output_visibility=visibilities[1],
        param_visibility=visibilities[2],
    )
    return real.prove(directory, real.dense(directory / "m.onnx", **shape), srs, run_args=run_args)


@pytest.mark.parametrize(
    ("visibilities", "roles"),
    [
        (("public", "public", "fixed"), ["input"] * 2 + ["output"] * 2),
        (("private", "public", "private"), ["output"] * 2),
        (("hashed", "public", "fixed"), ["hash of input"] * 2 + ["output"] * 2),
        (("public", "hashed", "hashed"), ["hash of parameters"] + ["input"] * 2 + ["hash of output"] * 2),
        (("public", "polycommit", "hashed"), ["hash of parameters"] + ["input"] * 2),
        (("polycommit", "public", "polycommit"), ["output"] * 2),
        (("fixed", "public", "fixed"), ["output"] * 2),
        (("public", "private", "fixed"), ["input"] * 2),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_groups_and_pretty_values_are_those_of_ezkl(
    visibilities: tuple[str, str, str], roles: list[str], tmp_path: Path, srs: Path
) -> None:
    made = proved(tmp_path, srs, visibilities, **TWO_OF_EACH)
    proof = json.loads(made.proof)
    groups = instance_groups(made.settings)
    assert [group.role for group in groups] == roles
    assert num_instances(groups) == len(proof["instances"][0])
    elements = [element_of(text) for text in proof["instances"][0]]
    assert [as_instance(element) for element in elements] == proof["instances"][0]
    values = split(elements, groups)
    assert pretty_public_inputs(values) == proof["pretty_public_inputs"]
    inputs = [item for item in values if item.group.role == "input"]
    if inputs:
        given = [[rescale(round(x * 128), 7) for x in row] for row in real.data(made.model)]
        assert [list(item.values) for item in inputs] == given


def test_a_private_hash_is_refused_as_ezkl_constrains_it_to_nothing(tmp_path: Path, srs: Path) -> None:
    made = proved(tmp_path, srs, ("public", "hashed/private/0", "fixed"))
    with pytest.raises(UnknownInstances, match="does not constrain it"):
        instance_groups(made.settings)
    # The reason for it: any number in the place of the hash makes a proof that verifies.
    witness = copy.deepcopy(made.witness)
    witness["processed_outputs"]["poseidon_hash"][0] = as_instance(5)
    forged = json.loads(real.prove_witness(tmp_path, srs, witness))
    assert forged["instances"][0][-1] == as_instance(5)
    assert real.verifies(made, forged)


def settings(**changes: Any) -> dict[str, Any]:
    run_args = {"input_visibility": "Public", "output_visibility": "Public", "param_visibility": "Fixed"}
    return {
        "run_args": run_args | changes.pop("run_args", {}),
        "model_instance_shapes": [[2, 3], [4]],
        "model_input_scales": [7],
        "model_output_scales": [14],
        "module_sizes": {"polycommit": [], "poseidon": [0, [0]]},
    } | changes


def test_groups_follow_from_the_settings_alone() -> None:
    assert instance_groups(settings()) == (
        InstanceGroup(role="input", index=0, shape=(2, 3), scale=7),
        InstanceGroup(role="output", index=0, shape=(4,), scale=14),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"model_instance_shapes": [[2, 3]]},
        {"model_instance_shapes": [[2, 3], [4], [1]]},
        {"model_output_scales": [14, 14]},
        {"model_input_scales": [500]},
        {"module_sizes": {"polycommit": [], "poseidon": [0, [1]]}},
        {"run_args": {"param_visibility": "Public"}},
        {"run_args": {"input_visibility": {"Hashed": {"hash_is_public": True, "outlets": []}}}},
        {"run_args": {"output_visibility": {"Hashed": {"hash_is_public": False, "outlets": [0]}}}},
    ],
    ids=str,
)
def test_settings_that_contradict_themselves_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UnknownInstances):
        instance_groups(settings(**changes))


def test_a_model_without_parameters_has_no_hash_of_them() -> None:
    hashed = {"param_visibility": {"Hashed": {"hash_is_public": True, "outlets": []}}}
    one = {"polycommit": [], "poseidon": [84, [1]]}
    assert len(instance_groups(settings(run_args=hashed))) == 2
    groups = instance_groups(settings(run_args=hashed, module_sizes=one))
    assert [group.role for group in groups] == ["hash of parameters", "input", "output"]
    with pytest.raises(UnknownInstances):
        instance_groups(settings(run_args=hashed, module_sizes={"polycommit": [], "poseidon": [168, [2]]}))


def test_split_gives_signed_integers_and_rescaled_values() -> None:
    elements = [0, 1, FIELD_MODULUS - 1, 128, FIELD_MODULUS - 64, 2, 3, 1 << 14, FIELD_MODULUS - 1, 0]
    inputs, outputs = split(elements, instance_groups(settings()))
    assert inputs.integers == (0, 1, -1, 128, -64, 2)
    assert inputs.values == (0.0, 2**-7, -(2**-7), 1.0, -0.5, 2**-6)
    assert outputs.values == (3 / 2**14, 1.0, -1 / 2**14, 0.0)
    for count in (9, 11):
        with pytest.raises(ValueError, match="instances"):
            split([0] * count, instance_groups(settings()))


@pytest.mark.parametrize(
    "text",
    [
        FIELD_MODULUS.to_bytes(32, "little").hex(),
        "ff" * 32,
        "00" * 31,
        "00" * 33,
        "0x" + "00" * 31,
        "AB" + "00" * 31,
        "00" * 31 + "0\n",
        "٠" * 64,
        "",
        7,
        None,
    ],
    ids=str,
)
def test_an_element_has_one_spelling(text: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        element_of(text)
    assert element_of((FIELD_MODULUS - 1).to_bytes(32, "little").hex()) == FIELD_MODULUS - 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-3.0, "-3"),
        (0.75, "0.75"),
        (1e20, "100000000000000000000"),
        (2.0**-20, "0.00000095367431640625"),
        (0.1, "0.1"),
        (-1e-7, "-0.0000001"),
    ],
)
def test_display_writes_as_rust_does(value: float, text: str) -> None:
    assert display(value) == text
