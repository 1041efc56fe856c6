"""The steps of a proof, each in a guarded process and kept in the store under what it depends on.

A step that was finished before, with the same inputs, is not done again: the key of each holds the SHA-256 of
the files that went into it, or the digests of the steps it stands on. (EZKL writes the same circuit in
another order each time, so the hash of that file says nothing.) EZKL checks nothing that it reads, so the
store does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.circuit.run_args import RunArgs
from auditor.ezkl import call
from auditor.ezkl.settings import canonical_settings, py_run_args
from auditor.guard import Limits, WorkerResult
from auditor.proving.store import Store, Stored

SETTINGS, CIRCUIT, WITNESS = "settings.json", "circuit.ezkl", "witness.json"
VERIFYING_KEY, PROVING_KEY, PROOF = "vk.key", "pk.key", "proof.json"


class Teller(Protocol):
    """Who hears how the steps go on."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Lasts as long as the step of this name."""
        ...

    def note(self, text: str) -> None:
        """Something the user should know."""
        ...


class Measured(Struct, frozen=True, kw_only=True):
    """What a step took, when it was done."""

    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


class Step(Struct, frozen=True, kw_only=True):
    """A finished step: what it left in the store, and what it took. ``reused``: it was done before."""

    name: str
    stored: Stored
    measured: Measured

    @property
    def reused(self) -> bool:
        """Whether it had been done before."""
        return self.stored.reused

    @property
    def num_bytes(self) -> int:
        """Bytes of all it left behind."""
        return sum(file.bytes for file in self.stored.files.values())

    def path(self, name: str) -> Path:
        """Where one of its files lies."""
        return self.stored.path(name)

    def sha256(self, name: str) -> str:
        """The hash of one of its files."""
        return self.stored.files[name].sha256


class Workshop(Struct, frozen=True, kw_only=True):
    """Where steps are made: the store, a private directory for this run, what a worker may use, who listens.

    ``limits`` gives those of a step by its name.
    """

    store: Store
    workspace: Path
    limits: Callable[[str], Limits]
    teller: Teller

    def ask(self, step: str, function: str, request: dict[str, Any]) -> WorkerResult:
        """Has EZKL do something. Raises as :func:`auditor.ezkl.call` does."""
        return call(function, request, stage=step, limits=self.limits(step), workspace=self.workspace)


def make_settings(shop: Workshop, model: Path, model_sha256: str, run_args: RunArgs) -> Step:
    """EZKL's settings.json of a model, in canonical form. Raises as :func:`auditor.ezkl.call` does."""
    arguments = py_run_args(run_args)

    def make(directory: Path) -> WorkerResult:
        result = shop.ask("settings", "gen_settings", {"model": str(model), "run_args": arguments})
        (directory / SETTINGS).write_bytes(canonical_settings(json.loads(result.value)))
        return result

    return _step(shop, "settings", _settings_key(model_sha256, run_args), make)


def compile_circuit(shop: Workshop, model: Path, model_sha256: str, settings: Step) -> Step:
    """The compiled circuit of a model with these settings."""
    content = json.loads(settings.path(SETTINGS).read_bytes())

    def make(directory: Path) -> WorkerResult:
        result = shop.ask("compile", "compile_circuit", {"model": str(model), "settings": content})
        (directory / CIRCUIT).write_bytes(result.value)
        return result

    return _step(shop, "compile", _circuit_key(model_sha256, settings.sha256(SETTINGS)), make)


def gen_witness(shop: Workshop, circuit: Step, inputs: Mapping[str, object], inputs_sha256: str) -> Step:
    """Every value of the circuit for one input, which is the content of an input.json."""

    def make(directory: Path) -> WorkerResult:
        request = {"input": inputs, "circuit": str(circuit.path(CIRCUIT))}
        result = shop.ask("witness", "gen_witness", request)
        (directory / WITNESS).write_bytes(result.value)
        return result

    key = {"circuit": circuit.stored.digest, "inputs": inputs_sha256}
    return _step(shop, "witness", key, make)


