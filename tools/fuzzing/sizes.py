"""The names that a model gives to the sizes of its inputs, with numbers for them."""

from __future__ import annotations

import random
from pathlib import Path

_SIZES = (1, 2, 3, 3, 4, 7, 16)
_PASSED_OVER = 0.15


def named_sizes(path: Path, rng: random.Random) -> dict[str, int]:
    """A number for each size without a default, now and then for none of them."""
    from auditor.errors import AuditorError
    from auditor.model import open_dimensions, read_source

    try:
        opened = open_dimensions(read_source(path).model)
    except AuditorError:
        return {}
    if rng.random() < _PASSED_OVER:
        return {}
    return {item.name: rng.choice(_SIZES) for item in opened if item.default is None}
