"""External data: read when it lies beside the model, refused when it reaches out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from auditor.errors import LfsPointer
from auditor.model import read
from tests.model.building import external, refused, save

ESCAPES = {
    "../w.bin": "AUD-SEC-001",
    "a/../../w.bin": "AUD-SEC-001",
    "a\\..\\..\\w.bin": "AUD-SEC-001",
    "/etc/passwd": "AUD-SEC-002",
    "C:\\w.bin": "AUD-SEC-002",
    "\\\\host\\share\\w.bin": "AUD-SEC-002",
    ".": "AUD-SEC-001",
    "link.bin": "AUD-SEC-003",
    "linked/w.bin": "AUD-SEC-003",
    "a\0b": "AUD-SEC-001",
    "": "AUD-SEC-005",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model directory with external data, and links that lead out of it."""
    (tmp_path / "w.bin").write_bytes(bytes(8))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "w.bin").write_bytes(np.array([1.5, -2], np.float32).tobytes())
    (inside / "link.bin").symlink_to(tmp_path / "w.bin")
    (inside / "linked").symlink_to(tmp_path)
    return inside


@pytest.mark.parametrize("location", ESCAPES)
def test_external_data_stays_inside(folder: Path, location: str) -> None:
    assert refused(external(folder / "m.onnx", location=location)).rule == ESCAPES[location]


def test_external_data_is_read(folder: Path) -> None:
    model = read(external(folder / "m.onnx", location="w.bin", offset=0, length=8))
    load = model.model.graph.initializers["w"].load
    assert load is not None
    assert load().tolist() == [1.5, -2.0]
    assert [finding.rule for finding in model.source.findings] == ["AUD-SEC-008"]
    assert model.source.refusals[0].reason == "external data, which it never reads"


def test_missing_external_data_means_shapes_only(folder: Path) -> None:
    model = read(external(folder / "m.onnx", location="gone.bin", offset=64, length=8))
    assert model.model.graph.initializers["w"].load is None
    assert model.source.shape_only == ("w",)
    assert model.source.notes[0].startswith("external data is missing (gone.bin)")


def test_external_data_that_git_lfs_keeps_elsewhere(folder: Path) -> None:
    """Its text is never read as values, whatever the size of the tensor."""
    oid = "ab" * 32
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 8\n"
    (folder / "w.bin").write_text(text)
    for length in (8, 4096):
        with pytest.raises(LfsPointer) as caught:
            read(external(folder / "m.onnx", location="w.bin", length=length))
        assert caught.value.rule == "AUD-REPO-001"
        assert "external file 'w.bin' is a Git-LFS pointer" in str(caught.value)
        assert 'git lfs pull --include="w.bin"' in str(caught.value)


def test_hard_link_is_found(folder: Path) -> None:
    os.link(folder.parent / "w.bin", folder / "hard.bin")
    model = read(external(folder / "m.onnx", location="hard.bin"))
    found = {finding.rule: finding.severity for finding in model.source.findings}
    assert found["AUD-SEC-004"] == "medium"


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ({"offset": -4}, "AUD-SEC-006"),
        ({"offset": 10**15}, "AUD-SEC-006"),
        ({"length": 10**15}, "AUD-SEC-006"),
        ({"offset": "9" * 40}, "AUD-SEC-006"),
        ({"offset": "1e3"}, "AUD-SEC-006"),
        ({"offset": "٣"}, "AUD-SEC-006"),
        ({"offset": 4, "length": 8}, "AUD-SEC-006"),
        ({"length": 4}, "AUD-SEC-009"),
        ({"__class__": "x"}, "AUD-SEC-005"),
    ],
)
def test_external_ranges(folder: Path, entries: dict[str, object], rule: str) -> None:
    assert refused(external(folder / "m.onnx", location="w.bin", **entries)).rule == rule


def test_external_directory_and_pipe(folder: Path) -> None:
    (folder / "d.bin").mkdir()
    os.mkfifo(folder / "p.bin")
    for location in ("d.bin", "p.bin"):
        refused(external(folder / "m.onnx", location=location))


def test_sparse_tensor_cannot_reach_outside_either(folder: Path) -> None:
    values = TensorProto(name="w", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    values.external_data.add(key="location", value="../w.bin")
    sparse = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([0])), [4])
    node = helper.make_node("Constant", [], ["y"], sparse_value=sparse)
    assert refused(save(folder / "m.onnx", [node])).rule == "AUD-SEC-001"
