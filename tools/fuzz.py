"""Spoils valid models and looks at what the auditor makes of them.

    python -m tools.fuzz --count 50000 --seed 1 --report

Models to begin with are the samples, the random ones of ``tests/families``, ONNX's own node tests and the
hostile files. Each mutant goes through ``auditor.audit`` and two formats, JSON and another each time, in a
forked worker with little memory: whatever it does, it does to the worker. It fails where it ends in
anything but an answer, takes more than ten seconds of processor time or more than 1 GB of memory on top of
the program's own. The first of each kind is printed, and made smaller with ``--reduce``. A mutant is a
function of the seed, its number and the models to begin with (with them of the version of ``onnx``), so
``--only N`` repeats one.

Writes its table into ``docs/hardening.md`` with ``--report``; ends with 1 where something failed.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import os
import random
import re
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from auditor.findings import SEVERITIES, Finding
from auditor.verdict import EXIT_FAILURE

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

REPOSITORY = Path(__file__).resolve().parent.parent
REPRODUCERS = REPOSITORY / "build" / "fuzz"
PAGE = REPOSITORY / "docs" / "hardening.md"

CPU_SECONDS = 10.0
WALL_SECONDS = 60.0
MEMORY_BYTES = 10**9
_MOST_SEED_BYTES = 120_000
_FAMILY_SEEDS = 132
_REDUCTIONS = 400
_KB = 1024


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one file. ``kind`` is for the table; ``failure`` tells failures apart, '' is none.

    ``rules`` are the ids of the findings, the worst first.
    """

    kind: str
    failure: str = ""
    detail: str = ""
    rules: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    memory_bytes: int = 0


Judge = Callable[[Path], Outcome]


def judge_with(*, planned: bool) -> Judge:
    """What audits one file in this process and says how it ended, with or without planning."""
    from auditor import formats
    from auditor._version import __version__
    from auditor.audit import audit_guarded, biller
    from auditor.formats import Medium
    from auditor.options import PlanRequest, PriceRequest, parse_request
    from auditor.plans.planner import planner_for
    from auditor.report import Audit
    from auditor.views.audit import AuditView

    request = parse_request(
        front_end="onnx",
        quiet=True,
        verbose=True,
        prices=PriceRequest(),
        plan=PlanRequest() if planned else None,
    )
    bill, plan = biller(request), planner_for(request)
    others = cycle([name for name in formats.reports() if name != "json"])

    def judge(path: Path) -> Outcome:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            audited = audit_guarded(path, request, bill, plan, alone=True)
        verdict = audited.verdict
        if verdict.exit_code == EXIT_FAILURE:
            return Outcome(kind="crash", failure=_signature(said.getvalue()), detail=said.getvalue()[-3000:])
        report = Audit(
            command="estimate",
            version=__version__,
            rules="",
            models=(audited,),
            status=verdict.status,
            exit_code=verdict.exit_code,
            layers_shown=10,
        )
        for name in ("json", next(others)):
            formats.load(name).render(AuditView(report), Medium(colour=True)).encode("utf-8")
        if verdict.binding == "memory":
            return Outcome(kind="memory", failure="memory: MemoryError", detail="; ".join(verdict.reasons))
        return Outcome(
            kind=f"{verdict.status}{f', {verdict.binding}' if verdict.binding else ''}",
            detail=verdict.reasons[0],
            rules=_rules(audited.findings),
        )

    return judge


def _rules(findings: Sequence[Finding]) -> tuple[str, ...]:
    worst_first = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    return tuple(dict.fromkeys(finding.rule for finding in worst_first))


def _signature(trace: str) -> str:
    """The kind of an exception and the innermost line of ours: the same for the same fault."""
    places = re.findall(r'File ".*?/(auditor/[^"]+)", line (\d+), in (\S+)', trace)
    last = [line for line in trace.strip().splitlines() if line and not line.startswith((" ", "~", "^"))]
    name = re.match(r"[\w.]+", last[-1]) if last else None
    where = "{}:{} {}".format(*places[-1]) if places else "?"
    return f"{name.group() if name else 'died'} at {where}"


# --- the worker ----------------------------------------------------------------------------


