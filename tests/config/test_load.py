"""Configuration files: what they say, where, and what is refused with which words."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from auditor.config.effective import excluded_by, rules_for
from auditor.config.load import find_config, load_config
from auditor.config.targets import Configs, gather
from auditor.errors import UsageError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, which is where the command runs."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_nearest_file_is_taken_and_a_pyproject_without_our_table_is_none(here: Path) -> None:
    write("auditor.toml", 'fail_on = "low"')
    write("a/pyproject.toml", "[tool.other]\nx = 1")
    write("a/b/pyproject.toml", '[tool.auditor]\nfail_on = "info"')
    write("a/c/.auditor.toml", 'fail_on = "medium"')
    write("a/c/pyproject.toml", '[tool.auditor]\nfail_on = "info"')
    write("a/d/auditor.toml", 'fail_on = "critical"')
    write("a/d/.auditor.toml", 'fail_on = "medium"')
    found = {name: find_config(here / name) for name in ("", "a", "a/b", "a/c", "a/d", "a/b/deep/er")}
    assert {name: config.settings["fail_on"].value for name, config in found.items()} == {
        "": "low", "a": "low", "a/b": "info", "a/c": "medium", "a/d": "critical", "a/b/deep/er": "info",
    }  # fmt: skip
    assert found["a"].skipped == (here / "a/pyproject.toml",)
    assert str(found["a/b"].settings["fail_on"].origin) == "a/b/pyproject.toml:2"


def test_nothing_is_looked_for_above_the_repository(here: Path) -> None:
    write("auditor.toml", 'fail_on = "low"')
    (here / "inner" / ".git").mkdir(parents=True)
    assert find_config(here / "inner").files == ()
    assert str(find_config(here / "inner").settings["fail_on"].origin) == "default"


def test_extend_gives_tables_after_our_own_and_values_where_we_have_none(here: Path) -> None:
    write(
        "base.toml", 'fail_on = "low"\ngate_time = true\n[budget."*.onnx"]\nmax_rows = 1\nmax_logrows = 2\n'
    )
    write("m/auditor.toml", 'extend = "../base.toml"\nfail_on = "info"\n[budget."a.onnx"]\nmax_rows = 3\n')
    config = find_config(here / "m")
    assert config.settings["fail_on"].value == "info"
    assert config.settings["gate_time"].value is True
    budgets = {
        item.name: (item.limit, str(item.origin)) for item in rules_for(config, here / "m/a.onnx").budgets
    }
    assert budgets == {"max_rows": (3, "m/auditor.toml:4"), "max_logrows": (2, "base.toml:5")}
    assert [item.limit for item in rules_for(config, here / "b.onnx").budgets] == [1, 2]


def test_extend_that_leads_back_or_nowhere_is_refused_with_its_line() -> None:
    write("auditor.toml", '\nextend = "b.toml"')
    with pytest.raises(UsageError, match=r"auditor\.toml:2: there is no configuration b\.toml"):
        load_config(Path("auditor.toml"))
    write("b.toml", 'extend = "auditor.toml"')
    with pytest.raises(UsageError, match=r"b\.toml:1: extend leads back to auditor\.toml"):
        load_config(Path("auditor.toml"))


def test_budgets_are_read_in_every_spelling(here: Path) -> None:
    write(
        "auditor.toml",
        """\
[budget."m.onnx"]
max_rows = 1_000
max_proof_bytes = "4 KiB"
max_peak_memory = { profile = "laptop-8c-16g", value = "8 GiB" }
max_verify_gas = [{ chain = "base", value = 5 }, { chain = "ethereum-mainnet", value = 6 }]
max_prove_seconds = { profile = "laptop-8c-16g", value = 1.5 }
max_increase = { rows = "12.5 %", verify_gas = 5000 }
max_logrows = "unlimited"
message = "ask"
[budget."*.onnx"]
max_logrows = 3
""",
    )
    budgets = rules_for(find_config(here), here / "m.onnx").budgets
    told = [
        (item.name, item.amount, item.limit, item.profile, item.relative, item.origin.line)
        for item in budgets
    ]
    assert told == [
        ("max_rows", "rows", 1000, "", False, 2),
        ("max_proof_bytes", "proof_bytes", 4096, "", False, 3),
        ("max_peak_memory", "peak_memory", 8 << 30, "laptop-8c-16g", False, 4),
        ("max_verify_gas", "verify_gas", 5, "base", False, 5),
        ("max_verify_gas", "verify_gas", 6, "ethereum-mainnet", False, 5),
        ("max_prove_seconds", "prove_seconds", 1.5, "laptop-8c-16g", False, 6),
        ("max_increase.rows", "rows", 0.125, "", True, 7),
        ("max_increase.verify_gas", "verify_gas", 5000, "", False, 7),
    ]
    assert {item.message for item in budgets} == {"ask"}


def test_suppressions_are_read(here: Path) -> None:
    write(
        "auditor.toml",
        """\
