"""One model for the hook: checked, and what must stay the same for the answer to hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from auditor.checking.check import check_model, code_of, is_static
from auditor.config.find import candidates
from auditor.config.owners import mentions_external_data
from auditor.config.targets import Target
from auditor.errors import AuditorError
from auditor.gate import verdicts
from auditor.gate.nouns import PROFILED, CheckRequest
from auditor.gate.outcome import FAILED, PASSED, worst
from auditor.gate.suppress import expired, is_expired
from auditor.gate.words import config_line, failure_lines
from auditor.places import is_path

_THIS_MACHINE = "this-machine"


Outcome = tuple[int, list[str], list[int]]
"""The exit code of one model, the lines to print, and how many checks passed, failed and were skipped."""


def check_target(target: Target, request: CheckRequest) -> tuple[Outcome, bool]:
    """What becomes of a model, and whether that holds as long as its files do not change.

    There are lines where it does not pass. What is not known, or went wrong, may be known the next time.

    Raises:
        UsageError: the configuration says something of it that has no meaning.
    """
    before = None
    if any(budget.increase for budget in target.rules.budgets) and not is_static(target, request.depth):
        from auditor.checking.baseline import Baselines

        before = Baselines()
    model, _ = check_model(target, request, before)
    rules = target.rules
    fail_on = request.fail_on or rules.config.settings["fail_on"].value
    old = [expired(item, fail_on) for item in rules.suppressions if is_expired(item, request.today)]
    codes = [code_of(model, request), *(FAILED for item in old if item.finding.fails)]
    code = worst(codes)
    failed = [item for item in model.findings if item.fails]
    outcomes = [check.outcome for check in model.checks]
    counts = [outcomes.count("pass"), outcomes.count("fail") + len(failed), outcomes.count("skip")]
    lines = [*failure_lines(model), *(config_line(item) for item in old)] if code else []
    lasting = model.exit_code in (PASSED, FAILED) and not any(check.undetermined for check in model.checks)
    return (code, lines, counts), lasting


def remember(
    folder: str,
    key: str,
    target: Target,
    outcome: Outcome,
    before_ns: int,
    request: CheckRequest,
    *,
    given: str | None,
) -> None:
    """Keeps the outcome of a model, unless it depends on the machine it was found on."""
    if _THIS_MACHINE in _words(target):
        return
    present, missing = _external_files(target.path)
    exit_code, lines, counts = outcome
    verdicts.remember(
        folder,
        key,
        files=[os.path.abspath(path) for path in (*_files(target), *present)],
        absent=[os.path.abspath(path) for path in (*_places(target, given), *missing)],
        until=_until(target, request.today),
        exit_code=exit_code,
        lines=lines,
        counts=counts,
        before_ns=before_ns,
    )


def _files(target: Target) -> Iterator[Path]:
    """The model, the configurations, and what those name."""
    config = target.rules.config
    yield target.path
    yield from config.files
    yield from config.skipped
    for name, setting in (*config.settings.items(), *target.rules.settings.items()):
        if name in ("baseline", "inputs") and setting.base is not None:
            yield setting.base / setting.value
    for word in _words(target):
        if is_path(word):
            yield config.root / word


def _words(target: Target) -> set[str]:
    """The machines, chains and policies that are named for a model."""
    words = {budget.profile for budget in target.rules.budgets if budget.profile}
    for key in ("hardware", "chains", "policy"):
        value = target.rules.get(key)
        words |= {value} if isinstance(value, str) else set(value) if isinstance(value, tuple) else set()
    return words


def _places(target: Target, given: str | None) -> Iterator[Path]:
    """Where a configuration would be nearer than the one that was used."""
    if given is not None:
        return
    for path in candidates(target.path.parent):
        if path in target.rules.config.files:
            return
        if path not in target.rules.config.skipped:
            yield path


def _until(target: Target, today: date) -> str:
    """The last day the verdict holds, as ISO writes it: prices and profiles age, suppressions expire."""
    rules = target.rules
    if _words(target) or any(budget.amount in PROFILED for budget in rules.budgets):
        return today.isoformat()
    days = [item.expires for item in rules.suppressions if item.expires and not is_expired(item, today)]
    return min(days).isoformat() if days else ""


def _external_files(model: Path) -> tuple[list[Path], list[Path]]:
    """The data files of a model that are there, and those that are not."""
    if not mentions_external_data(model):
        return [], []
    from auditor.model.context import ReadContext
    from auditor.model.external import ExternalStore
    from auditor.model.files import open_model
    from auditor.model.schema import MODEL
    from auditor.model.wire import Walk

    context = ReadContext(external=ExternalStore(model.parent))
    with suppress(AuditorError):
        data = open_model(model).data
        Walk(data, context).read(MODEL, 0, len(data))
    external = context.external
    return [model.parent / name for name in external.present], [
        model.parent / name for name in external.missing
    ]
