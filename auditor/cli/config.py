"""``auditor config``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from auditor.cli import arguments as arg
from auditor.cli.check import ConfigFile, FailOn, GateTime
from auditor.cli.output import deliver, targets

CONFIG_EXAMPLES = """
Examples:

\b
  auditor config                     what holds here
  auditor config models/net.onnx     what holds for one model, and where that is said
"""


def config(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="A model or a folder; else this one.", show_default=False),
    ] = None,
    config_: ConfigFile = None,
    fail_on: FailOn = None,
    gate_time: GateTime = False,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
) -> None:
    """The effective configuration: every value, and the file and line that set it."""
    from auditor.checking.request import check_tables
    from auditor.config.effective import check_globs
    from auditor.config.nouns import COMMAND_LINE, Setting
    from auditor.config.report import describe
    from auditor.config.targets import Configs
    from auditor.config.values import severity
    from auditor.views.config import ConfigView

    where = targets(format_, output or ())
    asked = path or Path()
    is_model = path is not None and not path.is_dir()
    found = Configs(config_).of(asked.parent if is_model else asked)
    given: dict[str, object] = {}
    if fail_on is not None:
        given["fail_on"] = severity(fail_on)
    if gate_time:
        given["gate_time"] = True
    said = {key: Setting(value=value, origin=COMMAND_LINE) for key, value in given.items()}
    found = replace(found, settings={**found.settings, **said})
    check_globs(found)
    check_tables(found)
    deliver(ConfigView(describe(found, asked, is_model=is_model)), where)
