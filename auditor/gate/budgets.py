"""A limit against an amount: pass, fail and by how much, or why that cannot be told."""

from __future__ import annotations

from collections.abc import Callable

from auditor.config.nouns import Budget
from auditor.gate.nouns import Amount, Amounts, Check, Old, Unknown, key
from auditor.safe import safe
from auditor.units import bytes_text, seconds_text, usd_text

NO_BASELINE = "no baseline: write one with `auditor check --write-baseline FILE`, or give --baseline-rev REV"


def hold(budget: Budget, amounts: Amounts, old: Old | None, *, baseline: bool) -> Check:
    """What becomes of a budget. ``old`` is the model in the baseline; ``baseline`` says whether there is one.

    An interval passes where all of it is within the limit, and fails where none of it is.
    """
    amount = amounts.get(key(budget.amount, budget.profile), Unknown(reason="see the verdict"))
    if isinstance(amount, Unknown):
        return _skip(budget, f"{_subject(budget)} is not known: {amount.reason}", undetermined=True)
    if budget.increase:
        return _hold_increase(budget, amount, old, baseline=baseline)
    return _compare(budget, amount, budget.limit, f"{_subject(budget)} {_spelled(budget, amount)}")


def not_asked(budget: Budget) -> Check:
    """A budget of time or money where nobody asked for those."""
    return _skip(budget, "time and money are compared only with --gate-time or gate_time = true")


def not_looked_at(budget: Budget) -> Check:
    """A budget where only the file was looked at."""
    return _skip(budget, "the circuit was not looked at (--static)")


def _hold_increase(budget: Budget, amount: Amount, old: Old | None, *, baseline: bool) -> Check:
    if not baseline:
        return _skip(budget, NO_BASELINE, undetermined=True)
    if old is None:
        return _skip(budget, "a new model: the baseline does not know it")
    before = old.amounts.get(key(budget.amount, budget.profile))
    if before is None:
        return _skip(budget, f"{_subject(budget)} is not known in {old.source}", undetermined=True)
    limit = before * (1 + budget.limit) if budget.relative else before + budget.limit
    write = _unit(budget.amount)
    change = amount.mid - before
    share = f" ({change / before:+.1%})" if before else ""
    allowed = f"+{budget.limit:.4g}".rstrip() if not budget.relative else f"+{100 * budget.limit:.4g} %"
    sign = "-" if change < 0 else "+"
    says = (
        f"{_subject(budget)} {write(amount.mid)} was {write(before)} in {old.source}: "
        f"{sign}{write(abs(change))}{share}, allowed {allowed}"
    )
    # Both are estimated by the same formulas, so what is expected of each is compared.
    expected = Amount(low=amount.mid, mid=amount.mid, high=amount.mid)
    return _compare(budget, expected, limit, says, short=True)


def _compare(budget: Budget, amount: Amount, limit: float, says: str, *, short: bool = False) -> Check:
    write = _unit(budget.amount)
    most = "" if short else write(limit)
    if amount.low > limit:
        over = amount.low - limit
        share = f" ({over / limit:.1%})" if limit else ""
        at_least = "" if amount.low == amount.high else "at least "
        tail = f"over by {at_least}{write(over)}{share}"
        return _check(
            budget, "fail", f"{says}, {tail}" if short else f"{says} > {most}, {tail}", amount, limit
        )
    if amount.high > limit:
        doubt = f"up to {write(amount.high - limit)} over {most}: an estimate too wide to tell"
        return _check(budget, "skip", f"{says}, {doubt}", amount, limit)
    return _check(budget, "pass", says if short else f"{says} <= {most}", amount, limit)


def _check(budget: Budget, outcome: str, says: str, amount: Amount, limit: float) -> Check:
    return Check(
        name=_name(budget),
        outcome="pass" if outcome == "pass" else "fail" if outcome == "fail" else "skip",
        undetermined=outcome == "skip",
        says=says,
        where=str(budget.origin),
        message=budget.message if outcome == "fail" else "",
        value=amount,
        limit=limit,
    )


def _skip(budget: Budget, says: str, *, undetermined: bool = False) -> Check:
    return Check(
        name=_name(budget),
        outcome="skip",
        undetermined=undetermined,
        says=says,
        where=str(budget.origin),
    )


def _name(budget: Budget) -> str:
    return f"{budget.name} on {safe(budget.profile)}" if budget.profile else budget.name


def _subject(budget: Budget) -> str:
    return budget.amount.replace("_", " ")


def _spelled(budget: Budget, amount: Amount) -> str:
    write = _unit(budget.amount)
    low, high = write(amount.low), write(amount.high)
    return low if low == high else f"{low} to {high}"


def _unit(amount: str) -> Callable[[float], str]:
    if amount.endswith("_bytes") or amount == "peak_memory":
        return bytes_text
    if amount.endswith("_seconds"):
        return seconds_text
    return usd_text if amount.endswith("_usd") else lambda number: f"{number:,.0f}"
