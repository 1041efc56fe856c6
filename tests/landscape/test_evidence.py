"""Every cell can be traced: no amount without class, words and source, and no number without evidence."""

from __future__ import annotations

import copy
import importlib
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import asdict

from auditor import explanation, rules
from auditor.comparing.compare import CompareOptions, compare
from auditor.forecasting.forecast import ForecastOptions, forecast
from auditor.landscape.nouns import QUANTITIES, Amount, Workload
from auditor.landscape.system_file import Row, System, shipped_systems
from auditor.landscape.systems import WORDS, way
from auditor.options import parse_request
from auditor.pricing.evidence import numbers
from auditor.pricing.tables import BadProfile
from samples.graphs.gpt2 import Config, gpt2
from tools.worker import REPOSITORY

KINDS = ("systems", "methods", "trends", "scenarios")
FILES = [
    pytest.param(kind, path, id=f"{kind}/{path.stem}")
    for kind in KINDS
    for path in sorted((rules.rules_dir() / kind).glob("*.toml"))
]
SYSTEMS = shipped_systems()
ROWS = [(system, row) for system in SYSTEMS for row in system.rows]
ASKED = [(system, row) for system, row in ROWS if row.parameters and not row.aside]
"""Those that can be asked about: what is set aside is shown and never used."""


# --- amounts -------------------------------------------------------------------------------