def _work(numbers: range, mutant: Callable[[int], bytes], judge: Judge, pipe: int) -> None:
    """Judges mutant after mutant; before each it says its number, after each the outcome."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_status_kb("VmSize") * _KB + MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_memory_disk()) as directory:
        path = Path(directory) / "m.onnx"
        for number in numbers:
            path.write_bytes(mutant(number))
            _tell(pipe, {"number": number})
            _tell(pipe, {"number": number, "outcome": to_builtins(_measured(judge, path))})


def _measured(judge: Judge, path: Path) -> Outcome:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before, started = _status_kb("VmRSS"), time.process_time()
    try:
        outcome = judge(path)
    except MemoryError:
        outcome = Outcome(kind="memory", failure="memory: MemoryError")
    except BaseException as error:
        trace = traceback.format_exc()
        outcome = Outcome(kind="crash", failure=_signature(trace), detail=trace[-3000:] or repr(error))
    seconds = time.process_time() - started
    grown = max(0, _status_kb("VmHWM") - before) * _KB
    failure = outcome.failure or ("hang" if seconds > CPU_SECONDS else "")
    return replace(outcome, failure=failure, cpu_seconds=seconds, memory_bytes=grown)


def _status_kb(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")))


def _memory_disk() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _tell(pipe: int, what: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(what).encode() + b"\n")


# --- the watcher ---------------------------------------------------------------------------


def run(numbers: range, mutant: Callable[[int], bytes], judge: Judge) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of mutants, in order; a worker that dies or does not end is replaced by another."""
    at = numbers.start
    while at < numbers.stop:
        for number, outcome in _one_worker(range(at, numbers.stop), mutant, judge):
            at = number + 1
            yield number, outcome


