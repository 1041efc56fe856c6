"""Decoding of compiled circuits: what EZKL wrote, and what happens to anything else. Needs no EZKL."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.circuit import ops
from auditor.circuit.field import FIELD_MODULUS
from auditor.circuit.graph import CircuitNode, SubCircuit
from auditor.circuit.run_args import RunArgs
from auditor.front_ends.ezkl.bincode import MalformedCircuit, Reader, signed_values
from auditor.front_ends.ezkl.decode import decode_circuit
from tests.front_ends.models import BIAS, COMPILED, WEIGHTS

HALF = FIELD_MODULUS // 2


def felts(values: list[int]) -> bytes:
    return b"".join((value % FIELD_MODULUS).to_bytes(32, "little") for value in values)


def test_dense_circuit() -> None:
    circuit = decode_circuit((COMPILED / "dense.bin").read_bytes(), RunArgs())
    assert circuit.front_end == "ezkl"
    assert circuit.graph.inputs == (0,)
    assert circuit.graph.outputs == ((7, 0),)
    nodes = {node.id: node for node in circuit.graph.nodes}
    assert [type(node.op) for node in nodes.values()] == [
        ops.Input,
        ops.Constant,
        ops.RebaseScale,
        ops.Constant,
        ops.Add,
        ops.LeakyReLU,
        ops.Lookup,
    ]
    product = nodes[2]
    assert product == CircuitNode(
        id=2,
        op=ops.RebaseScale(
            inner=ops.Einsum(equation="mk,kn->mn"),
            rebase=ops.Div(denominator=128.0),
            target_scale=7,
            original_scale=14,
            multiplier=128.0,
        ),
        inputs=((0, 0), (1, 0)),
        shape=(1, 2),
        scale=7,
        uses=1,
    )
    assert nodes[7].op == ops.Lookup(function="Sigmoid", parameters=(128.0,))


def test_constants_are_quantised_weights() -> None:
    circuit = decode_circuit((COMPILED / "dense.bin").read_bytes(), RunArgs())
    loaded = [
        node.op.load()
        for node in circuit.graph.nodes
        if isinstance(node, CircuitNode) and isinstance(node.op, ops.Constant) and node.op.load
    ]
    assert [values.dtype for values in loaded] == [np.int64, np.int64]
    np.testing.assert_array_equal(loaded[0], WEIGHTS * 128)
    np.testing.assert_array_equal(loaded[1], [BIAS * 128])


def test_loop() -> None:
    circuit = decode_circuit((COMPILED / "recurrent.bin").read_bytes(), RunArgs())
    (loop,) = [node for node in circuit.graph.nodes if isinstance(node, SubCircuit)]
    assert [mapping.kind for mapping in loop.input_mappings] == ["State", "Stacked"]
    assert [mapping.kind for mapping in loop.output_mappings[0]] == ["Single", "Stacked"]
    assert loop.out_shapes == ((4, 1, 1, 2),)
    body = [node.op.name for node in loop.body.nodes if isinstance(node, CircuitNode)]
    assert body == ["Input", "Reshape", "Input", "Constant", "RebaseScale", "Add", "Tanh"]


@pytest.mark.parametrize("name", ["dense", "recurrent"])
def test_damaged_files_are_refused_or_read_but_never_crash(name: str) -> None:
    data = (COMPILED / f"{name}.bin").read_bytes()
    generator = random.Random(0)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(data)
        damaged[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        try:
            decode_circuit(bytes(damaged), RunArgs())
        except MalformedCircuit:
            refused += 1
    assert refused > 500


def test_every_truncation_of_the_model_is_refused() -> None:
    data = (COMPILED / "dense.bin").read_bytes()
    end = model_end(data)
    assert end < len(data)
    decode_circuit(data[:end], RunArgs())
    for length in range(end):
        with pytest.raises(MalformedCircuit):
            decode_circuit(data[:length], RunArgs())


def model_end(data: bytes) -> int:
    """Where the model ends: the shortest prefix that decodes."""
    low, high = 0, len(data)
    while low < high:
        middle = (low + high) // 2
        try:
            decode_circuit(data[:middle], RunArgs())
            high = middle
        except MalformedCircuit:
            low = middle + 1
    return low


def test_a_circuit_of_other_visibilities_is_refused() -> None:
    with pytest.raises(MalformedCircuit, match="visibilities"):
        decode_circuit((COMPILED / "dense.bin").read_bytes(), RunArgs(input_visibility="private"))


def test_deep_nesting_is_refused() -> None:
    rescaled = (6).to_bytes(4, "little")
    data = (1).to_bytes(8, "little") + bytes(8) + bytes(4) + rescaled * 100_000
    with pytest.raises(MalformedCircuit, match="deeply"):
        decode_circuit(data, RunArgs())


def test_a_length_beyond_the_file_is_refused_at_once() -> None:
    reader = Reader((1 << 60).to_bytes(8, "little"))
    with pytest.raises(MalformedCircuit, match="do not fit"):
        reader.sequence(reader.u8)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_field_elements_are_signed_integers(values: list[int]) -> None:
    decoded = signed_values(felts(values), 0, len(values))
    assert decoded.dtype == np.int64
    assert decoded.tolist() == values


@given(st.lists(st.integers(-HALF, HALF), min_size=1))
def test_wide_field_elements_are_python_integers(values: list[int]) -> None:
    assert signed_values(b"....." + felts(values), 5, len(values)).tolist() == values


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**64 + 1, 2**192, HALF, -HALF])
def test_values_that_need_more_than_64_bits(value: int) -> None:
    decoded = signed_values(felts([0, value]), 0, 2)
    assert decoded.dtype == object
    assert decoded.tolist() == [0, value]


def test_what_is_not_a_field_element_is_refused() -> None:
    with pytest.raises(MalformedCircuit, match="field element"):
        signed_values(FIELD_MODULUS.to_bytes(32, "little"), 0, 1)
