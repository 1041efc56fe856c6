"""The command line: parses, calls, prints, exits. Nothing is computed here."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from auditor._version import EZKL_VERSION, __version__
from auditor.cli import (
    audits,
    cache,
    calibrate,
    check,
    compare,
    config,
    diff,
    forecast,
    plan,
    proofs,
    reading,
)
from auditor.cli.output import complain
from auditor.errors import AuditorError

ISSUES_HINT = "this is a fault of auditor; please report it with the model and the output of --verbose"
EXIT_FAILURE, EXIT_INTERRUPTED = 4, 130

EXIT_CODES = """
Exit codes: 0 feasible, 1 infeasible or over a limit, 2 usage or unreadable file,
3 undetermined, 4 internal failure, 130 interrupted; the worst over several models.
"""

app = typer.Typer(
    name="auditor",
    help=(
        "Can the inference of an ONNX model be verified affordably? "
        f"Exact for EZKL {EZKL_VERSION}, without running it."
    ),
    epilog=EXIT_CODES,
    no_args_is_help=True,
    # Rich help doubles the time of --help and shows nothing more.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"auditor {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before a command."""


app.command(short_help="The exact circuit of each model, and a verdict.", epilog=audits.ESTIMATE_EXAMPLES)(
    audits.estimate
)
app.command(short_help="What is in each file.", epilog=audits.INSPECT_EXAMPLES)(audits.inspect)
app.command(short_help="The gate: budgets, baseline and findings.", epilog=check.CHECK_EXAMPLES)(check.check)
app.command(short_help="What holds for a model, and where that is said.", epilog=config.CONFIG_EXAMPLES)(
    config.config
)
app.command(short_help="What a change of the model costs.", epilog=diff.DIFF_EXAMPLES)(diff.diff)
app.command(short_help="The cheapest run args that keep the accuracy.", epilog=plan.PLAN_EXAMPLES)(plan.plan)
app.command(short_help="A real proof, checked, in a bundle.", epilog=proofs.PROVE_EXAMPLES)(proofs.prove)
app.command(short_help="Checks a proof bundle.", epilog=proofs.VERIFY_EXAMPLES)(proofs.verify)
app.command(short_help="How fast this machine proves.", epilog=calibrate.CALIBRATE_EXAMPLES)(
    calibrate.calibrate
)
app.command(short_help="Every way to trust its output.", epilog=compare.COMPARE_EXAMPLES)(compare.compare)
app.command(short_help="When it becomes affordable, and for whom.", epilog=forecast.FORECAST_EXAMPLES)(
    forecast.forecast
)
app.add_typer(cache.app, name="cache", short_help="What is kept of earlier proofs.")
app.command("list", short_help="All operators, formats and other rules.", epilog=reading.LIST_EXAMPLES)(
    reading.list_
)
app.command(short_help="One operator or rule in words.", epilog=reading.EXPLAIN_EXAMPLES)(reading.explain)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code; nothing escapes as a traceback unless asked for."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(app(words, prog_name="auditor", standalone_mode=True) or 0)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else EXIT_FAILURE
    except AuditorError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if {"-v", "--verbose"} & set(words):
            traceback.print_exc()
        complain(f"{type(error).__name__}: {_first_line(error)}; {ISSUES_HINT}")
        return EXIT_FAILURE


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
