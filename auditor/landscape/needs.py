"""What a way lacks of somebody's needs. The rules are at the top of :mod:`auditor.landscape.recommend`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from auditor.landscape.nouns import Amount, Assurance, Needs, OnChain, Way
from auditor.pricing.evidence import weaker
from auditor.units import seconds_text, usd_text

Cause = Literal["support", "availability", "assurance", "privacy", "chain", "latency", "budget"]

ASSURANCES: tuple[Assurance, ...] = ("proof", "hardware", "economic", "majority", "none")
"""From the strongest down."""

ENOUGH: Mapping[str, tuple[Assurance, ...]] = {
    "high": ("proof",),
    "medium": ("proof", "hardware", "economic", "majority"),
    "low": ASSURANCES,
}

_LIVE: Mapping[str, tuple[str, ...]] = {
    "high": ("yes", "evaluation"),
    "medium": ("yes", "evaluation"),
    "low": ("yes", "evaluation", "research"),
}


class Reason(Struct, frozen=True, kw_only=True):
    """Why a way falls out, and what would have to give for it to stay; empty where nothing can.

    ``by_how_much``: it is known how much would have to give.
    """

    cause: Cause
    text: str
    give: str = ""
    by_how_much: bool = True


def lacks(way: Way, needs: Needs) -> Iterator[Reason]:
    """Every reason why a way falls out; none where it meets the needs."""
    yield from _support(way)
    yield from _availability(way, needs)
    yield from _assurance(way, needs)
    yield from _privacy(way, needs)
    yield from _chain(way, needs)
    yield from _latency(way, needs)
    yield from _budget(way, needs)


def _support(way: Way) -> Iterator[Reason]:
    named = f": {', '.join(way.unsupported)}" if way.unsupported else ""
    if way.supported == "no":
        yield Reason(cause="support", text=f"it does not support this model{named}")
    elif way.supported == "unknown":
        yield Reason(cause="support", text=f"it is not known whether it supports this model{named}")


def _availability(way: Way, needs: Needs) -> Iterator[Reason]:
    if way.runnable in _LIVE[needs.stakes]:
        return
    if way.runnable == "no":
        yield Reason(cause="availability", text="nobody can run it today")
    else:
        text = f"it is code or text of a paper that is not kept up, and the stakes are {needs.stakes}"
        yield Reason(cause="availability", text=text)


def _assurance(way: Way, needs: Needs) -> Iterator[Reason]:
    if way.assurance not in ENOUGH[needs.stakes]:
        text = f"its assurance is '{way.assurance}', and {needs.stakes} stakes ask for {_any_of(needs)}"
        yield Reason(cause="assurance", text=text, give=f"accept '{way.assurance}' as assurance")
    elif needs.stakes == "high" and needs.on_chain and way.public is not True:
        text = (
            "it convinces only whom it was made for, not anyone on a chain"
            if way.public is False
            else "it is not known whether anyone can check it"
        )
        yield Reason(cause="assurance", text=text, give="accept a proof for one verifier only")


def _any_of(needs: Needs) -> str:
    enough = ENOUGH[needs.stakes]
    return f"'{enough[0]}'" if len(enough) == 1 else f"any of {', '.join(enough)}"


def _privacy(way: Way, needs: Needs) -> Iterator[Reason]:
    wanted = (
        ("the weights", needs.private_weights, way.hides_weights),
        ("the input", needs.private_input, way.hides_input),
    )
    for what, private, hidden in wanted:
        if not private or hidden:
            continue
        text = (
            f"it shows {what} to whoever verifies"
            if hidden is False
            else f"it is not known whether it hides {what}"
        )
        yield Reason(cause="privacy", text=text, give=f"let {what} be seen by whoever verifies")


def _chain(way: Way, needs: Needs) -> Iterator[Reason]:
    if not needs.on_chain or any(there.possible for there in way.chains):
        return
    give = "verify off chain"
    if not way.chains:
        yield Reason(cause="chain", text="nothing is known of verifying it on a chain", give=give)
    elif all(there.possible is False for there in way.chains):
        yield Reason(cause="chain", text=f"no chain can verify it: {_why(way.chains)}", give=give)
    else:
        text = f"it is not known whether a chain can verify it: {_why(way.chains)}"
        yield Reason(cause="chain", text=text, give=give)


def _why(chains: Sequence[OnChain]) -> str:
    found = dict.fromkeys(f"{there.reason or 'no reason is known'} ({there.chain})" for there in chains)
    return "; ".join(found)


def _latency(way: Way, needs: Needs) -> Iterator[Reason]:
    most = needs.latency_seconds
    if most is None:
        return
    low, high, missing = _time(way, needs)
    allowed = f"the {seconds_text(most)} that are allowed"
    if low > most:
        text = f"the answer cannot be relied on within {allowed}: it takes {_at_least(low, high)}"
    elif high is None:
        text = f"it cannot be shown to be within {allowed}: {missing}"
    elif high > most:
        text = f"it may exceed {allowed}: it takes {_seconds_span(low, high)}"
    else:
        return
    give = "wait for a time that is not known" if high is None else f"wait up to {seconds_text(high)}"
    yield Reason(cause="latency", text=text, give=give, by_how_much=high is not None)


def _at_least(low: float, high: float | None) -> str:
    return f"at least {seconds_text(low)}" if high is None else _seconds_span(low, high)


def _seconds_span(low: float, high: float) -> str:
    least, most = seconds_text(low), seconds_text(high)
    return least if least == most else f"{least} to {most}"


def _time(way: Way, needs: Needs) -> tuple[float, float | None, str]:
    """The least and the most that pass until an answer can be relied on. The most is None when it is not
    known: the words then say what is missing, and the least is of what is known."""
    known = way.wait_seconds or way.seconds
    if known is None:
        return 0.0, None, why_unknown(way, "seconds", "how long it takes is not known")
    if way.wait_seconds is None and "wait_seconds" in way.unknown:
        return known.low, None, why_unknown(way, "wait_seconds", "")
    if needs.on_chain or way.kind == "method":
        return known.low, known.high, ""
    if way.verify_seconds is None:
        return known.low, None, why_unknown(way, "verify_seconds", "how long verifying takes is not known")
    return known.low + way.verify_seconds.low, known.high + way.verify_seconds.high, ""


def why_unknown(way: Way, name: str, otherwise: str) -> str:
    """Why an amount of a way is not known: ``otherwise``, with the reason that the way itself gives."""
    reason = way.unknown.get(name, "")
    return f"{otherwise}: {reason}" if otherwise and reason else otherwise or reason


def _budget(way: Way, needs: Needs) -> Iterator[Reason]:
    most = needs.budget_usd
    if most is None:
        return
    usd, _, missing = cost_usd(way, needs)
    allowed = f"the budget of {usd_text(most)}"
    if usd is None:
        text = f"it cannot be shown to be within {allowed}: {missing}"
        give = "spend an amount that is not known"
    elif usd.low > most:
        text = f"it is over {allowed}: it costs {_usd_span(usd)}"
        give = f"spend up to {usd_text(usd.high)}"
    elif usd.high > most:
        text = f"it may exceed {allowed}: it costs {_usd_span(usd)}"
        give = f"spend up to {usd_text(usd.high)}"
    else:
        return
    yield Reason(cause="budget", text=text, give=give, by_how_much=usd is not None)


def _usd_span(usd: Amount) -> str:
    low, high = usd_text(usd.low), usd_text(usd.high)
    return low if low == high else f"{low} to {high}"


def cost_usd(way: Way, needs: Needs) -> tuple[Amount | None, str, str]:
    """What one answer costs in all, the chain that is in it, and what is missing where it is not known.

    On chain it is the cheapest, by expectation, of the chains that can verify and have a price.
    """
    if way.usd is None:
        return None, "", why_unknown(way, "usd", "its price is not known")
    if not needs.on_chain:
        return way.usd, "", ""
    priced = [(there.usd, there.chain) for there in way.chains if there.possible and there.usd is not None]
    if not priced:
        return None, "", "the price of verifying it on a chain is not known"
    usd, chain = min(priced, key=lambda found: (found[0].mid, found[1]))
    return _sum(way.usd, usd), chain, ""


def _sum(first: Amount, second: Amount) -> Amount:
    return Amount(
        low=first.low + second.low,
        mid=first.mid + second.mid,
        high=first.high + second.high,
        evidence=weaker(first.evidence, second.evidence),
        how=f"{first.how}, and {second.how} on chain",
        source="; ".join(dict.fromkeys((first.source, second.source))),
        extrapolated=first.extrapolated or second.extrapolated,
    )
