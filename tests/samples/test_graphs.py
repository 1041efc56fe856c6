"""Known architectures have the parameters and multiply-accumulates that are published of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from msgspec import Struct

from auditor.model import parameters, read_source
from samples.graphs import __main__ as command
from samples.graphs.graph import TRAINED, folded_channels, trained_parameters
from tests.cli.test_shell import auditor

MAX_BYTES = 300_000


class Known(Struct, frozen=True, kw_only=True):
    """What is published: ``parameters`` trained, ``macs`` of one inference within ``within`` of them."""

    parameters: int
    macs: float
    within: float = 0.0
    folded: bool = False


GPT2_LAYER = 32 * (4 * 768**2 + 2 * 768 * 3072) + 2 * 32 * 32 * 768
LLAMA_LAYER = 8 * (4 * 4096**2 + 3 * 4096 * 11008) + 2 * 8 * 8 * 4096

KNOWN: Mapping[str, Known] = {
    # Five layers, 25 products for each output of a map: 28^2 6 25 + 10^2 16 150 + 400 120 + 120 84 + 84 10.
    "lenet5": Known(parameters=61_706, macs=416_520),
    # torchvision's own tables: 3,504,872 and 25,557,032 parameters, 0.301 and 4.089 G multiply-adds.
    "mobilenet_v2": Known(parameters=3_504_872, macs=0.301e9, within=0.0005e9, folded=True),
    "resnet50": Known(parameters=25_557_032, macs=4.089e9, within=0.0005e9, folded=True),
    # Hugging Face's num_parameters(). Sun et al., "MobileBERT" (2020), table 4: 22.5 G FLOPs, two for each.
    "bert_base": Known(parameters=109_482_240, macs=22.5e9 / 2, within=0.01 * 22.5e9 / 2),
    # Hugging Face's num_parameters(). No count of operations is published for 32 tokens: layers and head.
    "gpt2": Known(parameters=124_439_808, macs=12 * GPT2_LAYER + 32 * 50257 * 768),
    # Touvron et al. (2023), table 2, rounds them to 6.7B.
    "llama": Known(parameters=6_738_415_616, macs=32 * LLAMA_LAYER + 8 * 32000 * 4096),
}

TINY: Mapping[str, dict[str, Any]] = {
    "lenet5": {},
    "mobilenet_v2": {"size": 32, "classes": 5},
    "resnet50": {"size": 32, "classes": 5},
    "bert_base": {
        "layers": 2, "hidden": 16, "heads": 2, "intermediate": 24, "vocabulary": 20, "positions": 9,
        "sequence": 4,
    },
    "gpt2": {"layers": 2, "hidden": 16, "heads": 2, "vocabulary": 20, "positions": 9, "sequence": 4},
    "llama": {"layers": 2, "hidden": 16, "heads": 2, "intermediate": 24, "vocabulary": 20, "sequence": 4},
}  # fmt: skip


def made(name: str, **sizes: Any) -> onnx.ModelProto:
    config, make = command.ARCHITECTURES[name]
    return make(config(**sizes))


def written(folder: Path, name: str, *options: str) -> Path:
    path = folder / f"{name}.onnx"
    command.main([name, str(path), *options])
    return path


def fixed_constants(model: onnx.ModelProto) -> int:
    """Real numbers that belong to the architecture, which auditor counts among the constants of a file."""
    return sum(
        math.prod(one.dims)
        for one in model.graph.initializer
        if one.data_type == onnx.TensorProto.FLOAT and not one.name.endswith(TRAINED)
    )


def test_every_architecture_is_known() -> None:
    assert set(KNOWN) == set(command.ARCHITECTURES) == set(TINY)


@pytest.mark.parametrize("name", KNOWN)
def test_the_parameters_are_the_published_ones(name: str, tmp_path: Path) -> None:
    model, known = made(name), KNOWN[name]
    missing = folded_channels(model) if known.folded else 0
    assert trained_parameters(model) + missing == known.parameters
    counted = parameters(read_source(written(tmp_path, name)).model)
    assert counted == known.parameters - missing + fixed_constants(model)


@pytest.mark.parametrize("name", KNOWN)
def test_the_multiply_accumulates_are_the_published_ones(name: str, tmp_path: Path) -> None:
    ended = auditor("inspect", str(written(tmp_path, name)), "--format", "json", cwd=tmp_path)
    (model,) = json.loads(ended.stdout)["models"]
    known = KNOWN[name]
    assert abs(model["model"]["macs"] - known.macs) <= known.within, model["model"]["macs"]


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_has_no_weights_and_valid_shapes(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name)
    model = onnx.load(path, load_external_data=False)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    assert path.stat().st_size < MAX_BYTES
    outputs = [output for node in model.graph.node for output in node.output]
    assert len(set(outputs)) == len(outputs)


@pytest.mark.parametrize("name", KNOWN)
def test_absent_weights_do_not_overlap(name: str) -> None:
    model = made(name, **TINY[name])
    end = 0
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            place = {entry.key: entry.value for entry in tensor.external_data}
            assert int(place["offset"]) == end
            end += int(place["length"])
    assert end == 4 * trained_parameters(model) > 0


@pytest.mark.parametrize("name", TINY)
def test_a_small_one_with_weights_runs(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = made(name, weights=True, **TINY[name])
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (wanted,) = session.get_inputs()
    kind = np.float32 if wanted.type == "tensor(float)" else np.int64
    answers = session.run(None, {wanted.name: np.ones(wanted.shape, dtype=kind)})
    for answer, declared in zip(answers, session.get_outputs(), strict=True):
        assert list(answer.shape) == declared.shape
        assert np.isfinite(answer).all()


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_later_token_does_not_change_an_earlier_answer(name: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = made(name, weights=True, **TINY[name]).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    first, second = (
        session.run(None, {"input_ids": np.array([[1, 2, 3, last]], dtype=np.int64)})[0] for last in (4, 5)
    )
    np.testing.assert_allclose(first[:, :3], second[:, :3], atol=1e-4)
    assert np.abs(first[:, 3] - second[:, 3]).max() > 1e-3


@pytest.mark.parametrize("name", ["bert_base", "gpt2", "llama"])
def test_heads_must_divide_the_width(name: str) -> None:
    with pytest.raises(ValueError, match="multiple"):
        made(name, hidden=30, heads=4)


def test_the_command_takes_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = onnx.load(
        written(tmp_path, "gpt2", "--sequence", "64", "--layers", "1"), load_external_data=False
    )
    assert [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim] == [1, 64]
    assert f"{trained_parameters(model):,} parameters" in capsys.readouterr().out
