"""Running git: no shell, no pager, no network, a limit of time, and no program that anyone configured."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from auditor.errors import InternalFailure, Undetermined
from auditor.safe import safe

TIMEOUT_SECONDS = 60.0

_GIT = (
    "git", "--no-pager", "--no-optional-locks", "--literal-pathspecs",
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
)  # fmt: skip
_KEPT = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_OBJECT_DIRECTORY",
)  # fmt: skip
"""What of git's environment says where things are; the rest may name programs, or another repository."""


def run(
    folder: Path, *words: str, stdout: IO[bytes] | int = subprocess.PIPE, timeout: float = TIMEOUT_SECONDS
) -> subprocess.CompletedProcess[bytes]:
    """One git command in ``folder``, whatever its exit code.

    Raises:
        Undetermined: git is missing.
        InternalFailure: it took longer than ``timeout`` seconds, or cannot be run.
    """
    try:
        return subprocess.run(
            [*_GIT, *words],
            cwd=folder,
            env=_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise Undetermined(
            "git is not installed, or not on PATH", "install git, or give two files"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InternalFailure(f"git {words[0]} took longer than {timeout:,.0f} s") from error
    except OSError as error:
        raise InternalFailure(f"git cannot be run: {error.strerror or error}") from error


def answer(folder: Path, *words: str) -> str:
    """What a command prints that has to succeed; raises InternalFailure where it does not, else as `run`."""
    ended = run(folder, *words)
    if ended.returncode:
        raise InternalFailure(f"git {words[0]} failed: {safe(text(ended.stderr), limit=400)}")
    return text(ended.stdout)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in given.items() if not name.startswith("GIT_") or name in _KEPT}
    if index := given.get("GIT_INDEX_FILE"):  # a hook of `git commit -a` sees another index than .git/index
        kept["GIT_INDEX_FILE"] = os.path.abspath(index)
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}


def text(raw: bytes) -> str:
    """One line that git printed; bytes that are no UTF-8 are kept, as in the name of a file."""
    return os.fsdecode(raw.removesuffix(b"\n"))
