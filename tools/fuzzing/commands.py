"""The other commands on a mutant, as the command line runs them: check, diff, compare, forecast in turn."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Callable, Mapping, Sequence

from tools.fuzzing.outcome import Judge, Outcome, Subject, crash
from tools.fuzzing.sizes import named_sizes

_EXIT_CODES = (0, 1, 2, 3)
_SILENT = ("github", "gitlab")
"""Formats that say nothing where nothing was found."""


_CONFIG = """fail_on = "medium"

[models."*.onnx"]
front_end = "onnx"
plan = {plan}
dims = {{ {dims} }}

[budget."*.onnx"]
max_rows = 5_000
max_logrows = 15
max_proof_bytes = "32 kB"
max_verify_gas = 900_000
"""

_AXES = ("width", "depth", "sequence")
_WAYS = ("--way", "ezkl", "--way", "re-execution", "--way", "zkml")
_PLANNED = 0.2
"""As many are planned: that has a run of its own."""

Sizes = Mapping[str, int]
Arguments = Callable[[Subject, Sizes, random.Random], list[str]]


def commanding() -> Judge:
    """What runs one command on a file; which one, and how it is asked, are functions of the number."""
    from auditor import formats

    forms = [*formats.reports(), "svg"]

    def judge(subject: Subject) -> Outcome:
        rng = random.Random(f"command {subject.number}")
        command, arguments = _COMMANDS[subject.number % len(_COMMANDS)]
        given = arguments(subject, named_sizes(subject.path, rng), rng)
        form = rng.choice((*forms, "json"))
        return run_command(command, given, form)

    return judge


def run_command(command: str, arguments: Sequence[str], form: str) -> Outcome:
    """How one command of the command line ends in this process, and whether its answer can be read."""
    from auditor.cli import run

    asked = [command, *arguments, "--format", form, "--quiet", "--verbose"]
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(asked)
    said, complaint = out.buffer.getvalue().decode("utf-8"), err.getvalue()  # type: ignore[attr-defined]
    if code not in _EXIT_CODES:
        return crash(complaint)
    refused = code in (2, 3) and complaint and not said
    failure = "" if refused else _unreadable(said, complaint, form)
    kind = f"{command}, exit {code}"
    return Outcome(kind=kind, failure=failure and f"{command}: {failure}", detail=complaint[-300:])


def _unreadable(said: str, complaint: str, form: str) -> str:
    """What is wrong with the answer itself; '' where nothing is."""
    if form == "json":
        try:
            json.loads(said)
        except ValueError:
            return "no JSON"
    if form in ("terminal", "concise") and not all(line.isprintable() for line in said.splitlines()):
        return "a line that is not printable"
    if not said and form not in _SILENT:
        return "no answer"
    return "" if all(line.isprintable() for line in complaint.splitlines()) else "a complaint not printable"


# --- what each is asked --------------------------------------------------------------------


def _check(subject: Subject, sizes: Sizes, rng: random.Random) -> list[str]:
    config = subject.path.with_name("auditor.toml")
    plan = "true" if rng.random() < _PLANNED else "false"
    known = ", ".join(f"{json.dumps(name)} = {size}" for name, size in sizes.items() if name.isprintable())
    config.write_text(_CONFIG.format(plan=plan, dims=known), encoding="utf-8")
    static = ["--static"] if rng.random() < 0.1 else []
    return [str(subject.path), "--config", str(config), *static]


def _diff(subject: Subject, sizes: Sizes, rng: random.Random) -> list[str]:
    old, new = subject.parent, subject.path
    pair = (old, new) if rng.random() < 0.5 else (new, old)
    return [*map(str, pair), "--fail-on-increase", "10", *_onnx(sizes), *_plan(rng, "--plan")]


def _compare(subject: Subject, sizes: Sizes, rng: random.Random) -> list[str]:
    axis = rng.choice(_AXES)
    needs = ["--stakes", "high", "--private-input"] if rng.random() < 0.3 else []
    scale = [f"--scale-{axis}", rng.choice(("2", "3"))]
    return [str(subject.path), *_WAYS, *scale, *needs, *_onnx(sizes), *_no_plan(rng)]


def _forecast(subject: Subject, sizes: Sizes, rng: random.Random) -> list[str]:
    few = ["--scenario", "frontier", "--draws", "100"]
    axis = ["--axis", rng.choice(_AXES)] if rng.random() < 0.3 else []
    return [str(subject.path), *few, *axis, *_onnx(sizes), *_no_plan(rng)]


def _onnx(sizes: Sizes) -> list[str]:
    return [
        "--front-end",
        "onnx",
        *(word for item in sizes.items() for word in ("--dim", "{}={}".format(*item))),
    ]


def _plan(rng: random.Random, option: str) -> list[str]:
    return [option] if rng.random() < _PLANNED else []


def _no_plan(rng: random.Random) -> list[str]:
    return [] if rng.random() < _PLANNED else ["--no-plan"]


_COMMANDS: tuple[tuple[str, Arguments], ...] = (
    ("check", _check), ("diff", _diff), ("compare", _compare), ("forecast", _forecast),
)  # fmt: skip
