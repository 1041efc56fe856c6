"""The rules: complete, with evidence, and the same in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import explanation, rules

ROOT = Path(__file__).parents[2]
ALL = [(kind, name) for kind in rules.kinds() for name in rules.names(kind)]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_rule_loads_and_can_be_explained_within_eighty_columns(kind: str, name: str) -> None:
    rule = rules.load(kind, name)
    assert rule in rules.find(name)
    page = explanation.text(rule)
    assert rule.sources[0]["evidence"] in page
    assert max(len(line) for line in page.splitlines()) <= 80


def test_names_are_found_whatever_their_spelling() -> None:
    assert rules.find("MaxPool") == rules.find("max_pool") == rules.find("max-pool") != []
    assert rules.operator("MaxPool").title == "MaxPool"
    assert rules.operator("NoSuchOperator") is None


def test_a_rule_is_named_like_its_operator() -> None:
    for rule in rules.load_all("operators"):
        assert rules.operator(rule.title) == rule


OPERATOR = "summary = 's'\noperator = 'X'\ntreatment = 't'\n"
SOURCE = "[[source]]\nevidence = 'measured'\nwhere = 'w'\ndate = 2026-01-01\n"
LIMIT = "[[limits]]\nwhen = 'always'\nreason = 'r'\nway_out = 'o'\n"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("summary = ", "cannot be read"),
        ("operator = 'X'\ntreatment = 't'\nsupport = 'yes'\ncost = 'c'", "'summary'"),
        (OPERATOR + "support = 'yes'\ncost = 'c'", "'source'"),
        (OPERATOR + SOURCE, "'support'"),
        (OPERATOR + "support = 'maybe'\ncost = 'c'\n" + SOURCE, "yes, partly, no"),
        (OPERATOR + "support = 'yes'\n" + SOURCE, "'cost'"),
        (OPERATOR + "support = 'no'\ncost = 'c'\n" + LIMIT + SOURCE, "'cost'"),
        (OPERATOR + "support = 'no'\n" + SOURCE, "'limits'"),
        (OPERATOR + "support = 'partly'\ncost = 'c'\n" + SOURCE, "'limits'"),
        (OPERATOR + "support = 'yes'\ncost = 'c'\n" + LIMIT + SOURCE, "'limits'"),
        (OPERATOR + "support = 'no'\n" + LIMIT.replace("way_out = 'o'", "") + SOURCE, "way_out"),
        (OPERATOR + "support = 'no'\n" + LIMIT.replace("always", "often") + SOURCE, "'always'"),
        (OPERATOR + "support = 'yes'\ncost = 'c'\n" + SOURCE.replace("measured", "rumour"), "evidence"),
        (OPERATOR + "support = 'yes'\ncost = 'c'\n" + SOURCE.replace("2026-01-01", "'May'"), "date"),
        (OPERATOR + "support = 'yes'\ncost = 'c'\n" + SOURCE.replace("where = 'w'", ""), "where"),
    ],
)
def test_a_rule_that_says_too_little_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, complaint: str
) -> None:
    (tmp_path / "operators").mkdir()
    (tmp_path / "operators" / "x.toml").write_text(content)
    monkeypatch.setattr(rules, "rules_dir", lambda: tmp_path)
    with pytest.raises(rules.BadRule, match=complaint):
        rules.load("operators", "x")


@pytest.mark.parametrize(
    "content",
    [
        OPERATOR + "support = 'yes'\ncost = 'c'\n" + SOURCE,
        OPERATOR + "support = 'partly'\ncost = 'c'\n" + LIMIT + SOURCE,
        OPERATOR + "support = 'no'\n" + LIMIT + SOURCE,
    ],
)
def test_a_complete_rule_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    (tmp_path / "operators").mkdir()
    (tmp_path / "operators" / "x.toml").write_text(content)
    monkeypatch.setattr(rules, "rules_dir", lambda: tmp_path)
    assert rules.load("operators", "x").title == "X"


def test_the_checkout_holds_one_copy_of_the_rules() -> None:
    assert rules.rules_dir() == ROOT / "rules"
    assert not (ROOT / "auditor" / "rules").exists()


def test_the_digest_changes_with_a_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "rules_dir", lambda: tmp_path)
    (tmp_path / "operators").mkdir()
    (tmp_path / "operators" / "a.toml").write_text("x = 1")
    before = rules.digest()
    (tmp_path / "operators" / "a.toml").write_text("x = 2")
    assert len(before) == 12
    assert rules.digest() != before
