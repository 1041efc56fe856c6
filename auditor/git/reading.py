"""Files as git keeps them at a revision: read from its objects, never checked out over anything.

Only plumbing is called (``rev-parse``, ``ls-tree``, ``ls-files``, ``cat-file``), without a shell, a pager,
a network or what a repository's configuration would run. A revision is what git takes for one, or ``INDEX``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import re
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from msgspec import Struct

from auditor.errors import AuditorError, BadModel, InternalFailure, LfsPointer, Undetermined, UsageError
from auditor.git import process as git_process
from auditor.model.lfs import MAX_POINTER_BYTES, Pointer, parse_pointer
from auditor.model.limits import MAX_FILE_BYTES
from auditor.safe import safe
from auditor.units import bytes_text

INDEX = ""
"""The revision of what is staged."""

_COPY_TIMEOUT_SECONDS = 1800.0
_MAX_LINKS = 8
_MAX_EXTERNAL_FILES = 10_000
_PATHS_AT_ONCE = 200
_BLOCK_BYTES = 1 << 20
_DAMAGED = "is damaged in this clone's LFS store (see git lfs fsck)"


class Snapshot(Struct, frozen=True, kw_only=True):
    """One revision of one repository: its work tree ``root``, the ``common`` directory that all its worktrees
    share, and the ``tree`` of the revision, which is None for the index."""

    revision: str
    root: Path
    common: Path
    tree: str | None


class Entry(Struct, frozen=True, kw_only=True):
    """A file or symbolic link in a snapshot; ``path`` is relative to the root, ``oid`` names the content."""

    path: str
    oid: str
    is_link: bool


def read_at(revision: str, path: Path) -> bytes | None:
    """The content that the file ``path`` of the work tree has at ``revision``; None when it has no such file.

    Symbolic links are followed inside the repository, Git-LFS pointers resolved from its store.

    Raises:
        UsageError: no repository, no such revision, or a path outside the repository.
        LfsPointer: the content is in no LFS store here.
        Undetermined: git or the revision is missing here.
        BadModel: it is larger than any model may be.
    """
    snapshot = open_snapshot(revision, path)
    entry = find(snapshot, path)
    return None if entry is None else content(snapshot, entry)


def checkout_model(revision: str, path: Path, into: Path) -> Path:
    """Writes the model ``path`` at ``revision`` and the external data it names below the directory ``into``.

    Returns where the model is. External files that the revision lacks stay missing, as in a work tree.

    Raises:
        UsageError: as :func:`read_at`, or the revision has no such file.
        BadModel: the external data is a symbolic link.
        AuditorError: as :func:`read_at`.
    """
    snapshot = open_snapshot(revision, path)
    entry = find(snapshot, path, follow=False)
    if entry is None:
        raise UsageError(
            f"{describe(snapshot)} has no file {_shown(path)}", "check the path and the revision"
        )
    target = into / path.name
    _write(snapshot, _followed(snapshot, entry), target, MAX_FILE_BYTES)
    folder = posixpath.dirname(entry.path)
    wanted = {posixpath.join(folder, *parts): parts for parts in _external_files(target)}
    for name, found in _entries(snapshot, wanted).items():
        if found.is_link:
            raise BadModel(f"external file '{safe(name)}' is a symbolic link", rule="AUD-SEC-003")
        _write(snapshot, found, into.joinpath(*wanted[name]), None)
    return target


def repository_root(near: Path) -> Path:
    """The work tree that the file or directory ``near`` lies in, whether or not it exists.

    Raises:
        UsageError: there is none.
        Undetermined: git is missing.
    """
    folder = Path(os.path.abspath(near))
    while not folder.is_dir():
        folder = folder.parent
    ended = git_process.run(folder, "rev-parse", "--show-toplevel")
    if ended.returncode == 0:
        return Path(git_process.text(ended.stdout))
    said = git_process.text(ended.stderr)
    if "dubious ownership" in said:
        hint = f"run: git config --global --add safe.directory {shlex.quote(str(folder))}"
        raise UsageError(f"git does not trust the repository of {_shown(near)}: another user owns it", hint)
    raise UsageError(f"{_shown(near)} is in no git work tree", "run auditor where the repository is")


def open_snapshot(revision: str, near: Path) -> Snapshot:
    """``revision`` in the repository that ``near`` lies in.

    Raises:
        UsageError: no repository, or no such revision.
        Undetermined: git is missing, or the revision is not in this shallow clone.
    """
    root = repository_root(near)
    common = root / git_process.answer(root, "rev-parse", "--git-common-dir")
    tree = None if revision == INDEX else _tree(root, revision)
    return Snapshot(revision=revision, root=root, common=common, tree=tree)


def find(snapshot: Snapshot, path: Path, *, follow: bool = True) -> Entry | None:
    """What ``snapshot`` has at ``path`` of the work tree, links followed; None where it has no file.

    Raises:
        UsageError: the path is outside the repository, or a link leads out of it.
    """
    names = _inside(snapshot.root, path)
    found = _entries(snapshot, names)
    entry = next((found[name] for name in names if name in found), None)
    return _followed(snapshot, entry) if entry is not None and follow else entry


def content(snapshot: Snapshot, entry: Entry) -> bytes:
    """The content of a file, that of a Git-LFS pointer from the LFS store. Raises as :func:`read_at` does."""
    _check_size(snapshot, entry, MAX_FILE_BYTES)
    raw = _blob(snapshot, entry)
    pointer = parse_pointer(raw[:MAX_POINTER_BYTES])
    if pointer is None:
        return raw
    if pointer.size_bytes > MAX_FILE_BYTES:
        raise _too_large(entry, pointer.size_bytes, MAX_FILE_BYTES)
    with _open_stored(snapshot, entry, pointer) as stored:
        data = stored.read(pointer.size_bytes + 1)
    _check_stored(snapshot, entry, pointer, len(data), hashlib.sha256(data).hexdigest())
    return data


def describe(snapshot: Snapshot) -> str:
    """The revision in words."""
    return "the index" if snapshot.tree is None else f"revision {safe(snapshot.revision)}"


# --- revisions and paths -------------------------------------------------------------------


def _tree(root: Path, revision: str) -> str:
    shown = safe(revision)
    if "\0" in revision:
        raise UsageError(f"'{shown}' is no git revision")
    ended = git_process.run(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}"
    )
    if ended.returncode == 0:
        return git_process.text(ended.stdout)
    if git_process.answer(root, "rev-parse", "--is-shallow-repository") == "true":
        raise Undetermined(
            f"git knows no revision '{shown}', and this clone is shallow",
            f"fetch it: git fetch --depth=1 origin {shlex.quote(shown)}, or all: git fetch --unshallow",
        )
    raise UsageError(f"git knows no revision '{shown}'", "see git log, or fetch it: git fetch origin")


def _inside(root: Path, path: Path) -> list[str]:
    """The path as git writes it: as it stands, and with the links of its directories resolved."""
    absolute = Path(os.path.abspath(path))
    resolved = Path(os.path.realpath(absolute.parent)) / absolute.name
    inside = [item.relative_to(root).as_posix() for item in (absolute, resolved) if item.is_relative_to(root)]
    if not inside or inside[0] == ".":
        raise UsageError(f"{_shown(path)} is no file of the repository {safe(str(root), limit=400)}")
    return list(dict.fromkeys(inside))


def _entries(snapshot: Snapshot, paths: Iterable[str]) -> dict[str, Entry]:
    """The files and links among ``paths``, in git's order."""
    names = sorted(paths)
    found: dict[str, Entry] = {}
    for start in range(0, len(names), _PATHS_AT_ONCE):
        some = names[start : start + _PATHS_AT_ONCE]
        command = (
            ("ls-files", "-s", "-z")
            if snapshot.tree is None
            else ("ls-tree", "-z", "--full-tree", snapshot.tree)
        )
        ended = git_process.run(snapshot.root, *command, "--", *some)
        if ended.returncode:
            raise InternalFailure(
                f"git {command[0]} failed: {safe(git_process.text(ended.stderr), limit=400)}"
            )
        for record in filter(None, ended.stdout.split(b"\0")):
            facts, _, name = record.partition(b"\t")
            mode, *rest = facts.decode("ascii").split(" ")
            # ls-tree: type, object; ls-files: object, stage. A stage is 0 where nothing conflicts.
            kind, oid = ("blob" if rest[1] == "0" else "conflict", rest[0]) if snapshot.tree is None else rest
            path = os.fsdecode(name)
            if path in some and mode in ("100644", "100755", "100664", "120000") and kind == "blob":
                found[path] = Entry(path=path, oid=oid, is_link=mode == "120000")
    return found


