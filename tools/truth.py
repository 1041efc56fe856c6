"""What the real EZKL says about a model: ``gen_settings`` in guarded worker processes, cached.

EZKL aborts its process on some models, panics on others and prints to stdout, so it never runs in this
process. A worker answers many cases and is replaced when it dies, panics or runs out of time.
``RAYON_NUM_THREADS=1`` makes EZKL's own answer deterministic.

    python -m tools.truth nodes  --out DIR     # every ONNX node test, with its model
    python -m tools.truth random --out DIR     # seeded random models with random run args
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import IO, Any, Literal

RunArgsDict = Mapping[str, Any]
Status = Literal["accepted", "rejected", "panicked", "aborted", "timeout"]

REPOSITORY = Path(__file__).resolve().parent.parent
MEMORY_LIMIT_BYTES = 8 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question: one model under some run args (``PyRunArgs`` names; EZKL's defaults for the rest)."""

    id: str
    model: bytes = field(repr=False)
    run_args: RunArgsDict = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """EZKL's answer. ``settings`` is its settings.json without the timestamp; None unless accepted.

    ``aborted`` and ``timeout`` say nothing about acceptance: the worker died or was stopped.
    """

    id: str
    status: Status
    reason: str
    settings: dict[str, Any] | None
    seconds: float

    @property
    def accepted(self) -> bool | None:
        """Whether EZKL takes the model; None when it could not be found out."""
        if self.status in ("aborted", "timeout"):
            return None
        return self.status == "accepted"

    def to_json(self) -> dict[str, Any]:
        """The record as it is stored, one JSON object."""
        return {
            "id": self.id,
            "accepted": self.accepted,
            "status": self.status,
            "reason": self.reason,
            "settings": self.settings,
            "seconds": round(self.seconds, 4),
        }


def truth_from_json(record: Mapping[str, Any]) -> Truth:
    """The inverse of ``Truth.to_json``."""
    return Truth(
        id=record["id"],
        status=record["status"],
        reason=record["reason"],
        settings=record["settings"],
        seconds=record["seconds"],
    )


@cache
def ezkl_version() -> str | None:
    """The installed EZKL's version, or None when it is not installed."""
    try:
        return metadata.version("ezkl")
    except metadata.PackageNotFoundError:
        return None


def case_key(case: Case) -> str:
    """The cache key: a hash of the model's bytes, its run args and EZKL's version."""
    arguments = json.dumps(dict(case.run_args), sort_keys=True)
    digest = hashlib.sha256(f"{ezkl_version()}\n{arguments}\n".encode())
    digest.update(case.model)
    return digest.hexdigest()


def default_cache() -> Path:
    """``AUDITOR_TRUTH_CACHE``, or ``.cache/truth`` in the checkout (ignored by git)."""
    return Path(os.environ.get("AUDITOR_TRUTH_CACHE", REPOSITORY / ".cache" / "truth"))


def find_truth(
    cases: Iterable[Case],
    *,
    workers: int = 2,
    timeout_seconds: float = 60.0,
    cache_directory: Path | None = None,
) -> Iterator[tuple[Case, Truth]]:
    """EZKL's answer to every case, from the cache where it is known; the order is not kept."""
    directory = default_cache() if cache_directory is None else cache_directory
    unknown: queue.Queue[Case] = queue.Queue()
    for case in cases:
        cached = _read_cache(directory, case)
        if cached is None:
            unknown.put(case)
        else:
            yield case, cached
    answers: queue.Queue[tuple[Case, Truth] | BaseException] = queue.Queue()
    missing = unknown.qsize()
    for _ in range(min(workers, missing)):
        threading.Thread(target=_serve, args=(unknown, answers, timeout_seconds), daemon=True).start()
    for _ in range(missing):
        answer = answers.get()
        if isinstance(answer, BaseException):
            raise answer
        _write_cache(directory, *answer)
        yield answer


def _cache_file(directory: Path, case: Case) -> Path:
    key = case_key(case)
    return directory / key[:2] / f"{key[2:]}.json"


def _read_cache(directory: Path, case: Case) -> Truth | None:
    file = _cache_file(directory, case)
    if not file.exists():
        return None
    return truth_from_json({**json.loads(file.read_text()), "id": case.id})


def _write_cache(directory: Path, case: Case, truth: Truth) -> None:
    if truth.status == "timeout":  # depends on how busy the machine was
        return
    file = _cache_file(directory, case)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(truth.to_json()))
    partial.replace(file)


# --- the parent's side of a worker -----------------------------------------------------------


def _serve(
    unknown: queue.Queue[Case],
    answers: queue.Queue[tuple[Case, Truth] | BaseException],
    timeout_seconds: float,
) -> None:
    worker = _Worker()
    try:
        while True:
            try:
                case = unknown.get_nowait()
            except queue.Empty:
                return
            answers.put((case, worker.ask(case, timeout_seconds)))
    except BaseException as error:  # handed to the caller's thread, which raises it
        answers.put(error)
    finally:
        worker.stop()


