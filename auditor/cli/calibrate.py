"""``auditor calibrate``: how fast this machine proves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import deliver, targets

CALIBRATE_EXAMPLES = """
Examples:

\b
  auditor calibrate
  auditor calibrate --thorough
  auditor calibrate --profile here.toml --format json

Times differ with whatever else the machine does: calibrate it when it is at rest.
Exit codes: 0 calibrated, 2 usage, 3 another EZKL or an unknown machine, 4 a proof failed.
"""


def calibrate(
    thorough: Annotated[
        bool, typer.Option("--thorough", help="More and larger proofs: some minutes, a closer answer.")
    ] = False,
    profile: Annotated[
        Path | None,
        typer.Option(
            "--profile",
            metavar="PATH",
            help="Write the profile there, for --hardware PATH; else it becomes that of this machine.",
            show_default=False,
        ),
    ] = None,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """Measures this machine with a few tiny proofs, in less than a minute, and keeps what it finds.

    From then on times on this machine are told from these proofs, until the machine or EZKL changes.
    """
    from auditor.calibration.measure import calibrate as measure
    from auditor.progress import StepProgress
    from auditor.views.calibration import CalibrationView

    where = targets(format_, output or ())
    report = measure(StepProgress(quiet=quiet), thorough=thorough, output=profile)
    deliver(CalibrationView(report), where)
