"""What runs inside the guarded worker: the only module that imports EZKL.

Each function takes a request and writes its result to a file, as :mod:`auditor.guard` calls it. Paths in a
request are absolute. What is too large to be a result (keys, an SRS) goes to a path that the request names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def compile_circuit(request: dict[str, Any], result: Path) -> None:
    """Lowers a model without laying it out; the result is EZKL's compiled circuit.

    Request: ``model`` (path), ``settings`` (content of a settings.json).
    """
    import ezkl

    settings = Path("settings.json")
    settings.write_text(json.dumps(request["settings"]), encoding="utf-8")
    _check(ezkl.compile_circuit(request["model"], str(result), str(settings)), "compile the circuit")


def gen_settings(request: dict[str, Any], result: Path) -> None:
    """Lowers a model and lays it out; the result is EZKL's settings.json.

    Request: ``model`` (path), ``run_args`` (attributes of ``ezkl.PyRunArgs``).
    """
    import ezkl

    run_args = ezkl.PyRunArgs()
    for name, value in request["run_args"].items():
        if name == "variables":
            value = [tuple(pair) for pair in value]
        elif name == "lookup_range":
            value = tuple(value)  # EZKL refuses a list here
        setattr(run_args, name, value)
    _check(ezkl.gen_settings(request["model"], str(result), py_run_args=run_args), "generate settings")


def inline_external_data(request: dict[str, Any], result: Path) -> None:
    """Writes the model with its external weights inside, or nothing when it has none.

    Request: ``model`` (path). Raises when a location leaves the model's folder, and when the whole would
    exceed the 2 GiB that protobuf allows.
    """
    import onnx

    path = Path(request["model"])
    model = onnx.load(path, load_external_data=False)
    before = model.SerializeToString()
    onnx.load_external_data_for_model(model, str(path.parent))
    after = model.SerializeToString()
    result.write_bytes(b"" if after == before else after)


def gen_srs(request: dict[str, Any], result: Path) -> None:
    """Generates an SRS whose secret this process knew, at ``srs`` (path) for ``logrows``; no result."""
    import ezkl

    ezkl.gen_srs(request["srs"], request["logrows"])
    result.touch()


def gen_witness(request: dict[str, Any], result: Path) -> None:
    """Computes every value of the circuit; the result is EZKL's witness.json.

    Request: ``input`` (content of an input.json), ``circuit`` (path of a compiled circuit). What EZKL
    returns is not looked at: it writes more to the file.
    """
    import ezkl

    data = Path("input.json")
    data.write_text(json.dumps(request["input"]), encoding="utf-8")
    ezkl.gen_witness(str(data), request["circuit"], str(result), vk_path=None, srs_path=None)


def setup(request: dict[str, Any], result: Path) -> None:
    """Makes both keys of ``circuit`` with ``srs``, at ``verifying_key`` and ``proving_key``; no result.

    All four are paths.
    """
    import ezkl

    made = ezkl.setup(
        request["circuit"],
        request["verifying_key"],
        request["proving_key"],
        srs_path=request["srs"],
        witness_path=None,
        disable_selector_compression=False,
    )
    _check(made, "make the keys")
    result.touch()


def prove(request: dict[str, Any], result: Path) -> None:
    """Proves ``witness`` of ``circuit`` with ``proving_key`` and ``srs`` (paths); the result is proof.json.

    The proof is not checked here: EZKL proves a wrong witness, or with a damaged key, without a word.
    """
    import ezkl

    ezkl.prove(
        request["witness"], request["circuit"], request["proving_key"], str(result), srs_path=request["srs"]
    )


def verify(request: dict[str, Any], result: Path) -> None:
    """Checks ``proof`` against ``settings`` and ``verifying_key`` (paths); raises unless it holds.

    ``srs`` (path) may be cut down to what a verifier needs, which is independent of logrows.
    """
    import ezkl

    holds = ezkl.verify(
        request["proof"],
        request["settings"],
        request["verifying_key"],
        srs_path=request["srs"],
        reduced_srs=True,
    )
    _check(holds, "verify the proof")
    result.touch()


def create_evm_verifier(request: dict[str, Any], result: Path) -> None:
    """Writes the Solidity contract that checks proofs of ``verifying_key``; the result is its source.

    Request: ``verifying_key``, ``settings``, ``srs`` (paths); ``srs`` may be cut down as for :func:`verify`,
    the contract is the same. EZKL then wants a compiler to emit the ABI, which nobody needs: a failure after
    the contract is whole is none.
    """
    import asyncio

    import ezkl

    # Where EZKL keeps its compiler, and one that cannot be run: without it EZKL would download one.
    no_compiler = Path.home() / ".svm" / "0.8.20" / "solc-0.8.20"
    no_compiler.parent.mkdir(parents=True)
    no_compiler.touch()
    source = Path("verifier.sol")

    async def create() -> None:
        await ezkl.create_evm_verifier(
            request["verifying_key"],
            request["settings"],
            str(source),
            "verifier.abi",
            srs_path=request["srs"],
            reusable=False,
        )

    try:
        asyncio.run(create())
    except RuntimeError:
        if not source.exists() or not source.read_text(encoding="utf-8").rstrip().endswith("}"):
            raise
    source.rename(result)


def _check(succeeded: object, what: str) -> None:
    if not succeeded:
        raise RuntimeError(f"EZKL did not {what} and gave no reason")
