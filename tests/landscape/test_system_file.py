"""Files of proving systems: all load, every number has evidence, and a bad file is refused by name."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor import explanation, rules
from auditor.errors import UsageError
from auditor.landscape.nouns import QUANTITIES
from auditor.landscape.system_file import load_system, parse_system, shipped_system, shipped_systems
from auditor.pricing.evidence import numbers
from auditor.pricing.tables import BadProfile

FILES = sorted((rules.rules_dir() / "systems").glob("*.toml"))
SYSTEMS = shipped_systems()
ZKLLM = rules.rules_dir() / "systems" / "zkllm.toml"

Change = Callable[[dict[str, Any]], object]


def content(path: Path = ZKLLM) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_the_systems_with_published_numbers_are_there() -> None:
    with_rows = {system.id for system in SYSTEMS if system.rows}
    assert with_rows >= {
        "bionetta", "deepprove-basefold", "deepprove-hyperkzg", "ezkl-published", "jolt-atlas", "lu-et-al",
        "mystique", "remainder", "vcnn", "zen", "zkcnn", "zkgpt", "zkllm", "zkml", "zkml-ipa",
        "zkpytorch", "zktorch",
    }  # fmt: skip
    assert sum(len(system.rows) for system in SYSTEMS) >= 100
    assert [system.id for system in SYSTEMS] == sorted(path.stem for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_evidence_of_a_number_is_needed(path: Path) -> None:
    """Without the evidence that alone covers a number, the file does not load."""
    whole = content(path)
    listed = {number for number in numbers({k: v for k, v in whole.items() if k != "evidence"})}
    for index in range(len(whole["evidence"])):
        less = copy.deepcopy(whole)
        dropped = less["evidence"].pop(index)
        alone = [
            number
            for number in listed
            if _covers(dropped, number) and not any(_covers(entry, number) for entry in less["evidence"])
        ]
        if alone or not less["evidence"]:
            with pytest.raises(BadProfile, match="evidence"):
                parse_system(less, path.name)


def _covers(entry: dict[str, Any], number: str) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(number, pattern) for pattern in entry["fields"])


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_every_pattern_of_evidence_matches_something(system: Any) -> None:
    """A pattern with a slip of the pen would stand for nothing."""
    whole = content(rules.rules_dir() / "systems" / f"{system.id}.toml")
    known = [*numbers({k: v for k, v in whole.items() if k != "evidence"}), *whole]
    for entry in system.evidence:
        for pattern in entry.fields:
            assert any(_covers({"fields": [pattern]}, number) for number in known), pattern


def test_half_the_flops_of_zkml_are_the_known_multiply_accumulates() -> None:
    row = next(row for row in shipped_system("zkml").rows if row.id == "mobilenet-v2")
    assert row.macs == 300_900_000
    assert abs(row.macs - 300_800_000) < 0.001 * row.macs


def test_numbers_are_those_of_the_papers() -> None:
    """Spot checks by hand, one of each unit, against the tables as printed."""
    rows = {f"{system.id}/{row.id}": row for system in SYSTEMS for row in system.rows}
    assert rows["deepprove-basefold/gemma-128-epyc"].prove_seconds == pytest.approx(2.82 * 60)
    assert rows["deepprove-hyperkzg/gpt2-512-ryzen"].peak_memory_bytes == round(78.49 * 2**30)
    assert rows["zkllm/llama-2-13b"].proof_bytes == 188_000
    assert rows["zkml-ipa/diffusion"].verify_seconds == 5.17
    assert rows["bionetta/mobilenet-v2-28"].proof_bytes == 880
    assert rows["ezkl-published/bionetta-mobilenet-v2"].proving_key_bytes == 76_000_000_000
    assert "deepprove-hyperkzg/gemma-512-ryzen" not in rows  # it ran out of memory


def test_proofs_in_one_series_grow_with_the_axis_where_the_papers_say_so() -> None:
    system = shipped_system("deepprove-basefold")
    for scaling in system.scalings:
        rows = sorted(system.members(scaling), key=lambda row: row.along(scaling.along) or 0)
        if scaling.along == "sequence":
            for quantity in QUANTITIES:
                amounts = [row.amount(quantity) or 0 for row in rows]
                assert amounts == sorted(amounts)


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(UsageError, match="no proving system 'zkllm2'") as caught:
        shipped_system("zkllm2")
    assert "zkllm" in str(caught.value.hint)


def _put(path: str, value: object) -> Change:
    def change(whole: dict[str, Any]) -> None:
        *tables, last = path.split("/")
        for name in tables:
            whole = whole.setdefault(name, {})
        whole[last] = value

    return change


def _drop(path: str) -> Change:
    def change(whole: dict[str, Any]) -> None:
        *tables, last = path.split("/")
        for name in tables:
            whole = whole[name]
        del whole[last]

    return change


def _one_row(whole: dict[str, Any]) -> None:
    for name in [name for name in whole["rows"] if name != "opt-13b"]:
        del whole["rows"][name]


def _one_place(whole: dict[str, Any]) -> None:
    for row in whole["rows"].values():
        row["parameters"] = 7


def _no_amounts(whole: dict[str, Any]) -> None:
    for name in (*QUANTITIES, "setup_seconds"):
        whole["rows"]["opt-13b"].pop(name)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_put("schema", "auditor.system/2"), "schema is 'auditor.system/2'"),
        (_put("colour", "blue"), "nobody knows the field colour"),
        (_put("rows/opt-13b/speed", 3), "nobody knows the field rows.opt-13b.speed"),
        (_put("rows/opt-13b/prove_seconds", "3"), "rows.opt-13b.prove_seconds is not a number"),
        (_put("rows/opt-13b/prove_seconds", 0), "rows.opt-13b.prove_seconds is 0"),
        (_put("rows/opt-13b/run_by", "me"), "rows.opt-13b.run_by is 'me'"),
        (_put("rows/opt-13b/dated", "2024"), "rows.opt-13b.dated is not a date"),
        (_put("rows/opt-13b/series", ["other"]), "there is no scaling of that name"),
        (_put("rows/opt-13b/series", "decoders"), "rows.opt-13b.series is not a list"),
        (_put("rows/opt-13b/aside", "an ablation"), "rows.opt-13b is set aside, and in a series"),
        (_put("rows/new", {"model": "m", "hardware": "h", "run_by": "self", "dated": date(2026, 1, 1),
                           "prove_seconds": 2.0}), "no evidence covers rows.new.prove_seconds"),
        (_put("gas", {"low": 9}), "no evidence covers gas.low"),
        (_put("hides_weights", "maybe"), "hides_weights is 'maybe'"),
        (_put("hides_weights", True), "hides_weights is not text"),
        (_put("runnable", "perhaps"), "runnable is 'perhaps'"),
        (_put("operators_known", "none"), "does not fit operators"),
        (_put("operators", []), "does not fit operators"),
        (_put("trust", ["a", "a"]), "trust says something twice"),
        (_put("last_seen", "today"), "last_seen is not a date"),
        (_put("only_for_checks", "yes"), "only_for_checks is neither true nor false"),
        (_put("scaling/decoders/along", "width"), "scaling.decoders.along is 'width'"),
        (_put("scaling/decoders/within", {"width": {}}), "knows the field scaling.decoders.within.width"),
        (_put("scaling/decoders/within/sequence/high", 3), "scaling.decoders.within.sequence.high is 3"),
        (_drop("rows/opt-13b/parameters"), "rows.opt-13b.parameters is missing, and scaling.decoders"),
        (_drop("rows/opt-13b/model"), "the field rows.opt-13b.model is missing"),
        (_drop("scaling/decoders/why"), "the field scaling.decoders.why is missing"),
        (_drop("evidence"), "the field evidence is missing"),
        (_drop("licence"), "the field licence is missing"),
        (_one_row, "scaling.decoders has 1 row, and a law needs two"),
        (_one_place, "scaling.decoders has all its rows at one place along parameters"),
        (_no_amounts, "rows.opt-13b says no amount"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_name_and_the_field(change: Change, complaint: str) -> None:
    whole = content()
    change(whole)
    with pytest.raises(BadProfile) as caught:
        parse_system(whole, "bad.toml")
    assert str(caught.value).startswith("bad.toml")
    assert complaint in str(caught.value)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    with pytest.raises(BadProfile, match=r"empty.toml: the field schema is missing"):
        load_system(tmp_path / "empty.toml")


@pytest.mark.parametrize("word", ["system:zkllm", "systems:zkLLM", "zkllm"])
def test_a_system_is_explained_under_the_singular_and_the_plural(word: str) -> None:
    (rule,) = rules.find(word)
    page = " ".join(explanation.text(rule).split())
    assert "opt-125m: OPT-125M, series decoders, 125,239,296 parameters" in page
    assert "decoders: along parameters" in page
    assert "decoders, proving time: 0.88 to 1.1 times what was published" in page
    assert "Table 1" in page


def test_other_kinds_have_a_singular_too() -> None:
    assert rules.find("policy:on-chain") == rules.find("policies:on-chain") != []
    assert rules.find("hardware:laptop-8c-16g") == rules.find("laptop-8c-16g") != []
    assert rules.find("chain:base") == rules.find("chains:base") != []
    assert rules.find("sr:anything") == []
