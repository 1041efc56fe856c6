"""Signs of life on stderr for anything that takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from auditor.units import bytes_text, seconds_text

PATIENCE_SECONDS = 2.0


@contextmanager
def progress(what: str | Callable[[], str], *, quiet: bool) -> Iterator[None]:
    """Says ``what`` is still going on once patience has run out; erased at the end on a terminal.

    What changes while it goes on is asked for again and again.
    """
    if quiet:
        yield
        return
    stop = threading.Event()
    status = what if callable(what) else lambda: what
    teller = threading.Thread(target=_tell, args=(status, stop, PATIENCE_SECONDS), daemon=True)
    teller.start()
    try:
        yield
    finally:
        stop.set()
        teller.join()


class StepProgress:
    """The steps of a long command: which one, for how long, and how long still.

    On a terminal one line lives while a step goes on; anywhere else a step that is expected to be long is
    announced. Every step that is done leaves a line.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._expected_seconds: dict[str, float] = {}
        self._detail = ""

    def expect(self, expected_seconds: Mapping[str, float]) -> None:
        """What each of the coming steps is expected to take."""
        self._expected_seconds = dict(expected_seconds)

    def step(self, name: str) -> AbstractContextManager[None]:
        """Lasts as long as the step does."""
        return nullcontext() if self._quiet else self._told(name)

    def detail(self, text: str) -> None:
        """How far the current step is, where it knows."""
        self._detail = text

    def bytes_done(self, done: int, total: int) -> None:
        """How much of a download there is."""
        self.detail(f"{bytes_text(done)} of {bytes_text(total)}")

    def note(self, text: str) -> None:
        """Something the user should know, on a line of its own."""
        if not self._quiet:
            print(f"auditor: {text}", file=sys.stderr, flush=True)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        expected = self._expected_seconds.pop(name, None)
        after = sum(self._expected_seconds.values())
        started = time.monotonic()
        stop = threading.Event()
        self._detail = ""

        def status() -> str:
            return _status(name, time.monotonic() - started, expected, after, self._detail)

        is_long = (expected or 0) >= PATIENCE_SECONDS
        patience = 0.2 if is_long or sys.stderr.isatty() else PATIENCE_SECONDS
        teller = threading.Thread(target=_tell, args=(status, stop, patience), daemon=True)
        teller.start()
        try:
            yield
        finally:
            stop.set()
            teller.join()
        self.note(f"{name} done in {seconds_text(time.monotonic() - started)}")


def _status(
    name: str, elapsed_seconds: float, expected_seconds: float | None, after_seconds: float, detail: str
) -> str:
    """One line: the step, what has passed, what was expected of it, and what then remains of all steps.

    >>> _status("keys", 12.0, 30.0, 40.0, "")
    'keys · 12.0 s of about 30.0 s · about 58.0 s left in all'
    """
    parts = [name, detail] if detail else [name]
    if expected_seconds is None:
        return " · ".join([*parts, seconds_text(elapsed_seconds)])
    left = max(expected_seconds - elapsed_seconds, 0) + after_seconds
    parts.append(f"{seconds_text(elapsed_seconds)} of about {seconds_text(expected_seconds)}")
    return " · ".join([*parts, f"about {seconds_text(left)} left in all"])


def _tell(status: Callable[[], str], stop: threading.Event, patience_seconds: float) -> None:
    if stop.wait(patience_seconds):
        return
    if not sys.stderr.isatty():
        print(f"auditor: {status()} ...", file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(status())) as line:
        while not stop.wait(0.25):
            line.update(Text(status()))
