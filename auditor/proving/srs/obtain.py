"""From what the user chose to a file that EZKL can use, and a word for how far it can be trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from auditor import ezkl
from auditor.errors import InternalFailure, UsageError
from auditor.guard import Limits
from auditor.proving.srs.ceremony import ceremony_sha256, largest_logrows, public_verifier_srs
from auditor.proving.srs.choice import SrsChoice
from auditor.proving.srs.download import Progress, download
from auditor.proving.srs.file import SrsFile, inspect_srs, srs_bytes
from auditor.proving.store import Store
from auditor.safe import safe

_KIND = "srs"
_FILE = "kzg.srs"


class Srs(Struct, frozen=True, kw_only=True):
    """An SRS that is here: ``logrows`` and ``sha256`` are those of the file at ``path``, which is only read.

    ``public`` is the ceremony's. ``pinned`` is trusted by the user, and nobody knows by whom else.
    ``unsafe-local`` was generated on this machine. ``verifier`` (516 bytes, a file of its own) is what checks
    proofs made under it.
    """

    kind: Literal["public", "pinned", "unsafe-local"]
    path: Path
    logrows: int
    sha256: str
    verifier: bytes

    @property
    def unsafe(self) -> bool:
        """Whether somebody here could have kept the secret, and with it could prove anything."""
        return self.kind == "unsafe-local"


def obtain_srs(
    choice: SrsChoice,
    logrows: int,
    store: Store,
    *,
    limits: Limits,
    note: Callable[[str], None],
    progress: Progress | None = None,
) -> Srs:
    """The SRS of ``choice`` for a circuit of ``logrows``: read, downloaded or generated.

    What is downloaded or generated stays in ``store`` for the next time, and is in use until that is closed.

    ``limits`` are for generating. ``note`` is told, in one printable line, what the user should know.
    ``progress`` is called with bytes done and bytes in all while downloading.

    Raises:
        UsageError: the file is no SRS, too small, or not the one that was pinned; or there is no public one.
        Undetermined: the public SRS could not be downloaded.
        InternalFailure: generating failed, or the disk is full.
    """
    match choice.kind:
        case "public":
            return _public(logrows, store, note, progress)
        case "unsafe-local":
            return _unsafe_local(logrows, store, limits)
        case "file":
            assert choice.path is not None
            return _given(choice.path, choice.sha256, logrows, store, note)


def made_here(verifier: bytes, store: Store) -> bool:
    """Whether the SRS of these 516 bytes was generated on this machine, so far as ``store`` remembers."""
    return store.recall(_fact(verifier)) is not None


def _public(logrows: int, store: Store, note: Callable[[str], None], progress: Progress | None) -> Srs:
    sha256 = ceremony_sha256(logrows)
    if sha256 is None:
        raise UsageError(
            f"the ceremony has an SRS for k=1 to {largest_logrows()}, and this circuit needs k={logrows}",
            "make the circuit smaller, or give an SRS with --srs PATH",
        )

    def make(directory: Path) -> dict[str, object]:
        note(f"downloading the public SRS for k={logrows} ({srs_bytes(logrows):,} bytes)")
        download(logrows, sha256, directory / _FILE, progress=progress)
        return {}

    stored = store.obtain(_KIND, {"kind": "public", "logrows": logrows, "sha256": sha256}, make)
    return Srs(
        kind="public",
        path=stored.path(_FILE),
        logrows=logrows,
        sha256=sha256,
        verifier=public_verifier_srs(),
    )


def _unsafe_local(logrows: int, store: Store, limits: Limits) -> Srs:
    def make(directory: Path) -> dict[str, object]:
        path = directory / _FILE
        request = {"srs": str(path), "logrows": logrows}
        try:
            # The worker's own directory is in the store too, whose remains somebody sweeps.
            ezkl.call("gen_srs", request, stage="generating an SRS", limits=limits, workspace=directory)
        except ezkl.Rejected as error:
            raise InternalFailure(f"generating an SRS for k={logrows} failed: {error.reason}") from error
        return {"verifier": inspect_srs(path).verifier.hex()}

    ezkl.require_ezkl()
    stored = store.obtain(_KIND, {"kind": "unsafe-local", "logrows": logrows}, make)
    verifier = bytes.fromhex(str(stored.about["verifier"]))
    sha256 = stored.files[_FILE].sha256
    if not made_here(verifier, store):
        store.remember(_fact(verifier), {"logrows": logrows, "sha256": sha256})
    return Srs(
        kind="unsafe-local", path=stored.path(_FILE), logrows=logrows, sha256=sha256, verifier=verifier
    )


def _given(path: Path, pinned: str | None, logrows: int, store: Store, note: Callable[[str], None]) -> Srs:
    found = inspect_srs(path)
    name = safe(str(path))
    if found.logrows < logrows:
        raise UsageError(
            f"the SRS {name} is for k={found.logrows}, and this circuit needs k={logrows}",
            f"give one for k={logrows} or larger",
        )
    if pinned is not None and pinned != found.sha256:
        raise UsageError(
            f"the SRS {name} is not the pinned one: its SHA-256 is {found.sha256}, and {pinned} was expected",
            "get the right file, or pin this one if you trust it",
        )
    kind = _kind(found, pinned, store, name)
    if kind == "unsafe-local":
        note(f"the SRS {name} was generated on this machine and is unsafe")
    if found.logrows > logrows:
        note(
            f"the SRS {name} is for k={found.logrows}: EZKL cuts it down to k={logrows} in each step, "
            "which takes time"
        )
    return Srs(kind=kind, path=path, logrows=found.logrows, sha256=found.sha256, verifier=found.verifier)


def _kind(
    found: SrsFile, pinned: str | None, store: Store, name: str
) -> Literal["public", "pinned", "unsafe-local"]:
    expected = ceremony_sha256(found.logrows)
    if found.sha256 == expected:
        return "public"
    if pinned is None:
        of_the_ceremony = f"which is {expected}" if expected else "which has none of that size"
        raise UsageError(
            f"the SRS {name} is not the ceremony's for k={found.logrows}, {of_the_ceremony}: "
            f"its SHA-256 is {found.sha256}",
            f"if it is yours, pin it with --srs-sha256 {found.sha256}; "
            "one made by `ezkl gen-srs` is for tests only, as who made it can forge proofs",
        )
    return "unsafe-local" if made_here(found.verifier, store) else "pinned"


def _fact(verifier: bytes) -> str:
    return f"srs-made-here-{hashlib.sha256(verifier).hexdigest()}"
