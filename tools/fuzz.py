"""Spoils valid models and looks at what the auditor makes of them.

    python -m tools.fuzz --count 50000 --seed 1 --report
    python -m tools.fuzz --count 6000 --seed 3 --commands --report

Models to begin with are the samples, the random ones of ``tests/families``, those of ``tools.fuzzing.named``
whose sizes have names, ONNX's own node tests and the hostile files. Each mutant goes through
``auditor.audit`` and two formats, JSON and another each time; with ``--commands`` through one of ``check``,
``diff``, ``compare`` and ``forecast`` as the command line runs them. All that happens in a forked worker with
little memory: whatever a mutant does, it does to the worker. It fails where it ends in anything but an
answer, takes more than ten seconds of processor time or more than 1 GB of memory on top of the program's own.
The first of each kind is printed, and made smaller with ``--reduce``. A mutant is a function of the seed, its
number and the models to begin with (with them of the version of ``onnx``), so ``--only N`` repeats one.

Writes its table into ``docs/hardening.md`` with ``--report``; ends with 1 where something failed.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import time

from tools.fuzzing.commands import commanding
from tools.fuzzing.estimating import estimating
from tools.fuzzing.outcome import Judge, Mutant, Outcome
from tools.fuzzing.page import COMMANDED, ESTIMATED, PLANNED, Kind, Tally, table, write
from tools.fuzzing.seeds import REPOSITORY, mutants, reduce
from tools.fuzzing.worker import run

REPRODUCERS = REPOSITORY / "build" / "fuzz"
_MOST_SHOWN_BYTES = 1500


def main() -> None:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # before anything imports numpy
        os.environ.setdefault(name, "1")
    options = _options()
    kind = COMMANDED if options.commands else PLANNED if options.plan else ESTIMATED
    judge = commanding() if options.commands else estimating(planned=options.plan)
    mutant = mutants(options.seed)
    if options.only is not None:
        _, outcome = next(iter(run(range(options.only, options.only + 1), mutant, judge)))
        _show(mutant(options.only), outcome, judge if options.reduce else None)
        sys.exit(bool(outcome.failure))
    tally = Tally()
    started = time.monotonic()
    for number, outcome in run(range(options.start, options.start + options.count), mutant, judge):
        tally.add(number, outcome)
        if outcome.failure and tally.failures[outcome.failure][1] == 1:
            print(f"{number}: {outcome.failure}", flush=True)
            _show(mutant(number), outcome, judge if options.reduce else None)
        if tally.count % 1000 == 0:
            passed = time.monotonic() - started
            print(f"{tally.count:,} in {passed:,.0f} s, {len(tally.failures)} kinds of failure", flush=True)
    tally.seconds = time.monotonic() - started
    text = table(tally, kind, _command(kind, options))
    print(text)
    if options.report:
        write(text, kind)
    sys.exit(bool(tally.failures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the first number")
    parser.add_argument("--only", type=int, help="repeat one number")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--plan", action="store_true", help="plan the run args, as estimate does")
    which.add_argument("--commands", action="store_true", help="check, diff, compare and forecast in turn")
    parser.add_argument("--reduce", action="store_true", help="make the first of each kind smaller")
    parser.add_argument("--report", action="store_true", help="write the table into docs/hardening.md")
    return parser.parse_args()


def _command(kind: Kind, options: argparse.Namespace) -> str:
    started = f" --start {options.start}" if options.start else ""
    return f"python -m tools.fuzz --count {options.count} --seed {options.seed}{started}{kind.option}"


def _show(mutant: Mutant, outcome: Outcome, judge: Judge | None) -> None:
    print(f"  {outcome.kind}, {outcome.cpu_seconds:.2f} s, {outcome.memory_bytes / 1e6:,.0f} MB")
    if not outcome.failure:
        return
    if judge is not None:
        mutant = reduce(mutant, outcome.failure, judge)
    REPRODUCERS.mkdir(parents=True, exist_ok=True)
    path = REPRODUCERS / f"{mutant.number}.onnx"
    path.write_bytes(mutant.content)
    print("  " + outcome.detail.strip().replace("\n", "\n  "))
    print(f"  {len(mutant.content):,} bytes: {path}")
    if len(mutant.content) <= _MOST_SHOWN_BYTES:
        print(f"  {base64.b64encode(mutant.content).decode()}", flush=True)


if __name__ == "__main__":
    main()
