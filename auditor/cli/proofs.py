"""``auditor prove`` and ``auditor verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import arguments as arg
from auditor.cli.output import deliver, targets

PROVE_EXAMPLES = """
Examples:

\b
  auditor prove model.onnx --input input.json
  auditor prove model.onnx --srs unsafe-local    # to try it, offline
  auditor prove model.onnx --srs kzg17.srs --memory-limit 8GiB
  auditor prove model.onnx --set input_visibility=private --format json

Interrupted, it goes on where it stopped when it is run again.
Exit codes: 0 proved, 1 refused (too large, not the model's function), 2 usage, 4 EZKL or the machine failed.
"""

VERIFY_EXAMPLES = """
Examples:

\b
  auditor verify model.bundle
  auditor verify model.bundle --model model.onnx
  auditor verify model.bundle --evm --format json

Exit codes: 0 all that was asked for holds, 1 it does not, 2 usage, 4 the machine failed.
"""

SrsOption = Annotated[
    str,
    typer.Option(
        "--srs",
        metavar="public|unsafe-local|PATH",
        help="public: the ceremony's, downloaded once. unsafe-local: generated here; convinces nobody else. "
        "PATH: a file of the ceremony, or your own with --srs-sha256.",
    ),
]
SrsHash = Annotated[
    str | None,
    typer.Option(
        "--srs-sha256", metavar="HEX", help="The SHA-256 your own SRS must have.", show_default=False
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        "--memory-limit", metavar="SIZE", help="What a step may use, as in 8GiB; else what is free."
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.001,
        help="What a step may take; else far beyond what is expected.",
    ),
]


def prove(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An ONNX file.", show_default=False)],
    input_: Annotated[
        Path | None,
        typer.Option("--input", "-i", metavar="FILE", help="EZKL's input.json, .npz or .npy; else random."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", "-b", metavar="DIR", help="Where the proof goes; else MODEL.bundle."),
    ] = None,
    srs: SrsOption = "public",
    srs_sha256: SrsHash = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of random inputs.")] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Try what does not fit this machine; prove another function.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", min=0, help="Allowed difference from the model; else fixed-point error."),
    ] = None,
    memory_limit: MemoryLimit = None,
    timeout: Timeout = None,
    settings: arg.SettingsFile = None,
    set_: arg.Settings = None,
    dim: arg.Dimensions = None,
    no_plan: arg.NoPlan = False,
    max_logrows: arg.MaxLogrows = None,
    cache: arg.CacheDirectory = None,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """A real proof of one inference, made by EZKL in guarded processes, into a bundle that anyone can check.

    Run args that are not set are chosen for this input, as `auditor plan` does.
    Before any step it says what each will take here, and refuses what does not fit. Before keys are made the
    circuit's answer is compared with ONNX Runtime's.
    """
    from auditor.options import PlanRequest, parse_request, size_bytes
    from auditor.preparation import ProofRequest
    from auditor.progress import StepProgress
    from auditor.prove import prove as make_proof
    from auditor.proving.srs import parse_srs
    from auditor.views.proof import ProofView

    where = targets(format_, output or ())
    request = parse_request(
        settings=settings,
        assignments=set_ or (),
        dims=dim or (),
        max_logrows=max_logrows,
        quiet=quiet,
        verbose=verbose,
        plan=None if no_plan else PlanRequest(input=input_, seed=seed),
    )
    wanted = ProofRequest(
        srs=parse_srs(srs, srs_sha256),
        bundle=bundle or Path(f"{model.stem}.bundle"),
        input=input_,
        seed=seed,
        cache=cache,
        tolerance=tolerance,
        memory_limit_bytes=None if memory_limit is None else size_bytes("--memory-limit", memory_limit),
        timeout_seconds=timeout,
        force=force,
    )
    report = make_proof(model, request, wanted, StepProgress(quiet=quiet))
    deliver(ProofView(report), where)
    raise typer.Exit(report.exit_code)


def verify(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A directory made by prove.", show_default=False)
    ],
    model: Annotated[
        Path | None,
        typer.Option("--model", metavar="MODEL", help="The proof must be about this ONNX file."),
    ] = None,
    evm: Annotated[
        bool, typer.Option("--evm", help="Also on chain: compile the verifier, deploy and call it in an EVM.")
    ] = False,
    srs: Annotated[
        Path | None,
        typer.Option("--srs", metavar="FILE", help="A whole SRS you trust, for --model and pinned ones."),
    ] = None,
    srs_sha256: Annotated[
        str | None, typer.Option("--srs-sha256", metavar="HEX", help="The SHA-256 of a pinned SRS.")
    ] = None,
    allow_unsafe_srs: Annotated[
        bool,
        typer.Option("--allow-unsafe-srs", help="Accept an SRS that was generated on another machine."),
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", min=0, help="Allowed difference from the model; else fixed-point error."),
    ] = None,
    solc: Annotated[
        Path | None,
        typer.Option("--solc", metavar="FILE", help="The Solidity compiler; else fetched."),
    ] = None,
    memory_limit: MemoryLimit = None,
    timeout: Timeout = None,
    cache: arg.CacheDirectory = None,
    format_: arg.FormatName = "terminal",
    output: arg.Outputs = None,
    quiet: arg.Quiet = False,
    verbose: arg.Verbose = False,
) -> None:
    """Checks a bundle: the proof, every hash, and every claim against what the proof makes public.

    Without --model it shows that some circuit with this key gave these outputs; with --model, that this model
    did: the key is made again from the ONNX file and compared.
    """
    from auditor.means import means_of_this_machine
    from auditor.options import size_bytes
    from auditor.progress import StepProgress
    from auditor.verify import VerifyOptions, verify_bundle
    from auditor.views.verification import VerificationView

    where = targets(format_, output or ())
    options = VerifyOptions(
        model=model,
        srs=srs,
        srs_sha256=srs_sha256,
        allow_unsafe_srs=allow_unsafe_srs,
        evm=evm,
        tolerance=tolerance,
    )
    with means_of_this_machine(
        StepProgress(quiet=quiet),
        cache=cache,
        solc=solc,
        memory_limit_bytes=None if memory_limit is None else size_bytes("--memory-limit", memory_limit),
        timeout_seconds=timeout,
    ) as means:
        view = VerificationView(str(bundle), verify_bundle(bundle, options, means))
    deliver(view, where)
    raise typer.Exit(view.exit_code)
