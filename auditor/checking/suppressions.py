"""Suppressions of a whole run: which have expired, and which nothing needs any more."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from auditor.config.effective import concerns, excluded_by
from auditor.config.globs import files_below, matches
from auditor.config.nouns import Config, Suppression
from auditor.config.targets import SUFFIX, Gathered
from auditor.gate.nouns import ConfigFinding, ModelCheck
from auditor.gate.suppress import expired, is_expired, unused

_STATIC_RULES = ("AUD-SEC-", "AUD-REPO-")
"""Findings that need no circuit."""


def expired_ones(gathered: Gathered, fail_on: str | None, today: date) -> Iterator[ConfigFinding]:
    """The suppressions of the models at hand whose day has passed."""
    for config in gathered.configs:
        models = [target.path for target in gathered.targets if target.rules.config is config]
        for item in config.suppressions:
            if is_expired(item, today) and any(concerns(item, path) for path in models):
                yield expired(item, fail_on or config.settings["fail_on"].value)


def unused_ones(
    gathered: Gathered,
    done: Sequence[ModelCheck],
    used: frozenset[Suppression],
    fail_on: str | None,
    today: date,
) -> Iterator[ConfigFinding]:
    """The suppressions that no finding needs, as far as all models they are about were looked at."""
    looked_at = {
        Path(os.path.abspath(target.path)): model.depth
        for target, model in zip(gathered.targets, done, strict=True)
    }
    for config in gathered.configs:
        for item in config.suppressions:
            if item in used or is_expired(item, today):
                continue
            if _is_covered(item, config, looked_at):
                yield unused(item, fail_on or config.settings["fail_on"].value)


def _is_covered(item: Suppression, config: Config, looked_at: Mapping[Path, str]) -> bool:
    """Whether every model that a suppression is about was looked at as deeply as its rules need."""
    if item.models:
        meant = [path for glob in item.models for path in matches(glob)]
    else:
        meant = list(files_below(config.root))
    models = [path for path in meant if path.suffix == SUFFIX and excluded_by(config, path) is None]
    needs_circuit = not all(rule.startswith(_STATIC_RULES) for rule in item.rules)
    enough = ("circuit",) if needs_circuit else ("static", "circuit")
    return all(looked_at.get(path) in enough for path in models)
