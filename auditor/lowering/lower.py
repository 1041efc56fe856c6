"""The stage as a whole: translate, declutter, build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.circuit import Circuit, RunArgs
from auditor.lowering.declutter import declutter
from auditor.lowering.declutter.optimizer import EndlessRewriting
from auditor.lowering.errors import Unmodelled, Unsupported, ValuesAbsent
from auditor.lowering.graph.evaluate import CannotEvaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Loop
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.nodes.build import build
from auditor.lowering.translate.driver import translate
from auditor.lowering.translate.registry import Rejected, Uncertain
from auditor.model.graph import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """A circuit, and what is known about every ONNX value that was translated: type, shape, constant."""

    circuit: Circuit
    facts: Mapping[str, Fact]


def lower(model: Model, run_args: RunArgs) -> Lowering:
    """The circuit of a model whose input dimensions are bound.

    Raises:
        Unsupported: EZKL certainly rejects the model.
        Unmodelled: something in the model is not modelled exactly.
    """
    try:
        translation = translate(model)
        graph = translation.graph
        facts = {name: graph.fact(outlet) for name, outlet in translation.wires.items()}
        declutter(graph)
        return Lowering(circuit=build(graph, run_args, translation.operators), facts=facts)
    except Rejected as refusal:
        raise Unsupported("", "", str(refusal), refusal.way_out) from refusal
    except (ShapeMismatch, Loop) as refusal:
        raise Unsupported("", "", str(refusal)) from refusal
    except (Uncertain, CannotEvaluate, ValuesAbsent, EndlessRewriting) as doubt:
        raise Unmodelled.because("", "", doubt) from doubt
