"""Names from a model are text of whoever wrote it: made harmless here before anyone prints them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls (C0, C1, DEL), formats (bidi overrides, zero-width, tags, BOM), surrogates, private and
unassigned code points, line and paragraph separators."""

_INVISIBLE_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
"""Letters and marks that render as nothing, though Unicode calls them letters or marks."""

_SCAN_FACTOR = 16


def safe(name: str, limit: int = 120) -> str:
    """``name`` as one harmless printable line of at most ``limit`` characters, in Unicode NFC.

    Newlines become ``⏎``, tabs a space; control, bidirectional and zero-width characters are
    dropped; a long name loses its middle. Markup of a terminal library, HTML or a CI system is
    still there: a renderer escapes what is special in its own format.

    >>> safe("conv\\x1b[31m\\n1")
    'conv[31m⏎1'
    >>> safe("abcdefghij", limit=5)
    'ab…ij'
    """
    if name.isascii() and name.isprintable():
        return _elide(name, limit)
    # A name may be megabytes long; only its two ends can survive the elision.
    window = limit * _SCAN_FACTOR
    if len(name) > 2 * window:
        return _elide(_clean(name[:window]) + "…" + _clean(name[-window:]), limit)
    return _elide(_clean(name), limit)


def shown_path(path: Path) -> str:
    """A file as it was given, and never an absolute path: reports are compared between machines."""
    shown = os.path.relpath(path) if path.is_absolute() else str(path)
    return safe(Path(shown).as_posix(), limit=400)


def harmless(text: str) -> str:
    """``text`` as :func:`safe` leaves names, but whole and with its line breaks.

    The last gate before a format: whatever a report forgot to make safe becomes so here.

    >>> harmless("one\\ntwo \\x1b[2J")
    'one\\ntwo [2J'
    """
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(_clean(line) for line in text.split("\n"))


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = (_shown(character) for character in text if not _is_invisible(character))
    return unicodedata.normalize("NFC", "".join(kept))


def _shown(character: str) -> str:
    """A line break as a sign, and any other kind of blank as the usual one."""
    if character == "\n":
        return "⏎"
    return " " if unicodedata.category(character) == "Zs" else character


def _is_invisible(character: str) -> bool:
    if character == "\n":
        return False
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return True  # variation selectors
    return character in _INVISIBLE_FILLERS or unicodedata.category(character) in _INVISIBLE_CATEGORIES


def _elide(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    head = limit - 1 - tail
    return text[:head] + "…" + (text[-tail:] if tail else "")
