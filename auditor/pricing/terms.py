"""What each step of a proof does, as counts of operations that follow from the constraint system.

The cost of a step is a sum of terms; a term is a count from here times a coefficient from a hardware profile.
n is the number of rows, N that of the extended domain. Sources: halo2 ``plonk/keygen.rs`` and
``plonk/prover.rs``, EZKL ``pfsys/mod.rs``; that these counts suffice was found by fitting them to 84 real
proofs (``python -m tools.fit``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:  # these import numpy, which a list of profiles has no use for
    from auditor.circuit.size import CircuitSize
    from auditor.sizing.artifacts import Artifacts
    from auditor.sizing.constraint_system import ConstraintSystem

Step = Literal["settings", "compile", "srs", "witness", "keys", "proof", "verification"]
Quantity = Literal["cpu_seconds", "peak_memory_bytes"]

SCALAR_BITS = 254
SCALAR_BYTES = 32
LOOKUP_ROW_BYTES = 136
"""What ``evaluate_h`` keeps for a row of the extended domain and a lookup argument, a vector in a vector: the
fitted coefficient is near 1 with it."""


class Workload(Struct, frozen=True, kw_only=True):
    """A circuit: what it is made of, what it leaves behind, and how it was laid out."""

    system: ConstraintSystem
    artifacts: Artifacts
    size: CircuitSize


class Counted(Struct, frozen=True, kw_only=True):
    """A kind of operation: ``unit`` is one of them in words, ``count`` how many a workload has."""

    unit: str
    count: Callable[[Workload], float]


def bucket_additions(num_points: int) -> int:
    """Point additions of a multi-scalar multiplication by Pippenger's method.

    halo2curves ``msm.rs``: windows of ceil(ln n) bits, in each an addition for every point and two for every
    bucket, to sum them up.
    """
    window_bits = math.ceil(math.log(num_points))
    return math.ceil(SCALAR_BITS / window_bits) * (num_points + 2 * (1 << window_bits))


def _once(_: Workload) -> float:
    return 1.0


def _commitments(work: Workload) -> float:
    """Every point of a proof is a commitment to a polynomial of n coefficients."""
    return work.artifacts.num_proof_points * bucket_additions(work.system.num_rows)


def _permutation_commitments(work: Workload) -> float:
    """The permutation's columns hold powers of a root of unity: full-size scalars."""
    return work.system.num_permutation_columns * bucket_additions(work.system.num_rows)


def _fixed_commitments(work: Workload) -> float:
    """Constants, tables and selectors: small scalars, which fall into few windows."""
    return work.system.num_fixed_columns * bucket_additions(work.system.num_rows)


def _butterflies(work: Workload) -> float:
    """Of each committed polynomial an inverse transform over n and one over the extended domain, and the
    quotient back; m/2 log2(m) butterflies for a transform of size m."""
    system = work.system
    polynomials = _prover_polynomials(system) + 2 * system.num_lookup_arguments
    small = system.num_rows * system.logrows / 2
    large = system.num_extended_rows * system.extended_logrows / 2
    return polynomials * (small + large) + large


def _lookup_rows(work: Workload) -> float:
    """``evaluate_h`` visits each extended row for each lookup argument and each of its inputs."""
    system = work.system
    return system.num_extended_rows * (system.num_lookup_inputs + system.num_lookup_arguments)


def _constraint_rows(work: Workload) -> float:
    """``evaluate_h`` visits each row for the gates, about one to a selector, and for the permuted columns.

    The two grow together in all circuits measured, so that one coefficient serves both.
    """
    system = work.system
    return system.num_extended_rows * (system.num_selectors + system.num_permutation_columns)


def _prover_polynomials(system: ConstraintSystem) -> int:
    """Advice, instance and permutation product columns."""
    return system.num_advice_columns + system.num_instance_columns + system.num_permutation_products


def _extended_bytes(work: Workload) -> float:
    """Polynomials the prover holds over the extended domain, the quotient among them."""
    return SCALAR_BYTES * work.system.num_extended_rows * (_prover_polynomials(work.system) + 1)


def _lookup_bytes(work: Workload) -> float:
    return LOOKUP_ROW_BYTES * work.system.num_extended_rows * work.system.num_lookup_arguments


def _permutation_bytes(work: Workload) -> float:
    """The permutation's polynomials in the key: values, coefficients, extended values.

    While keys are made they are held twice: what comes on top of the key's bytes.
    """
    system = work.system
    rows = 2 * system.num_rows + system.num_extended_rows
    return SCALAR_BYTES * rows * system.num_permutation_columns


