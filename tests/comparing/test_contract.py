"""The document of ``auditor compare``, the same bytes each time, and every format over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor import formats
from tests.cli import models
from tests.comparing.holding import files, hold_closed, hold_harmless, hold_pictures
from tests.comparing.running import (
    DIGITS,
    SAMPLES,
    TRANSFORMER,
    auditor,
    compared,
    hostile,
    row,
    validator,
)

ROOT = SAMPLES.parent
FULL = (
    "--no-plan", "--scale-width", "2,3", "--scale-depth", "2", "--scale-sequence", "2", "--stakes", "high",
    "--private-weights", "--private-input", "--latency", "600", "--budget", "1",
)  # fmt: skip


@pytest.fixture(scope="module")
def full() -> dict[str, Any]:
    return compared(TRANSFORMER, *FULL)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--way ezkl",
        "--way zkllm --way re_execution --way RE-EXECUTION",
        "--hardware laptop-8c-16g --policy interactive",
        "--policy on-chain --on-chain --chain ethereum-mainnet --fork glamsterdam",
        "--chain opbnb --chain arbitrum-one --chain zksync-era --chain local-evm --chain optimism",
        "--chain ethereum-mainnet --gas-price 3 --native-usd 1000",
        "--sequence 64 --seed 7 --budget 0 --stakes low --way ezkl --way vanilla",
        "--set input_scale=8 --set logrows=18 --private-weights",
        "--stakes low --latency 0 --quiet --verbose",
        "--front-end onnx --scale-width 1 --scale-sequence 2",
    ],
)
def test_every_option_gives_a_valid_document_and_nothing_else(words: str, tmp_path: Path) -> None:
    asked = words.split()
    lost = "--budget" in asked or "--latency" in asked
    found = compared(models.perceptron(tmp_path / "a.onnx"), *asked, code=1 if lost else 0)
    assert found["schema"] == "auditor.compare/1"


def test_settings_inputs_and_open_sizes_are_as_elsewhere(tmp_path: Path) -> None:
    model = models.perceptron(tmp_path / "open.onnx", batch="rows")
    found = compared(model, "--dim", "rows=2", "--way", "ezkl")
    assert found["model"]["bound_dimensions"] == {"rows": 2}
    settings = tmp_path / "settings.json"
    given = DIGITS.with_name("input.json")
    assert auditor("plan", DIGITS, "--input", given, "--write", settings).code == 0
    planned = compared(DIGITS, "--input", given, "--way", "ezkl")
    assert row(compared(DIGITS, "--settings", settings, "--way", "ezkl"), "ezkl") == row(planned, "ezkl")


def test_a_full_document_is_full(full: dict[str, Any]) -> None:
    assert [along["axis"] for along in full["growth"]] == ["width", "depth", "sequence"]
    assert {way["kind"] for way in full["ways"]} == {"proof", "method"}
    assert full["recommendation"]["out"]
    assert full["needs"]["stakes"] == "high"


def test_the_contract_knows_every_field_and_no_other() -> None:
    """In each kind of object that is no table of names, a field too many or too few is refused."""
    found = compared(DIGITS, *FULL, "--way", "ezkl", "--way", "zkml", "--way", "re_execution")
    hold_closed("compare", found, names={"operators", "bound_dimensions", "out", "unknown", "exponents"})
    with pytest.raises(jsonschema.ValidationError):
        validator("compare").validate(found | {"machine": None})


def test_another_process_says_the_same_in_every_format(tmp_path: Path) -> None:
    names = [*formats.reports(), "svg"]

    def said(seed: str) -> dict[str, bytes]:
        paths = {name: tmp_path / f"{name}-{seed}" for name in names}
        outputs = [word for name, path in paths.items() for word in ("--output", f"{name}={path}")]
        subprocess.run(
            [sys.executable, "-m", "auditor", "compare", str(TRANSFORMER), *FULL, *outputs],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        return {name: path.read_bytes() for name, path in paths.items()}

    assert said("1") == said("2")


def test_stdout_is_json_for_other_programs(tmp_path: Path) -> None:
    words = ("compare", models.perceptron(tmp_path / "a.onnx"), "--format", "json", "--scale-width", "2")
    piped = subprocess.run(
        f"{sys.executable} -m auditor {' '.join(map(str, words))} | {sys.executable} -m json.tool",
        shell=True, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(piped.stdout)["growth"][0]["axis"] == "width"


@pytest.mark.parametrize(
    "words", [FULL, ("--way", "ezkl"), ("--stakes", "high", "--latency", "0", "--way", "ezkl")]
)
def test_every_format_says_it(words: tuple[str, ...], tmp_path: Path) -> None:
    code = 1 if "0" in words else 0
    said = files(tmp_path, "compare", TRANSFORMER, "--quiet", *words, code=code)
    for name, content in said.items():
        hold_harmless(name, content)
        told = name in ("terminal", "table", "concise", "json", "markdown", "html")
        assert not told or b"EZKL" in content or b"ezkl" in content, name
    assert max(len(line) for line in said["terminal"].decode().splitlines()) <= 80
    assert (b"nothing meets the needs" in said["junit"]) is (code == 1)


def test_it_is_drawn(tmp_path: Path) -> None:
    hold_pictures(tmp_path, "compare", DIGITS, "--no-plan", "--scale-width", "2")


@pytest.mark.parametrize("words", [(), ("--stakes", "low"), ("--way", "ezkl", "--way", "jolt-atlas")])
def test_names_from_a_model_are_harmless(words: tuple[str, ...], tmp_path: Path) -> None:
    model = hostile(tmp_path)
    code = auditor("compare", model, "--quiet", *words).code
    assert code in (0, 1)
    for name, content in files(tmp_path, "compare", model, "--quiet", *words, code=code).items():
        hold_harmless(name, content)
    picture = tmp_path / "picture.svg"
    assert auditor("compare", model, "--quiet", *words, "--output", f"svg={picture}").code == code
    hold_harmless("html", picture.read_bytes())
