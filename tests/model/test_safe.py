"""Nothing a model is called can reach a terminal, a log or a CI system unharmed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import BadModel, LfsPointer
from auditor.findings import SEVERITIES, Finding
from auditor.safe import safe


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/model/layers.0/attn/MatMul", "/model/layers.0/attn/MatMul"),
        ("a\x1b[31mred\x1b[0m", "a[31mred[0m"),
        ("a\nb\r\nc\rd", "a⏎b⏎c⏎d"),
        ("a\tb", "a b"),
        ("\u202eevil\u202c", "evil"),
        ("\u2066x\u2069", "x"),
        ("a\u200bb\ufeffc\u00ad", "abc"),
        ("\x9b31m", "31m"),
        ("\u2028\u2029", ""),
        ("e\u0301", "é"),
        ("\udc80", ""),
        ("\U000e0041", ""),
        ("Слой 層", "Слой 層"),
    ],
)
def test_examples(name: str, shown: str) -> None:
    assert safe(name) == shown


def test_long_names_lose_their_middle() -> None:
    assert safe("a" * 100 + "b" * 100, limit=11) == "aaaaa…bbbbb"
    assert safe("a" * 120) == "a" * 120
    assert len(safe("x\n" * 5_000_000)) == 120
    assert safe("abc", limit=1) == "…"


@given(st.text(st.characters(exclude_categories=()), max_size=400), st.integers(1, 150))
def test_always_one_short_printable_line(name: str, limit: int) -> None:
    shown = safe(name, limit)
    assert len(shown) <= limit
    assert all(character == " " or character.isprintable() or character == "\u3000"
               or unicodedata.category(character) == "Zs" for character in shown)  # fmt: skip
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
    shown.encode("utf-8")


def test_findings_know_their_severities() -> None:
    for severity in SEVERITIES:
        assert Finding(rule="R", severity=severity, message="m").node == ""
    with pytest.raises(ValueError, match="severity 'bad'"):
        Finding(rule="R", severity="bad", message="m")


def test_errors_are_one_line_with_what_to_do() -> None:
    assert str(BadModel("is empty", "export it again")) == "is empty; export it again"
    assert str(BadModel("is empty")) == "is empty"
    assert LfsPointer("m", "h", oid="00", size_bytes=3).size_bytes == 3


def test_every_blank_is_the_usual_one() -> None:
    assert safe("a\u00a0b\u3000c\u2003d") == "a b c d"
    assert safe("a\u00a0b").isprintable()
