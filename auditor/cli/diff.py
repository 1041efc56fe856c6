"""``auditor diff``."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import deliver, targets

DIFF_EXAMPLES = """
Examples:

\b
  auditor diff model.onnx                      what changed since HEAD
  auditor diff main model.onnx                 since that revision
  auditor diff main:old.onnx new.onnx          renamed since
  auditor diff v1:model.onnx v2:model.onnx
  auditor diff HEAD:model.onnx :model.onnx     what is staged
  auditor diff a.onnx b.onnx --hardware laptop-8c-16g --chain base
  auditor diff main model.onnx --fail-on-increase 10 --format markdown

REV:path counts from the root of the repository, REV:./path from here, as in git.
Exit codes: as `auditor estimate` gives for NEW alone; 1 also where --fail-on-increase is exceeded.
"""


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A file, REV:path, or a revision alone.", show_default=False)
    ],
    new: Annotated[
        str | None,
        typer.Argument(metavar="NEW", help="A file or REV:path; else the file as it is.", show_default=False),
    ] = None,
    fail_on_increase: Annotated[
        float | None,
        typer.Option(
            "--fail-on-increase", metavar="PERCENT", min=0, help="Exit with 1 when rows grow by more."
        ),
    ] = None,
    settings: arg.SettingsFile = None,
    set_: arg.Settings = None,
    dim: arg.Dimensions = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan/--no-plan", help="Choose run args for each side; else both have EZKL's defaults."
        ),
    ] = False,
    input_: arg.SampleInput = None,
    seed: arg.Seed = 0,
    front_end: arg.Front = arg.FrontEnd.auto,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    max_rows: arg.MaxRows = None,
    max_logrows: arg.MaxLogrows = None,
    hardware: arg.Hardware = None,
    chain: arg.Chain = None,
    policy: arg.PolicyName = None,
    fork: arg.Fork = None,
    gas_price: arg.GasPrice = None,
    native_usd: arg.NativeUsd = None,
    layers: arg.LayersShown = 10,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """What NEW costs more or less than OLD, which layers are responsible, and whether the verdict changes."""
    from auditor.diffing.diff import diff as make_diff
    from auditor.errors import UsageError
    from auditor.options import PlanRequest, PriceRequest, parse_request
    from auditor.views.diff import DiffView

    where = targets(format_, output or ())
    if input_ is not None and not plan:
        raise UsageError("--input is what run args are chosen for", "give --plan as well")
    if plan and (settings is not None or set_):
        raise UsageError("--plan chooses the run args that --set and --settings set", "give one of them")
    request = parse_request(
        settings=settings,
        assignments=set_ or (),
        dims=dim or (),
        front_end=front_end.value,
        max_rows=max_rows,
        max_logrows=max_logrows,
        layers_shown=layers,
        quiet=quiet,
        verbose=verbose,
        prices=PriceRequest(
            hardware=tuple(hardware or ()),
            chains=tuple(chain or ()),
            policy=policy,
            fork=fork,
            gas_price_gwei=gas_price,
            native_usd=native_usd,
        ),
        plan=PlanRequest(input=input_, seed=seed) if plan else None,
    )
    report = make_diff(old, new, request, fail_on_increase)
    deliver(DiffView(report), where)
    raise typer.Exit(report.exit_code)
