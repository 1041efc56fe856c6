"""Hostile as files: no models, broken wire formats, tensors that lie about their bytes, data outside."""

from __future__ import annotations

import os
import pickle
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tests.hostile import making as m
from tests.hostile.making import with_tensor
from tests.model.building import field, varint


def valid() -> bytes:
    """A model nothing is wrong with, to be cut and joined."""
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="fc"),
        helper.make_node("Relu", ["h"], ["y"]),
    ]
    constants = {"w": rng.normal(size=(4, 3)).astype(np.float32), "b": m.floats(1, 2, 3)}
    return m.behind(*nodes, constants=constants)


# --- no models -----------------------------------------------------------------------------


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), b"\x80\x02.")


def _lfs(oid: str, size: str = "123456") -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()


def _missing(path: Path) -> None:
    """Nothing is there."""


def _huge_hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 << 30)


def _hole_below_the_limit(path: Path) -> None:
    """A graph of hundreds of megabytes of which the disk holds nothing."""
    head = field(7, b"")[:1]
    size = 700_000_000
    with path.open("wb") as file:
        file.write(head + varint(size))
        file.truncate(size)


def _linked(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


NOT_A_MODEL = {
    "empty": b"",
    "text": b"this is not a model\n",
    "json": b'{"graph": {"node": []}}',
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
    "zip": _zip,
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + bytes(40),
    "pickle": lambda: pickle.dumps({"os": "system"}, protocol=4),
    "gguf": b"GGUF\x03\x00\x00\x00" + bytes(60),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(60),
    "ort": b"\x08\x00\x00\x00ORTM" + bytes(60),
    "safetensors": b"\x40\x00\x00\x00\x00\x00\x00\x00{" + b" " * 63,
    "elf": b"\x7fELF\x02\x01\x01" + bytes(60),
    "random": lambda: random.Random(1).randbytes(5000),
    "zeros": bytes(5000),
    "ones": b"\xff" * 5000,
    "lfs-pointer": _lfs("4" * 64),
    "lfs-pointer-that-climbs": _lfs("../" * 21 + "e"),
    "lfs-pointer-of-negative-size": _lfs("4" * 64, "-1"),
    "directory": lambda path: path.mkdir(),
    "missing": _missing,
    "pipe": lambda path: os.mkfifo(path),
    "device": _linked("/dev/zero"),
    "terminal": _linked("/dev/tty"),
    "link-to-nothing": _linked("nothing.onnx"),
    "link-to-itself": _linked("model.onnx"),
    "link-to-a-secret": _linked("/etc/passwd"),
    "three-gigabytes-of-nothing": _huge_hole,
    "hundreds-of-megabytes-of-zeros": _hole_below_the_limit,
}

# --- the wire ------------------------------------------------------------------------------


def _nested_groups() -> bytes:
    return b"\x3b" * 200_000


def _nested_graphs(depth: int) -> bytes:
    payload = b""
    for _ in range(depth):
        payload = field(1, field(5, field(6, payload)))[-1_000_000:]
    return field(7, payload)


def _cut(percent: int) -> Callable[[], bytes]:
    return lambda: valid()[: max(1, len(valid()) * percent // 100)]


WIRE = {
    **{f"cut-at-{percent}-percent": _cut(percent) for percent in (1, 10, 25, 50, 75, 90, 99)},
    "cut-last-byte": lambda: valid()[:-1],
    "one-byte": b"\x08",
    "tail-of-garbage": lambda: valid() + b"\xff\xff\xff",
    "tail-of-zeros": lambda: valid() + bytes(100),
    "twice-the-model": lambda: valid() * 2,
    "varint-without-end": lambda: b"\x08" + b"\xff" * 50,
    "length-of-2-to-the-63": lambda: b"\x3a" + varint(2**63) + b"abc",
    "length-of-minus-one": lambda: b"\x3a" + varint(-1) + b"abc",
    "length-of-4-gigabytes": lambda: b"\x3a" + varint(2**32) + b"abc",
    "field-number-zero": lambda: b"\x02\x01a" + valid(),
    "group": lambda: b"\x3b\x3c" + valid(),
    "nested-groups": _nested_groups,
    "nested-graphs": lambda: _nested_graphs(20_000),
    "graph-as-number": b"\x38\x01",
    "graph-of-text": field(7, b"hello, this is no graph"),
    "only-a-header": b"\x08\x08\x12\x05tests",
    "text-that-is-not-utf-8": lambda: field(7, field(1, field(3, b"\xff\xfe\xfd"))),
    "fields-by-the-million": lambda: b"\xa0\x06\x01" * (33 << 20) + field(7, b""),
    "nodes-by-the-million": lambda: field(7, b"\x0a\x00" * (50 << 20)),
    "tensors-by-the-million": lambda: field(7, b"\x2a\x02\x10\x01" * (25 << 20)),
    "packed-dims-by-the-million": lambda: field(7, field(5, field(1, b"\x01" * (100 << 20)))),
    "attribute-of-a-million-ints": lambda: field(7, field(1, field(5, field(8, b"\x01" * (100 << 20))))),
    "names-of-ninety-megabytes": lambda: field(
        7, b"".join(field(1, field(3, bytes([65 + n]) * (9 << 20))) for n in range(10))
    ),
}  # fmt: skip

# --- tensors -------------------------------------------------------------------------------


def _raw(dims: list[int], size_bytes: int, kind: int = TensorProto.FLOAT) -> bytes:
    return with_tensor(TensorProto(name="w", data_type=kind, dims=dims, raw_data=bytes(size_bytes)))


def _sparse(dims: list[int], places: list[int] | list[list[int]], count: int = 2) -> bytes:
    tensor = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(count, np.float32), "w"),
        numpy_helper.from_array(np.array(places)),
        dims,
    )
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    return m.model(m.graph(nodes, sparse_initializer=[tensor])).SerializeToString()


def _twice() -> bytes:
    tensors = [numpy_helper.from_array(np.full(size, size, np.float32), "w") for size in (4, 1)]
    return m.model(m.graph([helper.make_node("Add", ["x", "w"], ["y"])], tensors=tensors)).SerializeToString()


TENSORS = {
    "too-few-bytes": lambda: _raw([4], 12),
    "too-many-bytes": lambda: _raw([4], 20),
    "half-an-element": lambda: _raw([4], 15),
    "negative-dim": lambda: _raw([-1, 4], 16),
    "least-dim": lambda: _raw([-(2**63)], 0),
    "overflowing-dims": lambda: _raw([2**31, 2**31], 64),
    "dims-that-wrap-to-nothing": lambda: _raw([2**32, 2**32], 0),
    "dims-that-wrap-to-sixteen-bytes": lambda: _raw([2**62 + 1, 4], 16),
    "largest-dim": lambda: _raw([2**63 - 1], 16),
    "overflow-behind-a-zero": lambda: _raw([2**62, 2**62, 0], 0),
    "thousand-axes": lambda: _raw([1] * 1000, 4),
    "no-type": lambda: _raw([4], 16, 0),
    "type-99": lambda: _raw([4], 16, 99),
    "strings": lambda: with_tensor(TensorProto(name="w", data_type=8, dims=[2], string_data=[b"a", b"\xff"])),
    "strings-as-raw-bytes": lambda: _raw([4], 16, TensorProto.STRING),
    "complex": lambda: _raw([4], 32, TensorProto.COMPLEX64),
    "float8": lambda: _raw([4], 4, TensorProto.FLOAT8E4M3FN),
    "int4-with-a-byte-missing": lambda: _raw([5], 2, TensorProto.INT4),
    "booleans-of-255": lambda: with_tensor(
        TensorProto(name="w", data_type=9, dims=[4], raw_data=b"\xff" * 4)
    ),
    "values-in-the-wrong-field": lambda: with_tensor(
        TensorProto(name="w", data_type=1, dims=[2], int32_data=[1, 2])
    ),
    "values-in-two-fields": lambda: with_tensor(
        TensorProto(name="w", data_type=1, dims=[1], raw_data=bytes(4), float_data=[1])
    ),
    "no-values": lambda: with_tensor(TensorProto(name="w", data_type=1, dims=[4096, 11008])),
    "no-values-and-2-to-the-60-elements": lambda: with_tensor(
        TensorProto(name="w", data_type=1, dims=[2**30, 2**30])
    ),
    "all-nan": lambda: with_tensor(numpy_helper.from_array(m.floats(*[float("nan")] * 4), "w")),
    "all-infinite": lambda: with_tensor(numpy_helper.from_array(m.floats(*[float("-inf")] * 4), "w")),
    "largest-floats": lambda: with_tensor(numpy_helper.from_array(m.floats(*[3.4e38] * 4), "w")),
    "least-integers": lambda: m.one("Add", np.full(4, -(2**63), np.int64), kind=m.INT64, shape=(4,)),
    "defined-twice": _twice,
    "sparse": lambda: _sparse([4], [0, 3]),
    "sparse-index-outside": lambda: _sparse([4], [0, 4]),
    "sparse-negative-index": lambda: _sparse([4], [-1, 0]),
    "sparse-of-2-to-the-40": lambda: _sparse([2**20, 2**20], [0, 3]),
    "sparse-overflow": lambda: _sparse([2**40, 2**40], [0, 3]),
    "sparse-with-more-values-than-places": lambda: _sparse([1], [0, 0]),
    "sparse-indices-of-another-rank": lambda: _sparse([2, 2], [[0], [1]]),
}

# --- external data -------------------------------------------------------------------------


def _external(
    location: str, beside: Callable[[Path], object] | None = None, **entries: object
) -> Callable[[Path], None]:
    """A model whose tensor of two floats claims to stand elsewhere; ``beside`` fills its folder."""

    def put(path: Path) -> None:
        if beside is not None:
            beside(path.parent)
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2])
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **entries}.items():
            tensor.external_data.add(key=key, value=str(value))
        path.write_bytes(with_tensor(tensor))

    return put


