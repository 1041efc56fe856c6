"""Cases of the rules that look at the circuit: loops, merged convolutions, and scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from tests.fidelity.building import Case, Example, example, floats, ints, numbers


def _scan(used: Sequence[str], **attributes: Any) -> Example:
    """Two states, the second of which is the sum of the first and the input before, and an output."""
    names = {"n": ("add", ["s", "i"]), "m": ("mul", ["t", "h"]), "o": ("sub", ["n", "m"])}
    nodes = [
        helper.make_node(name.capitalize(), inputs, [output], name=name)
        for output, (name, inputs) in names.items()
    ]
    info = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "stimno"}
    body = helper.make_graph(nodes, "body", [info[n] for n in "sti"], [info[n] for n in "mno"])
    node = helper.make_node(
        "Scan", ["a", "b", "x"], ["s1", "s2", "y"], name="node", body=body, num_scan_inputs=1, **attributes
    )
    constants = {"a": floats(0.5, 0), "b": floats(1, 0.5), "h": floats(0.5, 0.25)}
    return example([node], {"x": numbers(4, 2)}, constants, {name: ("float32", None) for name in used})


def _recurrent(operator: str, **run_args: int) -> Example:
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[operator]
    weights = {"w": numbers(1, gates * 3, 2), "r": numbers(1, gates * 3, 3) / 2}
    node = helper.make_node(operator, ["x", "w", "r"], ["y"], name="node", hidden_size=3)
    return example([node], {"x": numbers(4, 2, 2)}, weights, run_args=run_args)


def _running_sum(values: np.ndarray) -> Example:
    """The sum of a sequence, from a fractional beginning."""
    info = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "sin"}
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "i"], ["n"], name="add")], "body", [info["s"], info["i"]], [info["n"]]
    )
    nodes = [
        helper.make_node("Cast", ["x"], ["z"], name="cast", to=TensorProto.FLOAT),
        helper.make_node("Scan", ["a", "z"], ["y"], name="node", body=body, num_scan_inputs=1),
    ]
    return example(nodes, {"x": values}, {"a": floats(0.5, 0.25)})


def _arithmetic(operator: str, *operands: str) -> Example:
    """A Conv in front of arithmetic with one number for each of its channels."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["conv"], name="conv", strides=[1, 1]),
        helper.make_node(operator, list(operands), ["y"], name="node"),
    ]
    constants = {
        "w": numbers(2, 2, 3, 3), "b": floats(9, 8), "v": floats(1.5, -0.5).reshape(2, 1, 1),
    }  # fmt: skip
    return example(nodes, {"x": numbers(1, 2, 4, 4)}, constants)


def _after_cast(operator: str, inputs: np.ndarray, then: str = "Identity", **attributes: Any) -> Example:
    """A function of integers, or of their sum with 0.5."""
    nodes = [
        helper.make_node("Cast", ["x"], ["cast"], name="cast", to=TensorProto.FLOAT),
        helper.make_node(then, ["cast", "half"] if then == "Add" else ["cast"], ["z"], name="then"),
        helper.make_node(operator, ["z"], ["y"], name="node", **attributes),
    ]
    return example(nodes, {"x": inputs}, {"half": np.float32(0.5)} if then == "Add" else None)


def _mask_scattered(operator: str, indices: np.ndarray, then: str) -> Example:
    """The results of a comparison written among fractional numbers."""
    nodes = [
        helper.make_node("Greater", ["x", "zero"], ["mask"], name="greater"),
        helper.make_node("Cast", ["mask"], ["number"], name="cast", to=TensorProto.FLOAT),
        helper.make_node(then, ["number", "half"] if then == "Add" else ["number"], ["u"], name="then"),
        helper.make_node(operator, ["x", "i", "u"], ["y"], name="node"),
    ]
    constants = {"zero": np.float32(0), "half": np.float32(0.5), "i": indices}
    return example(nodes, {"x": floats(1.5, -0.5, 0.5, -1.5)}, constants)


LOOPS_AND_SCALES: tuple[Case, ...] = (
    *(
        Case(
            rule="AUD-FID-008",
            name=f"Scan {' and '.join(used)}",
            wrong=_scan(used),
            right=_scan(("s1", "s2", "y")),
        )
        for used in (("s2",), ("y",), ("s2", "y"))
    ),
    Case(
        rule="AUD-FID-010",
        name="Scan of a reversed input",
        wrong=_scan(("s1", "s2", "y"), scan_input_directions=[1]),
        right=_scan(("s1", "s2", "y"), scan_input_directions=[0]),
    ),
    Case(
        rule="AUD-FID-010",
        name="Scan of a reversed output",
        wrong=_scan(("s1", "s2", "y"), scan_output_directions=[1]),
        right=_scan(("s1", "s2"), scan_output_directions=[1]),
    ),
    Case(
        rule="AUD-FID-035",
        name="Sub of a Conv",
        wrong=_arithmetic("Sub", "v", "conv"),
        right=_arithmetic("Sub", "conv", "v"),
    ),
    Case(
        rule="AUD-FID-035",
        name="Div by a Conv",
        wrong=_arithmetic("Div", "v", "conv"),
        right=_arithmetic("Div", "conv", "v"),
    ),
    *(
        Case(
            rule="AUD-FID-037",
            name=f"{operator} of integers",
            wrong=_after_cast(operator, values),
            right=_after_cast(operator, values, "Add"),
        )
        for operator, values in (
            ("Sigmoid", ints(2, 0, 1, -3)),
            ("Exp", ints(2, 0, 1, -3)),
            ("Log", ints(2, 5, 1, 3)),
            ("Sqrt", ints(2, 5, 1, 3)),
            ("Tanh", ints(2, 0, 1, -3)),
            ("Softmax", ints(2, 0, 1, -3)),
            ("Elu", ints(2, 0, 1, -1)),
            ("HardSwish", ints(2, 0, 1, -2)),
        )
    ),
    Case(
        rule="AUD-FID-037",
        name="AveragePool of integers",
        wrong=_after_cast("AveragePool", ints([[1, 2, 4, 4]]), kernel_shape=[2], strides=[1]),
        right=_after_cast("AveragePool", ints([[1, 2, 4, 4]]), "Add", kernel_shape=[2], strides=[1]),
    ),
    *(
        Case(
            rule="AUD-FID-038",
            name=f"{operator} of a mask",
            wrong=_mask_scattered(operator, indices, "Identity"),
            right=_mask_scattered(operator, indices, "Add"),
        )
        for operator, indices in (
            ("ScatterElements", ints(1, 0, 3, 2)),
            ("ScatterND", ints([1], [0], [3], [2])),
        )
    ),
    *(
        Case(
            rule="AUD-FID-039",
            name=f"{operator} of integers",
            effect="no witness",
            wrong=_after_cast(operator, ints(2, -1)),
            right=_after_cast(operator, ints(2, -1), "Add"),
        )
        for operator in ("Ceil", "Floor", "Round")
    ),
    *(
        Case(
            rule="AUD-FID-040",
            name=f"{operator} with {name}",
            wrong=_recurrent(operator, **wrong),
            right=_recurrent(operator),
        )
        for operator in ("RNN", "GRU", "LSTM")
        for name, wrong in (
            ("input_scale above param_scale", {"input_scale": 12, "param_scale": 9}),
            ("scale_rebase_multiplier 2", {"scale_rebase_multiplier": 2, "decomp_legs": 4}),
        )
    ),
    Case(
        rule="AUD-FID-040",
        name="Scan over integers",
        wrong=_running_sum(ints([1, 2], [3, 4])),
        right=_running_sum(floats([1, 2], [3, 4])),
    ),
)
