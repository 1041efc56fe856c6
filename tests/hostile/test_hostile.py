"""Every hostile file through the commands: a named answer, in little time and memory, on a clean stdout."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.hostile.corpus import Case, Expected, cases, expected
from tools.fuzzing.commands import run_command
from tools.fuzzing.outcome import Mutant, Outcome, Subject
from tools.fuzzing.worker import run as run_forked

MEMORY_BYTES = 1 << 30
ADDRESS_BYTES = 3 << 29
CPU_SECONDS = 10
"""Of the processor, not of the clock: other processes must not decide a test."""

FILES_AT_ONCE = 150
FAILURE = 4

_OF_RUN_ARGS = ("AUD-CIR-", "AUD-FID-")
"""Findings that other run args may not have."""

CASES = {case.name: case for case in cases()}
EXPECTED = expected()
LIGHT = [case for case in CASES.values() if not case.heavy]
HEAVY = [case for case in CASES.values() if case.heavy]

COMMANDS = {
    "inspect": ("inspect", "--front-end", "onnx"),
    "estimate": ("estimate", "--front-end", "onnx"),
    "estimate-no-plan": ("estimate", "--front-end", "onnx", "--no-plan"),
    "check": ("check",),
}

# A process of its own between pytest and the command: Linux counts the memory of whoever starts a command as
# the command's until it runs.
STOPWATCH = Path(__file__).resolve().parents[2] / "tools" / "stopwatch.py"


class Ended(Struct, frozen=True, kw_only=True):
    """How a command ended, and what it took."""

    code: int
    out: str
    err: str
    cpu_seconds: float
    peak_bytes: int


def run(arguments: Sequence[str | Path], directory: Path, *, cpu_seconds: int = CPU_SECONDS) -> Ended:
    """Runs ``auditor`` with little memory, and no terminal."""
    out, err = directory / "stdout.txt", directory / "stderr.txt"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds + 2, cpu_seconds + 2))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "auditor", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=directory, preexec_fn=limit,
            start_new_session=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Ended(
        code=process.returncode,
        out=out.read_text("utf-8"),
        err=err.read_text("utf-8"),
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
    )


class Corpus(Struct, frozen=True, kw_only=True):
    """The files, and where they lie."""

    directory: Path
    paths: dict[str, Path]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    directory = tmp_path_factory.mktemp("hostile")
    return Corpus(directory=directory, paths={name: case.make(directory) for name, case in CASES.items()})


def groups() -> Iterator[pytest.ParameterSet]:
    """The light files, some dozens at a time."""
    for start in range(0, len(LIGHT), FILES_AT_ONCE):
        some = LIGHT[start : start + FILES_AT_ONCE]
        yield pytest.param(some, id=f"{some[0].name}..{some[-1].name}")


def heavy_runs() -> Iterator[pytest.ParameterSet]:
    """Files that are refused while they are read are soon done; graphs that are not take seconds."""
    for case in HEAVY:
        for command in (
            ("inspect", "estimate", "check") if case.name.startswith(("file-", "wire-")) else ("estimate",)
        ):
            yield pytest.param(case, command, id=f"{case.name}-{command}")


# --- what is in the corpus -----------------------------------------------------------------


def test_there_are_enough_and_each_has_its_answer() -> None:
    assert len(CASES) >= 60
    assert set(CASES) == set(EXPECTED)


def test_the_files_are_always_the_same(corpus: Corpus, tmp_path: Path) -> None:
    for case in LIGHT:
        again = case.make(tmp_path)
        if again.is_file() and not again.is_symlink():
            assert again.read_bytes() == corpus.paths[case.name].read_bytes(), case.name


# --- through the commands ------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("some", list(groups()))
def test_every_file_has_an_answer(corpus: Corpus, command: str, some: list[Case]) -> None:
    names = {_relative(corpus, case.name): case.name for case in some}
    if command == "check":  # what is no file is no model to look for
        names = {path: name for path, name in names.items() if corpus.paths[name].is_file()}
    ended = run([*COMMANDS[command], "--format", "json", *names], corpus.directory, cpu_seconds=100)
    document = _document(ended)
    answers = {model["path"]: model for model in document["models"]}
    assert set(answers) == set(names)
    for path, answer in answers.items():
        if command == "check":
            _check_gate(names[path], answer)
        else:
            _check_answer(names[path], answer, exact=command != "estimate")


@pytest.mark.parametrize(("case", "command"), list(heavy_runs()))
def test_heavy_files(corpus: Corpus, case: Case, command: str) -> None:
    ended = run([*COMMANDS[command], "--format", "json", _relative(corpus, case.name)], corpus.directory)
    assert ended.cpu_seconds < CPU_SECONDS
    if command == "check" and not corpus.paths[case.name].is_file():
        assert ended.code in (0, 1, 2, 3)
        return
    (answer,) = _document(ended)["models"]
    if command == "check":
        _check_gate(case.name, answer)
    else:
        _check_answer(case.name, answer, exact=command != "estimate")


@pytest.mark.parametrize("form", ["terminal", "concise"])
def test_names_do_nothing_to_a_terminal_or_a_runner(corpus: Corpus, form: str) -> None:
    some = [_relative(corpus, name) for name in CASES if name.startswith("name-")]
    ended = run(
        ["estimate", "--front-end", "onnx", "--no-plan", "--format", form, *some],
        corpus.directory,
        cpu_seconds=60,
    )
    assert ended.code in (1, 2, 3)
    for line in (ended.out + ended.err).splitlines():
        assert line.isprintable(), line
        assert not line.lstrip().startswith("::"), line
        assert "##[" not in line, line


OTHERS = {
    "compare": ("--way", "ezkl", "--way", "re-execution", "--scale-width", "2"),
    "forecast": ("--scenario", "frontier", "--draws", "100"),
}
EVERY = 10
"""Light files are asked about in turn: all of them, through both commands, take minutes."""


@pytest.mark.parametrize("command", OTHERS)
def test_compare_and_forecast_have_an_answer(corpus: Corpus, command: str) -> None:
    """A spread sample of the light files, in a worker with little memory; with ``compare`` the heavy ones."""
    first = list(OTHERS).index(command) * EVERY // 2
    some = [*LIGHT[first::EVERY], *(HEAVY if command == "compare" else ())]

    def judge(subject: Subject) -> Outcome:
        path = str(corpus.paths[some[subject.number].name])
        return run_command(command, [path, "--front-end", "onnx", "--no-plan", *OTHERS[command]], "json")

    outcomes = run_forked(range(len(some)), lambda n: Mutant(number=n, content=b"", parent=b""), judge)
    for number, outcome in outcomes:
        assert not outcome.failure, (some[number].name, outcome)
        assert outcome.cpu_seconds < CPU_SECONDS, some[number].name
        assert outcome.memory_bytes < MEMORY_BYTES, some[number].name


def _relative(corpus: Corpus, name: str) -> str:
    return corpus.paths[name].relative_to(corpus.directory).as_posix()


def _document(ended: Ended) -> Any:
    """What was printed; it is all there is on stdout, and nothing went wrong."""
    assert "Traceback" not in ended.err
    assert ended.code in (0, 1, 2, 3), (ended.code, ended.err[-2000:])
    assert ended.peak_bytes < MEMORY_BYTES
    return json.loads(ended.out)


def _check_answer(name: str, answer: dict[str, Any], *, exact: bool) -> None:
    """``exact``: the run args are those that the answer was written down for."""
    wanted: Expected = EXPECTED[name]
    verdict = answer["verdict"]
    assert verdict["binding"] not in ("internal", "memory"), (name, verdict)
    if exact:
        assert (verdict["status"], verdict["binding"] or "") == (wanted.status, wanted.binding), (
            name,
            verdict,
        )
        assert wanted.says in verdict["reasons"][0], (name, verdict)
    if wanted.rule and (exact or not wanted.rule.startswith(_OF_RUN_ARGS)):
        assert wanted.rule in {finding["rule"] for finding in answer["findings"]}, (name, answer["findings"])


def _check_gate(name: str, answer: dict[str, Any]) -> None:
    assert answer["exit_code"] != FAILURE, (name, answer)
    wanted = EXPECTED[name]
    if wanted.status != "feasible":
        says = [finding["message"] for finding in answer["findings"]] + [c["says"] for c in answer["checks"]]
        assert any(says), (name, answer)
        assert answer["exit_code"] or answer["findings"], (name, answer)
