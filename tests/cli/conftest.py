"""One cache and one bundle for all tests of proofs: they add to the cache, and change nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec import Struct

from tests.cli import proving
from tests.cli.proving import Ended


class Proved(Struct, frozen=True, kw_only=True):
    """A proof of ``model`` on ``input``, made from nothing; ``left`` is a copy of the cache after it."""

    model: Path
    input: Path
    cache: Path
    left: Path
    bundle: Path
    ended: Ended


@pytest.fixture(scope="session")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    for module in ("ezkl", "onnxruntime"):
        pytest.importorskip(module)
    place = tmp_path_factory.mktemp("proved")
    model, given = proving.dense(place / "dense.onnx"), proving.input_json(place / "input.json")
    cache, bundle = place / "cache", place / "dense.bundle"
    ended = proving.prove(model, cache, bundle, "--input", given)
    assert ended.code == 0, ended.err
    left = shutil.copytree(cache, place / "left")
    return Proved(model=model, input=given, cache=cache, left=left, bundle=bundle, ended=ended)
