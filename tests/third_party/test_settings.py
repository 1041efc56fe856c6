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
from tests.third_party.published import BIONETTA, KILLED, RUNS, too_large_a_domain
from tests.third_party.settings_files import write


def audited(folder: Path, content: Mapping[str, Any], *words: str) -> dict[str, Any]:
    """The one model of the report, which follows the schema."""
    write(folder / "settings.json", content)
    ended = auditor("estimate", "--settings", "settings.json", *words, "--format", "json", cwd=folder)
    document = json.loads(ended.stdout)
    schema = json.loads((resources.files("auditor") / "schemas" / "report-1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["verdict"]["exit_code"] == ended.returncode
    (model,) = document["models"]
    return model


def test_a_setup_that_was_killed_at_256_gigabytes_is_infeasible_there(tmp_path: Path) -> None:
    model = audited(tmp_path, KILLED, "--hardware", "aws-r7i-8xlarge")
    (machine,) = model["hardware"]
    assert model["verdict"]["status"] == machine["status"] == "infeasible"
    assert model["verdict"]["binding"] == "memory on aws-r7i-8xlarge"
    assert machine["peak_memory_bytes"]["low"] > 256 * 2**30
    assert (model["circuit"]["logrows"], model["circuit"]["exact"]) == (25, False)


@pytest.mark.parametrize(("logrows", "binding"), [(26, "extended_domain"), (25, "support")])
def test_a_domain_that_the_field_does_not_have(tmp_path: Path, logrows: int, binding: str) -> None:
    """At k = 25 what is left is that another version wrote the settings."""
    content = too_large_a_domain(logrows)
    verdict = audited(tmp_path, content)["verdict"]
    assert verdict["binding"] == binding
    assert ("degree 6 at logrows 26 need an FFT of 2^29" in verdict["reasons"][0]) == (logrows == 26)


@pytest.mark.parametrize("name", RUNS)
def test_keys_of_a_benchmark_to_the_byte(tmp_path: Path, name: str) -> None:
    model = audited(tmp_path, RUNS[name].content)
    assert model["artifacts"]["proving_key_bytes"] == RUNS[name].proving_key_bytes
    assert model["artifacts"]["verifying_key_bytes"] == RUNS[name].verifying_key_bytes
    assert (model["verdict"]["status"], model["circuit"]["exact"]) == ("feasible", False)


@pytest.mark.parametrize("name", BIONETTA)
def test_keys_of_a_competitor(tmp_path: Path, name: str) -> None:
    artifacts = audited(tmp_path, BIONETTA[name].content)["artifacts"]
    published = BIONETTA[name].proving_key_bytes, BIONETTA[name].verifying_key_bytes
    assert artifacts["proving_key_bytes"] == pytest.approx(published[0], rel=0.03)
    assert artifacts["verifying_key_bytes"] == pytest.approx(published[1], rel=0.05)
