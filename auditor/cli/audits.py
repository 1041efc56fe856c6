"""``auditor estimate`` and ``auditor inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import Target, deliver, targets

if TYPE_CHECKING:
    from auditor.options import Request

ESTIMATE_EXAMPLES = """
Examples:

\b
  auditor estimate model.onnx
  auditor estimate model.onnx --input inputs.json
  auditor estimate a.onnx b.onnx --dim N=1 --format concise
  auditor estimate model.onnx --set input_scale=10 --set num_inner_cols=4
  auditor estimate model.onnx --settings settings.json --max-logrows 20
  auditor estimate --settings settings.json --hardware laptop-8c-16g
  auditor estimate model.onnx --hardware laptop-8c-16g --chain base
  auditor estimate model.onnx --format json --output terminal=report.txt
"""

INSPECT_EXAMPLES = """
Example:

\b
  auditor inspect model.onnx --dim N=1
"""


Models = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[MODEL...]",
        help="ONNX files. Without any, the circuit of --settings is audited.",
        show_default=False,
    ),
]


def estimate(
    models: Models = None,
    settings: arg.SettingsFile = None,
    set_: arg.Settings = None,
    dim: arg.Dimensions = None,
    input_: arg.SampleInput = None,
    seed: arg.Seed = 0,
    no_plan: arg.NoPlan = False,
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
    """The exact circuit of each model, what proving and verifying it costs, a verdict, and what to do next.

    Run args that are not set are chosen, as `auditor plan` does. A machine or chain that is named must do:
    one it does not fit makes the model infeasible.
    """
    from auditor.options import PlanRequest, PriceRequest, parse_request

    if not models:
        _check_settings_alone(settings, set_, dim, input_, front_end)
    where = targets(format_, output or ())
    request = parse_request(
        settings=settings if models else None,
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
        plan=None if no_plan or front_end is arg.FrontEnd.ezkl else PlanRequest(input=input_, seed=seed),
    )
    if models:
        _audit("estimate", models, request, where)
    elif settings:
        _audit_settings(settings, request, where)


def inspect(
    models: arg.Models,
    settings: arg.SettingsFile = None,
    set_: arg.Settings = None,
    dim: arg.Dimensions = None,
    front_end: arg.Front = arg.FrontEnd.auto,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """What is in each file: inputs, operators, parameters, MACs, unsupported operators, findings."""
    from auditor.options import parse_request

    where = targets(format_, output or ())
    request = parse_request(
        settings=settings,
        assignments=set_ or (),
        dims=dim or (),
        front_end=front_end.value,
        quiet=quiet,
        verbose=verbose,
    )
    _audit("inspect", models, request, where)


def _check_settings_alone(
    settings: Path | None,
    set_: list[str] | None,
    dim: list[str] | None,
    input_: Path | None,
    front_end: arg.FrontEnd,
) -> None:
    from auditor.errors import UsageError

    if settings is None:
        raise UsageError("estimate needs a MODEL", hint="or --settings FILE, for the circuit those are of")
    given = {
        "--set": bool(set_), "--dim": bool(dim), "--input": input_ is not None,
        "--front-end": front_end is not arg.FrontEnd.auto,
    }  # fmt: skip
    for option, used in given.items():
        if used:
            raise UsageError(
                f"{option} needs a MODEL", hint="the sizes in a settings.json are those of its own run args"
            )


def _audit_settings(settings: Path, request: Request, where: list[Target]) -> None:
    from auditor.audit import audit_settings
    from auditor.views.audit import AuditView

    report = audit_settings(settings, request)
    deliver(AuditView(report), where)
    raise typer.Exit(report.exit_code)


def _audit(
    command: Literal["inspect", "estimate"], models: list[Path], request: Request, where: list[Target]
) -> None:
    from auditor.audit import audit
    from auditor.views.audit import AuditView

    report = audit(command, models, request)
    deliver(AuditView(report), where)
    raise typer.Exit(report.exit_code)
