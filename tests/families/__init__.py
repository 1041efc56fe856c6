"""Seeded random ONNX models of realistic families, with random run args.

``random_model(seed)`` is a pure function of the seed: the same models on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import onnx
from msgspec import Struct

from tests.families import (
    cnn,
    einsum,
    indexing,
    mlp,
    multi,
    plumbing,
    reductions,
    rnn,
    run_args,
    tabular,
    transformer,
    vision,
)

FAMILIES: dict[str, Callable[[random.Random], onnx.ModelProto]] = {
    "cnn": cnn.build,
    "mlp": mlp.build,
    "transformer": transformer.build,
    "rnn": rnn.build,
    "tabular": tabular.build,
    "vision": vision.build,
    "reductions": reductions.build,
    "plumbing": plumbing.build,
    "indexing": indexing.build,
    "multi": multi.build,
    "einsum": einsum.build,
}
"""Name to generator; seeds go round them so that a range of seeds holds each equally often."""


class RandomModel(Struct, frozen=True, kw_only=True):
    """A generated model and the run args it is to be laid out with."""

    name: str
    family: str
    model: bytes
    run_args: dict[str, Any]


def random_model(seed: int) -> RandomModel:
    """The model of a seed: ``<family>_<seed>``."""
    names = list(FAMILIES)
    family = names[seed % len(names)]
    rng = random.Random(seed)
    model = FAMILIES[family](rng)
    return RandomModel(
        name=f"{family}_{seed}",
        family=family,
        model=model.SerializeToString(deterministic=True),
        run_args=run_args.build(rng),
    )
