"""From what the configuration says of one model to what is asked of the audit: run args, plan and prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace

from auditor.checking.prices import pricing, words
from auditor.config.effective import ModelRules
from auditor.config.nouns import Budget, Config, Setting
from auditor.config.values import TIMED
from auditor.errors import UsageError
from auditor.gate.nouns import PROFILED

if TYPE_CHECKING:
    from auditor.options import Request
    from auditor.study import Bill, Plan

REFERENCE_CHAIN = "ethereum-mainnet"
"""Where gas is counted unless the configuration names chains."""

_ON_CHAIN = ("verify_gas", "deploy_gas", "verify_usd")


class Asked(Struct, frozen=True, kw_only=True):
    """The audit of one model: the request, what prices it, and the budgets with the ids of their profiles."""

    request: Request
    bill: Bill | None
    plan: Plan | None
    budgets: tuple[Budget, ...]


def asked_of(
    rules: ModelRules, *, gate_time: bool, everything: bool, today: date, quiet: bool, verbose: bool
) -> Asked:
    """What to ask about the model under ``rules``; with ``everything`` all amounts that a baseline keeps.

    Raises:
        UsageError: a run arg, a profile or a policy that there is not, with the line that names it.
    """
    request = audit_request(rules, quiet=quiet, verbose=verbose)
    budgets = tuple(_on_each_profile(rules))
    wanted = {(item.amount, item.profile) for item in budgets if gate_time or item.amount not in TIMED}
    if everything:
        wanted |= {("peak_memory", word) for word in _machines(rules)}
        wanted |= {("verify_gas", word) for word in _chains(rules)}
    machines = [word for amount, word in sorted(wanted) if word and amount not in _ON_CHAIN]
    chains = [word for amount, word in sorted(wanted) if word and amount in _ON_CHAIN]
    bill, ids = pricing(rules, machines, chains, today)
    return Asked(
        request=request,
        bill=bill,
        plan=_planner(request, budgets),
        budgets=tuple(replace(item, profile=ids.get(item.profile, item.profile)) for item in budgets),
    )


def audit_request(rules: ModelRules, *, quiet: bool, verbose: bool) -> Request:
    """The request under ``rules``: the run args set there, else EZKL's defaults, planned where that is said.

    Raises:
        UsageError: EZKL has no such run arg, or does not take its value.
    """
    from auditor.options import PlanRequest, parse_request

    _check_types(rules)
    given = {**_texts(rules.get("run_args")), **_texts(rules.get("visibility"))}
    try:
        request = parse_request(
            assignments=[f"{name}={value}" for name, value in given.items()],
            front_end=str(rules.get("front_end") or "onnx"),
            quiet=quiet,
            verbose=verbose,
        )
    except UsageError as error:
        setting = rules.settings.get("run_args") or rules.settings["visibility"]
        words = error.message.removeprefix("--set ")
        raise UsageError(f"{setting.origin}: run_args: {words}", hint=error.hint) from error
    plans = bool(rules.get("plan")) and not rules.get("run_args")
    inputs = rules.settings.get("inputs")
    return replace(
        request,
        dims=cast("Mapping[str, int]", rules.get("dims") or {}),
        plan=PlanRequest(input=None if inputs is None else _file(inputs)) if plans else None,
    )


def check_tables(config: Config) -> None:
    """Refuses run args, machines, chains and policies that there are not, of whatever table.

    Raises:
        UsageError: there is one.
    """
    for table in config.models:
        rules = ModelRules(config=config, settings=table.settings, budgets=(), suppressions=(), claimed=True)
        audit_request(rules, quiet=True, verbose=False)
        pricing(rules, (), (), date.min)


def _planner(request: Request, budgets: Sequence[Budget]) -> Plan | None:
    """What chooses run args that keep the budgets of rows and logrows, where it can."""
    if request.plan is None:
        return None
    from auditor.plans.planner import planner_for
    from auditor.verdict import Limits

    limit = {item.amount: int(item.limit) for item in budgets if not item.increase}
    limits = Limits(max_rows=limit.get("rows"), max_logrows=limit.get("logrows"))
    return planner_for(replace(request, limits=limits))


def _on_each_profile(rules: ModelRules) -> Iterable[Budget]:
    """The budgets; one that depends on a machine or a chain and names none is held on each of the model's."""
    for budget in rules.budgets:
        if budget.amount not in PROFILED or budget.profile:
            yield budget
            continue
        for word in _chains(rules) if budget.amount in _ON_CHAIN else _machines(rules):
            yield replace(budget, profile=word)


def _machines(rules: ModelRules) -> tuple[str, ...]:
    from auditor.pricing.profile_file import REFERENCE

    return words(rules, "hardware") or (REFERENCE,)


def _chains(rules: ModelRules) -> tuple[str, ...]:
    return words(rules, "chains") or (REFERENCE_CHAIN,)


def _file(setting: Setting) -> Path:
    base = setting.base or Path()
    return base / str(setting.value)


def _texts(values: object) -> dict[str, str]:
    """Run args in the words of the command line."""
    return {name: _text(value) for name, value in cast("Mapping[str, Any]", values or {}).items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{name}->{size}" for name, size in value.items())
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)


def _check_types(rules: ModelRules) -> None:
    """Refuses text where EZKL takes a number: the command line has only text, a file has not."""
    setting = rules.settings.get("run_args")
    if setting is None:
        return
    for name, value in setting.value.items():
        is_text = name.endswith("_visibility") or name == "check_mode" or value == "none"
        if isinstance(value, str) and not is_text:
            raise UsageError(
                f"{setting.origin}: run_args.{name}: expected no text, but {value} without quotes"
            )
