"""From a bundle to what can be said about it: the checks of ``auditor/proving/checks``, in order.

Cheap checks come first, and each is run only when those it stands on have passed: EZKL sees nothing that does
not hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field

from auditor import against_model
from auditor.errors import AuditorError
from auditor.ezkl import Rejected
from auditor.guard import Limits
from auditor.proving.bundle import Bundle
from auditor.proving.checks import (
    Check,
    Failed,
    Ledger,
    NotRun,
    Passed,
    claims,
    ezkl_proof,
    links,
    model_key,
    proof_file,
    settings_file,
    srs_file,
)
from auditor.proving.checks.settings_file import Settings
from auditor.proving.checks.srs_file import UNSAFE_WARNING, TrustedSrs
from auditor.proving.checks.verifying_key import KeyShape, verifying_key
from auditor.proving.manifest import PROOF, SETTINGS, VERIFIER_SRS, VERIFYING_KEY, Manifest
from auditor.proving.srs import inspect_srs
from auditor.sizing import ConstraintSystem, constraint_system, limits_exceeded
from auditor.sizing.artifacts import num_proof_evaluations, num_proof_points
from auditor.sizing.columns import FIRST_LOGROWS

T = TypeVar("T")

CHEAP = (
    "bundle",
    "hashes",
    "versions",
    "settings",
    "verifying key",
    "proof shape",
    "instances",
    "claims",
    "srs",
)
"""The checks without which nobody asks EZKL."""


class VerifyOptions(Struct, frozen=True, kw_only=True):
    """What was asked for beside the bundle itself.

    ``model`` is the ONNX file that the proof is to be about. ``srs`` is an SRS that the caller trusts, for
    pinned ones and to make the key again; ``srs_sha256`` is the hash of one. ``tolerance`` is that of outputs
    against ONNX Runtime, relative to their range; None takes what fixed point may lose.
    """

    model: Path | None = None
    srs: Path | None = None
    srs_sha256: str | None = None
    allow_unsafe_srs: bool = False
    evm: bool = False
    tolerance: float | None = None


class EvmAnswer(Struct, frozen=True, kw_only=True):
    """What a contract said, for the report."""

    accepted: bool
    reason: str
    detail: Mapping[str, str | int | float | bool | None]


class Means(Struct, frozen=True, kw_only=True):
    """What the checks may use: limits by step, a private directory, and what others know.

    ``made_here`` says whether an SRS of these 516 bytes was generated on this machine. ``find_srs`` gives
    the path of the whole SRS that a manifest names, where it lies in the cache. ``verify_on_evm`` takes the
    private copies of the bundle's files by name, the proof and the instances. ``step`` hears what goes on.
    """

    limits: Callable[[str], Limits]
    workspace: Path
    made_here: Callable[[bytes], bool] = field(default=lambda verifier: False)
    find_srs: Callable[[Manifest], Path | None] = field(default=lambda manifest: None)
    verify_on_evm: Callable[[Mapping[str, Path], bytes, tuple[int, ...]], EvmAnswer] | None = None
    step: Callable[[str], AbstractContextManager[None]] = field(default=lambda name: nullcontext())


class Verification(Struct, frozen=True, kw_only=True):
    """Every check in order. ``ok`` only if all that was asked for was run and passed.

    ``manifest`` is None where none could be read; what it says of names and measurements is the maker's word.
    """

    ok: bool
    checks: tuple[Check, ...]
    manifest: Manifest | None
    warnings: tuple[str, ...]


def verify_bundle(path: Path, options: VerifyOptions, means: Means) -> Verification:
    """Checks a bundle.

    Raises:
        UsageError: there is no such directory, or what the options name cannot be read.
    """
    trusted = TrustedSrs(
        file=inspect_srs(options.srs) if options.srs else None,
        sha256=options.srs_sha256,
        allow_unsafe=options.allow_unsafe_srs,
        made_here=means.made_here,
    )
    ledger = Ledger()
    found = ledger.run("bundle", lambda: links.read(path))
    manifest = None
    if found is None:
        _leave_out_the_rest(ledger)
    else:
        bundle, manifest = found
        _Run(bundle, manifest, trusted, options, means, ledger).run()
    warnings = (UNSAFE_WARNING,) if manifest and manifest.srs.kind == "unsafe-local" else ()
    return Verification(ok=ledger.all_passed, checks=ledger.checks, manifest=manifest, warnings=warnings)


def _leave_out_the_rest(ledger: Ledger) -> None:
    for name in (*CHEAP[1:], "proof"):
        ledger.leave_out(name, "there is no bundle")


class _Run:
    """The checks of one bundle that could be read."""

    def __init__(
        self,
        bundle: Bundle,
        manifest: Manifest,
        trusted: TrustedSrs,
        options: VerifyOptions,
        means: Means,
        ledger: Ledger,
    ) -> None:
        self._files, self._manifest, self._trusted = bundle.files, manifest, trusted
        self._options, self._means, self._ledger = options, means, ledger

    def run(self) -> None:
        """All checks in order. The value of a check that did not pass is None, and nobody looks at it."""
        run, files, manifest = self._ledger.run, self._files, self._manifest
        run("hashes", lambda: links.hashes(files, manifest))
        run("versions", lambda: links.versions(manifest), after=["hashes"])
        sized = run("settings", lambda: sized_settings(files[SETTINGS], manifest), after=["versions"])
        settings = sized and sized[0]
        shaped = run(
            "verifying key", lambda: _key(files[VERIFYING_KEY], _given(sized)[1]), after=["settings"]
        )
        proof = run(
            "proof shape",
            lambda: proof_file.proof_shape(files[PROOF], *_given(shaped)),
            after=["verifying key"],
        )
        instances = run(
            "instances",
            lambda: proof_file.instances(_given(proof), _given(settings).groups),
            after=["proof shape"],
        )
        run(
            "claims",
            lambda: claims.claims(
                manifest, _given(proof).pretty, _given(instances)[1], _given(settings).num_outputs
            ),
            after=["instances"],
        )
        run("srs", lambda: self._srs(_given(settings).run_args.logrows), after=["settings"])
        copies = run("proof", self._proof, after=CHEAP)
        self._model(settings)
        if not self._options.evm:
            self._ledger.leave_out("evm", "not asked for: --evm")
            return
        run(
            "evm",
            lambda: self._evm(_given(copies), _given(proof).proof, _given(instances)[0]),
            after=["proof"],
        )

    def _srs(self, logrows: int) -> Passed[None]:
        return srs_file.srs(self._files[VERIFIER_SRS], self._manifest.srs, logrows, self._trusted)

    def _proof(self) -> Passed[Mapping[str, Path]]:
        """EZKL reads copies of the very bytes that were checked."""
        copies = {}
        for name, data in self._files.items():
            copies[name] = self._means.workspace / name
            copies[name].write_bytes(data)
        with self._means.step("verification"):
            said = ezkl_proof.proof(
                copies, limits=self._means.limits("verification"), workspace=self._means.workspace
            )
        return Passed(value=copies, reason=said.reason, detail=said.detail)

    def _evm(self, copies: Mapping[str, Path], proof: bytes, instances: tuple[int, ...]) -> Passed[None]:
        if self._means.verify_on_evm is None:
            raise NotRun("no EVM is installed: pip install 'auditor[evm]'")
        try:
            with self._means.step("evm"):
                answer = self._means.verify_on_evm(copies, proof, instances)
        except Rejected as error:
            raise Failed(f"EZKL makes no contract of the key: {error.reason}") from error
        except AuditorError as error:
            raise NotRun(str(error)) from error
        if not answer.accepted:
            raise Failed(answer.reason, **answer.detail)
        return Passed(value=None, reason=answer.reason, detail=answer.detail)

    def _model(self, settings: Settings | None) -> None:
        path, run = self._options.model, self._ledger.run
        if path is None:
            for name in ("model", "circuit", "model settings", "model key", "outputs"):
                self._ledger.leave_out(name, "not asked for: --model")
            return
        limits, workspace = self._means.limits, self._means.workspace
        subject = run(
            "model",
            lambda: against_model.same_model(path, self._manifest, limits=limits, workspace=workspace),
            after=["proof"],
        )
        run(
            "circuit",
            lambda: against_model.same_circuit(_given(subject), _given(settings)),
            after=["model"],
        )
        run(
            "model settings",
            lambda: self._same_settings(_given(subject).as_compiled, _given(settings)),
            after=["circuit"],
        )
        run(
            "model key",
            lambda: self._same_key(_given(subject).as_compiled, _given(settings)),
            after=["model settings"],
        )
        public = self._manifest.public
        if not public.inputs or not public.outputs:
            what = "outputs" if public.inputs else "inputs"
            self._ledger.leave_out("outputs", f"the {what} are not public, so there is nothing to compare")
            return
        run("outputs", lambda: self._outputs(_given(subject)), after=["circuit"])

    def _same_settings(self, as_compiled: Path, settings: Settings) -> Passed[None]:
        with self._means.step("settings"):
            return model_key.same_settings(
                model=as_compiled,
                run_args=self._manifest.run_args,
                settings=settings.document,
                limits=self._means.limits,
                workspace=self._means.workspace,
            )

    def _same_key(self, as_compiled: Path, settings: Settings) -> Passed[None]:
        srs, record = self._options.srs, self._manifest.srs
        if self._trusted.file is None or self._trusted.file.sha256 != record.sha256:
            srs = self._means.find_srs(self._manifest)
        with self._means.step("keys"):
            return model_key.same_key(
                model=as_compiled,
                settings=settings.document,
                key=self._files[VERIFYING_KEY],
                srs=srs,
                record=record,
                limits=self._means.limits,
                workspace=self._means.workspace,
            )

    def _outputs(self, subject: against_model.Subject) -> Passed[None]:
        with self._means.step("fidelity"):
            return against_model.same_outputs(
                subject,
                self._manifest,
                tolerance=self._options.tolerance,
                limits=self._means.limits,
                workspace=self._means.workspace,
            )


# --- between the checks and the stages -----------------------------------------------------


def _given(value: T | None) -> T:
    """The value of a check that has passed, or the check that needs it would not have been run."""
    assert value is not None
    return value


def sized_settings(data: bytes, manifest: Manifest) -> Passed[tuple[Settings, ConstraintSystem]]:
    """The settings, and the constraint system they lead to, which has the degree the manifest says.

    Raises Failed.
    """
    said = settings_file.settings(data, manifest)
    size, run_args = said.value.size, said.value.run_args
    if run_args.logrows < FIRST_LOGROWS:
        raise Failed(f"settings.json: no circuit has a logrows of {run_args.logrows}")
    problems = limits_exceeded(size, run_args)
    if problems:
        raise Failed(f"settings.json: no such circuit can be proved: {problems[0]}")
    system = constraint_system(size, run_args)
    if system.degree != manifest.circuit.degree:
        raise Failed(
            f"the circuit is of degree {system.degree}, and the manifest says {manifest.circuit.degree}"
        )
    return Passed(value=(said.value, system), reason=said.reason, detail=said.detail)


def key_shape(system: ConstraintSystem) -> KeyShape:
    """The form that key and proof of a constraint system have."""
    return KeyShape(
        logrows=system.logrows,
        fixed_columns=system.fixed_columns_bounds,
        num_permutation_columns=system.num_permutation_columns,
        num_selectors=system.num_selectors,
        num_points=num_proof_points(system),
        num_evaluations=num_proof_evaluations(system, 0),
    )


def _key(data: bytes, system: ConstraintSystem) -> Passed[tuple[KeyShape, int]]:
    """The form of the key, and its number of fixed columns."""
    shape = key_shape(system)
    said = verifying_key(data, shape)
    return Passed(value=(shape, said.value), reason=said.reason, detail=said.detail)
