"""What git keeps of a file, read from its own files: no process is started for it.

Source: git ``Documentation/gitformat-index.txt`` and ``gitattributes(5)``; git-lfs ``docs/spec.md``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

_MAX_ATTRIBUTES_BYTES = 1 << 20
_MAX_INDEX_BYTES = 1 << 28
_ENTRY_BYTES = 62
"""An index entry before its name, in an index of SHA-1 names without extended flags."""


class Staged(Struct, frozen=True, kw_only=True):
    """What the index says of a file: the name of its blob, and the size and time the file had then."""

    blob: str
    size_bytes: int
    modified_seconds: int


class Repository(Struct, frozen=True, kw_only=True):
    """The work tree that holds a file. ``name`` is its path there; ``wants_lfs`` is what attributes say."""

    root: Path
    git: Path
    name: str
    wants_lfs: bool

    def staged(self) -> Staged | None:
        """The file's entry in the index; None where it has none or the index is of a kind not read here."""
        index = self.git / "index"
        try:
            if index.stat().st_size > _MAX_INDEX_BYTES:
                return None
            data = index.read_bytes()
        except OSError:
            return None
        if data[:4] != b"DIRC" or int.from_bytes(data[4:8]) not in (2, 3) or _is_sha256(self.git):
            return None
        return _entry(data, os.fsencode(self.name))


def repository_of(path: Path) -> Repository | None:
    """The work tree around a file; None outside of one."""
    absolute = Path(os.path.abspath(path))
    root = next((folder for folder in absolute.parents if (folder / ".git").exists()), None)
    if root is None:
        return None
    git = root / ".git"
    if git.is_file():
        git = root / _small_text(git).removeprefix("gitdir:").strip()
    name = absolute.relative_to(root).as_posix()
    return Repository(root=root, git=git, name=name, wants_lfs=_filter(root, git, name) == "lfs")


def pointer_blob(sha256: str, size_bytes: int) -> str:
    """The name git gives to the Git-LFS pointer of a content."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size_bytes}\n".encode()
    return hashlib.sha1(b"blob %d\0%s" % (len(pointer), pointer), usedforsecurity=False).hexdigest()


def _entry(data: bytes, name: bytes) -> Staged | None:
    """The entry called ``name``: found by its bytes, and known by the length that stands before them."""
    at = data.find(name + b"\0")
    while at >= 0:
        flags = int.from_bytes(data[at - 2 : at])
        if at >= _ENTRY_BYTES + 12 and flags & 0x4FFF == min(len(name), 0xFFF):
            start = at - _ENTRY_BYTES
            return Staged(
                blob=data[start + 40 : start + 60].hex(),
                size_bytes=int.from_bytes(data[start + 36 : start + 40]),
                modified_seconds=int.from_bytes(data[start + 8 : start + 12]),
            )
        at = data.find(name + b"\0", at + 1)
    return None


def _is_sha256(git: Path) -> bool:
    return "sha256" in _small_text(_common(git) / "config").lower()


def _filter(root: Path, git: Path, name: str) -> str:
    """The value of the attribute ``filter`` of a file, empty when it has none. The last line that matches
    decides; a file nearer to it overrides one further away, and ``info/attributes`` all of them."""
    parts = name.split("/")
    files = [(root.joinpath(*parts[:depth]), "/".join(parts[depth:])) for depth in range(len(parts))]
    value = ""
    macros = {"binary": ""}
    sources = [(folder / ".gitattributes", inner) for folder, inner in files]
    for file, inner in [*sources, (_common(git) / "info" / "attributes", name)]:
        for pattern, words in _lines(file):
            if pattern.startswith("[attr]"):
                macros[pattern.removeprefix("[attr]")] = _value(words, {}) or ""
            elif (found := _value(words, macros)) is not None and _matches(pattern, inner):
                value = found
    return value


def _lines(file: Path) -> Iterator[tuple[str, list[str]]]:
    for line in _small_text(file).splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            yield words[0].strip('"'), words[1:]


def _value(words: list[str], macros: dict[str, str]) -> str | None:
    """What the words of a line make of ``filter``: None when they do not speak of it."""
    value = None
    for word in words:
        if word.startswith("filter="):
            value = word.removeprefix("filter=")
        elif word in ("-filter", "!filter"):
            value = ""
        elif macros.get(word):
            value = macros[word]
    return value


def _matches(pattern: str, name: str) -> bool:
    """Whether a pattern of gitattributes is about the file ``name``, a path from the pattern's folder.

    >>> _matches("*.onnx", "models/a.onnx"), _matches("/*.onnx", "models/a.onnx"), _matches("m/**", "m/a/b")
    (True, False, True)
    """
    if "/" not in pattern:
        name = name.rpartition("/")[2]
    return re.fullmatch(_expression(pattern.removeprefix("/")), name) is not None


def _expression(pattern: str) -> str:
    pieces = re.split(r"(\*\*/|/\*\*|\*|\?|\[[^]]*\])", pattern)
    meaning = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        meaning.get(piece) or (piece.replace("[!", "[^", 1) if piece.startswith("[") else re.escape(piece))
        for piece in pieces
    )


def _common(git: Path) -> Path:
    """The directory that all work trees of a repository share."""
    shared = _small_text(git / "commondir").strip()
    return git / shared if shared else git


def _small_text(file: Path) -> str:
    """The text of a regular file that is not large, else nothing."""
    try:
        if not file.is_file() or file.stat().st_size > _MAX_ATTRIBUTES_BYTES:
            return ""
        return file.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
