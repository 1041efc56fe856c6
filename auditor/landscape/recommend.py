"""Which way to trust an output, for somebody's needs.

A way falls out when

- it does not support the model, or nobody knows whether it does;
- it cannot be run: availability "no"; "research" as well unless the stakes are low, since nobody keeps it up
  or audits it. "evaluation" stays with a caveat: its licence has to be asked for;
- its assurance is too weak: high stakes ask for a proof, which anyone can check where it is used on a chain;
  medium stakes for anything but a promise; low stakes for anything;
- it does not hide what must be private, or nobody knows whether it does;
- a chain has to verify it, and none of the chains that were asked about is known to be able to;
- its answer is not certain to be there in time. It is there when the way's wait is over, or its seconds where
  it has no wait, and off chain once a proof is verified; how long a chain takes to include a transaction is
  not counted. Late even at the low end is certain, at the high end only possible, and not known is never in
  time;
- its cost is not certain to be within the budget: on a chain with the cheapest chain's part.

Of the ways that are left the cheapest is best: by expected money (``mid``) where it is known, then by
expected seconds. What has a price comes before what has none, since nothing shows that the other is cheaper.
Ties go to the stronger assurance, and then by id. What is not known is never taken for zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from auditor.landscape.caveats import caveats
from auditor.landscape.needs import ASSURANCES, Cause, Reason, cost_usd, lacks, why_unknown
from auditor.landscape.nouns import Amount, Needs, Way
from auditor.units import seconds_text, usd_text

Basis = Literal["usd", "seconds"]

_FIXED: frozenset[Cause] = frozenset({"support", "availability"})
"""What no change of needs can mend."""


class Ranked(Struct, frozen=True, kw_only=True):
    """A way that meets the needs. ``usd`` is the whole cost of an answer, None where not known, ``chain`` the
    one it is for. ``why`` says why it ranks behind the best, and is empty for the best."""

    id: str
    usd: Amount | None
    seconds: Amount | None
    chain: str
    why: str


class Nearest(Struct, frozen=True, kw_only=True):
    """The way that lacks least when none is left, and what would have to give."""

    id: str
    gives: tuple[str, ...]


class Recommendation(Struct, frozen=True, kw_only=True):
    """``best`` is the id of a way, None when none meets the needs; ``basis`` is what it was chosen by, None
    where it alone was left and its cost is not known. ``ranked`` are all that meet the needs, best first;
    ``out`` says of every other way why not. ``caveats`` must be shown with ``best``."""

    best: str | None
    basis: Basis | None
    ranked: tuple[Ranked, ...]
    out: Mapping[str, tuple[Reason, ...]]
    caveats: tuple[str, ...]
    nearest: Nearest | None


def recommend(ways: Sequence[Way], needs: Needs) -> Recommendation:
    """The cheapest way that meets the needs, by the rules at the top of this module; the order of ``ways``
    does not matter.

    Raises:
        ValueError: two ways have the same id.
    """
    by_id = {way.id: way for way in sorted(ways, key=lambda way: way.id)}
    if len(by_id) != len(ways):
        raise ValueError("two ways have the same id")
    reasons = {name: tuple(lacks(way, needs)) for name, way in by_id.items()}
    out = {name: found for name, found in reasons.items() if found}
    left = sorted((way for way in by_id.values() if way.id not in out), key=lambda way: _rank(way, needs))
    if not left:
        return Recommendation(
            best=None, basis=None, ranked=(), out=out, caveats=(), nearest=_nearest(by_id, out)
        )  # fmt: skip
    best = left[0]
    return Recommendation(
        best=best.id,
        basis=_basis(best, needs),
        ranked=tuple(_ranked(way, best, needs) for way in left),
        out=out,
        caveats=caveats(best, needs, usd=cost_usd(best, needs)[0]),
        nearest=None,
    )


def _rank(way: Way, needs: Needs) -> tuple[int, float, int, str]:
    usd, _, _ = cost_usd(way, needs)
    stronger = ASSURANCES.index(way.assurance)
    if usd is not None:
        return 0, usd.mid, stronger, way.id
    if way.seconds is not None:
        return 1, way.seconds.mid, stronger, way.id
    return 2, 0.0, stronger, way.id


def _basis(way: Way, needs: Needs) -> Basis | None:
    if cost_usd(way, needs)[0] is not None:
        return "usd"
    return None if way.seconds is None else "seconds"


def _ranked(way: Way, best: Way, needs: Needs) -> Ranked:
    usd, chain, _ = cost_usd(way, needs)
    why = "" if way is best else _behind(way, best, needs)
    return Ranked(id=way.id, usd=usd, seconds=way.seconds, chain=chain, why=why)


def _behind(way: Way, best: Way, needs: Needs) -> str:
    """Why a way ranks behind the best."""
    mine, _, missing = cost_usd(way, needs)
    least, _, _ = cost_usd(best, needs)
    if mine is not None and least is not None:
        return _dearer(mine, least)
    if least is not None:
        return f"nothing shows that it is cheaper: {missing}"
    if way.seconds is not None and best.seconds is not None:
        return _slower(way.seconds, best.seconds)
    missing = why_unknown(way, "seconds", "how long it takes is not known")
    return f"nothing shows that it is cheaper: {missing}"


def _dearer(mine: Amount, least: Amount) -> str:
    if mine.mid == least.mid:
        return "as dear, and its assurance is no stronger"
    times = f" ({mine.mid / least.mid:,.3g} times)" if least.mid > 0 else ""
    return f"dearer by {usd_text(mine.mid - least.mid)}{times}, as expected{_overlap(mine, least)}"


def _slower(mine: Amount, least: Amount) -> str:
    if mine.mid == least.mid:
        return "as slow, and its assurance is no stronger; no price is known"
    times = f" ({mine.mid / least.mid:,.3g} times)" if least.mid > 0 else ""
    longer = seconds_text(mine.mid - least.mid)
    return f"it takes {longer} more{times}, as expected{_overlap(mine, least)}; no price is known"


def _overlap(mine: Amount, least: Amount) -> str:
    return "; the ranges overlap" if mine.low <= least.high else ""


def _nearest(by_id: Mapping[str, Way], out: Mapping[str, tuple[Reason, ...]]) -> Nearest | None:
    """The fewest needs that would have to give, rather by how much than by nobody knows, then the strongest
    assurance; None where none can be had."""
    can = [name for name, found in out.items() if not any(reason.cause in _FIXED for reason in found)]
    if not can:
        return None

    def order(name: str) -> tuple[int, int, int, str]:
        unmeasured = sum(not reason.by_how_much for reason in out[name])
        return len(out[name]), unmeasured, ASSURANCES.index(by_id[name].assurance), name

    name = min(can, key=order)
    return Nearest(id=name, gives=tuple(reason.give for reason in out[name]))
