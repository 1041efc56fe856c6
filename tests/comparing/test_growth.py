"""Sizes of a larger model: at factor 1 the study itself, at others the exact layout of what was scaled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from auditor.comparing import growth
from auditor.comparing.compare import MACHINE
from auditor.comparing.grounds import Grounds, grounds
from auditor.comparing.growth import exponents, grow
from auditor.comparing.report import AXES, Axis, Size
from auditor.layout import lay_out
from auditor.lowering import lower
from auditor.model import Model, parameters
from auditor.options import PlanRequest, Request, parse_request
from auditor.scaling import CannotScale, deepen, lengthen, widen
from auditor.value_shapes import value_shapes
from tests.comparing.running import DIGITS, GRU, SAMPLES, TRANSFORMER, compared, row

Scale = Callable[[Model, Mapping[str, tuple[int, ...]], int], Model]

SCALES: Mapping[Axis, Scale] = {
    "width": lambda model, shapes, factor: widen(model, shapes, Fraction(factor)),
    "depth": deepen,
    "sequence": lengthen,
}


def asked(*assignments: str, planned: bool = False) -> Request:
    return parse_request(
        assignments=assignments, quiet=True, plan=PlanRequest(input=None, seed=0) if planned else None
    )


def studied(path: Path, request: Request) -> Grounds:
    return grounds(path, request, MACHINE, "batch", [])


@pytest.mark.parametrize(
    ("path", "assignments", "planned"),
    [
        (DIGITS, (), False),
        (DIGITS, (), True),
        (DIGITS, ("logrows=20",), False),
        (DIGITS, ("logrows=10",), True),
        (DIGITS, ("num_inner_cols=4", "param_visibility=private"), False),
        (TRANSFORMER, (), False),
        (TRANSFORMER, ("logrows=19",), False),
        (GRU, (), False),
        (SAMPLES / "cancer_mlp" / "model.onnx", (), True),
        (SAMPLES / "cancer_trees" / "model.onnx", (), False),
    ],
)
def test_once_its_size_is_the_study(path: Path, assignments: tuple[str, ...], planned: bool) -> None:
    request = asked(*assignments, planned=planned)
    ground = studied(path, request)
    circuit, files = ground.studied.circuit, ground.studied.sized.artifacts
    assert files is not None
    found = 0
    for axis in AXES:
        along = grow(ground.studied, axis, (1,), ground.priced, given="logrows" in request.given)
        for size in along.sizes:
            found += 1
            assert (size.num_rows, size.logrows) == (circuit.num_rows, circuit.logrows)
            assert size.proving_key_bytes == files.proving_key_bytes
            assert size.parameters == parameters(ground.studied.model)
            now = ground.priced(ground.made, size.parameters, size.macs)
            assert (size.prove_seconds, size.peak_memory_bytes) == (now.prove_seconds, now.peak_memory_bytes)
        assert along.sizes or along.reason
    assert found


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("factor", [2, 3])
def test_n_times_its_size_is_the_layout_of_the_scaled_model(axis: Axis, factor: int) -> None:
    request = asked("logrows=19")
    ground = studied(TRANSFORMER, request)
    model = ground.studied.model
    scaled = SCALES[axis](model, value_shapes(model), factor)
    expected = lay_out(lower(scaled, ground.studied.run_args).circuit)
    (size,) = grow(ground.studied, axis, (factor,), ground.priced, given=True).sizes
    assert (size.num_rows, size.logrows) == (expected.num_rows, 19)
    assert size.parameters == parameters(scaled)
    assert size.reason == ""


def test_what_nobody_chose_follows_the_size() -> None:
    found = compared(DIGITS, "--no-plan", "--way", "ezkl", "--scale-width", "16")
    small, large = found["growth"][0]["sizes"]
    assert small["logrows"] < large["logrows"]
    assert small["num_rows"] == int(
        row(found, "ezkl")["seconds"]["how"].split("(")[1].split()[0].replace(",", "")
    )
    for name in ("parameters", "macs", "num_rows", "proving_key_bytes"):
        assert small[name] < large[name]
    assert small["prove_seconds"]["mid"] < large["prove_seconds"]["mid"]


def test_what_was_given_stays() -> None:
    words = (DIGITS, "--no-plan", "--way", "ezkl", "--scale-width", "2,64", "--set", "logrows=16")
    assert [size["logrows"] for size in compared(*words)["growth"][0]["sizes"]] == [16, 16, 16]


def test_where_what_was_given_is_not_enough_a_larger_size_takes_more() -> None:
    request = asked("logrows=6")
    ground = studied(DIGITS, request)
    small, large = grow(ground.studied, "width", (1, 2), ground.priced, given=True).sizes
    assert ground.studied.sized.system is None
    assert (small.prove_seconds, small.reason) == (None, ground.made.reason)
    assert large.logrows is not None
    assert large.logrows > 6
    assert large.prove_seconds is not None


def test_an_axis_that_the_model_lacks_says_why_and_has_no_sizes() -> None:
    found = compared(DIGITS, "--no-plan", "--way", "ezkl", "--scale-depth", "2", "--scale-sequence", "2")
    for along in found["growth"]:
        assert (along["sizes"], along["exponents"]) == ([], {})
        assert along["reason"]


def test_a_size_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    ground = studied(DIGITS, asked())

    def only_twice(model: Model, shapes: Mapping[str, tuple[int, ...]], factor: int) -> Model:
        if factor > 2:
            raise CannotScale("it is too wide", "take less")
        return widen(model, shapes, Fraction(factor))

    monkeypatch.setitem(growth._SCALED, "width", only_twice)
    found = grow(ground.studied, "width", (2, 4), ground.priced)
    assert [size.reason for size in found.sizes] == ["", "it is too wide; take less"]
    assert found.sizes[1].num_rows is found.sizes[1].prove_seconds is None
    assert grow(ground.studied, "width", (4,), ground.priced).reason == "it is too wide; take less"


def test_exponents_are_those_of_the_law() -> None:
    sizes = [Size(factor=n, parameters=7 * n**2, num_rows=5 * n) for n in (1, 2, 4, 8)]
    found = exponents([*sizes, Size(factor=16, reason="no circuit")])
    assert found == pytest.approx({"parameters": 2.0, "num_rows": 1.0})
    assert exponents(sizes[:1]) == {}


def test_a_model_is_not_made_deeper_than_anybody_would_wait_for() -> None:
    found = compared(TRANSFORMER, "--no-plan", "--way", "ezkl", "--scale-depth", "2,4096")
    (sizes,) = (along["sizes"] for along in found["growth"])
    assert sizes[1]["num_rows"] > sizes[0]["num_rows"]
    assert "nodes" in sizes[2]["reason"]
    assert sizes[2]["num_rows"] is None
