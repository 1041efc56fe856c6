"""The arguments and options that several commands share: their names, types and help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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
SampleInput = Annotated[
    Path | None,
    typer.Option(
        "--input",
        "-i",
        metavar="FILE",
        help="Sample inputs to choose run args for: EZKL's input.json, .npz or .npy; else random ones.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of random inputs.")]
NoPlan = Annotated[
    bool, typer.Option("--no-plan", help="EZKL's default run args, where none are set; no search.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No notes and no progress on stderr.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="A traceback when auditor itself fails.")]
Hardware = Annotated[
    list[str] | None,
    typer.Option(
        "--hardware",
        metavar="NAME|FILE",
        help="A machine it must be provable on: `auditor list hardware`, this-machine, or your own .toml. "
        "Repeatable.",
    ),
]
Chain = Annotated[
    list[str] | None,
    typer.Option(
        "--chain",
        metavar="NAME|FILE",
        help="A chain it must be verifiable on: `auditor list chains`, or your own .toml. Repeatable.",
    ),
]
PolicyName = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME|FILE", help="Limits of an audience: `auditor list policies`."),
]
Fork = Annotated[
    str | None, typer.Option("--fork", metavar="NAME", help="Another fork of the chains, as in glamsterdam.")
]
GasPrice = Annotated[
    float | None, typer.Option("--gas-price", metavar="GWEI", min=0, help="In place of the profile's.")
]
NativeUsd = Annotated[
    float | None, typer.Option("--native-usd", metavar="USD", min=0, help="What the chain's token costs.")
]
CacheDirectory = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Where finished steps are kept. [env: AUDITOR_CACHE; else the user's cache directory]",
        show_default=False,
    ),
]
