"""``auditor forecast``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import deliver, targets

FORECAST_EXAMPLES = """
Examples:

\b
  auditor forecast model.onnx
  auditor forecast model.onnx --scenario frontier --hardware phone-mid
  auditor forecast model.onnx --budget 0.01 --output svg=forecast.svg
  auditor forecast model.onnx --rate prover_time=2,4,8

`auditor list scenarios`, `auditor list trends`, and `auditor explain trend:NAME` for where a rate is from.
Exit codes: 0 forecast; 2 usage; 3 EZKL has no circuit for the model, or something is missing, a size or the
content of the file; 4 auditor failed.
"""


class Along(StrEnum):
    """The axis along which models grow."""

    width = "width"
    depth = "depth"
    sequence = "sequence"


def forecast(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An ONNX file.", show_default=False)],
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="NAME|FILE", help="Rates that hold together; else all."),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            "--rate",
            metavar="NAME=LOW,MID,HIGH",
            help="Your own factor a year: prover_time, prover_memory, hardware_price, memory_price or "
            "model_growth. Repeatable.",
        ),
    ] = None,
    hardware: Annotated[
        list[str] | None,
        typer.Option("--hardware", metavar="NAME|FILE", help="A machine to forecast for; else all."),
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", metavar="NAME|FILE", help="What patience owners of machines have.")
    ] = "batch",
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="USD", min=0, help="What a proof may cost.")
    ] = None,
    axis: Annotated[
        Along | None,
        typer.Option("--axis", help="Along which models grow; else the first that this one can grow along."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the worlds that are drawn.")] = 1,
    draws: Annotated[int, typer.Option("--draws", min=100, max=1_000_000, help="How many worlds.")] = 10_000,
    settings: arg.SettingsFile = None,
    set_: arg.Settings = None,
    dim: arg.Dimensions = None,
    input_: arg.SampleInput = None,
    no_plan: arg.NoPlan = False,
    front_end: arg.Front = arg.FrontEnd.auto,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """When a model becomes affordable to prove, and for whom: time, memory and money, each for itself.

    And which grows faster, the efficiency of verification or the complexity of models.
    """
    from auditor.comparing.request import finite
    from auditor.forecasting.forecast import ForecastOptions
    from auditor.forecasting.forecast import forecast as make_forecast
    from auditor.options import PlanRequest, parse_request
    from auditor.views.forecast import ForecastView

    where = targets(format_, output or ())
    request = parse_request(
        settings=settings,
        assignments=set_ or (),
        dims=dim or (),
        front_end=front_end.value,
        quiet=quiet,
        verbose=verbose,
        plan=None if no_plan else PlanRequest(input=input_, seed=0),
    )
    options = ForecastOptions(
        scenarios=tuple(scenario or ()),
        machines=tuple(hardware or ()),
        rates=tuple(rate or ()),
        policy=policy,
        budget_usd=finite("--budget", budget, unit="dollars", zero=False),
        axis=None if axis is None else axis.value,
        seed=seed,
        draws=draws,
    )
    report = make_forecast(model, request, options)
    deliver(ForecastView(report), where)
    raise typer.Exit(report.exit_code)
