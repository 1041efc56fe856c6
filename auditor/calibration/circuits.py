"""The tiny circuits that ``auditor calibrate`` proves: dense layers, of different columns and tables.

The ONNX files are written here byte by byte: they have two hundred, and no library is at hand outside of the
guarded processes. Field numbers are those of ``onnx.proto3``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from msgspec import Struct

from auditor.circuit.run_args import RunArgs

WIDTH = 4
"""Values of the input, and of every layer."""

_OPSET, _IR_VERSION, _FLOAT = 13, 8, 1


class TinyCircuit(Struct, frozen=True, kw_only=True):
    """A dense layer and ``operators`` after it, each on the result of the one before."""

    operators: tuple[str, ...]
    logrows: int
    columns: int

    @property
    def name(self) -> str:
        """As in ``relu-k11-c2``."""
        return "-".join([*map(str.lower, self.operators), f"k{self.logrows}", f"c{self.columns}"])

    @property
    def run_args(self) -> RunArgs:
        """Tables that fit one column."""
        return RunArgs(
            logrows=self.logrows,
            num_inner_cols=self.columns,
            decomp_base=1024,
            decomp_legs=3,
            lookup_range=(-1000, 1000),
        )

    def model(self) -> bytes:
        """The ONNX file."""
        values = ["x", "h", *(f"v{index}" for index in range(len(self.operators) - 1)), "y"]
        nodes = [_node("MatMul", [values[0], "w"], values[1])]
        nodes += [
            _node(operator, [values[index + 1]], values[index + 2])
            for index, operator in enumerate(self.operators)
        ]
        graph = b"".join(_field(1, node) for node in nodes)
        graph += _field(2, b"tiny") + _field(5, _weights())
        graph += _field(11, _value("x")) + _field(12, _value("y"))
        return _number(1, _IR_VERSION) + _field(7, graph) + _field(8, _number(2, _OPSET))


QUICK: tuple[TinyCircuit, ...] = (
    TinyCircuit(operators=("Relu",), logrows=11, columns=2),
    TinyCircuit(operators=("Sigmoid", "Tanh"), logrows=11, columns=1),
    TinyCircuit(operators=("Relu",), logrows=12, columns=4),
    TinyCircuit(operators=("Sigmoid", "Sin"), logrows=12, columns=2),
    TinyCircuit(operators=("Relu",), logrows=13, columns=1),
    TinyCircuit(operators=("Relu",), logrows=13, columns=3),
)
"""About 20 seconds of processor time on the reference machine, of which half a dozen are for three SRS."""

THOROUGH: tuple[TinyCircuit, ...] = (
    *QUICK,
    TinyCircuit(operators=("Relu",), logrows=14, columns=2),
    TinyCircuit(operators=("Sigmoid",), logrows=15, columns=1),
    TinyCircuit(operators=("Relu",), logrows=15, columns=4),
    TinyCircuit(operators=("Relu",), logrows=16, columns=1),
)
"""About two minutes of processor time."""

INPUT = [[0.125 * (index + 1) for index in range(WIDTH)]]
"""A value of the input of each of them."""


def _weights() -> bytes:
    """A matrix of small multiples of 1/8, as a TensorProto."""
    numbers = [((3 * index) % 7 - 3) / 8 for index in range(WIDTH * WIDTH)]
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    return _number(1, WIDTH) + _number(1, WIDTH) + _number(2, _FLOAT) + _field(8, b"w") + _field(9, data)


def _node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    named = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode())
    return named + _field(4, operator.encode())


def _value(name: str) -> bytes:
    """A ValueInfoProto of floats, (1, WIDTH)."""
    shape = b"".join(_field(1, _number(1, size)) for size in (1, WIDTH))
    tensor = _number(1, _FLOAT) + _field(2, shape)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes: wire type 2."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    """A field of an integer that is not negative: wire type 0."""
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
