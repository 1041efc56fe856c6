"""Circuits that strangers wrote about, judged from the settings they published and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.test_shell import auditor
from tests.third_party.settings_files import settings, write


def audited(folder: Path, content: dict[str, Any], *words: str) -> dict[str, Any]:
    """The one model of the report, which follows the schema."""
    write(folder / "settings.json", content)
    ended = auditor("estimate", "--settings", "settings.json", *words, "--format", "json", cwd=folder)
    document = json.loads(ended.stdout)
    schema = json.loads((resources.files("auditor") / "schemas" / "report-1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["verdict"]["exit_code"] == ended.returncode
    (model,) = document["models"]
    return model


KILLED = settings(
    {"input_scale": 13, "param_scale": 13, "logrows": 25, "commitment": "KZG"},
    num_rows=111_567_976,
    total_assignments=223_135_953,
    num_shuffles=114_688,
    total_shuffle_col_size=458_752,
    required_range_checks=[[0, 1], [-1, 1], [0, 16_383]],
    version="22.0.1",
    without=("disable_freivalds", "rebase_scale", "einsum_params"),
)
"""EZKL issue 987: a convolution and a cosine similarity, 17 MB of ONNX."""


def test_a_setup_that_was_killed_at_256_gigabytes_is_infeasible_there(tmp_path: Path) -> None:
    model = audited(tmp_path, KILLED, "--hardware", "aws-r7i-8xlarge")
    (machine,) = model["hardware"]
    assert model["verdict"]["status"] == machine["status"] == "infeasible"
    assert model["verdict"]["binding"] == "memory on aws-r7i-8xlarge"
    assert machine["peak_memory_bytes"]["low"] > 256 * 2**30
    assert (model["circuit"]["logrows"], model["circuit"]["exact"]) == (25, False)


@pytest.mark.parametrize(("logrows", "binding"), [(26, "extended_domain"), (25, "support")])
def test_a_domain_that_the_field_does_not_have(tmp_path: Path, logrows: int, binding: str) -> None:
    """EZKL issue 741: 321 layers of 192 to 24, k = 26, degree 6, an extended domain of 2^29, and a panic.

    What gave it the degree is not told; in 23.0.5 a table of computed values does. At k = 25 what is left is
    that another version wrote the settings.
    """
    content = settings(
        {"logrows": logrows},
        num_rows=321 * 24 * 96,
        total_assignments=321 * 24 * 192,
        num_dynamic_lookups=1,
        total_dynamic_col_size=1,
        max_dynamic_input_len=1,
        version="0.0.0",
    )
    verdict = audited(tmp_path, content)["verdict"]
    assert verdict["binding"] == binding
    assert ("degree 6 at logrows 26 need an FFT of 2^29" in verdict["reasons"][0]) == (logrows == 26)


RUNS: Mapping[str, tuple[int, int, int, list[list[int]], int, int]] = {
    "Dense 128": (15, 5_440, 2, [[1, 128], [1, 64]], 138_479_371, 66_823),
    "Dense 256": (15, 19_072, 2, [[1, 256], [1, 128]], 138_479_371, 66_823),
    "Poly": (17, 65_536, 2, [[1, 1, 64, 64], [1, 1, 64, 64]], 553_912_075, 263_431),
    "Dense 1024": (19, 272_896, 2, [[1, 1024], [1, 512]], 2_215_642_891, 1_049_863),
    "CNN_Strided": (21, 1_144_660, 4, [[1, 3, 32, 32], [1, 10]], 8_862_566_155, 4_195_591),
    "AvgPool2d": (21, 1_884_162, 4, [[1, 32, 64, 64], [1, 32, 32, 32]], 8_862_566_155, 4_195_591),
    "BatchNorm2d": (22, 2_097_152, 2, [[1, 32, 64, 64]] * 2, 17_725_130_507, 8_389_895),
    "CNN_Poly": (23, 5_531_480, 5, [[1, 3, 32, 32], [1, 10]], 35_450_259_211, 16_778_503),
    "CNN_Mixed": (23, 5_277_528, 5, [[1, 3, 32, 32], [1, 10]], 35_450_259_211, 16_778_503),
}
"""github.com/Jupiter-Plantagenet/ezkl-cnn-benchmark (results at e35582c), EZKL 23.0.3: logrows, num_rows,
constants, inputs and outputs, bytes of the proving and of the verifying key. They publish neither the cells,
which are two to a row, nor the logrows, which their keys tell."""


@pytest.mark.parametrize("name", RUNS)
def test_keys_of_a_benchmark_to_the_byte(tmp_path: Path, name: str) -> None:
    logrows, rows, constants, shapes, proving_key, verifying_key = RUNS[name]
    content = settings(
        {"logrows": logrows, "input_scale": 10, "param_scale": 10},
        num_rows=rows,
        total_assignments=2 * rows,
        total_const_size=constants,
        model_instance_shapes=shapes,
        version="23.0.3",
    )
    model = audited(tmp_path, content)
    assert model["artifacts"]["proving_key_bytes"] == proving_key
    assert model["artifacts"]["verifying_key_bytes"] == verifying_key
    assert (model["verdict"]["status"], model["circuit"]["exact"]) == ("feasible", False)


def test_a_lookup_costs_the_columns_of_a_table(tmp_path: Path) -> None:
    """Tanh of the same benchmark: 65,536 values through one table."""
    content = settings(
        {"logrows": 17},
        num_rows=65_536,
        total_assignments=131_072,
        total_const_size=2,
        model_instance_shapes=[[1, 1, 64, 64]] * 2,
        required_lookups=[{"Tanh": {"scale": 128.0}}],
        version="23.0.3",
    )
    artifacts = audited(tmp_path, content)["artifacts"]
    assert artifacts["proving_key_bytes"] == 654_608_491
    assert artifacts["verifying_key_bytes"] == 296_455


BIONETTA = {
    "LeNet5": (19, 2.1, 1.1),
    "MNIST MLP": (21, 8.3, 4.1),
    "VGG11-mini": (22, 17, 8.1),
    "ResNet18": (23, 34, 17),
}
"""Bionetta, table 4: EZKL, whose version is not told. Logrows that the keys tell, proving key in GiB,
verifying key in MB, in two figures."""


@pytest.mark.parametrize("name", BIONETTA)
def test_keys_of_a_competitor(tmp_path: Path, name: str) -> None:
    logrows, proving_key, verifying_key = BIONETTA[name]
    artifacts = audited(tmp_path, settings({"logrows": logrows}))["artifacts"]
    assert artifacts["proving_key_bytes"] / 2**30 == pytest.approx(proving_key, rel=0.03)
    assert artifacts["verifying_key_bytes"] / 1e6 == pytest.approx(verifying_key, rel=0.05)
