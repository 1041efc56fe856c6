"""Verification: every check with a bundle that passes it and one that does not."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.circuit.field import FIELD_MODULUS
from auditor.errors import InternalFailure, UsageError
from auditor.ezkl import Rejected
from auditor.guard import Limits
from auditor.proving import strict_json
from auditor.proving.checks import ezkl_proof
from auditor.proving.checks.srs_file import UNSAFE_WARNING
from auditor.proving.instances import as_instance
from auditor.proving.manifest import FILES, encode
from auditor.proving.srs import ceremony_sha256, public_verifier_srs
from auditor.sizing import constraint_system
from auditor.verify import EvmAnswer, VerifyOptions, key_shape, sized_settings
from tests.proving import real
from tests.proving.bundling import Clerk, Parts, failures, outcome, overwrite, parts, rehash, sha256
from tests.sizing.settings import circuit_size_of, run_args_of

REAL_RUNS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "sizing" / "real_runs.jsonl").read_text("utf-8").splitlines()
]

CHEAP = [
    "bundle",
    "hashes",
    "versions",
    "settings",
    "verifying key",
    "proof shape",
    "instances",
    "claims",
    "srs",
]


@pytest.fixture
def honest(tiny_proof: real.Proved) -> Parts:
    return parts(tiny_proof)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "bundle"


# --- an honest bundle ----------------------------------------------------------------------


def test_an_honest_bundle_passes_every_check_that_was_asked_for(
    honest: Parts, place: Path, clerk: Clerk
) -> None:
    found = clerk.verify(honest.write(place))
    assert found.ok
    assert [check.name for check in found.checks if check.status == "pass"] == [*CHEAP, "proof"]
    assert [(check.name, check.asked) for check in found.checks if check.status == "not run"] == [
        (name, False) for name in ("model", "circuit", "model settings", "model key", "outputs", "evm")
    ]
    assert found.warnings == (UNSAFE_WARNING,)
    assert found.manifest is not None
    assert all(check.reason.isprintable() for check in found.checks)


def test_the_model_passes_with_its_srs_and_is_not_run_without(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    honest.write(place)
    options = VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs)
    found = clerk.verify(place, options)
    assert found.ok, [check for check in found.checks if check.status != "pass"]
    for name in ("model", "circuit", "model settings", "model key", "outputs"):
        assert outcome(found, name)[0] == "pass"
    without = clerk.verify(place, replace(options, srs=None))
    assert not without.ok
    assert outcome(without, "model key")[0] == "not run"
    assert "--srs" in outcome(without, "model key")[1]
    assert failures(without) == []
    cached = clerk.verify(place, replace(options, srs=None), find_srs=lambda manifest: tiny_proof.srs)
    assert cached.ok


def test_nothing_private_is_left_in_the_workspace(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    clerk.verify(honest.write(place), VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs))
    assert sorted(path.name for path in clerk.workspace.iterdir()) == sorted(FILES)


def test_hashed_and_private_values_pass_too(tmp_path: Path, place: Path, clerk: Clerk) -> None:
    srs = real.make_srs(tmp_path / "k9.srs", 9)
    run_args = replace(real.TINY, logrows=9, input_visibility="hashed", output_visibility="public")
    made = real.prove(tmp_path / "hashed", real.dense(tmp_path / "m.onnx"), srs, run_args=run_args)
    bundle = parts(made).write(place)
    found = clerk.verify(bundle, VerifyOptions(model=made.model, srs=srs))
    assert found.ok, [check for check in found.checks if check.status != "pass"]
    assert found.manifest is not None
    assert len(found.manifest.public.hashes) == 1
    assert outcome(found, "outputs") == (
        "not run",
        "the inputs are not public, so there is nothing to compare",
    )


# --- bundle, hashes, versions --------------------------------------------------------------


def test_no_bundle_at_all_is_a_usage_error(tmp_path: Path, clerk: Clerk) -> None:
    with pytest.raises(UsageError):
        clerk.verify(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["manifest.json", *FILES])
def test_a_truncated_an_oversized_and_an_empty_file_are_rejected(
    name: str, honest: Parts, place: Path, clerk: Clerk
) -> None:
    honest.write(place)
    data = (place / name).read_bytes()
    for other in (data[:-1], data + b"\0", data + data, b""):
        overwrite(place, name, other)
        found = clerk.verify(place)
        assert not found.ok
        assert failures(found) in (["bundle"], ["hashes"])
        assert outcome(found, "proof")[0] == "not run"
    assert clerk.asked == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_bundle_is_rejected(
    name: str, honest: Parts, other_proof: real.Proved, place: Path, tmp_path: Path, clerk: Clerk
) -> None:
    honest.write(place)
    stranger = parts(other_proof).write(tmp_path / "other")
    shutil.copy(stranger / name, place / name)
    same = name in ("settings.json", "verifier.srs")  # models of the same size, and one SRS
    assert clerk.verify(place).ok == same


def test_single_flipped_bits_are_rejected_without_asking_ezkl(
    honest: Parts, place: Path, clerk: Clerk
) -> None:
    honest.write(place)
    generator = random.Random(20)
    for name in ("manifest.json", *FILES):
        data = (place / name).read_bytes()
        for _ in range(60):
            position, bit = generator.randrange(len(data)), generator.randrange(8)
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            overwrite(place, name, bytes(changed))
            assert not clerk.verify(place).ok, (name, position, bit)
        overwrite(place, name, data)
    assert clerk.asked == []
    assert clerk.verify(place).ok


def test_another_ezkl_is_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    tool = replace(honest.manifest.tool, ezkl_version="22.0.0")
    found = clerk.verify(replace(honest, manifest=replace(honest.manifest, tool=tool)).write(place))
    assert failures(found) == ["versions"]
    assert outcome(found, "settings")[0] == "not run"


# --- forged, with a manifest that fits -----------------------------------------------------


def rejected(forged: Parts, place: Path, clerk: Clerk, check: str, reason: str = "") -> None:
    """The bundle fails in one check for one reason, and EZKL is asked only when that is the check."""
    found = clerk.verify(forged.write(place))
    assert not found.ok
    assert failures(found) == [check]
    assert reason in outcome(found, check)[1]
    assert bool(clerk.asked) == (check == "proof")


def changed(settings: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    settings = copy.deepcopy(settings)
    place: Any = settings
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return settings


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), "22.0.0"),
        (("timestamp",), 1795254393136),
        (("timestamp",), None),
        (("unknown",), 1),
        (("num_rows",), 249),
        (("num_rows",), "248"),
        (("num_rows",), 248.0),
        (("num_rows",), True),
        (("num_rows",), -1),
        (("num_rows",), 1 << 70),
        (("num_blinding_factors",), 5),
        (("run_args", "logrows"), 9),
        (("run_args", "logrows"), 0),
        (("run_args", "logrows"), 1 << 40),
        (("run_args", "num_inner_cols"), 1 << 30),
        (("run_args", "decomp_base"), 64),
        (("run_args", "input_visibility"), "Secret"),
        (("run_args", "input_visibility"), {"Hashed": {"hash_is_public": 1, "outlets": []}}),
        (("run_args", "input_visibility"), {"Hashed": {"hash_is_public": False, "outlets": [0]}}),
        (("run_args", "output_visibility"), "Private"),
        (("run_args", "epsilon"), 1.0),
        (("run_args", "more"), 1),
        (("model_instance_shapes",), [[1, 3]]),
        (("model_instance_shapes",), [[1, 3], [1 << 40, 1 << 40]]),
        (("model_instance_shapes",), [[1, 3], [1] * 65]),
        (("model_output_scales",), [7, 7]),
        (("module_sizes", "poseidon"), [0, [1]]),
        (("module_sizes", "poseidon"), [0, [0, 0]]),
        (("required_lookups",), [7]),
        (("required_lookups",), [{"Sigmoid": {"scale": "x"}}]),
        (("required_range_checks",), [[0, 1 << 60]]),
        (("required_range_checks",), [[0, 1, 2]]),
        (("einsum_params", "equations"), [["ab,ab->" * 9, {}]]),
        (("einsum_params", "equations"), [["ab,ab->a", {"a": 1}]]),
    ],
    ids=str,
)
def test_settings_that_are_wrong_are_rejected(
    path: tuple[str | int, ...], value: Any, honest: Parts, place: Path, clerk: Clerk
) -> None:
    rejected(replace(honest, settings=changed(honest.settings, path, value)), place, clerk, "settings")


def test_settings_no_circuit_has_are_rejected_in_bounded_time(
    honest: Parts, place: Path, clerk: Clerk
) -> None:
    """Numbers as large as the checks let through, with a manifest that agrees."""
    largest = 1 << 48
    for path, value in (
        (("total_assignments",), largest),
        (("required_range_checks",), [[-largest, largest]]),
        (("total_const_size",), largest),
        (("num_shuffles",), largest),
        (("einsum_params", "total_einsum_col_size"), largest),
        (("required_lookups",), ["Abs"] * 1000),
        (("run_args", "num_inner_cols"), 4096),
    ):
        forged = replace(honest, settings=changed(honest.settings, path, value))
        if path[0] == "run_args":
            run_args = replace(honest.manifest.run_args, num_inner_cols=4096)
            forged = replace(forged, manifest=replace(honest.manifest, run_args=run_args))
        shutil.rmtree(place, ignore_errors=True)
        found = clerk.verify(forged.write(place))
        assert not found.ok, path
        assert failures(found)[0] in ("settings", "verifying key", "proof shape"), path
    assert clerk.asked == []


def test_a_wrong_count_in_the_manifest_is_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    for change in ({"logrows": 9}, {"num_rows": 1}, {"degree": 6}, {"num_instances": 6}):
        circuit = replace(honest.manifest.circuit, **change)  # type: ignore[arg-type]
        forged = replace(honest, manifest=replace(honest.manifest, circuit=circuit))
        shutil.rmtree(place, ignore_errors=True)
        rejected(forged, place, clerk, "settings")


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda key: key[:6], "shorter than its header"),
        (lambda key: b"\x02" + key[1:], "format"),
        (lambda key: key[:1] + b"\x09" + key[2:], "logrows"),
        (lambda key: key[:2] + b"\x00" + key[3:], "format"),
        (lambda key: key[:3] + b"\x09" + key[4:], "fixed columns"),
        (lambda key: key[:3] + b"\xff\xff\xff\xff" + key[7:], "fixed columns"),
        (lambda key: key + b"\0", "bytes"),
        (lambda key: key[:-1], "bytes"),
        (lambda key: key[:7] + bytes([key[7] ^ 1]) + key[8:], "point 0"),
        (lambda key: key[:7] + b"\xff" * 64 + key[71:], "point 0"),
    ],
    ids=range(10),
)
def test_a_key_of_another_form_is_rejected(
    forge: Callable[[bytes], bytes], reason: str, honest: Parts, place: Path, clerk: Clerk
) -> None:
    rejected(replace(honest, key=forge(honest.key)), place, clerk, "verifying key", reason)


def test_a_key_of_other_points_is_rejected_by_ezkl(honest: Parts, place: Path, clerk: Clerk) -> None:
    key = honest.key
    rejected(replace(honest, key=key[:7] + key[71:135] + key[7:71] + key[135:]), place, clerk, "proof")


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda proof: {"proof": [*proof["proof"], *[0] * 32]}, "bytes, and the circuit asks for"),
        (lambda proof: {"proof": proof["proof"][:-1]}, "bytes, and the circuit asks for"),
        (lambda proof: {"proof": [256, *proof["proof"][1:]]}, "list of bytes"),
        (lambda proof: {"proof": [True, *proof["proof"][1:]]}, "list of bytes"),
        (lambda proof: {"proof": "00"}, "list of bytes"),
        (lambda proof: {"hex_proof": proof["hex_proof"].upper()}, "hex_proof"),
        (lambda proof: {"hex_proof": None}, "hex_proof"),
        (lambda proof: {"version": "22"}, "EZKL"),
        (lambda proof: {"split": {"start": 0, "end": 1}}, "split"),
        (lambda proof: {"protocol": {}}, "protocol"),
        (lambda proof: {"more": 1}, "fields"),
    ],
    ids=range(11),
)
def test_a_proof_of_another_form_is_rejected(
    forge: Callable[[dict[str, Any]], dict[str, Any]], reason: str, honest: Parts, place: Path, clerk: Clerk
) -> None:
    rejected(honest.with_proof(**forge(honest.proof)), place, clerk, "proof shape", reason)


def test_a_proof_in_another_spelling_is_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    for spell in (
        lambda data: data + b"\n",
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda data: data.replace(b'"timestamp":null', b'"timestamp":1'),
        lambda data: b"{" * 100_000,
    ):
        files = honest.files()
        files["proof.json"] = spell(files["proof.json"])
        rehash(place, honest.manifest, files)
        assert failures(clerk.verify(place)) == ["proof shape"]
    assert clerk.asked == []


def test_an_altered_proof_is_rejected_by_ezkl(honest: Parts, place: Path, clerk: Clerk) -> None:
    generator = random.Random(5)
    for _ in range(6):
        proof = list(honest.proof["proof"])
        proof[generator.randrange(len(proof))] ^= 1 << generator.randrange(8)
        forged = honest.with_proof(proof=proof, hex_proof=f"0x{bytes(proof).hex()}")
        shutil.rmtree(place, ignore_errors=True)
        rejected(forged, place, clerk, "proof")
        clerk.asked.clear()


def test_the_proof_of_another_model_or_input_is_rejected(
    honest: Parts, tiny_proof: real.Proved, other_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    other = parts(other_proof)
    for forged in (
        replace(honest, proof=other.proof).retold(),  # another model's proof
        replace(honest, key=other.key),
        honest.with_proof(proof=other.proof["proof"], hex_proof=other.proof["hex_proof"]),
        honest.with_instances(other.proof["instances"][0]),  # another input's instances
    ):
        shutil.rmtree(place, ignore_errors=True)
        rejected(forged, place, clerk, "proof")
        clerk.asked.clear()


def test_other_instances_are_rejected_by_ezkl(honest: Parts, place: Path, clerk: Clerk) -> None:
    instances = honest.proof["instances"][0]
    for index in range(len(instances)):
        forged = [*instances[:index], as_instance(12), *instances[index + 1 :]]
        shutil.rmtree(place, ignore_errors=True)
        rejected(honest.with_instances(forged), place, clerk, "proof")
        clerk.asked.clear()


def test_an_instance_that_is_not_canonical_is_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    instances = honest.proof["instances"][0]
    element = int.from_bytes(bytes.fromhex(instances[0]), "little")
    twin = (element + FIELD_MODULUS).to_bytes(32, "little").hex()
    for column in ([twin, *instances[1:]], [7, *instances[1:]], [instances[0].upper() + "0", *instances[1:]]):
        shutil.rmtree(place, ignore_errors=True)
        rejected(honest.with_proof(instances=[column]), place, clerk, "instances", "canonical")
    for columns in ([], [instances, []], "x", None, {}):
        shutil.rmtree(place, ignore_errors=True)
        rejected(honest.with_proof(instances=columns), place, clerk, "instances", "column")


def forged_output(tiny_proof: real.Proved) -> dict[str, Any]:
    """A proof of the same circuit with one more output, which is what the forger likes."""
    witness = copy.deepcopy(tiny_proof.witness)
    witness["outputs"][0].append(as_instance(4321))
    forged: dict[str, Any] = json.loads(real.prove_witness(tiny_proof.directory, tiny_proof.srs, witness))
    return forged | {"timestamp": None}


def test_an_extra_output_which_ezkl_accepts_is_rejected(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    proof = forged_output(tiny_proof)
    assert len(proof["instances"][0]) == 6
    assert real.verifies(tiny_proof, proof)
    rejected(replace(honest, proof=proof), place, clerk, "instances", "6 instances, and the settings say 5")


def test_an_extra_output_with_settings_to_match_is_seen_with_the_model_only(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    """The key binds no shape: without the model, nobody can know how many outputs it has."""
    settings = changed(honest.settings, ("model_instance_shapes",), [[1, 3], [1, 3]])
    forged = replace(honest, proof=forged_output(tiny_proof), settings=settings).retold()
    outputs = forged.manifest.public.outputs
    reference = replace(honest.manifest.reference.outputs[0], values=outputs[0].values)  # type: ignore[union-attr]
    manifest = replace(
        forged.manifest,
        reference=replace(honest.manifest.reference, outputs=(reference,)),  # type: ignore[type-var]
    )
    replace(forged, manifest=manifest).write(place)
    assert clerk.verify(place).ok
    found = clerk.verify(place, VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs))
    assert failures(found) == ["circuit"]
    assert "model_instance_shapes" in outcome(found, "circuit")[1]


def test_other_scales_are_seen_with_the_model_only(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    settings = honest.settings | {"model_output_scales": [3]}
    forged = replace(honest, settings=settings).retold()
    reference = replace(
        honest.manifest.reference.outputs[0],  # type: ignore[union-attr]
        values=forged.manifest.public.outputs[0].values,
    )
    manifest = replace(
        forged.manifest,
        reference=replace(honest.manifest.reference, outputs=(reference,)),  # type: ignore[type-var]
    )
    replace(forged, manifest=manifest).write(place)
    assert clerk.verify(place).ok
    found = clerk.verify(place, VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs))
    assert failures(found) == ["circuit"]
    assert "model_output_scales" in outcome(found, "circuit")[1]


def test_other_types_of_inputs_are_seen_with_the_model_only(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    replace(honest, settings=honest.settings | {"input_types": ["Bool"]}).write(place)
    assert clerk.verify(place).ok
    found = clerk.verify(place, VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs))
    assert failures(found) == ["model settings"]
    assert "input_types" in outcome(found, "model settings")[1]


def test_a_flipped_selector_is_seen_with_the_model_only(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    """EZKL reads the selectors of a key and uses them for nothing while it verifies."""
    key = honest.key[:-1] + bytes([honest.key[-1] ^ 1])
    replace(honest, key=key).write(place)
    assert clerk.verify(place).ok
    found = clerk.verify(place, VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs))
    assert failures(found) == ["model key"]


@pytest.mark.parametrize("run", REAL_RUNS, ids=lambda run: run["name"])
def test_no_real_circuit_is_refused_for_its_settings_or_its_sizes(run: dict[str, Any], honest: Parts) -> None:
    """85 circuits of all kinds: what EZKL wrote for them is well formed to us, and as long as we ask."""
    recorded = run["settings"]
    einsum = dict(recorded["einsum_params"])
    for equation, dims, count in einsum.pop("counted_equations", []):
        einsum["equations"] = [*einsum["equations"], *[[equation, dims]] * count]
    missing = {
        "check_mode": "UNSAFE", "version": "23.0.5", "num_blinding_factors": None, "timestamp": 0,
        "input_types": None, "output_types": None,
    }  # fmt: skip
    document = recorded | missing | {"einsum_params": einsum}
    run_args, size = run_args_of(document), circuit_size_of(document)
    system = constraint_system(size, run_args)
    circuit = replace(
        honest.manifest.circuit,
        logrows=run_args.logrows,
        num_rows=size.num_rows,
        degree=system.degree,
        num_instances=run["num_instances"],
    )
    manifest = replace(honest.manifest, run_args=run_args, circuit=circuit)
    _, found = sized_settings(strict_json.dump_compact(document), manifest).value
    shape, fixed_columns = key_shape(found), run["num_fixed_columns"]
    low, high = shape.fixed_columns
    assert low <= fixed_columns <= high
    assert shape.key_bytes(fixed_columns) == run["verifying_key_bytes"]
    assert shape.proof_bytes(fixed_columns) == run["proof_bytes"]


def test_an_axis_of_the_output_alone_has_no_length(honest: Parts, place: Path, clerk: Clerk) -> None:
    """As EZKL writes for products with tensors of more axes, of trees and of recurrent networks."""
    settings = changed(honest.settings, ("einsum_params", "equations"), [["k,k->mn", {"k": 159}]])
    assert clerk.verify(replace(honest, settings=settings).write(place)).ok


# --- claims --------------------------------------------------------------------------------


def test_pretty_values_that_lie_are_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    pretty = honest.proof["pretty_public_inputs"]
    for lie in (
        pretty | {"rescaled_outputs": [["1", "1"]]},
        pretty | {"outputs": []},
        pretty | {"rescaled_inputs": [[text + "0" for text in pretty["rescaled_inputs"][0]]]},
        {name: value for name, value in pretty.items() if name != "inputs"},
        pretty | {"more": []},
        None,
    ):
        shutil.rmtree(place, ignore_errors=True)
        rejected(honest.with_proof(pretty_public_inputs=lie), place, clerk, "claims", "pretty_public_inputs")


def test_public_values_that_lie_are_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    public = honest.manifest.public
    output, first = public.outputs[0], public.inputs[0]
    for lie in (
        replace(public, outputs=(replace(output, integers=("5", *output.integers[1:])),)),
        replace(public, outputs=(replace(output, values=(0.5, *output.values[1:])),)),
        replace(public, outputs=(replace(output, scale=8),)),
        replace(public, outputs=(replace(output, shape=(2,)),)),
        replace(public, outputs=(output, output)),
        replace(public, inputs=(first, first)),
    ):
        forged = replace(honest, manifest=replace(honest.manifest, public=lie))
        shutil.rmtree(place, ignore_errors=True)
        rejected(forged, place, clerk, "claims")
    renamed = replace(public, outputs=(replace(output, name="whatever"),))
    shutil.rmtree(place)
    # A name is the maker's word.
    assert clerk.verify(replace(honest, manifest=replace(honest.manifest, public=renamed)).write(place)).ok


def test_a_missing_public_tensor_is_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    manifest = replace(honest.manifest, public=replace(honest.manifest.public, inputs=()), reference=None)
    rejected(replace(honest, manifest=manifest), place, clerk, "claims", "fewer")


def test_a_difference_that_the_values_belie_is_rejected(honest: Parts, place: Path, clerk: Clerk) -> None:
    assert honest.manifest.reference is not None
    (output,) = honest.manifest.reference.outputs
    for lie in (
        (replace(output, max_abs_difference=0.1),),
        (replace(output, max_abs_difference=None),),
        (replace(output, values=(0.0,)),),
        (output, output),
        (),
    ):
        reference = replace(honest.manifest.reference, outputs=lie)
        forged = replace(honest, manifest=replace(honest.manifest, reference=reference))
        shutil.rmtree(place, ignore_errors=True)
        rejected(forged, place, clerk, "claims")


# --- the SRS -------------------------------------------------------------------------------


def of_kind(honest: Parts, kind: str, **changes: Any) -> Parts:
    srs = replace(honest.manifest.srs, kind=kind, warning=None, **changes)  # type: ignore[arg-type]
    return replace(honest, manifest=replace(honest.manifest, srs=srs))


def test_a_locally_made_srs_needs_this_machine_or_a_word(honest: Parts, place: Path, tmp_path: Path) -> None:
    honest.write(place)
    asked: list[bytes] = []
    stranger = Clerk(workspace=tmp_path, made_here=lambda verifier: bool(asked.append(verifier)))
    found = stranger.verify(place)
    assert failures(found) == ["srs"]
    assert "--allow-unsafe-srs" in outcome(found, "srs")[1]
    assert asked == [honest.srs]
    assert outcome(found, "proof")[0] == "not run"
    allowed = stranger.verify(place, VerifyOptions(allow_unsafe_srs=True))
    assert allowed.ok
    assert UNSAFE_WARNING in outcome(allowed, "srs")[1]
    assert allowed.warnings == (UNSAFE_WARNING,)


def test_the_forgers_srs_is_not_the_public_one(honest: Parts, place: Path, clerk: Clerk) -> None:
    sha256_public = ceremony_sha256(8)
    assert sha256_public is not None
    rejected(of_kind(honest, "public", sha256=sha256_public), place, clerk, "srs", "not the ceremony's")


def test_the_public_srs_passes_its_check_and_does_not_fit_the_proof(
    honest: Parts, place: Path, clerk: Clerk
) -> None:
    forged = replace(of_kind(honest, "public", sha256=ceremony_sha256(8)), srs=public_verifier_srs())
    found = clerk.verify(forged.write(place))
    assert outcome(found, "srs")[0] == "pass"
    assert failures(found) == ["proof"]
    shutil.rmtree(place)
    clerk.asked.clear()
    forged = replace(of_kind(honest, "public", sha256="0" * 64), srs=public_verifier_srs())
    rejected(forged, place, clerk, "srs", "srs.sha256")


def test_a_pinned_srs_needs_the_callers_pin(
    honest: Parts, tiny_proof: real.Proved, tmp_path: Path, place: Path, clerk: Clerk
) -> None:
    of_kind(honest, "pinned").write(place)
    verifier = tmp_path / "verifier.srs"
    verifier.write_bytes(honest.srs)
    another = real.make_srs(tmp_path / "another.srs", 8)
    cases = {
        "not run": [VerifyOptions(), VerifyOptions(srs_sha256=sha256(tiny_proof.srs))],
        "pass": [
            VerifyOptions(srs=tiny_proof.srs),
            VerifyOptions(srs=tiny_proof.srs, srs_sha256=sha256(tiny_proof.srs)),
            VerifyOptions(srs=verifier),
            VerifyOptions(srs_sha256=sha256(verifier)),
        ],
        "fail": [
            VerifyOptions(srs=another),
            VerifyOptions(srs_sha256=sha256(another)),
            VerifyOptions(srs=tiny_proof.srs, srs_sha256=sha256(another)),
        ],
    }
    for status, choices in cases.items():
        for options in choices:
            found = clerk.verify(place, options)
            assert outcome(found, "srs")[0] == status, (options, outcome(found, "srs"))
            assert found.ok == (status == "pass")


@pytest.mark.parametrize(
    "forge",
    [
        lambda srs: b"\x02" + srs[1:],
        lambda srs: srs[:4] + bytes([srs[4] ^ 1]) + srs[5:],
        lambda srs: srs[:-1] + bytes([srs[-1] ^ 1]),
        lambda srs: srs[:4] + bytes(64) + srs[68:],
        lambda srs: srs[:4] + b"\xff" * 64 + srs[68:],
        lambda srs: srs[:-1],
    ],
    ids=range(6),
)
def test_a_damaged_srs_is_rejected(
    forge: Callable[[bytes], bytes], honest: Parts, place: Path, clerk: Clerk
) -> None:
    rejected(replace(honest, srs=forge(honest.srs)), place, clerk, "srs")


# --- EZKL, the model, the EVM --------------------------------------------------------------


def test_an_ezkl_that_dies_or_runs_out_of_limits_is_no_verdict_and_not_ok(
    honest: Parts, place: Path, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest.write(place)

    def out_of_limits(*args: object, **kwargs: object) -> None:
        raise InternalFailure("verifying the proof took too long: stopped after 1 seconds")

    def panics(*args: object, **kwargs: object) -> None:
        raise Rejected("index out of bounds")

    for call, status in ((out_of_limits, "not run"), (panics, "fail")):
        monkeypatch.setattr(ezkl_proof, "call", call)
        found = clerk.verify(place)
        assert outcome(found, "proof")[0] == status
        assert not found.ok


def test_real_limits_are_kept(honest: Parts, place: Path, clerk: Clerk) -> None:
    honest.write(place)
    clerk.limits = lambda step: Limits(wall_seconds=0.001)  # type: ignore[method-assign]
    found = clerk.verify(place)
    assert outcome(found, "proof")[0] == "not run"
    assert "took too long" in outcome(found, "proof")[1]
    assert not found.ok


def test_another_model_is_rejected(
    honest: Parts, other_proof: real.Proved, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    honest.write(place)
    found = clerk.verify(place, VerifyOptions(model=other_proof.model, srs=tiny_proof.srs))
    assert failures(found) == ["model"]
    assert outcome(found, "model key")[0] == "not run"


def test_another_model_under_the_name_of_this_one_is_rejected(
    other_proof: real.Proved, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    """The forger proves a model of the same size, and writes the hash of the one that was asked for."""
    stranger, model = parts(other_proof), parts(tiny_proof).manifest.model
    replace(stranger, manifest=replace(stranger.manifest, model=model)).write(place)
    assert clerk.verify(place).ok
    found = clerk.verify(place, VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs))
    assert failures(found) == ["model key", "outputs"]


def test_outputs_beyond_the_tolerance_are_told_apart_at_a_finer_scale(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    """The tolerance is set below what fixed point loses here: rounding, but more than was allowed."""
    options = VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs, tolerance=1e-6)
    found = clerk.verify(honest.write(place), options)
    assert failures(found) == ["outputs"]
    assert "1e-06 is tolerated" in outcome(found, "outputs")[1]


def test_other_external_weights_are_rejected(
    honest: Parts, tiny_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    model = replace(honest.manifest.model, inlined_sha256="0" * 64)
    replace(honest, manifest=replace(honest.manifest, model=model)).write(place)
    found = clerk.verify(place, VerifyOptions(model=tiny_proof.model, srs=tiny_proof.srs))
    assert failures(found) == ["model"]
    assert "external weights" in outcome(found, "model")[1]


def test_a_model_that_is_not_there_is_a_usage_error(honest: Parts, place: Path, clerk: Clerk) -> None:
    honest.write(place)
    with pytest.raises(UsageError):
        clerk.verify(place, VerifyOptions(model=place / "nothing.onnx"))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (EvmAnswer(accepted=True, reason="accepted", detail={"verify_gas": 1}), "pass"),
        (EvmAnswer(accepted=False, reason="reverts", detail={"verify_gas": 1}), "fail"),
        (UsageError("no compiler", "npm install"), "not run"),
        (Rejected("no contract"), "fail"),
        (None, "not run"),
    ],
    ids=["accepted", "reverted", "not installed", "refused", "no EVM"],
)
def test_the_evm_is_asked_for_its_answer(
    answer: EvmAnswer | Exception | None, status: str, honest: Parts, place: Path, clerk: Clerk
) -> None:
    given: list[object] = []

    def ask(files: dict[str, Path], proof: bytes, instances: tuple[int, ...]) -> EvmAnswer:
        given.append((sorted(files), list(proof), len(instances)))
        if isinstance(answer, EvmAnswer):
            return answer
        assert answer is not None
        raise answer

    honest.write(place)
    found = clerk.verify(place, VerifyOptions(evm=True), verify_on_evm=ask if answer else None)
    assert outcome(found, "evm")[0] == status
    assert found.ok == (status == "pass")
    if answer:
        assert given == [(sorted(FILES), honest.proof["proof"], 5)]


def test_a_bundle_that_changes_meanwhile_does_not_matter(honest: Parts, place: Path, clerk: Clerk) -> None:
    """EZKL reads private copies of the bytes that were checked."""
    honest.write(place)
    limits = clerk.limits

    def gone(step: str) -> Limits:
        shutil.rmtree(place, ignore_errors=True)
        return limits(step)

    clerk.limits = gone  # type: ignore[method-assign]
    assert clerk.verify(place).ok
    assert not place.exists()


def test_forged_bytes_never_crash_the_reader(honest: Parts, place: Path, clerk: Clerk) -> None:
    """Bits of files flipped with a manifest that fits: whatever comes, it is an answer."""
    generator = random.Random(11)
    for name in ("settings.json", "proof.json"):
        data = honest.files()[name]
        for _ in range(80):
            changed_data = bytearray(data)
            for _ in range(generator.randrange(1, 4)):
                changed_data[generator.randrange(len(data))] = generator.randrange(256)
            files = honest.files() | {name: bytes(changed_data)}
            rehash(place, honest.manifest, files)
            found = clerk.verify(place)
            assert found.checks[0].name == "bundle"
            if bytes(changed_data) != data and name == "proof.json":
                assert not found.ok


def test_the_manifest_of_another_bundle_is_rejected(
    honest: Parts, other_proof: real.Proved, place: Path, clerk: Clerk
) -> None:
    honest.write(place)
    other = parts(other_proof)
    overwrite(place, "manifest.json", encode(other.manifest.with_files(other.files())))
    assert failures(clerk.verify(place)) == ["hashes"]


def test_a_bundle_is_readable_through_a_link_to_its_directory(
    honest: Parts, place: Path, tmp_path: Path, clerk: Clerk
) -> None:
    honest.write(place)
    os.symlink(place, tmp_path / "link")
    assert clerk.verify(tmp_path / "link").ok


def test_settings_of_a_stranger_are_read_without_recursion(honest: Parts, place: Path, clerk: Clerk) -> None:
    for data in (b"[" * 300_000, b'{"run_args":' * 100_000, strict_json.dump_compact([]), b"\xff"):
        rehash(place, honest.manifest, honest.files() | {"settings.json": data})
        assert failures(clerk.verify(place)) == ["settings"]
