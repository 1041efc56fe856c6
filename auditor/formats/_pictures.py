"""Pictures of the HTML report, as SVG that needs no script.

Places along a line are in per cent and heights in pixels, so that a picture takes any width and its letters
stay as they are. A label that a phone has no room for has the class ``wide``, its shorter form ``narrow``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from auditor.formats._results import one_line
from auditor.formats._ticks import Axis, axis_for
from auditor.safe import safe
from auditor.views.page import Bar, Scale, Share

_WIDE, _NARROW = 1030, 330
"""Pixels of a picture on a screen and on a phone."""

_LETTER = 7.9
"""Pixels of a letter of 12 px, on average and a little more, in the widest of the fonts."""

_FEWEST_LETTERS, _MOST_LETTERS = 3, 28
_COLOURS = 8
_MOST_BLOCKS = 300
_SMALLEST_SHARE = 0.0015

Group = tuple[str, int, Sequence[Share]]
"""An operator, the amount of all its layers, and the layers, largest first."""


def text(words: str) -> str:
    """One harmless line, escaped, for an element or an attribute, and no command for a log of Azure's."""
    return escape(one_line(words), quote=True).replace("##", "#&#35;")


def groups(items: Sequence[Share]) -> list[Group]:
    """The items by operator, largest operator first."""
    ordered = sorted(items, key=lambda item: item.group)
    found: list[Group] = []
    for name, members in groupby(ordered, key=lambda item: item.group):
        layers = sorted(members, key=lambda item: (-item.amount, item.name))
        found.append((name, sum(item.amount for item in layers), layers))
    return sorted(found, key=lambda group: (-group[1], group[0]))


def colour(position: int) -> str:
    """The class of the operator that is the n-th largest; the last colour is for all further ones."""
    return f"g{position}" if position < _COLOURS else "gx"


def percent(part: float, whole: float) -> str:
    """As people read it."""
    return f"{100 * part / whole:.1f} %" if whole else ""


# --- where a whole goes --------------------------------------------------------------------

_WHOLE_Y, _GROUP_Y, _LAYER_Y, ICICLE_HEIGHT = (0, 26), (26, 38), (64, 48), 112


def icicle(title: str, items: Sequence[Share]) -> str:
    """The whole above, its operators below it, and their layers below those; widths are shares."""
    found = groups(items)
    total = sum(amount for _, amount, _ in found)
    if not total:
        return ""
    said = ", ".join(f"{name} {percent(amount, total)}" for name, amount, _ in found[:_COLOURS])
    whole = _lines((f"{_count(len(items), 'layer')} · 100 %", ""), 1, _WHOLE_Y[1])
    blocks = [_block((0, 1), _WHOLE_Y, "whole", whole, "the whole circuit")]
    blocks.extend(_group_blocks(found, total))
    return (
        f'<svg class="icicle" width="100%" height="{ICICLE_HEIGHT}" role="img" '
        f'aria-label="{text(f"{title}, by operator: {said}")}">{"".join(blocks)}</svg>'
    )


def _group_blocks(found: Sequence[Group], total: int) -> Iterator[str]:
    at, drawn = 0, 0
    for position, (name, amount, layers) in enumerate(found):
        told = f"{name}: {percent(amount, total)}, {_count(len(layers), 'layer')}"
        share = amount / total
        yield _block((at / total, share), _GROUP_Y, colour(position), _lines((name, ""), share, 38), told)
        inside, left_over = at, 0
        for number, layer in enumerate(layers):
            if layer.amount < _SMALLEST_SHARE * total or drawn >= _MOST_BLOCKS:
                left_over += 1
                continue
            drawn += 1
            shades = f"{colour(position)}{' odd' if number % 2 else ''}"
            told = f"{layer.name} ({name}): {percent(layer.amount, total)}, {layer.text}"
            share = layer.amount / total
            lines = _lines((_short(layer), percent(layer.amount, total)), share, _LAYER_Y[1], keep_end=True)
            yield _block((inside / total, share), _LAYER_Y, shades, lines, told)
            inside += layer.amount
        if left_over:
            share = (at + amount - inside) / total
            told = f"{_count(left_over, 'smaller layer')} of {name}: {100 * share:.1f} %"
            lines = _lines(("", f"{left_over:,} more"), share, _LAYER_Y[1])
            yield _block((inside / total, share), _LAYER_Y, f"{colour(position)} odd", lines, told)
        at += amount


def _short(layer: Share) -> str:
    """The name of a layer without the operator at its end, which stands above it."""
    before, slash, last = layer.name.rpartition("/")
    return before if slash and before and last.startswith(layer.group) else layer.name


