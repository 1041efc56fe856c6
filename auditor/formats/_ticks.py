"""Axes whose marks are round in the unit that people use."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from auditor.views.page import Scale, Unit

Tick = tuple[float, str]

_MOST_TICKS = 5
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def _powers(first: int, last: int) -> Sequence[int]:
    return range(first, last + 1)


def _size(power_of_4: int) -> str:
    unit, rest = divmod(power_of_4, 5)
    return f"{4**rest} {_BINARY[unit]}"


def _dollars(power: int) -> str:
    return f"${10**power:,}" if power >= 0 else f"${10.0**power:.{-power}f}"


def _gas(amount: int) -> str:
    return f"{amount // 10**6:,} M" if amount >= 10**6 else f"{amount // 10**3} k"


_LADDERS: Mapping[Unit, Sequence[Tick]] = {
    "seconds": (
        *((10.0**power, f"{10 ** (power + 6)} µs") for power in _powers(-6, -4)),
        *((10.0**power, f"{10 ** (power + 3)} ms") for power in _powers(-3, -1)),
        (1.0, "1 s"), (10.0, "10 s"), (60.0, "1 min"), (600.0, "10 min"),
        *((3600.0 * 10**power, f"{10**power:,} h") for power in _powers(0, 6)),
    ),
    "bytes": tuple((4.0**power, _size(power)) for power in _powers(0, 29)),
    "usd": tuple((10.0**power, _dollars(power)) for power in _powers(-9, 12)),
    "gas": tuple(
        (float(step * 10**power), _gas(step * 10**power)) for power in _powers(3, 12) for step in (1, 2, 5)
    ),
}  # fmt: skip
"""Every mark there may be, for each unit."""


class Axis(Struct, frozen=True, kw_only=True):
    """From ``low`` to ``high`` with its marks; both are above zero where it is logarithmic."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    linear: bool = False

    def at(self, value: float) -> float:
        """The place of a value, from 0 to 1."""
        if value <= self.low:
            return 0.0
        if self.linear:
            return min((value - self.low) / (self.high - self.low), 1.0)
        return min(math.log(value / self.low) / math.log(self.high / self.low), 1.0)


def axis_for(scale: Scale) -> Axis | None:
    """An axis that begins and ends at marks around all bars; None where nothing on it is above zero."""
    ends = [value for bar in scale.bars for value in (bar.low, bar.high) if 0 < value < math.inf]
    if not ends:
        return None
    ladder = _LADDERS[scale.unit]
    first = max((at for at, (value, _) in enumerate(ladder) if value <= min(ends)), default=0)
    last = min((at for at, (value, _) in enumerate(ladder) if value >= max(ends)), default=len(ladder) - 1)
    last = min(max(last, first + 1), len(ladder) - 1)
    first = min(first, last - 1)
    step = max(math.ceil((last - first) / (_MOST_TICKS - 1)), 1)
    shown = list(range(first, last + 1, step))
    if last - shown[-1] < step and shown[-1] != last:
        last = min(shown[-1] + step, len(ladder) - 1)
        shown.append(last)
    return Axis(low=ladder[first][0], high=ladder[last][0], ticks=tuple(ladder[at] for at in shown))