class _Worker:
    """One process that runs EZKL, started when needed and replaced after it fails."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._directory = tempfile.TemporaryDirectory(prefix="auditor-truth-")
        self._errors: IO[str] | None = None

    def ask(self, case: Case, timeout_seconds: float) -> Truth:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        model = Path(self._directory.name, "model.onnx")
        model.write_bytes(case.model)
        process.stdin.write(json.dumps({"model": str(model), "run_args": dict(case.run_args)}) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], timeout_seconds)
        if not ready:
            self._kill()
            return Truth(
                id=case.id, status="timeout", reason=f"no answer in {timeout_seconds:g} s", settings=None,
                seconds=timeout_seconds,
            )  # fmt: skip
        line = process.stdout.readline()
        if not line:
            return Truth(id=case.id, status="aborted", reason=self._obituary(), settings=None, seconds=0.0)
        answer = json.loads(line)
        if answer["status"] == "panicked":
            self._kill()
        return Truth(id=case.id, **answer)

    def stop(self) -> None:
        self._kill()
        self._directory.cleanup()

    def _start(self) -> subprocess.Popen[str]:
        self._errors = Path(self._directory.name, "stderr").open("w+")  # noqa: SIM115 - closed by _kill
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "RAYON_NUM_THREADS": "1"},
            cwd=self._directory.name,
        )
        return self._process

    def _kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()
        self._process = None

    def _obituary(self) -> str:
        assert self._process is not None
        assert self._errors is not None
        code = self._process.wait()
        self._errors.seek(0)
        last_words = self._errors.read()[-400:].strip()
        self._kill()
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{cause}: {last_words}"


# --- the worker ------------------------------------------------------------------------------


def run_worker() -> None:
    """Answers one JSON line on stdout for each on stdin; EZKL's own printing goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    import ezkl  # only here: it may end the process

    for line in sys.stdin:
        question = json.loads(line)
        answers.write(json.dumps(_gen_settings(ezkl, question["model"], question["run_args"])) + "\n")
        answers.flush()


def _gen_settings(ezkl: Any, model: str, run_args: RunArgsDict) -> dict[str, Any]:
    import time

    arguments = ezkl.PyRunArgs()
    for name, value in run_args.items():
        setattr(arguments, name, _as_tuples(value))
    output = Path(model).with_name("settings.json")
    started = time.perf_counter()
    status, reason, settings = "accepted", "", None
    try:
        ezkl.gen_settings(model, str(output), py_run_args=arguments)
        settings = _stable(json.loads(output.read_text()))
    except Exception as error:
        status, reason = "rejected", str(error)
    except BaseException as error:  # PyO3 raises a Rust panic as a BaseException
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        status, reason = "panicked", str(error)
    return {
        "status": status,
        "reason": reason,
        "settings": settings,
        "seconds": time.perf_counter() - started,
    }


def _as_tuples(value: Any) -> Any:
    """JSON has no tuples; EZKL wants ``lookup_range`` and the pairs of ``variables`` as tuples."""
    if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
        return [tuple(pair) for pair in value]
    return tuple(value) if isinstance(value, list) else value


def _stable(settings: dict[str, Any]) -> dict[str, Any]:
    """The same for every run: without the time, and EZKL's sets (hash order) sorted."""
    kept = {name: value for name, value in settings.items() if name != "timestamp"}
    for name in ("required_lookups", "required_range_checks"):
        kept[name] = sorted(kept[name], key=lambda one: json.dumps(one, sort_keys=True))
    equations = settings["einsum_params"]["equations"]
    kept["einsum_params"]["equations"] = [[text, dict(sorted(dims.items()))] for text, dims in equations]
    return kept


# --- command ---------------------------------------------------------------------------------


def write_records(
    cases: Sequence[Case], directory: Path, name: str, *, workers: int, timeout_seconds: float
) -> None:
    """Writes ``<name>.jsonl`` and ``<name>/<id>.onnx`` below a directory, and says how EZKL answered."""
    models = directory / name
    models.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    records = []
    for case, truth in find_truth(cases, workers=workers, timeout_seconds=timeout_seconds):
        (models / f"{case.id}.onnx").write_bytes(case.model)
        records.append({**truth.to_json(), "run_args": dict(case.run_args)})
        counts[truth.status] = counts.get(truth.status, 0) + 1
    records.sort(key=lambda record: str(record["id"]))
    (directory / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    print(name, len(records), counts)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["nodes", "random", "worker"])
    parser.add_argument("--out", type=Path, default=REPOSITORY / ".cache" / "records")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--timeout-seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=1000, help="how many random models")
    chosen = parser.parse_args(arguments)
    if chosen.what == "worker":
        run_worker()
        return
    sys.path.insert(0, str(REPOSITORY))
    if chosen.what == "nodes":
        from tests.families import nodes

        cases = [Case(id=name, model=model) for name, model in nodes.collect()]
    else:
        from tests import families

        models = (families.random_model(seed) for seed in range(chosen.seeds))
        cases = [Case(id=one.name, model=one.model, run_args=one.run_args) for one in models]
    write_records(
        cases, chosen.out, chosen.what, workers=chosen.workers, timeout_seconds=chosen.timeout_seconds
    )


if __name__ == "__main__":
    main()
