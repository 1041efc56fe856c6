"""The gas and the bytes of EZKL's two Solidity verifiers, from the columns of a circuit.

Every amount is a sum of terms, a count times a coefficient. The coefficients were fitted to contracts that
EZKL 23.0.5 wrote, solc 0.8.20 compiled and revm ran (``python -m tools.gas``); the errors beside them are
those made on circuits that were left out of the fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from auditor.pricing.chain.profile import GasRules
from auditor.pricing.ranges import Range

if TYPE_CHECKING:
    from auditor.sizing.artifacts import Artifacts
    from auditor.sizing.constraint_system import ConstraintSystem

EVIDENCE = "measured"
WORD_BYTES = 32

MEASURED_MODEXP = 1_349
"""What an inversion cost where the verifiers were measured. EIP-2565."""

INVERSIONS = 3
"""Batch inversions in a verification: Lagrange's evaluations, and two in the opening. ezkl-verifier
``templates/Halo2Verifier.sol`` and ``src/codegen/pcs.rs``."""


class Counts(Struct, frozen=True, kw_only=True):
    """What a verifier is made of.

    ``commitments`` are those the opening adds up, each multiplied by a scalar. ``rotated_queries`` are the
    advice queries at other rows than the current one. ``lookup_width`` is, over all inputs of lookups, how
    many columns beyond the first their tables may have.
    """

    commitments: int
    advice_queries: int
    rotated_queries: int
    fixed_columns: int
    permutation_columns: int
    lookup_arguments: int
    lookup_inputs: int
    lookup_width: int
    simple_selectors: int
    challenges: int
    public_values: int


def counts(system: ConstraintSystem, fixed_columns: int) -> Counts:
    """The counts of a circuit, should it have so many fixed columns."""
    width = system.degree - 5 if system.has_wide_tables else 0
    return Counts(
        commitments=(
            system.num_advice_columns
            + 2 * system.num_lookup_arguments
            + system.num_permutation_products
            + fixed_columns
            + system.num_permutation_columns
            + system.num_quotient_pieces
            + 3
        ),
        advice_queries=system.num_advice_queries,
        rotated_queries=system.num_advice_queries - system.num_advice_columns,
        fixed_columns=fixed_columns,
        permutation_columns=system.num_permutation_columns,
        lookup_arguments=system.num_lookup_arguments,
        lookup_inputs=system.num_lookup_inputs,
        lookup_width=max(0, width) * system.num_lookup_inputs,
        simple_selectors=system.num_simple_selectors,
        challenges=system.num_challenges,
        public_values=system.num_instances,
    )


MOST_MEASURED: Mapping[str, int] = {"commitments": 385, "lookup_width": 60, "public_values": 16_000}
"""The largest counts among the verifiers that were measured, of those that tell how large one is."""

MEASURED_RANGE = "75 calls of 80 verifiers, up to 385 commitments and 16,000 public values"


class Fitted(Struct, frozen=True, kw_only=True):
    """A sum of terms by the name of the count, with ``base`` once, and ``per_value_squared``.

    ``error`` is the largest on a circuit that was left out, or with Freivalds' argument
    ``freivalds_error``. Beyond what was measured it grows by ``error_per_doubling``.
    """

    base: float
    terms: Mapping[str, float]
    error: float
    freivalds_error: float
    error_per_doubling: float
    per_value_squared: float = 0.0

    def of(self, counted: Counts) -> float:
        """The expected amount."""
        linear = sum(factor * float(getattr(counted, name)) for name, factor in self.terms.items())
        return self.base + linear + self.per_value_squared * counted.public_values**2

    def range(self, system: ConstraintSystem) -> Range:
        """The amount, with the errors of the fit and of the number of fixed columns."""
        low, high = system.fixed_columns_bounds
        error = self.freivalds_error if system.num_challenges else self.error
        error += self.error_per_doubling * sum(doublings for _, doublings in _beyond_measured(system))
        return Range(
            low=self.of(counts(system, low)) * max(0.0, 1 - error),
            mid=self.of(counts(system, system.num_fixed_columns)),
            high=self.of(counts(system, high)) * (1 + error),
        )


def outside(system: ConstraintSystem) -> tuple[str, ...]:
    """In which way a circuit lies beyond those that were measured."""
    words = {"commitments": "commitments", "lookup_width": "table columns", "public_values": "public values"}
    counted = counts(system, system.num_fixed_columns)
    return tuple(
        f"{getattr(counted, name):,} {words[name]} in the verifier, and {MOST_MEASURED[name]:,} at most were "
        "measured"
        for name, _ in _beyond_measured(system)
    )


def _beyond_measured(system: ConstraintSystem) -> Iterator[tuple[str, float]]:
    counted = counts(system, system.fixed_columns_bounds[1])
    for name, most in MOST_MEASURED.items():
        if getattr(counted, name) > most:
            yield name, math.log2(getattr(counted, name) / most)


MEMORY_PER_VALUE_SQUARED = 1 / 128
"""Memory of w words costs w^2 / 512 beside 3 w (Yellow Paper), and each public value takes two words: for
Lagrange's evaluation at its place, and for the product of the batch inversion."""

