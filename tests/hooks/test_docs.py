"""docs/check.md and docs/ci.md say what the program does: every key, and recipes that can be run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.config import load, values
from auditor.gate import outcome
from auditor.hook import USAGE

ROOT = Path(__file__).parents[2]
CHECK = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, or (``""``) those that are indented by four."""
    if language:
        return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    bare = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"(?:^    .*\n|^\n)+", bare, re.MULTILINE)
    return ["\n".join(line[4:] for line in block.splitlines()) for block in found if block.strip()]


def section(title: str) -> str:
    """What stands under a heading of check.md, up to the next one."""
    return re.split(r"^#+ ", CHECK.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def keys(title: str) -> set[str]:
    """The words in code in the first column of the tables of a section."""
    rows = re.findall(r"^\| (.*?) \|", section(title), re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([a-z_]+)`", row)}


def commands(text: str) -> Iterator[list[str]]:
    """The command lines of auditor in all blocks and in code between words."""
    inline = re.findall(r"`((?:auditor|auditor-hook)\s[^`]*)`", text)
    lines = [
        line
        for block in [*blocks(text, "yaml"), *blocks(text, "sh"), *blocks(text, "")]
        for line in block.splitlines()
    ]
    for line in [*lines, *inline]:
        found = re.search(r"(?:^|[\s-]|&& )(auditor(?:-hook)? [a-z-].*)$", line.split("  #")[0].strip())
        if found and "=" not in found[1].split()[0]:
            yield shlex.split(found[1].split(" || ")[0].replace("(", "").replace(")", ""))


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("Keys of the file", {*values.TOP, "extend", "exclude"}),
        ("Models", set(values.MODELS)),
        ("Budgets", {*values.AMOUNTS, values.INCREASE, "message"}),
        ("Suppressions", set(load._IGNORE)),
    ],
)
def test_every_key_is_explained_and_every_explained_key_is_one(title: str, known: set[str]) -> None:
    assert keys(title) == known


def test_no_table_of_the_configuration_is_forgotten() -> None:
    for name in load._SECTIONS:
        assert f"`{name}`" in CHECK, name


def test_defaults_are_those_of_the_program() -> None:
    said = dict(
        re.findall(r"^\| `([a-z_]+)` \|.*?\| `([^`|]*)` \| ", section("Keys of the file"), re.MULTILINE)
    )
    assert said == {
        name: str(setting.value).lower() if isinstance(setting.value, bool) else f'"{setting.value}"'
        for name, setting in load.DEFAULTS.items()
    }


def test_limits_that_must_name_a_machine_say_so() -> None:
    rows = dict(re.findall(r"^\| `(max_[a-z_]+)` \|(.*)\|$", section("Budgets"), re.MULTILINE))
    for name, (_, _, where, must) in values.AMOUNTS.items():
        word = {"profile": "a machine", "chain": "a chain", "": ""}[where]
        assert word in rows[name], name
        assert ("which it names" in rows[name]) is must, name


def test_every_example_of_a_configuration_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "auditor.toml").write_text("")
    found = [*blocks(CHECK, "toml"), *blocks(CI, "toml")]
    assert len(found) >= 6
    place = tmp_path / "here"
    place.mkdir()
    for text in found:
        file = place / ("pyproject.toml" if "[tool.auditor" in text else "auditor.toml")
        file.write_text(text)
        load.load_config(file)


@pytest.mark.parametrize("text", [CHECK, CI], ids=["check.md", "ci.md"])
def test_every_command_has_the_options_it_is_given(text: str) -> None:
    known = {"auditor-hook": set(re.findall(r"--[a-z0-9-]+", USAGE)) | {"--all-files", "--help"}}
    seen = 0
    for words in commands(text):
        name = words[0] if words[0] == "auditor-hook" else " ".join(words[:2])
        if name not in known:
            ended = subprocess.run(
                [sys.executable, "-m", "auditor", words[1], "--help"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, words
            known[name] = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z0-9-]*", ended.stdout))
        for word in words[1:]:
            if word.startswith("-") and word != "--":
                assert word.partition("=")[0] in known[name], words
                seen += 1
    assert seen >= 4


@pytest.mark.parametrize("text", [CHECK, CI], ids=["check.md", "ci.md"])
def test_the_exit_codes_are_all_there(text: str) -> None:
    rows = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    codes = [outcome.PASSED, outcome.FAILED, outcome.USAGE, outcome.UNDETERMINED, outcome.BROKEN]
    assert [int(row) for row in rows][:5] == sorted(codes)


def test_recipes_are_yaml_and_name_hooks_and_inputs_that_there_are() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    ids = {hook["id"] for hook in manifest}
    assert ids == {"auditor", "auditor-all", "auditor-prove"}
    assert set(re.findall(r"^\| `(auditor[a-z-]*)` \|", CI, re.MULTILINE)) == ids
    found = [yaml.safe_load(block) for block in blocks(CI, "yaml")]
    named, uses = set(), []
    for node in _nodes(found):
        if "hooks" in node:
            named |= {hook["id"] for hook in node["hooks"]}
        if str(node.get("uses", "")).startswith("OWNER/auditor@"):
            uses.append(node)
    assert named <= ids
    assert len(uses) == 2
    assert all(set(step.get("with", {})) <= set(inputs) for step in uses)
    table = CI.partition("| input | default | |\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(inputs)


def _nodes(value: object) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _nodes(item)
