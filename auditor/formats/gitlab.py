"""GitLab's code quality report: an issue for each thing that did not pass."""

from __future__ import annotations

import json
from collections.abc import Mapping

from auditor.formats import PLAIN, Medium
from auditor.formats._results import noteworthy, numbered, results, told, unique
from auditor.views.page import Level, Result, View

_SEVERITIES: Mapping[Level, str] = {"error": "critical", "warning": "major", "note": "info"}


def render(view: View, medium: Medium = PLAIN) -> str:
    """A JSON list; a model is one binary file, so that every issue is on its first line."""
    issues = [_issue(result, number) for result, number in numbered(noteworthy(results(view)))]
    return json.dumps(issues, indent=2, sort_keys=True) + "\n"


def _issue(result: Result, number: int) -> dict[str, object]:
    return {
        "check_name": result.rule,
        "description": told(result),
        "fingerprint": unique(result.fingerprint, number),
        "location": {"lines": {"begin": 1}, "path": result.path},
        "severity": _SEVERITIES[result.level],
    }
