"""No text, whoever wrote it, breaks a format: what is written is read back, and nothing else is in it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt

from auditor import formats
from auditor.formats.markdown import MARKER
from auditor.safe import harmless
from tests.formats.views import NASTY, Echo, views

TEXTS = sorted({*formats.names()} - {*formats.BINARY})
EVERYTHING = Echo(NASTY)
ONE_BY_ONE = [Echo((text,)) for text in NASTY]

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def one_line(text: str) -> str:
    return harmless(text).replace("\n", "⏎")


def examples(test):  # type: ignore[no-untyped-def]
    """The test on each nasty text, on all of them, and on what hypothesis makes of them."""

    def wrapped(view: Echo) -> None:
        test(view)

    wrapped.__name__ = test.__name__
    found = few(given(view=views)(wrapped))

    def every() -> None:
        for view in (*ONE_BY_ONE, EVERYTHING):
            test(view)
        found()

    every.__name__ = test.__name__
    every.__doc__ = test.__doc__
    return every


@pytest.mark.parametrize("name", TEXTS)
def test_no_control_character_comes_out(name: str) -> None:
    for view in (*ONE_BY_ONE, EVERYTHING):
        text = formats.load(name).render(view)
        bad = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert bad <= {"\n"}, (name, view, bad)


@pytest.mark.parametrize("name", sorted({*TEXTS} - {"github"}))
def test_no_line_is_a_workflow_command(name: str) -> None:
    for view in (*ONE_BY_ONE, EVERYTHING):
        text = formats.load(name).render(view)
        assert not [line for line in text.splitlines() if line.lstrip().startswith("::")], (name, view)
        if name not in ("json", "sarif", "gitlab", "junit"):
            assert not re.search(r"##\w*\[", text), (name, view)


@pytest.mark.parametrize("name", sorted({*TEXTS} - {"terminal", "table", "concise", "github"}))
def test_files_are_ascii_where_they_can_say_all_in_it(name: str) -> None:
    assert formats.load(name).render(EVERYTHING, formats.Medium(unicode=False)).isascii()


@examples
def test_json_is_read_back(view: Echo) -> None:
    assert json.loads(formats.load("json").render(view))["texts"] == list(view.texts)


@cache
def sarif_schema() -> jsonschema.Draft4Validator:
    schema = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


@examples
def test_sarif_is_read_back(view: Echo) -> None:
    log = json.loads(formats.load("sarif").render(view))
    sarif_schema().validate(log)
    (run,) = log["runs"]
    faults = [result for result in view.results() if result.outcome == "fail"]
    assert len(run["results"]) == len(faults)
    for said, result in zip(run["results"], faults, strict=True):
        place = said["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert unquote(place) == one_line(result.path)
        assert run["tool"]["driver"]["rules"][said["ruleIndex"]]["id"] == said["ruleId"]


@examples
def test_junit_is_read_back(view: Echo) -> None:
    root = ElementTree.fromstring(formats.load("junit").render(view))
    cases = root.findall("./testsuite/testcase")
    assert Counter(case.get("classname") for case in cases) == Counter(
        one_line(result.path) for result in view.results()
    )
    assert int(root.get("failures", "")) == len(root.findall(".//failure"))
    assert int(root.get("skipped", "")) == len(root.findall(".//skipped"))


@examples
def test_gitlab_is_read_back(view: Echo) -> None:
    issues = json.loads(formats.load("gitlab").render(view))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert {issue["location"]["path"] for issue in issues} <= {one_line(text) for text in view.texts}


COMMAND = re.compile(r"::(error|warning|notice) file=([^:,\n]*),line=1,title=([^:,\n]*)::([^\n]*)")


def decoded(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, character)
    return text


@examples
def test_github_has_its_own_commands_and_no_others(view: Echo) -> None:
    lines = formats.load("github").render(view).splitlines()
    paths = {formats.without_ci_commands(one_line(text)) for text in view.texts}
    for line in lines:
        command = COMMAND.fullmatch(line)
        assert command is not None, line
        assert decoded(command[2]) in paths


@examples
def test_markdown_has_no_markup_but_ours(view: Echo) -> None:
    text = formats.load("markdown").render(view)
    assert text.startswith(MARKER)
    # No quick action of GitLab, and nothing that is indented into code.
    assert not [line for line in text.splitlines() if line.startswith(("/", "    ", "\t"))]
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    columns = 0
    for token in markdown.parse(text):
        assert token.type not in ("fence", "code_block", "hr", "blockquote_open", "ordered_list_open")
        assert not (token.type == "heading_open" and token.tag != "h3")
        if token.type == "tr_open":
            columns = 0
        if token.type in ("td_open", "th_open"):
            columns += 1
        if token.type == "tr_close":
            assert columns in (2, 3)
        if token.type == "html_block":
            assert re.fullmatch(
                r"(<!-- auditor -->|<details><summary>.*|</details>|<sub>.*)\n?", token.content
            )
        for child in token.children or ():
            assert child.type in (
                "text", "text_special", "softbreak", "strong_open", "strong_close", "html_inline",
            ), child  # fmt: skip
            if child.type == "html_inline":
                assert child.content in ("<br>", "<sub>", "</sub>", "<summary>", "</summary>")
    # As GitHub shows it: no mention, no reference, no link without markup.
    shown = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text)
    assert not re.search(r"[@#!]\w|https?://|\bwww\.", shown.replace(MARKER, "")), shown


class Elements(HTMLParser):
    """Every element and attribute of a document."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.values: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add((tag, name))
            self.values.append((tag, name, value or ""))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


TAGS = (
    {"html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer", "nav"}
    | {"h1", "h2", "h3", "h4", "p", "ul", "li", "a", "span", "div", "dl", "dt", "dd", "br", "strong", "code"}
    | {"details", "summary", "table", "thead", "tbody", "tr", "th", "td"}
    | {"figure", "svg", "g", "rect", "text", "circle", "line", "path"}
)


@examples
def test_html_has_no_elements_but_ours(view: Echo) -> None:
    parser = Elements()
    parser.feed(formats.load("html").render(view))
    parser.close()
    assert parser.tags <= TAGS
    assert not [pair for pair in parser.attributes if pair[1].startswith("on") or pair[1] in ("src", "style")]
    for tag, name, value in parser.values:
        if name == "href":
            assert tag == "a"
            assert re.fullmatch(r"#s\d+", value)
        if name in ("x", "y", "width", "height", "cx", "cy", "rx", "r", "x1", "x2", "y1", "y2"):
            assert re.fullmatch(r"-?[\d.]+%?", value), (tag, name, value)
        if name == "d":
            assert re.fullmatch(r"[MLHVhvaz\d .-]+", value), value


@examples
def test_svg_is_xml_of_our_elements(view: Echo) -> None:
    root = ElementTree.fromstring(formats.load("svg").render(view))
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "style", "rect", "g", "path", "line", "text", "circle"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or "href" in name or name == "style"]


@examples
def test_concise_has_a_line_for_each(view: Echo) -> None:
    assert len(formats.load("concise").render(view).splitlines()) == len(view.lines())
