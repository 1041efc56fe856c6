"""Files that a repository keeps badly."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper

from tests.lints.examples.building import Example, healthy, made, node, proto, relu, tensor, write

LFS = "*.onnx filter=lfs diff=lfs merge=lfs -text\n"


def git(folder: Path, *words: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, env=environment)


def pointer(content: bytes) -> str:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


def staged(folder: Path, model: ModelProto, attributes: str = "", *, as_pointer: bool = False) -> Path:
    """A repository with the model in its index, as it is or as the pointer that git-lfs would put there."""
    git(folder, "init", "--quiet")
    (folder / "models").mkdir()
    path = write(folder / "models", model)
    if as_pointer:
        # What git-lfs does when a file is added, without git-lfs.
        (folder / "pointer").write_text(pointer(path.read_bytes()))
        git(folder, "config", "filter.lfs.clean", f"cat '{folder / 'pointer'}'")
    (folder / ".gitattributes").write_text(attributes if as_pointer else "")
    git(folder, "add", "models/model.onnx")
    (folder / ".gitattributes").write_text(attributes)
    return path


def stored(folder: Path, attributes: str) -> Path:
    """A pointer in the work tree, and its content in the store of the clone."""
    git(folder, "init", "--quiet")
    content = relu().SerializeToString()
    oid = hashlib.sha256(content).hexdigest()
    store = folder / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4]
    store.mkdir(parents=True)
    (store / oid).write_bytes(content)
    (folder / ".gitattributes").write_text(attributes)
    (folder / "model.onnx").write_text(pointer(content))
    return folder / "model.onnx"


def lost(folder: Path) -> Path:
    path = stored(folder, LFS)
    for file in (folder / ".git" / "lfs").rglob("*"):
        if file.is_file():
            file.unlink()
    return path


def large() -> ModelProto:
    """Eleven million bytes in a tensor that is read."""
    weights = tensor("w", values=np.arange(2_800_000, dtype=np.float32).reshape(-1, 4) / 1e6)
    first = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    return proto([node("Gather", "w i", "row"), node("Add", "x row")], tensors=[weights, first])


def symbolic(folder: Path) -> Path:
    write(folder, relu(), "real.onnx")
    (folder / "model.onnx").symlink_to("real.onnx")
    return folder / "model.onnx"


def twins(folder: Path) -> Path:
    write(folder, relu(), "Model.onnx")
    return write(folder, relu())


def unread(name: str, count: int) -> ModelProto:
    return proto([node("Relu", "x")], tensors=[tensor(name, count)])


def dropout(training: bool) -> ModelProto:
    ratio = helper.make_tensor("r", TensorProto.FLOAT, [], [0.5])
    mode = helper.make_tensor("t", TensorProto.BOOL, [], [training])
    return proto([node("Dropout", "x r t")], tensors=[ratio, mode])


def no_values() -> ModelProto:
    return proto([node("Add", "x w")], tensors=[TensorProto(name="w", data_type=1, dims=[1, 4])])


def twice(step: float) -> ModelProto:
    first, second = tensor("a", 32, 32), tensor("b", 32, 32)
    second = tensor(
        "b", values=np.arange(1024).reshape(32, 32) * step + (np.arange(1024) % 97 + 1).reshape(32, 32) / 100
    )
    return proto([node("MatMul", "x a", "h"), node("MatMul", "h b")], (1, 32), tensors=[first, second])


EXAMPLES = {
    "AUD-REPO-001": Example(bad=lost, good=lambda folder: stored(folder, LFS)),
    "AUD-REPO-002": Example(
        bad=lambda folder: staged(folder, large()),
        good=lambda folder: staged(
            folder, large(), "[attr]model filter=lfs\nmodels/** model\n", as_pointer=True
        ),
    ),
    "AUD-REPO-003": Example(bad=symbolic, good=healthy),
    "AUD-REPO-004": Example(bad=twins, good=healthy),
    "AUD-REPO-005": Example(
        bad=lambda folder: staged(folder, relu(), LFS),
        good=lambda folder: staged(folder, relu(), LFS, as_pointer=True),
    ),
    "AUD-REPO-006": Example(bad=made(lambda: unread("w", 4000)), good=made(lambda: unread("w", 4))),
    "AUD-REPO-007": Example(bad=made(lambda: dropout(True)), good=made(lambda: dropout(False))),
    "AUD-REPO-008": Example(bad=made(no_values), good=healthy),
    "AUD-REPO-009": Example(
        bad=lambda folder: stored(folder, "*.bin filter=lfs\n"), good=lambda folder: stored(folder, LFS)
    ),
    "AUD-REPO-010": Example(bad=made(lambda: twice(0.0)), good=made(lambda: twice(1.0))),
}
