"""Amounts as people read them."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def bytes_text(number: float) -> str:
    """Bytes: exact below 10,000, then in binary units with one decimal.

    >>> bytes_text(2912), bytes_text(17_825_792)
    ('2,912 B', '17.0 MiB')
    """
    whole = round(number)
    if whole < 10_000:
        return f"{whole:,} B"
    power = min((whole.bit_length() - 1) // 10, len(_UNITS) - 1)
    return f"{whole / 1024**power:,.1f} {_UNITS[power]}"


def seconds_text(seconds: float) -> str:
    """A duration, in two significant figures or whole units.

    >>> seconds_text(0.0042), seconds_text(0.31), seconds_text(7.31), seconds_text(83), seconds_text(7300)
    ('4.2 ms', '310 ms', '7.3 s', '1 min 23 s', '2 h 2 min')
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.0995 else f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min"


def usd_text(amount: float) -> str:
    """Money: two significant digits, and whole cents where there are any.

    >>> usd_text(0.00043), usd_text(1.5), usd_text(12345.678)
    ('$0.00043', '$1.50', '$12,345.68')
    """
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.2g}"


def usd_range_text(low: float, high: float) -> str:
    """A range of money.

    >>> usd_range_text(0.0012, 0.25), usd_range_text(0.3, 0.3)
    ('$0.0012 to $0.25', '$0.30')
    """
    first, last = usd_text(low), usd_text(high)
    return first if first == last else f"{first} to {last}"


def bytes_range_text(low: float, high: float) -> str:
    """A range of bytes in the unit of its upper end, in two or three figures.

    >>> bytes_range_text(391_900_000, 460_900_000)
    '374-440 MiB'
    """
    power = min((max(round(high), 1).bit_length() - 1) // 10, len(_UNITS) - 1)
    return f"{_span(low / 1024**power, high / 1024**power)} {_UNITS[power]}"


def seconds_range_text(low: float, high: float) -> str:
    """A range of durations in the unit of its upper end, in two figures.

    >>> seconds_range_text(3.52, 28.61), seconds_range_text(0.016, 1.8), seconds_range_text(30, 400)
    ('3.5-29 s', '0.02-1.8 s', '0.5-6.7 min')
    """
    for unit, length in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 0.001)):
        if high >= length:
            return f"{_span(low / length, high / length)} {unit}"
    return f"{_span(low * 1000, high * 1000)} ms"


def _span(low: float, high: float) -> str:
    low_text, high_text = _figures(low), _figures(high)
    return low_text if low_text == high_text else f"{low_text}-{high_text}"


def _figures(number: float) -> str:
    if number >= 9.95:
        return f"{number:,.0f}"
    if number >= 0.95:
        return f"{number:.1f}"
    return f"{number:.1g}"
