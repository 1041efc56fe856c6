"""Inputs, constants, outputs, and the wrappers that change scales."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.circuit import ops
from auditor.layout.errors import LayoutError
from auditor.layout.primitives import (
    boolean_identity,
    decompose,
    enforce_equality,
    identity,
    pairwise,
)
from auditor.layout.region import Region
from auditor.layout.rules import apply_rule, arity, layout_rule
from auditor.layout.values import Value, filled

_U64 = 1 << 64


@layout_rule(ops.Input)
def model_input(op: ops.Input, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL circuit/ops/mod.rs ``Input``: bounded by a decomposition unless range checks are ignored."""
    arity(op, inputs, 1)
    if inputs[0].size == 0:
        return inputs[0]  # EZKL finds all of its (no) elements assigned already
    if op.datum_type == "Bool":
        return boolean_identity(region, inputs[0])
    if op.decompose:
        return decompose(region, inputs[0])
    return identity(region, inputs[0])


@layout_rule(ops.Constant)
def shared_constant(op: ops.Constant, inputs: Sequence[Value], region: Region) -> Value:
    """A constant with several uses, assigned by itself; ``inputs`` is the constant's own value."""
    if op.decompose:
        return decompose(region, inputs[0])
    return identity(region, inputs[0])


@layout_rule(ops.Output)
def model_output(op: ops.Output, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``output``: the computed and the expected output, bounded and compared."""
    arity(op, inputs, 2)
    computed, expected = inputs
    if op.decompose:
        decompose(region, computed)
        decompose(region, expected)
    else:
        region.assign(computed)
        region.assign(expected)
    enforce_equality(region, computed, expected)
    return expected


@layout_rule(ops.Rescaled)
def rescaled(op: ops.Rescaled, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``rescale``: each input times its multiplier, then the operation.

    EZKL pairs multipliers with inputs by order, not by the position they hold.
    """
    if len(op.multipliers) != len(inputs):
        raise LayoutError(f"{len(op.multipliers)} multipliers for {len(inputs)} inputs")
    scaled = [
        value if multiplier == 1 else pairwise(region, value, filled(multiplier % _U64))
        for value, (_, multiplier) in zip(inputs, op.multipliers, strict=True)
    ]
    return apply_rule(op.inner, scaled, region)


@layout_rule(ops.RebaseScale)
def rebased(op: ops.RebaseScale, inputs: Sequence[Value], region: Region) -> Value:
    """The operation, then the division that brings its output back to scale."""
    return apply_rule(op.rebase, [apply_rule(op.inner, inputs, region)], region)


@layout_rule(ops.Unknown)
def unknown(op: ops.Unknown, inputs: Sequence[Value], region: Region) -> Value:
    """Always raises LayoutError: EZKL has no layout for it."""
    raise LayoutError(op.reason or "EZKL does not support this operation")
