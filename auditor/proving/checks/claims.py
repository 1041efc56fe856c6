"""What manifest and proof.json say beside the instances, against what the instances say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditor.proving.checks.outcome import Failed, Passed
from auditor.proving.instances import HASH_ROLES, PublicValues, pretty_public_inputs
from auditor.proving.manifest import Manifest, Public, PublicTensor, Reference, public_record

_ROUNDING = 1e-9
"""Differences are of floats, and may have been taken in another order."""


def claims(
    manifest: Manifest, pretty: object, public: Sequence[PublicValues], num_outputs: int
) -> Passed[None]:
    """Every claim about public values is what the instances say; names are the maker's word."""
    _same_public(manifest.public, public)
    if pretty != pretty_public_inputs(public):
        raise Failed("pretty_public_inputs of proof.json is not what the instances say")
    recomputed = 0
    if manifest.reference is not None:
        recomputed = _check_reference(manifest.reference, manifest.public.outputs, num_outputs)
    hashes = sum(item.group.role in HASH_ROLES for item in public)
    counts = f"inputs {len(manifest.public.inputs)}, outputs {len(manifest.public.outputs)}, hashes {hashes}"
    reason = f"integers, values and hashes are those of the instances ({counts})"
    return Passed(value=None, reason=reason, detail={"differences_recomputed": recomputed})


def _same_public(claimed: Public, public: Sequence[PublicValues]) -> None:
    input_names = [tensor.name for tensor in claimed.inputs]
    output_names = [tensor.name for tensor in claimed.outputs]
    try:
        said = public_record(public, input_names, output_names)
    except IndexError:
        raise Failed("the manifest lists fewer public inputs or outputs than the instances hold") from None
    pairs = {
        "inputs": (claimed.inputs, said.inputs),
        "outputs": (claimed.outputs, said.outputs),
        "hashes": (claimed.hashes, said.hashes),
    }
    for what, (theirs, ours) in pairs.items():
        if len(theirs) != len(ours):
            raise Failed(
                f"the manifest lists {len(theirs)} public {what}, and the instances hold {len(ours)}"
            )
        for index, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            if one != other:
                raise Failed(f"public.{what}[{index}] of the manifest is not what the instances say")


def _check_reference(reference: Reference, outputs: Sequence[PublicTensor], num_outputs: int) -> int:
    """How many differences were recomputed: those whose both sides are told."""
    if len(reference.outputs) != num_outputs:
        raise Failed(f"the reference has {len(reference.outputs)} outputs, and the circuit {num_outputs}")
    recomputed = 0
    for index, output in enumerate(reference.outputs):
        if output.values is None or not outputs:
            continue
        proved = outputs[index].values
        if len(proved) != len(output.values):
            raise Failed(
                f"the reference's output {index} has {len(output.values):,} values, not {len(proved):,}"
            )
        pairs = zip(output.values, proved, strict=True)
        difference = max((abs(one - other) for one, other in pairs), default=0.0)
        claimed = output.max_abs_difference
        if claimed is None or not math.isclose(claimed, difference, rel_tol=_ROUNDING, abs_tol=1e-12):
            raise Failed(f"max_abs_difference of output {index} is not {difference:g}, as its values say")
        recomputed += 1
    return recomputed
