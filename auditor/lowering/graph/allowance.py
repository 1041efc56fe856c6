"""How much may be computed while a model is folded: a few bytes of a file can ask for hours and terabytes.

It is counted in work and in bytes and not by a clock, so that a model ends in the same way on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from auditor.lowering.errors import TooManyValues

_MOST_WORK, _WORK_PER_BYTE = 1 << 31, 64
_MOST_BYTES, _BYTES_PER_BYTE = 1 << 28, 16
"""What every model may do, and how much more for each byte of its file."""

_WORK_OF_A_STEP = 20_000
"""One step costs as much as so many elements, however few it computes."""


class Allowance:
    """What is left to compute; a constant that is computed only when somebody asks draws on it then."""

    __slots__ = ("_bytes", "_work")

    def __init__(self, file_bytes: int) -> None:
        self._work = _MOST_WORK + _WORK_PER_BYTE * file_bytes
        self._bytes = _MOST_BYTES + _BYTES_PER_BYTE * file_bytes

    def spend(self, work: int, size_bytes: int) -> None:
        """Takes one step of so many elements (or products), whose results have so many bytes.

        Raises:
            TooManyValues: there is not enough left.
        """
        self._work -= work + _WORK_OF_A_STEP
        self._bytes -= size_bytes
        if self._work < 0 or self._bytes < 0:
            raise TooManyValues("its constants take more to compute than is worth trying")


_current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def current() -> Allowance | None:
    """The allowance that constants are computed on; None where nothing limits them."""
    return _current.get()


@contextmanager
def allowance(file_bytes: int) -> Iterator[None]:
    """Limits what is folded inside, for a model from a file of so many bytes; an outer limit stays."""
    if _current.get() is not None:
        yield
        return
    token = _current.set(Allowance(file_bytes))
    try:
        yield
    finally:
        _current.reset(token)
