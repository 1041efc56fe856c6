"""The stage as a whole: translate, declutter, build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit import Circuit, RunArgs
from auditor.lowering.declutter import declutter
from auditor.lowering.declutter.optimizer import EndlessRewriting
from auditor.lowering.errors import (
    LoweringError,
    Rejected,
    TooLarge,
    Uncertain,
    Unmodelled,
    Unsupported,
    ValuesAbsent,
)
from auditor.lowering.graph.allowance import allowance
from auditor.lowering.graph.concretize import bound, concretize
from auditor.lowering.graph.dim import is_open
from auditor.lowering.graph.evaluate import CannotEvaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Loop, Outlet
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.nodes.build import build
from auditor.lowering.translate.driver import Translation, translate
from auditor.lowering.typed.plumbing import Const
from auditor.model.graph import Model


class Lowering(Struct, frozen=True, kw_only=True):
    """A circuit, and what is known about every ONNX value that was translated: type, shape, constant."""

    circuit: Circuit
    facts: Mapping[str, Fact]


class TypedModel(Struct, frozen=True, kw_only=True):
    """A model as tract leaves it, which no run arg has touched yet: whoever tries many begins here."""

    graph: Graph
    operators: Mapping[str, str]
    facts: Mapping[str, Fact]

    def circuit(self, run_args: RunArgs) -> Circuit:
        """The circuit for some run args.

        Raises:
            Unsupported: EZKL certainly rejects the model.
            Unmodelled: something in the model is not modelled exactly.
        """
        with _in_words():
            return build(self.graph, run_args, self.operators)


def lower(model: Model, run_args: RunArgs) -> Lowering:
    """The circuit of a model whose input dimensions are bound.

    Raises:
        Unsupported: EZKL certainly rejects the model.
        Unmodelled: something in the model is not modelled exactly.
    """
    typed = type_model(model)
    return Lowering(circuit=typed.circuit(run_args), facts=typed.facts)


def type_model(model: Model) -> TypedModel:
    """The part of :func:`lower` that is the same for all run args. Raises as that does."""
    with _in_words(), allowance(model.file_bytes):
        translation = _translate(model)
        graph = translation.graph
        _refuse_single_nan(graph)
        facts = {name: graph.fact(outlet) for name, outlet in translation.wires.items()}
        if _is_symbolic(graph):
            graph, moved = concretize(graph)
            facts = {name: _fact(graph, moved, facts[name], o) for name, o in translation.wires.items()}
        declutter(graph)
        return TypedModel(graph=graph, operators=translation.operators, facts=facts)


@contextmanager
def _in_words() -> Iterator[None]:
    """What lower stages raise, as what this one promises to raise."""
    try:
        yield
    except Rejected as refusal:
        raise Unsupported("", "", str(refusal), refusal.way_out) from refusal
    except (ShapeMismatch, Loop) as refusal:
        raise Unsupported("", "", str(refusal)) from refusal
    except EndlessRewriting as doubt:  # nor would EZKL come to an end
        raise TooLarge("", "", str(doubt), "write the part that EZKL rewrites in another way") from doubt
    except (Uncertain, CannotEvaluate, ValuesAbsent) as doubt:
        raise Unmodelled.because("", "", doubt) from doubt


def _refuse_single_nan(graph: Graph) -> None:
    """EZKL puts numbers for symbols in every model, and compares each constant with what it was before; tract
    compares constants of one element by value (`core/src/model/fact.rs`, ``uniform``), which NaN fails."""
    for node_id in graph.eval_order():
        op = graph.nodes[node_id].op
        if not isinstance(op, Const) or op.tensor.volume != 1 or not op.tensor.has_values:
            continue
        array = op.tensor.array
        if array.dtype.kind == "f" and np.isnan(array).any():
            name = graph.nodes[node_id].name
            raise Rejected(f"constant {name} is NaN", "train or export the model again, without NaN")


_EQUATE_SIZES = frozenset({"Concat", "Flatten", "Reshape"})
"""Operators whose rules in tract equate sizes: a symbol equals itself, and no number."""


def _translate(model: Model) -> Translation:
    """The translation with symbols for named sizes.

    A refusal is certain where numbers are refused in the same words; else tract may see a symbol otherwise.
    """
    try:
        return translate(model)
    except LoweringError as end:
        if isinstance(end, TooLarge) or not model.bound or str(_end_with_numbers(model)) == str(end):
            raise
        reason = f"{end.reason}; EZKL gives named sizes their numbers only later"
        way_out = "give the inputs of the model fixed sizes when exporting it"
        certain = isinstance(end, Unsupported) and end.operator in _EQUATE_SIZES
        raise (Unsupported if certain else Unmodelled)(end.operator, end.node, reason, way_out) from end


def _end_with_numbers(model: Model) -> LoweringError | None:
    try:
        translate(replace(model, bound={}))
    except LoweringError as end:
        return end
    return None


def _is_symbolic(graph: Graph) -> bool:
    return any(is_open(size) for outlet in graph.inputs for size in graph.fact(outlet).shape)


def _fact(graph: Graph, moved: Mapping[Outlet, Outlet], fact: Fact, outlet: Outlet) -> Fact:
    return graph.fact(moved[outlet]) if outlet in moved else bound(fact)
