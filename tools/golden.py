"""Writes the golden truth that the differential tests use where EZKL is not installed.

    python -m tools.golden

``tests/differential/golden.json`` holds EZKL's answer to seeded random models and a slice of ONNX's node
tests. Models are not stored: each is made again from its seed or name, and told by a hash of its graph.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import onnx
from msgspec import Struct

from tests import families
from tests.families import nodes
from tools.compare import ezkl_fields
from tools.truth import REPOSITORY, Case, Truth, ezkl_version, find_truth

FILE = REPOSITORY / "tests" / "differential" / "golden.json"
RANDOM_SEEDS = tuple(range(5000, 5088))
"""Outside the seeds of ``tools.accuracy``."""

NODE_STRIDE = 16
"""Every sixteenth node test: about 118 of 1,884."""


class Golden(Struct, frozen=True, kw_only=True):
    """EZKL's recorded answer; ``fields`` is None when it rejects. ``graph`` is the hash of the graph."""

    id: str
    graph: str
    run_args: Mapping[str, Any]
    fields: dict[str, Any] | None


def cases() -> Iterator[Case]:
    """The models of the golden file, made anew."""
    for seed in RANDOM_SEEDS:
        one = families.random_model(seed)
        yield Case(id=one.name, model=one.model, run_args=one.run_args)
    yield from node_cases()


@cache
def node_cases() -> tuple[Case, ...]:
    """The slice of ONNX's node tests."""
    return tuple(Case(id=name, model=model) for name, model in list(nodes.collect())[::NODE_STRIDE])


def graph_hash(model: bytes) -> str:
    """A hash of what the model computes, whatever wrote the file."""
    graph = onnx.load_from_string(model).graph
    return hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()[:16]


def read(file: Path = FILE) -> tuple[str, list[Golden]]:
    """EZKL's version and the recorded answers."""
    record = json.loads(file.read_text())
    return record["ezkl"], [Golden(**one) for one in record["cases"]]


def golden(case: Case, truth: Truth) -> Golden:
    """The record of one answer."""
    fields = None if truth.settings is None else ezkl_fields(truth.settings)
    return Golden(id=case.id, graph=graph_hash(case.model), run_args=dict(case.run_args), fields=fields)


def main() -> None:
    """Asks EZKL and writes the file; models it dies on are left out."""
    found = [golden(case, truth) for case, truth in find_truth(cases()) if truth.accepted is not None]
    found.sort(key=lambda one: one.id)
    lines = [
        json.dumps({"id": g.id, "graph": g.graph, "run_args": g.run_args, "fields": g.fields}) for g in found
    ]
    body = ",\n".join(lines)
    FILE.write_text(f'{{"ezkl": "{ezkl_version()}", "cases": [\n{body}\n]}}\n')
    accepted = sum(one.fields is not None for one in found)
    print(f"{len(found)} cases, {accepted} accepted, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
