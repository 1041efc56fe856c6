"""What the command line says of sizes and needs, as values."""

from __future__ import annotations

from typing import Literal, cast

from auditor.errors import UsageError
from auditor.landscape.nouns import Needs
from auditor.safe import safe

STAKES = ("low", "medium", "high")

MOST_FACTOR = 4096
"""Of a model's size along one axis; what is larger is another model."""

MOST_SIZES = 12


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
        if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MOST_FACTOR:
            raise UsageError(
                f"{option}: '{safe(text)}' is no whole number from 1 to {MOST_FACTOR:,}", hint="as in 2,4,8"
            )
        found.add(int(text))
    if len(found) > MOST_SIZES:
        raise UsageError(f"{option}: {len(found)} sizes, and at most {MOST_SIZES} are told apart")
    return tuple(sorted(found))


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
        UsageError: the stakes are none of :data:`STAKES`.
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
        latency_seconds=latency_seconds,
        budget_usd=budget_usd,
    )
