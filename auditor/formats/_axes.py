"""The axes of a chart, logarithmic or linear: they end just around what is shown, with a few round marks."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cache

from auditor.formats._ticks import Axis
from auditor.views.page import Measure

_MOST_STEPS = 5
_FEW_RUNGS = 2
"""A logarithmic axis of so few coarse rungs has marks at 1, 2 and 5."""

_LARGEST = 1e24
_CALENDAR = 1000.0
"""Years from here on are those of the calendar, which has no half ones."""

_MINUTE, _HOUR, _DAY, _YEAR = 60.0, 3600.0, 86400.0, 365.25 * 86400.0
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_THOUSANDS = ("", " k", " M", " B", " T")
_LENGTHS = (
    (_YEAR, " y"),
    (_DAY, " d"),
    (_HOUR, " h"),
    (_MINUTE, " min"),
    (1.0, " s"),
    (1e-3, " ms"),
    (1e-6, " µs"),
)


def can_show(value: float, unit: Measure, *, log: bool) -> bool:
    """Whether an axis has a place for the value: a number, not absurdly large, and above zero on a
    logarithmic axis."""
    if not math.isfinite(value):
        return False
    rungs = _rungs(unit, fine=False)
    return rungs[0] <= value <= rungs[-1] if log else abs(value) <= _LARGEST


def axis_around(values: Iterable[float], unit: Measure, *, log: bool) -> Axis | None:
    """An axis around those of the values that it can show; None where it can show none."""
    shown = [value for value in values if can_show(value, unit, log=log)]
    if not shown:
        return None
    return _logarithmic(shown, unit) if log else _linear(shown, unit)


def label(value: float, unit: Measure) -> str:
    """A value as a mark or a tooltip says it, in at most three significant figures.

    >>> label(600, "seconds"), label(125e6, "count"), label(4096, "bytes"), label(0.002, "usd")
    ('10 min', '125 M', '4 KiB', '$0.002')
    >>> label(0.05, "share"), label(2031, "years"), label(1.5, "factor")
    ('5 %', '2031', '1.5×')
    """
    if unit == "years":
        return f"{value:.6g}"
    divisor, suffix = _divisor(unit, abs(value))
    return _worded(_figures(value / divisor), suffix, unit)


def _worded(number: str, suffix: str, unit: Measure) -> str:
    if unit == "usd":
        return f"-${number[1:]}{suffix}" if number.startswith("-") else f"${number}{suffix}"
    return f"{number}{suffix}"


def _figures(number: float) -> str:
    if abs(number) >= 1e6 or 0 < abs(number) < 1e-4:
        return f"{number:.2g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _divisor(unit: Measure, largest: float) -> tuple[float, str]:
    """What amounts up to ``largest`` are divided by, and the sign of that unit."""
    if unit == "seconds":
        return next((found for found in _LENGTHS if largest >= found[0]), (1.0, " s"))
    if unit == "bytes":
        power = min(max(math.frexp(largest)[1] - 1, 0) // 10, len(_BINARY) - 1)
        return 1024.0**power, f" {_BINARY[power]}"
    if unit == "share":
        return 0.01, " %"
    if unit == "years":
        return 1.0, ""
    power = next((at for at in range(len(_THOUSANDS) - 1, 0, -1) if largest >= 1000.0**at), 0)
    return 1000.0**power, _THOUSANDS[power] + ("×" if unit == "factor" else "")


# --- logarithmic ---------------------------------------------------------------------------


@cache
def _rungs(unit: Measure, *, fine: bool) -> Sequence[float]:
    """Every mark a logarithmic axis may have."""
    if unit == "bytes":
        return tuple(2.0**power for power in range(0, 70, 1 if fine else 2))
    steps = (1, 2, 5) if fine else (1,)
    decimal = tuple(float(f"{step}e{power}") for power in range(-12, 25) for step in steps)
    if unit != "seconds":
        return decimal
    short = tuple(value for value in decimal if value < _MINUTE and not (fine and value == 50.0))
    clock = (60, 120, 300, 600, 1200, 3600, 7200, 18000, 36000) if fine else (60, 600, 3600, 36000)
    days = tuple(_DAY * step for step in decimal if 1 <= step < 365)
    return (*short, *map(float, clock), *days, *(_YEAR * step for step in decimal if 1 <= step <= 1e12))


def _logarithmic(shown: Sequence[float], unit: Measure) -> Axis:
    rungs, first, last = _around(shown, _rungs(unit, fine=False))
    if last - first <= _FEW_RUNGS:
        rungs, first, last = _around(shown, _rungs(unit, fine=True))
        step = 1
    else:
        step = math.ceil((last - first) / _MOST_STEPS)
    ticks = tuple((rungs[at], label(rungs[at], unit)) for at in range(first, last + 1) if at % step == 0)
    return Axis(low=rungs[first], high=rungs[last], ticks=ticks)


def _around(shown: Sequence[float], rungs: Sequence[float]) -> tuple[Sequence[float], int, int]:
    """The rungs, and which of them are the nearest around all values: two at least."""
    first = max(bisect_right(rungs, min(shown)) - 1, 0)
    last = min(bisect_left(rungs, max(shown)), len(rungs) - 1)
    if last <= first:
        first, last = max(first - 1, 0), min(first + 1, len(rungs) - 1)
    return rungs, first, last


# --- linear --------------------------------------------------------------------------------


def _linear(shown: Sequence[float], unit: Measure) -> Axis:
    """From zero on where things are counted or no half of the axis stays empty, but not for years."""
    low, high = _ends(shown, unit)
    # A tenth: 2,026 reads better than 2.026 k.
    largest = max(abs(low), abs(high)) / (10 if unit in ("count", "gas", "factor", "usd") else 1)
    divisor, suffix = _divisor(unit, largest)
    step = _round_step((high - low) / divisor / _MOST_STEPS)
    if divisor == 1.0 and (unit == "count" or (unit == "years" and low >= _CALENDAR)):
        step = max(step, 1.0)
    first = math.floor(low / divisor / step + 1e-9)
    last = max(math.ceil(high / divisor / step - 1e-9), first + 1)
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    ticks = tuple(
        (at * step * divisor, _linear_label(at * step, decimals, suffix, unit))
        for at in range(first, last + 1)
    )
    return Axis(low=ticks[0][0], high=ticks[-1][0], ticks=ticks, linear=True)


def _ends(shown: Sequence[float], unit: Measure) -> tuple[float, float]:
    low, high = min(shown), max(shown)
    if low == high:
        spread = 1.0 if unit == "years" or low == 0 else abs(low) / 2
        low, high = (0.0 if unit != "years" and low >= 0 else low - spread), high + spread
    from_zero = unit in ("count", "share") or (unit != "years" and low <= high / 2)
    return (0.0 if from_zero and low >= 0 else low), high


def _linear_label(number: float, decimals: int, suffix: str, unit: Measure) -> str:
    if number == 0:
        return "$0" if unit == "usd" else "0"
    return f"{number:.{decimals}f}" if unit == "years" else _worded(f"{number:,.{decimals}f}", suffix, unit)


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= least * (1 - 1e-9))
