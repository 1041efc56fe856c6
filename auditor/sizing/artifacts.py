"""The bytes of what a circuit leaves on disk and sends to a chain: keys, SRS, proof, calldata.

Keys are in halo2's raw format (``SerdeFormat::RawBytes``): a point takes 64 bytes, a scalar 32. The formulas
give every byte of the keys and proofs of real runs, see ``tests/sizing``.
"""

from __future__ import annotations

from msgspec import Struct

from auditor.sizing.constraint_system import ConstraintSystem

POINT_BYTES = 64
SCALAR_BYTES = 32

VERIFYING_KEY_HEADER_BYTES = 7
"""Format version, k, whether selectors are compressed (a byte each), number of fixed columns."""

LENGTH_BYTES = 4
"""halo2 writes every length as a u32."""

SRS_HEADER_BYTES = 4
POINT_G2_BYTES = 128

VERIFY_CALL_HEADER_BYTES = 4 + 5 * 32
"""Function selector, two offsets, two lengths and the word EZKL pads a proof with."""


class Artifacts(Struct, frozen=True, kw_only=True):
    """Sizes in bytes. Those of keys, proof and calldata are exact when ``exact``; otherwise expected, with
    the range that follows from the fixed columns in the fields called bounds."""

    proving_key_bytes: int
    proving_key_bounds: tuple[int, int]
    verifying_key_bytes: int
    verifying_key_bounds: tuple[int, int]
    proof_bytes: int
    proof_bounds: tuple[int, int]
    srs_bytes: int
    calldata_bytes: int
    num_proof_points: int
    num_proof_evaluations: int
    exact: bool
    inexact_reason: str | None


def artifacts(system: ConstraintSystem) -> Artifacts:
    """The sizes of everything EZKL writes for a constraint system."""
    fixed = system.num_fixed_columns
    low, high = system.fixed_columns_bounds
    proof_bytes = _proof_bytes(system, fixed)
    return Artifacts(
        proving_key_bytes=_proving_key_bytes(system, fixed),
        proving_key_bounds=(_proving_key_bytes(system, low), _proving_key_bytes(system, high)),
        verifying_key_bytes=_verifying_key_bytes(system, fixed),
        verifying_key_bounds=(_verifying_key_bytes(system, low), _verifying_key_bytes(system, high)),
        proof_bytes=proof_bytes,
        proof_bounds=(_proof_bytes(system, low), _proof_bytes(system, high)),
        srs_bytes=srs_bytes(system.logrows),
        calldata_bytes=VERIFY_CALL_HEADER_BYTES + proof_bytes + SCALAR_BYTES * system.num_instances,
        num_proof_points=num_proof_points(system),
        num_proof_evaluations=num_proof_evaluations(system, fixed),
        exact=system.exact,
        inexact_reason=system.inexact_reason,
    )


def srs_bytes(logrows: int) -> int:
    """A structured reference string: k, 2^k powers of tau, as many Lagrange bases, two points of G2."""
    return SRS_HEADER_BYTES + 2 * POINT_BYTES * (1 << logrows) + 2 * POINT_G2_BYTES


def _verifying_key_bytes(system: ConstraintSystem, fixed: int) -> int:
    """halo2 ``plonk.rs`` `VerifyingKey::write`."""
    commitments = POINT_BYTES * (fixed + system.num_permutation_columns)
    # Activations of all selectors, before merging, one bit a row.
    selectors = system.num_selectors * system.num_rows // 8
    return VERIFYING_KEY_HEADER_BYTES + commitments + selectors


def _proving_key_bytes(system: ConstraintSystem, fixed: int) -> int:
    """halo2 ``plonk.rs`` `ProvingKey::write`."""
    n, extended = system.num_rows, system.num_extended_rows
    columns = fixed + system.num_permutation_columns
    # l_0, l_last and l_active_row, over the extended domain.
    lagrange = 3 * (LENGTH_BYTES + SCALAR_BYTES * extended)
    # Values, coefficients and extended values of each fixed and each permutation column. The length of a
    # polynomial stands before it and once more at the head of its vector (`write_polynomial_slice`).
    polynomials = columns * (3 * 2 * LENGTH_BYTES + SCALAR_BYTES * (2 * n + extended))
    vectors = 6 * LENGTH_BYTES
    return _verifying_key_bytes(system, fixed) + lagrange + polynomials + vectors


def num_proof_points(system: ConstraintSystem) -> int:
    """Commitments in a proof."""
    return (
        system.num_advice_columns
        + 2 * system.num_lookup_arguments  # multiplicities and the running sum
        + system.num_permutation_products
        + 1  # the random polynomial that blinds the quotient
        + system.num_quotient_pieces
        + 2  # SHPLONK's two openings
    )


def num_proof_evaluations(system: ConstraintSystem, fixed: int) -> int:
    """Scalars in a proof."""
    return (
        system.num_advice_queries
        + fixed
        + 1  # the random polynomial
        + system.num_permutation_columns
        + (3 * system.num_permutation_products - 1)  # at x and wx; all but the last also at the last row
        + 3 * system.num_lookup_arguments  # the running sum at x and wx, multiplicities at x
    )


def _proof_bytes(system: ConstraintSystem, fixed: int) -> int:
    return POINT_BYTES * num_proof_points(system) + SCALAR_BYTES * num_proof_evaluations(system, fixed)