def _freed_bytes(work: Workload) -> float:
    """The same where they are short enough that what was freed of them is not returned to the system.

    glibc returns at once what has 32 MiB and more (mallopt(3), ``DEFAULT_MMAP_THRESHOLD_MAX``); that is where
    the memory of real keys stops doubling with the rows, for once.
    """
    is_kept = SCALAR_BYTES * work.system.num_extended_rows < _RETURNED_BYTES
    return _permutation_bytes(work) if is_kept else 0.0


_RETURNED_BYTES = 32 << 20

_ONCE = Counted(unit="process", count=_once)
_ASSIGNMENTS = Counted(unit="assigned cell", count=lambda work: work.size.total_assignments)
_INSTANCES = Counted(unit="public value", count=lambda work: work.system.num_instances)
_ROWS = Counted(unit="row", count=lambda work: work.system.num_rows)
_EXTENDED_ROWS = Counted(unit="extended row", count=lambda work: work.system.num_extended_rows)
_KEY_BYTES = Counted(unit="byte of the proving key", count=lambda work: work.artifacts.proving_key_bytes)
_SRS_BYTES = Counted(unit="byte of the SRS", count=lambda work: work.artifacts.srs_bytes)
_SELECTOR_BITS = Counted(
    unit="selector and row", count=lambda work: work.system.num_selectors * work.system.num_rows
)
_POINTS = Counted(unit="point of the proof", count=lambda work: work.artifacts.num_proof_points)

_VALUES = {"start": _ONCE, "assignments": _ASSIGNMENTS, "instances": _INSTANCES}

TERMS: Mapping[Step, Mapping[Quantity, Mapping[str, Counted]]] = {
    "settings": {"cpu_seconds": _VALUES, "peak_memory_bytes": _VALUES},
    "compile": {"cpu_seconds": _VALUES, "peak_memory_bytes": _VALUES},
    # A power of tau and a Lagrange base for each row.
    "srs": {
        "cpu_seconds": {"start": _ONCE, "scalar multiplications": _ROWS},
        "peak_memory_bytes": {"start": _ONCE, "points": _ROWS},
    },
    "witness": {"cpu_seconds": _VALUES, "peak_memory_bytes": _VALUES},
    "keys": {
        "cpu_seconds": {
            "start": _ONCE,
            "permutation MSM": Counted(unit="bucket addition", count=_permutation_commitments),
            "fixed MSM": Counted(unit="bucket addition", count=_fixed_commitments),
            # Transforms of the columns, and writing them, are in proportion to the key.
            "key": _KEY_BYTES,
        },
        "peak_memory_bytes": {
            "start": _ONCE,
            "key": _KEY_BYTES,
            "permutation": Counted(unit="byte of the permutation's polynomials", count=_permutation_bytes),
            "freed": Counted(unit="byte of short permutation polynomials", count=_freed_bytes),
            "SRS": _SRS_BYTES,
        },
    },
    "proof": {
        "cpu_seconds": {
            "start": _ONCE,
            "MSM": Counted(unit="bucket addition", count=_commitments),
            "FFT": Counted(unit="butterfly", count=_butterflies),
            "lookups": Counted(unit="lookup and extended row", count=_lookup_rows),
            "gates and permutation": Counted(unit="constraint and extended row", count=_constraint_rows),
        },
        "peak_memory_bytes": {
            "start": _ONCE,
            "key": _KEY_BYTES,
            "polynomials": Counted(unit="byte of the extended polynomials", count=_extended_bytes),
            "lookups": Counted(unit="byte of the lookup rows", count=_lookup_bytes),
            "SRS": _SRS_BYTES,
        },
    },
    # With an SRS cut down to 516 bytes. The runs behind the coefficients read the whole, which takes a little
    # more processor time; its bytes were subtracted from their memory.
    "verification": {
        "cpu_seconds": {
            "start": _ONCE,
            "points": _POINTS,
            "domain": _ROWS,
            "selectors of the key": _SELECTOR_BITS,
        },
        "peak_memory_bytes": {
            "start": _ONCE,
            "domain": _EXTENDED_ROWS,
            "selectors of the key": _SELECTOR_BITS,
        },
    },
}  # fmt: skip
"""The terms of each step by name: those a profile must have a coefficient for, and no others."""

PARALLEL: frozenset[Step] = frozenset({"srs", "keys", "proof"})
"""Steps that EZKL spreads over all threads; the others were measured to use one."""

GROWING: frozenset[Step] = frozenset({"keys", "proof"})
"""Steps whose operations grow dearer where a column leaves the processor's cache."""

SYMBOLS: Mapping[Quantity, str] = {"cpu_seconds": "s", "peak_memory_bytes": "B"}


def unit(quantity: Quantity, counted: Counted) -> str:
    """The unit of a coefficient, as a profile must give it: ``s per bucket addition``."""
    return f"{SYMBOLS[quantity]} per {counted.unit}"
