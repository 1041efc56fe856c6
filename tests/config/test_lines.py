"""The line of every key, in all the ways TOML has to write one."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config.lines import KeyPath, key_lines, line_of

DOCUMENT = '''\
# a comment with [brackets] and = signs
fail_on = "high"   # and one behind
exclude = [
  "a/**",   # ] in a comment
  'b]',

  "c",
]
text = """
not = "a key"
[not.a.table]
"""
literal = \'\'\'
x = 1 \'\' still
\'\'\'

[models."a.b/*.onnx"]
dims = { N = 1, "M K" = 2 }
run_args.input_scale = 7
"run_args"."param_scale" = 8

[ budget . 'quoted "name".onnx' ]
max_increase = { rows = "10%", nested = { deep = [1, { x = 2 }] } }
max_rows=1

[[ignore]]
rule = "AUD-SEC-001"
[[ignore]]

rule = "AUD-SEC-002"
[ignore.more]
x = 2020-01-01T00:00:00Z
[[ignore.inner]]
y = 1
[[ignore.inner]]
y = 2
'''

LINES: dict[KeyPath, int] = {
    ("fail_on",): 2,
    ("exclude",): 3,
    ("exclude", 0): 4,
    ("exclude", 1): 5,
    ("exclude", 2): 7,
    ("text",): 9,
    ("literal",): 13,
    ("models",): 17,
    ("models", "a.b/*.onnx"): 17,
    ("models", "a.b/*.onnx", "dims"): 18,
    ("models", "a.b/*.onnx", "dims", "N"): 18,
    ("models", "a.b/*.onnx", "dims", "M K"): 18,
    ("models", "a.b/*.onnx", "run_args"): 19,
    ("models", "a.b/*.onnx", "run_args", "input_scale"): 19,
    ("models", "a.b/*.onnx", "run_args", "param_scale"): 20,
    ("budget",): 22,
    ("budget", 'quoted "name".onnx'): 22,
    ("budget", 'quoted "name".onnx', "max_increase"): 23,
    ("budget", 'quoted "name".onnx', "max_increase", "rows"): 23,
    ("budget", 'quoted "name".onnx', "max_increase", "nested"): 23,
    ("budget", 'quoted "name".onnx', "max_increase", "nested", "deep"): 23,
    ("budget", 'quoted "name".onnx', "max_increase", "nested", "deep", 0): 23,
    ("budget", 'quoted "name".onnx', "max_increase", "nested", "deep", 1): 23,
    ("budget", 'quoted "name".onnx', "max_increase", "nested", "deep", 1, "x"): 23,
    ("budget", 'quoted "name".onnx', "max_rows"): 24,
    ("ignore",): 26,
    ("ignore", 0): 26,
    ("ignore", 0, "rule"): 27,
    ("ignore", 1): 28,
    ("ignore", 1, "rule"): 30,
    ("ignore", 1, "more"): 31,
    ("ignore", 1, "more", "x"): 32,
    ("ignore", 1, "inner"): 33,
    ("ignore", 1, "inner", 0): 33,
    ("ignore", 1, "inner", 0, "y"): 34,
    ("ignore", 1, "inner", 1): 35,
    ("ignore", 1, "inner", 1, "y"): 36,
}


def paths(value: Any, here: KeyPath = ()) -> set[KeyPath]:
    """Every key and place of a document."""
    if isinstance(value, dict):
        items: list[tuple[str | int, Any]] = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return set()
    found = {(*here, key) for key, _ in items}
    return found.union(*(paths(item, (*here, key)) for key, item in items))


def test_every_key_has_its_line() -> None:
    assert key_lines(DOCUMENT) == LINES


def test_the_scanner_names_what_tomllib_reads_and_nothing_else() -> None:
    assert set(LINES) == paths(tomllib.loads(DOCUMENT))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_windows_line_ends_count_once(newline: str) -> None:
    text = newline.join(["a = 1", "", "[t]", 'b = "x"'])
    assert key_lines(text) == {("a",): 1, ("t",): 3, ("t", "b"): 4}


def test_a_key_without_a_line_has_that_of_what_holds_it() -> None:
    lines = key_lines("[a]\nb = 1\n")
    assert line_of(lines, ("a", "missing", "deep")) == 1
    assert line_of(lines, ("nowhere",)) == 1


KEYS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True),
    st.sampled_from(["'a.b'", '"c = d"', '"e\\"f"', "'#'", '"]"', '"\\u00e9"']),
)
VALUES = st.sampled_from(
    [
        "1", '"x # y"', "'a = 1'", "true", "1979-05-27", "[1, 2]", '["]", "#"]', "{ a = 1, b.c = [1] }",
        '"""\nz = 1\n"""', "'''\n[t]\n'''", "[\n1, # c\n2,\n]",
        '""""quoted" ""\\""""', "[[1], [{ q = 1 }]]",
        "-inf",
    ]
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(KEYS, min_size=1, max_size=3), VALUES), max_size=12))
def test_any_document_that_tomllib_reads_is_scanned(statements: list[tuple[int, list[str], str]]) -> None:
    written = []
    for kind, keys, value in statements:
        dotted = " . ".join(keys)
        written.append({0: f"[{dotted}]", 1: f"[[{dotted}]]"}.get(kind, f"{dotted} = {value} # {kind}"))
    text = "\n".join(written)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(key_lines(text)) == paths(document)
