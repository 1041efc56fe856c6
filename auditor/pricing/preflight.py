"""Whether a machine has the memory and the disk that a proof needs, before any of it is begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from auditor.pricing.prover import StepPrediction
from auditor.pricing.ranges import Range

if TYPE_CHECKING:
    from auditor.machine import Machine

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Shortfall(Struct, frozen=True, kw_only=True):
    """What is missing, in bytes. ``step`` is the one that misses it; for the disk, the one that writes most.

    ``certain``: even the least that is needed is not there, so that to begin would be pointless. Otherwise
    what is expected, or what is needed at worst, is not there: a warning.
    """

    what: Literal["memory", "disk"]
    step: str
    need: Range
    have: int
    certain: bool
    sentence: str


def preflight(
    predictions: Sequence[StepPrediction],
    machine: Machine,
    *,
    free_disk_bytes: int | None,
    memory_limit_bytes: int | None,
    already: AbstractSet[str] = frozenset(),
) -> tuple[Shortfall, ...]:
    """What a machine lacks for these steps, but for those that are ``already`` done; empty when nothing.

    The memory that counts is the least of what the machine has, what is available on it now (beyond it the
    kernel begins to kill) and ``memory_limit_bytes``. What is None is not known, and nothing is missing from
    it.
    """
    left = [prediction for prediction in predictions if prediction.step not in already]
    found = [*_memory(left, machine, memory_limit_bytes), *_disk(left, free_disk_bytes)]
    return tuple(sorted(found, key=lambda shortfall: not shortfall.certain))


def _memory(left: Sequence[StepPrediction], machine: Machine, limit: int | None) -> Iterator[Shortfall]:
    has = {
        "this machine has {}": machine.memory_bytes,
        "{} is available": machine.available_memory_bytes,
        "the limit is {}": limit,
    }
    known = {words: amount for words, amount in has.items() if amount is not None}
    if not known:
        return
    words, have = min(known.items(), key=lambda item: item[1])
    for prediction in left:
        need = prediction.peak_memory_bytes
        if need.high > have:
            yield _memory_shortfall(prediction, have, words.format(readable(have)))


def _memory_shortfall(prediction: StepPrediction, have: int, words: str) -> Shortfall:
    need = prediction.peak_memory_bytes
    return Shortfall(
        what="memory",
        step=prediction.step,
        need=need,
        have=have,
        certain=need.low > have,
        sentence=f"{_NAMES[prediction.step]} takes {_span(need)} of memory, and {words}",
    )


def _disk(left: Sequence[StepPrediction], free: int | None) -> Iterator[Shortfall]:
    expected = sum(prediction.bytes for prediction in left)
    if free is None or not left or expected <= free:
        return
    least = sum(prediction.least_bytes for prediction in left)
    largest = max(left, key=lambda prediction: prediction.bytes)
    yield Shortfall(
        what="disk",
        step=largest.step,
        need=Range(low=least, mid=expected, high=expected),
        have=free,
        certain=least > free,
        sentence=(
            f"the files of the proof take {readable(expected)}, {readable(largest.bytes)} of it "
            f"{_FILES[largest.step]}, and {readable(free)} of the disk is free"
        ),
    )


_NAMES = {
    "settings": "laying out the circuit",
    "compile": "compiling the circuit",
    "srs": "generating the SRS",
    "witness": "computing the witness",
    "keys": "making the keys",
    "proof": "proving",
    "verification": "verifying",
}
_FILES = {
    "settings": "the settings",
    "compile": "the circuit",
    "srs": "the SRS",
    "witness": "the witness",
    "keys": "the keys",
    "proof": "the proof",
    "verification": "nothing",
}


def _span(need: Range) -> str:
    low, high = readable(need.low), readable(need.high)
    return low if low == high else f"{low} to {high}"


def readable(num_bytes: float) -> str:
    """Bytes in the largest decimal unit that leaves at least one, with two digits.

    >>> readable(1_107_300_000)
    '1.1 GB'
    """
    amount = float(num_bytes)
    for name in _UNITS:
        if amount < 1000 or name == _UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:.0f} {name}" if name == "bytes" or amount >= 10 else f"{amount:.1f} {name}"
