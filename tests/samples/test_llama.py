"""The Llama-class generator: Llama 7B's own parameter count, no weights, and a form EZKL accepts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import pytest

from samples import llama
from tools.truth import Case, ezkl_version, find_truth

TINY = llama.Config(layers=2, hidden=16, heads=2, intermediate=24, vocabulary=20, length=4, weights=True)


def test_the_default_is_llama_7b() -> None:
    model = llama.decoder(llama.Config())
    absent = [one for one in model.graph.initializer if one.data_location == onnx.TensorProto.EXTERNAL]
    # Llama 7B has 6,738,415,616 parameters: Touvron et al. (2023), table 2, rounds them to 6.7B.
    assert (
        sum(math.prod(one.dims) for one in absent) == llama.parameter_count(llama.Config()) == 6_738_415_616
    )
    assert len(model.SerializeToString()) < 300_000


def test_absent_weights_do_not_overlap() -> None:
    model = llama.decoder(llama.Config(layers=2))
    end = 0
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            place = {entry.key: entry.value for entry in tensor.external_data}
            assert int(place["offset"]) == end
            end += int(place["length"])
    assert end == 4 * llama.parameter_count(llama.Config(layers=2))


def test_layers_repeat() -> None:
    one, three = (len(llama.decoder(llama.Config(layers=count)).graph.node) for count in (1, 3))
    nodes_per_layer = (three - one) // 2
    assert one + 2 * nodes_per_layer == three
    assert nodes_per_layer > 30


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="multiple"):
        llama.decoder(llama.Config(hidden=30, heads=4))


def test_a_later_token_does_not_change_an_earlier_answer() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = llama.decoder(TINY).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    first, second = (
        session.run(None, {"input_ids": np.array([[1, 2, 3, last]], dtype=np.int64)})[0] for last in (4, 5)
    )
    np.testing.assert_allclose(first[:, :3], second[:, :3], atol=1e-5)
    assert np.abs(first[:, 3] - second[:, 3]).max() > 1e-3


@pytest.mark.skipif(ezkl_version() is None, reason="ezkl is not installed (extra `prove`)")
def test_ezkl_accepts_a_tiny_one(tmp_path: Path) -> None:
    case = Case(id="tiny", model=llama.decoder(TINY).SerializeToString())
    ((_, truth),) = find_truth([case], cache_directory=tmp_path)
    assert truth.status == "accepted", truth.reason
