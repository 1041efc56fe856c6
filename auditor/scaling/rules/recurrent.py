"""Recurrent layers: weights hold the gates below each other."""

from __future__ import annotations

from collections.abc import Callable

from auditor.scaling.site import Site

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def recurrent(site: Site) -> None:
    """X (steps, batch, inputs), W (directions, gates x width, inputs); states (directions, batch, width)."""
    if site.integer("layout", 0):
        raise site.stop("has its batch first (layout 1), which is not followed")
    if site.has(4):
        raise site.stop("is given the lengths of its sequences, which is not followed")
    web, node, gates = site.web, site.node, _GATES[site.node.op_type]
    steps, batch, inputs, *_ = site.x(0, least=3)
    given, carried = site.x(1, least=3), site.x(2, least=3)
    directions, width = carried[0], carried[2]
    stacked = [(given[1], gates), (carried[1], gates)]
    web.same_all(node, (given[0], given[2]), (directions, inputs))
    if site.has(3):
        bias = site.x(3, least=2)
        web.same(node, bias[0], directions)
        stacked.append((bias[1], 2 * gates))
    for rows, count in stacked:
        web.product(node, rows, (_fixed(site, count), width))
    for slot in (5, 6):
        if site.has(slot):
            web.same_all(node, site.x(slot), (directions, batch, width))
    if site.has(7):
        web.product(node, site.x(7, least=2)[1], (_fixed(site, 3), width))
    for slot in range(len(node.outputs)):
        if site.gives(slot):
            out = (steps, directions, batch, width) if slot == 0 else (directions, batch, width)
            web.same_all(node, site.y(slot), out)
    if "hidden_size" in node.attributes:
        web.demand_attribute(site.number, "hidden_size", width)
    site.pin(directions)
    site.feature(inputs, width)
    site.mix(steps)


def _fixed(site: Site, count: int) -> int:
    dim = site.web.fresh(count)
    site.pin(dim)
    return dim


RULES: dict[str, Callable[[Site], None]] = dict.fromkeys(_GATES, recurrent)
