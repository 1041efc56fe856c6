"""SARIF 2.1.0: findings for GitHub code scanning and other tools that gather them.

Each result lies on the first line of the model, as that is one binary file; the node is its logical location.
What passed is no result. What could not be told is a notification of the run, so that no tool shows it as a
fault, or as fine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from auditor._version import __version__
from auditor.formats import PLAIN, Medium
from auditor.formats._results import numbered, results
from auditor.rule_help import rule_help
from auditor.views.page import Level, Result, View

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

_MOST_RESULTS = 25_000
"""More of a run GitHub does not take. It shows the worst 5,000."""

_MOST_TEXT = 1_000
"""Characters of a summary or a message; GitHub cuts at 1,024."""

_WORST_FIRST: Sequence[Level] = ("error", "warning", "note")
_SECURITY_SEVERITIES: Mapping[Level, str] = {"error": "8.0", "warning": "5.0", "note": "2.0"}
_FAMILIES: Mapping[str, str] = {
    "SEC": "security", "SUP": "support", "REPO": "repository", "CIR": "circuit", "FID": "fidelity",
    "CFG": "configuration",
}  # fmt: skip
_PLACE = re.compile(r"(.+):(\d{1,9})")


def render(view: View, medium: Medium = PLAIN) -> str:
    """The log of one run."""
    found = results(view)
    faults = [result for result in found if result.outcome == "fail"]
    kept = sorted(faults, key=lambda result: _WORST_FIRST.index(result.level))[:_MOST_RESULTS]
    kept = faults if len(kept) == len(faults) else kept
    rules = sorted({result.rule for result in kept})
    run = {
        "artifacts": [{"location": _artifact(path)} for path in sorted({result.path for result in found})],
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(found, len(faults) - len(kept))],
        "results": [_result(result, number, rules) for result, number in numbered(kept)],
        "tool": {
            "driver": {
                "name": "auditor",
                "rules": [_rule(rule, kept) for rule in rules],
                "semanticVersion": __version__,
                "version": __version__,
            }
        },
    }
    log = {"$schema": _SCHEMA, "runs": [run], "version": "2.1.0"}
    return json.dumps(log, indent=2, sort_keys=True) + "\n"


# --- the tool ------------------------------------------------------------------------------


def _rule(rule: str, found: Iterable[Result]) -> dict[str, object]:
    levels = {result.level for result in found if result.rule == rule}
    worst = next(level for level in _WORST_FIRST if level in levels)
    family = _FAMILIES.get(rule.split("-")[1]) if rule.startswith("AUD-") else None
    properties: dict[str, object] = {"tags": [family or "gate"]}
    if family == "security":
        properties["security-severity"] = _SECURITY_SEVERITIES[worst]
    described: dict[str, object] = {
        "defaultConfiguration": {"level": worst},
        "id": _id(rule),
        "name": rule,
        "properties": properties,
    }
    page = rule_help(rule)
    if page is not None:
        described["shortDescription"] = {"text": page.summary[:_MOST_TEXT]}
        described["fullDescription"] = {"text": page.summary[:_MOST_TEXT]}
        described["help"] = {"markdown": _markdown(page.text()), "text": page.text()}
    return described


def _id(rule: str) -> str:
    """A name of several words as the hierarchical string that an id is."""
    return "/".join(rule.split())


def _markdown(text: str) -> str:
    """Paragraphs whose headings are bold. Pages of rules are our own words."""
    return re.sub(r"^(\w+):", r"**\1:**", text, flags=re.MULTILINE)


def _invocation(found: Iterable[Result], left_off: int) -> dict[str, object]:
    notes = [_notification(result) for result in found if result.outcome == "skip"]
    if left_off:
        text = f"{left_off:,} milder results are left off: there is room for {_MOST_RESULTS:,}"
        notes.append({"level": "warning", "message": {"text": text}})
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


def _notification(result: Result) -> dict[str, object]:
    return {
        "descriptor": {"id": _id(result.rule)},
        "level": result.level,
        "locations": [_location(result)],
        "message": {"text": result.message[:_MOST_TEXT] or result.rule},
    }


# --- results -------------------------------------------------------------------------------


def _result(result: Result, number: int, rules: Sequence[str]) -> dict[str, object]:
    described: dict[str, object] = {
        "level": result.level,
        "locations": [_location(result)],
        "message": {"text": result.message[:_MOST_TEXT] or result.rule},
        "partialFingerprints": {
            "auditor/v1": f"{result.fingerprint}:{number}",
            # The only one GitHub looks at.
            "primaryLocationLineHash": f"{result.fingerprint}:{number}",
        },
        "ruleId": _id(result.rule),
        "ruleIndex": rules.index(result.rule),
    }
    if place := _PLACE.fullmatch(result.where):
        limit = {"artifactLocation": _artifact(place[1]), "region": {"startLine": max(int(place[2]), 1)}}
        described["relatedLocations"] = [
            {"id": 1, "message": {"text": "the limit is set here"}, "physicalLocation": limit}
        ]
    # A list in every result, or the viewers take a missing one for "not known".
    described["suppressions"] = (
        []
        if result.suppressed is None
        else [{"justification": result.suppressed, "kind": "external", "status": "accepted"}]
    )
    return described


def _location(result: Result) -> dict[str, object]:
    location: dict[str, object] = {
        "physicalLocation": {"artifactLocation": _artifact(result.path), "region": {"startLine": 1}}
    }
    if result.node:
        location["logicalLocations"] = [
            {"fullyQualifiedName": result.node, "kind": "object", "name": result.node}
        ]
    return location


def _artifact(path: str) -> dict[str, object]:
    """A path relative to the root of the repository, as a URI reference."""
    return {"uri": quote(path, safe="/"), "uriBaseId": "%SRCROOT%"}