EXECUTION = Fitted(
    base=136_931,
    terms={
        "commitments": 6_781.7,
        "advice_queries": 1_425.9,
        "lookup_inputs": 2_680.7,
        "simple_selectors": 380.6,
        "public_values": 753.1,
    },
    error=0.013,
    freivalds_error=0.013,
    error_per_doubling=0.01,
    per_value_squared=MEMORY_PER_VALUE_SQUARED,
)
"""Gas of a verification without the transaction and its data. A commitment is a multiplication and an
addition on the curve (6,150, EIP-1108) with their calls; the pairing is 113,000 of what comes once."""

CONTRACT = Fitted(
    base=5_245.6,
    terms={
        "fixed_columns": 41.7,
        "permutation_columns": 377.6,
        "rotated_queries": 680.0,
        "lookup_arguments": 261.5,
        "lookup_inputs": 524.7,
        "lookup_width": 65.0,
        "simple_selectors": 78.8,
        "challenges": 1_535.1,
    },
    error=0.04,
    freivalds_error=0.1,
    error_per_doubling=0.03,
)
"""Bytes of the deployed contract. The code has a commitment of the verifying key for each fixed and
permutation column, and evaluates every constraint in line."""

REUSABLE_EXECUTION = Fitted(
    base=133_755,
    terms={"commitments": 9_745.0, "public_values": 1_246.7},
    error=0.095,
    freivalds_error=0.095,
    error_per_doubling=0.05,
    per_value_squared=MEMORY_PER_VALUE_SQUARED,
)
"""Gas of a verification by the reusable verifier, fitted to 16."""

REUSABLE_WORDS = Fitted(
    base=52.8,
    terms={"commitments": 2.4},
    error=0.2,
    freivalds_error=0.2,
    error_per_doubling=0.1,
)
"""Words of the verifying key's artifact, which the caller of the reusable verifier sends along."""

REUSABLE_CONTRACT_BYTES = 10_880
"""The same contract for every circuit."""

REGISTER_GAS, REGISTER_GAS_PER_WORD = 25_100, 172.5
"""Execution of registering an artifact: storing its digest, and hashing it."""

ARTIFACT_ZERO_BYTES = Range(low=0.34, mid=0.41, high=0.50)
"""The part of an artifact's bytes that are zero; seen from 0.36 to 0.48."""

INITCODE_EXTRA_BYTES = 30
"""What a transaction carries beside the contract to deploy it; seen 29 and 30."""

INITCODE_GAS_PER_BYTE = Range(low=15.8, mid=16.15, high=16.2)
"""Calldata at 4 and 16 gas, copying and memory, for a byte of initcode; seen from 15.81 to 16.18."""


# --- calldata ------------------------------------------------------------------------------

SELECTOR = bytes.fromhex("1e8e1e13")
"""Of ``verifyProof(bytes,uint256[])``; :mod:`auditor.evm.calldata` encodes the call."""

PROOF_ZERO_BYTES = Range(low=0.0, mid=0.02, high=0.05)
FREIVALDS_ZERO_BYTES = Range(low=0.0, mid=0.06, high=0.35)
"""The part of a proof's bytes that are zero: one in 256 at random, and all of a column that holds nothing. Up
to 3 % were seen, and with Freivalds' argument, many of whose columns hold nothing, 3 to 23 %."""


class Calldata(Struct, frozen=True, kw_only=True):
    """The bytes of a call, and how many of them are zero: more cost less.

    ``dense_bytes`` of them at least hold points and scalars at random, which nothing compresses.
    """

    total_bytes: int
    zero_bytes: Range
    dense_bytes: int

    @property
    def nonzero_bytes(self) -> Range:
        """The others."""
        zeros, total = self.zero_bytes, self.total_bytes
        return Range(low=total - zeros.high, mid=total - zeros.mid, high=total - zeros.low)

    def gas(self, price: Callable[[float, float], float]) -> Range:
        """What they cost at a price of so many zero and other bytes."""
        zeros, nonzeros = self.zero_bytes, self.nonzero_bytes
        return Range(
            low=price(zeros.high, nonzeros.low),
            mid=price(zeros.mid, nonzeros.mid),
            high=price(zeros.low, nonzeros.high),
        )


