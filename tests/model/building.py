"""Building blocks of the tests: protobuf by hand, small models, and a process with little memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from onnx import NodeProto, TensorProto, ValueInfoProto, helper

from auditor.errors import AuditorError, BadModel
from auditor.model import read

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 10
"""Of the processor, not of the clock: other processes must not decide a test."""

PROGRAM = """
import sys
from auditor.errors import AuditorError
from auditor.model import read
try:
    model = read(sys.argv[1])
except AuditorError as error:
    print(error)
    sys.exit(error.exit_code)
print(len(model.model.graph.nodes), "nodes")
"""


def guarded(path: Path) -> tuple[int, str]:
    """(exit code, what it printed) of reading ``path`` in a process with little memory and processor time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))

    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        capture_output=True,
        text=True,
        timeout=10 * CPU_SECONDS,
        preexec_fn=limit,
        env=environment,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def refused(path: Path, kind: type[AuditorError] = BadModel) -> AuditorError:
    """The error that reading ``path`` ends with; it is one printable line and names the file."""
    with pytest.raises(kind) as caught:
        read(path)
    line = str(caught.value)
    assert line.isprintable()
    assert path.name in line
    return caught.value


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def info(name: str, shape: Sequence[int | str | None]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def relu() -> NodeProto:
    return helper.make_node("Relu", ["x"], ["y"])


def save(
    path: Path,
    nodes: Sequence[NodeProto] = (),
    shape: Sequence[int | str | None] = (1, 4),
    tensors: Sequence[TensorProto] = (),
    output: str = "y",
    **model: object,
) -> Path:
    graph = helper.make_graph(
        list(nodes or [relu()]), "g", [info("x", shape)], [info(output, [1])], list(tensors)
    )
    path.write_bytes(helper.make_model(graph, **model).SerializeToString())
    return path


def external(path: Path, nbytes: int = 8, tensor: str = "w", **entries: object) -> Path:
    """A model whose tensor of two floats claims to stand at ``entries``."""
    proto = TensorProto(name=tensor, data_type=TensorProto.FLOAT, dims=[nbytes // 4])
    proto.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        proto.external_data.add(key=key, value=str(value))
    return save(path, tensors=[proto])
