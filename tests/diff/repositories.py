"""Scratch repositories of git, made and changed by the tests."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from msgspec import Struct

IDENTITY = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
}  # fmt: skip


class Repository(Struct, frozen=True):
    """A repository at ``root``."""

    root: Path

    def git(self, *words: str) -> str:
        """What a git command prints."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        ended = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env=environment | IDENTITY,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return ended.stdout.strip()

    def commit(self) -> str:
        """Adds all there is, and returns the new commit."""
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def pointer(self, content: bytes, *, stored: bytes | None) -> bytes:
        """A Git-LFS pointer to ``content``, and ``stored`` in the LFS store under its name."""
        oid = hashlib.sha256(content).hexdigest()
        if stored is not None:
            place = self.root / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(stored)
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
        return text.encode()


def repository(root: Path) -> Repository:
    """An empty repository on the branch ``main``."""
    root.mkdir(parents=True, exist_ok=True)
    made = Repository(root)
    made.git("init", "-q", "-b", "main")
    return made
