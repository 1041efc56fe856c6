"""The ways a run can fail, each with its exit code and one line that says what to do.

AuditorError
  UsageError          2   the command line or the configuration is wrong
  BadModel            2   the file is not a model anyone should load
  Undetermined        3   an answer exists, but something needed for it is missing
    LfsPointer            the file is a Git-LFS pointer and its content is not here
    UnboundDimension      the model leaves sizes open that the user has to give
  InternalFailure     4   our own fault, or a worker that died
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class AuditorError(Exception):
    """A failure with a one-line reason; ``hint`` says what to do about it.

    ``rule`` is the id of the security rule that refused the file, if one did. Both texts may hold
    names from a model: whoever prints them passes those through :func:`auditor.safe.safe` first,
    which the places that raise already do.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, hint: str | None = None, rule: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.rule = rule

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}; {self.hint}"


class UsageError(AuditorError):
    """The command line or the configuration is wrong."""

    exit_code = 2

    @classmethod
    def unknown(cls, what: str, word: str, known: Iterable[str], elsewhere: str = "") -> UsageError:
        """A word that is not known: the nearest is suggested, else ``elsewhere`` or all are named."""
        from difflib import get_close_matches

        plain = {name.lower().replace("-", "_"): name for name in sorted(known)}
        near = get_close_matches(word.lower().replace("-", "_"), plain, n=1)
        if near:
            return cls(what, hint=f"did you mean {plain[near[0]]}?")
        return cls(what, hint=elsewhere or f"there are {', '.join(plain.values())}")


class BadModel(AuditorError):
    """The file is not an ONNX model, or a broken or hostile one."""

    exit_code = 2


class Undetermined(AuditorError):
    """The question has an answer, but not from what is here."""

    exit_code = 3


class LfsPointer(Undetermined):
    """A Git-LFS pointer whose content is not on this machine. ``size_bytes`` is that of the content."""

    def __init__(self, message: str, hint: str, *, oid: str, size_bytes: int) -> None:
        super().__init__(message, hint, rule="AUD-REPO-001")
        self.oid = oid
        self.size_bytes = size_bytes


class UnboundDimension(Undetermined):
    """Sizes the model leaves open. ``names`` are what ``--dim NAME=SIZE`` accepts for them."""

    def __init__(self, message: str, hint: str, *, names: tuple[str, ...]) -> None:
        super().__init__(message, hint)
        self.names = names


class InternalFailure(AuditorError):
    """A fault of this program or of a worker it started."""

    exit_code = 4
