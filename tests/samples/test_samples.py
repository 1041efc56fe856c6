"""The committed samples are what ``samples/README.md`` says, and EZKL takes them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from tools.truth import Case, ezkl_version, find_truth

FOLDER = Path(__file__).resolve().parents[2] / "samples"
SAMPLES = {path.parent.name: path for path in sorted(FOLDER.glob("*/model.onnx"))}
MAX_BYTES = 200_000


def sample_input(model: onnx.ModelProto, path: Path) -> np.ndarray:
    """The example beside a model, in the shape its input declares (symbols are 1)."""
    (flat,) = json.loads(path.with_name("input.json").read_text())["input_data"]
    (declared,) = model.graph.input
    shape = [dim.dim_value or 1 for dim in declared.type.tensor_type.shape.dim]
    return np.array(flat, dtype=np.float32).reshape(shape)


def test_there_are_five_kinds() -> None:
    assert set(SAMPLES) == {"cancer_mlp", "cancer_trees", "digits_cnn", "digits_gru", "digits_transformer"}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_one_small_valid_file(name: str) -> None:
    model = onnx.load(SAMPLES[name], load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert SAMPLES[name].stat().st_size < MAX_BYTES
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in model.graph.initializer)
    assert not any(node.doc_string for node in model.graph.node)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_table_tells_the_size_and_a_good_accuracy(name: str) -> None:
    row = next(line for line in (FOLDER / "README.md").read_text().splitlines() if f"`{name}`" in line)
    *_, size, accuracy = (cell.strip() for cell in row.strip("|").split("|"))
    assert int(size.replace(",", "")) == SAMPLES[name].stat().st_size
    assert float(re.sub("%", "", accuracy)) > 90


@pytest.mark.parametrize("name", SAMPLES)
def test_the_example_runs(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    path = SAMPLES[name]
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input": sample_input(onnx.load(path), path)})
    assert output.shape[0] == 1
    assert np.isfinite(output).all()


@pytest.mark.skipif(ezkl_version() is None, reason="ezkl is not installed (extra `prove`)")
def test_ezkl_accepts_every_sample(tmp_path: Path) -> None:
    cases = [Case(id=name, model=path.read_bytes()) for name, path in SAMPLES.items()]
    refused = {
        case.id: truth.reason
        for case, truth in find_truth(cases, cache_directory=tmp_path)
        if not truth.accepted
    }
    assert refused == {}
