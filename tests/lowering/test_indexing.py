"""Indexing and its odd relatives: what they compute, what becomes of them, what EZKL does not take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import NodeProto, helper

from auditor.lowering.errors import Unmodelled, Unsupported
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.array_misc import Compress, NonZero
from auditor.lowering.typed.gather import Gather, GatherElements, GatherNd
from auditor.lowering.typed.one_hot import OneHot
from auditor.lowering.typed.range import Range
from auditor.lowering.typed.resize import Resize
from auditor.lowering.typed.scatter import ScatterElements, ScatterNd
from auditor.lowering.typed.topk import Topk
from auditor.lowering.typed.trilu import Trilu
from tests.lowering.running import assert_computes_what_onnx_says, decluttered, kinds, onnx_model

node: Callable[..., NodeProto] = helper.make_node
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) % 7
IMAGE = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4) % 5


def i64(values: object) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def f32(values: object) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


# --- against ONNX's reference

COMPUTED: dict[str, tuple[NodeProto, dict[str, object]]] = {
    "Gather": (node("Gather", ["x", "i"], ["y"], axis=-1), {"i": i64([[0, -1], [3, 1]])}),
    "Gather, one index": (node("Gather", ["x", "i"], ["y"], axis=1), {"i": i64([-2])}),
    "Gather, int32": (node("Gather", ["x", "i"], ["y"], axis=2), {"i": np.arange(20, dtype=np.int32) % 4}),
    "GatherElements": (node("GatherElements", ["x", "i"], ["y"], axis=1), {"i": np.full((2, 1, 4), -1)}),
    "GatherND": (node("GatherND", ["x", "i"], ["y"]), {"i": i64([[0, 2], [1, 0], [0, 0]])}),
    "GatherND, one tuple": (node("GatherND", ["x", "i"], ["y"]), {"i": i64([[1, 2]])}),
    "ScatterElements": (
        node("ScatterElements", ["x", "i", "u"], ["y"], axis=2),
        {"i": i64([[[0, -1], [2, 0]]]), "u": f32([[[9, 8], [7, 6]]])},
    ),
    "ScatterND": (
        node("ScatterND", ["x", "i", "u"], ["y"]),
        {"i": i64([[1, 0], [0, 2]]), "u": np.full((2, 4), 9, np.float32)},
    ),
    "TopK": (node("TopK", ["x", "k"], ["y", "z"], axis=1), {"k": i64([2])}),
    "TopK, smallest": (node("TopK", ["x", "k"], ["y", "z"], largest=0), {"k": i64([3])}),
    "Trilu": (node("Trilu", ["x", "k"], ["y"], upper=0), {"k": i64(-1)}),
}


@pytest.mark.parametrize("name", COMPUTED)
def test_computes_what_onnx_says(name: str) -> None:
    operator, constants = COMPUTED[name]
    arrays = {key: np.asarray(value) for key, value in constants.items()}
    assert_computes_what_onnx_says(onnx_model([operator], {"x": X}, arrays, operator.output), {"x": X})


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
@pytest.mark.parametrize("nearest_mode", ["floor", "round_prefer_floor", "round_prefer_ceil"])
def test_enlarges_as_onnx_says_inside_the_image(mode: str, coordinates: str, nearest_mode: str) -> None:
    """tract differs at the edges, where it cuts coordinates off, and in rounding whole ones up."""
    operator = node(
        "Resize", ["x", "", "s"], ["y"],
        mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=nearest_mode,
    )  # fmt: skip
    crop = [node("Slice", ["y", "a", "b", "axes"], ["inside"])]
    constants = {"s": f32([1, 1, 2, 2]), "a": i64([2, 2]), "b": i64([6, 6]), "axes": i64([2, 3])}
    model = onnx_model([operator, *crop], {"x": IMAGE}, constants, ["inside"])
    assert_computes_what_onnx_says(model, {"x": IMAGE})


# --- every operation gives the shapes it announces

INDICES = st.integers(-3, 2)


def announced(op: TypedOp, arrays: list[np.ndarray]) -> None:
    """Constant evaluation and facts agree on types and shapes."""
    facts = op.output_facts([Fact.of(Tensor.of(array)) for array in arrays])
    results = op.eval(arrays)
    assert [r.shape for r in results] == [f.shape for f in facts]
    assert [Tensor.of(r).dt for r in results] == [f.dt for f in facts]


@settings(deadline=None, max_examples=40)
@given(st.lists(INDICES, min_size=6, max_size=6), st.integers(0, 1), st.integers(0, 4), st.booleans())
def test_shapes_are_as_announced(numbers: list[int], axis: int, k: int, flag: bool) -> None:
    square = np.arange(9, dtype=np.float32).reshape(3, 3)
    indices = i64(numbers).reshape(2, 3) if axis == 0 else i64(numbers).reshape(3, 2)
    natural = np.abs(indices) % 3
    announced(Gather(axis=axis), [square, indices])
    announced(GatherElements(axis=axis), [square, indices])
    announced(ScatterElements(axis=axis), [square, indices, np.ones(indices.shape, np.float32)])
    announced(Topk(axis=axis, largest=flag, fallback_k=None), [square, i64([k])])
    announced(Trilu(upper=flag), [square, i64(numbers[0])])
    announced(NonZero(), [natural])
    announced(Compress(axis=axis if flag else None), [square, i64(numbers[:3]) > 0])
    announced(OneHot(axis=axis, dim=3, off=scalar(0), on=scalar(1)), [indices])
    if axis == 1:
        announced(GatherNd(batch_dims=0), [square, natural])
        announced(GatherNd(batch_dims=1), [square, natural[:, :1]])
        announced(ScatterNd(), [square, natural, np.ones(3, np.float32)])


def scalar(value: float) -> Tensor:
    return Tensor.scalar(value, "f32")


@given(st.permutations(range(6)), st.booleans())
def test_what_is_scattered_can_be_gathered(order: list[int], nd: bool) -> None:
    data, updates = np.zeros(6, np.float32), np.arange(1, 7, dtype=np.float32)
    indices = i64(order)
    if nd:
        (written,) = ScatterNd().eval([data, indices[:, None], updates])
        (found,) = GatherNd(batch_dims=0).eval([written, indices[:, None]])
    else:
        (written,) = ScatterElements(axis=0).eval([data, indices, updates])
        (found,) = GatherElements(axis=0).eval([written, indices])
    assert np.array_equal(found, updates)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.booleans())
def test_equal_elements_keep_their_order(numbers: list[int], largest: bool) -> None:
    values, indices = Topk(axis=0, largest=largest, fallback_k=None).eval([i64(numbers), i64([len(numbers)])])
    ranked = sorted(enumerate(numbers), key=lambda item: -item[1] if largest else item[1])
    assert list(zip(indices.tolist(), values.tolist(), strict=True)) == ranked


@pytest.mark.parametrize(
    ("op", "arrays"),
    [
        (Gather(axis=0), [X, i64([2])]),
        (Gather(axis=0), [X, i64([-3])]),
        (GatherElements(axis=0), [X, i64([[[2]]])]),
        (GatherNd(batch_dims=0), [X, i64([[-1]])]),  # tract does not count from the end here
        (ScatterNd(), [X, i64([[0, 3]]), np.ones((1, 4), np.float32)]),
        (ScatterElements(axis=0), [X, i64([[[0]]]), i64([[[0]]])]),
        (OneHot(axis=0, dim=3, off=scalar(0), on=scalar(1)), [i64([3])]),
        (Range(), [i64(0), i64(3), f32(1)]),
        (Compress(axis=0), [X, np.array([False, False, True])]),
    ],
)
def test_tract_refuses_to_fold(op: TypedOp, arrays: list[np.ndarray]) -> None:
    with pytest.raises(ShapeMismatch):
        announced(op, [np.asarray(array) for array in arrays])


def test_a_range_adds_its_step_again_and_again() -> None:
    third = f32(1) / f32(3)
    (terms,) = Range().eval([f32(0), f32(100), third])
    expected = f32(0)
    for term in terms:
        assert term == expected
        expected = expected + third


def test_resize_by_a_fraction_cuts_sizes_off() -> None:
    op = Resize(
        axes=None, coord_transformer="Asymmetric", interpolator="Nearest", nearest="Floor",
        optional_roi_input=None, optional_scales_input=1, optional_sizes_input=None,
    )  # fmt: skip
    (fact,) = op.output_facts([Fact("f32", (1, 1, 5, 4)), Fact.of(Tensor.of(f32([1, 1, 1.5, 0.5])))])
    assert fact.shape == (1, 1, 7, 2)


# --- rewriting


@pytest.mark.parametrize(
    ("operator", "index", "expected"),
    [
        ("Gather", i64([1]), ["Slice"]),
        ("Gather", i64(1), ["Gather"]),
        ("Gather", i64([1, 0]), ["Gather"]),
        ("GatherND", i64([[1, 2]]), ["Slice", "Slice", "AxisOp"]),
    ],
)
def test_single_indices_become_slices(operator: str, index: np.ndarray, expected: list[str]) -> None:
    model = onnx_model([node(operator, ["x", "i"], ["y"])], {"x": X}, {"i": np.asarray(index)}, ["y"])
    assert kinds(decluttered(model)) == expected


# --- what EZKL does not take


def judged(nodes: list[NodeProto], opset: int = 17, **constants: object) -> str:
    """The verdict on a model with one input ``x``: accepted, rejected or unsure."""
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    try:
        decluttered(onnx_model(nodes, {"x": X}, arrays, ["y"], opset))
    except (Unsupported, ShapeMismatch):
        return "rejected"
    except Unmodelled:
        return "unsure"
    return "accepted"


def test_the_reader_tells_random_operators_apart_by_name() -> None:
    def like(name: str) -> str:
        return judged([node("RandomNormalLike", ["x"], ["y"], name=name)])

    assert [like("noiseLike"), like("noise"), like("")] == ["accepted", "rejected", "rejected"]


def test_old_opsets_of_resize_want_a_region() -> None:
    factors = f32([1, 2, 2])
    omitted = [node("Resize", ["x", "", "s"], ["y"])]
    given_one = [node("Resize", ["x", "r", "s"], ["y"])]
    region = np.zeros(0, np.float32)
    assert judged(omitted, 11, s=factors) == "rejected"
    assert judged(given_one, 11, s=factors, r=region) == "accepted"
    assert judged(omitted, 13, s=factors) == "accepted"


@pytest.mark.parametrize(
    ("start", "end", "step", "verdict"),
    [
        (i64(0), i64(3), i64(1), "accepted"),
        (i64(3), i64(0), i64(-1), "rejected"),
        (f32(0), f32(3), f32(0.5), "rejected"),
        (f32(0), f32(4), f32(1.5), "rejected"),
        (i64(9), i64(0), i64(-4), "accepted"),
    ],
)
def test_lengths_of_ranges_are_inferred_with_whole_numbers(
    start: object, end: object, step: object, verdict: str
) -> None:
    nodes = [
        node("Range", ["a", "b", "c"], ["r"]),
        node("Shape", ["r"], ["s"]),
        node("Cast", ["s"], ["f"], to=1),
    ]
    assert judged([*nodes, node("Add", ["x", "f"], ["y"])], a=start, b=end, c=step) == verdict


def test_sizes_that_depend_on_values_are_refused_where_they_count() -> None:
    def after(*more: NodeProto) -> str:
        return judged([node("NonZero", ["x"], ["n"]), *more], one=i64(1))

    assert after(node("Transpose", ["n"], ["y"])) == "rejected"
    assert after(node("Shape", ["n"], ["s"]), node("Gather", ["s", "one"], ["y"])) == "unsure"


def test_the_reader_infers_wrong_shapes_of_gather_nd() -> None:
    """They hurt only where another node compares them with the right ones."""

    def gathered(indices: object, *more: NodeProto) -> str:
        return judged([node("GatherND", ["x", "i"], ["n" if more else "y"]), *more], i=indices)

    assert gathered(i64([[1]]), node("Neg", ["n"], ["y"])) == "rejected"
    assert gathered(i64([[1]])) == "accepted"
    assert gathered(i64([[1]]), node("Flatten", ["n"], ["y"])) == "unsure"
    assert gathered(i64([[0, 1], [1, 2]]), node("Neg", ["n"], ["y"])) == "accepted"
    assert gathered(i64([[0, 1, 2]]), node("Neg", ["n"], ["y"])) == "rejected"
