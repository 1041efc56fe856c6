"""An activation after a pool of the largest instead of before: fewer elements, and the same result."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.planning.what_if.change import SAME
from auditor.planning.what_if.edit import Edit, place
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.substitutions.max_pool import is_padded
from auditor.planning.what_if.view import View, number

_RISING = ("Relu", "LeakyRelu", "Sigmoid", "Tanh")


@swap(SAME)
def after_pool(view: View) -> Iterator[Edit]:
    """Functions that never fall. EZKL pads with zeros, which only a Relu after the pool cannot see."""
    for pool in view.of("MaxPool", "GlobalMaxPool"):
        activation = view.producer(pool.inputs[0], *_RISING)
        if activation is None or len(pool.outputs) > 1 or not view.is_inner(pool.inputs[0]):
            continue
        if is_padded(pool.attributes) and activation.op_type != "Relu":
            continue
        if number(activation, "alpha", 0.01) < 0:
            continue
        between = f"{pool.outputs[0]}.pooled"
        first = replace(pool, inputs=activation.inputs, outputs=(between,))
        second = replace(activation, inputs=(between,), outputs=pool.outputs)
        yield Edit(
            what=f"{activation.op_type} before {pool.op_type} -> after it",
            where=place(pool),
            drop=(activation, pool),
            put=(first, second),
        )
