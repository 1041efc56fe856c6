"""The bytes of a call, against EZKL's own."""

from __future__ import annotations

import pytest

from auditor.evm.calldata import intrinsic_gas, verify_proof_call
from auditor.guard import WorkerResult, run_guarded
from auditor.sizing.artifacts import SCALAR_BYTES, VERIFY_CALL_HEADER_BYTES
from tests.evm.conftest import LIMITS, Proved


def test_a_call_is_the_one_that_ezkl_encodes(proved: Proved) -> None:
    request = {"proof": str(proved.proof_json)}
    encoded = run_guarded("tests.evm.encoding:encode", request, stage="encoding", limits=LIMITS)
    assert isinstance(encoded, WorkerResult), encoded
    assert verify_proof_call(proved.proof, proved.instances) == encoded.value


@pytest.mark.parametrize(("proof_bytes", "num_instances"), [(0, 0), (32, 1), (33, 2), (1952, 300)])
def test_its_length_is_the_estimate(proof_bytes: int, num_instances: int) -> None:
    call = verify_proof_call(b"\x05" * proof_bytes, [7] * num_instances)
    assert len(call) == VERIFY_CALL_HEADER_BYTES + proof_bytes + SCALAR_BYTES * num_instances


@pytest.mark.parametrize("instance", [-1, 1 << 256])
def test_an_instance_has_256_bits(instance: int) -> None:
    with pytest.raises(ValueError, match="2\\^256"):
        verify_proof_call(b"", [instance])


def test_gas_before_the_first_instruction() -> None:
    assert intrinsic_gas(b"") == 21_000
    assert intrinsic_gas(b"\x00\x01\xff\x00\x00") == 21_000 + 2 * 16 + 3 * 4
