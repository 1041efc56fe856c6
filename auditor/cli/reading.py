"""``auditor list`` and ``auditor explain``: the rules, to read."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli.output import write
from auditor.errors import UsageError

LIST_EXAMPLES = "Example:\n\n\b\n  auditor list operators"
EXPLAIN_EXAMPLES = "Example:\n\n\b\n  auditor explain MaxPool"


def list_(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="Without it: the kinds there are.")
    ] = None,
) -> None:
    """All things of one kind: operators, formats, and every other folder of rules."""
    from auditor import formats, rules

    kinds = {"formats": formats.names, "lints": _lints} | {
        name: (lambda name=name: _summaries(name)) for name in rules.kinds()
    }
    if kind is None:
        write("".join(f"{name}\n" for name in sorted(kinds)))
    elif kind not in kinds:
        raise UsageError.unknown(f"there is no kind '{kind}'", kind, kinds)
    else:
        write("".join(f"{line}\n" for line in kinds[kind]()))


def explain(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="An operator, a finding or any other rule: `auditor list`.")
    ],
) -> None:
    """One rule in words: how EZKL treats it, what it costs, what is cheaper, and how we know."""
    from auditor import explanation, lints, rules

    lint = lints.find(name)
    if lint is not None:
        write(explanation.lint_text(lint))
        return
    found = rules.find(name)
    if not found:
        known = [*lints.ids(), *(rule for kind in rules.kinds() for rule in rules.names(kind))]
        raise UsageError.unknown(f"there is no rule '{name}'", name, known, elsewhere="see auditor list")
    write("\n".join(explanation.text(rule) for rule in found))


def _lints() -> list[str]:
    """Those of fidelity are rules in TOML, and lints like the others to whoever reads about them."""
    from auditor import lints, rules

    rows = [(item.id, item.about.severity, item.summary) for item in lints.all_lints()]
    rows += [(rule.title, rule.fields["severity"], rule.summary) for rule in rules.load_all("fidelity")]
    return [f"{id_:<12}  {severity:<8}  {summary}" for id_, severity, summary in sorted(rows)]


def _summaries(kind: str) -> list[str]:
    from auditor import rules

    found = rules.load_all(kind)
    width = max((len(rule.title) for rule in found), default=0)
    return [f"{rule.title:<{width}}  {rule.summary}" for rule in found]