def verify_calldata(system: ConstraintSystem, artifacts: Artifacts) -> Calldata:
    """The call of the single verifier.

    A public value takes a word. A small positive number is nearly all zero bytes, a negative one or a hash is
    a full element of the field; which they are is not known before there is an input: between no byte that
    is not zero and no zero byte, expected half of each kind.
    """
    values = system.num_instances
    words = [2 * WORD_BYTES, 3 * WORD_BYTES + artifacts.proof_bytes, artifacts.proof_bytes, values, 0]
    header = SELECTOR + b"".join(word.to_bytes(WORD_BYTES, "big") for word in words)
    known = header.count(0)
    proof, value_bytes = artifacts.proof_bytes, WORD_BYTES * values
    share = _proof_zero_bytes(system)
    zeros = Range(
        low=known + share.low * proof,
        mid=known + share.mid * proof + value_bytes / 2,
        high=known + share.high * proof + value_bytes,
    )
    return Calldata(
        total_bytes=artifacts.calldata_bytes,
        zero_bytes=zeros,
        dense_bytes=round(proof * (1 - share.high)),
    )


def known_calldata(system: ConstraintSystem, artifacts: Artifacts, zero_bytes: int) -> Calldata:
    """The call for a proof there is, of which so many bytes are zero."""
    exactly = Range(low=zero_bytes, mid=zero_bytes, high=zero_bytes)
    return replace(verify_calldata(system, artifacts), zero_bytes=exactly)


def _proof_zero_bytes(system: ConstraintSystem) -> Range:
    return FREIVALDS_ZERO_BYTES if system.num_challenges else PROOF_ZERO_BYTES


# --- transactions --------------------------------------------------------------------------


def verify_gas(system: ConstraintSystem, calldata: Calldata, rules: GasRules) -> Range:
    """Gas of a transaction that verifies one proof with the single verifier, and does nothing else."""
    return _called(EXECUTION.range(system), calldata, rules)


def contract_bytes(system: ConstraintSystem) -> Range:
    """Bytes of the single verifier."""
    return CONTRACT.range(system)


def deploy_gas(contract: Range, rules: GasRules) -> Range:
    """Gas of deploying a contract of so many bytes."""

    def gas(code: float, per_byte: float) -> float:
        initcode = code + INITCODE_EXTRA_BYTES
        usual = rules.create + rules.initcode_word * _words(initcode) + per_byte * initcode
        usual += rules.code_byte * code + rules.code_hash_word * _words(code)
        return rules.transaction + max(usual, rules.floor(0, initcode))

    per_byte = INITCODE_GAS_PER_BYTE
    return Range(
        low=gas(contract.low, per_byte.low),
        mid=gas(contract.mid, per_byte.mid),
        high=gas(contract.high, per_byte.high),
    )


def state_gas(contract: Range, rules: GasRules) -> Range:
    """The part of :func:`deploy_gas` that is for new state."""
    low, mid, high = (
        rules.create + rules.code_byte * code for code in (contract.low, contract.mid, contract.high)
    )
    return Range(low=low, mid=mid, high=high)


def reusable_calldata(system: ConstraintSystem, single: Calldata) -> Calldata:
    """The call of the reusable verifier: that of the single one, and the artifact."""
    artifact = WORD_BYTES * round(REUSABLE_WORDS.range(system).mid)
    share = ARTIFACT_ZERO_BYTES
    zeros = Range(low=share.low * artifact, mid=share.mid * artifact, high=share.high * artifact)
    return Calldata(
        total_bytes=single.total_bytes + artifact + WORD_BYTES,
        zero_bytes=single.zero_bytes + zeros,
        dense_bytes=single.dense_bytes + round(artifact * (1 - share.high)),
    )


def reusable_verify_gas(system: ConstraintSystem, single: Calldata, rules: GasRules) -> Range:
    """Gas of a verification by the reusable verifier, once the artifact is registered."""
    return _called(REUSABLE_EXECUTION.range(system), reusable_calldata(system, single), rules)


def register_gas(system: ConstraintSystem, rules: GasRules) -> Range:
    """Gas of registering a circuit's artifact, which has to be done once."""
    words = REUSABLE_WORDS.range(system)

    def gas(number: float, zero_share: float) -> float:
        zeros = WORD_BYTES * number * zero_share
        execution = REGISTER_GAS + REGISTER_GAS_PER_WORD * number
        return rules.used(execution, zeros, WORD_BYTES * number - zeros)

    share = ARTIFACT_ZERO_BYTES
    return Range(
        low=gas(words.low, share.high), mid=gas(words.mid, share.mid), high=gas(words.high, share.low)
    )


def _called(execution: Range, calldata: Calldata, rules: GasRules) -> Range:
    dearer = INVERSIONS * (rules.modexp_inversion - MEASURED_MODEXP)

    def used(amount: float) -> Callable[[float, float], float]:
        return lambda zeros, nonzeros: rules.used(amount + dearer, zeros, nonzeros)

    return Range(
        low=calldata.gas(used(execution.low)).low,
        mid=calldata.gas(used(execution.mid)).mid,
        high=calldata.gas(used(execution.high)).high,
    )


def _words(number_bytes: float) -> float:
    return -(-number_bytes // WORD_BYTES)
