"""proof.json: the proof's exact length, and instances that stand for one number each."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.proving import strict_json
from auditor.proving.checks.outcome import Failed, Passed
from auditor.proving.checks.verifying_key import KeyShape
from auditor.proving.instances import InstanceGroup, PublicValues, element_of, num_instances, split

_NAMES = (
    "protocol", "instances", "proof", "hex_proof", "split", "pretty_public_inputs", "timestamp", "version",
)  # fmt: skip
"""EZKL ``pfsys/mod.rs`` `Snark`."""


class ProofFile(Struct, frozen=True, kw_only=True):
    """What proof.json holds. ``pretty`` is EZKL's rendering of the instances, and not bound by the proof."""

    proof: bytes
    instances: object
    pretty: object


def proof_shape(data: bytes, shape: KeyShape, fixed_columns: int) -> Passed[ProofFile]:
    """The proof, when the file is in its one spelling and the proof as long as the circuit asks for.

    EZKL takes no notice of bytes after a proof, nor of anything else in the file but the instances.
    """
    document = _document(data)
    proof = _bytes(document["proof"])
    expected_bytes = shape.proof_bytes(fixed_columns)
    if len(proof) != expected_bytes:
        raise Failed(f"the proof takes {len(proof):,} bytes, and the circuit asks for {expected_bytes:,}")
    if document["hex_proof"] != f"0x{proof.hex()}":
        raise Failed("hex_proof is not the proof")
    if document["version"] != EZKL_VERSION:
        raise Failed(f"proof.json is not of EZKL {EZKL_VERSION}")
    for name in ("protocol", "split", "timestamp"):
        if document[name] is not None:
            raise Failed(f"{name} of proof.json is not null")
    found = ProofFile(proof=proof, instances=document["instances"], pretty=document["pretty_public_inputs"])
    reason = (
        f"{shape.num_points:,} points and {shape.num_evaluations + fixed_columns:,} scalars, no byte more"
    )
    return Passed(value=found, reason=reason, detail={"proof_bytes": len(proof)})


def instances(
    found: ProofFile, groups: tuple[InstanceGroup, ...]
) -> Passed[tuple[tuple[int, ...], tuple[PublicValues, ...]]]:
    """The instances as numbers and by their meaning: as many as the settings say, each below the modulus.

    EZKL does not count them: with one too many, which no gate constrains, a proof still verifies.
    """
    columns = found.instances
    if not isinstance(columns, list) or len(columns) != 1 or not isinstance(columns[0], list):
        raise Failed("proof.json has not one column of instances")
    expected = num_instances(groups)
    if len(columns[0]) != expected:
        raise Failed(f"there are {len(columns[0]):,} instances, and the settings say {expected:,}")
    elements = []
    for index, text in enumerate(columns[0]):
        try:
            elements.append(element_of(text))
        except ValueError as error:
            raise Failed(f"instance {index} is not canonical: {error}") from error
    values = (tuple(elements), split(elements, groups))
    return Passed(
        value=values, reason=f"{expected:,}, as the settings say, each below the order of the field"
    )


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = strict_json.parse(data)
    except strict_json.Malformed as error:
        raise Failed(f"proof.json: {error}") from error
    if not isinstance(document, dict) or set(document) != set(_NAMES):
        raise Failed("proof.json has not the fields that EZKL writes")
    if strict_json.dump_compact(document) != data:
        raise Failed("proof.json is not spelled as this program spells it")
    return document


def _bytes(values: object) -> bytes:
    if not isinstance(values, list) or not all(type(value) is int and 0 <= value < 256 for value in values):
        raise Failed("proof of proof.json is not a list of bytes")
    return bytes(values)
