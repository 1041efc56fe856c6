"""From an ONNX graph to the typed graph, in the order tract translates nodes.

Sources: tract `onnx/src/model.rs` (parsing), `hir/src/infer/model.rs` (into_typed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.lowering.errors import Rejected, TooLarge, Uncertain, Unmodelled, Unsupported, ValuesAbsent
from auditor.lowering.graph.allowance import allowance
from auditor.lowering.graph.dim import OpenSize, UnknownForm
from auditor.lowering.graph.evaluate import CannotEvaluate, evaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.bodies import bodies, closure_names, free_names
from auditor.lowering.translate.declared import as_tensor, check_declared, input_fact, symbols_of
from auditor.lowering.translate.order import node_label, operators, translation_order
from auditor.lowering.translate.registry import Call, translator
from auditor.lowering.typed.plumbing import Const
from auditor.model.graph import GraphDef, Model, NodeDef, ValueInfo

MOST_NODES = 50_000
"""Of a graph whose functions are put in place: some seconds of work, and no circuit that anybody proves.

Those of a body count once for each graph around it, as they are looked at again for each.
"""

NO_SUCH_OPERATOR = "EZKL has no such operator"


class Translation(Struct, frozen=True, kw_only=True):
    """The typed graph, the wire of every ONNX value that was translated, and the operator of every node."""

    graph: Graph
    wires: Mapping[str, Outlet]
    operators: Mapping[str, str]


def translate(model: Model) -> Translation:
    """The typed graph of a model whose inputs have sizes.

    Raises:
        Unsupported: tract refuses a node.
        Unmodelled: we do not know what tract makes of a node.
    """
    if _weight(model.graph) > MOST_NODES:
        reason = f"its graph is as much work as one of more than {MOST_NODES:,} nodes"
        raise TooLarge("", "", reason, "split the model: a circuit of so many operations is never proved")
    _refuse_inputs_as_outputs(model.graph)
    worker = _Worker(model.opset, {}, model.graph, symbols_of(model))
    with allowance(model.file_bytes):
        try:
            worker.translate_graph(model.graph)
        except Rejected as refusal:
            raise Unsupported("", "", str(refusal), refusal.way_out) from refusal
        worker.try_unread_nodes(model.graph)
    return Translation(graph=worker.graph, wires=worker.wires, operators=dict(operators(model.graph)))


def _weight(graph: GraphDef) -> int:
    weight, waiting = 0, [(graph, 1)]
    while waiting and weight <= MOST_NODES:
        current, depth = waiting.pop()
        weight += len(current.nodes) * depth
        waiting += [(body, depth + 1) for node in current.nodes if node.attributes for body in bodies(node)]
    return weight


def unknown_operators(model: Model) -> list[Unsupported]:
    """A refusal for every node behind the outputs whose operator tract does not have."""
    reached = (node for node in translation_order(model.graph) if isinstance(node, NodeDef))
    unknown = (node for node in reached if translator(node.op_type) is None)
    return [Unsupported(node.op_type, node_label(node), NO_SUCH_OPERATOR) for node in unknown]


def _refuse_inputs_as_outputs(graph: GraphDef) -> None:
    """EZKL forgets what outputs declare (`graph/model.rs`, `set_output_fact`), and with it such an input."""
    inputs = {info.name for info in graph.inputs} - set(graph.initializers)
    for info in graph.outputs:
        if info.name in inputs and graph.value_infos:
            # declared intermediate values may let tract infer the input again
            raise Unmodelled("", info.name, "the value is both an input and an output of the model")
        if info.name in inputs:
            way_out = "put an Identity between them"
            raise Unsupported("", info.name, "the value is both an input and an output of the model", way_out)


class _Worker:
    """Translates one graph; bodies of control flow get a worker of their own."""

    def __init__(
        self,
        opset: int,
        outer: Mapping[str, Fact],
        main: GraphDef | None = None,
        symbols: Mapping[str, int] | None = None,
    ) -> None:
        self.opset = opset
        self.main = main
        self.symbols = symbols or {}
        self.graph = Graph()
        self.wires: dict[str, Outlet] = {}
        self.outer = outer
        self._names: set[str] = set()

    # --- the graph

    def translate_graph(self, graph: GraphDef, free: Sequence[str] = ()) -> None:
        """Translate all that the outputs need; ``free`` are outer values a body reads, as extra inputs."""
        sources = {info.name: info for info in graph.inputs if info.name not in graph.initializers}
        for node in translation_order(graph):
            if isinstance(node, NodeDef):
                self._translate_node(node, graph.value_infos)
            elif node not in self.wires:  # the inputs of a body have their facts from outside
                self._translate_leaf(node, graph, sources)
        for name in (*sources, *free):
            if name not in self.wires:
                self._translate_leaf(name, graph, sources)
        self.graph.inputs = [self.wires[name] for name in (*sources, *free)]
        self.graph.outputs = [self._wire_of(info.name) for info in graph.outputs]

    def try_unread_nodes(self, graph: GraphDef) -> None:
        """Translate, aside, what no output needs: tract infers its facts too, and fails where it cannot.

        Raises:
            Unmodelled: such a node is refused, perhaps only by a check that tract leaves to later stages.
        """
        read = {id(item) for item in translation_order(graph) if isinstance(item, NodeDef)}
        unread = [node for node in graph.nodes if id(node) not in read]
        if not unread:
            return
        aside = _Worker(self.opset, self.outer, self.main, self.symbols)
        aside.graph, aside.wires = self.graph.copy(), dict(self.wires)
        for node in unread:
            names = [name for name in (*node.inputs, *closure_names(node)) if name]
            for name in names:
                if name in graph.initializers and name not in aside.wires:
                    aside._translate_leaf(name, graph, {})
            if translator(node.op_type) is None or any(name not in aside.wires for name in names):
                continue  # tract knows nothing of what comes out of an operator it does not have
            try:
                aside._translate_node(node, graph.value_infos)
            except (Unsupported, Unmodelled) as error:
                reason = f"no output needs it, but EZKL may fail on it: {error.reason}"
                raise Unmodelled(node.op_type, node_label(node), reason) from error

    def _translate_leaf(self, name: str, graph: GraphDef, sources: Mapping[str, ValueInfo]) -> None:
        try:
            if name in graph.initializers:
                self.wires[name] = self.graph.add_const(name, as_tensor(graph.initializers[name]))
            elif name in sources:
                self.wires[name] = self.graph.add_source(name, input_fact(sources[name], self.symbols))
            elif name in self.outer:
                fact = self.outer[name]
                self.wires[name] = self.graph.add_source(name, Fact(fact.dt, fact.shape, fact.konst))
            else:
                raise Rejected(f"value {name} is defined nowhere")
        except Rejected as refusal:
            raise Unsupported("", name, str(refusal), refusal.way_out) from refusal
        except (Uncertain, OpenSize, UnknownForm, ValuesAbsent) as doubt:
            raise Unmodelled.because("", name, doubt) from doubt

    # --- nodes

    def _translate_node(self, node: NodeDef, infos: Mapping[str, ValueInfo]) -> None:
        label = node_label(node)
        try:
            outlets = self._wire(node, label)
            named = [name for name in node.outputs if name]
            if len(outlets) != len(named):
                raise Rejected(f"has {len(named)} outputs where EZKL expects {len(outlets)}")
            for name, outlet in zip(named, outlets, strict=True):
                if outlet is None:
                    continue
                check_declared(infos.get(name), self.graph.fact(outlet), self.symbols)
                self.wires[name] = outlet
        except Rejected as refusal:
            raise Unsupported(node.op_type, label, str(refusal), refusal.way_out) from refusal
        except ShapeMismatch as mismatch:
            raise Unsupported(node.op_type, label, str(mismatch)) from mismatch
        except (Uncertain, CannotEvaluate, ValuesAbsent, OpenSize, UnknownForm) as doubt:
            raise Unmodelled.because(node.op_type, label, doubt) from doubt

    def _wire(self, node: NodeDef, label: str) -> Sequence[Outlet | None]:
        function = translator(node.op_type)
        if function is None:
            raise Rejected(NO_SUCH_OPERATOR)
        inputs, closures = self._inputs(node)
        constants = self._constants(node, inputs, closures)
        if constants is not None:
            values = self._fold(node, label, constants)
            if values is not None:
                return [self.graph.add_const(f"{label}.{i}", value) for i, value in enumerate(values)]
        if label in self._names:
            raise Rejected(f"two nodes are called {label}", "give every node a name of its own")
        self._names.add(label)
        return function(self._call(self.graph, node, label, inputs, closures))

    def _inputs(self, node: NodeDef) -> tuple[tuple[Outlet | None, ...], dict[str, Outlet]]:
        inputs = tuple(self._wire_of(name) if name else None for name in node.inputs)
        closures = {name: self._wire_of(name) for name in closure_names(node)}
        return inputs, closures

    def _wire_of(self, name: str) -> Outlet:
        if name not in self.wires:
            raise Rejected(f"reads {name}, which EZKL does not compute")
        return self.wires[name]

    def _constants(
        self, node: NodeDef, inputs: Sequence[Outlet | None], closures: Mapping[str, Outlet]
    ) -> list[Tensor | None] | None:
        """The values of all inputs, when there are some and all are constant."""
        if closures or not any(outlet is not None for outlet in inputs) or node.op_type in _NEVER_FOLDED:
            return None
        values = [None if outlet is None else self.graph.fact(outlet).konst for outlet in inputs]
        known = all(v is not None or o is None for v, o in zip(values, inputs, strict=True))
        return values if known else None

    def _fold(self, node: NodeDef, label: str, constants: Sequence[Tensor | None]) -> list[Tensor] | None:
        """What tract's eager evaluation makes of a node on constants; None where it does not fold."""
        aside = Graph()
        inputs = tuple(
            None if value is None else _hold(aside, f"{label}.{slot}", value)
            for slot, value in enumerate(constants)
        )
        function = translator(node.op_type)
        assert function is not None
        outlets = function(self._call(aside, node, label, inputs, {}))
        wired = [outlet for outlet in outlets if outlet is not None]
        if len(wired) < len(outlets):
            return None
        try:
            values = evaluate_graph(aside, wired)
        except CannotEvaluate:
            return None
        if node.op_type != "Identity" and any(_holds_nan(value) for value in values):
            if any(value is not None and value.volume == 0 for value in constants):
                raise Uncertain("its constant result holds NaN, made of no elements")
            # tract computes a constant node twice and wants both results equal, which NaN never is
            raise Rejected("its constant result holds NaN", "replace the node by a constant without NaN")
        return values

    def _call(
        self,
        graph: Graph,
        node: NodeDef,
        label: str,
        inputs: tuple[Outlet | None, ...],
        closures: dict[str, Outlet],
    ) -> Call:
        return Call(
            graph=graph,
            node=_as_read(node),
            name=label,
            opset=self.opset,
            inputs=inputs,
            closures=closures,
            main=self.main,
            translate_body=self._translate_body,
        )

    def _translate_body(self, body: GraphDef, inputs: Sequence[Fact]) -> Graph:
        """A subgraph with the facts its inputs are given; outer values it reads are inputs after them."""
        outer = {**self.outer, **{name: self.graph.fact(outlet) for name, outlet in self.wires.items()}}
        worker = _Worker(self.opset, outer, symbols=self.symbols)
        infos = [i for i in body.inputs if i.name not in body.initializers]
        for info, fact in zip(infos, inputs, strict=True):
            worker.wires[info.name] = worker.graph.add_source(info.name, Fact(fact.dt, fact.shape))
        worker.translate_graph(body, free_names(body))
        return worker.graph


