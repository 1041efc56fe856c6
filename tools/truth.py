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
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

from tools.worker import REPOSITORY, Died, Worker, as_run_args, serve

RunArgsDict = Mapping[str, Any]
Status = Literal["accepted", "rejected", "panicked", "aborted", "timeout"]


class Case(Struct, frozen=True, kw_only=True):
    """A question: one model under some run args (``PyRunArgs`` names; EZKL's defaults for the rest)."""

    id: str
    model: bytes
    run_args: RunArgsDict = field(default_factory=dict)


class Truth(Struct, frozen=True, kw_only=True):
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
    worker = Worker("tools.truth")
    try:
        while True:
            try:
                case = unknown.get_nowait()
            except queue.Empty:
                return
            answers.put((case, _ask(worker, case, timeout_seconds)))
    except BaseException as error:  # handed to the caller's thread, which raises it
        answers.put(error)
    finally:
        worker.stop()


def _ask(worker: Worker, case: Case, timeout_seconds: float) -> Truth:
    model = worker.directory / "model.onnx"
    model.write_bytes(case.model)
    answer = worker.ask({"model": str(model), "run_args": dict(case.run_args)}, timeout_seconds)
    if isinstance(answer, Died):
        seconds = timeout_seconds if answer.status == "timeout" else 0.0
        return Truth(id=case.id, status=answer.status, reason=answer.reason, settings=None, seconds=seconds)
    return Truth(id=case.id, **answer)


# --- the worker ------------------------------------------------------------------------------


def _gen_settings(ezkl: Any, question: Any) -> dict[str, Any]:
    import time

    model = question["model"]
    arguments = as_run_args(ezkl, question["run_args"])
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
        "panicked": status == "panicked",
        "status": status,
        "reason": reason,
        "settings": settings,
        "seconds": time.perf_counter() - started,
    }


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
        serve(_gen_settings)
        return
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
