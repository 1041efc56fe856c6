"""The command line: parses, calls, prints, exits. Nothing is computed here."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from auditor._version import EZKL_VERSION, __version__
from auditor.errors import AuditorError, UsageError

if TYPE_CHECKING:
    from auditor.formats import Format, Medium
    from auditor.report import Audit

ISSUES_HINT = "this is a fault of auditor; please report it with the model and the output of --verbose"
EXIT_FAILURE, EXIT_INTERRUPTED = 4, 130

EXAMPLES = """
Examples:

\b
  auditor estimate model.onnx
  auditor estimate a.onnx b.onnx --dim N=1 --format concise
  auditor estimate model.onnx --set input_scale=10 --set num_inner_cols=4
  auditor estimate model.onnx --settings settings.json --max-logrows 20
  auditor estimate model.onnx --format json --output terminal=report.txt
"""

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


class FrontEnd(StrEnum):
    """Who turns the model into a circuit."""

    auto = "auto"
    onnx = "onnx"
    ezkl = "ezkl"


Models = Annotated[list[Path], typer.Argument(metavar="MODEL...", help="ONNX files.", show_default=False)]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="An EZKL run arg under its PyRunArgs name. Repeatable."),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help="Take the run args of an EZKL settings.json."),
]
Dimensions = Annotated[
    list[str] | None, typer.Option("--dim", metavar="NAME=SIZE", help="Fix a symbolic dimension. Repeatable.")
]
Front = Annotated[
    FrontEnd,
    typer.Option(
        "--front-end",
        help="onnx: our own. ezkl: EZKL's, if installed. auto: ours, and EZKL's where ours is not certain.",
    ),
]
FormatName = Annotated[
    str, typer.Option("--format", metavar="NAME", help="How stdout looks: `auditor list formats`.")
]
Outputs = Annotated[
    list[str] | None, typer.Option("--output", metavar="FORMAT=PATH", help="Also write a file. Repeatable.")
]
MaxRows = Annotated[int | None, typer.Option("--max-rows", min=0, help="More rows than this are infeasible.")]
MaxLogrows = Annotated[
    int | None, typer.Option("--max-logrows", min=1, help="A circuit that needs more is infeasible.")
]
LayersShown = Annotated[int, typer.Option("-n", "--layers", min=0, help="Layers to show; 0 shows all.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No notes and no progress on stderr.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="A traceback when auditor itself fails.")]


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


@app.command(epilog=EXAMPLES, short_help="The exact circuit of each model, and a verdict.")
def estimate(
    models: Models,
    settings: SettingsFile = None,
    set_: Settings = None,
    dim: Dimensions = None,
    front_end: Front = FrontEnd.auto,
    format_: FormatName = "terminal",
    output: Outputs = None,
    max_rows: MaxRows = None,
    max_logrows: MaxLogrows = None,
    layers: LayersShown = 10,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """The exact circuit of each model: rows, columns, keys, verdict, dearest layers, next actions."""
    from auditor.audit import audit
    from auditor.options import parse_request

    targets = _targets(format_, output or ())
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
    )
    _deliver(audit("estimate", models, request), targets)


@app.command(
    short_help="What is in each file.", epilog="Example:\n\n\b\n  auditor inspect model.onnx --dim N=1"
)
def inspect(
    models: Models,
    settings: SettingsFile = None,
    set_: Settings = None,
    dim: Dimensions = None,
    front_end: Front = FrontEnd.auto,
    format_: FormatName = "terminal",
    output: Outputs = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """What is in each file: inputs, operators, parameters, MACs, unsupported operators, findings."""
    from auditor.audit import audit
    from auditor.options import parse_request

    targets = _targets(format_, output or ())
    request = parse_request(
        settings=settings,
        assignments=set_ or (),
        dims=dim or (),
        front_end=front_end.value,
        quiet=quiet,
        verbose=verbose,
    )
    _deliver(audit("inspect", models, request), targets)


@app.command(
    "list",
    short_help="All operators, formats and other rules.",
    epilog="Example:\n\n\b\n  auditor list operators",
)
def list_(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="Without it: the kinds there are.")
    ] = None,
) -> None:
    """All things of one kind: operators, formats, and every other folder of rules."""
    from auditor import formats, rules

    kinds = {"formats": formats.names} | {
        name: (lambda name=name: _summaries(name)) for name in rules.kinds()
    }
    if kind is None:
        _write("".join(f"{name}\n" for name in sorted(kinds)))
    elif kind not in kinds:
        raise UsageError.unknown(f"there is no kind '{kind}'", kind, kinds)
    else:
        _write("".join(f"{line}\n" for line in kinds[kind]()))


@app.command(short_help="One operator or rule in words.", epilog="Example:\n\n\b\n  auditor explain MaxPool")
def explain(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="An operator or any other rule: `auditor list`.")
    ],
) -> None:
    """One rule in words: how EZKL treats it, what it costs, what is cheaper, and how we know."""
    from auditor import explanation, rules

    found = rules.find(name)
    if not found:
        known = [rule for kind in rules.kinds() for rule in rules.names(kind)]
        raise UsageError.unknown(f"there is no rule '{name}'", name, known, elsewhere="see auditor list")
    _write("\n".join(explanation.text(rule) for rule in found))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code; nothing escapes as a traceback unless asked for."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(app(words, prog_name="auditor", standalone_mode=True) or 0)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else EXIT_FAILURE
    except AuditorError as error:
        _complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if {"-v", "--verbose"} & set(words):
            traceback.print_exc()
        _complain(f"{type(error).__name__}: {_first_line(error)}; {ISSUES_HINT}")
        return EXIT_FAILURE


# --- output --------------------------------------------------------------------------------


def _targets(format_: str, outputs: Sequence[str]) -> list[tuple[Format, Path | None]]:
    """Where the report goes and how it looks there, checked before any work is done; None is stdout."""
    from auditor import formats
    from auditor.options import split_assignment

    files = [split_assignment("--output", output) for output in outputs]
    return [(formats.load(name), Path(path)) for name, path in files] + [(formats.load(format_), None)]


def _deliver(report: Audit, targets: Sequence[tuple[Format, Path | None]]) -> None:
    """Writes the report to every file asked for, then to stdout, and ends with its exit code."""
    for form, path in targets:
        if path is None:
            _write(form.render(report, _medium(sys.stdout)))
        else:
            _write_file(path, form.render(report))
    raise typer.Exit(report.exit_code)


def _write(text: str) -> None:
    """Writes to stdout. A reader that has gone (``| head``) is no error: the answer stands without it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_file(path: Path, text: str) -> None:
    """Writes a whole file or none of it.

    Raises:
        UsageError: the file cannot be written there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _medium(stream: TextIO) -> Medium:
    import shutil

    from auditor.formats import Medium

    unicode = (stream.encoding or "ascii").lower().replace("-", "") in ("utf8", "utf16", "utf32")
    if not stream.isatty():
        return Medium(unicode=unicode)
    columns = min(max(shutil.get_terminal_size().columns, 60), 120)
    return Medium(columns=columns, colour=not os.environ.get("NO_COLOR"), unicode=unicode)


def _summaries(kind: str) -> list[str]:
    from auditor import rules

    found = rules.load_all(kind)
    width = max((len(rule.title) for rule in found), default=0)
    return [f"{rule.title:<{width}}  {rule.summary}" for rule in found]


def _complain(message: str) -> None:
    from auditor.safe import safe

    print(f"auditor: {safe(message, limit=1000)}", file=sys.stderr)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
