"""What the command line says of sizes and needs, as values."""

from __future__ import annotations

import math
from typing import Literal, cast

from auditor.errors import UsageError
from auditor.landscape.nouns import Needs
from auditor.safe import safe

STAKES = ("low", "medium", "high")

MOST_FACTOR = 4096
"""Of a model's size along one axis; what is larger is another model."""

MOST_SIZES = 12

_MOST_DIGITS = 9


def factors(option: str, words: str | None) -> tuple[int, ...]:
    """The factors in ``2,4,8``, with 1 before them, ascending; none where nothing was asked.

    Raises:
        UsageError: something is no whole number from 1 to :data:`MOST_FACTOR`, or there are too many.
    """
    if words is None:
        return ()
    found = {1}
    for word in words.split(","):
        text = word.strip()
        if not _is_whole(text) or not 1 <= int(text) <= MOST_FACTOR:
            raise UsageError(
                f"{option}: '{safe(text)}' is no whole number from 1 to {MOST_FACTOR:,}", hint="as in 2,4,8"
            )
        found.add(int(text))
    if len(found) > MOST_SIZES:
        raise UsageError(f"{option}: {len(found)} sizes, and at most {MOST_SIZES} are told apart")
    return tuple(sorted(found))


def _is_whole(text: str) -> bool:
    """Whether it is a whole number that Python converts: it refuses those of thousands of digits."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def finite(option: str, amount: float | None, *, unit: str, zero: bool = True) -> float | None:
    """An amount of the command line as it is; None stays None.

    Raises:
        UsageError: it is no number, endless, below 0, or 0 where that means nothing.
    """
    if amount is None or (math.isfinite(amount) and (amount > 0 or (zero and amount == 0))):
        return amount
    least = "from 0" if zero else "above 0"
    raise UsageError(f"{option}: {amount:g} is no number of {unit} {least}", hint=f"as in {option} 0.5")


def needs_of(
    stakes: str | None,
    private_weights: bool,
    private_input: bool,
    on_chain: bool,
    latency_seconds: float | None,
    budget_usd: float | None,
) -> Needs | None:
    """What a recommendation has to meet; None where nothing was said, so that none is asked for.

    Raises:
        UsageError: the stakes are none of :data:`STAKES`, or an amount is none.
    """
    if stakes is not None and stakes not in STAKES:
        raise UsageError.unknown(f"--stakes: there is no '{safe(stakes)}'", stakes, STAKES)
    said = (stakes, private_weights or None, private_input or None, on_chain or None)
    if all(word is None for word in (*said, latency_seconds, budget_usd)):
        return None
    return Needs(
        stakes=cast(Literal["low", "medium", "high"], stakes or "medium"),
        private_weights=private_weights,
        private_input=private_input,
        on_chain=on_chain,
        latency_seconds=finite("--latency", latency_seconds, unit="seconds"),
        budget_usd=finite("--budget", budget_usd, unit="dollars"),
    )
