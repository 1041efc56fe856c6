"""Valid models, spoilt: a pure function of the model, a donor and a random generator.

Half-spoilt models reach deeper than garbage does, so most mutations know the fields of ONNX and leave the
rest of the file well-formed; the others change bytes and know nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import onnx
from google.protobuf.message import DecodeError

from tests.hostile.mutations.fields import change_any_field
from tests.hostile.mutations.meaning import (
    change_attribute,
    change_operator,
    change_opset,
    change_shape,
    graft,
    nest,
    rewire,
)
from tests.hostile.mutations.raw import mutate_bytes
from tests.hostile.mutations.reductions import reductions
from tests.hostile.mutations.tensors import change_tensor, make_initializer

__all__ = ["mutate", "reductions"]


Change = Callable[[onnx.ModelProto, onnx.ModelProto, random.Random], None]
_CHANGES: tuple[Change, ...] = (
    change_any_field, rewire, change_operator, change_attribute, change_shape, change_tensor,
    make_initializer, graft, change_opset, nest,
)  # fmt: skip
_WEIGHTS = (5, 3, 2, 5, 4, 4, 4, 2, 1, 0.5)


def mutate(content: bytes, donor: bytes, rng: random.Random) -> bytes:
    """``content`` with a few changes; pieces of ``donor`` may come into it."""
    if rng.random() < 0.2:
        return mutate_bytes(content, donor, rng)
    try:
        model, other = onnx.ModelProto.FromString(content), onnx.ModelProto.FromString(donor)
    except DecodeError:
        return mutate_bytes(content, donor, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        rng.choices(_CHANGES, _WEIGHTS)[0](model, other, rng)
    changed: bytes = model.SerializeToString(deterministic=True)
    return mutate_bytes(changed, donor, rng) if rng.random() < 0.05 else changed