def _one_worker(
    numbers: range, mutant: Callable[[int], bytes], judge: Judge
) -> Iterator[tuple[int, Outcome]]:
    """Outcomes until the worker is done or has to be ended; then the last is why."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            _work(numbers, mutant, judge, writer)
            os._exit(0)
        except BaseException:  # a fault of this tool
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writer)
    busy_with = numbers.start
    try:
        left = b""
        while True:
            lines, left, ended = _listen(pid, reader, left)
            for line in lines:
                told = json.loads(line)
                busy_with = told["number"] + ("outcome" in told)
                if "outcome" in told:
                    yield told["number"], Outcome(**told["outcome"])
            if ended:
                break
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if busy_with < numbers.stop:
        why = "hang" if ended == "hang" else f"died: {status}"
        yield busy_with, Outcome(kind=why.partition(":")[0], failure=why, cpu_seconds=CPU_SECONDS)


def _listen(pid: int, reader: int, left: bytes) -> tuple[list[bytes], bytes, str]:
    """(whole lines, the rest, why it is over or '')."""
    started, used = time.monotonic(), _cpu_seconds(pid)
    while not select.select([reader], [], [], 0.5)[0]:
        late = _cpu_seconds(pid) - used > CPU_SECONDS + 1
        if late or time.monotonic() - started > WALL_SECONDS:
            return [], left, "hang"
    got = os.read(reader, 1 << 16)
    if not got:
        return [], left, "end"
    *lines, left = (left + got).split(b"\n")
    return lines, left, ""


def _cpu_seconds(pid: int) -> float:
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- seeds and mutants ---------------------------------------------------------------------


def seeds() -> list[bytes]:
    """Valid models to begin with, in an order that is the same on every machine with the same ``onnx``."""
    from tests.families import nodes, random_model

    samples = [path.read_bytes() for path in sorted((REPOSITORY / "samples").glob("*/*.onnx"))]
    families = [random_model(seed).model for seed in range(_FAMILY_SEEDS)]
    own_tests = [content for _, content in nodes.collect()]
    found = [*samples * 8, *families * 4, *own_tests, *_hostile()]
    return [content for content in found if len(content) <= _MOST_SEED_BYTES]


def _hostile() -> list[bytes]:
    from tests.hostile import corpus

    with tempfile.TemporaryDirectory() as directory:
        made = [case.make(Path(directory)) for case in corpus.cases() if not case.heavy]
        return [path.read_bytes() for path in made if path.is_file() and not path.is_symlink()]


def mutants(seed: int) -> Callable[[int], bytes]:
    """The mutant of every number."""
    from tests.hostile.mutations import mutate

    models = seeds()

    def mutant(number: int) -> bytes:
        rng = random.Random(f"{seed}:{number}")
        return mutate(rng.choice(models), rng.choice(models), rng)

    return mutant


def reduce(content: bytes, failure: str, judge: Judge) -> bytes:
    """A smaller file that fails in the same way."""
    from tests.hostile.mutations import reductions

    tried = 0
    found = True
    while found and tried < _REDUCTIONS:
        found = False
        for smaller in reductions(content):
            if tried >= _REDUCTIONS:
                break
            if len(smaller) >= len(content):
                continue
            tried += 1
            outcome = next(iter(run(range(1), lambda _, one=smaller: one, judge)))[1]
            if outcome.failure == failure:
                content, found = smaller, True
                break
    return content


# --- the command ---------------------------------------------------------------------------


class Tally(Struct, dict=True):
    """A run, counted. ``failures`` has the first number of each kind and how often it came."""

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[int, int]] = field(default_factory=dict)
    slowest_seconds: float = 0.0
    largest_bytes: int = 0
    seconds: float = 0.0


def main() -> None:
    options = _options()
    judge, mutant = judge_with(planned=options.plan), mutants(options.seed)
    if options.only is not None:
        content = mutant(options.only)
        _, outcome = next(iter(run(range(1), lambda _: content, judge)))
        _show(content, outcome, str(options.only), judge if options.reduce else None)
        sys.exit(bool(outcome.failure))
    tally = Tally()
    started = time.monotonic()
    for number, outcome in run(range(options.start, options.start + options.count), mutant, judge):
        _count(tally, number, outcome)
        if outcome.failure and tally.failures[outcome.failure][1] == 1:
            print(f"{number}: {outcome.failure}", flush=True)
            _show(mutant(number), outcome, str(number), judge if options.reduce else None)
        if tally.count % 1000 == 0:
            tally.seconds = time.monotonic() - started
            print(
                f"{tally.count:,} in {tally.seconds:,.0f} s, {len(tally.failures)} kinds of failure",
                flush=True,
            )
    tally.seconds = time.monotonic() - started
    text = _table(tally, options)
    print(text)
    if options.report:
        _write(text, options.plan)
    sys.exit(bool(tally.failures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the first number")
    parser.add_argument("--only", type=int, help="repeat one number")
    parser.add_argument(
        "--plan", action="store_true", help="plan the run args of each mutant, as estimate does"
    )
    parser.add_argument("--reduce", action="store_true", help="make the first of each kind smaller")
    parser.add_argument("--report", action="store_true", help="write the table into docs/hardening.md")
    return parser.parse_args()


def _count(tally: Tally, number: int, outcome: Outcome) -> None:
    tally.count += 1
    tally.kinds[outcome.kind] += 1
    tally.slowest_seconds = max(tally.slowest_seconds, outcome.cpu_seconds)
    tally.largest_bytes = max(tally.largest_bytes, outcome.memory_bytes)
    if outcome.failure:
        first, times = tally.failures.get(outcome.failure, (number, 0))
        tally.failures[outcome.failure] = (first, times + 1)


def _show(content: bytes, outcome: Outcome, name: str, judge: Judge | None) -> None:
    print(f"  {outcome.kind}, {outcome.cpu_seconds:.2f} s, {outcome.memory_bytes / 1e6:,.0f} MB")
    if not outcome.failure:
        return
    if judge is not None:
        content = reduce(content, outcome.failure, judge)
    REPRODUCERS.mkdir(parents=True, exist_ok=True)
    path = REPRODUCERS / f"{name}.onnx"
    path.write_bytes(content)
    print("  " + outcome.detail.strip().replace("\n", "\n  "))
    print(f"  {len(content):,} bytes: {path}")
    if len(content) <= 1500:
        print(f"  {base64.b64encode(content).decode()}", flush=True)


def _heading(planned: bool) -> str:
    return "## Mutated models, with planning" if planned else "## Mutated models"


def _table(tally: Tally, options: argparse.Namespace) -> str:
    plan = " --plan" if options.plan else ""
    command = f"python -m tools.fuzz --count {options.count} --seed {options.seed}{plan}"
    rows = [f"| {kind} | {count:,} |" for kind, count in tally.kinds.most_common()]
    failures = [f"- {what}: {times} times, first {first}" for what, (first, times) in tally.failures.items()]
    return "\n".join(
        [
            _heading(options.plan),
            "",
            f"`{command}`, {datetime.now(UTC):%Y-%m-%d}: {tally.count:,} files, "
            f"{tally.count / tally.seconds:.0f} each second. The slowest took {tally.slowest_seconds:.1f} s "
            f"of processor time, the largest {tally.largest_bytes / 1e6:,.0f} MB of memory.",
            "",
            *(failures or ["No crash, no hang, none over 1 GB of memory."]),
            "",
            "| verdict | files |",
            "|---|---:|",
            *rows,
        ]
    )


_PREFACE = """# Hardening

What becomes of files that are broken or meant to do harm. Each mutant is a valid model (a sample, a random
model of `tests/families`, one of ONNX's node tests) or a file of the hostile corpus, with some of its bytes
or fields changed; it goes through `auditor estimate` in a process with 1 GB of memory and 10 seconds. A
failure is a crash, a hang, or more than that."""


def _write(text: str, planned: bool) -> None:
    """Puts the section in the place of the older one of its kind."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else _PREFACE
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    kept = [part.strip() for part in parts if part.partition("\n")[0] != _heading(planned)]
    at = 1 if not planned else len(kept)
    PAGE.write_text("\n\n".join([*kept[:at], text, *kept[at:]]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
