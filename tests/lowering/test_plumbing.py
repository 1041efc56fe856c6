"""Reshapes, slices and their relatives: against numpy, and unchanged by decluttering."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.lowering.declutter import declutter
from auditor.lowering.errors import Unsupported
from auditor.lowering.graph.axis_op import move, perm_to_changes
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.reshaping import reshape_to_changes, target_shape
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.driver import translate
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.concat import Concat
from auditor.lowering.typed.pad import Pad
from auditor.lowering.typed.plumbing import Const, change_array
from auditor.lowering.typed.slice import Slice
from auditor.lowering.typed.strided_slice import StridedSlice
from auditor.lowering.typed.tile import Tile
from auditor.model.graph import AttributeValue, GraphDef, Model, NodeDef, TensorData, ValueInfo

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def numbered(shape: Sequence[int]) -> np.ndarray:
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


# --- reshapes and transpositions are sequences of changes


@given(st.permutations([2, 3, 2, 1, 1]), st.sets(st.integers(1, 4)), st.integers(0, 3))
def test_a_reshape_is_made_by_its_changes(sizes: list[int], cuts: set[int], ones: int) -> None:
    bounds = [0, *sorted(cuts), len(sizes)]
    wanted = [int(np.prod(sizes[a:b])) for a, b in pairwise(bounds)]
    wanted[min(ones, len(wanted)) : 0] = [1] * ones
    array = numbered(sizes)
    for change in reshape_to_changes(tuple(sizes), wanted):
        array = change_array(array, change)
    assert np.array_equal(array, numbered(wanted))


@pytest.mark.parametrize(
    ("shape", "wanted", "target"),
    [
        ((2, 3, 4), (0, -1), (2, 12)),
        ((2, 3, 4), (-1, 0), (6, 4)),  # tract copies from the right where the inferred size is before
        ((2, 3, 4), (4, -1, 2), (4, 3, 2)),
        ((0, 3), (0, 3), (0, 3)),
        ((5,), (1, 5, 1), (1, 5, 1)),
    ],
)
def test_copied_and_inferred_sizes(
    shape: tuple[int, ...], wanted: tuple[int, ...], target: tuple[int, ...]
) -> None:
    assert target_shape(shape, wanted) == target


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((6,), (4,)), ((6,), (3,)), ((4,), (-1, 3)), ((2, 3), (6, 0)), ((2,), (-1, -1)), ((0,), (0, -1))],
)
def test_reshapes_that_tract_does_not_find(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    with pytest.raises(ShapeMismatch):
        reshape_to_changes(shape, wanted)


@given(st.permutations(range(5)))
def test_a_transposition_is_made_by_its_moves(perm: list[int]) -> None:
    array = numbered((1, 2, 3, 4, 5))
    for change in perm_to_changes(perm):
        array = change_array(array, change)
    assert np.array_equal(array, numbered((1, 2, 3, 4, 5)).transpose(perm))


# --- slices

BOUNDS = st.integers(-9, 9)


@given(st.integers(1, 6), BOUNDS, BOUNDS, st.sampled_from([-3, -2, -1, 1, 2, 3]))
def test_a_slice_is_numpys_or_refused_as_inside_out(size: int, begin: int, end: int, step: int) -> None:
    data = numbered((2, size))
    bounds = [np.array([value], dtype=np.int64) for value in (begin, end, 1, step)]
    op = StridedSlice(optional_axes_input=3, optional_steps_input=4)
    expected = data[:, begin:end:step]
    try:
        graph = Graph()
        inputs = [graph.add_const(f"c{i}", Tensor.of(array)) for i, array in enumerate([data, *bounds])]
        shape = graph.fact(graph.wire_node("slice", op, inputs)[0]).shape
    except ShapeMismatch:
        assert expected.size == 0
    else:
        assert shape == expected.shape
        assert np.array_equal(op.eval([data, *bounds])[0], expected)


@pytest.mark.parametrize("end", [2**63 - 1, -(2**63), -(2**63) + 1, 2**31 - 1])
def test_exporters_ends_mean_all_of_it(end: int) -> None:
    bounds = [np.array([value], dtype=np.int64) for value in (-1, end, 0, -1)]
    op = StridedSlice(optional_axes_input=3, optional_steps_input=4)
    assert op.eval([numbered((4,)), *bounds])[0].tolist() == [3, 2, 1, 0]


# --- decluttering


def run(graph: Graph, values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """What a graph computes."""
    known: dict[Outlet, np.ndarray] = {}
    for node_id in graph.eval_order():
        node = graph.nodes[node_id]
        if (node_id, 0) in graph.inputs:
            results = [values[node.name]]
        elif isinstance(node.op, Const):
            results = [node.op.tensor.array]
        else:
            results = node.op.eval([known[outlet] for outlet in node.inputs])
        known.update({(node_id, slot): result for slot, result in enumerate(results)})
    return [known[outlet] for outlet in graph.outputs]


@st.composite
def operations(draw: st.DrawFn, shape: tuple[int, ...]) -> TypedOp:
    """An operation on one wire of a shape."""
    rank = len(shape)
    axis = draw(st.integers(0, rank - 1))
    kind = draw(st.sampled_from(["slice", "pad", "tile", "axes"]))
    if kind == "slice":
        start = draw(st.integers(0, shape[axis] - 1))
        return Slice(axis=axis, start=start, end=draw(st.integers(start + 1, shape[axis])))
    if kind == "pad":
        pads = tuple((int(a == axis), draw(st.integers(0, 1))) for a in range(rank))
        return Pad(pads=pads, mode="constant", fill=None)
    if kind == "tile":
        return Tile(multipliers=tuple(1 + (a == axis) for a in range(rank)))
    perm = list(draw(st.permutations(range(rank))))
    changes = perm_to_changes(perm) or reshape_to_changes(shape, [int(np.prod(shape)), 1])
    return AxisOp(changes[0] if changes else move(0, 0))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A chain of operations with branches that are joined again."""
    shape = draw(SHAPES)
    graph = Graph()
    wires = [graph.add_source("x", Fact("f32", shape))]
    for index in range(draw(st.integers(1, 7))):
        wire = draw(st.sampled_from(wires))
        same = [w for w in wires if graph.fact(w).shape == graph.fact(wire).shape]
        if len(same) > 1 and draw(st.booleans()):
            axis = draw(st.integers(0, graph.fact(wire).rank - 1))
            wires += graph.wire_node(f"n{index}", Concat(axis=axis), same[:2])
            continue
        sizes = graph.fact(wire).shape
        if int(np.prod(sizes)) > 200:
            continue
        wires += graph.wire_node(f"n{index}", draw(operations(sizes)), [wire])
    graph.outputs = draw(st.lists(st.sampled_from(wires), min_size=1, max_size=2, unique=True))
    return graph


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_decluttering_keeps_what_is_computed(graph: Graph) -> None:
    x = numbered(graph.fact(graph.inputs[0]).shape)
    before = run(graph, {"x": x})
    declutter(graph)
    after = run(graph, {"x": x})
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


