"""Files of one kind: shipped, the user's own, and two that could not be told apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.pricing import shelf
from auditor.pricing.policy import POLICIES
from auditor.pricing.tables import BadProfile
from auditor.rules import rules_dir


def test_what_comes_with_the_program_is_found_by_the_name_of_its_file() -> None:
    assert POLICIES.shipped("batch").id == "batch"
    assert [policy.id for policy in POLICIES.all()] == sorted(policy.id for policy in POLICIES.all())
    with pytest.raises(UsageError, match="there is no policy 'bach'") as caught:
        POLICIES.resolve("bach")
    assert "batch" in (caught.value.hint or "")


def test_a_file_is_seen_from_a_folder_and_has_an_id_of_its_own(tmp_path: Path) -> None:
    text = (rules_dir() / "policies" / "batch.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace('id = "batch"', 'id = "mine"'), encoding="utf-8")
    (tmp_path / "same.toml").write_text(text, encoding="utf-8")
    assert POLICIES.resolve("mine.toml", tmp_path).id == "mine"
    assert POLICIES.resolve(str(tmp_path / "mine.toml")).id == "mine"
    with pytest.raises(BadProfile, match="id is 'batch', which is that of a policy"):
        POLICIES.resolve("same.toml", tmp_path)
    with pytest.raises(BadProfile, match="cannot be read"):
        POLICIES.resolve("none.toml", tmp_path)


def test_two_that_come_with_the_program_have_two_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    for name in ("one", "two"):
        shutil.copy(rules_dir() / "policies" / "batch.toml", folder / f"{name}.toml")
    monkeypatch.setattr(shelf, "rules_dir", lambda: tmp_path)
    monkeypatch.setattr(shelf, "names", lambda kind: ["one", "two"])
    with pytest.raises(BadProfile, match="two of the kind policy have this id"):
        POLICIES.all()
