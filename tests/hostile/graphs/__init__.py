"""Hostile as graphs: inputs, names, headers, wiring, functions, subgraphs, and sheer numbers of nodes."""

from __future__ import annotations

from tests.hostile.graphs.bodies import FUNCTIONS, SUBGRAPHS
from tests.hostile.graphs.headers import HEADERS
from tests.hostile.graphs.inputs import INPUTS
from tests.hostile.graphs.names import NAMES
from tests.hostile.graphs.wiring import WIRING

GROUPS = {
    "input": INPUTS,
    "name": NAMES,
    "header": HEADERS,
    "wiring": WIRING,
    "function": FUNCTIONS,
    "subgraph": SUBGRAPHS,
}

HEAVY = frozenset({
    "100000-nodes", "10000-inputs", "2000-outputs", "concatenates-itself-20000-times",
    "doc-string-of-megabytes",
})  # fmt: skip