def _followed(snapshot: Snapshot, entry: Entry) -> Entry:
    """The file at the end of a symbolic link."""
    first = entry
    for _ in range(_MAX_LINKS):
        if not entry.is_link:
            return entry
        _check_size(snapshot, entry, 4096)
        link = os.fsdecode(_blob(snapshot, entry))
        path = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), link))
        found = _entries(snapshot, [path]) if "\0" not in path and not path.startswith(("/", "../")) else {}
        if path not in found:
            break
        entry = found[path]
    raise UsageError(f"'{safe(first.path)}' is a symbolic link to no file of {describe(snapshot)}")


# --- contents ------------------------------------------------------------------------------


def _write(snapshot: Snapshot, entry: Entry, target: Path, max_bytes: int | None) -> None:
    """Copies the content to the new file ``target``, through the LFS store where that has it."""
    size = _check_size(snapshot, entry, max_bytes)
    pointer = None
    if size < MAX_POINTER_BYTES:
        pointer = parse_pointer(_blob(snapshot, entry))
    size = size if pointer is None else pointer.size_bytes
    if max_bytes is not None and size > max_bytes:
        raise _too_large(entry, size, max_bytes)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
        if size > free:
            needed = f"{bytes_text(size)} are needed, {bytes_text(free)} are free"
            raise Undetermined(f"no room for '{safe(entry.path)}': {needed}", "set TMPDIR to a larger disk")
        with target.open("xb") as file:
            if pointer is None:
                _blob(snapshot, entry, stdout=file, timeout=_COPY_TIMEOUT_SECONDS)
            else:
                _copy_stored(snapshot, entry, pointer, file)
    except OSError as error:
        raise Undetermined(f"'{safe(entry.path)}' cannot be written: {error.strerror or error}") from error


