"""Bounds that hold for every input of a box: never too narrow, exact for a point, wider for a wider box."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from auditor.circuit import Circuit, CircuitNode, RunArgs, ops
from auditor.circuit.ops import Op
from auditor.forward import Needs, Overflow, Unmodelled, forward
from auditor.forward.ledger import Ledger
from auditor.forward.rules import apply_rule
from auditor.forward.sound import Bounds, bounds
from auditor.forward.sound.rules import apply_bound, operations_with_bounds
from auditor.lowering.errors import LoweringError, Unsupported
from tests import families
from tests.forward.circuits import as_run_args, circuit_of

SAMPLES = Path(__file__).parents[2] / "samples"
SEEDS = range(9000, 9088)
POINTS = 60

Box = tuple[list[np.ndarray], list[np.ndarray]]


def cover(found: Bounds, needs: Needs) -> bool:
    """Whether every row stays within the bounds."""
    return (
        found.decomposed >= int(needs.decomposed.max())
        and found.lookup_low <= int(needs.lookup_low.min())
        and found.lookup_high >= int(needs.lookup_high.max())
        and set(found.rounded) == set(needs.rounded)
        and all(found.rounded[base] >= largest for base, largest in needs.rounded.items())
    )


def contains(wide: Bounds, narrow: Bounds) -> bool:
    return (
        wide.decomposed >= narrow.decomposed
        and wide.lookup_low <= narrow.lookup_low
        and wide.lookup_high >= narrow.lookup_high
        and all(wide.rounded[base] >= largest for base, largest in narrow.rounded.items())
    )


# --- every operation -----------------------------------------------------------------------------


def test_every_operation_has_a_rule() -> None:
    classes = {
        value
        for value in vars(ops).values()
        if inspect.isclass(value) and issubclass(value, Op) and value is not Op
    }
    assert operations_with_bounds() == classes


def outcome(op: Op, low: Sequence[Any], high: Sequence[Any]) -> tuple[np.ndarray, Bounds]:
    """What a rule makes of intervals, and what it notes."""
    ledger = Ledger(2)
    ends = zip(low, high, strict=True)
    inputs = [np.array([a] if np.array_equal(a, b) else [a, b], dtype=np.int64) for a, b in ends]
    result = apply_bound(op, inputs, ledger)
    needs = ledger.needs()
    return result, Bounds(
        decomposed=int(needs.decomposed.max()),
        lookup_low=int(needs.lookup_low.min()),
        lookup_high=int(needs.lookup_high.max()),
        rounded=needs.rounded,
    )


UNARY: list[tuple[Op, int, int]] = [
    (ops.Neg(), -40, 40),
    (ops.Abs(), -40, 40),
    (ops.Sign(), -3, 3),
    (ops.Pow(exponent=1), -40, 40),
    (ops.Pow(exponent=2), -40, 40),
    (ops.Pow(exponent=3), -40, 40),
    (ops.LeakyReLU(slope=0.0, scale=4), -40, 40),
    (ops.LeakyReLU(slope=0.3, scale=4), -40, 40),
    (ops.LeakyReLU(slope=-0.3, scale=4), -40, 40),
    (ops.Div(denominator=1.0), -40, 40),
    (ops.Div(denominator=7.0), -40, 40),
    (ops.Div(denominator=8.0), -40, 40),
    (ops.Div(denominator=-8.0), -40, 40),
    (ops.Div(denominator=0.5), -40, 40),
    (ops.Div(denominator=-2.5), -40, 40),
    (ops.Recip(input_scale=16.0, output_scale=32.0, epsilon=2.0**-20), -40, 40),
    (ops.Recip(input_scale=4.0, output_scale=4.0, epsilon=2.0**-20), -40, 40),
    (ops.Sqrt(scale=16.0), -20, 60),
    (ops.Sqrt(scale=256.0), -5, 60),
    (ops.Rsqrt(input_scale=16.0, output_scale=16.0, epsilon=2.0**-20), -20, 60),
    (ops.Ln(scale=8.0, epsilon=2.0**-20), 1, 50),
    (ops.Ln(scale=2.0, epsilon=2.0**-20), 1, 50),
    (ops.Floor(scale=8.0, legs=3), -40, 40),
    (ops.Ceil(scale=8.0, legs=3), -40, 40),
    (ops.Round(scale=8.0, legs=3), -40, 40),
    (ops.RoundHalfToEven(scale=8.0, legs=3), -40, 40),
    (ops.RoundHalfToEven(scale=8.0, legs=1), -7, 7),
    (ops.Round(scale=1.0, legs=3), -5, 5),
    (ops.OneHot(dim=0, num_classes=4), -2, 6),
    (ops.Not(), 0, 1),
    *(
        (ops.Lookup(function=name, parameters=(16.0,)), -40, 40)
        for name in ("Sigmoid", "Tanh", "Erf", "HardSwish", "Sin", "Cos", "Tan", "ATan", "Sinh", "Cosh")
    ),
    (ops.Lookup(function="ASin", parameters=(16.0,)), -20, 20),
    (ops.Lookup(function="Exp", parameters=(16.0, 2.7182817459106445)), -40, 40),
    (ops.Lookup(function="Exp", parameters=(16.0, 0.5)), -40, 40),
    (ops.Lookup(function="Pow", parameters=(16.0, 0.5)), -5, 40),
    (ops.Lookup(function="PowersOfTwo", parameters=(16.0,)), -10, 10),
    (ops.Lookup(function="IsOdd"), -5, 5),
]


@pytest.mark.parametrize(("op", "first", "last"), UNARY, ids=lambda value: str(value))
def test_of_one_number_all_results_are_known(op: Op, first: int, last: int) -> None:
    """Against every number of every interval: the result is exact, and what is decomposed nearly so."""
    every = np.arange(first, last + 1)[:, None]
    ledger = Ledger(len(every))
    results = apply_rule(op, [every], ledger)
    needs = ledger.needs()
    for low in range(first, last + 1):
        for high in sorted({low, low + 1, low + 2, *range(low, last + 1, 11), last}):
            if high > last:
                continue
            result, found = outcome(op, [[low]], [[high]])
            inside = slice(low - first, high - first + 1)
            assert np.array_equal(result[0], results[inside].min(axis=0)), (low, high)
            assert np.array_equal(result[-1], results[inside].max(axis=0)), (low, high)
            most = int(needs.decomposed[inside].max())
            assert most <= found.decomposed <= 2 * most + 8, (low, high)
            assert found.lookup_low <= int(needs.lookup_low[inside].min()), (low, high)
            assert found.lookup_high >= int(needs.lookup_high[inside].max()), (low, high)


def einsum(equation: str) -> ops.Einsum:
    return ops.Einsum(equation=equation)


CONV: dict[str, Any] = {"padding": ((1, 0), (0, 1)), "stride": (1, 2), "data_format": "NCHW"}
BOOLEAN, SMALL, WIDE = (0, 1), (-9, 9), (-300, 300)

ANY: list[tuple[Op, list[tuple[tuple[int, ...], tuple[int, int]]]]] = [
    (ops.Add(), [((3, 4), SMALL), ((3, 1), SMALL)]),
    (ops.Sub(), [((3, 4), SMALL), ((3,), SMALL)]),
    (ops.Mult(), [((3, 4), SMALL), ((1, 4), SMALL)]),
    (ops.Max(), [((3, 4), SMALL), ((3, 4), SMALL)]),
    (ops.Min(), [((4,), SMALL), ((1,), SMALL)]),
    (ops.Greater(), [((4,), SMALL), ((4,), SMALL)]),
    (ops.GreaterEqual(), [((4,), SMALL), ((1,), SMALL)]),
    (ops.Less(), [((4,), SMALL), ((4,), SMALL)]),
    (ops.LessEqual(), [((1,), SMALL), ((4,), SMALL)]),
    (ops.Equals(), [((4,), (-2, 2)), ((4,), (-2, 2))]),
    (ops.And(), [((4,), BOOLEAN), ((4,), BOOLEAN)]),
    (ops.Or(), [((4,), BOOLEAN), ((4,), BOOLEAN)]),
    (ops.Or(), [((4,), (-2, 2)), ((4,), (-2, 2))]),
    (ops.Xor(), [((4,), BOOLEAN), ((4,), BOOLEAN)]),
    (ops.Xor(), [((4,), (-2, 2)), ((4,), (-2, 2))]),
    (ops.Iff(), [((3, 4), BOOLEAN), ((3, 4), SMALL), ((3, 1), SMALL)]),
    (ops.Iff(), [((4,), (-2, 2)), ((4,), SMALL), ((4,), SMALL)]),
    (einsum("ab->ba"), [((2, 3), SMALL)]),
    (einsum("mk,kn->mn"), [((2, 3), SMALL), ((3, 2), SMALL)]),
    (einsum("bmk,bkn->bmn"), [((2, 2, 3), WIDE), ((2, 3, 2), WIDE)]),
    (einsum("a,a,a->"), [((3,), SMALL), ((3,), SMALL), ((3,), SMALL)]),
    (ops.Conv(group=1, kernel_format="OIHW", **CONV), [((1, 2, 4, 5), SMALL), ((3, 2, 2, 2), SMALL)]),
    (
        ops.Conv(group=2, kernel_format="OIHW", **CONV),
        [((1, 2, 4, 5), SMALL), ((2, 1, 2, 2), SMALL), ((2,), SMALL)],
    ),
    (
        ops.DeConv(group=1, kernel_format="OIHW", output_padding=(0, 0), **CONV),
        [((1, 2, 3, 3), SMALL), ((2, 2, 2, 2), SMALL), ((2,), SMALL)],
    ),
    (ops.SumPool(kernel_shape=(2, 2), normalized=True, **CONV), [((1, 2, 4, 5), WIDE)]),
    (ops.MaxPool(pool_dims=(2, 2), **CONV), [((1, 2, 4, 5), WIDE)]),
    (ops.Sum(axes=(1,)), [((3, 4), SMALL)]),
    (ops.Prod(axes=(0, 1), len_prod=6), [((2, 3), SMALL)]),
    (ops.MeanOfSquares(axes=(1,)), [((3, 4), WIDE)]),
    (ops.ReduceMax(axes=(1,)), [((3, 4), WIDE)]),
    (ops.ReduceMin(axes=(0, 2)), [((2, 2, 3), WIDE)]),
    (ops.ReduceArgMax(dim=1), [((3, 4), (-2, 2))]),
    (ops.ReduceArgMin(dim=0), [((9, 2), BOOLEAN)]),
    (ops.TopK(dim=1, k=2, largest=True), [((3, 4), WIDE)]),
    (ops.TopK(dim=1, k=3, largest=False), [((3, 4), WIDE)]),
    (
        ops.Softmax(input_scale=16.0, output_scale=16.0, axes=(1,), epsilon=2.0**-20),
        [((3, 4), (-60, 60))],
    ),
    (
        ops.Softmax(input_scale=16.0, output_scale=16.0, axes=(1,), epsilon=2.0**-20),
        [((3, 1), (-60, 60))],
    ),
    (ops.Ln(scale=64.0, epsilon=2.0**-20), [((5,), (2, 5000))]),
    (ops.Recip(input_scale=128.0, output_scale=128.0, epsilon=2.0**-20), [((5,), WIDE)]),
    (ops.Sqrt(scale=128.0), [((5,), (-50, 20000))]),
    (ops.Div(denominator=48.0), [((5,), (-(1 << 40), 1 << 40))]),
    (ops.Div(denominator=3.0), [((5,), (-(1 << 61), 1 << 61))]),
    (ops.Lookup(function="HardSwish", parameters=(2.0**17,)), [((5,), (-(1 << 20), 1 << 20))]),
    (ops.Lookup(function="ATan", parameters=(2.0**17,)), [((5,), (-(1 << 20), 1 << 20))]),
    (ops.Lookup(function="Sin", parameters=(2.0**17,)), [((5,), (-(1 << 20), 1 << 20))]),
    (ops.Lookup(function="Tanh", parameters=(2.0**26,)), [((5,), (-(1 << 29), 1 << 29))]),
    (ops.Gather(dim=1, index=None), [((3, 4), SMALL), ((2,), (0, 3))]),
    (ops.Gather(dim=0, index=None), [((3, 4), SMALL), ((2,), (-1, 4))]),
    (ops.Gather(dim=0, index=np.array([2, 0])), [((3, 4), SMALL)]),
    (ops.GatherElements(dim=1, index=None), [((3, 4), (3, 9)), ((3, 2), (-1, 9))]),
    (ops.GatherND(batch_dims=0, index=None), [((3, 4), SMALL), ((2, 1), (0, 2))]),
    (ops.ScatterElements(dim=0, index=None), [((9,), SMALL), ((3,), (0, 8)), ((3,), SMALL)]),
    (ops.ScatterElements(dim=0, index=np.array([2, 0])), [((9,), SMALL), ((2,), SMALL)]),
    (ops.ScatterND(index=None), [((3, 4), SMALL), ((2, 2), (0, 2)), ((2,), SMALL)]),
    (ops.OneHot(dim=1, num_classes=3), [((4,), (-1, 3))]),
    (ops.Concat(axis=1), [((2, 2), SMALL), ((2, 3), SMALL)]),
    (ops.Pad(padding=((1, 0), (0, 2))), [((2, 2), (3, 9))]),
    (ops.Rescaled(inner=ops.Sub(), multipliers=((0, 1), (1, 4))), [((3,), SMALL), ((3,), SMALL)]),
    (
        ops.RebaseScale(
            inner=ops.Mult(),
            rebase=ops.Div(denominator=4.0),
            target_scale=0,
            original_scale=2,
            multiplier=4.0,
        ),
        [((3,), SMALL), ((3,), SMALL)],
    ),
]


@pytest.mark.parametrize(("op", "inputs"), ANY, ids=lambda value: value.name if isinstance(value, Op) else "")
def test_results_and_needs_stay_within_bounds(op: Op, inputs: Any) -> None:
    """Random intervals, some of them points, and random numbers inside; then the same for wider ones."""
    rng = np.random.default_rng(1)
    for _ in range(12):
        low, high = [], []
        for shape, (first, last) in inputs:
            a, b = (rng.integers(first, last + 1, shape) for _ in range(2))
            known = rng.uniform(size=shape) < rng.choice([0.0, 0.3, 1.0], p=[0.5, 0.3, 0.2])
            low.append(np.minimum(a, b))
            high.append(np.where(known, np.minimum(a, b), np.maximum(a, b)))
        result, found = outcome(op, low, high)
        points = [points_of(a, b, rng) for a, b in zip(low, high, strict=True)]
        ledger = Ledger(POINTS)
        exact = apply_rule(op, points, ledger)
        assert exact.shape[1:] == result.shape[1:]
        assert (result[0] <= exact).all()
        assert (exact <= result[-1]).all()
        assert cover(found, ledger.needs())
        least = [np.maximum(a - 2, first) for a, (_, (first, _)) in zip(low, inputs, strict=True)]
        most = [np.minimum(b + 2, last) for b, (_, (_, last)) in zip(high, inputs, strict=True)]
        wider_result, wider = outcome(op, least, most)
        assert (wider_result[0] <= result[0]).all()
        assert (wider_result[-1] >= result[-1]).all()
        assert contains(wider, found)


def points_of(low: np.ndarray, high: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Integers between both ends, the ends and corners among them."""
    inside = rng.integers(low, high + 1, (POINTS - 22, *low.shape))
    corners = np.where(rng.integers(0, 2, (20, *low.shape)), low, high)
    return np.concatenate([low[None], high[None], corners, inside])


