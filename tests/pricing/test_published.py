"""Proofs that strangers made with EZKL on machines of theirs, which no fit has seen.

github.com/Jupiter-Plantagenet/ezkl-cnn-benchmark (results/*.json at e35582c, 2025-11-30): EZKL 23.0.3, a
machine with 125 GB, processor not said. Their models are built here again from their configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import onnx
import pytest
from msgspec import Struct
from onnx import TensorProto, helper, numpy_helper

from auditor.circuit.run_args import RunArgs
from auditor.model import read_source
from auditor.options import parse_request
from auditor.pricing.bill import bill_hardware, predict_on
from auditor.pricing.profile_file import shipped
from auditor.sizing import artifacts, constraint_system
from auditor.study import Study, study
from tests.pricing.circuits import predict, size

PUBLIC = ("input_visibility=public", "output_visibility=public", "param_visibility=private")
CALIBRATED = "scale_rebase_multiplier=10"
"""Their calibration found that most single layers need not be rescaled, which the fewer constants show."""

Node = tuple[str, dict[str, object], tuple[tuple[int, ...], ...]]
"""An operator, its attributes, the shapes of its weights."""


class Published(Struct, frozen=True, kw_only=True):
    """A run: the model, and what was found of it. The times are wall times of all cores of that machine."""

    name: str
    shape: tuple[int, ...]
    nodes: tuple[Node, ...]
    num_rows: int
    logrows: int
    proving_key_bytes: int
    verifying_key_bytes: int
    proof_json_bytes: int
    prove_seconds: float
    rescaled: bool = True


def conv(channels: int, filters: int, stride: int = 1) -> Node:
    return (
        "Conv",
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [stride, stride]},
        ((filters, channels, 3, 3), (filters,)),
    )


def gemm(inputs: int, outputs: int) -> Node:
    return ("Gemm", {"transB": 1}, ((outputs, inputs), (outputs,)))


POOL: Node = ("AveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]}, ())
SQUARE: Node = ("Pow", {}, ((),))
FLAT: Node = ("Flatten", {}, ())
RELU: Node = ("Relu", {}, ())
IMAGE = (1, 32, 64, 64)

RUNS = (
    Published(
        name="Dense 128", shape=(1, 128), nodes=(gemm(128, 64),), num_rows=5_440, logrows=15,
        proving_key_bytes=138_479_371, verifying_key_bytes=66_823, proof_json_bytes=46_954,
        prove_seconds=1.09, rescaled=False,
    ),
    Published(
        name="Dense 256", shape=(1, 256), nodes=(gemm(256, 128),), num_rows=19_072, logrows=15,
        proving_key_bytes=138_479_371, verifying_key_bytes=66_823, proof_json_bytes=76_658,
        prove_seconds=1.28, rescaled=False,
    ),
    Published(
        name="Poly", shape=(1, 64, 64), nodes=(SQUARE,), num_rows=65_536, logrows=17,
        proving_key_bytes=553_912_075, verifying_key_bytes=263_431, proof_json_bytes=1_286_008,
        prove_seconds=4.67, rescaled=False,
    ),
    Published(
        name="ReLU", shape=(1, 64, 64), nodes=(RELU,), num_rows=96_256, logrows=17,
        proving_key_bytes=553_912_075, verifying_key_bytes=263_431, proof_json_bytes=1_245_806,
        prove_seconds=5.20,
    ),
    Published(
        name="Tanh", shape=(1, 64, 64), nodes=(("Tanh", {}, ()),), num_rows=65_536, logrows=17,
        proving_key_bytes=654_608_491, verifying_key_bytes=296_455, proof_json_bytes=1_277_845,
        prove_seconds=5.06,
    ),
    Published(
        name="Dense 1024", shape=(1, 1024), nodes=(gemm(1024, 512),), num_rows=272_896, logrows=19,
        proving_key_bytes=2_215_642_891, verifying_key_bytes=1_049_863, proof_json_bytes=255_169,
        prove_seconds=16.78, rescaled=False,
    ),
    Published(
        name="AvgPool", shape=IMAGE, nodes=(POOL,), num_rows=1_884_162, logrows=21,
        proving_key_bytes=8_862_566_155, verifying_key_bytes=4_195_591, proof_json_bytes=25_166_809,
        prove_seconds=81.96,
    ),
    Published(
        name="MaxPool", shape=IMAGE, nodes=(("MaxPool", POOL[1], ()),), num_rows=2_310_144, logrows=22,
        proving_key_bytes=36_785_621_187, verifying_key_bytes=9_963_079, proof_json_bytes=25_157_432,
        prove_seconds=260.68,
    ),
    Published(
        name="CNN_Strided", shape=(1, 3, 32, 32),
        nodes=(conv(3, 32, 2), RELU, conv(32, 64, 2), RELU, FLAT, gemm(4096, 10)),
        num_rows=1_144_660, logrows=21, proving_key_bytes=8_862_566_155, verifying_key_bytes=4_195_591,
        proof_json_bytes=490_359, prove_seconds=68.96,
    ),
    Published(
        name="CNN_Poly", shape=(1, 3, 32, 32),
        nodes=(conv(3, 32), SQUARE, POOL, conv(32, 64), SQUARE, POOL, FLAT, gemm(4096, 10)),
        num_rows=5_531_480, logrows=23, proving_key_bytes=35_450_259_211, verifying_key_bytes=16_778_503,
        proof_json_bytes=490_334, prove_seconds=289.30,
    ),
    Published(
        name="CNN_Mixed", shape=(1, 3, 32, 32),
        nodes=(conv(3, 32), SQUARE, POOL, conv(32, 64), RELU, POOL, FLAT, gemm(4096, 10)),
        num_rows=5_277_528, logrows=23, proving_key_bytes=35_450_259_211, verifying_key_bytes=16_778_503,
        proof_json_bytes=490_249, prove_seconds=293.68,
    ),
)  # fmt: skip


def build(path: Path, shape: tuple[int, ...], nodes: Sequence[Node]) -> Path:
    """A chain of operators with random weights; the power is a square."""
    rng = np.random.default_rng(0)
    made, weights, last = [], [], "x0"
    for index, (operator, attributes, shapes) in enumerate(nodes):
        names = [f"w{index}_{number}" for number in range(len(shapes))]
        for name, wanted in zip(names, shapes, strict=True):
            value = np.array(2.0) if operator == "Pow" else rng.normal(scale=0.1, size=wanted)
            weights.append(numpy_helper.from_array(value.astype(np.float32), name))
        made.append(helper.make_node(operator, [last, *names], [f"x{index + 1}"], **attributes))
        last = f"x{index + 1}"
    graph = helper.make_graph(
        made,
        "published",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), path)
    return path


def studied(path: Path, *assignments: str) -> Study:
    request = parse_request(assignments=[*PUBLIC, *assignments], front_end="onnx", quiet=True)
    return study(path, read_source(path), request, alone=True)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_rows_and_bytes_follow_from_the_model_alone(run: Published, tmp_path: Path) -> None:
    """Keys exact to the byte up to 35 GB, of circuits eight times as long as any that was measured here."""
    found = studied(
        build(tmp_path / "model.onnx", run.shape, run.nodes), *(() if run.rescaled else (CALIBRATED,))
    )
    sized = found.sized
    assert sized.size is not None
    assert sized.artifacts is not None
    assert sized.system is not None
    assert sized.run_args is not None
    assert (sized.size.num_rows, sized.logrows) == (run.num_rows, run.logrows)
    assert sized.artifacts.exact
    assert sized.artifacts.proving_key_bytes == run.proving_key_bytes
    assert sized.artifacts.verifying_key_bytes == run.verifying_key_bytes
    # How long a public value is in the file of the proof depends on the value.
    predictions = predict_on(shipped(), sized.system, sized.artifacts, sized.size, sized.run_args)
    (proof,) = (prediction.bytes for prediction in predictions if prediction.step == "proof")
    assert proof == pytest.approx(run.proof_json_bytes, rel=0.06)


def test_one_factor_tells_the_times_of_that_machine() -> None:
    """The processor is not said, and one unknown number stands for it: it is the same from 2^15 to 2^23 rows,
    though nothing above 2^20 was ever measured here."""
    ratios = []
    for run in RUNS:
        if run.name in ("Tanh", "MaxPool"):  # other columns than those of the plain circuit
            continue
        circuit = size(num_rows=run.num_rows, total_assignments=2 * run.num_rows - 10)
        proof = predict(shipped(), circuit, RunArgs(logrows=run.logrows))["proof"]
        ratios.append(proof.cpu_seconds.mid / run.prove_seconds)
    assert 0.8 < min(ratios) / median(ratios) < max(ratios) / median(ratios) < 1.2


MEMORY = (
    ("MNIST MLP", 21, 8.3, 4.1, 21.15),
    ("LeNet5", 19, 2.1, 1.1, 5.45),
    ("VGG11-mini", 22, 17, 8.1, 41.85),
)
"""Bionetta, table 4: EZKL on a Xeon E5-2665 with 350 GB. Name, logrows that its keys tell, proving key in
GiB, verifying key in MB, peak memory in GB. Two larger circuits have other columns than the plain one, which
their keys tell as well. Neither EZKL's version nor its threads are said; the times would fit one thread."""


