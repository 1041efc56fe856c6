"""What ``auditor verify`` has at hand on this machine: the cache, an EVM, the memory that is free."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from auditor.guard import Limits
from auditor.machine import this_machine
from auditor.places import cache_directory
from auditor.progress import StepProgress
from auditor.proving.manifest import SETTINGS, VERIFIER_SRS, VERIFYING_KEY, Manifest
from auditor.proving.schedule import Schedule
from auditor.proving.srs import made_here
from auditor.proving.store import Store
from auditor.verify import EvmAnswer, Means


@contextmanager
def means_of_this_machine(
    progress: StepProgress,
    *,
    cache: Path | None = None,
    solc: Path | None = None,
    memory_limit_bytes: int | None = None,
    timeout_seconds: float | None = None,
) -> Iterator[Means]:
    """Everything the checks may use, for as long as they run.

    Raises:
        AuditorError: the cache cannot be used.
    """
    machine = this_machine()
    limits = Schedule(predictions=()).limits(machine, memory_limit_bytes, timeout_seconds)
    with Store(cache_directory(cache), note=progress.note) as store, store.workspace() as workspace:

        def verify_on_evm(files: Mapping[str, Path], proof: bytes, instances: tuple[int, ...]) -> EvmAnswer:
            return _verify_on_evm(files, proof, instances, limits("evm"), workspace, store, solc)

        yield Means(
            limits=limits,
            workspace=workspace,
            made_here=lambda verifier: made_here(verifier, store),
            find_srs=lambda manifest: _find_srs(manifest, store),
            verify_on_evm=verify_on_evm if importlib.util.find_spec("pyrevm") else None,
            step=progress.step,
        )


def _find_srs(manifest: Manifest, store: Store) -> Path | None:
    """The whole SRS that a manifest names, where it is in the cache."""
    srs = manifest.srs
    keys: tuple[dict[str, object], ...] = (
        {"kind": "public", "logrows": srs.logrows, "sha256": srs.sha256},
        {"kind": "unsafe-local", "logrows": srs.logrows},
    )
    for key in keys:
        stored = store.find("srs", key)
        for name, file in stored.files.items() if stored else ():
            if stored and file.sha256 == srs.sha256:
                return stored.path(name)
    return None


def _verify_on_evm(
    files: Mapping[str, Path],
    proof: bytes,
    instances: tuple[int, ...],
    limits: Limits,
    workspace: Path,
    store: Store,
    solc: Path | None,
) -> EvmAnswer:
    from auditor.evm import verify_on_evm

    said = verify_on_evm(
        verifying_key=files[VERIFYING_KEY],
        settings=files[SETTINGS],
        verifier_srs=files[VERIFIER_SRS],
        proof=proof,
        instances=instances,
        limits=limits,
        workspace=workspace,
        solc=solc,
        store=store,
    )
    accepted = said.accepted and said.tampered_reverts is not False
    reason = f"{said.verify_gas:,} gas to verify; {said.reason}" if said.accepted else said.reason
    if said.accepted and not accepted:
        reason = "the contract accepts a tampered proof too"
    return EvmAnswer(
        accepted=accepted,
        reason=reason,
        detail={
            "verify_gas": said.verify_gas,
            "deploy_gas": said.deploy_gas,
            "runtime_bytes": said.runtime_bytes,
            "initcode_bytes": said.initcode_bytes,
            "calldata_bytes": said.calldata_bytes,
            "deployable": said.deployable,
            "tampered_reverts": said.tampered_reverts,
            "compiler": said.compiler,
            "evm": said.evm,
        },
    )
