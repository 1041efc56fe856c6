"""How long evidence holds, and what is the weakest of some."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.pricing.evidence import Evidence, listed, numbers, read_evidence, require, weaker, weakest
from auditor.pricing.profile_file import BadProfile
from auditor.rules import EVIDENCE

DAY = date(2026, 1, 1)
PRICE = Evidence(fields=("instance.*",), kind="published", dated=DAY, source="a list", valid_days=90)
LASTING = replace(PRICE, kind="measured", valid_days=None)


@pytest.mark.parametrize(("days", "expired"), [(0, 0), (90, 0), (91, 1), (100, 10), (-5, 0)])
def test_evidence_expires_after_its_last_day(days: int, expired: int) -> None:
    assert PRICE.days_expired(DAY + timedelta(days=days)) == expired


def test_what_does_not_age_never_expires() -> None:
    assert LASTING.days_expired(date(2999, 1, 1)) == 0


def test_the_weakest_speaks_for_all() -> None:
    assert weakest([], DAY) == ("measured", ())
    assert weakest([LASTING, PRICE], DAY) == ("published", ())
    kind, warnings = weakest([LASTING, PRICE, PRICE], DAY + timedelta(days=1095))
    assert kind == "assumed"
    assert warnings == (
        "evidence of 2026-01-01 for instance.* expired 1,005 days ago and counts as assumed: a list",
    )


@given(st.lists(st.sampled_from(EVIDENCE), min_size=1))
def test_weaker_is_one_of_them_and_none_is_below_it(kinds: list[str]) -> None:
    worst = weaker(*kinds)
    assert worst in kinds
    assert max(EVIDENCE.index(kind) for kind in kinds) == EVIDENCE.index(worst)


def test_fields_are_matched_as_paths() -> None:
    assert PRICE.covers("instance.m5.4xlarge.on_demand_per_hour")
    assert not PRICE.covers("instances.x")
    with pytest.raises(BadProfile, match=r"mine\.toml: no evidence covers cpu\.cores"):
        require([PRICE], "cpu.cores", "mine.toml")


def test_every_number_is_found_wherever_it_stands() -> None:
    content = {"a": 1, "b": {"c": 2.5, "d": [{"e": 3}], "f": "4", "g": True}}
    assert [*numbers(content)] == ["a", "b.c", "b.d.e"]


def test_sources_are_listed_with_what_they_are_for() -> None:
    assert listed([PRICE, LASTING]) == [
        {"evidence": "published", "where": "instance.*: a list (for 90 days)", "date": DAY},
        {"evidence": "measured", "where": "instance.*: a list", "date": DAY},
    ]


def test_what_a_file_says_of_evidence_is_kept() -> None:
    entry = {"fields": ["x"], "class": "derived", "date": DAY, "source": "s", "valid_days": 7}
    (found,) = read_evidence({"evidence": [entry]}, "mine.toml")
    assert found == Evidence(fields=("x",), kind="derived", dated=DAY, source="s", valid_days=7)