def test_products_with_a_known_operand_are_exact() -> None:
    left, right = [[3, -2]], [[1], [-4]]
    result, _ = outcome(einsum("mk,kn->mn"), [left, [[-1], [-4]]], [left, [[1], [5]]])
    assert result.tolist() == [[[-13]], [[11]]]
    result, _ = outcome(einsum("mk,kn->mn"), [[[0, -5]], right], [[[2, 7]], right])
    assert result.tolist() == [[[-28]], [[22]]]


def test_a_number_times_itself_is_a_square() -> None:
    value = np.array([[-3, 2], [2, 5]])
    assert apply_bound(ops.Mult(), [value, value], Ledger(2)).tolist() == [[0, 4], [9, 25]]
    assert apply_bound(ops.Mult(), [value, value.copy()], Ledger(2)).tolist() == [[-6, 4], [9, 25]]


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(Overflow, match="logarithm of 0"):
        outcome(ops.Ln(scale=8.0, epsilon=1e-9), [[-1]], [[2]])
    with pytest.raises(Unmodelled, match="Tan between"):
        outcome(ops.Lookup(function="Tan", parameters=(16.0,)), [[-(1 << 30)]], [[1 << 30]])
    with pytest.raises(Overflow):
        outcome(ops.Pow(exponent=2), [[0]], [[1 << 32]])
    with pytest.raises(Unmodelled, match="never heard of"):
        outcome(ops.Unknown(reason="never heard of"), [[0]], [[1]])