_NEVER_FOLDED = (
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Multinomial",
    "Scan",
)


def evaluate_graph(graph: Graph, outlets: Sequence[Outlet]) -> list[Tensor]:
    """The values of wires of a graph whose leaves are all constant.

    Raises:
        CannotEvaluate: an operation does not fold.
    """
    graph.outputs = list(outlets)
    values: dict[Outlet, Tensor] = {}
    for node_id in graph.eval_order():
        node = graph.nodes[node_id]
        if isinstance(node.op, Const):
            results = [node.op.tensor]
        else:
            results = evaluate(node.op, [values[outlet] for outlet in node.inputs])
        for slot, result in enumerate(results):
            values[(node_id, slot)] = result
    return [values[outlet] for outlet in outlets]


_OF_NO_KIND: Any = object()


def _as_read(node: NodeDef) -> NodeDef:
    """The node with something of no kind that a translator expects in place of what tells no kind.

    tract compares the kind that an attribute tells with the one it looks for (`onnx/src/pb_helpers.rs`).
    """
    if not node.kindless:
        return node
    return replace(node, attributes={**node.attributes, **dict.fromkeys(node.kindless, _OF_NO_KIND)})


def _holds_nan(tensor: Tensor) -> bool:
    return tensor.dt in ("f16", "f32", "f64") and tensor.has_values and bool(np.isnan(tensor.array).any())


def _hold(graph: Graph, name: str, tensor: Tensor) -> Outlet:
    """A constant of its own, never merged with an equal one."""
    return graph.add_node(name, Const(tensor=tensor), [Fact.of(tensor)]), 0
