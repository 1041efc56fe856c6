"""A real proof, a compiler and a store: each made once for all tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import Struct
from msgspec.structs import replace

from auditor import ezkl
from auditor.circuit.run_args import RunArgs
from auditor.errors import AuditorError
from auditor.evm.compiler import Compiler, find_compiler
from auditor.evm.verify import EvmVerification, verify_on_evm
from auditor.guard import Limits

LIMITS = Limits(memory_bytes=4 << 30, cpu_seconds=60, wall_seconds=60.0)


class Kept(Struct, frozen=True, kw_only=True):
    directory: Path

    def path(self, name: str) -> Path:
        return self.directory / name


class KeepingStore:
    """Does what :class:`auditor.evm.compiler.Store` says, and counts what was really made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made: list[str] = []

    def obtain(
        self, kind: str, key: Mapping[str, object], make: Callable[[Path], Mapping[str, object]]
    ) -> Kept:
        directory = self.root / kind / str(abs(hash(json.dumps(key, sort_keys=True))))
        if not directory.exists():
            directory.mkdir(parents=True)
            make(directory)
            self.made.append(kind)
        return Kept(directory=directory)


class Proved(Struct, frozen=True, kw_only=True):
    """A proof and what it is checked with. ``check`` puts it before the contract, changed as told."""

    verifying_key: Path
    settings: Path
    verifier_srs: Path
    proof_json: Path
    proof: bytes
    instances: tuple[int, ...]

    def check(self, **changes: Any) -> EvmVerification:
        given: dict[str, Any] = {
            "verifying_key": self.verifying_key,
            "settings": self.settings,
            "verifier_srs": self.verifier_srs,
            "proof": self.proof,
            "instances": self.instances,
            "limits": LIMITS,
        }
        return verify_on_evm(**given | changes)

    def with_srs(self, srs: Path) -> Proved:
        return replace(self, verifier_srs=srs)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> KeepingStore:
    return KeepingStore(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def compiler(store: KeepingStore) -> Compiler:
    try:
        return find_compiler(store=store)
    except AuditorError as error:
        pytest.skip(f"no Solidity compiler: {error}")


@pytest.fixture(scope="session")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    """Two numbers times a 2x2 matrix: public inputs and outputs, 2^8 rows."""
    for module in ("ezkl", "onnx", "pyrevm"):
        pytest.importorskip(module)
    place = tmp_path_factory.mktemp("proof")
    run_args = RunArgs(logrows=8, num_inner_cols=1, decomp_base=128, decomp_legs=4, lookup_range=(0, 0))
    settings = ezkl.gen_settings(_model(place / "model.onnx"), run_args)
    paths = {name: place / name for name in ("settings", "circuit", "srs", "verifying_key", "proving_key")}
    paths["settings"].write_text(json.dumps(settings))

    def call(function: str, **request: object) -> bytes:
        spelled = {name: str(value) if isinstance(value, Path) else value for name, value in request.items()}
        return ezkl.call(function, spelled, stage=function, limits=LIMITS).value

    paths["circuit"].write_bytes(call("compile_circuit", model=place / "model.onnx", settings=settings))
    call("gen_srs", srs=paths["srs"], logrows=8)
    (place / "witness").write_bytes(
        call("gen_witness", input={"input_data": [[0.5, 0.25]]}, circuit=paths["circuit"])
    )
    keys = {name: paths[name] for name in ("circuit", "srs", "verifying_key", "proving_key")}
    call("setup", **keys)
    del keys["verifying_key"]
    proof_json = place / "proof.json"
    proof_json.write_bytes(call("prove", witness=place / "witness", **keys))
    document = json.loads(proof_json.read_text())
    (place / "verifier.srs").write_bytes(_verifier_srs(paths["srs"].read_bytes(), num_rows=1 << 8))
    return Proved(
        verifying_key=paths["verifying_key"],
        settings=paths["settings"],
        verifier_srs=place / "verifier.srs",
        proof_json=proof_json,
        proof=bytes(document["proof"]),
        instances=tuple(int.from_bytes(bytes.fromhex(word), "little") for word in document["instances"][0]),
    )


def _verifier_srs(srs: bytes, num_rows: int) -> bytes:
    """The 516 bytes that a verifier needs: two powers, two Lagrange bases and the two points of G2."""
    k, powers, lagrange = (1).to_bytes(4, "little"), srs[4:], srs[4 + 64 * num_rows :]
    return k + powers[:128] + lagrange[:128] + srs[-256:]


def _model(path: Path) -> Path:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.array([[0.5, -0.25], [0.75, 0.5]], dtype=np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path
