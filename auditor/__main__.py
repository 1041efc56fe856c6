"""``auditor`` and ``python -m auditor``."""

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> None:
    """Answers ``--version`` without building the command line, and hands everything else to it."""
    if sys.argv[1:] == ["--version"]:
        from auditor._version import __version__

        print(f"auditor {__version__}")
        return
    # A run is short and leaves few cycles; to look for them as often as usual takes a tenth of it.
    gc.set_threshold(100_000)
    # numpy starts a thread for each core to multiply matrices, which nothing here does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, _terminated)
    try:
        from auditor.cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        # Also while modules are still being loaded.
        sys.exit(130)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Unwinds, so that workers are stopped and temporary files removed; 143 as from a shell."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
