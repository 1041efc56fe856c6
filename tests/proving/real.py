"""Real proofs of a tiny model, made step by step through :func:`auditor.ezkl.call`: a second or two each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from msgspec import Struct
from onnx import TensorProto, helper, numpy_helper

from auditor.circuit.run_args import RunArgs
from auditor.ezkl import Rejected, call, gen_settings
from auditor.guard import Limits

TINY = RunArgs(
    logrows=8,
    num_inner_cols=1,
    decomp_base=128,
    decomp_legs=4,
    lookup_range=(0, 0),
    input_scale=7,
    param_scale=7,
)
LIMITS = Limits(memory_bytes=4 << 30, cpu_seconds=120, wall_seconds=120, threads=2)


class Proved(Struct, frozen=True, kw_only=True):
    """Where every artifact of one proof lies; ``verifier_srs`` is the SRS cut down to 516 bytes."""

    directory: Path
    run_args: RunArgs
    model: Path
    settings: dict[str, Any]
    circuit: Path
    srs: Path
    verifying_key: Path
    verifier_srs: bytes
    proof: bytes
    witness: dict[str, Any]


def dense(
    path: Path,
    *,
    seed: int = 0,
    inputs: int = 1,
    negated: bool = False,
    flipped: bool = False,
    sizes: tuple[int, int] = (3, 2),
) -> Path:
    """The sum of ``inputs`` matrices of (1, sizes[0]), times weights of ``seed``.

    ``negated`` adds that as an output; ``flipped`` makes another function of the same size.
    """
    generator = np.random.default_rng(seed)
    weights = generator.uniform(-1, 1, size=sizes).astype(np.float32)
    weights = weights[::-1, ::-1] if flipped else weights
    names = [f"x{index}" for index in range(inputs)]
    nodes, last = [], names[0]
    for index, name in enumerate(names[1:]):
        nodes.append(helper.make_node("Add", [last, name], [f"s{index}"]))
        last = f"s{index}"
    nodes.append(helper.make_node("MatMul", [last, "w"], ["y"], name="dense"))
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, sizes[1]])]
    if negated:
        nodes.append(helper.make_node("Neg", ["y"], ["z"]))
        outputs.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, sizes[1]]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, sizes[0]]) for name in names],
        outputs,
        [numpy_helper.from_array(np.ascontiguousarray(weights), "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def data(model: Path, seed: int = 0) -> list[list[float]]:
    """Values for every input, multiples of 1/8 between -1 and 1."""
    generator = np.random.default_rng(seed)
    shapes = [
        [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in onnx.load(model).graph.input
    ]
    return [(generator.integers(-8, 9, size=int(np.prod(shape))) / 8).tolist() for shape in shapes]


def canonical_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """What EZKL writes in random order, sorted, and no time."""
    return settings | {
        "required_lookups": sorted(settings["required_lookups"], key=json.dumps),
        "required_range_checks": sorted(settings["required_range_checks"]),
        "timestamp": 0,  # EZKL reads no null here
    }


def ask(function: str, **request: Any) -> bytes:
    """One step of EZKL."""
    return call(function, request, stage=function, limits=LIMITS).value


def make_srs(path: Path, logrows: int) -> Path:
    """An SRS whose secret was known to a process that is gone."""
    ask("gen_srs", srs=str(path), logrows=logrows)
    return path


def reduced(srs: bytes) -> bytes:
    """What a verifier needs: k = 1, g twice as both powers, again as dummy Lagrange points, two of G2."""
    g = srs[4:132]
    return (1).to_bytes(4, "little") + g + g + srs[-256:]


def verifies(proved: Proved, proof: dict[str, Any]) -> bool:
    """What EZKL alone says to a proof, with the key, the settings and the SRS of ``proved``."""
    files = {
        "proof": json.dumps(proof).encode(),
        "settings": json.dumps(proved.settings).encode(),
        "srs": proved.verifier_srs,
    }
    paths = {name: proved.directory / f"given.{name}" for name in files}
    for name, data in files.items():
        paths[name].write_bytes(data)
    request = {name: str(path) for name, path in paths.items()}
    try:
        ask("verify", verifying_key=str(proved.verifying_key), **request)
    except Rejected:
        return False
    return True


def prove(directory: Path, model: Path, srs: Path, *, run_args: RunArgs = TINY, seed: int = 0) -> Proved:
    """All steps, with files in ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    settings = canonical_settings(gen_settings(model, run_args, limits=LIMITS))
    circuit = directory / "circuit.ezkl"
    circuit.write_bytes(ask("compile_circuit", model=str(model), settings=settings))
    witness = directory / "witness.json"
    witness.write_bytes(ask("gen_witness", input={"input_data": data(model, seed)}, circuit=str(circuit)))
    keys = {"verifying_key": str(directory / "vk.key"), "proving_key": str(directory / "pk.key")}
    ask("setup", circuit=str(circuit), srs=str(srs), **keys)
    return Proved(
        directory=directory,
        run_args=run_args,
        model=model,
        settings=settings,
        circuit=circuit,
        srs=srs,
        verifying_key=directory / "vk.key",
        verifier_srs=reduced(srs.read_bytes()),
        proof=prove_witness(directory, srs),
        witness=json.loads(witness.read_bytes()),
    )


def prove_witness(directory: Path, srs: Path, witness: dict[str, Any] | None = None) -> bytes:
    """proof.json of the circuit in ``directory``, of another witness where one is given."""
    path = directory / "witness.json"
    if witness is not None:
        path = directory / "forged.json"
        path.write_text(json.dumps(witness), encoding="utf-8")
    circuit, key = str(directory / "circuit.ezkl"), str(directory / "pk.key")
    return ask("prove", witness=str(path), circuit=circuit, proving_key=key, srs=str(srs))
