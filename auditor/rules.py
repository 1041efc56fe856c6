"""The rules: data in TOML, one file for each thing we know, found by folder and file name.

In a wheel they lie beside this module, in a checkout beside the package. A kind is a folder; a new
file is a new rule, and nothing else is edited. Loading fails when a rule lacks its summary or its
sources, so that no sentence or number is shown whose origin nobody can check.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.errors import AuditorError, InternalFailure

EVIDENCE = ("measured", "published", "derived", "assumed")

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "fidelity": ("severity", "condition", "why", "way_out"),
    "operators": ("operator", "support", "treatment"),
    "srs": ("addresses", "sha256", "verifier"),
}
"""What a rule of some kind must say beside its summary and sources. Kinds not named have no more duties."""

SOURCES: Mapping[str, str] = {
    "chains": "auditor.pricing.chain.profile_file:sources",
    "hardware": "auditor.pricing.profile_file:sources",
    "methods": "auditor.landscape.method_file:sources",
    "policies": "auditor.pricing.policy:sources",
    "prices": "auditor.pricing.price_sheet:sources",
    "scenarios": "auditor.trends.scenario_file:sources",
    "systems": "auditor.landscape.system_file:sources",
    "trends": "auditor.trends.trend_file:sources",
}
"""Kinds that are checked where they are used: ``module:function``, called with a file's content and name.

It returns the sources, which such a kind keeps under ``evidence``, or raises an :class:`AuditorError`.
"""

SUPPORT = ("yes", "partly", "no")
"""Whether EZKL accepts an operator and computes what ONNX says: always, within limits, never."""

_LONGEST_NAME = 100
"""No operator has a longer one; a hostile file may."""

_SUPPORT_LINE = re.compile(rb'^support = "(\w+)"', re.MULTILINE)


class BadRule(InternalFailure):
    """A rules file is missing, malformed or without evidence: a fault of the installation."""


class Rule(Struct, frozen=True, kw_only=True):
    """One rules file: ``fields`` is its content without the summary and the sources."""

    kind: str
    name: str
    summary: str
    fields: Mapping[str, Any]
    sources: tuple[Mapping[str, Any], ...]

    @property
    def title(self) -> str:
        """What people call it: the ONNX name of an operator, otherwise the file's name."""
        return str(self.fields.get("operator", self.name))


def rules_dir() -> Path:
    """The folder of all rules: packaged beside this module, or top-level in a checkout."""
    packaged = Path(__file__).parent / "rules"
    found = packaged if packaged.is_dir() else Path(__file__).parents[1] / "rules"
    if not found.is_dir():
        raise BadRule("the rules folder is missing", hint="install auditor again")
    return found


def kinds() -> list[str]:
    """The kinds of rules there are, sorted: the folders that hold a TOML file."""
    return sorted(folder.name for folder in rules_dir().iterdir() if any(folder.glob("*.toml")))


def names(kind: str) -> list[str]:
    """The names of all rules of a kind, sorted."""
    return sorted(path.stem for path in (rules_dir() / kind).glob("*.toml"))


def load(kind: str, name: str) -> Rule:
    """Reads and checks one rule.

    Raises:
        BadRule: no such file, not TOML, or without summary, required fields or evidence.
    """
    path = rules_dir() / kind / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRule(f"rules/{kind}/{name}.toml cannot be read: {error}") from error
    if kind in SOURCES:
        content["source"] = _sources(kind, content, f"rules/{kind}/{name}.toml")
        del content["evidence"]
    for field in ("summary", "source", *REQUIRED.get(kind, ())):
        if not content.get(field):
            raise BadRule(f"rules/{kind}/{name}.toml says nothing under '{field}'")
    if kind == "operators":
        _check_operator(content, f"rules/{kind}/{name}.toml")
    sources = tuple(content.pop("source"))
    for source in sources:
        _check_source(source, f"rules/{kind}/{name}.toml")
    return Rule(kind=kind, name=name, summary=content.pop("summary"), fields=content, sources=sources)


