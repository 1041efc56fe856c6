"""The Solidity compiler: which one, and where it comes from.

EZKL compiles its verifiers with solc 0.8.20. The Solidity project publishes it on npm too, built for
JavaScript: one file, the same on every machine and known here by its SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from auditor.errors import Undetermined, UsageError
from auditor.evm.node import Node, find_node
from auditor.safe import safe

SOLC_VERSION = "0.8.20"
"""EZKL ``eth.rs`` `get_contract_artifacts`."""

SOLJSON = "soljson.js"
SOLJSON_SHA256 = "033dc42a16378dd036a475b8a7080af83cfae1841eb6848ce1667c56193972ba"
TARBALL_SHA512 = "fPRnGspIEqmhu63RFO3pc79sLA7ZmzO0Uy0L5l6hEt2wAsq0o7UV6pXkAp3Mfv9IBhg7Px/oTu3a+y4gs3BWrQ=="
"""Of npm's ``solc@0.8.20`` (the registry's integrity value) and of the file ``package/soljson.js`` in it."""

MAX_COMPILER_BYTES = 1 << 28
_FETCH_SECONDS = 120
_BRING = (
    f"bring soljson.js from npm's package solc {SOLC_VERSION}, or a native solc {SOLC_VERSION}, "
    "and name it with --solc PATH"
)
INSTALL = "pip install 'auditor[evm]'"


class Stored(Protocol):
    """Something that a store keeps."""

    def path(self, name: str) -> Path: ...


class Store(Protocol):
    """What this package needs of :class:`auditor.proving.store.Store`."""

    def obtain(
        self, kind: str, key: Mapping[str, object], make: Callable[[Path], Mapping[str, object]]
    ) -> Stored: ...


class Compiler(Struct, frozen=True, kw_only=True):
    """A compiler on this machine. ``node`` is what runs it, or None for a native program."""

    path: Path
    sha256: str
    node: str | None


def find_compiler(
    solc: Path | None = None, *, directory: Path | None = None, store: Store | None = None
) -> Compiler:
    """The compiler the user names (``solc``, else ``$AUDITOR_SOLC``), else npm's, kept in ``store``.

    A named file is a native program, or the JavaScript build if it ends in ``.js`` or ``.cjs``; its version
    shows when it compiles. Without a store npm's goes to ``directory``, which must outlive the result.

    Raises:
        UsageError: the named file is no compiler, or there is no Node.js; says what to install.
        Undetermined: npm did not deliver; says which file to bring.
    """
    named = solc or os.environ.get("AUDITOR_SOLC")
    if named:
        return _named(Path(named))
    node = _require_node()
    return Compiler(path=_soljson(node, directory, store), sha256=SOLJSON_SHA256, node=node.node)


def _named(path: Path) -> Compiler:
    shown = f"the compiler {safe(str(path), limit=200)}"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= MAX_COMPILER_BYTES:
            raise UsageError(f"{shown} is not a file of a compiler's size", hint=_BRING)
        sha256 = _sha256(path)
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror or error}", hint=_BRING) from error
    if path.suffix in (".js", ".cjs"):
        return Compiler(path=path.absolute(), sha256=sha256, node=_require_node().node)
    if not os.access(path, os.X_OK):
        raise UsageError(f"{shown} is neither a program nor a .js file", hint=_BRING)
    return Compiler(path=path.absolute(), sha256=sha256, node=None)


def _require_node() -> Node:
    node = find_node()
    if node is None:
        raise UsageError("there is no Node.js to run the Solidity compiler with", hint=INSTALL)
    return node


def _soljson(node: Node, directory: Path | None, store: Store | None) -> Path:
    def make(place: Path) -> Mapping[str, object]:
        (place / SOLJSON).write_bytes(_fetch(node, place))
        return {"package": f"solc@{SOLC_VERSION}"}

    if store is not None:
        path = store.obtain("solc", {"version": SOLC_VERSION, "sha256": SOLJSON_SHA256}, make).path(SOLJSON)
    else:
        place = Path(tempfile.mkdtemp(prefix="solc-", dir=directory))
        make(place)
        path = place / SOLJSON
    if _sha256(path) != SOLJSON_SHA256:
        raise Undetermined(f"the stored {SOLJSON} is not that of solc {SOLC_VERSION}", hint=_BRING)
    return path


def _fetch(node: Node, workspace: Path) -> bytes:
    """soljson.js from the registry that the user's npm is configured for."""
    if node.npm is None:
        raise UsageError(
            "there is no npm to fetch the Solidity compiler with", hint=f"{INSTALL}, or {_BRING}"
        )
    with tempfile.TemporaryDirectory(prefix="npm-", dir=workspace) as scratch:
        # Where npm finds no package.json it looks further up, and obeys the .npmrc beside the one it finds.
        (Path(scratch) / "package.json").write_text("{}", encoding="ascii")
        _npm_pack(node.npm, Path(scratch))
        tarballs = list(Path(scratch).glob("*.tgz"))
        if len(tarballs) != 1:
            raise Undetermined("npm delivered no package", hint=_BRING)
        return soljson_of(tarballs[0])


def _npm_pack(npm: tuple[str, ...], directory: Path) -> None:
    # With npm's own patience a machine without a network waits for more than a minute.
    patience = ("--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
    command = [*npm, "pack", f"solc@{SOLC_VERSION}", "--pack-destination=.", "--ignore-scripts", *patience]
    try:
        ended = subprocess.run(
            [*command, "--loglevel=error", "--dry-run=false"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = "it took too long" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        raise Undetermined(f"npm could not fetch solc {SOLC_VERSION}: {safe(reason)}", hint=_BRING) from error
    if ended.returncode != 0:
        reason = _npm_reason(ended.stderr.decode("utf-8", "replace"))
        raise Undetermined(f"npm could not fetch solc {SOLC_VERSION}: {reason}", hint=_BRING)


def _npm_reason(stderr: str) -> str:
    """The code of npm's error and the request that failed, of a page of things to try."""
    said = [line.partition(" ")[2] for line in stderr.splitlines() if line.startswith("npm ")]
    said = [line.removeprefix("error ").removeprefix("ERR! ").strip() for line in said]
    code = [line.removeprefix("code ") for line in said if line.startswith("code ")]
    failed = [line for line in said if "request" in line] or said
    return safe(": ".join(code[:1] + failed[:1]), limit=200) or "it gave no reason"


def soljson_of(tarball: Path) -> bytes:
    """The one file that is wanted of npm's package, which must be byte for byte the one known here.

    Raises :class:`Undetermined` if it is another.
    """
    with tarball.open("rb") as file:
        if base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode("ascii") != TARBALL_SHA512:
            raise Undetermined(f"what npm delivered is not the published solc {SOLC_VERSION}", hint=_BRING)
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(f"package/{SOLJSON}")
        if member is None:
            raise Undetermined(f"npm's solc {SOLC_VERSION} holds no {SOLJSON}", hint=_BRING)
        return member.read()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
