"""Replacing calls of model-local functions by their bodies, after counting what that would make.

Source: onnx ``FunctionProto`` in onnx.proto; the counting refuses the model whose functions each
call the next one twice before any work is done for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from auditor.errors import BadModel, Undetermined
from auditor.model.graph import AttributeValue, FunctionDef, GraphDef, Model, NodeDef
from auditor.model.limits import MAX_EXPANDED_NODES
from auditor.model.links import all_nodes, describe, subgraphs
from auditor.safe import safe

_MAX_SUBGRAPH_DEPTH = 32
_MAX_PREFIX_LENGTH = 120

Key = tuple[str, str, str]
"""(domain, op type, overload): what a call and a function have in common."""

_Body = tuple[int, int, list[tuple[Key, int]]]
"""(plain nodes, subgraph depth, [(function called, depth of the call)]) of a body."""


class _Weight(Struct, frozen=True, kw_only=True):
    """What one call of a function becomes: nodes and calls, and the deepest nesting of subgraphs."""

    nodes: int
    depth: int


def inline_functions(model: Model) -> Model:
    """The model with calls of its functions replaced by their nodes, under names not yet taken.

    A function written for another operator set version than the model's stays a call, and then
    ``functions`` stay with the model (:func:`opset_conflicts` names it). Raises BadModel when functions
    call each other in a circle, expand to more than 200,000 nodes, or a call does not fit.
    """
    if not model.functions:
        return model
    functions = _by_key(model)
    _check_expansion(model, functions)
    conflicts = opset_conflicts(model)
    expander = _Expander(
        functions={key: function for key, function in functions.items() if key not in conflicts},
        taken=_value_names(model.graph),
    )
    graph = replace(model.graph, nodes=expander.expand(model.graph.nodes, None))
    return replace(model, graph=graph, functions=model.functions if conflicts else ())


def opset_conflicts(model: Model) -> dict[Key, str]:
    """The functions that cannot be inlined because they import another version, and which."""
    conflicts: dict[Key, str] = {}
    for key, function in _by_key(model).items():
        used = {_domain(node.domain) for node in all_nodes(function.nodes)}
        for domain in sorted(used):
            ours, theirs = model.opsets.get(domain), function.opsets.get(domain)
            if ours is not None and theirs is not None and ours != theirs:
                name = domain or "ai.onnx"
                conflicts[key] = f"is written for {safe(name)} {theirs}, the model for {ours}"
    return conflicts


def called_functions(model: Model) -> tuple[FunctionDef, ...]:
    """The functions the graph reaches, directly or through others, in the order of the file."""
    functions = _by_key(model)
    reached: set[Key] = set()
    waiting: list[Sequence[NodeDef]] = [model.graph.nodes]
    while waiting:
        for node in all_nodes(waiting.pop()):
            key = _key(node)
            if key in functions and key not in reached:
                reached.add(key)
                waiting.append(functions[key].nodes)
    return tuple(function for key, function in functions.items() if key in reached)


def _domain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _key(node: NodeDef) -> Key:
    return (_domain(node.domain), node.op_type, node.overload)


def _by_key(model: Model) -> dict[Key, FunctionDef]:
    functions: dict[Key, FunctionDef] = {}
    for function in model.functions:
        key = (_domain(function.domain), function.name, function.overload)
        if key in functions:
            raise BadModel(f"function '{safe(function.name)}' is defined twice", rule="AUD-SEC-015")
        functions[key] = function
    return functions


def _calls(nodes: Sequence[NodeDef], functions: Mapping[Key, FunctionDef]) -> _Body:
    plain = deepest = 0
    calls: list[tuple[Key, int]] = []
    waiting = [(nodes, 0)]
    while waiting:
        body, depth = waiting.pop()
        deepest = max(deepest, depth)
        for node in body:
            if _key(node) in functions:
                calls.append((_key(node), depth))
            else:
                plain += 1
            waiting.extend((graph.nodes, depth + 1) for graph in subgraphs(node))
    return plain, deepest, calls


def _check_expansion(model: Model, functions: Mapping[Key, FunctionDef]) -> None:
    """Weighs every function after those it calls, then the graph; nothing is expanded yet."""
    bodies = {key: _calls(function.nodes, functions) for key, function in functions.items()}
    weights: dict[Key, _Weight] = {}
    for root in functions:
        path: dict[Key, Iterator[Key]] = {}
        _enter(root, bodies, weights, path)
        while path:
            key, callees = next(reversed(path.items()))
            callee = next(callees, None)
            if callee is None:
                del path[key]
                weights[key] = _weigh(bodies[key], weights)
            elif callee in path:
                raise BadModel(f"function '{safe(callee[1])}' calls itself", rule="AUD-SEC-012")
            else:
                _enter(callee, bodies, weights, path)
    total = _weigh(_calls(model.graph.nodes, functions), weights)
    if total.nodes > MAX_EXPANDED_NODES:
        reason = (
            f"its functions expand to {_magnitude(total.nodes)} nodes, the limit is {MAX_EXPANDED_NODES:,}"
        )
        raise BadModel(reason, rule="AUD-SEC-012")
    if total.depth > _MAX_SUBGRAPH_DEPTH:
        raise BadModel(f"its functions nest subgraphs {total.depth} deep", rule="AUD-SEC-013")


def _enter(
    key: Key,
    bodies: Mapping[Key, _Body],
    weights: Mapping[Key, _Weight],
    path: dict[Key, Iterator[Key]],
) -> None:
    if key not in weights:
        path[key] = iter(dict.fromkeys(callee for callee, _ in bodies[key][2]))


def _weigh(body: _Body, weights: Mapping[Key, _Weight]) -> _Weight:
    plain, deepest, calls = body
    nodes = 1 + plain + sum(weights[key].nodes for key, _ in calls)
    depth = max([deepest, *(at + weights[key].depth for key, at in calls)])
    return _Weight(nodes=nodes, depth=depth)


def _magnitude(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"about 10^{len(str(count)) - 1}"


def _value_names(graph: GraphDef) -> set[str]:
    names = {info.name for info in graph.inputs} | set(graph.initializers) | set(graph.sparse_initializers)
    for node in all_nodes(graph.nodes):
        names.update(node.outputs)
        for inner in subgraphs(node):
            names.update(info.name for info in inner.inputs)
            names.update(inner.initializers)
    return names


class _Call(Struct, kw_only=True):
    """One call being expanded: what its formal names and attributes stand for."""

    prefix: str
    names: dict[str, str]
    attributes: Mapping[str, AttributeValue]


class _Expander(Struct, kw_only=True):
    functions: Mapping[Key, FunctionDef]
    taken: set[str]
    calls: int = 0

    def expand(self, nodes: Sequence[NodeDef], call: _Call | None) -> tuple[NodeDef, ...]:
        """``nodes`` with every call replaced; ``call`` renames them (None outside functions)."""
        expanded: list[NodeDef] = []
        waiting: list[tuple[Iterator[NodeDef], _Call | None, list[NodeDef]]] = [(iter(nodes), call, [])]
        while waiting:
            body, current, tail = waiting[-1]
            node = next(body, None)
            if node is None:
                expanded.extend(tail)
                waiting.pop()
                continue
            renamed = self._rename(node, current)
            function = self.functions.get(_key(node))
            if function is None:
                expanded.append(renamed)
            else:
                inner, copies = self._enter(function, renamed)
                waiting.append((iter(function.nodes), inner, copies))
        return tuple(expanded)

    def _enter(self, function: FunctionDef, node: NodeDef) -> tuple[_Call, list[NodeDef]]:
        """The call ``node`` makes, and copies for outputs that are another formal value as well."""
        if len(node.inputs) > len(function.inputs) or len(node.outputs) > len(function.outputs):
            raise BadModel(f"{describe(node)} has more inputs or outputs than the function it calls")
        self.calls += 1
        prefix = f"{node.name or node.op_type}#{self.calls}/"
        if len(prefix) > _MAX_PREFIX_LENGTH:
            prefix = f"#{self.calls}/"
        names = {name: "" for name in function.inputs}
        names.update(zip(function.inputs, node.inputs, strict=False))
        copied: list[tuple[str, str]] = []
        for formal, actual in zip(function.outputs, node.outputs, strict=False):
            if not actual:
                continue
            if formal in names:
                copied.append((formal, actual))
            else:
                names[formal] = actual
        call = _Call(
            prefix=prefix, names=names, attributes={**function.attribute_defaults, **node.attributes}
        )
        return call, [_identity(names[formal], actual, prefix) for formal, actual in copied]

    def _rename(self, node: NodeDef, call: _Call | None) -> NodeDef:
        has_subgraph = next(subgraphs(node), None) is not None
        if call is None and not has_subgraph:
            return node
        attributes = dict(node.attributes)
        if has_subgraph:
            attributes = {name: self._rename_value(value, call) for name, value in attributes.items()}
        if call is None:
            return replace(node, attributes=attributes)
        for name, ref in node.attribute_refs.items():
            if ref in call.attributes:
                attributes[name] = _passed(call.attributes[ref], node)
        return replace(
            node,
            name=call.prefix + node.name if node.name else "",
            inputs=tuple(self._name(name, call) for name in node.inputs),
            outputs=tuple(self._name(name, call) for name in node.outputs),
            attributes=attributes,
            attribute_refs={},
        )

    def _rename_value(self, value: AttributeValue, call: _Call | None) -> AttributeValue:
        if isinstance(value, GraphDef):
            return self._rename_graph(value, call)
        if isinstance(value, tuple) and value and isinstance(value[0], GraphDef):
            return tuple(self._rename_graph(item, call) for item in value if isinstance(item, GraphDef))
        return value

    def _rename_graph(self, graph: GraphDef, call: _Call | None) -> GraphDef:
        nodes = self.expand(graph.nodes, call)
        if call is None:
            return replace(graph, nodes=nodes)

        def renamed(name: str) -> str:
            return self._name(name, call)

        return replace(
            graph,
            nodes=nodes,
            inputs=tuple(replace(info, name=renamed(info.name)) for info in graph.inputs),
            outputs=tuple(replace(info, name=renamed(info.name)) for info in graph.outputs),
            initializers={renamed(name): value for name, value in graph.initializers.items()},
            sparse_initializers={renamed(name): value for name, value in graph.sparse_initializers.items()},
            value_infos={renamed(name): info for name, info in graph.value_infos.items()},
        )

    def _name(self, name: str, call: _Call) -> str:
        """The name a formal name of ``call`` gets. Equal names stay equal and different ones
        different, so the scopes of subgraphs keep their meaning."""
        if not name:
            return ""
        known = call.names.get(name)
        if known is None:
            known = call.prefix + name
            while known in self.taken:
                known += "_"
            self.taken.add(known)
            call.names[name] = known
        return known


def _passed(value: AttributeValue, node: NodeDef) -> AttributeValue:
    """Subgraphs are not passed on: a small file could multiply a large one beyond what was counted."""
    if isinstance(value, GraphDef) or (isinstance(value, tuple) and value and isinstance(value[0], GraphDef)):
        raise Undetermined(f"{describe(node)} takes a subgraph from its caller, which is not supported")
    return value


def _identity(source: str, target: str, prefix: str) -> NodeDef:
    return NodeDef(
        name=f"{prefix}{target}",
        op_type="Identity",
        domain="",
        inputs=(source,),
        outputs=(target,),
        attributes={},
    )
