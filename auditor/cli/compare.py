"""``auditor compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import deliver, targets

COMPARE_EXAMPLES = """
Examples:

\b
  auditor compare model.onnx
  auditor compare model.onnx --way ezkl --way zkllm --way re-execution
  auditor compare model.onnx --scale-width 2,4,8 --output svg=growth.svg
  auditor compare model.onnx --stakes high --private-weights --budget 0.10
  auditor compare model.onnx --on-chain --chain base --latency 60

`auditor explain system:NAME` and `auditor explain method:NAME` print what a row is made of.
Exit codes: 0 compared; 1 nothing meets the needs, or nothing that was named takes this model; 2 usage;
3 something is missing, a size or the content of the file; 4 auditor failed.
"""


def compare(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An ONNX file.", show_default=False)],
    way: Annotated[
        list[str] | None,
        typer.Option(
            "--way",
            metavar="NAME|FILE",
            help="A system or method: `auditor list systems`, `auditor list methods`, ezkl, or your "
            "own .toml. Repeatable; all of them without it.",
        ),
    ] = None,
    hardware: Annotated[
        str | None,
        typer.Option("--hardware", metavar="NAME|FILE", help="Where EZKL and the methods are priced."),
    ] = None,
    policy: Annotated[
        str,
        typer.Option("--policy", metavar="NAME|FILE", help="What patience owners of machines have."),
    ] = "batch",
    chain: arg.Chain = None,
    scale_width: Annotated[
        str | None,
        typer.Option("--scale-width", metavar="N,N", help="Also at these times its width: 2,4,8."),
    ] = None,
    scale_depth: Annotated[
        str | None,
        typer.Option("--scale-depth", metavar="N,N", help="Also with so many times its repeated blocks."),
    ] = None,
    scale_sequence: Annotated[
        str | None,
        typer.Option("--scale-sequence", metavar="N,N", help="Also at so many times its sequence."),
    ] = None,
    sequence: Annotated[
        int | None,
        typer.Option("--sequence", min=1, help="Positions in one pass, where the model does not show them."),
    ] = None,
    stakes: Annotated[
        str | None,
        typer.Option("--stakes", metavar="WHICH", help="Recommend: low, medium or high is at stake."),
    ] = None,
    private_weights: Annotated[
        bool, typer.Option("--private-weights", help="Recommend: whoever verifies must not see the weights.")
    ] = False,
    private_input: Annotated[
        bool, typer.Option("--private-input", help="Recommend: whoever verifies must not see the input.")
    ] = False,
    on_chain: Annotated[
        bool, typer.Option("--on-chain", help="Recommend: a contract must be able to verify it.")
    ] = False,
    latency: Annotated[
        float | None,
        typer.Option("--latency", metavar="SECONDS", min=0, help="Recommend: relied on within this time."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="USD", min=0, help="Recommend: one answer costs no more than this."),
    ] = None,
    settings: arg.SettingsFile = None,
    set_: arg.Settings = None,
    dim: arg.Dimensions = None,
    input_: arg.SampleInput = None,
    seed: arg.Seed = 0,
    no_plan: arg.NoPlan = False,
    front_end: arg.Front = arg.FrontEnd.auto,
    fork: arg.Fork = None,
    gas_price: arg.GasPrice = None,
    native_usd: arg.NativeUsd = None,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """Every way to trust the output of a model, who can take part, and which way is cheapest.

    EZKL is sized exactly; other proving systems are as published, and scaled only along what they published.
    """
    from auditor.comparing.compare import MACHINE, CompareOptions
    from auditor.comparing.compare import compare as make_comparison
    from auditor.comparing.request import factors, needs_of
    from auditor.options import PlanRequest, PriceRequest, parse_request
    from auditor.views.compare import CompareView

    where = targets(format_, output or ())
    needs = needs_of(stakes, private_weights, private_input, on_chain, latency, budget)
    request = parse_request(
        settings=settings,
        assignments=set_ or (),
        dims=dim or (),
        front_end=front_end.value,
        quiet=quiet,
        verbose=verbose,
        prices=PriceRequest(
            chains=tuple(chain or ()), fork=fork, gas_price_gwei=gas_price, native_usd=native_usd
        ),
        plan=None if no_plan else PlanRequest(input=input_, seed=seed),
    )
    options = CompareOptions(
        machine=hardware or MACHINE,
        policy=policy,
        names=tuple(way or ()),
        factors={
            "width": factors("--scale-width", scale_width),
            "depth": factors("--scale-depth", scale_depth),
            "sequence": factors("--scale-sequence", scale_sequence),
        },
        sequence=sequence,
        needs=needs,
    )
    report = make_comparison(model, request, options)
    deliver(CompareView(report), where)
    raise typer.Exit(report.exit_code)
