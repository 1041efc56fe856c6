"""Files that are no models, or not here, or no files: each ends with one clear line."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper

from auditor.errors import BadModel, LfsPointer, UsageError
from auditor.model import read
from tests.model.building import field, guarded, refused, save

FORMATS = {
    "empty": (b"", "is empty"),
    "zip": (b"PK\x03\x04" + bytes(99), "a zip archive"),
    "gzip": (b"\x1f\x8b\x08" + bytes(99), "a gzip file"),
    "pickle": (b"\x80\x04\x95" + bytes(99), "a Python pickle"),
    "html": (b"\n <!DOCTYPE html><html>", "a web page"),
    "gguf": (b"GGUF\x03" + bytes(99), "a GGUF model"),
    "ort": (bytes([32, 0, 0, 0]) + b"ORTM" + bytes(99), "an ONNX Runtime .ort model"),
    "tflite": (bytes([32, 0, 0, 0]) + b"TFL3" + bytes(99), "a TensorFlow Lite model"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file"),
    "numpy": (b"\x93NUMPY\x01" + bytes(99), "a numpy array"),
    "safetensors": ((40).to_bytes(8, "little") + b'{"w":{}}', "a safetensors file"),
    "json": (b'{"nodes": []}', "plain text"),
    "text": ("grüße\n".encode() * 400, "plain text"),
    "tar": (bytes(257) + b"ustar" + bytes(300), "a tar archive"),
    "elf": (b"\x7fELF\x02" + bytes(99), "an ELF program"),
    "zeros": (bytes(4096), "field number 0 at byte 0"),
    "graphless": (b"\x08\x08", "holds no graph"),
    "group": (b"\x08\x08\x9b\x06", "wire type 3 at byte 2"),
    "wrong type": (b"\x38\x01", "ModelProto.graph at byte 0 has wire type 0"),
    "endless number": (b"\x08" + b"\xff" * 11, "longer than ten bytes"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_other_formats(tmp_path: Path, name: str) -> None:
    content, reason = FORMATS[name]
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    error = refused(path)
    assert error.exit_code == 2
    assert reason in str(error)


def test_random_bytes(tmp_path: Path) -> None:
    path = tmp_path / "random.onnx"
    path.write_bytes(np.random.default_rng(1).bytes(5000))
    refused(path)


def test_truncated_names_the_byte(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.onnx", tensors=[numpy_helper.from_array(np.ones(400, np.float32), "w")])
    path = tmp_path / "half.onnx"
    path.write_bytes(whole.read_bytes()[:900])
    assert "is truncated: byte" in str(refused(path))


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.onnx"
    path.write_bytes(field(7, field(2, b"caf\xe9")))
    assert "is not UTF-8" in str(refused(path))


def test_no_file_at_all(tmp_path: Path) -> None:
    assert "does not exist" in str(refused(tmp_path / "none.onnx", UsageError))


def test_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "link.onnx").symlink_to(tmp_path / "none.onnx")
    assert "symbolic link to nothing" in str(refused(tmp_path / "link.onnx", UsageError))


def test_link_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "loop.onnx").symlink_to(tmp_path / "loop.onnx")
    refused(tmp_path / "loop.onnx", UsageError)


def test_link_to_a_model_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link.onnx").symlink_to(save(tmp_path / "real.onnx"))
    assert len(read(tmp_path / "link.onnx").model.graph.nodes) == 1


def test_directory(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").mkdir()
    assert "is a directory" in str(refused(tmp_path / "x.onnx"))


@pytest.mark.parametrize("linked", [False, True])
def test_named_pipe_does_not_hang(tmp_path: Path, linked: bool) -> None:
    path = tmp_path / "pipe.onnx"
    os.mkfifo(path)
    if linked:
        path = tmp_path / "link.onnx"
        path.symlink_to(tmp_path / "pipe.onnx")
    code, line = guarded(path)
    assert code == 2
    assert "is a named pipe" in line


def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.onnx")
        assert "is a socket" in str(refused(tmp_path / "s.onnx"))


def test_device() -> None:
    with pytest.raises(BadModel, match="is a device"):
        read("/dev/zero")


def test_path_with_nul() -> None:
    with pytest.raises(UsageError):
        read("a\0b.onnx")


def test_huge_sparse_file(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    assert "is too large: 3,221,225,472 bytes" in str(refused(path))


def test_size_limit_is_the_callers(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx")
    with pytest.raises(BadModel, match="the limit is 10"):
        read(path, max_bytes=10)


# --- Git-LFS ----------------------------------------------------------------------------------


def pointer(oid: str, size_bytes: int) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size_bytes}\n"


def clone(tmp_path: Path, content: bytes) -> tuple[Path, Path]:
    """(pointer file, where git-lfs would keep the content) of a model in a clone."""
    oid = hashlib.sha256(content).hexdigest()
    path = tmp_path / "models" / "m.onnx"
    path.parent.mkdir(parents=True)
    path.write_text(pointer(oid, len(content)))
    return path, tmp_path / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid


def test_lfs_pointer_says_how_to_fetch(tmp_path: Path) -> None:
    path, _ = clone(tmp_path, b"x" * 1234)
    (tmp_path / ".git").mkdir()
    error = refused(path, LfsPointer)
    assert error.exit_code == 3
    assert "1,234 bytes" in str(error)
    assert 'git lfs pull --include="models/m.onnx"' in str(error)


def test_lfs_content_in_the_clone_is_read(tmp_path: Path) -> None:
    content = save(tmp_path / "real.onnx").read_bytes()
    path, stored = clone(tmp_path, content)
    stored.parent.mkdir(parents=True)
    stored.write_bytes(content)
    model = read(path)
    assert model.model.file_bytes == len(content)
    assert "Git-LFS" in model.source.notes[0]


def test_lfs_content_in_the_main_clone_of_a_worktree(tmp_path: Path) -> None:
    content = save(tmp_path / "real.onnx").read_bytes()
    path, stored = clone(tmp_path / "work", content)
    git = tmp_path / "main" / ".git"
    (git / "worktrees" / "work").mkdir(parents=True)
    (git / "worktrees" / "work" / "commondir").write_text("../..\n")
    (tmp_path / "work" / ".git").write_text(f"gitdir: {git}/worktrees/work\n")
    kept = git / stored.relative_to(tmp_path / "work" / ".git")
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    assert len(read(path).model.graph.nodes) == 1


def test_damaged_lfs_content_is_refused(tmp_path: Path) -> None:
    content = save(tmp_path / "real.onnx").read_bytes()
    path, stored = clone(tmp_path, content)
    stored.parent.mkdir(parents=True)
    stored.write_bytes(content[:-1] + b"!")
    assert "damaged" in str(refused(path))
