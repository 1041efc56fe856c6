"""Runs a command and prints what it took, as JSON: ``python -I -S tools/stopwatch.py COMMAND...``.

A process of its own, because Linux counts the memory of the process that starts a command as the command's
own until it runs: started from a large process, every command would seem large. This one stays small.
"""

import json
import os
import sys
import time


def main(command: list[str]) -> None:
    """Output of the command is thrown away. ``seconds`` is wall time, ``cpu_seconds`` user and system."""
    devnull = os.open(os.devnull, os.O_RDWR)
    silent = [(os.POSIX_SPAWN_DUP2, devnull, stream) for stream in (0, 1, 2)]
    started = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    measured = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "exit_code": os.waitstatus_to_exitcode(status),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1:])