# --- whole circuits ------------------------------------------------------------------------------


def datum_types(circuit: Circuit) -> list[str]:
    nodes = {node.id: node for node in circuit.graph.nodes if isinstance(node, CircuitNode)}
    sources = [nodes[node_id].op for node_id in circuit.graph.inputs]
    return [source.datum_type for source in sources if isinstance(source, ops.Input)]


def random_box(circuit: Circuit, reach: float, seed: int) -> Box:
    """Numbers within ``reach`` of random ones; integers and booleans stay where they are, or may be any."""
    rng = np.random.default_rng(seed)
    nodes = {node.id: node for node in circuit.graph.nodes if isinstance(node, CircuitNode)}
    low, high = [], []
    for node_id, kind in zip(circuit.graph.inputs, datum_types(circuit), strict=True):
        shape = nodes[node_id].shape
        if kind in ("Bool", "Int", "TDim"):
            most = 1 if kind == "Bool" else 2
            first = rng.integers(0, most + 1, shape).astype(np.float64)
            low.append(np.zeros(shape) if reach > 0.5 else first)
            high.append(np.full(shape, float(most)) if reach > 0.5 else first)
        else:
            centre = rng.standard_normal(shape)
            low.append(centre - reach)
            high.append(centre + reach)
    return low, high


