"""The command line in this process, and words for proofs that take about a second."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from msgspec import Struct
from onnx import TensorProto, helper, numpy_helper

from auditor import cli
from tests.cli.models import save

RUN_ARGS = (
    "decomp_base=128", "decomp_legs=4", "num_inner_cols=1", "input_scale=7", "param_scale=7",
    "lookup_range=0,0",
)  # fmt: skip
SETTINGS = tuple(word for assignment in RUN_ARGS for word in ("--set", assignment))
UNSAFE = ("--srs", "unsafe-local")

INPUT = (0.734375, -0.3125, 0.546875)
"""Whole at scale 7 and like nothing else in a proof: 94, -40 and 70."""

BUNDLE_FILES = ["manifest.json", "proof.json", "settings.json", "verifier.srs", "vk.key"]

Shape = tuple[int | str, ...]


class Ended(Struct, frozen=True, kw_only=True):
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON on stdout, which has nothing else and sorted keys."""
        document: dict[str, Any] = json.loads(self.out)
        assert self.out == json.dumps(document, indent=2, sort_keys=True) + "\n"
        return document

    @property
    def complaint(self) -> str:
        """The one line a failure leaves."""
        assert self.out == ""
        (line,) = (line for line in self.err.splitlines() if " done in " not in line and " ..." not in line)
        return line


def run(*words: str | Path) -> Ended:
    """A command line, run in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([str(word) for word in words])
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Ended(code=code, out=said[0], err=said[1])


def prove(model: Path, cache: Path, bundle: Path, *more: str | Path) -> Ended:
    """A tiny proof under an unsafe SRS, unless ``more`` says otherwise; the report is JSON."""
    words = ("--cache", cache, "--bundle", bundle, "--format", "json", *SETTINGS, *UNSAFE)
    return run("prove", model, *words, *more)


def verify(bundle: Path, cache: Path, *more: str | Path) -> Ended:
    """The report is JSON."""
    return run("verify", bundle, "--cache", cache, "--format", "json", *more)


def check(ended: Ended, name: str) -> tuple[str, str]:
    """Status and reason of one check."""
    (found,) = (item for item in ended.document["checks"] if item["name"] == name)
    return found["status"], found["reason"]


def manifest(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / "manifest.json").read_bytes())
    return found


def reused(report: dict[str, Any]) -> list[str]:
    """The steps that were not done again."""
    return [step["step"] for step in report["manifest"]["steps"] if step["reused"]]


def kinds(cache: Path) -> list[str]:
    """The kinds of all entries of the cache."""
    return sorted(
        entry["kind"] for entry in run("cache", "--cache", cache, "--format", "json").document["entries"]
    )


def dense(path: Path, *, seed: int = 0, external: bool = False) -> Path:
    """x (1, 3) times a matrix: y (1, 2)."""
    weights = np.random.default_rng(seed).uniform(-1, 1, (3, 2)).astype(np.float32)
    return _one(path, "MatMul", {"w": weights}, (1, 3), (1, 2), external=external)


def padded_pool(path: Path) -> Path:
    """An average that EZKL takes over the padding too: AUD-FID-003."""
    attributes = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 0}
    return _one(path, "AveragePool", {}, (1, 1, 2, 2), (1, 1, 2, 2), **attributes)


def coarse(path: Path) -> Path:
    """A sum of weights that all are rounded the same way: no rule knows, only the comparison finds it."""
    weights = np.full((64, 1), 0.0055, np.float32)
    return _one(path, "MatMul", {"w": weights}, (1, 64), (1, 1))


def negation(path: Path, *, length: int | str) -> Path:
    """A Neg of (1, length)."""
    return _one(path, "Neg", {}, (1, length), (1, length))


def _one(
    path: Path, operator: str, weights: dict[str, np.ndarray], shape: Shape, out: Shape,
    *, external: bool = False, **attributes: Any,
) -> Path:  # fmt: skip
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", *weights], ["y"], name="node", **attributes)],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    save(graph, path)
    if external:
        place = f"{path.stem}.weights"
        onnx.save(
            onnx.load(path),
            path,
            save_as_external_data=True,
            location=place,
            size_threshold=0,
            convert_attribute=False,
        )
    return path


def input_json(path: Path, values: tuple[float, ...] = INPUT) -> Path:
    path.write_text(json.dumps({"input_data": [list(values)]}), encoding="utf-8")
    return path
