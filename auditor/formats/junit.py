"""JUnit's XML: a suite for each file, a case for each thing that was checked.

An error that did not pass is a failure, and what could not be told is skipped; warnings and notes pass, with
what they say as output, as they do not make the command fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree

from auditor.formats import PLAIN, Medium
from auditor.formats._results import numbered, results, told
from auditor.views.page import Result, View


def render(view: View, medium: Medium = PLAIN) -> str:
    """The document, in ASCII with references for all else."""
    found = sorted(results(view), key=lambda result: result.path)
    root = ElementTree.Element("testsuites", {"name": "auditor", **_counts(found)})
    for path, group in groupby(found, key=lambda result: result.path):
        of_file = list(group)
        suite = ElementTree.SubElement(root, "testsuite", {"name": path, **_counts(of_file)})
        for result, number in numbered(of_file):
            _case(suite, result, number)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode").encode("ascii", "xmlcharrefreplace").decode()
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: ElementTree.Element, result: Result, number: int) -> None:
    name = f"{result.rule} {result.node}" if result.node else result.rule
    if number > 1:
        name = f"{name} ({number})"
    case = ElementTree.SubElement(suite, "testcase", name=name, classname=result.path, file=result.path)
    if _failed(result):
        failure = ElementTree.SubElement(case, "failure", message=result.message, type=result.rule)
        failure.text = told(result)
    elif _skipped(result):
        why = result.message if result.suppressed is None else f"suppressed: {result.suppressed}"
        ElementTree.SubElement(case, "skipped", message=why)
    elif result.message:
        said = told(result) if result.outcome == "pass" else f"{result.level}: {told(result)}"
        ElementTree.SubElement(case, "system-out").text = said


def _failed(result: Result) -> bool:
    return result.suppressed is None and result.outcome != "pass" and result.level == "error"


def _skipped(result: Result) -> bool:
    return not _failed(result) and (result.outcome == "skip" or result.suppressed is not None)


def _counts(found: Iterable[Result]) -> dict[str, str]:
    listed = list(found)
    return {
        "tests": str(len(listed)),
        "failures": str(sum(map(_failed, listed))),
        "errors": "0",
        "skipped": str(sum(map(_skipped, listed))),
    }
