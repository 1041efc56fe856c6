"""``auditor plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import deliver, targets

PLAN_EXAMPLES = """
Examples:

\b
  auditor plan model.onnx --input inputs.json
  auditor plan model.onnx --input inputs.npz --write settings.json
  auditor plan model.onnx --minimize verify-gas --chain base --max-memory 8GiB
  auditor plan model.onnx --tolerance 0.02 --what-if
  auditor plan model.onnx --set input_visibility=private --set num_inner_cols=2

Run args that are --set stay as they are; the others are chosen.
Exit codes: 0 planned, 1 nothing within the limits, 2 usage, 3 it cannot be planned, 4 auditor failed.
"""


def plan(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An ONNX file.", show_default=False)],
    input_: arg.SampleInput = None,
    seed: arg.Seed = 0,
    minimize: Annotated[
        str,
        typer.Option("--minimize", metavar="WHAT", help="prove, memory, proof-bytes, verify-gas or usd."),
    ] = "prove",
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            min=0,
            help="Allowed error, as a share of the output's range; else 0.01, or twice EZKL's own.",
        ),
    ] = None,
    min_agreement: Annotated[
        float | None,
        typer.Option(
            "--min-agreement", min=0, max=1, help="Share of rows that must keep their class; else all."
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option("--margin", min=1, help="Room for values so many times as large as the sample's.")
    ] = 2.0,
    ranges: Annotated[
        str,
        typer.Option(
            "--ranges",
            metavar="WHICH",
            help="sample: room for values like the sample's. sound: for every input from its least to its "
            "greatest number.",
        ),
    ] = "sample",
    input_range: Annotated[
        str | None,
        typer.Option("--input-range", metavar="LOW,HIGH", help="For sound ranges: between these numbers."),
    ] = None,
    hardware: Annotated[
        str, typer.Option("--hardware", metavar="NAME|FILE", help="Where it is to be proved.")
    ] = "this-machine",
    chain: Annotated[
        str | None, typer.Option("--chain", metavar="NAME|FILE", help="Where it is to be verified.")
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option("--max-memory", metavar="SIZE", help="As in 8GiB; else what the machine has."),
    ] = None,
    max_prove_seconds: Annotated[float | None, typer.Option("--max-prove-seconds", min=0)] = None,
    max_proof_bytes: Annotated[int | None, typer.Option("--max-proof-bytes", min=0)] = None,
    max_verify_gas: Annotated[float | None, typer.Option("--max-verify-gas", min=0)] = None,
    max_rows: arg.MaxRows = None,
    max_logrows: arg.MaxLogrows = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Also: which changes of the model would save most.")
    ] = False,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write a settings.json that EZKL takes.")
    ] = None,
    settings: arg.SettingsFile = None,
    set_: arg.Settings = None,
    dim: arg.Dimensions = None,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """The cheapest run args that keep the accuracy, and what they save against EZKL's own calibration.

    Every choice is measured by the layout that EZKL would make and by its arithmetic, on your sample inputs.
    """
    from auditor.options import PriceRequest, number_range, parse_request, size_bytes
    from auditor.planning.nouns import Goal, objective, which_ranges
    from auditor.plans.plan import options_of
    from auditor.plans.plan import plan as make_plan
    from auditor.views.plan import PlanView

    where = targets(format_, output or ())
    request = parse_request(
        settings=settings,
        assignments=set_ or (),
        dims=dim or (),
        max_rows=max_rows,
        max_logrows=max_logrows,
        quiet=quiet,
        verbose=verbose,
        prices=PriceRequest(hardware=(hardware,), chains=(chain,) if chain else ()),
    )
    goal = Goal(
        minimize=objective(minimize),
        ranges=which_ranges(ranges),
        tolerance=tolerance,
        min_agreement=min_agreement,
        margin=margin,
        max_logrows=max_logrows,
        max_rows=max_rows,
        max_memory_bytes=None if max_memory is None else size_bytes("--max-memory", max_memory),
        max_prove_seconds=max_prove_seconds,
        max_proof_bytes=max_proof_bytes,
        max_verify_gas=max_verify_gas,
    )
    options = options_of(
        request,
        goal=goal,
        input_=input_,
        input_range=None if input_range is None else number_range("--input-range", input_range),
        seed=seed,
        changes=_CHANGES if what_if else None,
        write=write,
    )
    report = make_plan(model, request, options)
    deliver(PlanView(report), where)
    raise typer.Exit(report.exit_code)


_CHANGES = 5
"""How many changes are told: the few that would pay most."""
