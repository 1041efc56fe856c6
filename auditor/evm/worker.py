"""What runs inside the guarded worker: the compiler, and the only module that imports pyrevm.

Each function takes a request and writes its result to a file, as :mod:`auditor.guard` calls it. It runs in a
directory of its own; paths in a request are absolute.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from auditor.evm.solidity import EVM_VERSION, contract_in

_MAX_ANSWER_BYTES = 1 << 26
_MAX_WORDS_BYTES = 1 << 16
_SIGNS = ("Error", "error", "ERROR", "Fatal", "bad option")

_STANDARD_JSON = """
const compiler = require('./compiler.cjs');
const compile = compiler.cwrap('solidity_compile', 'string', ['string', 'number', 'number']);
process.stdout.write(compile(require('fs').readFileSync(0, 'utf8'), 0, 0));
"""
"""Does with the JavaScript build what ``solc --standard-json`` does. The two numbers would be a callback for
imports, of which the verifier has none."""

_NODE_OPTIONS = ("--disable-wasm-trap-handler",)
"""Otherwise V8 reserves 10 GiB of address space for a WebAssembly memory (in Node.js 20.20), and no limit on
that would mean anything. Node.js has the option since 20.15."""


def compile(request: dict[str, Any], result: Path) -> None:
    """Compiles the verifier; the result is JSON: ``compiler``, ``initcode`` and ``runtime`` (hex).

    Request: ``compiler`` (path), ``node`` (path, or None for a native compiler), ``input`` (Standard JSON).
    """
    question = Path("input.json")
    question.write_text(json.dumps(request["input"]), encoding="utf-8")
    if request["node"] is None:
        command = [request["compiler"], "--standard-json"]
    else:
        # Under this name it is no ES module, whatever a package.json above it says.
        shutil.copyfile(request["compiler"], "compiler.cjs")
        command = [request["node"], *_NODE_OPTIONS, "-e", _STANDARD_JSON]
    answer = _read(_run(command, question))
    result.write_text(json.dumps(contract_in(answer)), encoding="utf-8")


def _run(command: list[str], question: Path) -> Path:
    answer, words = Path("output.json"), Path("words.txt")
    with question.open("rb") as stdin, answer.open("wb") as stdout, words.open("wb") as stderr:
        ended = subprocess.run(command, stdin=stdin, stdout=stdout, stderr=stderr, check=False)
    if ended.returncode == 0:
        return answer
    with words.open("rb") as file:
        lines = file.read(_MAX_WORDS_BYTES).decode("utf-8", "replace").splitlines() or [""]
    # Node.js shows its own source around the line that says what is wrong.
    telling = [line for line in lines if any(sign in line for sign in _SIGNS)] or lines
    reason = f"{telling[0].strip()} (the compiler ended with code {ended.returncode})"
    if any("out of memory" in line.lower() for line in lines):
        raise MemoryError(reason)
    raise RuntimeError(reason)


def _read(path: Path) -> Any:
    if path.stat().st_size > _MAX_ANSWER_BYTES:
        raise ValueError(f"the compiler's answer is larger than {_MAX_ANSWER_BYTES >> 20} MiB")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError("the compiler's answer is not JSON") from error


_CALLER = "0x" + "11" * 20


def execute(request: dict[str, Any], result: Path) -> None:
    """Deploys a contract and calls it; the result is JSON: ``deploy_gas`` and ``calls``, each with ``gas``,
    ``answer`` (hex, or null where it did not succeed) and ``reason``, the EVM's word for how it ended.

    Request: ``initcode``, ``runtime`` (hex), ``max_code_bytes`` (a limit in place of EIP-170's, or None) and
    ``calls`` (hex). Gas is that of a whole transaction. Calls change nothing for those after them.
    """
    import pyrevm

    config = pyrevm.CfgEnv(limit_contract_code_size=request["max_code_bytes"])
    evm: Any = pyrevm.EVM(env=pyrevm.Env(cfg=config), spec_id=EVM_VERSION.upper())
    address = evm.deploy(_CALLER, bytes.fromhex(request["initcode"]))
    deploy_gas = evm.result.gas_used
    _check_code(evm.get_code(address) or b"", bytes.fromhex(request["runtime"]))
    calls = [_call(evm, address, bytes.fromhex(data)) for data in request["calls"]]
    result.write_text(json.dumps({"deploy_gas": deploy_gas, "calls": calls}), encoding="utf-8")


def _check_code(found: bytes, expected: bytes) -> None:
    # revm pads the code it keeps, so that no instruction reads past its end.
    if found[: len(expected)] != expected or any(found[len(expected) :]):
        raise RuntimeError("the deployed contract is not the one that was compiled")


def _call(evm: Any, address: str, calldata: bytes) -> dict[str, Any]:
    answer: str | None
    try:
        answer = evm.message_call(_CALLER, address, calldata=calldata).hex()
    except RuntimeError:
        answer = None
    if evm.result is None:
        raise RuntimeError("the EVM does not say how a call ended")
    return {"gas": evm.result.gas_used, "answer": answer, "reason": evm.result.reason}
