"""The Llama-class generator beside what all architectures are tested for: its layers, and EZKL accepts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples.graphs import llama
from samples.graphs.graph import trained_parameters
from tools.truth import Case, ezkl_version, find_truth

TINY = llama.Config(layers=2, hidden=16, heads=2, intermediate=24, vocabulary=20, sequence=4, weights=True)


def test_a_closed_form_counts_the_same() -> None:
    """Touvron et al. (2023), table 2: 6.7B."""
    assert trained_parameters(llama.llama(llama.Config())) == llama.parameter_count(llama.Config())


def test_layers_repeat() -> None:
    one, three = (len(llama.llama(llama.Config(layers=count)).graph.node) for count in (1, 3))
    nodes_per_layer = (three - one) // 2
    assert one + 2 * nodes_per_layer == three
    assert nodes_per_layer > 30


@pytest.mark.skipif(ezkl_version() is None, reason="ezkl is not installed (extra `prove`)")
def test_ezkl_accepts_a_tiny_one(tmp_path: Path) -> None:
    case = Case(id="tiny", model=llama.llama(TINY).SerializeToString())
    ((_, truth),) = find_truth([case], cache_directory=tmp_path)
    assert truth.status == "accepted", truth.reason