def _block(place: tuple[float, float], rows: tuple[int, int], classes: str, lines: str, told: str) -> str:
    """A rectangle from ``place[0]`` on, ``place[1]`` wide, with its lines and a tooltip."""
    (x, width), (y, height) = place, rows
    return (
        f'<svg x="{percentage(x)}" y="{y}" width="{percentage(width)}" height="{height}">'
        f'<title>{text(told)}</title><rect class="{classes}" width="100%" height="100%"/>{lines}</svg>'
    )


def _lines(labels: tuple[str, str], width: float, height: int, *, keep_end: bool = False) -> str:
    """A name, cut to what fits, and below it a figure, which is whole or not there."""
    name, figure = labels
    middle = height / 2 + 4
    first, second = (middle - 7, middle + 9) if figure else (middle, middle)
    name = one_line(name)
    wide, narrow = (_fitted(name, width * pixels, keep_end=keep_end) for pixels in (_WIDE, _NARROW))
    lines = _text_at(first, wide, narrow)
    if figure:
        fits = [figure if _room(width * pixels) >= len(figure) else "" for pixels in (_WIDE, _NARROW)]
        lines += _text_at(second, *fits)
    return lines


def _text_at(y: float, wide: str, narrow: str) -> str:
    place = f'x="6" y="{y:g}"'
    if wide == narrow:
        return f"<text {place}>{text(wide)}</text>" if wide else ""
    shown = f'<text class="wide" {place}>{text(wide)}</text>'
    return shown + (f'<text class="narrow" {place}>{text(narrow)}</text>' if narrow else "")


def _room(pixels: float) -> int:
    """Letters that stand on so many pixels."""
    return int((pixels - 10) / _LETTER)


def _fitted(words: str, pixels: float, *, keep_end: bool) -> str:
    """The words or their telling end; nothing where too few letters would be left."""
    room = _room(pixels)
    if len(words) <= room:
        return words
    if room <= _FEWEST_LETTERS:
        return ""
    return f"…{words[1 - room :]}" if keep_end else f"{words[: room - 1]}…"


# --- ranges --------------------------------------------------------------------------------

_ROW_HEIGHT, _AXIS_HEIGHT = 42, 24


def ranges(scale: Scale) -> str:
    """A bar from low to high for each thing on a logarithmic axis, with a mark at what is expected."""
    axis = axis_for(scale)
    if axis is None:
        return ""
    height = ranges_height(scale)
    bottom = height - _AXIS_HEIGHT
    said = "; ".join(f"{bar.label} {bar.text}" for bar in scale.bars)
    rows = "".join(_row(bar, axis, _ROW_HEIGHT * number) for number, bar in enumerate(scale.bars))
    return (
        f'<svg width="100%" height="{height}" role="img" aria-label="{text(f"{scale.title}: {said}")}">'
        f"{''.join(_ticks(axis, bottom))}{rows}</svg>"
    )


def ranges_height(scale: Scale) -> int:
    """Pixels that the picture of a scale is high."""
    return _ROW_HEIGHT * len(scale.bars) + _AXIS_HEIGHT


def _row(bar: Bar, axis: Axis, top: int) -> str:
    start, end, mid = axis.at(bar.low), axis.at(bar.high), axis.at(bar.mid)
    tone = "" if bar.tone in ("plain", "dim", "strong") else f" b-{bar.tone}"
    y = top + 21
    label, said = safe(bar.label, limit=_MOST_LETTERS), safe(bar.text, limit=_MOST_LETTERS)
    amount = (
        f'<circle class="point{tone}" cx="{percentage(mid)}" cy="{y + 5}" r="5"/>'
        if bar.low == bar.high
        else f'<rect class="range{tone}" x="{percentage(start)}" y="{y}" '
        f'width="{percentage(max(end - start, 0.006))}" height="10" rx="5"/>'
        f'<circle class="mid" cx="{percentage(mid)}" cy="{y + 5}" r="3.5"/>'
    )
    return (
        f"<g><title>{text(f'{bar.label}: {bar.text}')}</title>"
        f'<text x="0" y="{top + 14}">{text(label)}</text>'
        f'<text class="quiet" x="100%" y="{top + 14}" text-anchor="end">{text(said)}</text>'
        f'<rect class="track" x="0" y="{y}" width="100%" height="10" rx="5"/>{amount}</g>'
    )


def _ticks(axis: Axis, bottom: int) -> Iterator[str]:
    for number, (value, label) in enumerate(axis.ticks):
        x = percentage(axis.at(value))
        anchor = "start" if number == 0 else "end" if number == len(axis.ticks) - 1 else "middle"
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="0" y2="{bottom}"/>'
        yield f'<text class="quiet" x="{x}" y="{bottom + 17}" text-anchor="{anchor}">{text(label)}</text>'


def percentage(share: float) -> str:
    """A place or a width from 0 to 1, as SVG has it."""
    share = share if math.isfinite(share) else 0.0
    return f"{100 * min(max(share, 0.0), 1.0):.3f}".rstrip("0").rstrip(".") + "%"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"
