"""How fast auditor is, as ratios measured in one run: ``python -m tools.bench``. Nothing is asserted.

Whole processes are timed, from start to exit, with their peak memory; EZKL's time is that of the
``gen_settings`` call alone, without starting Python or importing EZKL.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from samples import llama
from tools.compare import ask
from tools.truth import REPOSITORY, Case, find_truth

REPEATS = 5
EZKL_TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished process."""

    seconds: float
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


def estimate(path: Path, *arguments: str) -> Run:
    """``auditor estimate`` as a process of its own."""
    command = [sys.executable, "-m", "auditor", "estimate", str(path), "--format", "json", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=REPOSITORY)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    return Run(seconds=seconds, peak_bytes=usage.ru_maxrss * 1024, exit_code=process.returncode)


def median(path: Path, *arguments: str) -> Run:
    """The median of several runs."""
    runs = sorted((estimate(path, *arguments) for _ in range(REPEATS)), key=lambda run: run.seconds)
    return runs[len(runs) // 2]


def in_process_seconds(model: bytes) -> tuple[float, str]:
    """The median time of reading, lowering and laying out, and how the answer came out."""
    answers = [ask(model, {}, "onnx") for _ in range(REPEATS)]
    return statistics.median(answer.seconds for answer in answers), answers[-1].status


def against_ezkl(directory: Path, cache: Path) -> None:
    """The ratio on circuits above 20 million rows; EZKL's times are measured now, not cached."""
    print("| model | file bytes | rows | gen_settings s | auditor s, whole process | ratio | exit code |")
    print("|---|---|---|---|---|---|---|")
    models = {"max-pool 16 x 16": max_pool(96, 16), "two convolutions": convolution(128, 16)}
    cases = [Case(id=name, model=model) for name, model in models.items()]
    found = find_truth(cases, workers=1, timeout_seconds=EZKL_TIMEOUT_SECONDS, cache_directory=cache)
    for case, truth in found:
        path = directory / "model.onnx"
        path.write_bytes(case.model)
        run = median(path)
        rows = f"{truth.settings['num_rows']:,}" if truth.settings else truth.status
        ratio = f"{truth.seconds / run.seconds:.0f}"
        cells = [
            case.id,
            len(case.model),
            rows,
            f"{truth.seconds:.2f}",
            f"{run.seconds:.3f}",
            ratio,
            run.exit_code,
        ]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def alone(directory: Path) -> None:
    """Models EZKL would take hours or cannot load."""
    print("\n| model | file bytes | seconds, whole process | peak memory MB | exit code |")
    print("|---|---|---|---|---|")
    models = {
        "max-pool 64 x 64 (hundreds of millions of rows)": max_pool(160, 64),
        "50 MB perceptron": perceptron(1768, 4),
        "Llama 7B without weights": llama.decoder(llama.Config()).SerializeToString(deterministic=True),
    }
    for name, model in models.items():
        path = directory / "model.onnx"
        path.write_bytes(model)
        run = median(path, "--front-end", "onnx")
        print(
            f"| {name} | {len(model):,} | {run.seconds:.3f} | {run.peak_bytes / 1e6:.0f} | {run.exit_code} |",
            flush=True,
        )


def against_size() -> None:
    """The same graph with larger tensors: layout should not notice."""
    print("\n| graph | elements | seconds | answer | ratio to the first |\n|---|---|---|---|---|")
    graphs = {
        "8 Relu": [(size * size, relu_chain(size)) for size in (32, 101, 320, 1012)],
        "max-pool 3 x 3": [(size * size, max_pool(size, 3)) for size in (32, 101, 320, 1012)],
    }
    for name, sizes in graphs.items():
        first = 0.0
        for elements, model in sizes:
            seconds, status = in_process_seconds(model)
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
        if not chosen.without_ezkl:
            against_ezkl(directory, directory / "truth")
        alone(directory)
    against_size()


if __name__ == "__main__":
    main()
