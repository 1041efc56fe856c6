"""Annotations of GitHub Actions: a workflow command for each thing that did not pass.

GitHub shows ten errors, ten warnings and ten notices of a step; the log has them all.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.formats import PLAIN, Medium, without_ci_commands
from auditor.formats._results import noteworthy, results, told
from auditor.views.page import Level, Result, View

_COMMANDS: Mapping[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(view: View, medium: Medium = PLAIN) -> str:
    """A line for each result that did not pass, or nothing."""
    text = "".join(f"{_command(result)}\n" for result in noteworthy(results(view)))
    return text if medium.unicode else text.encode("ascii", "replace").decode()


def _command(result: Result) -> str:
    place = f"file={_property(result.path)},line=1,title={_property(result.rule)}"
    return f"::{_COMMANDS[result.level]} {place}::{_data(told(result))}"


def _data(text: str) -> str:
    """As the runner unescapes it again."""
    text = without_ci_commands(text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
