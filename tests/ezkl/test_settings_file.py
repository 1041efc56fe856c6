"""The settings.json that is worked out, against the one EZKL writes, and what EZKL makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from msgspec.structs import replace
from onnx import TensorProto, helper

from auditor._version import EZKL_VERSION
from auditor.circuit import Circuit, RunArgs
from auditor.circuit.size import CircuitSize
from auditor.ezkl import ezkl_version, gen_settings
from auditor.ezkl.settings import canonical_settings
from auditor.ezkl.settings_file import settings_of
from auditor.layout import LayoutError, lay_out
from auditor.lowering import Unmodelled, Unsupported, lower
from auditor.lowering.nodes.sources import INPUT_TYPES
from auditor.model import bind_dimensions, ezkl_variables, read_source
from tests import families
from tests.proving import real
from tools.truth import Case, find_truth

needs_ezkl = pytest.mark.skipif(
    ezkl_version() != EZKL_VERSION, reason=f"EZKL {EZKL_VERSION} is not installed"
)

SEEDS = range(8100, 8180)
"""Held out: no other test uses them."""

Worked = tuple[Circuit, CircuitSize, list[str]]


def worked_out(path: Path, changes: dict[str, Any]) -> Worked:
    """The circuit of a model, its size, and the types of its outputs."""
    source = read_source(path)
    model, bound = bind_dimensions(source.inlined, {}, None)
    run_args = RunArgs().with_changes(variables=ezkl_variables(source.model, bound)).with_changes(**changes)
    lowering = lower(model, run_args)
    types = [INPUT_TYPES[lowering.facts[output.name].dt] for output in model.graph.outputs]
    return lowering.circuit, lay_out(lowering.circuit), types


def rectified(path: Path) -> Path:
    """A layer with a table, a range check and several einsums."""
    onnx.save(
        helper.make_model(
            helper.make_graph(
                [
                    helper.make_node("MatMul", ["x", "w"], ["a"]),
                    helper.make_node("Relu", ["a"], ["b"]),
                    helper.make_node("Sigmoid", ["b"], ["y"]),
                ],
                "rectified",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])],
                [helper.make_tensor("w", TensorProto.FLOAT, [3, 2], [0.5, -0.25, 1, 0.75, -1, 0.125])],
            ),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        ),
        path,
    )
    return path


@needs_ezkl
def test_it_is_ezkls_own_file(tmp_path: Path) -> None:
    models = [families.random_model(seed) for seed in SEEDS]
    cases = [Case(id=one.name, model=one.model, run_args=one.run_args) for one in models]
    path = tmp_path / "model.onnx"
    wrong, same = {}, 0
    for case, truth in find_truth(cases, cache_directory=tmp_path / "truth"):
        if truth.settings is None:
            continue
        path.write_bytes(case.model)
        changes = {name: tuple(v) if isinstance(v, list) else v for name, v in case.run_args.items()}
        try:
            circuit, size, types = worked_out(path, changes)
        except (Unmodelled, Unsupported, LayoutError):
            continue
        if size.total_const_size is None:
            continue
        ours = canonical_settings(settings_of(circuit, size, EZKL_VERSION, types))
        theirs = canonical_settings(truth.settings)
        if ours == theirs:
            same += 1
        else:
            read = json.loads(ours), json.loads(theirs)
            wrong[case.id] = [name for name in read[1] if read[0].get(name) != read[1][name]] or "spelling"
    assert wrong == {}
    assert same >= 60


@needs_ezkl
@pytest.mark.parametrize("make", [real.dense, rectified])
def test_ezkl_proves_with_it_and_has_the_same_key(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run_args = real.TINY.with_changes(lookup_range=(-100, 100), num_inner_cols=2)
    model = make(tmp_path / "model.onnx")
    srs = real.make_srs(tmp_path / "srs", run_args.logrows)
    circuit, size, _ = worked_out(model, {name: getattr(run_args, name) for name in RunArgs.__slots__})
    theirs = gen_settings(model, run_args, limits=real.LIMITS)
    written = {"ours": settings_of(circuit, size, EZKL_VERSION), "theirs": theirs}
    both = {name: json.loads(canonical_settings(one)) for name, one in written.items()}
    keys = [key_of(model, settings, srs, tmp_path / name) for name, settings in both.items()]
    assert keys[0] == keys[1]
    directory = tmp_path / "ours"
    path = {
        name: directory / name for name in ("circuit.ezkl", "proof.json", "settings.json", "srs", "vk.key")
    }
    data = {"input_data": real.data(model)}
    witness = real.ask("gen_witness", input=data, circuit=str(path["circuit.ezkl"]))
    (directory / "witness.json").write_bytes(witness)
    path["proof.json"].write_bytes(real.prove_witness(directory, srs))
    path["settings.json"].write_text(json.dumps(both["ours"]))
    path["srs"].write_bytes(real.reduced(srs.read_bytes()))
    request = {name.partition(".")[0]: str(path[name]) for name in ("proof.json", "settings.json", "srs")}
    real.ask("verify", verifying_key=str(path["vk.key"]), **request)


def key_of(model: Path, settings: dict[str, Any], srs: Path, directory: Path) -> bytes:
    """The verifying key; the files of the setup lie in ``directory``."""
    directory.mkdir()
    circuit, key = directory / "circuit.ezkl", directory / "vk.key"
    circuit.write_bytes(real.ask("compile_circuit", model=str(model), settings=settings))
    keys = {"verifying_key": str(key), "proving_key": str(directory / "pk.key")}
    real.ask("setup", circuit=str(circuit), srs=str(srs), **keys)
    return key.read_bytes()


def test_what_is_only_bounded_is_no_settings(tmp_path: Path) -> None:
    circuit, size, _ = worked_out(rectified(tmp_path / "model.onnx"), {})
    bounded = replace(size, total_const_size=None, total_const_size_bounds=(5, 1234))
    with pytest.raises(ValueError, match="known only to be 5 to 1,234"):
        settings_of(circuit, bounded, EZKL_VERSION)


def test_the_order_of_einsums_is_none_of_the_canonical_form() -> None:
    first: list[Any] = ["ab->a", {"b": 2, "a": 1}]
    second: list[Any] = ["a->a", {"a": 3}]
    settings = {"required_range_checks": [], "required_lookups": []}
    written = [
        canonical_settings(settings | {"einsum_params": {"equations": order, "total_einsum_col_size": 1}})
        for order in ([first, second, first], [first, first, second])
    ]
    assert written[0] == written[1]
