"""What tract's inference rules demand of a node before it is translated (tract `hir/src/infer/rules`).

tract unifies the facts around a node with its rules; facts that do not agree fail the whole model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import Shape
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.declared import datum_type
from auditor.lowering.translate.registry import Call
from auditor.model.dtypes import ELEMENT_TYPES


def expect_inputs(call: Call, count: int) -> None:
    """Raises :class:`Rejected` unless the node has that many inputs that are not omitted."""
    if len(call.present) != count:
        raise Rejected(f"has {len(call.present)} inputs where EZKL expects {count}")


def expect_type(call: Call, outlet: Outlet, dt: str, what: str) -> None:
    """Raises :class:`Rejected` unless a wire has a datum type; tract unifies types without casting."""
    found = call.fact(outlet).dt
    if found != dt:
        raise Rejected(f"{what} must be {dt}, but is {found}", f"cast it to {dt}")


def expect_same_type(call: Call, outlets: Iterable[Outlet], what: str) -> None:
    """Raises :class:`Rejected` unless all wires have the same datum type."""
    found = sorted({call.fact(outlet).dt for outlet in outlets})
    if len(found) > 1:
        raise Rejected(f"{what} must have one type, but have {' and '.join(found)}", "cast them to one type")


def expect_shape(call: Call, outlet: Outlet, shape: tuple[int | None, ...], what: str) -> None:
    """Raises :class:`Rejected` unless a wire has a shape; None stands for any size."""
    found = call.fact(outlet).shape
    fits = len(found) == len(shape) and all(s in (None, f) for s, f in zip(shape, found, strict=True))
    if not fits:
        wanted = ["any" if dim is None else dim for dim in shape]
        raise Rejected(f"{what} must have shape {wanted}, but has {list(found)}")


def expect_output(call: Call, outlet: Outlet, dt: str, shape: Shape) -> None:
    """Raises :class:`Rejected` unless an output is what was inferred (tract `hir/src/ops/expandable.rs`)."""
    fact = call.fact(outlet)
    if (fact.dt, fact.shape) != (dt, shape):
        raise Rejected(
            f"EZKL's ONNX reader infers {dt} {list(shape)}, but translates it to {fact.dt} {list(fact.shape)}"
        )


def datum_type_attribute(call: Call, name: str) -> str | None:
    """The datum type an attribute names, or None when there is no such attribute.

    Raises:
        Rejected: tract does not read the type.
    """
    if name not in call.node.attributes:
        return None
    element = ELEMENT_TYPES.get(integer(call, name))
    return datum_type(element.name if element else None, f"attribute {name}")


def refuse(call: Call) -> NoReturn:
    """Rejects a node, unless its inputs are constant, so that tract may compute it while it reads the file.

    Raises:
        Rejected: an input is computed.
        Uncertain: all inputs are constant.
    """
    if all(call.fact(outlet).konst is not None for outlet in call.present):
        raise Uncertain(f"{call.node.op_type} of constants")
    raise Rejected(f"EZKL has no circuit for {call.node.op_type}")
