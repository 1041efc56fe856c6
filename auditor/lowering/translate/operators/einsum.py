"""ONNX's Einsum (tract `onnx/src/ops/einsum.rs`)."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axes import AxesMapping, labels
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import Shape
from auditor.lowering.translate.attributes import text
from auditor.lowering.translate.expectations import expect_inputs, expect_same_type
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.einsum import EinSum

_ELLIPSIS = "*"


@translates("Einsum")
def einsum(call: Call) -> list[Outlet]:
    """An einsum with its ellipses spelt out."""
    equation = text(call, "equation")
    if equation is None:
        raise Rejected("attribute equation is missing")
    axes = AxesMapping.parse(equation.replace("...", _ELLIPSIS))
    expect_inputs(call, axes.input_count)
    expect_same_type(call, call.present, "the operands")
    shapes = [call.fact(outlet).shape for outlet in call.present]
    axes = resolve_ellipsis(axes, [len(shape) for shape in shapes])
    _check_sizes(axes, shapes)
    return [call.wire(EinSum(axes=axes, operating_dt=call.fact(call.present[0]).dt), *call.present)]


def resolve_ellipsis(axes: AxesMapping, ranks: Sequence[int]) -> AxesMapping:
    """The mapping with letters in place of ``*``; operands of fewer axes have the last of them.

    tract counts one hidden axis for an operand without ellipsis, and replaces in order of operands: the
    ellipsis of a later one may then get too few letters, which fails the model.

    Raises:
        Rejected: an operand has fewer axes than letters.
    """
    used = {axis.repr for axis in axes.axes}
    if _ELLIPSIS not in used:
        return axes
    inputs, _ = axes.to_strs()
    hidden = [rank + 1 - len(string) for string, rank in zip(inputs, ranks, strict=True)]
    if min(hidden) < 0:
        raise Rejected(f"{axes} has more letters than an operand has axes")
    free = (letter for letter in labels() if letter not in used)
    letters = "".join(next(free) for _ in range(max(hidden)))
    equation = str(axes)
    for count in hidden:
        equation = equation.replace(_ELLIPSIS, letters[len(letters) - count :], 1)
    return AxesMapping.parse(equation.replace(_ELLIPSIS, letters, 1))


def _check_sizes(axes: AxesMapping, shapes: Sequence[Shape]) -> None:
    """tract wants every letter to have one size; it does not broadcast here."""
    for slot, shape in enumerate(shapes):
        if len(shape) != axes.rank(("in", slot)):
            raise Rejected(f"{axes}: operand {slot} has shape {list(shape)}")
    for axis in axes.axes:
        sizes = {shape[p] for places, shape in zip(axis.inputs, shapes, strict=True) for p in places}
        if len(sizes) > 1:
            raise Rejected(f"{axes}: {axis.repr} has sizes {sorted(sizes)}")
