"""What a rule says about itself, in short, for reports that carry the help with the finding."""

from __future__ import annotations

from msgspec import Struct


class RuleHelp(Struct, frozen=True, kw_only=True):
    """The page of one rule: a line about what it finds, and paragraphs with their headings."""

    summary: str
    paragraphs: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The whole page as plain text."""
        return "\n\n".join((self.summary, *(f"{name}: {said}" for name, said in self.paragraphs)))


_OURS = {
    "verdict": "Can the inference of this model be verified affordably?",
    "budget": "A limit that the configuration sets.",
    "check": "What a proof bundle must satisfy.",
    "proof": "A proof was made, or refused before it was begun.",
    "warning": "What a reader of a proof must know.",
}
"""What the results are about that no rule has a page for, by the first word of their names."""

_FIELDS = (("condition", "Finds"), ("why", "Why"), ("way_out", "Do"))


def rule_help(rule: str) -> RuleHelp | None:
    """The help of a finding's rule or of another result, or None where nothing is written."""
    if not rule.startswith("AUD-"):
        said = _OURS.get(rule.partition(" ")[0])
        return RuleHelp(summary=said, paragraphs=()) if said else None
    return _lint(rule) or _page(rule)


def _lint(rule: str) -> RuleHelp | None:
    from auditor import lints

    lint = lints.find(rule)
    return None if lint is None else RuleHelp(summary=lint.summary, paragraphs=lint.sections)


def _page(rule: str) -> RuleHelp | None:
    from auditor import rules

    found = rules.find(rule)
    if not found:
        return None
    fields = found[0].fields
    said = tuple(
        (heading, " ".join(str(fields[name]).split())) for name, heading in _FIELDS if name in fields
    )
    return RuleHelp(summary=found[0].summary, paragraphs=said)