# --- translation


def model(
    nodes: Sequence[NodeDef], constants: Mapping[str, np.ndarray], inputs: Mapping[str, tuple[int, ...]],
    output: str = "y", opset: int = 17,
) -> Model:  # fmt: skip
    """A model of float inputs."""
    names = {"float32": "float", "int64": "int64"}
    initializers = {
        name: TensorData(name=name, dtype=names[str(a.dtype)], shape=a.shape, load=loader(a))
        for name, a in constants.items()
    }
    graph = GraphDef(
        name="g", nodes=tuple(nodes),
        inputs=tuple(ValueInfo(name=name, dtype="float", shape=shape) for name, shape in inputs.items()),
        outputs=(ValueInfo(name=output, dtype=None, shape=None),),
        initializers=initializers, value_infos={},
    )  # fmt: skip
    return Model(
        path="m.onnx", sha256="", file_bytes=0, ir_version=8, producer="", opsets={"": opset}, graph=graph
    )


def loader(array: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: array


def node(op_type: str, inputs: str, outputs: str, **attributes: AttributeValue) -> NodeDef:
    outs = tuple(outputs.split())
    return NodeDef(
        name=f"node_{outs[0]}", op_type=op_type, domain="", inputs=tuple(inputs.split()), outputs=outs,
        attributes=attributes,
    )  # fmt: skip


def shape_and_ops(made: Model) -> tuple[tuple[int, ...], list[str]]:
    graph = translate(made).graph
    declutter(graph)
    return graph.fact(graph.outputs[0]).shape, [type(n.op).__name__ for n in graph.nodes]


def test_a_shape_computed_from_a_shape_is_constant() -> None:
    made = model(
        [
            node("Shape", "x", "s"),
            node("Slice", "s zero one", "batch"),
            node("Concat", "batch rest", "wanted", axis=0),
            node("Reshape", "x wanted", "y"),
        ],
        {"zero": np.array([0]), "one": np.array([1]), "rest": np.array([-1])},
        {"x": (2, 3, 4)},
    )
    assert shape_and_ops(made) == ((2, 12), ["Source", "AxisOp"])


def test_dimensions_and_integers_join_as_dimensions() -> None:
    made = model(
        [node("Shape", "x", "s"), node("Concat", "s c", "y", axis=-1)], {"c": np.array([7])}, {"x": (2, 3)}
    )
    translation = translate(made)
    fact = translation.graph.fact(translation.wires["y"])
    assert fact.dt == "tdim"
    assert fact.konst is not None
    assert fact.konst.array.tolist() == [2, 3, 7]


def test_parts_joined_again_need_no_split() -> None:
    made = model(
        [
            node("Split", "x", "a b", axis=1),
            node("Concat", "a b", "j", axis=1),
            node("Slice", "j s e a1", "y"),
        ],
        {"s": np.array([0]), "e": np.array([3]), "a1": np.array([1])},
        {"x": (2, 6)},
    )
    assert shape_and_ops(made) == ((2, 3), ["Source", "Slice"])


@pytest.mark.parametrize(
    ("nodes", "opset"),
    [
        ([node("Squeeze", "x", "y", axes=(2, 0))], 11),  # tract wants axes in order
        ([node("Squeeze", "x", "y")], 11),
        ([node("Dropout", "x", "d m"), node("Identity", "m", "y")], 12),
        ([node("Unsqueeze", "x axes", "y")], 13),
        ([node("Pad", "x", "y", pads=(0,) * 6, mode="wrap")], 10),
        ([node("Transpose", "x", "y", perm=(0, 1))], 17),
        ([node("Split", "x", "y z", split=(1, 2), axis=1)], 11),
        ([node("Constant", "", "y", value_ints=(1, 2))], 17),
    ],
)
def test_what_tract_refuses(nodes: list[NodeDef], opset: int) -> None:
    constants = {"axes": np.array([0, 0])}
    with pytest.raises(Unsupported):
        translate(model(nodes, constants, {"x": (1, 2, 1)}, opset=opset))


def test_an_unread_mask_does_no_harm() -> None:
    made = model([node("Dropout", "x", "y mask")], {}, {"x": (3,)}, opset=10)
    assert shape_and_ops(made) == ((3,), ["Source"])
