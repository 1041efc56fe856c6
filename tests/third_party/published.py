"""Circuits that strangers published, as their settings: judged by the tests, and told in docs/frontier.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tests.third_party.settings_files import settings

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


def too_large_a_domain(logrows: int) -> dict[str, Any]:
    """EZKL issue 741: 321 layers of 192 to 24, k = 26, degree 6, an extended domain of 2^29, and a panic.

    What gave it the degree is not told; in 23.0.5 a table of computed values does.
    """
    return settings(
        {"logrows": logrows},
        num_rows=321 * 24 * 96,
        total_assignments=321 * 24 * 192,
        num_dynamic_lookups=1,
        total_dynamic_col_size=1,
        max_dynamic_input_len=1,
        version="0.0.0",
    )


class Keys(Struct, frozen=True, kw_only=True):
    """A circuit of a benchmark, and the bytes of its keys as published.

    ``rounded``: in two figures, the proving key in GiB and the verifying key in MB.
    """

    content: Mapping[str, Any]
    logrows: int
    proving_key_bytes: float
    verifying_key_bytes: float
    rounded: bool = False


def _benchmark(
    logrows: int, rows: int, constants: int, shapes: list[list[int]], proving_key: int, verifying_key: int,
    lookups: tuple[Mapping[str, Any], ...] = (),
) -> Keys:  # fmt: skip
    run_args = {"logrows": logrows} if lookups else {"logrows": logrows, "input_scale": 10, "param_scale": 10}
    content = settings(
        run_args,
        num_rows=rows,
        total_assignments=2 * rows,
        total_const_size=constants,
        model_instance_shapes=shapes,
        required_lookups=[*lookups],
        version="23.0.3",
    )
    return Keys(
        content=content, logrows=logrows, proving_key_bytes=proving_key, verifying_key_bytes=verifying_key
    )


RUNS: Mapping[str, Keys] = {
    "Dense 128": _benchmark(15, 5_440, 2, [[1, 128], [1, 64]], 138_479_371, 66_823),
    "Dense 256": _benchmark(15, 19_072, 2, [[1, 256], [1, 128]], 138_479_371, 66_823),
    "Poly": _benchmark(17, 65_536, 2, [[1, 1, 64, 64], [1, 1, 64, 64]], 553_912_075, 263_431),
    "Tanh": _benchmark(
        17, 65_536, 2, [[1, 1, 64, 64]] * 2, 654_608_491, 296_455, ({"Tanh": {"scale": 128.0}},)
    ),
    "Dense 1024": _benchmark(19, 272_896, 2, [[1, 1024], [1, 512]], 2_215_642_891, 1_049_863),
    "CNN_Strided": _benchmark(21, 1_144_660, 4, [[1, 3, 32, 32], [1, 10]], 8_862_566_155, 4_195_591),
    "AvgPool2d": _benchmark(21, 1_884_162, 4, [[1, 32, 64, 64], [1, 32, 32, 32]], 8_862_566_155, 4_195_591),
    "BatchNorm2d": _benchmark(22, 2_097_152, 2, [[1, 32, 64, 64]] * 2, 17_725_130_507, 8_389_895),
    "CNN_Poly": _benchmark(23, 5_531_480, 5, [[1, 3, 32, 32], [1, 10]], 35_450_259_211, 16_778_503),
    "CNN_Mixed": _benchmark(23, 5_277_528, 5, [[1, 3, 32, 32], [1, 10]], 35_450_259_211, 16_778_503),
}
"""github.com/Jupiter-Plantagenet/ezkl-cnn-benchmark (results at e35582c), EZKL 23.0.3: logrows, num_rows,
constants, inputs and outputs, bytes of the proving and of the verifying key. They publish neither the cells,
which are two to a row, nor the logrows, which their keys tell. Tanh goes through one table."""


def _competitor(logrows: int, proving_key_gib: float, verifying_key_mb: float) -> Keys:
    return Keys(
        content=settings({"logrows": logrows}),
        logrows=logrows,
        proving_key_bytes=proving_key_gib * 2**30,
        verifying_key_bytes=verifying_key_mb * 1e6,
        rounded=True,
    )


BIONETTA: Mapping[str, Keys] = {
    "LeNet5": _competitor(19, 2.1, 1.1),
    "MNIST MLP": _competitor(21, 8.3, 4.1),
    "VGG11-mini": _competitor(22, 17, 8.1),
    "ResNet18": _competitor(23, 34, 17),
}
"""Bionetta, table 4: EZKL, whose version is not told. Logrows that the keys tell, proving key in GiB,
verifying key in MB, in two figures."""