def _blob(
    snapshot: Snapshot,
    entry: Entry,
    stdout: IO[bytes] | int = subprocess.PIPE,
    timeout: float = git_process.TIMEOUT_SECONDS,
) -> bytes:
    ended = git_process.run(snapshot.root, "cat-file", "blob", entry.oid, stdout=stdout, timeout=timeout)
    if ended.returncode:
        raise _not_here(snapshot, entry)
    return ended.stdout


def _copy_stored(snapshot: Snapshot, entry: Entry, pointer: Pointer, file: IO[bytes]) -> None:
    digest, total = hashlib.sha256(), 0
    with _open_stored(snapshot, entry, pointer) as stored:
        while block := stored.read(_BLOCK_BYTES):
            digest.update(block)
            total += file.write(block)
    _check_stored(snapshot, entry, pointer, total, digest.hexdigest())


def _open_stored(snapshot: Snapshot, entry: Entry, pointer: Pointer) -> IO[bytes]:
    place = snapshot.common / "lfs" / "objects" / pointer.oid[:2] / pointer.oid[2:4] / pointer.oid
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _lfs_error(snapshot, entry, pointer, "is not here") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size != pointer.size_bytes:
        os.close(descriptor)
        raise _lfs_error(snapshot, entry, pointer, _DAMAGED)
    return os.fdopen(descriptor, "rb")


def _check_stored(snapshot: Snapshot, entry: Entry, pointer: Pointer, size: int, sha256: str) -> None:
    if (size, sha256) != (pointer.size_bytes, pointer.oid):
        raise _lfs_error(snapshot, entry, pointer, _DAMAGED)


def _lfs_error(snapshot: Snapshot, entry: Entry, pointer: Pointer, why: str) -> LfsPointer:
    revision = "" if snapshot.tree is None else f" origin {shlex.quote(safe(snapshot.revision))}"
    what = f"({pointer.size_bytes:,} bytes, sha256 {pointer.oid})"
    return LfsPointer(
        f"'{safe(entry.path)}' of {describe(snapshot)} is a Git-LFS pointer; its content {what} {why}",
        f"run: git lfs fetch{revision} --include={shlex.quote(safe(entry.path))}",
        oid=pointer.oid,
        size_bytes=pointer.size_bytes,
    )


def _check_size(snapshot: Snapshot, entry: Entry, max_bytes: int | None) -> int:
    ended = git_process.run(snapshot.root, "cat-file", "-s", entry.oid)
    if ended.returncode:
        raise _not_here(snapshot, entry)
    size = int(ended.stdout)
    if max_bytes is not None and size > max_bytes:
        raise _too_large(entry, size, max_bytes)
    return size


def _too_large(entry: Entry, size: int, limit: int) -> BadModel:
    return BadModel(f"'{safe(entry.path)}' is too large: {size:,} bytes, the limit is {limit:,}")


def _not_here(snapshot: Snapshot, entry: Entry) -> Undetermined:
    return Undetermined(
        f"the content of '{safe(entry.path)}' at {describe(snapshot)} is not in this clone",
        "it is a partial or damaged one: git fsck, or git fetch --refetch",
    )


def _external_files(model: Path) -> set[tuple[str, ...]]:
    """The files beside ``model`` that its tensors lie in, as parts of paths that only go down.

    Of a model that cannot be read, those that stand before the fault: whoever audits it names the fault.
    """
    from auditor.model.context import ReadContext
    from auditor.model.external import ExternalStore
    from auditor.model.files import open_model
    from auditor.model.schema import MODEL
    from auditor.model.wire import Walk

    context = ReadContext(external=ExternalStore(model.parent))
    with contextlib.suppress(AuditorError):
        data = open_model(model).data
        Walk(data, context).read(MODEL, 0, len(data))
    names = {tuple(re.split(r"[/\\]+", location)) for location in context.external.missing}
    names = {tuple(part for part in parts if part not in ("", ".")) for parts in names}
    if len(names) > _MAX_EXTERNAL_FILES:
        raise BadModel(f"names {len(names):,} external files, the limit is {_MAX_EXTERNAL_FILES:,}")
    # The reader has refused what leads elsewhere; this writes files, so it looks again.
    return {parts for parts in names if parts and ".." not in parts and "\0" not in "".join(parts)}


def _shown(path: Path) -> str:
    return safe(path.as_posix(), limit=400)
