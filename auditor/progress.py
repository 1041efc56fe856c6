"""A sign of life on stderr for anything that takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 2.0


@contextmanager
def progress(what: str, *, quiet: bool) -> Iterator[None]:
    """Says ``what`` is still going on once patience has run out; erased at the end on a terminal."""
    if quiet:
        yield
        return
    stop = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, stop), daemon=True)
    teller.start()
    try:
        yield
    finally:
        stop.set()
        teller.join()


def _tell(what: str, stop: threading.Event) -> None:
    if stop.wait(PATIENCE_SECONDS):
        return
    if not sys.stderr.isatty():
        print(f"auditor: {what} ...", file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(what)):
        stop.wait()
