"""How fast auditor is, as ratios measured in one run: ``python -m tools.bench``. Nothing is asserted.

Whole processes of auditor are timed, from start to exit, with their peak memory: the median of several runs.
They run as an installed auditor does, from compiled bytecode. EZKL's time is that of the ``gen_settings``
call alone, without starting Python or importing EZKL, run once and with one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from msgspec import Struct
from onnx import TensorProto, helper, numpy_helper

from auditor.audit import audit
from auditor.options import parse_request
from samples.graphs import llama
from tools.truth import REPOSITORY, Case, find_truth

REPEATS = 5
EZKL_TIMEOUT_SECONDS = 1800.0
STOPWATCH = Path(__file__).with_name("stopwatch.py")


class Run(Struct, frozen=True, kw_only=True):
    """One finished process; ``seconds`` is wall time, ``cpu_seconds`` user and system together."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int


# --- models


def _model(
    nodes: Sequence[onnx.NodeProto], shape: Sequence[int], weights: Sequence[onnx.TensorProto] = ()
) -> bytes:
    """One float input ``x`` of the given shape, the last node's output as ``y``."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "bench", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString(deterministic=True))


def max_pool(size: int, kernel: int) -> bytes:
    """One operator, no weights: (size - kernel + 1) ** 2 sorts of kernel ** 2 elements."""
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[kernel] * 2, strides=[1, 1])
    return _model([node], [1, 1, size, size])


def relu_chain(size: int) -> bytes:
    """Eight activations over (size, size), a few rows for each element."""
    names = ["x", *(f"t{step}" for step in range(7)), "y"]
    nodes = [helper.make_node("Relu", [before], [after]) for before, after in pairwise(names)]
    return _model(nodes, [1, size, size])


def convolution(size: int, channels: int) -> bytes:
    """Two 3 x 3 convolutions over a square image."""
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.normal(0, 0.1, (channels, before, 3, 3)).astype(np.float32), f"w{before}")
        for before in (3, channels)
    ]
    attributes: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["x", "w3"], ["a"], **attributes),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", f"w{channels}"], ["y"], **attributes),
    ]
    return _model(nodes, [1, 3, size, size], weights)


def perceptron(width: int, layers: int) -> bytes:
    """Square dense layers with random weights: 4 * width ** 2 bytes each."""
    rng = np.random.default_rng(0)
    weights, nodes, value = [], [], "x"
    for layer in range(layers):
        weights.append(
            numpy_helper.from_array(rng.standard_normal((width, width), dtype=np.float32), f"w{layer}")
        )
        nodes.append(helper.make_node("MatMul", [value, f"w{layer}"], [f"m{layer}"]))
        value = "y" if layer == layers - 1 else f"r{layer}"
        nodes.append(helper.make_node("Relu", [f"m{layer}"], [value]))
    return _model(nodes, [1, width], weights)


# --- measuring


class Stopwatch:
    """Measures processes of auditor that find their modules compiled, in ``bytecode``, as pip leaves them."""

    def __init__(self, bytecode: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        places = {"PYTHONPYCACHEPREFIX": bytecode / "compiled", "AUDITOR_CACHE": bytecode / "cache"}
        self._environment = {**kept, "PYTHONPATH": str(REPOSITORY), **{k: str(v) for k, v in places.items()}}

    def measure(self, command: Sequence[str]) -> Run:
        """One run of a command, in the checkout."""
        completed = subprocess.run(
            [sys.executable, "-I", "-S", str(STOPWATCH), *command],
            cwd=REPOSITORY,
            env=self._environment,
            capture_output=True,
            check=True,
        )
        return Run(**json.loads(completed.stdout))

    def estimate(self, path: Path, *arguments: str) -> Run:
        """``auditor estimate`` of one file."""
        return self.median("auditor", "estimate", str(path), "--format", "json", *arguments)

    def median(self, module: str, *arguments: str) -> Run:
        """The median of several runs of a module; another goes before them and compiles what it loads."""
        command = [sys.executable, "-m", module, *arguments]
        runs = [self.measure(command) for _ in range(1 + REPEATS)][1:]
        return sorted(runs, key=lambda run: run.seconds)[REPEATS // 2]


def in_process_seconds(directory: Path, model: bytes) -> tuple[float, str]:
    """The median time of a whole audit without starting Python, and the verdict."""
    path = directory / "model.onnx"
    path.write_bytes(model)
    request = parse_request(front_end="onnx", quiet=True)
    seconds = []
    for _ in range(1 + REPEATS):
        started = time.perf_counter()
        status = audit("estimate", [path], request).status
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:]), status


# --- what is printed


def header(stopwatch: Stopwatch) -> None:
    """The machine, how auditor is run, and what starting it costs."""
    bare = stopwatch.measure([sys.executable, "-c", "pass"])
    python = platform.python_version()
    print(f"Python {python}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores.")
    print(
        f"auditor runs from compiled bytecode, as installed: PYTHONDONTWRITEBYTECODE is unset and a run\n"
        f"that compiles goes first. Medians of {REPEATS} runs. Python alone takes {bare.seconds:.3f} s and "
        f"{bare.peak_bytes / 1e6:.0f} MB.\n"
    )


def against_ezkl(directory: Path, cache: Path, stopwatch: Stopwatch) -> None:
    """The ratio on circuits above 20 million rows; EZKL's times are measured now, not cached."""
    print("| model | file bytes | rows | gen_settings s | auditor s, whole process | ratio | exit code |")
    print("|---|---|---|---|---|---|---|")
    models = {
        "max-pool 16 x 16": max_pool(160, 16),
        "two convolutions": convolution(128, 16),
        "8 Relu": relu_chain(640),
    }
    cases = [Case(id=name, model=model) for name, model in models.items()]
    found = find_truth(cases, workers=1, timeout_seconds=EZKL_TIMEOUT_SECONDS, cache_directory=cache)
    # All of EZKL's answers first: the two are never timed while the other runs.
    for case, truth in list(found):
        path = directory / "model.onnx"
        path.write_bytes(case.model)
        run = stopwatch.estimate(path, "--front-end", "onnx")
        rows = f"{truth.settings['num_rows']:,}" if truth.settings else truth.status
        cells = [
            case.id,
            f"{len(case.model):,}",
            rows,
            f"{truth.seconds:.2f}",
            f"{run.seconds:.3f}",
            f"{truth.seconds / run.seconds:.0f}",
            run.exit_code,
        ]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def alone(directory: Path, stopwatch: Stopwatch) -> None:
    """Models up to 50 MB, and ones EZKL would take hours for or cannot load."""
    print("\n| model | file bytes | seconds, whole process | CPU seconds | peak memory MB | exit code |")
    print("|---|---|---|---|---|---|")
    models = {
        "1 MB perceptron": perceptron(256, 4),
        "10 MB perceptron": perceptron(790, 4),
        "50 MB perceptron": perceptron(1768, 4),
        "max-pool 64 x 64 (500 million rows)": max_pool(160, 64),
        "Llama 7B without weights": llama.llama(llama.Config()).SerializeToString(deterministic=True),
    }
    for name, model in models.items():
        path = directory / "model.onnx"
        path.write_bytes(model)
        run = stopwatch.estimate(path, "--front-end", "onnx")
        print(
            f"| {name} | {len(model):,} | {run.seconds:.3f} | {run.cpu_seconds:.3f} "
            f"| {run.peak_bytes / 1e6:.0f} | {run.exit_code} |",
            flush=True,
        )