def amounts(value: object, path: str = "") -> Iterator[tuple[str, Amount]]:
    """Every amount within a noun, however deep, with the names that lead to it."""
    if isinstance(value, Amount):
        yield path, value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from amounts(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from amounts(item, f"{path}.{name}")
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from amounts(item, f"{path}[{index}]")


def untraceable(path: str, found: Amount) -> str:
    """What an amount lacks; nothing where all of it can be traced."""
    if found.evidence not in rules.EVIDENCE:
        return f"{path}: evidence is '{found.evidence}'"
    if not found.how.strip() or not found.source.strip():
        return f"{path}: how is '{found.how}', source is '{found.source}'"
    if not 0 <= found.low <= found.mid <= found.high:
        return f"{path}: {found.low}, {found.mid}, {found.high} are not in order"
    if found.extrapolated and "extrapolated" not in found.how:
        return f"{path}: extrapolated, and the words are '{found.how}'"
    return ""


@pytest.mark.parametrize("sample", ["digits_cnn", "cancer_trees", "digits_transformer"])
def test_every_amount_of_a_comparison_of_a_sample_can_be_traced(sample: str) -> None:
    request = parse_request(front_end="onnx", quiet=True)
    options = CompareOptions(factors={"width": (1, 2), "depth": (1, 2), "sequence": (1, 2)})
    report = compare(REPOSITORY / "samples" / sample / "model.onnx", request, options)
    found = [*amounts(report)]
    assert {path.split(".")[1].split("[")[0] for path, _ in found} == {"ways", "participants", "growth"}
    assert len(found) > 100
    assert [said for each in found if (said := untraceable(*each))] == []
    for row in report.ways:  # what is missing has a reason
        missing = [name for name in ("seconds", "peak_memory_bytes") if getattr(row, name) is None]
        assert not missing or row.unknown or row.unsupported or row.supported == "no", row.id


def test_every_amount_can_be_traced_where_there_is_no_circuit(tmp_path: Path) -> None:
    (tmp_path / "gpt2.onnx").write_bytes(gpt2(Config()).SerializeToString())
    report = compare(tmp_path / "gpt2.onnx", parse_request(front_end="onnx", quiet=True), CompareOptions())
    assert report.ways[0].seconds is None
    assert report.ways[0].unknown["seconds"]
    found = [*amounts(report)]
    assert {each.evidence for _, each in found} >= {"published", "assumed"}
    assert [said for each in found if (said := untraceable(*each))] == []


def test_every_cost_of_a_forecast_can_be_traced() -> None:
    options = ForecastOptions(scenarios=("frontier",), draws=100, budget_usd=0.01)
    path = REPOSITORY / "samples" / "cancer_mlp" / "model.onnx"
    report = forecast(path, parse_request(front_end="onnx", quiet=True), options)
    found = [*amounts(report)]
    assert len(found) > 30
    assert [said for each in found if (said := untraceable(*each))] == []
    assert report.exponent_source
    for scenario in report.scenarios:
        assert scenario.evidence in rules.EVIDENCE
        assert scenario.race.exponent_source
        for item in scenario.outlooks:  # a limit has a year, or a reason why none is known
            assert {crossing.kind for crossing in item.crossings} | {*item.unknown} == {*item.limits}


def test_an_amount_without_an_origin_would_be_found() -> None:
    whole = Amount(low=1, mid=2, high=3, evidence="published", how="as published", source="a paper")
    assert untraceable("x", whole) == ""
    for name, value in {"evidence": "rumoured", "how": " ", "source": "", "low": 9.0}.items():
        assert untraceable("x", Amount(**asdict(whole) | {name: value}))
    assert [path for path, _ in amounts({"a": (whole, [whole])})] == [".a[0]", ".a[1][0]"]


# --- the systems' own rows, as workloads ---------------------------------------------------


def of(row: Row, system: System) -> Workload:
    operators = dict.fromkeys(system.operators, 1)
    return Workload(parameters=row.parameters or 1, macs=row.macs, sequence=row.sequence, operators=operators)


def test_every_system_says_of_every_benchmark_of_all_what_is_known_and_from_where() -> None:
    """Each system asked about each other's models too: nothing it says is without an origin."""
    works = {repr(work): work for system, row in ROWS if row.parameters for work in [of(row, system)]}
    said = [
        (path, found)
        for system in SYSTEMS
        for work in works.values()
        for path, found in amounts(way(system, work), system.id)
    ]
    assert len(said) > 500
    assert [lack for each in said if (lack := untraceable(*each))] == []


@pytest.mark.parametrize(
    ("system", "row"),
    [pytest.param(*each, id=f"{each[0].id}/{each[1].id}") for each in ASKED],
)
def test_a_benchmark_as_a_row_of_the_comparison_is_what_was_published(system: System, row: Row) -> None:
    answer = way(system, of(row, system))
    named = {"prove_seconds": answer.seconds} | {
        name: getattr(answer, name) for name in QUANTITIES if name != "prove_seconds"
    }
    assert answer.supported == ("unknown" if system.operators_known == "none" else "yes")
    for name in QUANTITIES:
        published, found = row.amount(name), named[name]
        if published is None:
            continue
        assert found is not None, f"{WORDS[name]} of {row.id} is published"
        assert found.low <= published <= found.high
        assert found.how.startswith("published for ")
        for entry in system.behind(row, name):
            assert entry.source in found.source
        assert {*found.source.split("; ")} <= {*answer.sources}


# --- files ---------------------------------------------------------------------------------


def load(kind: str, content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """As ``auditor explain`` loads a rule: its sources."""
    module, name = rules.SOURCES[kind].split(":")
    found: list[dict[str, Any]] = getattr(importlib.import_module(module), name)(content, where)
    return found


def covers(entry: Mapping[str, Any], number: str) -> bool:
    return any(fnmatchcase(number, pattern) for pattern in entry["fields"])


@pytest.mark.parametrize(("kind", "path"), FILES)
def test_no_number_of_any_file_loads_without_its_evidence(kind: str, path: Path) -> None:
    """For every number: all tables that cover it are dropped, and the file is refused."""
    whole = tomllib.loads(path.read_text(encoding="utf-8"))
    tables = whole["evidence"]
    assert len(load(kind, whole, path.name)) == len(tables)
    found = {*numbers({name: value for name, value in whole.items() if name != "evidence"})}
    behind = [
        frozenset(index for index, entry in enumerate(tables) if covers(entry, number)) for number in found
    ]
    assert all(behind)
    for dropped in {*behind, frozenset(range(len(tables)))}:
        less = copy.deepcopy(whole)
        less["evidence"] = [entry for index, entry in enumerate(tables) if index not in dropped]
        with pytest.raises(BadProfile, match="evidence"):
            load(kind, less, path.name)


@pytest.mark.parametrize(("kind", "path"), FILES)
@pytest.mark.parametrize("field", ["class", "date", "source", "fields"])
def test_evidence_that_says_too_little_is_refused(kind: str, path: Path, field: str) -> None:
    whole = tomllib.loads(path.read_text(encoding="utf-8"))
    del whole["evidence"][0][field]
    with pytest.raises(BadProfile, match=f"{field} is missing"):
        load(kind, whole, path.name)


# --- explain -------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Without blanks: a page breaks its lines at hyphens too."""
    return "".join(text.split())


def explained(word: str) -> str:
    (rule,) = rules.find(word)
    return plain(explanation.text(rule))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_a_system_is_explained_by_its_rows_its_laws_and_its_sources(system: System) -> None:
    page = explained(f"system:{system.id}")
    for row in system.rows:
        assert plain(f"{row.id}: {row.model}") in page
    for scaling in system.scalings:
        assert plain(f"{scaling.series}: along {scaling.along}") in page
        assert plain(scaling.why.rstrip(".")) in page
    for entry in system.evidence:
        assert plain(entry.source) in page
        assert plain(f"({entry.kind}, {entry.dated})") in page


@pytest.mark.parametrize(
    ("kind", "path"), [each for each in FILES if each.values[0] in ("methods", "trends", "scenarios")]
)
def test_methods_trends_and_scenarios_are_explained_with_their_numbers_and_sources(
    kind: str, path: Path
) -> None:
    whole = tomllib.loads(path.read_text(encoding="utf-8"))
    page = explained(f"{kind.removesuffix('s')}:{path.stem}")
    assert plain(whole["summary"]) in page
    for entry in whole["evidence"]:
        assert plain(entry["source"]) in page
    for end, factor in whole.get("per_year", {}).items():
        assert plain(f"{end}: {factor}") in page
    for point in whole.get("points", []):
        assert plain(point["what"]) in page
