"""Hardware profiles: the shipped ones load, and a file that says too little or too much does not."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor import explanation, rules
from auditor.errors import UsageError
from auditor.pricing.profile_file import REFERENCE, BadProfile, load, parse, shipped

FOLDER = rules.rules_dir() / "hardware"
Content = dict[str, Any]


@pytest.fixture
def content() -> Content:
    return tomllib.loads((FOLDER / f"{REFERENCE}.toml").read_text())


@pytest.mark.parametrize("name", rules.names("hardware"))
def test_shipped_profiles_load_under_their_own_name(name: str) -> None:
    assert shipped(name).id == name


def test_the_reference() -> None:
    profile = shipped()
    assert profile.evidence == "measured"
    assert (profile.logical_cores, profile.measured.runs) == (2, 84)
    assert 0 < profile.fits["proof"]["cpu_seconds"].coefficients["MSM"] < 1e-6


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(UsageError, match="did you mean reference-epyc-2c"):
        shipped("reference-epyc")


def test_explain_shows_every_coefficient_with_its_unit_and_the_evidence() -> None:
    page = explanation.text(rules.load("hardware", REFERENCE))
    assert "proof, cpu_seconds, MSM: 1.963e-07 s per bucket addition" in page
    assert "proof, cpu_seconds, error: 0.92 to 1.14" in page
    assert "(measured, 2026-11-21)" in page


def in_(content: Content, path: str) -> tuple[Content, str]:
    """The table that holds a field, and the field's name in it."""
    *tables, name = path.split("/")
    for table in tables:
        content = content[table]
    return content, name


FIELDS = (
    "schema", "id", "name", "kind", "summary", "cpu", "cpu/model", "cpu/arch", "cpu/logical_cores",
    "memory/total_bytes", "measured/runs", "measured/error_per_doubling", "coefficients/cache",
    "coefficients/worker/cpu_seconds", "coefficients/parallel_fraction", "coefficients/thread_memory_bytes",
    "coefficients/other_processor", "coefficients/proof", "coefficients/proof/cpu_seconds",
    "coefficients/proof/cpu_seconds/MSM", "coefficients/proof/cpu_seconds/MSM/unit",
    "coefficients/keys/cpu_seconds/permutation MSM/value", "coefficients/keys/peak_memory_bytes/error",
    "coefficients/keys/peak_memory_bytes/freivalds_error/high", "evidence",
)  # fmt: skip


@pytest.mark.parametrize("path", FIELDS)
def test_a_missing_field_is_named(content: Content, path: str) -> None:
    table, name = in_(content, path)
    del table[name]
    with pytest.raises(BadProfile, match=r"mine\.toml") as raised:
        parse(content, "mine.toml")
    assert path.replace("/", ".") in str(raised.value)


@pytest.mark.parametrize(
    "path",
    ["x", "cpu/x", "memory/x", "measured/x", "coefficients/x", "coefficients/proof/x",
     "coefficients/proof/cpu_seconds/x", "coefficients/proof/cpu_seconds/MSM/x",
     "coefficients/proof/cpu_seconds/error/x", "coefficients/worker/x", "coefficients/cache/x"],
)  # fmt: skip
def test_an_unknown_field_is_named(content: Content, path: str) -> None:
    table, name = in_(content, path)
    table[name] = 1
    with pytest.raises(BadProfile, match=f"mine.toml: nobody knows the field {path.replace('/', '.')}"):
        parse(content, "mine.toml")


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("schema", "auditor.hardware/2", "this program reads auditor.hardware/1"),
        ("kind", "toaster", "'toaster' and none of laptop"),
        ("name", "", "name is empty"),
        ("id", 3, "id is not text"),
        ("cpu", "fast", "cpu is not a table"),
        ("cpu/logical_cores", 0, "never below 1"),
        ("cpu/logical_cores", True, "not a whole number"),
        ("cpu/logical_cores", 2.0, "not a whole number"),
        ("memory/total_bytes", -1, "never below 1"),
        ("measured/least_logrows", 30, "above measured.most_logrows"),
        ("coefficients/parallel_fraction", 1.1, "1.1, which it cannot be"),
        ("coefficients/worker/cpu_seconds", float("nan"), "nan, which it cannot be"),
        ("coefficients/worker/cpu_seconds", float("inf"), "inf, which it cannot be"),
        ("coefficients/proof/cpu_seconds/MSM/value", -1e-9, "which it cannot be"),
        ("coefficients/proof/cpu_seconds/MSM/unit", "s per point", "'s per bucket addition'"),
        ("coefficients/proof/cpu_seconds/error/low", 1.1, "1 is not within"),
        ("coefficients/proof/cpu_seconds/error/high", 0.9, "1 is not within"),
        ("evidence", [], "evidence is missing"),
        ("evidence", [7], "evidence 1: it is not a table"),
    ],
)
def test_a_wrong_value_is_refused(content: Content, path: str, value: object, complaint: str) -> None:
    table, name = in_(content, path)
    table[name] = value
    with pytest.raises(BadProfile, match=complaint):
        parse(content, "mine.toml")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("class", "rumour", "class is none of measured"),
        ("date", "yesterday", "date is not a date"),
        ("source", "", "source is not text"),
        ("fields", [], "fields is not a list"),
        ("fields", [1], "fields is not a list"),
        ("fields", ["cpu.model"], "no evidence covers cpu.logical_cores"),
        ("x", 1, "x is known to nobody"),
    ],
)
def test_evidence_must_say_what_it_covers_and_where_it_is_from(
    content: Content, name: str, value: object, complaint: str
) -> None:
    content["evidence"][0][name] = value
    with pytest.raises(BadProfile, match=complaint):
        parse(content, "mine.toml")


def test_evidence_is_the_weakest_behind_a_coefficient(content: Content) -> None:
    weaker = copy.deepcopy(content)
    weaker["evidence"].append(
        content["evidence"][0] | {"fields": ["coefficients.keys.*"], "class": "derived"}
    )
    assert parse(weaker, "mine.toml").evidence == "derived"
    # What the memory of the machine rests on is no coefficient.
    weaker = copy.deepcopy(content)
    weaker["evidence"].append(content["evidence"][0] | {"fields": ["memory.*"], "class": "assumed"})
    assert parse(weaker, "mine.toml").evidence == "measured"


def write(text: str | bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    "make",
    [lambda path: None, Path.mkdir, write("x = "), write(b"\xff\xfe"), write("x=" + "[" * 100_000)],
    ids=["missing", "directory", "not TOML", "not text", "deep"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "mine.toml")
    with pytest.raises(BadProfile, match=r"mine\.toml: cannot be read"):
        load(tmp_path / "mine.toml")


def test_a_hostile_name_is_shown_harmless(content: Content) -> None:
    content["x\x1b[31m\n"] = 1
    with pytest.raises(BadProfile) as raised:
        parse(content, "mine\x1b.toml")
    assert str(raised.value).isprintable()


def test_a_bad_shipped_profile_is_a_bad_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hardware").mkdir()
    text = (FOLDER / f"{REFERENCE}.toml").read_text()
    (tmp_path / "hardware" / "x.toml").write_text(text.replace("logical_cores", "cores"))
    monkeypatch.setattr(rules, "rules_dir", lambda: tmp_path)
    with pytest.raises(rules.BadRule, match=r"rules/hardware/x\.toml: nobody knows the field cpu\.cores"):
        rules.load("hardware", "x")
