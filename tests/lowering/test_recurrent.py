"""Recurrent layers and loops: what they compute, before and after rewriting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper

from auditor.lowering.errors import Unsupported
from auditor.lowering.graph.graph import Graph
from auditor.lowering.typed.scan import SCAN, STATE, Scan
from tests.lowering.running import (
    Arrays,
    assert_computes_what_onnx_says,
    decluttered,
    kinds,
    onnx_model,
    run,
    translated,
)

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
FAR_TOO_LARGE_TO_FOLD = 5


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + len(shape)).uniform(-1, 1, shape).astype(np.float32)


def layer(
    kind: str, *, steps: int = 3, batch: int = 2, hidden: int = FAR_TOO_LARGE_TO_FOLD, directions: int = 1,
    bias: bool = True, initial: bool = False, peepholes: bool = False, outputs: str = "Y Y_h",
    **attributes: int,
) -> tuple[ModelProto, Arrays]:  # fmt: skip
    """A recurrent layer and a value for its input."""
    rows = GATES[kind] * hidden
    x = random(steps, batch, 4)
    constants = {"W": random(directions, rows, 4), "R": random(directions, rows, hidden, seed=1)}
    names = ["X", "W", "R", "", "", "", "", ""]
    if bias:
        constants["B"], names[3] = random(directions, 2 * rows), "B"
    for slot, name in ((5, "h"), (6, "c")):
        if initial and (name == "h" or kind == "LSTM"):
            constants[name], names[slot] = random(directions, batch, hidden, seed=slot), name
    if peepholes and kind == "LSTM":
        constants["P"], names[7] = random(directions, 3 * hidden), "P"
    while not names[-1]:
        names.pop()
    node = helper.make_node(kind, names, outputs.split(" "), name="layer", hidden_size=hidden, **attributes)
    model = onnx_model([node], {"X": x}, constants, [name for name in outputs.split(" ") if name])
    return model, {"X": x}


def only_loop(graph: Graph) -> Scan:
    loops = [node.op for node in graph.nodes if isinstance(node.op, Scan)]
    assert len(loops) == 1
    return loops[0]


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(["RNN", "GRU", "LSTM"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["Y Y_h", "Y", " Y_h"]),
    st.integers(1, 2),
    st.sampled_from([2, FAR_TOO_LARGE_TO_FOLD]),
)
def test_a_recurrent_layer_computes_what_onnx_says(
    kind: str, bias: bool, initial: bool, flag: bool, outputs: str, batch: int, hidden: int
) -> None:
    attributes = {"linear_before_reset": int(flag)} if kind == "GRU" else {}
    model, values = layer(
        kind, bias=bias, initial=initial, peepholes=flag, outputs=outputs, batch=batch, hidden=hidden,
        **attributes,
    )  # fmt: skip
    assert_computes_what_onnx_says(model, values)


def test_the_second_direction_reads_the_sequence_backwards() -> None:
    both, values = layer("LSTM", directions=2, direction="bidirectional", outputs="Y")
    y = run(decluttered(both), values)[0]
    node = both.graph.node[0]
    weights = {t.name: t for t in both.graph.initializer}
    assert y.shape == (3, 2, 2, FAR_TOO_LARGE_TO_FOLD)
    one, _ = layer("LSTM", outputs="Y")
    for tensor in one.graph.initializer:
        size = len(weights[tensor.name].raw_data) // 2
        tensor.raw_data = weights[tensor.name].raw_data[size:]
    assert node.op_type == "LSTM"
    backwards = run(decluttered(one), {"X": values["X"][::-1]})[0][::-1]
    assert np.allclose(y[:, 1], backwards[:, 0], atol=1e-6)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_products_with_the_sequence_leave_the_loop(kind: str) -> None:
    model, _ = layer(kind)
    graph = decluttered(model)
    body = kinds(only_loop(graph).body)
    assert body.count("EinSum") == GATES[kind]
    assert kinds(graph).count("EinSum") == GATES[kind]
    assert len(graph.nodes) == len(graph.eval_order())


def test_weights_become_constants_of_the_body() -> None:
    model, _ = layer("RNN", bias=False)
    loop = only_loop(decluttered(model))
    assert {mapping.kind for mapping in loop.input_mapping} == {STATE, SCAN}
    assert len(loop.input_mapping) == 2  # the state, and the product with the sequence


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("RNN", {"hidden": 5, "sequence_lens": [1, 1]}),
        ("LSTM", {"layout": 1}),
    ],
)
def test_what_tract_refuses(kind: str, change: dict[str, object]) -> None:
    lengths = change.pop("sequence_lens", None)
    model, _ = layer(kind, **change)  # type: ignore[arg-type]
    if lengths is not None:
        model.graph.node[0].input.append("lengths")
        model.graph.initializer.append(helper.make_tensor("lengths", TensorProto.INT32, [2], lengths))
    else:
        # a layout with the batch first makes the states' shapes wrong
        model.graph.node[0].input.extend(["", "h"])
        model.graph.initializer.append(helper.make_tensor("h", TensorProto.FLOAT, [1, 1, 5], [0.0] * 5))
    with pytest.raises(Unsupported):
        translated(model)


# --- sums and loops


@given(st.integers(0, 2), st.booleans(), st.booleans())
@settings(max_examples=12, deadline=None)
def test_a_cumulative_sum_is_a_loop(axis: int, exclusive: bool, reverse: bool) -> None:
    node = helper.make_node("CumSum", ["x", "axis"], ["y"], exclusive=int(exclusive), reverse=int(reverse))
    x = random(2, 3, 4)
    model = onnx_model([node], {"x": x}, {"axis": np.array(axis, dtype=np.int64)}, ["y"])
    assert_computes_what_onnx_says(model, {"x": x})
    assert "Scan" in kinds(decluttered(model))


def test_a_loop_of_constants_folds_while_the_file_is_read() -> None:
    w = random(2, 3)
    nodes = [
        helper.make_node("CumSum", ["w", "axis"], ["sums"]),
        helper.make_node("Add", ["x", "sums"], ["y"]),
    ]
    model = onnx_model(nodes, {"x": w}, {"w": w, "axis": np.array(1, dtype=np.int64)}, ["y"])
    graph = translated(model)
    assert kinds(graph) == ["Binary"]
    assert np.allclose(run(graph, {"x": w})[0], w + np.cumsum(w, axis=1))


def scan_model(*, declared: tuple[int, ...] = (2,), axis: int = 0) -> tuple[ModelProto, Arrays]:
    """A sum over slices, scaled by an outer constant, that also gives all sums so far."""
    body = helper.make_graph(
        [
            helper.make_node("Mul", ["next", "factor"], ["scaled"]),
            helper.make_node("Add", ["sum_in", "scaled"], ["sum_out"]),
            helper.make_node("Identity", ["sum_out"], ["all_out"]),
        ],
        "body",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, declared) for n in ("sum_in", "next")],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, declared) for n in ("sum_out", "all_out")],
    )
    node = helper.make_node(
        "Scan", ["start", "x"], ["last", "all"], body=body, num_scan_inputs=1, scan_input_axes=[axis]
    )
    values = {"start": random(2), "x": random(*((3, 2) if axis == 0 else (2, 3)))}
    return onnx_model([node], values, {"factor": random(2, seed=9)}, ["last", "all"]), values


@pytest.mark.parametrize("axis", [0, 1])
def test_a_loop_over_slices_computes_what_its_body_says(axis: int) -> None:
    model, values = scan_model(axis=axis)
    slices = np.moveaxis(values["x"], axis, 0) * random(2, seed=9)
    sums = values["start"] + np.cumsum(slices, axis=0)
    for graph in (translated(model), decluttered(model)):
        last, all_sums = run(graph, values)
        assert np.allclose(last, sums[-1])
        assert np.allclose(all_sums, sums)


def test_a_body_that_declares_other_shapes_is_refused() -> None:
    model, _ = scan_model(declared=(3,))
    with pytest.raises(Unsupported, match="declares"):
        translated(model)


def test_a_state_that_is_collected_too_needs_a_copy() -> None:
    model, _ = scan_model()
    body = model.graph.node[0].attribute[0].g
    body.node.pop()
    body.output[1].name = "sum_out"
    with pytest.raises(Unsupported) as refused:
        translated(model)
    assert "Identity" in refused.value.way_out


def test_a_branch_with_a_constant_condition_is_taken() -> None:
    branches = {
        name: helper.make_graph(
            [helper.make_node(op, ["x", "w"], ["out"])],
            name,
            [],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, (2, 3))],
        )
        for name, op in (("then_branch", "Add"), ("else_branch", "Mul"))
    }
    x, w = random(2, 3), random(3)
    for condition, expected in ((True, x + w), (False, x * w)):
        node = helper.make_node("If", ["condition"], ["y"], **branches)
        model = onnx_model([node], {"x": x}, {"condition": np.array(condition), "w": w}, ["y"])
        graph = decluttered(model)
        assert "IfThenElse" not in kinds(graph)
        assert np.allclose(run(graph, {"x": x})[0], expected)
