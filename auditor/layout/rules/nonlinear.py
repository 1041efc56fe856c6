"""Functions of one variable: table lookups, and what EZKL proves without a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditor.circuit import ops
from auditor.circuit.size import RequiredLookup
from auditor.layout.division import divide, reciprocal, square_root
from auditor.layout.errors import LayoutError
from auditor.layout.integers import as_i128
from auditor.layout.primitives import nonlinearity
from auditor.layout.region import Region
from auditor.layout.rules import layout_rule
from auditor.layout.values import Value

PARAMETER_NAMES = {
    "Div": ("denom",),
    "IsOdd": (),
    "Exp": ("scale", "base"),
    "Pow": ("scale", "a"),
}
"""The field names in EZKL circuit/ops/lookup.rs ``LookupOp``; all others have a ``scale``."""


def required_lookup(function: str, parameters: tuple[float, ...]) -> RequiredLookup:
    """The table of a function; raises LayoutError for a wrong number of parameters."""
    names = PARAMETER_NAMES.get(function, ("scale",))
    if len(names) != len(parameters):
        raise LayoutError(f"the table of {function} has {len(names)} parameters")
    # 0.0 is added to turn -0.0 into 0.0: EZKL takes both as the same table.
    return RequiredLookup(
        function=function,
        parameters=tuple((name, value + 0.0) for name, value in zip(names, parameters, strict=True)),
    )


@layout_rule(ops.Lookup)
def lookup(op: ops.Lookup, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``nonlinearity``."""
    return nonlinearity(region, inputs[0], required_lookup(op.function, op.parameters))


@layout_rule(ops.Div)
def division(op: ops.Div, inputs: Sequence[Value], region: Region) -> Value:
    """Proven for whole denominators, a table for the others (infinity is not whole)."""
    if math.isfinite(op.denominator) and op.denominator.is_integer():
        return divide(region, inputs[0], as_i128(op.denominator))
    return nonlinearity(region, inputs[0], required_lookup("Div", (op.denominator,)))


@layout_rule(ops.Recip)
def recip(op: ops.Recip, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``recip``."""
    return reciprocal(
        region,
        inputs[0],
        input_scale=as_i128(op.input_scale),
        output_scale=as_i128(op.output_scale),
        epsilon=op.epsilon,
    )


@layout_rule(ops.Sqrt)
def sqrt(op: ops.Sqrt, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``sqrt``."""
    return square_root(region, inputs[0], scale=op.scale)


@layout_rule(ops.Rsqrt)
def rsqrt(op: ops.Rsqrt, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``rsqrt``: a root, then a reciprocal."""
    return reciprocal(
        region,
        square_root(region, inputs[0], scale=op.input_scale),
        input_scale=as_i128(op.input_scale),
        output_scale=as_i128(op.output_scale),
        epsilon=op.epsilon,
    )
