"""The call that asks EZKL's Solidity verifier about a proof, byte for byte as EZKL encodes it."""

from __future__ import annotations

from collections.abc import Sequence

VERIFY_PROOF_SELECTOR = bytes.fromhex("1e8e1e13")
"""The first four bytes of Keccak-256 of ``verifyProof(bytes,uint256[])``. EZKL ``pfsys/mod.rs``
`FN_SIG_VERIFY_PROOF`."""

WORD_BYTES = 32

TRANSACTION_GAS = 21_000
GAS_PER_NONZERO_BYTE = 16
GAS_PER_ZERO_BYTE = 4
"""What a transaction costs before its first instruction. EIP-2028."""


def verify_proof_call(proof: bytes, instances: Sequence[int]) -> bytes:
    """164 bytes, the proof and 32 bytes an instance. EZKL ``pfsys/mod.rs`` `encode_calldata`.

    The proof goes in as it stands in proof.json, as EZKL always proves with its EVM transcript. The last word
    says that no verifying key follows; the contract does not read it.

    Raises :class:`ValueError` for an instance that is no number of 256 bits.
    """
    # The two offsets count from behind the selector.
    instances_at = 3 * WORD_BYTES + len(proof)
    words = (_word(instance) for instance in instances)
    return b"".join(
        (
            VERIFY_PROOF_SELECTOR,
            _word(2 * WORD_BYTES),
            _word(instances_at),
            _word(len(proof)),
            proof,
            _word(len(instances)),
            *words,
            _word(0),
        )
    )


def intrinsic_gas(calldata: bytes) -> int:
    """What a call with this data costs before the contract runs, as of Shanghai."""
    zeros = calldata.count(0)
    nonzeros = len(calldata) - zeros
    return TRANSACTION_GAS + GAS_PER_NONZERO_BYTE * nonzeros + GAS_PER_ZERO_BYTE * zeros


def _word(value: int) -> bytes:
    if not 0 <= value < 1 << 256:
        raise ValueError("an instance is a number from 0 to 2^256 - 1")
    return value.to_bytes(WORD_BYTES, "big")
