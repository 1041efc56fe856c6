"""The typed graph that lowering rewrites (tract `model/graph.rs`, `typed.rs`, `order.rs`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from auditor.lowering.graph.evaluate import CannotEvaluate, evaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import volume
from auditor.lowering.graph.tensor import EAGER_VOLUME, Tensor

Outlet = tuple[int, int]
"""(node id, output slot)."""
Inlet = tuple[int, int]
"""(node id, input slot)."""

ConstantKey = tuple[str, tuple[int, ...], bytes | None]

FOLDED_WHEN_WIRED = 16
"""tract evaluates a node as it is wired when each constant input has fewer elements than this."""


class Output(Struct, eq=False):
    """One output of a node: its fact and the inlets that read it, in the order they were connected."""

    fact: Fact
    successors: list[Inlet] = field(default_factory=list)


class Node(Struct, eq=False):
    """One operation of the graph. Two nodes are the same only if they are the same object."""

    id: int
    name: str
    op: TypedOp
    inputs: list[Outlet]
    outputs: list[Output]


class Loop(Exception):
    """The graph has a cycle."""


class Graph:
    """A mutable graph of typed operations; rewriting passes change it through patches."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.inputs: list[Outlet] = []
        self.outputs: list[Outlet] = []
        self._constants: dict[ConstantKey, list[int]] = {}

    # --- building

    def add_node(self, name: str, op: TypedOp, facts: Iterable[Fact]) -> int:
        """Append an unconnected node; returns its id."""
        node = Node(len(self.nodes), name, op, [], [Output(fact) for fact in facts])
        self.nodes.append(node)
        return node.id

    def add_source(self, name: str, fact: Fact) -> Outlet:
        """A new model input; one without elements is constant, as in tract."""
        from auditor.lowering.typed.plumbing import Source

        if fact.konst is None and fact.volume == 0:
            fact = Fact(fact.dt, fact.shape, Tensor.empty(fact.dt, fact.shape))
        outlet = (self.add_node(name, Source(fact=fact), [fact]), 0)
        self.inputs.append(outlet)
        return outlet

    def add_const(self, name: str, tensor: Tensor) -> Outlet:
        """A constant; an equal one that the graph already holds is used again."""
        from auditor.lowering.typed.plumbing import Const

        known = self._constants.setdefault(_constant_key(tensor), [])
        for node_id in known:
            # a node may have become something else, or nothing, since it was recorded
            op = self.nodes[node_id].op if node_id < len(self.nodes) else None
            if isinstance(op, Const) and self.nodes[node_id].outputs and op.tensor.same_as(tensor):
                return node_id, 0
        node_id = self.add_node(name, Const(tensor=tensor), [Fact.of(tensor)])
        known.append(node_id)
        return node_id, 0

    def add_edge(self, outlet: Outlet, inlet: Inlet) -> None:
        """Connect an output to an input, replacing what was connected there."""
        node = self.nodes[inlet[0]]
        if inlet[1] < len(node.inputs):
            previous = node.inputs[inlet[1]]
            self.nodes[previous[0]].outputs[previous[1]].successors.remove(inlet)
            node.inputs[inlet[1]] = outlet
        else:
            node.inputs.append(outlet)
        self.nodes[outlet[0]].outputs[outlet[1]].successors.append(inlet)

    def wire_node(self, name: str, op: TypedOp, inputs: Sequence[Outlet]) -> list[Outlet]:
        """Add a connected node; small constant inputs are folded on the spot, as tract does.

        Raises:
            ShapeMismatch: the operation does not accept the facts of its inputs.
        """
        facts = [self.fact(outlet) for outlet in inputs]
        if facts and op.is_stateless:
            tensors = [f.konst for f in facts if f.konst is not None and f.konst.volume < FOLDED_WHEN_WIRED]
            if len(tensors) == len(facts):
                try:
                    results = evaluate(op, tensors)
                except CannotEvaluate:
                    results = None
                if results is not None:
                    return [self.add_const(_numbered(name, i), t) for i, t in enumerate(results)]
        out_facts = op.output_facts(facts)
        for fact in out_facts:
            if fact.konst is None and volume(fact.shape) == 0:
                fact.konst = Tensor.empty(fact.dt, fact.shape)
        node_id = self.add_node(name, op, out_facts)
        for slot, outlet in enumerate(inputs):
            self.add_edge(outlet, (node_id, slot))
        return [(node_id, slot) for slot in range(len(out_facts))]

    def copy(self) -> Graph:
        """A graph of its own with the same operations, for the body of a loop that is rewritten."""
        copied = Graph()
        for node in self.nodes:
            facts = [Fact(o.fact.dt, o.fact.shape, o.fact.konst, o.fact.uniform_value) for o in node.outputs]
            copied.add_node(node.name, node.op, facts)
            copied.nodes[-1].inputs = list(node.inputs)
            for output, original in zip(copied.nodes[-1].outputs, node.outputs, strict=True):
                output.successors = list(original.successors)
        copied.inputs = list(self.inputs)
        copied.outputs = list(self.outputs)
        copied.index_constants()
        return copied

    # --- asking

    def fact(self, outlet: Outlet) -> Fact:
        """What is known about a wire."""
        return self.nodes[outlet[0]].outputs[outlet[1]].fact

    def input_facts(self, node: Node) -> list[Fact]:
        """The facts of a node's inputs."""
        return [self.fact(outlet) for outlet in node.inputs]

    def output_facts(self, node: Node) -> list[Fact]:
        """The facts of a node's outputs."""
        return [output.fact for output in node.outputs]

    def successors(self, outlet: Outlet) -> list[Inlet]:
        """Who reads a wire."""
        return self.nodes[outlet[0]].outputs[outlet[1]].successors

    def single_succ(self, node: Node) -> Node | None:
        """The one node that reads this one, when it reads nothing else."""
        readers = [inlet for output in node.outputs for inlet in output.successors]
        if len(readers) != 1 or not node.outputs[0].successors:
            return None
        successor = self.nodes[readers[0][0]]
        return successor if len(successor.inputs) == 1 else None

    def single_prec(self, node: Node) -> Node | None:
        """The one node this one reads, when nothing else reads it."""
        if len(node.inputs) != 1:
            return None
        previous = self.nodes[node.inputs[0][0]]
        return previous if sum(len(o.successors) for o in previous.outputs) == 1 else None

    # --- order

    def eval_order(self) -> list[int]:
        """Depth first from the outputs; inputs that are computed come before leaves.

        Raises:
            Loop: the graph has a cycle.
        """
        order: list[int] = []
        opened = {node_id for node_id, _ in self.inputs}
        closed: set[int] = set()
        for target, _ in self.outputs:
            stack = [target]
            while stack:
                node_id = stack[-1]
                if node_id in closed:
                    stack.pop()
                elif node_id in opened:
                    stack.pop()
                    closed.add(node_id)
                    order.append(node_id)
                else:
                    opened.add(node_id)
                    self._open(node_id, opened, closed, stack)
        return order

    def _open(self, node_id: int, opened: set[int], closed: set[int], stack: list[int]) -> None:
        """Put what a node reads on the stack, what comes first on top."""
        nodes, leaves = self.nodes, []
        computed = []
        for precursor, _ in nodes[node_id].inputs:
            if precursor in closed:
                continue
            if not nodes[precursor].inputs:
                leaves.append(precursor)
            elif precursor in opened:
                raise Loop(f"cycle through {nodes[precursor].name}")
            else:
                computed.append(precursor)
        stack += leaves[::-1]
        stack += computed[::-1]

    def compact(self) -> None:
        """Renumber nodes in evaluation order and drop those no output needs."""
        order = self.eval_order()
        if order == list(range(len(self.nodes))):
            return
        kept = set(order)
        order += [node_id for node_id, _ in self.inputs if node_id not in kept]
        new_id = {old: new for new, old in enumerate(order)}
        nodes = [self.nodes[old] for old in order]
        for new, node in enumerate(nodes):
            node.id = new
            node.inputs = [(new_id[i], slot) for i, slot in node.inputs]
            for output in node.outputs:
                output.successors = [(new_id[i], s) for i, s in output.successors if i in new_id]
        self.nodes = nodes
        self.inputs = [(new_id[i], slot) for i, slot in self.inputs]
        self.outputs = [(new_id[i], slot) for i, slot in self.outputs]
        self.index_constants()

    def index_constants(self) -> None:
        """Find again the constants that equal ones are merged with, after nodes were changed by hand."""
        from auditor.lowering.typed.plumbing import Const

        self._constants = {}
        for node in self.nodes:
            if isinstance(node.op, Const):
                self._constants.setdefault(_constant_key(node.op.tensor), []).append(node.id)


def _constant_key(tensor: Tensor) -> ConstantKey:
    """What equal constants have in common, as far as it costs nothing to know."""
    is_at_hand = tensor.has_values and tensor.volume <= EAGER_VOLUME
    return tensor.dt, tensor.shape, tensor.probe() if is_at_hand else None


def _numbered(name: str, slot: int) -> str:
    return name if slot == 0 else f"{name}.{slot}"
