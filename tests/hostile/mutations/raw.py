"""Bytes, changed without knowing what they mean."""

from __future__ import annotations

import random

from tests.hostile.mutations.chosen import INTEGERS
from tests.model.building import varint


def mutate_bytes(content: bytes, donor: bytes, rng: random.Random) -> bytes:
    """Some bytes flipped, cut, repeated, or taken from the donor."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at, kind = rng.randrange(len(changed) + 1), rng.randrange(7)
        size = min(rng.choice((1, 1, 2, 4, 8, 64)), len(changed) - at)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            changed[at : at + size] = b""
        elif kind == 3:
            changed[at:at] = changed[at : at + size] * rng.choice((1, 1, 2, 50))
        elif kind == 4:
            start = rng.randrange(len(donor) + 1)
            changed[at : at + size] = donor[start : start + rng.choice((4, 16, 256))]
        elif kind == 5:
            changed[at : at + size] = varint(rng.choice(INTEGERS))
        elif rng.random() < 0.3:
            del changed[at:]
    return bytes(changed)
