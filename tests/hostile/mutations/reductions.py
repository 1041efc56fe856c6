"""Smaller variants of a model."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from google.protobuf.message import DecodeError

from tests.hostile.mutations.fields import is_repeated, parts_of


def reductions(content: bytes) -> Iterator[bytes]:
    """Smaller variants of a model, the boldest first: for whoever looks for the least that still fails."""
    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError:
        model = None
    if model is not None and model.ByteSize():
        for part in range(len(parts_of(model))):
            yield from _smaller(model, part)
    size = max(1, len(content) // 2)
    while size >= 1 and len(content) <= 4000:
        for start in range(0, len(content), size):
            yield content[:start] + content[start + size :]
        size //= 2


def _smaller(model: onnx.ModelProto, index: int) -> Iterator[bytes]:
    part = parts_of(model)[index]
    for field, value in part.ListFields():
        steps: list[int | None] = [None]
        if is_repeated(field):
            steps += range(min(len(value), 50))
        for step in steps:
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            twin = parts_of(copy)[index]
            if step is None:
                twin.ClearField(field.name)
            else:
                del getattr(twin, field.name)[step]
            yield copy.SerializeToString(deterministic=True)
