"""Loops of the model: the shortcut over iterations against laying out each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.circuit import (
    Circuit,
    CircuitNode,
    Graph,
    InputMapping,
    OutputMapping,
    RunArgs,
    SubCircuit,
    ops,
)
from auditor.layout import LayoutError, lay_out
from auditor.layout.region import Region
from tests.layout.circuit_json import load_circuit
from tests.layout.settings import sizes_of

SMALL = ({"num_inner_cols": 1, "logrows": 6}, {"num_inner_cols": 3, "logrows": 6}, {})


def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the region run every iteration."""

    def repeat(region: Region, count: int, body: Callable[[], Any]) -> Any:
        results = [body() for _ in range(count)]
        return results[0]

    monkeypatch.setattr(Region, "repeat", repeat)


def node(node_id: int, op: ops.Op, inputs: tuple[int, ...], shape: tuple[int, ...]) -> CircuitNode:
    outlets = tuple((source, 0) for source in inputs)
    return CircuitNode(id=node_id, op=op, inputs=outlets, shape=shape, scale=7, uses=2)


def scan(iterations: int, *, body_op: ops.Op | None = None, state: int = 3, **run_args: Any) -> Circuit:
    """A running, rectified sum of the rows of an (iterations, 3) input."""
    source = ops.Input(scale=7, datum_type="F32", decompose=True)
    plain = ops.Input(scale=7, datum_type="F32", decompose=False)
    body = Graph(
        nodes=(
            node(0, plain, (), (1, 3)),
            node(1, plain, (), (1, 3)),
            node(2, ops.Add(), (0, 1), (1, 3)),
            node(3, body_op or ops.LeakyReLU(slope=0.0, scale=7), (2,), (1, 3)),
        ),
        inputs=(0, 1),
        outputs=((3, 0), (3, 0)),
    )
    loop = SubCircuit(
        id=2,
        body=body,
        inputs=((0, 0), (1, 0)),
        input_mappings=(InputMapping(kind="Stacked"), InputMapping(kind="State")),
        output_mappings=(
            (OutputMapping(kind="Single", outlet=0, is_state=True),),
            (OutputMapping(kind="Stacked", outlet=1, is_state=False),),
        ),
        out_shapes=((1, 3), (iterations, 3)),
        out_scales=(7, 7),
    )
    graph = Graph(
        nodes=(node(0, source, (), (iterations, 3)), node(1, source, (), (1, state)), loop),
        inputs=(0, 1),
        outputs=((2, 1),),
    )
    return Circuit(graph=graph, run_args=RunArgs(**run_args), front_end="onnx")


@pytest.mark.parametrize("run_args", SMALL)
@pytest.mark.parametrize("iterations", [1, 2, 3, 50])
@pytest.mark.parametrize("body_op", [None, ops.ReduceMax(axes=(0,))])
def test_a_shortcut_changes_nothing(
    body_op: ops.Op | None,
    iterations: int,
    run_args: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    circuit = scan(iterations, body_op=body_op, **run_args)
    quick = lay_out(circuit)
    step_by_step(monkeypatch)
    assert lay_out(circuit) == quick


def test_a_million_iterations_cost_a_million_times_one() -> None:
    sizes = [lay_out(scan(count, output_visibility="private")).layers for count in (2, 1_000_000)]
    each = sizes[0][-1].total_assignments / 2
    assert sizes[1][-1].operator == "Scan"
    assert sizes[1][-1].total_assignments == pytest.approx(1_000_000 * each, rel=1e-2)


def test_the_stacked_output_has_all_iterations() -> None:
    assert lay_out(scan(40)).model_instance_shapes[-1] == (40, 3)


def test_a_state_must_keep_its_shape() -> None:
    with pytest.raises(LayoutError, match="reshape"):
        lay_out(scan(4, state=1))


GOLDEN = Path(__file__).with_name("golden.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", GOLDEN, ids=lambda line: str(json.loads(line)["name"]))
def test_every_golden_circuit_step_by_step(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = json.loads(line)
    step_by_step(monkeypatch)
    for layout in model["layouts"]:
        if "sizes" in layout:
            circuit = load_circuit(model["graphs"][layout["graph"]], layout["run_args"])
            assert sizes_of(lay_out(circuit)) == layout["sizes"]
