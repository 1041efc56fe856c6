"""One block that could be repeated: it is entered and left by one tensor of the same shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set

from auditor.model.graph import NodeDef
from auditor.scaling.repeats import Line, Run

_MOST_INPUTS = 8

_JOINS = frozenset({"Add", "Sum"})
NORMS = frozenset({"LayerNormalization", "BatchNormalization", "RMSNormalization"})
_ACTIVATIONS = frozenset({"Relu", "LeakyRelu", "Tanh", "Sigmoid", "Elu", "Gelu", "Clip", "HardSwish"})
POINTWISE = frozenset({"Add", "Sub", "Mul", "Div", "PRelu"}) | _ACTIVATIONS | NORMS


def single_block(line: Line) -> Run | None:
    """The block that stands for a layer, as a run of one; None where there is none.

    Where tensors are added to what came before (residual connections), it is the longest chain of those.
    Else it is the longest part with weights, with the bias and the activation behind them and not before.
    What the inputs but one give (a mask) may be read by every block.
    """
    inputs = [name for name in line.last_read if name and name not in line.makers and name not in line.fixed]
    for main in inputs[:_MOST_INPUTS]:
        aside = _aside(line, main)
        cuts = _cuts(line, main, aside)
        block = _chained(line, cuts, aside) or _longest(line, cuts, aside)
        if block is not None:
            before, last = block
            first = _first(line, before + 1, aside)
            return Run(first=first, period=last + 1 - first, count=1, carried={cuts[before]: cuts[last]})
    return None


def _first(line: Line, place: int, aside: Set[str]) -> int:
    """The first node of a block: what prepares a mask may stand before it."""
    while _prepares(line, line.nodes[place], aside):
        place += 1
    return place


def _prepares(line: Line, node: NodeDef, aside: Set[str]) -> bool:
    read = [name for name in node.inputs if name]
    return all(name in aside for name in read) and not all(name in line.fixed for name in read)


def _aside(line: Line, main: str) -> set[str]:
    """The values that the input does not reach."""
    reached = {main}
    for node in line.nodes:
        if not reached.isdisjoint(node.inputs):
            reached.update(node.outputs)
    return {name for name in (*line.last_read, *line.makers) if name not in reached} | line.fixed


def _longest(line: Line, cuts: Mapping[int, str], aside: Set[str]) -> tuple[int, int] | None:
    """The longest part with weights between two cuts of one shape."""
    by_shape: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, name in cuts.items():
        by_shape[line.shapes[name]].append(place)
    found = []
    for places in by_shape.values():
        first = next((place for place in places if not _continues(line, cuts[place], place)), places[-1])
        if line.weighted(first + 1, places[-1] + 1, aside):
            found.append((first, places[-1]))
    return max(found, key=lambda pair: (pair[1] - pair[0], -pair[0]), default=None)


def _cuts(line: Line, main: str, aside: Set[str]) -> dict[int, str]:
    """The first place behind which a value alone is still to be read, and that value.

    -1 is before all nodes.
    """
    alive, seen, cuts = {main}, {main}, {-1: main}
    for place, node in enumerate(line.nodes):
        alive = {name for name in alive if line.last_read[name] > place}
        made = (name for name in node.outputs if line.last_read.get(name, -1) > place)
        alive.update(name for name in made if name not in aside)
        if len(alive) == 1 and place < len(line.nodes) - 1:
            only = next(iter(alive))
            if only not in seen:
                cuts[place] = only
                seen.add(only)
    return {place: name for place, name in cuts.items() if name in line.shapes}


def _continues(line: Line, name: str, place: int) -> bool:
    """Whether what comes next belongs to the layer before: a bias, a norm or an activation."""
    readers = [node for node in line.nodes[place + 1 : line.last_read[name] + 1] if name in node.inputs]
    if len(readers) != 1 or readers[0].op_type not in POINTWISE:
        return False
    return all(other in line.constants for other in readers[0].inputs if other and other != name)


def _chained(line: Line, cuts: Mapping[int, str], aside: Set[str]) -> tuple[int, int] | None:
    """The longest chain of residual connections: the cuts at its ends."""
    places = {name: place for place, name in cuts.items()}
    before: dict[int, int] = {}
    for place, name in cuts.items():
        node = line.nodes[place] if place >= 0 else None
        if node is None or name not in node.outputs or node.op_type not in _JOINS | NORMS | _ACTIVATIONS:
            continue
        sources = [places[read] for read in node.inputs if read in places and places[read] < place]
        if node.op_type in _JOINS and any(read in aside for read in node.inputs):
            continue  # a bias, or positions
        if len(sources) == 1 and (
            node.op_type in _JOINS or _stays_in_stream(line, place, sources[0], before)
        ):
            before[place] = sources[0]
    ends = [(place, _origin(before, place)) for place in before]
    ends = [(place, origin) for place, origin in ends if line.weighted(origin + 1, place + 1, aside)]
    if not ends:
        return None
    last, first = max(ends, key=lambda pair: (pair[0] - pair[1], pair[0]))
    return first, last


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