def _weights(folder: Path) -> None:
    (folder / "w.bin").write_bytes(bytes(8))


def _outside(folder: Path) -> None:
    (folder.parent / "outside.bin").write_bytes(bytes(8))


def _hard_link(folder: Path) -> None:
    _outside(folder)
    os.link(folder.parent / "outside.bin", folder / "w.bin")


def _sparse_outside(path: Path) -> None:
    values = TensorProto(name="w", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    values.external_data.add(key="location", value="../outside.bin")
    tensor = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([0])), [4])
    path.write_bytes(m.behind(helper.make_node("Constant", [], ["y"], sparse_value=tensor)))


EXTERNAL = {
    "outside": _external("../outside.bin"),
    "outside-by-a-detour": _external("a/../../outside.bin"),
    "outside-with-backslashes": _external("a\\..\\..\\outside.bin"),
    "absolute": _external("/etc/passwd"),
    "drive": _external("C:\\w.bin"),
    "share": _external("\\\\host\\share\\w.bin"),
    "url": _external("https://example.org/w.bin"),
    "nul": _external("a\0b"),
    "newline": _external("a\n::error::b"),
    "no-location": _external(""),
    "the-folder-itself": _external("."),
    "the-model-itself": _external("model.onnx"),
    "missing": _external("gone.bin"),
    "link": _external("w.bin", lambda folder: (folder / "w.bin").symlink_to("/etc/passwd")),
    "link-to-zeros-without-end": _external(
        "w.bin", lambda folder: (folder / "w.bin").symlink_to("/dev/zero")
    ),
    "linked-folder": _external("d/w.bin", lambda folder: (folder / "d").symlink_to("/etc")),
    "hard-link": _external("w.bin", _hard_link),
    "directory": _external("d", lambda folder: (folder / "d").mkdir()),
    "pipe": _external("w.bin", lambda folder: os.mkfifo(folder / "w.bin")),
    "honest": _external("w.bin", _weights),
    "offset-beyond": _external("w.bin", _weights, offset=10**15),
    "negative-offset": _external("w.bin", _weights, offset=-4),
    "length-beyond": _external("w.bin", _weights, length=10**15),
    "too-short": _external("w.bin", _weights, length=4),
    "offset-of-forty-digits": _external("w.bin", _weights, offset="9" * 40),
    "offset-in-arabic-digits": _external("w.bin", _weights, offset="٣"),
    "key-of-python": _external("w.bin", _weights, __class__="x"),
    "sparse-outside": _sparse_outside,
}

GROUPS = {"file": NOT_A_MODEL, "wire": WIRE, "tensor": TENSORS, "external": EXTERNAL}

HEAVY = frozenset({
    "pipe", "device", "terminal", "three-gigabytes-of-nothing", "hundreds-of-megabytes-of-zeros",
    "nested-groups", "nested-graphs", "fields-by-the-million", "nodes-by-the-million",
    "tensors-by-the-million", "packed-dims-by-the-million", "attribute-of-a-million-ints",
    "names-of-ninety-megabytes",
})  # fmt: skip