_BUDGET = '[budget."**/*.onnx"]\nmax_logrows = 27\n'


def hook(directory: Path, stopwatch: Stopwatch) -> None:
    """What pre-commit waits for: nothing changed, files alone, and fresh circuits with a budget on each."""
    folder = directory / "hook"
    folder.mkdir()
    (folder / "auditor.toml").write_text(_BUDGET, encoding="utf-8")
    (folder / "small.onnx").write_bytes(perceptron(32, 2))
    (folder / "large.onnx").write_bytes(perceptron(1768, 4))
    many = [folder / f"m{number}.onnx" for number in range(25)]
    for number, path in enumerate(many):
        path.write_bytes(perceptron(32 + number, 3))
    bare = stopwatch.measure([sys.executable, "-c", "pass"]).seconds
    print(
        "\n| auditor-hook | seconds, whole process | ratio to Python alone | exit code |\n|---|---|---|---|"
    )
    small, large = str(folder / "small.onnx"), str(folder / "large.onnx")
    runs = {
        "nothing changed, 50 MB": [large],
        "static alone, 50 MB": ["--static", "--no-cache", large],
        "fresh, 1 kB": ["--no-cache", small],
        "fresh, 50 MB": ["--no-cache", large],
        "fresh, 25 models": ["--no-cache", *map(str, many)],
    }
    for name, words in runs.items():
        run = stopwatch.median("auditor.hook", *words)
        print(f"| {name} | {run.seconds:.3f} | {run.seconds / bare:.1f} | {run.exit_code} |", flush=True)


def against_size(directory: Path) -> None:
    """The same graph with larger tensors: no stage should notice."""
    print("\n| graph | elements | seconds in process | verdict | ratio to the first |\n|---|---|---|---|---|")
    graphs = {
        "8 Relu": [(size * size, relu_chain(size)) for size in (32, 101, 320, 1012)],
        "max-pool 3 x 3": [(size * size, max_pool(size, 3)) for size in (32, 101, 320, 1012)],
    }
    for name, sizes in graphs.items():
        first = 0.0
        for elements, model in sizes:
            seconds, status = in_process_seconds(directory, model)
            first = first or seconds
            print(f"| {name} | {elements:,} | {seconds:.4f} | {status} | {seconds / first:.2f} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--without-ezkl", action="store_true", help="leave the comparison with EZKL away")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="auditor-bench-") as name:
        directory = Path(name)
        stopwatch = Stopwatch(directory / "bytecode")
        header(stopwatch)
        if not chosen.without_ezkl:
            against_ezkl(directory, directory / "truth", stopwatch)
        alone(directory, stopwatch)
        hook(directory, stopwatch)
        against_size(directory)


if __name__ == "__main__":
    main()
