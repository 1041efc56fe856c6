"""Integers that stand for sizes, followed through the chains in which exporters compute them.

``Shape``, ``Gather``, ``Unsqueeze``, ``Concat`` and the like, down to the target of a ``Reshape``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from auditor.model.graph import TensorData
from auditor.scaling.site import MOST_ELEMENTS, Site
from auditor.scaling.web import Computed, Element, Size

Elements = tuple[Element, ...]


def _quotient(dividend: int, divisor: int) -> int:
    """ONNX's division of integers, towards zero as in C; a zero below the line has no meaning."""
    if divisor == 0:
        return 0
    sign = 1 if (dividend < 0) == (divisor < 0) else -1
    return sign * (abs(dividend) // abs(divisor))


_ARITHMETIC: Mapping[str, Callable[..., int]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": _quotient,
    "Max": lambda *operands: max(operands),
    "Min": lambda *operands: min(operands),
    "Mod": lambda left, right: left % right if right else 0,
    "Equal": lambda left, right: int(left == right),
    "Less": lambda left, right: int(left < right),
    "Greater": lambda left, right: int(left > right),
    "Where": lambda condition, yes, no: yes if condition else no,
}

_OPERANDS: Mapping[str, int] = {"Where": 3, "Max": 0, "Min": 0}
"""How many operands an operator has, two if it is not here; 0 is as many as are given."""

_SAME = frozenset({"Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape", "Flatten"})


def follow(site: Site) -> bool:
    """Whether the node computes integers that stand for sizes; they are then noted, and its axes pinned."""
    found = _result(site) if site.gives(0) else None
    if found is None:
        return False
    name = site.node.outputs[0]
    if len(found) != math.prod(site.out_shape()):
        return False
    site.web.elements[name] = found
    site.pin(*site.y())
    for slot, read in enumerate(site.node.inputs):
        if read and (slot or site.node.op_type != "Shape"):
            site.pin(*site.x(slot))
    return True


def _result(site: Site) -> Elements | None:
    op = site.node.op_type
    if op == "Shape":
        return _shape(site)
    if op == "Size":
        return _computed(_product, tuple(Size(dim) for dim in site.x()))
    if op == "ConstantOfShape":
        return _filled(site)
    if math.prod(site.out_shape()) > MOST_ELEMENTS or not _computes(site):
        return None
    if op in _SAME:
        return site.elements(0)
    if op == "Concat":
        return _joined(site)
    if op == "Gather":
        return _gathered(site)
    if op == "Slice":
        return _sliced(site)
    if op == "ReduceProd" and len(site.out_shape()) <= 1 and math.prod(site.out_shape()) == 1:
        return _computed(_product, site.elements(0) or ())
    if op not in _ARITHMETIC or _OPERANDS.get(op, 2) not in (0, len(site.node.inputs)):
        return None
    return _arithmetic(site, _ARITHMETIC[op])


_MOST_AXES = 16


def _computes(site: Site) -> bool:
    """Whether some input is such a chain already.

    Constants alone are left to the rules, as they may be data, but for the choice of sizes that ``expand``
    makes in constants.
    """
    chosen = site.node.op_type in ("Equal", "Where") and len(site.out_shape()) == 1
    if chosen and site.out_shape()[0] <= _MOST_AXES:
        return all(site.elements(slot) is not None for slot in range(len(site.node.inputs)))
    return any(name in site.web.elements for name in site.node.inputs)


def _shape(site: Site) -> Elements:
    dims = site.x()
    start, end = site.integer("start", 0), site.integer("end", len(dims))
    return tuple(Size(dim) for dim in dims[start:end])


def _filled(site: Site) -> Elements | None:
    """A vector of equal integers whose length is an axis count, as ``expand`` is exported."""
    value = site.node.attributes.get("value")
    few = len(site.out_shape()) == 1 and site.out_shape()[0] <= MOST_ELEMENTS
    if not few or not isinstance(value, TensorData) or value.dtype != "int64" or value.load is None:
        return None
    if math.prod(value.shape) != 1:
        return None
    if not all(isinstance(element, int) for element in site.elements(0) or (Size(0),)) and not _is_rank(site):
        return None
    return (int(value.load().reshape(-1)[0]),) * site.out_shape()[0]


def _is_rank(site: Site) -> bool:
    """Whether the length is written down: then it counts axes, and does not grow."""
    return site.is_constant(0)


def _joined(site: Site) -> Elements | None:
    if len(site.out_shape()) != 1:
        return None
    parts = [site.elements(slot) for slot in range(len(site.node.inputs))]
    return None if None in parts else tuple(element for part in parts for element in part or ())


def _gathered(site: Site) -> Elements | None:
    data, indices = site.elements(0), site.numbers(1)
    if data is None or indices is None or len(site.shape(0)) != 1:
        return None
    if not all(-len(data) <= index < len(data) for index in indices):
        return None
    return tuple(data[index] for index in indices)


def _sliced(site: Site) -> Elements | None:
    data = site.elements(0)
    starts = site.integers("starts") or site.numbers(1)
    ends = site.integers("ends") or site.numbers(2)
    steps = (site.numbers(4) if site.has(4) else None) or (1,)
    if data is None or starts is None or ends is None or len(site.shape(0)) != 1:
        return None
    if not len(starts) == len(ends) == len(steps) == 1 or steps[0] == 0:
        return None
    return data[starts[0] : ends[0] : steps[0]]


def _arithmetic(site: Site, function: Callable[..., int]) -> Elements | None:
    operands = [site.elements(slot) for slot in range(len(site.node.inputs))]
    count = math.prod(site.out_shape())
    if any(operand is None or len(operand) not in (1, count) for operand in operands):
        return None
    rows: Sequence[Elements] = [o * count if len(o) == 1 else o for o in operands if o is not None]
    columns = list(zip(*rows, strict=True))
    if function is _ARITHMETIC["Where"]:
        # The choice stays what it is, as the target of an ``Expand`` is chosen by a constant.
        return tuple(yes if site.value(condition) else no for condition, yes, no in columns)
    found = [_computed(function, column) for column in columns]
    return None if None in found else tuple(element for part in found for element in part or ())


MOST_STEPS = 256
"""Of an integer, counted again wherever it is read: a chain that doubles itself ends here, and so does one
that is longer than Python's stack is deep."""


def _computed(function: Callable[..., int], operands: Elements) -> tuple[Computed] | None:
    """What the function makes of the operands; None where it is computed in more than :data:`MOST_STEPS`."""
    steps = 1 + sum(item.steps if isinstance(item, Computed) else 1 for item in operands)
    return None if steps > MOST_STEPS else (Computed(function, operands, steps),)


def _product(*sizes: int) -> int:
    return math.prod(sizes)
