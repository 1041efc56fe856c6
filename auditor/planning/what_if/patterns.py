"""Functions that exporters write as several nodes, recognised from the last of them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct

from auditor.model.graph import NodeDef
from auditor.planning.what_if.edit import Edit, place, swapped
from auditor.planning.what_if.view import View, number, other_input

_MAX_FACTORS = 6


class Match(Struct, frozen=True, kw_only=True):
    """A function of the value ``source`` whose result the node ``last`` has."""

    name: str
    source: str
    last: NodeDef

    def becomes(self, operator: str) -> Edit:
        """The function by one node; what only the old nodes needed goes with them."""
        put = swapped(self.last, operator, inputs=(self.source,)).put
        what = f"{self.name} removed" if operator == "Identity" else f"{self.name} -> {operator}"
        return Edit(what=what, where=place(self.last), drop=(self.last,), put=put)


def gelus(view: View) -> Iterator[Match]:
    """x · ½ · (1 + erf(x / √2)) in any order, or with the tanh that is nearly the same."""
    for node in view.of("Mul", "Div"):
        constant, factors = _factors(view, node)
        if not math.isclose(constant, 0.5, rel_tol=1e-5) or len(factors) != 2:
            continue
        for gate, source in (factors, factors[::-1]):
            plus_one = view.producer(gate, "Add")
            inner = None if plus_one is None else _without_constant(view, plus_one, 1.0)
            curve = None if inner is None else view.producer(inner, "Erf", "Tanh")
            if curve is not None and _is_made_of(view, curve.inputs[0], source):
                yield Match(name="Gelu", source=source, last=node)


def silus(view: View) -> Iterator[Match]:
    """x · sigmoid(x)."""
    for node in view.of("Mul"):
        for name in dict.fromkeys(node.inputs):
            gate = view.producer(name, "Sigmoid")
            if gate is not None and gate.inputs[0] == other_input(node, name):
                yield Match(name="Silu", source=gate.inputs[0], last=node)


def hard_swishes(view: View) -> Iterator[Match]:
    """x · HardSigmoid(x) with the slope of HardSwish, and x · Clip(x + 3, 0, 6) / 6 in any order."""
    for node in view.of("Mul", "Div"):
        constant, factors = _factors(view, node)
        if len(factors) != 2:
            continue
        for gate, source in (factors, factors[::-1]):
            if _is_gate(view, gate, source, constant):
                yield Match(name="HardSwish of several nodes", source=source, last=node)


def layer_normalizations(view: View) -> Iterator[Match]:
    """(x - mean) / √(mean of squares + ε): the factors and offsets after it are of the next layer."""
    for node in view.of("Div"):
        centred = view.producer(node.inputs[0], "Sub")
        root = view.producer(node.inputs[1], "Sqrt")
        shifted = None if root is None else view.producer(root.inputs[0], "Add")
        if centred is None or shifted is None:
            continue
        mean = view.producer(centred.inputs[1], "ReduceMean")
        if mean is None or mean.inputs[0] != centred.inputs[0]:
            continue
        variances = [view.producer(name, "ReduceMean") for name in shifted.inputs]
        if any(one is not None and _is_square(view, one.inputs[0], centred) for one in variances):
            yield Match(name="LayerNormalization", source=centred.inputs[0], last=node)


def bounds(view: View, node: NodeDef) -> tuple[float, float] | None:
    """The ends of a Clip, infinite where it has none; None when they are computed."""
    if any(name in node.attributes for name in ("min", "max")):
        return number(node, "min", -math.inf), number(node, "max", math.inf)
    ends = [-math.inf, math.inf]
    for slot, name in enumerate(node.inputs[1:3]):
        value = view.scalar(name) if name else ends[slot]
        if value is None:
            return None
        ends[slot] = float(value)
    return ends[0], ends[1]


def _factors(view: View, node: NodeDef) -> tuple[float, list[str]]:
    """A product as its constant and the values that are no products, where only it reads its parts."""
    constant = 1.0
    factors: list[str] = []
    waiting = [(name, index and node.op_type == "Div") for index, name in enumerate(node.inputs)]
    while waiting and len(factors) + len(waiting) <= _MAX_FACTORS:
        name, below = waiting.pop()
        value = view.scalar(name)
        inner = view.producer(name, "Mul", "Div")
        if value is not None:
            constant *= (1 / value if value else math.inf) if below else value
        elif below or inner is None or not view.is_inner(name):
            factors.append("" if below else name)
        else:
            waiting += [(one, index and inner.op_type == "Div") for index, one in enumerate(inner.inputs)]
    return constant, factors if "" not in factors and not waiting else []


def _is_gate(view: View, gate: str, source: str, constant: float) -> bool:
    """Whether ``constant`` times a value is HardSigmoid(source) with a slope of 1/6."""
    node = view.producer(gate, "HardSigmoid", "Clip")
    if node is None:
        return False
    if node.op_type == "HardSigmoid":
        found = (constant, number(node, "alpha", 0.2), number(node, "beta", 0.5))
        wanted = (1.0, 1 / 6, 0.5)
        is_of = node.inputs[0] == source
    else:
        shifted = view.producer(node.inputs[0], "Add")
        found, wanted = (constant, *(bounds(view, node) or (1.0, 1.0))), (1 / 6, 0.0, 6.0)
        is_of = shifted is not None and _without_constant(view, shifted, 3.0) == source
    return is_of and all(math.isclose(a, b, rel_tol=1e-5) for a, b in zip(found, wanted, strict=True))


def _is_made_of(view: View, name: str, source: str) -> bool:
    """Whether ``source`` reaches a value over few sums, products and powers."""
    level = {name}
    for _ in range(_MAX_FACTORS):
        nodes = [view.producer(one, "Add", "Div", "Mul", "Pow") for one in level]
        level = {one for node in nodes if node is not None for one in node.inputs}
        if source in level:
            return True
    return False


def _is_square(view: View, name: str, centred: NodeDef) -> bool:
    """Whether a value is the square of x - mean; some exporters subtract anew."""
    node = view.producer(name, "Mul", "Pow")
    if node is None:
        return False
    base = view.producer(node.inputs[0], "Sub", "Cast")
    same = node.inputs[0] in centred.outputs or (base is not None and base.inputs == centred.inputs)
    return same and (node.inputs[0] == node.inputs[1] or view.scalar(node.inputs[1]) == 2)


def _without_constant(view: View, node: NodeDef, constant: float) -> str | None:
    """The input of a node whose other input is this constant."""
    for name in node.inputs:
        if view.scalar(name) == constant:
            return other_input(node, name)
    return None