@pytest.mark.parametrize(("name", "logrows", "key", "verifying", "memory"), MEMORY)
def test_memory_on_a_machine_of_others(
    name: str, logrows: int, key: float, verifying: float, memory: float
) -> None:
    run_args = RunArgs(logrows=logrows)
    sizes = artifacts(constraint_system(size(), run_args))
    assert sizes.proving_key_bytes / 2**30 == pytest.approx(key, rel=0.03), name
    assert sizes.verifying_key_bytes / 1e6 == pytest.approx(verifying, rel=0.05), name
    proof = predict(shipped(), size(), run_args, cores=16)["proof"].peak_memory_bytes
    assert proof.low < memory * 1e9 < proof.high
    assert proof.mid == pytest.approx(memory * 1e9, rel=0.03)


@pytest.mark.parametrize("logrows", [17, 20, 25])
def test_a_setup_that_was_killed_at_256_gigabytes_is_infeasible_there(logrows: int) -> None:
    """EZKL issue 987: 111,567,976 rows, logrows 25 in its settings; the log speaks of four blocks of dynamic
    columns, which would be logrows 17. Either way it cannot be."""
    circuit = size(
        num_rows=111_567_976,
        total_assignments=223_135_953,
        num_shuffles=114_688,
        total_shuffle_col_size=458_752,
        required_range_checks=((0, 1), (-1, 1), (0, 16_383)),
    )
    run_args = RunArgs(logrows=logrows, input_scale=13, param_scale=13)
    system = constraint_system(circuit, run_args)
    profile = shipped("aws-r7i-8xlarge")
    sizes = artifacts(system)
    predictions = predict_on(profile, system, sizes, circuit, run_args)
    keys = next(prediction for prediction in predictions if prediction.step == "keys")
    assert keys.peak_memory_bytes.low > 2 * 256e9
    bill = bill_hardware(predictions, profile, sizes, parameters=4_000_000, today=date(2026, 11, 21))
    assert (bill.status, bill.binding) == ("infeasible", "memory")
    assert bill.reasons[0].startswith("memory peaks at ")
    assert "over the 240.0 GiB that a proof can use" in bill.reasons[0]


def test_a_convolution_that_was_killed_at_125_gigabytes(tmp_path: Path) -> None:
    """Their layer of 32 to 64 channels on 64 x 64 pixels with logrows 22: the proving key alone is larger."""
    path = build(tmp_path / "model.onnx", IMAGE, (conv(32, 64),))
    sized = studied(path, "input_scale=10", "param_scale=10", "logrows=22").sized
    assert sized.artifacts is not None
    assert sized.system is not None
    assert sized.size is not None
    assert sized.run_args is not None
    assert sized.artifacts.proving_key_bounds[0] > 125e9
    predictions = predict_on(shipped(), sized.system, sized.artifacts, sized.size, sized.run_args)
    keys = next(prediction for prediction in predictions if prediction.step == "keys")
    assert keys.peak_memory_bytes.low > 125e9
