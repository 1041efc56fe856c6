"""EZKL's Solidity verifier, compiled as EZKL compiles it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.errors import UsageError
from auditor.evm.compiler import SOLC_VERSION, Compiler, Store
from auditor.evm.guarded import run
from auditor.guard import Limits
from auditor.safe import safe

CONTRACT = "Halo2Verifier"
SOURCE = "Halo2Verifier.sol"

OPTIMIZER_RUNS = 1
EVM_VERSION = "shanghai"
"""EZKL ``commands.rs`` `DEFAULT_OPTIMIZER_RUNS`, and the newest fork that solc 0.8.20 knows, which is what
``eth.rs`` `get_contract_artifacts` ends with. It sets nothing else: no via-IR pipeline."""


class Contract(Struct, frozen=True, kw_only=True):
    """A compiled contract: what a transaction carries to deploy it, and what then stands on the chain.

    ``compiler`` is the compiler's own name for its version.
    """

    compiler: str
    initcode: bytes
    runtime: bytes


def compile_verifier(
    source: str,
    compiler: Compiler,
    *,
    limits: Limits,
    workspace: Path | None = None,
    store: Store | None = None,
) -> Contract:
    """The contract ``Halo2Verifier`` in ``source``, compiled once for each source and compiler in a store.

    A JavaScript compiler needs 4 GiB of address space, and takes about a second for each 50 kB of source.

    Raises:
        UsageError: the compiler is of another version.
        InternalFailure: the compiler failed, or ran into ``limits``.
    """
    request = standard_input(source)

    def compile_it() -> bytes:
        job = {"compiler": str(compiler.path), "node": compiler.node, "input": request}
        return run(
            "compile", job, stage="compiling the Solidity verifier", limits=limits, workspace=workspace
        )

    if store is None:
        contract = _contract(compile_it())
    else:

        def make(directory: Path) -> Mapping[str, object]:
            (directory / "contract.json").write_bytes(compile_it())
            return {}

        # The record of an entry holds its key, and a source may be longer than a record.
        question = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        key = {"compiler_sha256": compiler.sha256, "input_sha256": question}
        contract = _contract(store.obtain("contract", key, make).path("contract.json").read_bytes())
    if not contract.compiler.startswith(f"{SOLC_VERSION}+"):
        raise UsageError(
            f"the compiler {safe(str(compiler.path), limit=200)} is solc {contract.compiler}",
            hint=f"EZKL compiles its verifier with solc {SOLC_VERSION}",
        )
    return contract


def standard_input(source: str) -> dict[str, Any]:
    """What is asked of the compiler, in its Standard JSON."""
    return {
        "language": "Solidity",
        "sources": {SOURCE: {"content": source}},
        "settings": {
            "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
            "evmVersion": EVM_VERSION,
            "outputSelection": {
                SOURCE: {CONTRACT: ["evm.bytecode.object", "evm.deployedBytecode.object", "metadata"]}
            },
        },
    }


def contract_in(answer: Any) -> dict[str, str]:
    """What :class:`Contract` needs of the compiler's Standard JSON: its version, and both codes in hex.

    Raises :class:`ValueError` with the compiler's first error, or when there is no such contract in it.
    """
    try:
        for error in answer.get("errors", ()):
            if error["severity"] == "error":
                raise ValueError(f"the compiler says: {error['message']}")
        contract = answer["contracts"][SOURCE][CONTRACT]
        return {
            "compiler": json.loads(contract["metadata"])["compiler"]["version"],
            "initcode": _code(contract["evm"]["bytecode"]["object"]),
            "runtime": _code(contract["evm"]["deployedBytecode"]["object"]),
        }
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("the compiler's answer holds no verifier") from error


def _code(digits: str) -> str:
    code = bytes.fromhex(digits)
    if not code:
        raise ValueError("the compiler's answer holds no code")
    return code.hex()


def _contract(text: bytes) -> Contract:
    found = json.loads(text)
    return Contract(
        compiler=safe(found["compiler"], limit=60),
        initcode=bytes.fromhex(found["initcode"]),
        runtime=bytes.fromhex(found["runtime"]),
    )