[[ignore]]
rules = ["AUD-SEC-012", "AUD-CIR-003"]
models = ["old/*.onnx"]
nodes = ["/encoder/.*"]
reason = "replaced in spring"
expires = 2027-01-31

[[ignore]]
rule = "AUD-SEC-001"
reason = "ours"
permanent = true
""",
    )
    first, second = find_config(here).suppressions
    assert (first.rules, first.nodes, first.expires) == (
        ("AUD-SEC-012", "AUD-CIR-003"), ("/encoder/.*",), date(2027, 1, 31),
    )  # fmt: skip
    assert str(first.origin) == "auditor.toml:1"
    assert (second.expires, second.models) == (None, ())
    assert len(rules_for(find_config(here), here / "old/a.onnx").suppressions) == 2
    assert len(rules_for(find_config(here), here / "new/a.onnx").suppressions) == 1


WRONG = {
    'fial_on = "high"': r":1: unknown key 'fial_on'; did you mean fail_on\?",
    '\nfail_on = "grave"': r":2: fail_on: 'grave' is no severity; there are",
    "gate_time = 1": r":1: gate_time: expected true or false, not 1",
    "[budget]\n[budget.'*.onnx']\nmax_row = 1": r":3: unknown key 'max_row'.*did you mean max_rows\?",
    "[budget.'*.onnx']\n\nmax_rows = '1'": r":3: budget\.\*\.onnx\.max_rows: expected a whole number",
    "[budget.'*.onnx']\nmax_rows = -1": r":2: .*expected a whole number, not -1",
    "[budget.'*.onnx']\nmax_rows = true": r":2: .*expected a whole number, not true",
    "[budget.'*.onnx']\nmax_peak_memory = '8 apples'": r":2: .*expected a size, as in '8 GiB'",
    "[budget.'*.onnx']\nmax_prove_seconds = 60": r":2: .*says on which profile",
    "[budget.'*.onnx']\nmax_verify_usd = { value = 1 }": r":2: .*expected text, not nothing",
    "[budget.'*.onnx']\nmax_verify_usd = { chian = 'x', value = 1 }": r":2: .*did you mean chain\?",
    "[budget.'*.onnx']\nmax_increase = { row = 1 }": r":2: .*did you mean rows\?",
    "[budget.'*.onnx']\nmax_increase = { rows = '10' }": r":2: .*expected a whole number, not '10'",
    "[budget.'*.onnx']\nmessage = ''": r":2: .*message: expected text",
    "[budget]\nmax_rows = 3": r":2: max_rows stands in no table that names models",
    "budget = 3": r":1: budget: expected a table, not 3",
    "[models]\n'*.onnx' = 1": r":2: models\.\*\.onnx: expected a table, not 1",
    "[models.'*.onnx']\ndims = { N = 0 }": r":2: .*dimension N is at least 1",
    "[models.'*.onnx']\nvisibility = { inputs = 'private' }": r":2: .*did you mean input\?",
    "[models.'*.onnx']\ninputs = 'x.json'": r":2: inputs are what a plan is made for",
    "[models.'*.onnx']\nplan = true\nrun_args = {}": r":2: a plan chooses the run args",
    "[models.'*.onnx']\nfront_end = 'tract'": r":2: .*'tract' is no front end",
    "exclude = ['a', 3]": r":1: exclude: expected text, not 3",
    "ignore = 1": r":1: ignore is a list of tables; write \[\[ignore\]\]",
    "[[ignore]]\nrule = 'AUD-SEC-001'\npermanent = true": r":1: .*gives no reason",
    "[[ignore]]\nrule = 'AUD-SEC-001'\nreason = ' '\npermanent = true": r":1: .*gives no reason",
    "[[ignore]]\nrule = 'AUD-SEC-001'\nreason = 'x'": r":1: .*expires on a day or is permanent",
    "[[ignore]]\nrule = 'AUD-SEC-001'\nreason = 'x'\nexpires = 'x'": r":4: .*without quotes",
    "[[ignore]]\nreason = 'x'\npermanent = true": r":1: .*names no rule",
    "[[ignore]]\nrule = 'SEC1'\nreason = 'x'\npermanent = true": r":2: .*as in AUD-SEC-012",
    "[[ignore]]\nrule = 'AUD-SEC-001'\nnodes = ['(']\nreason = 'x'\npermanent = true": r":3: .*no regular",
    "[[ignore]]\nrule = 'AUD-SEC-001'\nreson = 'x'": r":3: unknown key 'reson'.*did you mean reason\?",
    "a = ": r": is not TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_with_its_line_and_what_to_do(text: str, here: Path) -> None:
    write("auditor.toml", text)
    with pytest.raises(UsageError, match=rf"auditor\.toml{WRONG[text]}") as raised:
        find_config(here)
    assert "\n" not in str(raised.value)


def test_globs_that_name_nothing_are_refused(here: Path) -> None:
    write("m/a.onnx", "")
    write("auditor.toml", '[budget."m/*.onnx"]\nmax_rows = 1\n[models."n/*.onnx"]\nplan = false\n')
    with pytest.raises(UsageError, match=r"auditor\.toml:3: no file is named by 'n/\*\.onnx'"):
        gather([Path("m/a.onnx")], Configs(None))
    write("auditor.toml", '[[ignore]]\nrule="AUD-SEC-001"\nmodels=["x.onnx"]\nreason="r"\npermanent=true')
    with pytest.raises(UsageError, match=r"auditor\.toml:3: no file is named by 'x\.onnx'"):
        gather([Path("m/a.onnx")], Configs(None))


def test_what_is_gathered(here: Path) -> None:
    for name in ("a.onnx", "m/b.onnx", "m/c.txt", "m/old/d.onnx", ".hidden/e.onnx", "node_modules/f.onnx"):
        write(name, "")
    write("env/pyvenv.cfg", "")
    write("env/g.onnx", "")
    write("auditor.toml", 'exclude = ["m/old"]\n[budget."m/*"]\nmax_rows = 1\n')

    def gathered(*paths: str) -> list[str]:
        return [
            target.path.as_posix() for target in gather([Path(path) for path in paths], Configs(None)).targets
        ]

    assert gathered() == ["m/b.onnx"]
    assert gathered(".") == ["a.onnx", "m/b.onnx"]
    assert gathered("a.onnx", "./a.onnx", os.path.abspath("a.onnx")) == ["a.onnx"]
    named = gather([Path("m/old/d.onnx")], Configs(None))
    assert named.targets == ()
    assert [(path.as_posix(), str(glob.origin)) for path, glob in named.excluded] == [
        ("m/old/d.onnx", "auditor.toml:1")
    ]
    assert gathered(".hidden/e.onnx") == [".hidden/e.onnx"]


def test_without_models_there_is_a_way_out(here: Path) -> None:
    with pytest.raises(UsageError, match="no table of a configuration names one"):
        gather([], Configs(None))
    (here / "empty").mkdir()
    with pytest.raises(UsageError, match=r"there is no \.onnx file below empty"):
        gather([Path("empty")], Configs(None))


@pytest.mark.parametrize(
    ("glob", "names", "misses"),
    [
        ("*.onnx", ["a.onnx", "x/y/a.onnx"], ["a.onnx.data", "a.txt"]),
        ("m/*.onnx", ["m/a.onnx"], ["a.onnx", "m/x/a.onnx", "x/m/a.onnx"]),
        ("m/**/*.onnx", ["m/a.onnx", "m/x/y/a.onnx"], ["a.onnx"]),
        ("**/a?.onnx", ["a1.onnx", "x/a2.onnx"], ["a.onnx", "x/a12.onnx"]),
        ("m/[ab].onnx", ["m/a.onnx"], ["m/c.onnx"]),
        ("m/[!ab].onnx", ["m/c.onnx"], ["m/a.onnx"]),
        ("./m/a.onnx", ["m/a.onnx"], ["a.onnx"]),
        ("m/**", ["m/a.onnx", "m/x/a.onnx"], ["n/a.onnx"]),
    ],
)
def test_globs(glob: str, names: list[str], misses: list[str], here: Path) -> None:
    for name in (*names, *misses):
        write(name, "")
    write("auditor.toml", f'exclude = ["{glob}"]')
    config = find_config(here)
    assert all(excluded_by(config, here / name) for name in names)
    assert not any(excluded_by(config, here / name) for name in misses)