def inputs_of(box: Box, kinds: Sequence[str], seed: int) -> list[np.ndarray]:
    """Inputs inside of a box, its ends and corners among them."""
    rng = np.random.default_rng(seed)
    inputs = []
    for low, high, kind in zip(*box, kinds, strict=True):
        inside = low + rng.uniform(size=(POINTS - 22, *low.shape)) * (high - low)
        if kind in ("Bool", "Int", "TDim"):
            inside = np.round(inside)
        corners = np.where(rng.integers(0, 2, (20, *low.shape)), low, high)
        inputs.append(np.clip(np.concatenate([low[None], high[None], corners, inside]), low, high))
    return inputs


@pytest.fixture(scope="module")
def circuits(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str, Circuit]]:
    folder, found = tmp_path_factory.mktemp("models"), []
    for seed in SEEDS:
        random = families.random_model(seed)
        model = folder / f"{random.name}.onnx"
        model.write_bytes(random.model)
        try:
            found.append((seed, random.name, circuit_of(model, as_run_args(random.run_args))))
        except (LoweringError, Unsupported):
            continue
    return found


def test_no_input_of_a_box_needs_more(circuits: list[tuple[int, str, Circuit]]) -> None:
    bounded = 0
    for seed, name, circuit in circuits:
        for reach in (0.01, 0.2, 1.5):
            box = random_box(circuit, reach, seed)
            try:
                needs = forward(circuit, inputs_of(box, datum_types(circuit), seed)).needs
                found = bounds(circuit, *box)
            except (Unmodelled, Overflow):
                continue
            bounded += 1
            assert cover(found, needs), f"{name} within {reach}"
    assert bounded >= 0.75 * 3 * len(circuits)


