"""Systems and methods of the user's own stand beside those that come with the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.comparing.ways import chosen
from auditor.errors import UsageError
from auditor.pricing.tables import BadProfile
from auditor.rules import rules_dir


def copied(kind: str, name: str, new: str, folder: Path) -> str:
    """A file of the program under another id."""
    text = (rules_dir() / kind / f"{name}.toml").read_text(encoding="utf-8")
    path = folder / f"{new}.toml"
    path.write_text(text.replace(f'id = "{name}"', f'id = "{new}"', 1), encoding="utf-8")
    return str(path)


def test_a_file_is_compared_alone_or_with_what_is_named(tmp_path: Path) -> None:
    system = copied("systems", "zkgpt", "mine", tmp_path)
    method = copied("methods", "tee_cpu", "enclave", tmp_path)
    alone = chosen([system])
    assert not alone.ezkl
    assert [item.id for item in alone.systems] == ["mine"]
    assert alone.methods == ()
    beside = chosen(["ezkl", "zkllm", method, system, system])
    assert beside.ezkl
    assert [item.id for item in beside.systems] == ["zkllm", "mine"]
    assert [item.id for item in beside.methods] == ["enclave"]


def test_without_words_everything_is_compared() -> None:
    everything = chosen([])
    assert everything.ezkl
    assert len(everything.systems) > 15
    assert len(everything.methods) > 8
    assert "ezkl-published" not in [item.id for item in everything.systems]


def test_a_file_that_is_none_or_takes_an_id(tmp_path: Path) -> None:
    taken = tmp_path / "copy.toml"
    taken.write_text((rules_dir() / "systems" / "zkgpt.toml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(BadProfile, match="id is 'zkgpt', which is that of a proving system"):
        chosen([str(taken)])
    empty = tmp_path / "empty.toml"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(BadProfile, match=r"empty\.toml: the field schema is missing"):
        chosen([str(empty)])
    with pytest.raises(UsageError, match="there is no system and no method 'zkgtp'") as caught:
        chosen(["zkgtp"])
    assert "zkgpt" in (caught.value.hint or "")
