"""Expand and Tile (tract `hir/src/ops/array/{broadcast,tile}.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import broadcast_shapes
from auditor.lowering.translate.attributes import constant_integers
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.readers import readers
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.broadcast import MultiBroadcastTo
from auditor.lowering.typed.tile import Tile


@translates("Expand")
def expand(call: Call) -> list[Outlet]:
    """The input broadcast against a constant shape."""
    expect_inputs(call, 2)
    wanted = call.fact(call.input(1))
    if wanted.rank != 1:
        raise Rejected(f"the shape has rank {wanted.rank}")
    if wanted.konst is None:
        if _could_be_inferred(call):
            raise Uncertain("the shape depends on the model's input")
        raise Rejected("the shape depends on the model's input", "make the shape a constant")
    sizes = constant_integers(call, 1, "the shape")
    if any(size < 0 for size in sizes):
        raise Rejected(f"expands to {sizes}")
    shape = broadcast_shapes([call.fact(call.input(0)).shape, sizes])
    return [call.wire(MultiBroadcastTo(shape=shape), call.input(0))]


@translates("Tile")
def tile(call: Call) -> list[Outlet]:
    """The input repeated a constant number of times on each axis."""
    expect_inputs(call, 2)
    fact = call.fact(call.input(1))
    multipliers = constant_integers(call, 1, "the repetition")
    if fact.rank != 1 or len(multipliers) != call.fact(call.input(0)).rank:
        raise Rejected(f"repeats {call.fact(call.input(0)).rank} axes {multipliers} times")
    if any(multiplier < 0 for multiplier in multipliers):
        raise Rejected(f"repeats {multipliers} times")
    return [call.wire(Tile(multipliers=tuple(multipliers)), call.input(0))]


def _could_be_inferred(call: Call) -> bool:
    """Whether tract may know the sizes of the result from elsewhere: from the file, or from readers."""
    if call.main is None:
        return True
    declared = call.node.outputs[0] in call.main.value_infos
    return declared or any(True for _ in readers(call.main, call.node))
