"""The two ends of a circuit: what goes in and what comes out, in fixed point."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from auditor.circuit import Circuit, CircuitNode, ops


class OutputForm(Struct, frozen=True, kw_only=True):
    """An output of the circuit: its name in the model, its shape, and the base-2 exponent of its scale."""

    name: str
    shape: tuple[int, ...]
    scale: int


class InputForm(Struct, frozen=True, kw_only=True):
    """An input of the circuit. ``decomposed``: its digits are checked, so that it must fit the legs."""

    scale: int
    decomposed: bool


def output_forms(circuit: Circuit, names: Sequence[str]) -> tuple[OutputForm, ...]:
    """Every output, with the names that the model has for them."""
    nodes = {node.id: node for node in circuit.graph.nodes}
    forms = []
    for (id_, slot), name in zip(circuit.graph.outputs, names, strict=True):
        node = nodes[id_]
        if isinstance(node, CircuitNode):
            shape, scale = node.shape, node.scale
        else:
            shape, scale = node.out_shapes[slot], node.out_scales[slot]
        forms.append(OutputForm(name=name, shape=tuple(shape), scale=scale))
    return tuple(forms)


def input_scales(circuit: Circuit) -> tuple[int, ...]:
    """The base-2 exponent of the scale of every input."""
    return tuple(form.scale for form in input_forms(circuit))


def input_forms(circuit: Circuit) -> tuple[InputForm, ...]:
    """Every input."""
    nodes = {node.id: node for node in circuit.graph.nodes}
    forms = []
    for id_ in circuit.graph.inputs:
        node = nodes[id_]
        assert isinstance(node, CircuitNode), "no input is a loop"
        assert isinstance(node.op, ops.Input)
        forms.append(InputForm(scale=node.scale, decomposed=node.op.decompose))
    return tuple(forms)
