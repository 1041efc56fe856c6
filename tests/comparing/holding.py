"""What no report may do, whatever it is about, held to every format there is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from auditor import formats
from tests.comparing.running import Tags, auditor, objects, read_strictly, validator

PICTURES = ("svg", "png")


def files(folder: Path, *words: object, code: int) -> dict[str, bytes]:
    """What each format but those of pictures writes of one run, by its name."""
    paths = {name: folder / f"report.{name}" for name in formats.reports()}
    outputs = [word for name, path in paths.items() for word in ("--output", f"{name}={path}")]
    ended = auditor(*words, *outputs, "--format", "json")
    assert (ended.code, ended.err) == (code, "")
    read_strictly(ended.out)
    return {name: path.read_bytes() for name, path in paths.items()}


def hold_harmless(name: str, content: bytes) -> None:
    """No control characters, no commands of a CI, no scripts."""
    text = content.decode()
    bad = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert bad <= {"\n"}, (name, bad)
    commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    own = r"::(error|warning|notice) file=[^:,]*,line=1,title=[^:,]*::.*"
    assert all(name == "github" and re.fullmatch(own, line) for line in commands), (name, commands)
    if name not in ("json", "sarif", "gitlab", "junit"):
        assert not re.search(r"##\w*\[", text)
    if name in ("html", "markdown"):
        tags = Tags()
        tags.feed(text)
        assert "script" not in tags.tags
        assert not [each for each in tags.attributes if each.startswith("on")]
    if name == "junit":
        ElementTree.fromstring(content)


def hold_closed(schema: str, found: dict[str, Any], names: Set[str]) -> None:
    """One object at each kind of place with a field more, and with one less, is against the schema; those
    called ``names`` are tables whose fields are names."""
    holds = validator(schema).is_valid
    assert holds(found)
    kinds = {re.sub(r"/[0-9]+", "/*", path): each for path, each in objects(found) if each}
    for path, each in kinds.items():
        if path.rpartition("/")[2] in names:
            continue
        each["unheard-of"] = 1
        assert not holds(found), path
        del each["unheard-of"]
        if path.endswith("able"):
            continue
        key = next(iter(each))
        value = each.pop(key)
        assert not holds(found), (path, key)
        each[key] = value
    assert len(kinds) > 10
    assert holds(found)


def hold_pictures(folder: Path, *words: object) -> None:
    """The same words drawn: SVG without anything that runs, and a PNG where its libraries are."""
    first, second = folder / "one.svg", folder / "two.svg"
    for path in (first, second):
        assert auditor(*words, "--output", f"svg={path}").code == 0
    assert first.read_bytes() == second.read_bytes()
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(first.read_bytes()).iter()}
    assert names <= {"svg", "title", "style", "rect", "g", "path", "line", "text", "circle"}
    pytest.importorskip("resvg_py")
    pytest.importorskip("ttf_opensans")
    picture = folder / "one.png"
    assert auditor(*words, "--output", f"png={picture}").code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
