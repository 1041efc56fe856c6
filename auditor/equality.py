"""Equality of structs in which some fields make no difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compared_without(*unseen: str) -> tuple[Callable[[Any, object], bool], Callable[[Any], int]]:
    """``__eq__`` and ``__hash__`` of a struct that looks at all its fields but these: how values are loaded,
    which node they came from."""

    def seen(struct: Any) -> tuple[object, ...]:
        return tuple(getattr(struct, name) for name in struct.__struct_fields__ if name not in unseen)

    def equal(struct: Any, other: object) -> bool:
        return type(struct) is type(other) and seen(struct) == seen(other)

    def hashed(struct: Any) -> int:
        return hash(seen(struct))

    return equal, hashed
