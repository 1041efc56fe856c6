"""Numbers, names and words that somebody may not have thought of."""

from __future__ import annotations

INTEGERS = (
    0, 1, -1, 2, -2, 3, -3, 4, 5, 7, 8, 9, 13, 16, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 1000, 2**15,
    2**16, 2**20, 2**24, 2**31 - 1, 2**31, 2**32, 2**33, 2**40, 2**53, 2**62, 2**63 - 1, -(2**31),
    -(2**63), -100,
)  # fmt: skip
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -7.5, 1e-7, 1e-45, 1e7, 2.0**31, 1e20, 3e38, -3e38,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
NAMES = (
    "",
    "x",
    "y",
    "N",
    "\x1b[2J",
    "a\n::error::b",
    "[/red]",
    "\u202eevil",
    "x" * 5000,
    "../../etc",
    "<b>",
)
STRINGS = (
    "constant", "reflect", "edge", "wrap", "linear", "nearest", "cubic", "SAME_UPPER", "SAME_LOWER", "VALID",
    "NOTSET", "bidirectional", "reverse", "forward", "Relu", "Tanh", "sum", "mean", "none", "ij,jk->ik",
    "...ij->...", "ii->i", "->", "ij->ji,", "DCR", "CRD", "asymmetric", "align_corners", "add", "mul", "max",
    "min", "floor", "ceil",
)  # fmt: skip
