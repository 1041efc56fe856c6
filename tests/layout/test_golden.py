"""Tiny circuits against the sizes the real EZKL gave for them (see ``regenerate.py``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from auditor.circuit.size import CircuitSize
from auditor.layout import LayoutError, lay_out
from tests.layout.circuit_json import load_circuit
from tests.layout.settings import sizes_of


class Case(Struct, frozen=True, kw_only=True):
    """One graph under one set of run args; ``sizes`` is None where EZKL rejects it."""

    name: str
    graph: dict[str, Any]
    run_args: dict[str, Any]
    sizes: dict[str, Any] | None

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.run_args.items())])

    def lay_out(self) -> CircuitSize:
        return lay_out(load_circuit(self.graph, self.run_args))


def read_cases() -> Iterator[Case]:
    for line in Path(__file__).with_name("golden.jsonl").read_text(encoding="utf-8").splitlines():
        model = json.loads(line)
        for layout in model["layouts"]:
            graph = model["graphs"][layout["graph"]]
            yield Case(
                name=model["name"], graph=graph, run_args=layout["run_args"], sizes=layout.get("sizes")
            )


CASES = list(read_cases())
ACCEPTED = [case for case in CASES if case.sizes is not None]
REJECTED = [case for case in CASES if case.sizes is None]


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_every_size_equals_ezkls(case: Case) -> None:
    assert sizes_of(case.lay_out()) == case.sizes


@pytest.mark.parametrize("case", REJECTED, ids=str)
def test_what_ezkl_rejects_is_rejected(case: Case) -> None:
    with pytest.raises(LayoutError):
        case.lay_out()


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_layers_add_up(case: Case) -> None:
    size = case.lay_out()
    rows = sum(layer.num_rows for layer in size.layers)
    assert size.num_rows == max(rows, size.module_sizes.poseidon_rows)
    assert sum(layer.total_assignments for layer in size.layers) == size.total_assignments
    assert sum(layer.total_einsum_col_size for layer in size.layers) == size.total_einsum_col_size
