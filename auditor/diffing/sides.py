"""What the two words of ``auditor diff`` name: files, files at a revision, and what git's users leave out."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from auditor.audit import audit
from auditor.diffing.report import Side
from auditor.errors import AuditorError, UsageError
from auditor.git import reading as git
from auditor.options import Request
from auditor.report import ModelAudit
from auditor.safe import safe
from auditor.verdict import could_not_read


class Place(Struct, frozen=True, kw_only=True):
    """A file of the work tree, or what ``snapshot`` has at its ``path``; ``exists``: whether it is there."""

    path: Path
    snapshot: git.Snapshot | None
    exists: bool

    @property
    def label(self) -> str:
        """``path``, or ``REV:path`` with the path from the root of the repository, as git writes it."""
        if self.snapshot is None:
            return shown(self.path)
        inside = Path(os.path.abspath(self.path))
        root = self.snapshot.root
        path = inside.relative_to(root) if inside.is_relative_to(root) else inside
        return safe(f"{self.snapshot.revision}:{path.as_posix()}", limit=400)


def places(old: str, new: str | None) -> tuple[Place, Place]:
    """The two sides.

    ``OLD NEW``: each a file or ``REV:path``; OLD may be a revision alone: then NEW's path is meant there. OLD
    alone: ``REV:path`` against the file there is now; a path, what it is at HEAD against what it is now.

    Raises:
        UsageError: a word names nothing, or neither side is there.
        Undetermined: git or the revision is missing here.
    """
    if new is None:
        before = _named(old) if _is_revision_path(old) else _at("HEAD", Path(old))
        after = Place(path=before.path, snapshot=None, exists=_is_there(before.path))
    else:
        after = _named(new)
        known = _is_revision_path(old) or _is_there(Path(old))
        before = _named(old) if known else _at_bare_revision(old, after.path)
    if not before.exists and not after.exists:
        when = "" if before.snapshot is None else f", neither now nor at {git.describe(before.snapshot)}"
        raise UsageError(f"there is no {shown(after.path)}{when}", "check the path")
    return before, after


def audited_sides(old: str, new: str | None, request: Request) -> tuple[Side, Side]:
    """Both sides, audited in one run, so that they have the same prices; raises as :func:`places` does.

    What git cannot give, as an LFS object that was never fetched, is undetermined and says why.
    """
    both = places(old, new)
    found: dict[int, ModelAudit] = {}
    paths: dict[int, Path] = {}
    with tempfile.TemporaryDirectory(prefix="auditor-diff-") as folder:
        for number, place in enumerate(both):
            if not place.exists:
                continue
            try:
                paths[number] = _file_of(place, Path(folder) / ("old", "new")[number])
            except AuditorError as error:
                found[number] = _unreadable(error)
        models = audit("estimate", list(paths.values()), request).models if paths else ()
    found.update(zip(paths, models, strict=True))
    return _side(both[0], found.get(0)), _side(both[1], found.get(1))


def _file_of(place: Place, into: Path) -> Path:
    if place.snapshot is None:
        return place.path
    into.mkdir()
    return git.checkout_model(place.snapshot.revision, place.path, into)


def _side(place: Place, audited: ModelAudit | None) -> Side:
    return Side(
        label=place.label,
        path=shown(place.path),
        revision=None if place.snapshot is None else safe(place.snapshot.revision),
        audited=None if audited is None else replace(audited, path=place.label),
    )


def _unreadable(error: AuditorError) -> ModelAudit:
    reason, hint = safe(error.message, limit=400), safe(error.hint or "", limit=400)
    return ModelAudit(
        path="", sha256=None, bytes=None, model=None, circuit=None, artifacts=None, findings=(),
        verdict=could_not_read("input", reason, hint, error.exit_code),
    )  # fmt: skip


# --- what a word names ---------------------------------------------------------------------


def shown(path: Path) -> str:
    """The path as it was given, and never an absolute one: reports are compared between machines."""
    given = os.path.relpath(path) if path.is_absolute() else os.fspath(path)
    return safe(Path(given).as_posix(), limit=400)


def split_revision(word: str) -> tuple[str, str] | None:
    """``("REV", "path")`` of ``REV:path``, where the colon stands in no braces; None where there is none.

    >>> split_revision("HEAD~1:a:b.onnx"), split_revision("HEAD^{/fix: it}:a.onnx"), split_revision("a.onnx")
    (('HEAD~1', 'a:b.onnx'), ('HEAD^{/fix: it}', 'a.onnx'), None)
    """
    depth = 0
    for position, character in enumerate(word):
        depth += (character == "{") - (character == "}")
        if character == ":" and depth <= 0:
            return word[:position], word[position + 1 :]
    return None


def _is_revision_path(word: str) -> bool:
    """A file that is called like one is a file."""
    return split_revision(word) is not None and not _is_there(Path(word))


def _named(word: str) -> Place:
    """The file, or the file at a revision, that a word names; it has to be there."""
    parts = None if _is_there(Path(word)) else split_revision(word)
    if parts is None:
        if not _is_there(Path(word)):
            raise UsageError(f"{safe(word, limit=400)} does not exist", "give a file, or REV:path")
        return Place(path=Path(word), snapshot=None, exists=True)
    revision, name = parts
    if not name:
        raise UsageError(f"'{safe(word)}' names no file", "as in HEAD~1:models/net.onnx")
    # As in git: from the root, unless it begins with a dot.
    here = name.startswith(("./", "../"))
    place = _at(revision, Path(name) if here else git.repository_root(Path.cwd()) / name)
    if place.exists or place.snapshot is None:
        return place
    near = not here and git.find(place.snapshot, Path(name)) is not None
    hint = f"did you mean {safe(revision)}:./{safe(name)}?" if near else "check the path: git ls-files"
    raise UsageError(f"{git.describe(place.snapshot)} has no file {safe(name, limit=400)}", hint)


def _at(revision: str, path: Path) -> Place:
    snapshot = git.open_snapshot(revision, path)
    return Place(path=path, snapshot=snapshot, exists=git.find(snapshot, path) is not None)


def _at_bare_revision(word: str, path: Path) -> Place:
    try:
        return _at(word, path)
    except UsageError as error:
        raise UsageError(
            f"'{safe(word)}' is no file, and as a revision: {error.message}", error.hint
        ) from error


def _is_there(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False
