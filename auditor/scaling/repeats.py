"""Where a graph repeats itself: runs of blocks of the same nodes, wired alike, each entered as it is left."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from typing import Literal

from msgspec import Struct

from auditor.model.graph import GraphDef, Model, NodeDef, TensorData
from auditor.model.links import topological_order
from auditor.scaling.relations import constants_of

MOST_PERIODS = 64
"""As many lengths of a block are tried: those that stand most often between two nodes of one kind."""

WEIGHTED = frozenset({"MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "GRU", "LSTM", "RNN"})


class Line(Struct, frozen=True, kw_only=True):
    """The nodes of a graph in order, constants apart.

    ``makers`` tells where a value is made: (place in ``nodes``, number of the output).
    """

    nodes: tuple[NodeDef, ...]
    shapes: Mapping[str, tuple[int, ...]]
    constants: Mapping[str, TensorData]
    makers: Mapping[str, tuple[int, int]]
    last_read: Mapping[str, int]
    """The place of the last reader; beyond the end for outputs."""
    fixed: Set[str]
    """Constants, and the values made of constants and sizes alone."""

    def weighted(self, first: int, after: int, aside: Set[str] = frozenset()) -> bool:
        """Whether some node multiplies by weights what is not ``aside``."""
        return any(
            node.op_type in WEIGHTED
            and any(name in self.fixed for name in node.inputs if name)
            and not all(name in aside for name in node.inputs if name)
            for node in self.nodes[first:after]
        )


class Run(Struct, frozen=True, kw_only=True):
    """``count`` blocks of ``period`` nodes from ``first`` on.

    ``carried`` are the values of the last block that the next one would read, by the names under which the
    last block reads them of the one before it.
    """

    first: int
    period: int
    count: int
    carried: Mapping[str, str]

    @property
    def last(self) -> int:
        """Where the last block begins."""
        return self.first + (self.count - 1) * self.period

    @property
    def after(self) -> int:
        """The first place behind the run."""
        return self.first + self.count * self.period


def line_of(model: Model, shapes: Mapping[str, tuple[int, ...]]) -> Line:
    """The graph as a line of nodes."""
    graph: GraphDef = model.graph
    nodes = tuple(graph.nodes[i] for i in topological_order(graph) if graph.nodes[i].op_type != "Constant")
    last_read = {name: place for place, node in enumerate(nodes) for name in node.inputs}
    last_read.update({info.name: len(nodes) for info in graph.outputs})
    constants = constants_of(graph)
    return Line(
        nodes=nodes,
        shapes=shapes,
        constants=constants,
        fixed=_fixed(nodes, constants),
        makers={
            name: (place, slot)
            for place, n in enumerate(nodes)
            for slot, name in enumerate(n.outputs)
            if name
        },
        last_read=last_read,
    )


def _fixed(nodes: Sequence[NodeDef], constants: Mapping[str, TensorData]) -> set[str]:
    fixed = set(constants)
    for node in nodes:
        if node.op_type in ("Shape", "Size") or all(name in fixed for name in node.inputs if name):
            fixed.update(node.outputs)
    return fixed


def longest_run(line: Line) -> Run | None:
    """The run of two blocks or more that covers most nodes, of the shortest blocks; None without any."""
    kinds = [_kind(line, node) for node in line.nodes]
    best: Run | None = None
    for period in sorted(_periods(kinds)):
        for first, after in _stretches(kinds, period):
            if best is not None and after - first <= best.count * best.period:
                continue
            found = _best_phase(line, first, after, period)
            if found and (best is None or found.count * found.period > best.count * best.period):
                best = found
    return best


def _kind(line: Line, node: NodeDef) -> Hashable:
    """What two nodes share that do the same to tensors of the same shapes."""
    inputs = tuple(
        (
            name in line.constants,
            line.constants[name].dtype if name in line.constants else "",
            _shape(line, name),
        )
        for name in node.inputs
    )
    attributes = tuple(sorted((key, repr(value)) for key, value in node.attributes.items()))
    return node.op_type, node.domain, attributes, inputs, tuple(_shape(line, name) for name in node.outputs)


def _shape(line: Line, name: str) -> tuple[int, ...] | None:
    return line.constants[name].shape if name in line.constants else line.shapes.get(name)


def _periods(kinds: Sequence[Hashable]) -> list[int]:
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, kind in enumerate(kinds):
        places[kind].append(place)
    gaps: Counter[int] = Counter()
    for found in places.values():
        for reach in (1, 2, 3, 4):  # a block may hold several nodes of one kind
            gaps.update(later - place for place, later in zip(found, found[reach:], strict=False))
    return [gap for gap, _ in gaps.most_common(MOST_PERIODS)]


def _stretches(kinds: Sequence[Hashable], period: int) -> Iterator[tuple[int, int]]:
    """The longest stretches in which each node is of the kind of the one a period later."""
    first = 0
    for place in range(len(kinds) - period + 1):
        if place < len(kinds) - period and kinds[place] == kinds[place + period]:
            continue
        if place - first >= period:
            yield first, place + period
        first = place + 1


def _best_phase(line: Line, first: int, after: int, period: int) -> Run | None:
    """Blocks may begin anywhere in the period: most of them, then with the fewest values handed on."""
    best: Run | None = None
    for start in range(first, min(first + period, after - 2 * period + 1)):
        count = (after - start) // period
        if best is not None and count < best.count:
            break
        run = _wired(line, start, period, count)
        if run is None or not line.weighted(start, start + period):
            continue
        if best is None or run.count > best.count or len(run.carried) < len(best.carried):
            best = run
    return best


class _Source(Struct, frozen=True):
    """Where a block takes a value from: itself, the block before it, a constant, or the rest of the graph."""

    kind: Literal["inside", "before", "constant", "outside"]
    place: int = 0
    output: int = 0
    name: str = ""


def _wired(line: Line, first: int, period: int, count: int) -> Run | None:
    """The run, where all blocks are wired alike and only the last hands its values to more than the next."""
    entries: dict[_Source, str] = {}
    carried: dict[str, str] = {}
    for offset in range(period):
        for slot in range(len(line.nodes[first + offset].inputs)):
            names = [line.nodes[first + k * period + offset].inputs[slot] for k in range(count)]
            own, *others = (_source(line, n, first + k * period, period, k) for k, n in enumerate(names))
            if any(other != others[0] for other in others):
                return None
            if others[0].kind != "before":
                if own != others[0]:
                    return None
                continue
            left = line.nodes[first + others[0].place].outputs[others[0].output]
            if own.kind != "outside" or _shape(line, names[0]) != _shape(line, left):
                return None
            if entries.setdefault(others[0], names[0]) != names[0]:
                return None
            last = first + (count - 1) * period + others[0].place
            carried[names[-1]] = line.nodes[last].outputs[others[0].output]
    if not carried or not _private(line, first, period, count):
        return None
    return Run(first=first, period=period, count=count, carried=carried)


def _source(line: Line, name: str, begin: int, period: int, block: int) -> _Source:
    if not name or name in line.constants:
        return _Source("constant")
    place, output = line.makers.get(name, (-1, 0))
    if place >= begin:
        return _Source("inside", place - begin, output)
    if block and place >= begin - period:
        return _Source("before", place - begin + period, output)
    return _Source("outside", name=name)


def _private(line: Line, first: int, period: int, count: int) -> bool:
    """Whether what a block makes is read in it and in the next one only."""
    for place in range(first, first + (count - 1) * period):
        end = first + ((place - first) // period + 2) * period
        if any(line.last_read.get(name, 0) >= end for name in line.nodes[place].outputs if name):
            return False
    return True
