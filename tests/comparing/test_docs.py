"""README.md, docs/compare.md and docs/forecast.md say what the two commands do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from auditor import rules
from auditor.comparing import participation
from auditor.landscape.needs import ENOUGH
from auditor.trends.forecast import HORIZON_YEARS
from auditor.trends.scenario_file import parse_scenario
from auditor.trends.trend import OF
from auditor.trends.trend_file import parse_trend
from tests.cli.test_shell import auditor as in_a_process
from tests.comparing.running import SAMPLES, auditor
from tests.hooks.test_docs import blocks, commands

ROOT = SAMPLES.parent
DOCS = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("compare", "forecast")}
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCS)
def test_examples_have_the_options_they_are_given(name: str) -> None:
    known = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z0-9-]*", auditor(name, "--help").out))
    seen = 0
    for text in (DOCS[name], README):
        for words in commands(text):
            if words[:2] == ["auditor", name]:
                assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known, words
                seen += 1
    assert seen >= 4


@pytest.mark.parametrize("name", DOCS)
def test_options_that_are_explained_are_options(name: str) -> None:
    known = set(re.findall(r"--[a-z][a-z0-9-]*", auditor(name, "--help").out))
    named = set(re.findall(r"`(--[a-z][a-z0-9-]*)", DOCS[name]))
    assert named <= known | {"--format"}
    assert len(named) >= 4


@pytest.mark.parametrize(("name", "codes"), [("compare", [0, 1, 2, 3, 4]), ("forecast", [0, 2, 3, 4])])
def test_the_exit_codes_are_those_of_the_help(name: str, codes: list[int]) -> None:
    assert [int(row) for row in re.findall(r"^\| (\d) \|", DOCS[name], re.MULTILINE)] == codes
    said = " ".join(auditor(name, "--help").out.partition("Exit codes:")[2].split())
    assert [int(code) for code in re.findall(r"(?:^|; )(\d) ", said.strip())] == codes


@pytest.mark.parametrize("name", DOCS)
def test_the_help_fits_a_terminal(name: str) -> None:
    ended = in_a_process(name, "-h", COLUMNS="80")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert max(len(line) for line in ended.stdout.splitlines()) <= 80


def test_the_readme_has_both_and_links_to_their_pages() -> None:
    for name in DOCS:
        assert f"| `auditor {name} MODEL` |" in README
        assert f"(docs/{name}.md)" in README


@pytest.mark.parametrize("text", [*DOCS.values(), README], ids=[*DOCS, "README"])
def test_links_lead_somewhere(text: str) -> None:
    folder = ROOT if text is README else ROOT / "docs"
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert links
    for link in links:
        assert (folder / link).exists(), link


@pytest.mark.parametrize("text", DOCS.values(), ids=DOCS)
def test_files_that_hold_assumptions_are_there(text: str) -> None:
    named = re.findall(r"`((?:rules|auditor)/[\w./-]+\.\w+)`", text)
    assert len(named) >= 4
    for name in named:
        found = ROOT / name.replace("NAME", "*")
        assert [*found.parent.glob(found.name)], name


def test_the_columns_are_those_of_the_tables() -> None:
    said = set(re.findall(r"^\| ([A-Z][A-Za-z ]+) \| ", DOCS["compare"], re.MULTILINE))
    shown = auditor("compare", SAMPLES / "digits_cnn" / "model.onnx", "--no-plan", "--format", "table").out
    assert said == {"Time", "Memory", "Verifying", "Proof", "USD", "Rests on", "Hides", "Today"}
    assert all(word in shown for word in said)


def test_the_stakes_are_those_that_can_be_asked() -> None:
    assert re.findall(r"^\| `--stakes (\w+)` \|", DOCS["compare"], re.MULTILINE) == sorted(
        ENOUGH, key=["low", "medium", "high"].index
    )


def test_what_is_assumed_of_an_inference_is_what_is_computed() -> None:
    facts = rules.load("methods", "re_execution").fields["inference"]
    start, rate = facts["start_seconds"], facts["macs_per_second"]
    said = " ".join(DOCS["compare"].split())
    assert f"takes {start['low'] * 1e6:g} to {start['high'] * 1e6:g} µs and" in said
    assert f"{rate['low'] / 1e9:g} to {rate['high'] / 1e9:g} billion" in said
    assert f"take {participation.WEIGHT_BYTES} bytes a parameter, once or twice" in said
    assert f"up to {participation.RUNTIME_BYTES.high / 1e6:g} MB" in said
    assert participation.MOST_COPIES == 2


def test_the_scenarios_and_rates_are_all_there() -> None:
    table = DOCS["forecast"].partition("| scenario |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `([a-z-]+)` \| ", table, re.MULTILINE)
    assert sorted(named) == sorted(rules.names("scenarios"))
    assert all(f"`{of}`" in DOCS["forecast"] for of in OF)
    assert f"not within {HORIZON_YEARS:g} years" in DOCS["forecast"]


def test_files_of_ones_own_are_as_the_examples(tmp_path: Path) -> None:
    scenario, trend = blocks(DOCS["forecast"], "toml")
    (tmp_path / "prover.toml").write_text(trend)
    found = parse_scenario(tomllib.loads(scenario), "mine.toml", tmp_path)
    assert found.prover == parse_trend(tomllib.loads(trend), "prover.toml")
    assert found.id == "mine"


def test_examples_of_output_are_of_the_program() -> None:
    digits, transformer = (SAMPLES / name / "model.onnx" for name in ("digits_cnn", "digits_transformer"))
    ways = auditor("compare", digits, "--way", "ezkl", "--way", "zkml", "--way", "re-execution").out
    words = ("--no-plan", "--scenario", "same-stack", "--policy", "interactive", "--budget", "0.001")
    years = auditor(
        "forecast", transformer, *words, "--hardware", "laptop-8c-16g", "--hardware", "aws-m5-4xlarge"
    ).out
    for text, shown in ((DOCS["compare"], ways), (DOCS["forecast"], years)):
        there = [" ".join(line.split()) for line in shown.splitlines()]
        rows = [
            " ".join(line.split())
            for line in text.splitlines()
            if re.match(r"    (EZKL|ZKML|same|laptop|aws)", line)
        ]
        assert len(rows) >= 3
        for line in rows:
            assert line in there, line
