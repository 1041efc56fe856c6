"""Is a proof accepted on chain, and for how much gas?"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor import ezkl
from auditor.circuit.field import FIELD_MODULUS
from auditor.errors import UsageError
from auditor.evm.calldata import WORD_BYTES, verify_proof_call
from auditor.evm.compiler import INSTALL, Store, find_compiler
from auditor.evm.guarded import run
from auditor.evm.solidity import EVM_VERSION, Contract, compile_verifier
from auditor.guard import Limits
from auditor.safe import safe

MAX_RUNTIME_BYTES = 24_576
"""The longest code a contract may have. EIP-170."""

MAX_INITCODE_BYTES = 49_152
"""The longest code a transaction may bring to deploy one. EIP-3860."""

_TRUE = (1).to_bytes(WORD_BYTES, "big").hex()


class EvmVerification(Struct, frozen=True, kw_only=True):
    """What the contract said to a proof.

    ``verify_gas`` is that of a transaction that does nothing else: 21,000, the calldata and the execution.
    ``deploy_gas`` is None for a contract that is too large to deploy, as ``deployable`` says; the EVM then
    ran it without the limit. ``tampered_reverts`` says whether the same call reverts both with one bit of the
    proof flipped and with another instance; None for a proof that is not accepted anyway.
    """

    accepted: bool
    reason: str
    verify_gas: int
    deploy_gas: int | None
    runtime_bytes: int
    initcode_bytes: int
    calldata_bytes: int
    deployable: bool
    compiler: str
    evm: str
    tampered_reverts: bool | None


def verify_on_evm(
    *,
    verifying_key: Path,
    settings: Path,
    verifier_srs: Path,
    proof: bytes,
    instances: Sequence[int],
    limits: Limits,
    workspace: Path | None = None,
    solc: Path | None = None,
    store: Store | None = None,
) -> EvmVerification:
    """Writes the Solidity verifier of ``verifying_key``, compiles it, deploys it in an EVM and calls it.

    ``verifier_srs`` needs no more than the 516 bytes a verifier needs: EZKL takes from it G1, G2 and [s]G2.
    ``limits`` hold for each step; a JavaScript compiler needs 4 GiB of address space. ``solc`` and ``store``
    are as for :func:`auditor.evm.compiler.find_compiler`.

    Raises:
        UsageError: something has to be installed, or ``solc`` is not the compiler that EZKL uses.
        Undetermined: the compiler could not be fetched, or another EZKL is installed.
        auditor.ezkl.Rejected: EZKL makes no verifier of these files.
        InternalFailure: a step failed, or ran into ``limits``.
        ValueError: an instance is no number of 256 bits.
    """
    calldata = verify_proof_call(proof, instances)
    ezkl.require_ezkl()
    evm = f"revm via pyrevm {_require_pyrevm()}, {EVM_VERSION.capitalize()}"
    with tempfile.TemporaryDirectory(prefix="auditor-evm-", dir=workspace) as directory:
        compiler = find_compiler(solc, directory=Path(directory), store=store)
        source = _solidity(verifying_key, settings, verifier_srs, limits, workspace)
        contract = compile_verifier(source, compiler, limits=limits, workspace=workspace, store=store)
    deployable = is_deployable(contract)
    tampered = (verify_proof_call(flipped(proof), instances), verify_proof_call(proof, altered(instances)))
    deploy_gas, (honest, *forged) = _execute(contract, (calldata, *tampered), limits, workspace)
    accepted = honest["answer"] == _TRUE
    return EvmVerification(
        accepted=accepted,
        reason=_reason(honest, contract),
        verify_gas=honest["gas"],
        deploy_gas=deploy_gas if deployable else None,
        runtime_bytes=len(contract.runtime),
        initcode_bytes=len(contract.initcode),
        calldata_bytes=len(calldata),
        deployable=deployable,
        compiler=f"solc {contract.compiler}",
        evm=evm,
        tampered_reverts=all(call["reason"] == "Revert" for call in forged) if accepted else None,
    )


def is_deployable(contract: Contract) -> bool:
    """Whether Ethereum's two limits on code let it be deployed."""
    return len(contract.runtime) <= MAX_RUNTIME_BYTES and len(contract.initcode) <= MAX_INITCODE_BYTES


def flipped(proof: bytes) -> bytes:
    """The proof with the lowest bit of its last evaluation flipped, or of its last byte if it is too short.

    An evaluation with one bit changed is still a number of the field, so that the pairing has to notice; a
    changed point leaves the curve. Two points follow the evaluations.
    """
    at = len(proof) - 1 - 4 * WORD_BYTES if len(proof) > 4 * WORD_BYTES else len(proof) - 1
    return proof[:at] + bytes((proof[at] ^ 1,)) + proof[at + 1 :] if proof else b"\x01"


def altered(instances: Sequence[int]) -> tuple[int, ...]:
    """The instances with the first one larger by one, or with one where there are none."""
    return ((instances[0] + 1) % FIELD_MODULUS, *instances[1:]) if instances else (0,)


def _solidity(verifying_key: Path, settings: Path, srs: Path, limits: Limits, workspace: Path | None) -> str:
    files = {"verifying_key": verifying_key, "settings": settings, "srs": srs}
    made = ezkl.call(
        "create_evm_verifier",
        {name: str(path.absolute()) for name, path in files.items()},
        stage="writing the Solidity verifier",
        limits=limits,
        workspace=workspace,
    )
    return made.value.decode("utf-8")


def _execute(
    contract: Contract, calls: Sequence[bytes], limits: Limits, workspace: Path | None
) -> tuple[int, list[dict[str, Any]]]:
    request = {
        "initcode": contract.initcode.hex(),
        "runtime": contract.runtime.hex(),
        # revm allows initcode twice as long as this.
        "max_code_bytes": None if is_deployable(contract) else len(contract.initcode),
        "calls": [call.hex() for call in calls],
    }
    answer = run(
        "execute", request, stage="running the verifier in an EVM", limits=limits, workspace=workspace
    )
    outcome = json.loads(answer)
    return outcome["deploy_gas"], outcome["calls"]


def _reason(call: dict[str, Any], contract: Contract) -> str:
    if call["answer"] == _TRUE:
        said = "the contract accepts the proof"
    elif call["answer"] is not None:
        said = f"the contract answers {safe(call['answer'], limit=80) or 'nothing'}"
    elif call["reason"] == "Revert":
        said = "the contract reverts"
    else:
        said = f"the call fails: {safe(call['reason'])}"
    if is_deployable(contract):
        return said
    return (
        f"{said}, but it cannot be deployed: code of {len(contract.runtime):,} bytes (EIP-170 allows "
        f"{MAX_RUNTIME_BYTES:,}), initcode of {len(contract.initcode):,} (EIP-3860 allows "
        f"{MAX_INITCODE_BYTES:,}); it ran with these limits lifted"
    )


def _require_pyrevm() -> str:
    try:
        return importlib.metadata.version("pyrevm")
    except importlib.metadata.PackageNotFoundError:
        pass
    if sys.version_info >= (3, 13):
        raise UsageError(
            "the EVM, pyrevm, has no release for Python 3.13 or later", hint="use Python 3.11 or 3.12"
        )
    raise UsageError("the EVM is not installed", hint=INSTALL)
