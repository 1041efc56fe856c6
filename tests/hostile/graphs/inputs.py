"""Inputs of impossible shapes and types."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from tests.hostile import making as m
from tests.hostile.making import graph, info, model, relu
from tests.model.building import field, varint


def _input(shape: m.Shape | None, kind: int = m.FLOAT) -> bytes:
    return model(graph([relu()], [info("x", shape, kind)])).SerializeToString()


def _typed(kind: onnx.TypeProto) -> bytes:
    return model(graph([relu()], [helper.make_value_info("x", kind)])).SerializeToString()


def _deep_type(depth: int) -> bytes:
    kind = helper.make_tensor_type_proto(1, [1])
    for _ in range(depth):
        kind = helper.make_sequence_type_proto(kind)
    return _typed(kind)


def _abort_in_77_bytes() -> bytes:
    """EZKL asks for 35 terabytes, and the process dies (the reference's smallest)."""
    dims = field(1, varint(1 << 3) + varint(2**20)) * 2
    x = field(1, b"x") + field(2, field(1, b"\x08\x01" + field(2, dims)))
    y = field(1, b"y") + field(2, field(1, b"\x08\x01"))
    relu_of_x = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    return b"\x08\x08" + field(7, field(1, relu_of_x) + field(11, x) + field(12, y)) + field(8, b"\x10\x11")


INPUTS = {
    "abort-in-77-bytes": _abort_in_77_bytes,
    "of-2-to-the-63": lambda: _input([2**63 - 1]),
    "whose-size-overflows": lambda: _input([2**62, 2**62, 2**62]),
    "negative": lambda: _input([-1, 4]),
    "least": lambda: _input([-(2**63)]),
    "of-nothing": lambda: _input([0, 4]),
    "of-nothing-and-2-to-the-40": lambda: _input([0, 2**40]),
    "of-thousand-axes": lambda: _input([1] * 1000),
    "of-a-billion": lambda: _input([1000, 1000, 1000]),
    "without-shape": lambda: _input(None),
    "of-strings": lambda: _input([4], TensorProto.STRING),
    "of-complex": lambda: _input([4], TensorProto.COMPLEX128),
    "of-no-type": lambda: _input([4], 0),
    "of-type-99": lambda: _input([4], 99),
    "sequence": lambda: _typed(helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [4]))),
    "optional": lambda: _typed(helper.make_optional_type_proto(helper.make_tensor_type_proto(1, [4]))),
    "map": lambda: _typed(helper.make_map_type_proto(7, helper.make_tensor_type_proto(1, [4]))),
    "sparse": lambda: _typed(helper.make_sparse_tensor_type_proto(1, [4])),
    "type-nested-20-deep": lambda: _deep_type(20),
    "type-nested-45-deep": lambda: _deep_type(45),
    "division-by-zero": lambda: _input(["N/0", 4]),
    "power-of-a-power": lambda: _input(["N**N**N", 4]),
    "python": lambda: _input(["__import__('os').system('id')", 4]),
    "thousands-of-brackets": lambda: _input(["(" * 5000 + "N" + ")" * 5000, 4]),
    "number-of-5000-digits": lambda: _input(["9" * 5000, 4]),
    "sum-of-a-hundred-thousand": lambda: _input(["+".join(["N"] * 100_000), 4]),
    "product-of-ten-thousand": lambda: _input(["*".join(["1000"] * 10_000 + ["N"]), 4]),
    "difference-below-zero": lambda: _input(["batch-5", 4]),
    "named-with-control-characters": lambda: _input(["N\x1b[2J\n::error::x", 4]),
    "named-like-an-option": lambda: _input(["--format", 4]),
    "twice-the-same": lambda: model(graph([relu()], [info("x"), info("x")])).SerializeToString(),
}
