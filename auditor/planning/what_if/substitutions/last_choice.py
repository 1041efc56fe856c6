"""The choice of a class: anyone can make it who sees the scores."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.model.graph import NodeDef, ValueInfo
from auditor.planning.what_if.change import Change
from auditor.planning.what_if.edit import pruned
from auditor.planning.what_if.substitutions import substitution
from auditor.planning.what_if.view import View

_CHOICES = ("ArgMax", "ArgMin", "TopK", "Hardmax")
_PASSING = ("Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")


@substitution
def choose_outside(view: View) -> Iterator[Change]:
    """The scores as output instead of the chosen, or of nothing where they are an output already."""
    outputs: dict[str, ValueInfo] = {}
    operators: list[str] = []
    for info in view.model.graph.outputs:
        choice = _choice(view, info.name)
        if choice is None:
            outputs.setdefault(info.name, info)
            continue
        scores = choice.inputs[0]
        if scores in view.model.graph.initializers or any(
            scores == given.name for given in view.model.graph.inputs
        ):
            return
        operators.append(choice.op_type)
        outputs.setdefault(scores, ValueInfo(name=scores, dtype="float", shape=None))
    if operators:
        graph = replace(view.model.graph, outputs=tuple(outputs.values()))
        yield Change(
            title=f"{' and '.join(dict.fromkeys(operators))} removed from the output",
            caution="same choice, made outside of the proof from the scores: anyone can check it",
            model=pruned(replace(view.model, graph=graph), view.model),
        )


def _choice(view: View, name: str) -> NodeDef | None:
    """The node that chooses, when nothing is computed from what it chose."""
    while True:
        choice = view.producer(name, *_CHOICES)
        node = view.producer(name, *_PASSING)
        if choice is not None or node is None:
            return choice
        name = node.inputs[0]
