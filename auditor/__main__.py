"""``auditor`` and ``python -m auditor``."""

import sys


def main() -> None:
    """Answers ``--version`` without building the command line, and hands everything else to it."""
    if sys.argv[1:] == ["--version"]:
        from auditor._version import __version__

        print(f"auditor {__version__}")
        return
    try:
        from auditor.cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        # Also while modules are still being loaded.
        sys.exit(130)


if __name__ == "__main__":
    main()
