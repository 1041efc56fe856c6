"""Real proofs, made once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proving import real
from tests.proving.bundling import Clerk


@pytest.fixture(scope="session")
def tiny_srs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SRS of 2^8 rows."""
    return real.make_srs(tmp_path_factory.mktemp("srs") / "k8.srs", 8)


@pytest.fixture(scope="session")
def tiny_proof(tmp_path_factory: pytest.TempPathFactory, tiny_srs: Path) -> real.Proved:
    """A proof of one layer with everything public but the weights."""
    directory = tmp_path_factory.mktemp("tiny")
    return real.prove(directory, real.dense(directory / "tiny.onnx"), tiny_srs)


@pytest.fixture(scope="session")
def other_proof(tmp_path_factory: pytest.TempPathFactory, tiny_srs: Path) -> real.Proved:
    """A proof of another model of the same size, under the same SRS."""
    directory = tmp_path_factory.mktemp("other")
    return real.prove(directory, real.dense(directory / "tiny.onnx", flipped=True), tiny_srs)


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Clerk(workspace=workspace)
