"""``auditor check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import deliver, targets

CHECK_EXAMPLES = """
Examples:

\b
  auditor check                                 every model that auditor.toml names
  auditor check models/ other.onnx
  auditor check --write-baseline auditor-baseline.json
  auditor check --baseline-rev origin/main      what max_increase is held against
  auditor check --output sarif=auditor.sarif --output junit=auditor.xml

\b
  # auditor.toml
  [budget."models/*.onnx"]
  max_rows = 1_000_000
  max_verify_gas = 600_000
  max_increase = { rows = "10%" }

Exit codes: 0 within budget, 1 over budget or a finding at the failing severity, 2 usage, configuration or
unreadable file, 3 undetermined, 4 internal failure.
"""

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="In place of the nearest auditor.toml.", show_default=False
    ),
]

FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on", metavar="SEVERITY", help="critical, high, medium, low or info. [default: high]"
    ),
]
GateTime = Annotated[bool, typer.Option("--gate-time", help="Hold budgets of time and money too: they vary.")]


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATHS]...",
            help="ONNX files, and folders of them; without any, what the configuration names.",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    static: Annotated[
        bool, typer.Option("--static", help="Look at the files alone: no circuit, no budgets.")
    ] = False,
    fail_on: FailOn = None,
    gate_time: GateTime = False,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", metavar="FILE", help="What max_increase compares with.", show_default=False
        ),
    ] = None,
    baseline_rev: Annotated[
        str | None,
        typer.Option(
            "--baseline-rev", metavar="REV", help="Compare with a git revision.", show_default=False
        ),
    ] = None,
    new_baseline: Annotated[
        Path | None,
        typer.Option(
            "--write-baseline", metavar="FILE", help="Write what the models are now.", show_default=False
        ),
    ] = None,
    allow_undetermined: Annotated[
        bool, typer.Option("--allow-undetermined", help="What is not known does not fail.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 in place of 1 and 3; 2 and 4 stay.")
    ] = False,
    show_suppressed: Annotated[
        bool, typer.Option("--show-suppressed", help="Show suppressed findings with their reasons.")
    ] = False,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """Holds models against the budgets, the baseline and the findings that the configuration allows."""
    from auditor.checking.check import check as run
    from auditor.config.values import severity
    from auditor.errors import UsageError
    from auditor.gate.nouns import CheckRequest
    from auditor.views.check import CheckView

    where = targets(format_, output or ())
    if baseline is not None and baseline_rev is not None:
        raise UsageError("--baseline and --baseline-rev are two baselines", hint="give one of them")
    if static and (new_baseline is not None or baseline_rev is not None):
        raise UsageError("--static looks at no circuit: there is nothing to compare", hint="leave it out")
    report = run(
        CheckRequest(
            paths=tuple(paths or ()),
            config=config,
            depth="static" if static else "circuit",
            fail_on=None if fail_on is None else severity(fail_on),
            gate_time=gate_time,
            baseline=baseline,
            baseline_revision=baseline_rev,
            new_baseline=new_baseline,
            allow_undetermined=allow_undetermined,
            exit_zero=exit_zero,
            show_suppressed=show_suppressed,
            quiet=quiet,
            verbose=verbose,
        )
    )
    deliver(CheckView(report), where)
    raise typer.Exit(report.exit_code)
