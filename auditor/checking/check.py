"""The gate: every model against its budgets, its baseline and what may be found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor._version import __version__
from auditor.config.nouns import Suppression
from auditor.config.targets import Configs, Target, gather
from auditor.findings import Finding
from auditor.gate.nouns import CheckReport, CheckRequest, Depth, Excluded, JudgedFinding, ModelCheck
from auditor.gate.outcome import FAILED, PASSED, UNDETERMINED, worst
from auditor.gate.suppress import judge_findings

if TYPE_CHECKING:
    from auditor.checking.baseline import Baselines


def check(request: CheckRequest) -> CheckReport:
    """Checks all models that the paths mean; what goes wrong with one does not hide the others.

    Raises:
        UsageError: the command line or a configuration is wrong.
    """
    from auditor import rules
    from auditor.checking.static import shown_model
    from auditor.checking.suppressions import expired_ones, unused_ones

    gathered = gather(request.paths, Configs(request.config))
    before = _before(request)
    results = [check_model(target, request, before) for target in gathered.targets]
    models = [model for model, _ in results]
    used = frozenset(item for _, of_use in results for item in of_use)
    if request.new_baseline is not None:
        from auditor.checking.baseline import write_new

        write_new(request.new_baseline, gathered.targets, models)
    config = (
        *expired_ones(gathered, request.fail_on, request.today),
        *unused_ones(gathered, models, used, request.fail_on, request.today),
    )
    codes = {code_of(model, request) for model in models}
    if any(item.finding.fails for item in config):
        codes.add(FAILED)
    code = worst(codes)
    forgiven = request.exit_zero and code in (FAILED, UNDETERMINED)
    return CheckReport(
        version=__version__,
        rules=rules.digest(),
        models=tuple(models),
        config=config,
        excluded=tuple(
            Excluded(path=shown_model(path), where=str(glob.origin)) for path, glob in gathered.excluded
        ),
        exit_code=PASSED if forgiven else code,
        show_suppressed=request.show_suppressed,
    )


def check_model(
    target: Target, request: CheckRequest, before: Baselines | None
) -> tuple[ModelCheck, frozenset[Suppression]]:
    """One model, and the suppressions that were of use. Without ``before`` there are no baselines.

    Raises:
        UsageError: the configuration says something of it that has no meaning.
    """
    rules = target.rules
    used: set[Suppression] = set()

    def judge(findings: tuple[Finding, ...]) -> tuple[JudgedFinding, ...]:
        fail_on = request.fail_on or rules.config.settings["fail_on"].value
        judged, of_use = judge_findings(findings, rules.suppressions, fail_on, request.today)
        used.update(of_use)
        return judged

    # Each is loaded where it is used: most of the time of a hook is that of loading modules.
    if is_static(target, request.depth):
        from auditor.checking.static import check_file

        model = check_file(target.path, rules, judge)
    else:
        from auditor.checking.circuit import check_circuit

        model = check_circuit(target, request, before, judge)
    return model, frozenset(used)


def is_static(target: Target, depth: Depth) -> bool:
    """Whether only the file of a model is looked at."""
    said = target.rules.get("circuit")
    return (
        depth == "static" or said is False or (depth == "claimed" and not target.rules.claimed and not said)
    )


def code_of(model: ModelCheck, request: CheckRequest) -> int:
    """The exit code of one model, where what is not known may be allowed."""
    forgiven = request.allow_undetermined and model.exit_code == UNDETERMINED
    return PASSED if forgiven else model.exit_code


def _before(request: CheckRequest) -> Baselines | None:
    """What models were. Where a baseline is written nothing is compared: it is what is agreed to now."""
    if request.depth == "static" or request.new_baseline is not None:
        return None
    from auditor.checking.baseline import Baselines

    return Baselines(request.baseline, request.baseline_revision)
