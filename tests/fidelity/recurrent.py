"""Cases of the rules about recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import helper

from tests.fidelity.building import Case, Example, example, numbers


def recurrent(operator: str, used: Sequence[str] = ("y_h",), **attributes: Any) -> Example:
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[operator]
    weights = {"w": numbers(1, gates * 3, 2), "r": numbers(1, gates * 3, 3) / 2}
    names = ["y", "y_h", "y_c"][: 3 if operator == "LSTM" else 2]
    outputs = [name if name in used else "" for name in names]
    node = helper.make_node(operator, ["x", "w", "r"], outputs, name="node", hidden_size=3, **attributes)
    shapes = {"y": (4, 1, 2, 3), "y_h": (1, 2, 3), "y_c": (1, 2, 3)}
    return example(
        [node], {"x": numbers(4, 2, 2)}, weights, {name: ("float32", shapes[name]) for name in used}
    )


RECURRENT: tuple[Case, ...] = (
    Case(
        rule="AUD-FID-008",
        name="LSTM Y and Y_h",
        wrong=recurrent("LSTM", ("y", "y_h")),
        right=recurrent("LSTM", ("y", "y_h", "y_c")),
    ),
    Case(
        rule="AUD-FID-008",
        name="LSTM Y_c",
        wrong=recurrent("LSTM", ("y_c",)),
        right=recurrent("LSTM", ("y",)),
    ),
    Case(
        rule="AUD-FID-021",
        name="RNN activations",
        wrong=recurrent("RNN", activations=["Relu"]),
        right=recurrent("RNN", activations=["Tanh"]),
    ),
    Case(rule="AUD-FID-021", name="GRU clip", wrong=recurrent("GRU", clip=0.1), right=recurrent("GRU")),
    Case(
        rule="AUD-FID-021",
        name="LSTM input_forget",
        wrong=recurrent("LSTM", input_forget=1),
        right=recurrent("LSTM", input_forget=0),
    ),
    Case(
        rule="AUD-FID-021",
        name="RNN clip of 0",
        wrong=recurrent("RNN", clip=0.0),
        right=recurrent("RNN"),
    ),
)
