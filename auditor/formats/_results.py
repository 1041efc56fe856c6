"""What the formats share that list results: harmless texts, and which results a reader must hear of."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from auditor.safe import harmless
from auditor.views.page import Result, View


def results(view: View) -> list[Result]:
    """The results of a view, every text on one line and harmless, whoever wrote it."""
    return [
        replace(
            found,
            rule=one_line(found.rule),
            message=one_line(found.message),
            path=one_line(found.path),
            node=one_line(found.node),
            where=one_line(found.where),
            suppressed=None if found.suppressed is None else one_line(found.suppressed),
        )
        for found in view.results()
    ]


def noteworthy(found: Iterable[Result]) -> list[Result]:
    """What did not pass and is nobody's decision to live with; what was not asked for is left out."""
    return [
        result
        for result in found
        if result.suppressed is None
        and (result.outcome == "fail" or (result.outcome == "skip" and result.level != "note"))
    ]


def numbered(found: Iterable[Result]) -> Iterator[tuple[Result, int]]:
    """Each result with how many of its fingerprint there were up to it: 1 for the first."""
    seen: Counter[str] = Counter()
    for result in found:
        seen[result.fingerprint] += 1
        yield result, seen[result.fingerprint]


def unique(fingerprint: str, number: int) -> str:
    """A fingerprint that no other result of the run has."""
    if number == 1:
        return fingerprint
    return hashlib.sha256(f"{fingerprint}\0{number}".encode()).hexdigest()[:32]


def told(result: Result) -> str:
    """The message with all that a format without places for it would lose."""
    open_ = result.outcome == "skip" and result.rule != "verdict"
    parts = [f"not determined: {result.message}" if open_ else result.message]
    if result.node:
        parts.append(f"(node {result.node})")
    if result.where:
        parts.append(f"[limit set at {result.where}]")
    return " ".join(parts)


def one_line(text: str) -> str:
    """Harmless text without a line break."""
    return harmless(text).replace("\n", "⏎")
