"""Every format over every kind of report; what no format may do."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest
from msgspec.structs import replace

from auditor import formats
from auditor.errors import UsageError
from auditor.formats import Medium, without_ci_commands
from auditor.report import Layer
from tests.formats.examples import CIRCUIT, FEASIBLE, LAYERS, REJECTED, UNREADABLE, audit

EVERYTHING = audit(FEASIBLE, REJECTED, UNREADABLE)


def schema() -> dict[str, object]:
    return json.loads((resources.files("auditor") / "schemas" / "report-1.schema.json").read_text())


def test_formats_are_found_by_their_files() -> None:
    assert {"terminal", "table", "concise", "json", "sarif", "junit"} <= set(formats.names())
    assert {"markdown", "html", "github", "gitlab", "svg", "png"} <= set(formats.names())
    with pytest.raises(UsageError, match="no format 'yaml'"):
        formats.load("yaml")


@pytest.mark.parametrize("name", formats.reports())
@pytest.mark.parametrize("command", ["estimate", "inspect"])
def test_every_format_names_every_model_and_ends_its_last_line(name: str, command: str) -> None:
    text = formats.load(name).render(audit(FEASIBLE, REJECTED, UNREADABLE, command=command))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    # Annotations and issues are only about what is wrong.
    models = (REJECTED, UNREADABLE) if name in ("github", "gitlab") else (FEASIBLE, REJECTED, UNREADABLE)
    for model in models:
        assert model.path in text


@pytest.mark.parametrize(
    "models", [(FEASIBLE,), (REJECTED,), (UNREADABLE,), (FEASIBLE, REJECTED, UNREADABLE)]
)
def test_json_is_valid_sorted_and_repeatable(models: tuple) -> None:
    text = formats.load("json").render(audit(*models))
    document = json.loads(text)
    jsonschema.Draft202012Validator(schema()).validate(document)
    assert json.dumps(document, indent=2, sort_keys=True) + "\n" == text
    assert formats.load("json").render(audit(*models)) == text


def test_json_schema_refuses_what_the_contract_does_not_know() -> None:
    document = json.loads(formats.load("json").render(EVERYTHING))
    document["models"][0]["circuit"]["rows"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(document)


def test_json_has_exactly_the_keys_of_the_contract() -> None:
    model = json.loads(formats.load("json").render(EVERYTHING))["models"][1]
    assert model["hardware"] == model["chains"] == []
    assert set(model["circuit"]["unsupported"][0]) == {"operator", "count", "reason", "nodes"}
    assert set(model["verdict"]) == {"status", "binding", "reasons", "next"}


def test_terminal_keeps_to_eighty_columns_without_colour() -> None:
    for command in ("estimate", "inspect"):
        text = formats.load("terminal").render(audit(FEASIBLE, REJECTED, UNREADABLE, command=command))
        assert max(len(line) for line in text.splitlines()) <= 80
        assert "\x1b" not in text


def test_terminal_colours_only_where_there_is_colour() -> None:
    assert "\x1b[" in formats.load("terminal").render(EVERYTHING, Medium(colour=True))


def test_terminal_is_ascii_where_there_is_nothing_else() -> None:
    wide = replace(FEASIBLE, path="модель.onnx")
    for name in ("terminal", "concise"):
        assert formats.load(name).render(audit(wide, REJECTED), Medium(unicode=False)).isascii()


def test_terminal_shows_the_dearest_layers_and_what_remains() -> None:
    text = formats.load("terminal").render(audit(FEASIBLE, layers_shown=2))
    shown = [line for line in text.splitlines() if "/layer" in line and " % " in line]
    assert [line.split()[-1] for line in shown[:2]] == ["/layer12", "/layer11"]
    total = sum(layer.total_assignments for layer in LAYERS)
    rest = sum(layer.total_assignments for layer in LAYERS[:-2])
    assert f"{100 * rest / total:.1f} %" in text
    assert "10 smaller" in text
    assert "smaller" not in formats.load("terminal").render(audit(FEASIBLE, layers_shown=0))


def test_terminal_shows_unsupported_operators_findings_and_next_actions() -> None:
    text = formats.load("terminal").render(audit(REJECTED))
    for word in (
        "Operator",
        "Count",
        "Reason",
        "Nodes",
        "/backbone/stage0/conv",
        "AUD-SEC-019",
        "Replace it by a larger stride.",
    ):
        assert word in text


@pytest.mark.parametrize("name", formats.reports())
def test_names_are_never_markup_or_commands(name: str) -> None:
    """Markup of rich, and commands of GitHub, Azure and TeamCity, in a place that can start a line."""
    nasty = Layer(
        node="[red]a[/layer]b", operator="##vso[task.setvariable]x", num_rows=7800, total_assignments=15600
    )
    hostile = replace(FEASIBLE, path="::error::x.onnx", circuit=replace(CIRCUIT, layers=(nasty,)))
    text = formats.load(name).render(audit(hostile))
    if name == "json":
        assert json.loads(text)["models"][0]["path"] == "::error::x.onnx"
        return
    if name == "github":
        assert text == ""
        return
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert "##vso[" not in text
    if name == "terminal":
        assert "[red]a[/layer]b" in text


def test_ci_commands_become_text() -> None:
    assert without_ci_commands("::error::x\n  ::add-mask::y\na::b") == ": :error::x\n  : :add-mask::y\na::b"
    assert without_ci_commands("x ##[group]y ##vso[a]") == "x # #[group]y # #vso[a]"
    assert without_ci_commands("## heading [1]") == "## heading [1]"


def test_the_terminal_says_when_sizes_are_not_exact() -> None:
    open_sizes = replace(FEASIBLE, circuit=replace(CIRCUIT, exact=False))
    text = formats.load("terminal").render(audit(open_sizes))
    assert "Not exact" in text
    assert "Not exact" not in formats.load("terminal").render(audit(FEASIBLE))