def load_all(kind: str) -> list[Rule]:
    """Every rule of a kind, by name."""
    return [load(kind, name) for name in names(kind)]


def find(word: str) -> list[Rule]:
    """The rules that are called ``word``, whatever its case, dashes and underscores: of any kind, or of the
    one named before a colon, in the singular or the plural."""
    before, colon, after = word.partition(":")
    named = [kind for kind in kinds() if colon and before in (kind, _singular(kind))]
    wanted, searched = (_plain(after), named) if named else (_plain(word), kinds())
    return [load(kind, name) for kind in searched for name in names(kind) if _plain(name) == wanted]


def operator(op_type: str) -> Rule | None:
    """The rule of an ONNX operator, or None when there is no file for it."""
    found = [rule for rule in find(op_type) if rule.kind == "operators"]
    return found[0] if found else None


def support(operators: Iterable[str]) -> dict[str, str]:
    """What the rules say of each of these ONNX operators, of those they know: one of ``SUPPORT``.

    One line of each file is read and the rest left: lints ask this on every commit.
    """
    files = {_plain(name): name for name in names("operators")}
    found = {}
    for operator_ in operators:
        name = files.get(_plain(operator_)) if len(operator_) <= _LONGEST_NAME else None
        line = None
        if name is not None:
            line = _SUPPORT_LINE.search((rules_dir() / "operators" / f"{name}.toml").read_bytes())
        if line is not None:
            found[operator_] = line[1].decode()
    return found


def digest() -> str:
    """Twelve hex digits that change with any rule, so that an answer can be traced to its rules."""
    root = rules_dir()
    total = hashlib.sha256()
    for path in sorted(root.glob("*/*.toml")):
        total.update(path.relative_to(root).as_posix().encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def _singular(kind: str) -> str:
    """What people call one rule of a kind.

    >>> _singular("policies"), _singular("chains"), _singular("hardware"), _singular("srs")
    ('policy', 'chain', 'hardware', 'srs')
    """
    if kind.endswith("ies"):
        return f"{kind.removesuffix('ies')}y"
    return kind if kind == "srs" else kind.removesuffix("s")


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def _sources(kind: str, content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The sources of a kind of :data:`SOURCES`, once its content has been checked."""
    module, _, function = SOURCES[kind].partition(":")
    try:
        found: list[dict[str, Any]] = getattr(importlib.import_module(module), function)(content, where)
    except AuditorError as error:
        raise BadRule(str(error)) from error
    return found


def _check_operator(content: Mapping[str, Any], where: str) -> None:
    """What EZKL lays out has a cost; what it does not, or not always, has limits, each with a way out."""
    support, limits = content["support"], content.get("limits", [])
    if support not in SUPPORT:
        raise BadRule(f"{where}: the support of an operator is one of {', '.join(SUPPORT)}")
    if (support == "no") == bool(content.get("cost")):
        raise BadRule(f"{where}: 'cost' is for the operators that EZKL lays out, and only for them")
    if (support == "yes") == bool(limits):
        raise BadRule(f"{where}: 'limits' is for the operators with support partly or no, and only for them")
    if any(not limit.get(field) for limit in limits for field in ("when", "reason", "way_out")):
        raise BadRule(f"{where}: a limit says when, reason and way_out")
    if support == "no" and [limit["when"] for limit in limits] != ["always"]:
        raise BadRule(f"{where}: an operator without support has the one limit 'always'")


def _check_source(source: Mapping[str, Any], where: str) -> None:
    if source.get("evidence") not in EVIDENCE:
        raise BadRule(f"{where}: the evidence of a source is one of {', '.join(EVIDENCE)}")
    if not isinstance(source.get("date"), date):
        raise BadRule(f"{where}: a source needs a date, as in 2026-01-31")
    if not source.get("where"):
        raise BadRule(f"{where}: a source says where it stands, under 'where'")
