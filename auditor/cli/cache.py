"""``auditor cache``: what is kept of earlier proofs, and how to be rid of it."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import complain, deliver, targets, write
from auditor.errors import UsageError

EXAMPLES = """
Examples:

\b
  auditor cache
  auditor cache prune --keep 2GiB
  auditor cache prune --older-than 30
  auditor cache prune --all
"""

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None, epilog=EXAMPLES)


@app.callback()
def show(
    context: typer.Context,
    cache: arg.CacheDirectory = None,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
) -> None:
    """Finished steps of proofs (keys, SRS, circuits), kept so that they need not be made again."""
    if context.invoked_subcommand is not None:
        return
    from auditor.places import cache_directory
    from auditor.proving.store import Store
    from auditor.safe import safe
    from auditor.views.cache import CacheView

    where = targets(format_, output or ())
    with Store(cache_directory(cache), note=complain) as store:
        view = CacheView(safe(str(store.root), limit=400), store.entries(), time.time())
    deliver(view, where)


@app.command(epilog=EXAMPLES)
def prune(
    everything: Annotated[bool, typer.Option("--all", help="Everything that nobody uses now.")] = False,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="SIZE", help="The most recently used, up to this size.")
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="What was not used for as long."),
    ] = None,
    cache: arg.CacheDirectory = None,
) -> None:
    """Removes finished steps, the least recently used first, and what killed runs have left."""
    from auditor.options import size_bytes
    from auditor.places import cache_directory
    from auditor.proving.store import Store
    from auditor.units import bytes_text

    if everything == (keep is not None or older_than is not None):
        raise UsageError("prune needs --all, or --keep or --older-than", "auditor cache prune --keep 2GiB")
    keep_bytes = 0 if everything else None if keep is None else size_bytes("--keep", keep)
    older_than_seconds = None if older_than is None else older_than * 86400
    with Store(cache_directory(cache), note=complain) as store:
        pruned = store.prune(keep_bytes=keep_bytes, older_than_seconds=older_than_seconds)
    write(f"removed {pruned.count:,} finished steps, {bytes_text(pruned.bytes)}\n")
