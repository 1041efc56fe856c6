"""One block that could be repeated: it is entered and left by one tensor of the same shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from auditor.scaling.repeats import Line, Run

_JOINS = frozenset({"Add", "Sum"})
NORMS = frozenset({"LayerNormalization", "BatchNormalization", "RMSNormalization"})
_ACTIVATIONS = frozenset({"Relu", "LeakyRelu", "Tanh", "Sigmoid", "Elu", "Gelu", "Clip", "HardSwish"})
POINTWISE = frozenset({"Add", "Sub", "Mul", "Div", "PRelu"}) | _ACTIVATIONS | NORMS


def single_block(line: Line) -> Run | None:
    """The block that stands for a layer, as a run of one; None where there is none.

    Where tensors are added to what came before (residual connections), it is the longest chain of those.
    Else it is the longest part with weights, with the bias and the activation behind them and not before.
    """
    cuts = _cuts(line)
    chained = _chained(line, cuts)
    if chained is not None:
        return _run(line, *chained)
    by_shape: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, name in cuts.items():
        by_shape[line.shapes[name]].append(place)
    best: tuple[int, int] | None = None
    for places in by_shape.values():
        starts = [place for place in places if not _continues(line, cuts[place], place)]
        pairs = [(a, b) for a in starts[:1] for b in places[-1:] if a < b and line.weighted(a + 1, b + 1)]
        for first, last in pairs:
            if best is None or last - first > best[1] - best[0]:
                best = (first, last)
    return None if best is None else _run(line, best[0], best[1], cuts)


def _run(line: Line, before: int, last: int, cuts: Mapping[int, str]) -> Run:
    return Run(first=before + 1, period=last - before, count=1, carried={cuts[before]: cuts[last]})


def _cuts(line: Line) -> dict[int, str]:
    """The places behind which one value alone is still to be read, and that value; -1 is before all nodes."""
    inputs = [
        name for name in line.last_read if name and name not in line.makers and name not in line.constants
    ]
    alive = {name for name in inputs if line.last_read[name] >= 0}
    cuts = {-1: next(iter(alive))} if len(alive) == 1 else {}
    for place, node in enumerate(line.nodes):
        alive = {name for name in alive if line.last_read[name] > place}
        alive.update(
            name for name in node.outputs if line.last_read.get(name, -1) > place and name not in line.fixed
        )
        if len(alive) == 1 and place < len(line.nodes) - 1:
            cuts[place] = next(iter(alive))
    return {place: name for place, name in cuts.items() if name in line.shapes}


def _continues(line: Line, name: str, place: int) -> bool:
    """Whether what comes next belongs to the layer before: a bias, a norm or an activation."""
    readers = [node for node in line.nodes[place + 1 : line.last_read[name] + 1] if name in node.inputs]
    if len(readers) != 1 or readers[0].op_type not in POINTWISE:
        return False
    return all(other in line.constants for other in readers[0].inputs if other and other != name)


def _chained(line: Line, cuts: Mapping[int, str]) -> tuple[int, int, Mapping[int, str]] | None:
    """The longest chain of residual connections: the cuts at its ends."""
    places = {name: place for place, name in cuts.items()}
    before: dict[int, int] = {}
    for place, name in cuts.items():
        node = line.nodes[place] if place >= 0 else None
        if node is None or name not in node.outputs or node.op_type not in _JOINS | NORMS | _ACTIVATIONS:
            continue
        sources = [places[read] for read in node.inputs if read in places and places[read] < place]
        if node.op_type in _JOINS and any(read in line.fixed for read in node.inputs):
            continue  # a bias, or positions
        if len(sources) == 1 and (
            node.op_type in _JOINS or _stays_in_stream(line, place, sources[0], before)
        ):
            before[place] = sources[0]
    ends = [(place, _origin(before, place)) for place in before]
    ends = [(place, origin) for place, origin in ends if line.weighted(origin + 1, place + 1)]
    if not ends:
        return None
    last, first = max(ends, key=lambda pair: (pair[0] - pair[1], pair[0]))
    return first, last, cuts


def _stays_in_stream(line: Line, place: int, source: int, before: Mapping[int, int]) -> bool:
    """Norms and activations behind a sum are part of the chain if the next sum reads them, or one did before.

    The norm before a classifier is read once, and is no part of it.
    """
    if source not in before:
        return False
    name = line.nodes[place].outputs[0]
    readers = sum(name in node.inputs for node in line.nodes[place + 1 :])
    origin = _origin(before, source)
    seen = any(
        line.nodes[p].op_type == line.nodes[place].op_type for p in _chain(before, source) if p > origin
    )
    return readers > 1 or seen or line.nodes[place].op_type in _ACTIVATIONS


def _chain(before: Mapping[int, int], place: int) -> list[int]:
    found = [place]
    while found[-1] in before:
        found.append(before[found[-1]])
    return found


def _origin(before: Mapping[int, int], place: int) -> int:
    return _chain(before, place)[-1]