def test_the_bounds_of_a_point_are_what_it_needs(circuits: list[tuple[int, str, Circuit]]) -> None:
    for seed, name, circuit in circuits:
        low, high = random_box(circuit, 0.0, seed)
        try:
            needs = forward(circuit, [values[None] for values in low]).needs
        except (Unmodelled, Overflow) as error:
            with pytest.raises(type(error)):
                bounds(circuit, low, high)
            continue
        assert bounds(circuit, low, high) == Bounds(
            decomposed=int(needs.decomposed[0]),
            lookup_low=int(needs.lookup_low[0]),
            lookup_high=int(needs.lookup_high[0]),
            rounded=needs.rounded,
        ), name


def test_a_larger_box_never_needs_less(circuits: list[tuple[int, str, Circuit]]) -> None:
    for seed, name, circuit in circuits:
        inner: Bounds | None = None
        for reach in (0.0, 0.05, 0.4, 1.0):
            low, high = random_box(circuit, reach, seed)
            try:
                outer = bounds(circuit, low, high)
            except (Unmodelled, Overflow):
                break
            assert inner is None or contains(outer, inner), f"{name} within {reach}"
            inner = outer


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SAMPLES.glob("*/model.onnx")))
def test_samples(name: str) -> None:
    circuit = circuit_of(SAMPLES / name / "model.onnx", RunArgs(input_scale=11, param_scale=11))
    given = json.loads((SAMPLES / name / "input.json").read_text())["input_data"]
    shapes = {node.id: node.shape for node in circuit.graph.nodes if isinstance(node, CircuitNode)}
    pairs = zip(circuit.graph.inputs, given, strict=True)
    centre = [np.asarray(values).reshape(shapes[node_id]) for node_id, values in pairs]
    box = [values - 0.02 for values in centre], [values + 0.02 for values in centre]
    needs = forward(circuit, inputs_of(box, datum_types(circuit), 1)).needs
    assert cover(bounds(circuit, *box), needs)


def test_a_box_has_its_low_end_below_its_high_end(circuits: list[tuple[int, str, Circuit]]) -> None:
    low, high = random_box(circuits[0][2], 1.0, 0)
    with pytest.raises(ValueError, match="low end"):
        bounds(circuits[0][2], high, low)


def test_hashed_outlets_are_not_modelled(circuits: list[tuple[int, str, Circuit]]) -> None:
    circuit = circuits[0][2]
    run_args = replace(circuit.run_args, input_visibility="hashed/private/0")
    with pytest.raises(Unmodelled, match="visibility"):
        bounds(replace(circuit, run_args=run_args), *random_box(circuit, 1.0, 0))
