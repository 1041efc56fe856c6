"""Writes ``docs/operators.md``: every operator on one page, made from ``rules/operators``.

python -m tools.operator_pages
"""

from __future__ import annotations

from auditor import rules
from auditor.rules import Rule
from tools.truth import REPOSITORY

FILE = REPOSITORY / "docs" / "operators.md"

_HEAD = """\
# Operators

What EZKL 23.0.5 does with each ONNX operator. `auditor explain NAME` shows the whole page of one: how it
is laid out, cheaper replacements, what to write instead, and the sources. *yes*: EZKL accepts it and
computes what ONNX says; *partly*: within the limits named; *no*: never. Strings, sequences, bfloat16 and
floats of 8 or 4 bits are rejected everywhere. This page is made by `make operators`.
"""


def page() -> str:
    """The whole page: a table for each domain."""
    domains: dict[str, list[Rule]] = {}
    for rule in rules.load_all("operators"):
        domains.setdefault(rule.fields.get("domain", "ai.onnx"), []).append(rule)
    return "\n".join([_HEAD, *(_table(domain, domains[domain]) for domain in sorted(domains))])


def _table(domain: str, operators: list[Rule]) -> str:
    lines = [
        f"## {domain}",
        "",
        "| operator | support | cost, or the way out | limits |",
        "|---|---|---|---|",
    ]
    for rule in sorted(operators, key=lambda one: one.title.lower()):
        limits = rule.fields.get("limits", [])
        cost = rule.fields.get("cost") or limits[0]["way_out"]
        when = "; ".join(limit["when"] for limit in limits)
        cells = (f"`{rule.title}`", rule.fields["support"], cost, when)
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes the page."""
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
