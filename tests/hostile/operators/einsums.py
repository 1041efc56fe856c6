"""Equations that say nothing, too much, or something else."""

from __future__ import annotations

import numpy as np

from tests.hostile.making import one


def _einsum(equation: str, count: int = 1, shape: tuple[int, ...] = (2, 2)) -> bytes:
    return one("Einsum", *["x"] * (count - 1), shape=shape, equation=equation)


EINSUMS = {
    "nothing": lambda: _einsum(""),
    "only-an-arrow": lambda: _einsum("->"),
    "two-arrows": lambda: _einsum("ij->ij->ij"),
    "commas": lambda: _einsum(",,,,", 5),
    "too-few-inputs": lambda: _einsum("ij,jk->ik"),
    "too-many-letters": lambda: _einsum("a" * 1000),
    "trace": lambda: _einsum("ii->"),
    "diagonal": lambda: _einsum("ii->i"),
    "diagonal-made": lambda: _einsum("i->ii", shape=(2,)),
    "letter-from-nowhere": lambda: _einsum("ij->ijk"),
    "dots": lambda: _einsum("...ij...->...ji"),
    "many-dots": lambda: _einsum("......->..."),
    "one-dot": lambda: _einsum("i.j->ij"),
    "control-characters": lambda: _einsum("i\x1bj\n::error::->ji"),
    "unicode": lambda: _einsum("αβ->βα"),
    "digits": lambda: _einsum("12->21"),
    "blanks": lambda: _einsum(" i j - > j i "),
    "outer-of-eight": lambda: _einsum(",".join("abcdefgh") + "->abcdefgh", 8, (1000,)),
    "fifty-inputs": lambda: _einsum(",".join(["ij"] * 50) + "->ij", 50),
    "fifty-two-letters": lambda: _einsum(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ->a", shape=(1,) * 52
    ),
    "sixty-four-kilobytes": lambda: _einsum("ij->" + "i" * 65536),
    "sizes-that-differ": lambda: one(
        "Einsum", np.ones((3, 3), np.float32), shape=(2, 2), equation="ij,jk->ik"
    ),
    "not-a-text": lambda: one("Einsum", shape=(2, 2), equation=5),
    "without-equation": lambda: one("Einsum", shape=(2, 2)),
}
