"""Policies: the shipped ones load, and a file that says too little or too much does not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from auditor import explanation, rules
from auditor.errors import UsageError
from auditor.pricing.policy import LIMITS, load_policy, parse_policy, resolve_policy, shipped_policy
from auditor.pricing.profile_file import BadProfile

NAMES = rules.names("policies")


def content(name: str = "interactive") -> dict[str, Any]:
    return tomllib.loads((rules.rules_dir() / "policies" / f"{name}.toml").read_text(encoding="utf-8"))


def test_there_is_one_for_each_audience() -> None:
    assert {*NAMES} >= {"interactive", "batch", "on-chain", "edge"}


@pytest.mark.parametrize("name", NAMES)
def test_shipped_policies_load_and_say_where_their_limits_are_from(name: str) -> None:
    policy = shipped_policy(name)
    assert policy.id == name
    set_ = [limit for limit in LIMITS if getattr(policy, limit) is not None]
    assert set_
    for limit in set_:
        assert [entry.kind for entry in policy.behind(limit)] == ["published"]
    assert [rule.name for rule in rules.find(f"policies:{name}")] == [name]
    assert "Limits" in explanation.text(rules.load("policies", name))


def test_the_audiences_differ_as_they_should() -> None:
    interactive, batch, edge = (shipped_policy(name) for name in ("interactive", "batch", "edge"))
    assert interactive.prove_seconds is not None
    assert batch.prove_seconds is not None
    assert edge.prove_seconds is not None
    assert interactive.prove_seconds < edge.prove_seconds < batch.prove_seconds
    assert batch.setup_here
    assert not edge.setup_here
    assert edge.download_bytes is not None


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(UsageError, match="did you mean on-chain"):
        shipped_policy("onchain")


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("schema", "auditor.policy/2", "this program reads auditor.policy/1"),
        ("id", "", "id is empty"),
        ("patience", "endless", "'endless' and none of interactive, batch"),
        ("setup", "there", "'there' and none of here, elsewhere"),
        ("x", 1, "nobody knows the field x"),
        ("limits", {}, "limits has none"),
        ("limits", 3, "limits is not a table"),
        ("limits/prove_seconds", 0, "limits.prove_seconds is 0, which it cannot be"),
        ("limits/prove_seconds", -1, "which it cannot be"),
        ("limits/prove_seconds", float("nan"), "which it cannot be"),
        ("limits/prove_seconds", True, "limits.prove_seconds is not a number"),
        ("limits/download_bytes", 1.5, "limits.download_bytes is not a whole number"),
        ("limits/gas", 1, "nobody knows the field limits.gas"),
        ("evidence", [], "evidence is missing"),
    ],
)
def test_a_wrong_value_is_refused(path: str, value: object, complaint: str) -> None:
    found = content()
    *tables, name = path.split("/")
    table = found
    for step in tables:
        table = table[step]
    table[name] = value
    with pytest.raises(BadProfile, match=r"mine\.toml") as raised:
        parse_policy(found, "mine.toml")
    assert complaint in str(raised.value)


@pytest.mark.parametrize("field", ["schema", "id", "name", "summary", "setup", "limits"])
def test_a_missing_field_is_named(field: str) -> None:
    found = content()
    del found[field]
    with pytest.raises(BadProfile, match=rf"mine\.toml: the field {field} is missing"):
        parse_policy(found, "mine.toml")


def test_a_limit_without_evidence_is_named() -> None:
    found = content()
    found["limits"]["usd_per_proof"] = 0.1
    found["evidence"][0]["fields"] = ["limits.prove_seconds", "limits.verify_seconds"]
    with pytest.raises(BadProfile, match=r"mine\.toml: no evidence covers limits\.usd_per_proof"):
        parse_policy(found, "mine.toml")


def test_an_own_policy_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        (rules.rules_dir() / "policies" / "batch.toml").read_text().replace('id = "batch"', 'id = "mine"')
    )
    assert load_policy(path).id == "mine"
    with pytest.raises(BadProfile, match=r"other\.toml: cannot be read"):
        load_policy(tmp_path / "other.toml")


def test_a_policy_is_named_or_is_a_file_with_a_name_of_its_own(tmp_path: Path) -> None:
    assert resolve_policy("batch") == shipped_policy("batch")
    path = tmp_path / "mine.toml"
    text = (rules.rules_dir() / "policies" / "batch.toml").read_text()
    path.write_text(text)
    with pytest.raises(BadProfile, match=r"mine\.toml: id is 'batch', which is that of a policy that comes"):
        resolve_policy(str(path))
    path.write_text(text.replace('id = "batch"', 'id = "mine"'))
    assert resolve_policy(str(path)).id == "mine"
    with pytest.raises(UsageError, match="did you mean batch"):
        resolve_policy("bach")


def test_a_bad_shipped_policy_is_a_bad_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    text = (rules.rules_dir() / "policies" / "batch.toml").read_text()
    (tmp_path / "policies" / "x.toml").write_text(text.replace("prove_seconds", "proof_seconds"))
    monkeypatch.setattr(rules, "rules_dir", lambda: tmp_path)
    with pytest.raises(rules.BadRule, match=r"x\.toml: nobody knows the field limits\.proof_seconds"):
        rules.load("policies", "x")
