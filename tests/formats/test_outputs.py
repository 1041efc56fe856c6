"""Several reports from one run of the command, as a CI job asks for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
SAMPLE = "samples/digits_cnn/model.onnx"


def auditor(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", *words],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def test_one_run_writes_every_format(tmp_path: Path) -> None:
    files = {
        name: tmp_path / f"report.{name}"
        for name in ("sarif", "junit", "markdown", "html", "gitlab", "github", "table", "concise")
    }
    outputs = [word for name, path in files.items() for word in ("--output", f"{name}={path}")]
    words = ["estimate", SAMPLE, "--no-plan", *outputs, "--format", "json", "--quiet"]
    first = auditor(*words, PYTHONHASHSEED="1")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["models"][0]["path"] == SAMPLE
    assert first.stderr == ""
    assert json.loads(files["sarif"].read_text())["version"] == "2.1.0"
    assert ElementTree.parse(files["junit"]).getroot().get("failures") == "0"
    assert files["html"].read_text().startswith("<!DOCTYPE html>")
    assert files["markdown"].read_text().startswith("<!-- auditor -->")
    issues = json.loads(files["gitlab"].read_text())
    assert {issue["location"]["path"] for issue in issues} <= {SAMPLE}
    assert "critical" not in {issue["severity"] for issue in issues}
    assert len(files["github"].read_text().splitlines()) == len(issues)
    before = {name: path.read_bytes() for name, path in files.items()}
    second = auditor(*words, PYTHONHASHSEED="2")
    assert second.stdout == first.stdout
    assert {name: path.read_bytes() for name, path in files.items()} == before
