"""Writes ``docs/lints.md``: every lint on one page, made from the docstrings of ``auditor/lints/rules``.

python -m tools.lint_pages
"""

from __future__ import annotations

from auditor import rules
from auditor.lints import Lint, all_lints
from tools.truth import REPOSITORY

FILE = REPOSITORY / "docs" / "lints.md"

_HEAD = """\
# Lints

What `inspect`, `estimate` and `check` find beside the verdict. Ids never change their meaning. Findings of
severity critical or high make a command fail; a lint that could not be asked is listed under `not_run` and
in `inspect`, as its silence says nothing. `auditor explain AUD-SEC-004` shows one of them. This page is made
by `make lints`.
"""

_FAMILIES = {
    "SEC": "Security: files that are dangerous to load",
    "SUP": "Support: what EZKL does not take",
    "REPO": "Repository: how the file is kept",
    "CIR": "Circuit: larger than it need be",
    "CFG": "Configuration",
}

_CHECKED = {
    "reader": "while the file is read",
    "static": "on every model",
    "values": "on every model that has all its weights",
    "circuit": "where a circuit was laid out",
    "gate": "by `auditor check`",
}


def page() -> str:
    """The whole page: a section for each family, and the table of fidelity."""
    lints = all_lints()
    parts = [_HEAD]
    for family, title in _FAMILIES.items():
        parts.append(f"## {title}\n")
        parts += [_section(lint) for lint in lints if lint.id.startswith(f"AUD-{family}-")]
    return "\n".join([*parts, _fidelity()])


def _section(lint: Lint) -> str:
    said = "\n".join(f"- **{name}** {text}" for name, text in lint.sections)
    return f"### {lint.id}\n\n{lint.summary} *{lint.about.severity}, {_CHECKED[lint.folder]}*\n\n{said}\n"


def _fidelity() -> str:
    lines = [
        "## Fidelity: circuits that compute something else\n",
        "| id | severity | finds |",
        "|---|---|---|",
    ]
    for rule in rules.load_all("fidelity"):
        lines.append(f"| {rule.title} | {rule.fields['severity']} | {rule.summary} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes the page."""
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