def make_keys(shop: Workshop, circuit: Step, srs: Path, srs_sha256: str) -> Step:
    """Verifying and proving key of a circuit; the latter may take gigabytes."""

    def make(directory: Path) -> WorkerResult:
        request = {
            "circuit": str(circuit.path(CIRCUIT)),
            "srs": str(srs),
            "verifying_key": str(directory / VERIFYING_KEY),
            "proving_key": str(directory / PROVING_KEY),
        }
        return shop.ask("keys", "setup", request)

    return _step(shop, "keys", _keys_key(circuit.stored.digest, srs_sha256), make)


def make_proof(shop: Workshop, circuit: Step, witness: Step, keys: Step, srs: Path, srs_sha256: str) -> Step:
    """EZKL's proof.json for a witness. It may not verify: EZKL proves whatever it is given."""

    def make(directory: Path) -> WorkerResult:
        request = {
            "witness": str(witness.path(WITNESS)),
            "circuit": str(circuit.path(CIRCUIT)),
            "proving_key": str(keys.path(PROVING_KEY)),
            "srs": str(srs),
        }
        result = shop.ask("proof", "prove", request)
        (directory / PROOF).write_bytes(result.value)
        return result

    key = {
        "circuit": circuit.stored.digest,
        "witness": witness.stored.digest,
        "keys": keys.stored.digest,
        "srs": srs_sha256,
    }
    return _step(shop, "proof", key, make)


def finished(store: Store, model_sha256: str, run_args: RunArgs, srs_sha256: str | None) -> frozenset[str]:
    """The names of the steps that need no input and are done already; keys only under a known SRS."""
    done: dict[str, Stored] = {}

    def look(name: str, key: Mapping[str, object]) -> Stored | None:
        stored = store.find(name, _key(key))
        if stored is not None:
            done[name] = stored
        return stored

    settings = look("settings", _settings_key(model_sha256, run_args))
    circuit = (
        look("compile", _circuit_key(model_sha256, settings.files[SETTINGS].sha256)) if settings else None
    )
    if circuit and srs_sha256:
        look("keys", _keys_key(circuit.digest, srs_sha256))
    return frozenset(done)


def check_proof(shop: Workshop, proof: Path, settings: Step, keys: Step, verifier_srs: bytes) -> Measured:
    """Verifies a proof with nothing but what a verifier has.

    Raises:
        auditor.ezkl.Rejected: it does not hold.
    """
    srs = shop.workspace / "verifier.srs"
    srs.write_bytes(verifier_srs)
    request = {
        "proof": str(proof),
        "settings": str(settings.path(SETTINGS)),
        "verifying_key": str(keys.path(VERIFYING_KEY)),
        "srs": str(srs),
    }
    with shop.teller.step("verification"):
        return _measured(shop.ask("verification", "verify", request))


# --- in common -----------------------------------------------------------------------------


def _settings_key(model_sha256: str, run_args: RunArgs) -> dict[str, object]:
    return {"model": model_sha256, "run_args": py_run_args(run_args)}


def _circuit_key(model_sha256: str, settings_sha256: str) -> dict[str, object]:
    return {"model": model_sha256, "settings": settings_sha256}


def _keys_key(circuit_digest: str, srs_sha256: str) -> dict[str, object]:
    return {"circuit": circuit_digest, "srs": srs_sha256}


def _key(key: Mapping[str, object]) -> dict[str, object]:
    return {**key, "ezkl": EZKL_VERSION}


def _step(shop: Workshop, name: str, key: Mapping[str, object], work: Callable[[Path], WorkerResult]) -> Step:
    def make(directory: Path) -> Mapping[str, object]:
        measured = _measured(work(directory))
        return {
            "wall_seconds": measured.wall_seconds,
            "cpu_seconds": measured.cpu_seconds,
            "peak_memory_bytes": measured.peak_memory_bytes,
        }

    with shop.teller.step(name):
        stored = shop.store.obtain(name, _key(key), make)
    return Step(name=name, stored=stored, measured=Measured(**stored.about))  # type: ignore[arg-type]


def _measured(result: WorkerResult) -> Measured:
    return Measured(
        wall_seconds=result.wall_seconds,
        cpu_seconds=result.cpu_seconds,
        peak_memory_bytes=result.peak_memory_bytes,
    )
