"""``auditor compare``, from a file to its report. It reads top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from auditor import rules
from auditor._version import __version__
from auditor.comparing.grounds import Grounds, grounds
from auditor.comparing.growth import grow
from auditor.comparing.report import Axis, CompareReport, Growth, Published
from auditor.comparing.ways import Chosen, all_ways, chosen
from auditor.comparing.workload import workload_of
from auditor.describe import model_facts
from auditor.landscape.nouns import Needs
from auditor.landscape.recommend import recommend
from auditor.options import Request
from auditor.safe import safe, shown_path

MACHINE = "aws-m5-4xlarge"
"""Where things are priced unless somebody says otherwise: the largest machine whose rent is published."""

PATIENCE = "batch"

EXIT_NOTHING = 1


class CompareOptions(Struct, frozen=True, kw_only=True):
    """What ``compare`` is asked beside the circuit. ``names`` are systems and methods, all where none are;
    ``factors`` are by axis; ``needs`` is None where no recommendation is asked for."""

    machine: str = MACHINE
    policy: str = PATIENCE
    names: tuple[str, ...] = ()
    factors: Mapping[Axis, tuple[int, ...]] = {}
    sequence: int | None = None
    needs: Needs | None = None


def compare(path: Path, request: Request, options: CompareOptions) -> CompareReport:
    """Every way to trust the output of a model, who can take part, and what is recommended.

    Raises:
        UsageError: a name that nobody knows, or a size that is open.
        AuditorError: the file cannot be read.
    """
    wanted = chosen(options.names)
    request = _with_privacy(request, options.needs)
    notes: list[str] = []
    ground = grounds(path, request, options.machine, options.policy, notes)
    studied = ground.studied
    workload = workload_of(studied, options.sequence)
    ways = all_ways(studied, workload, wanted, ground.machine, ground.prices.chains)
    now = ground.priced(ground.made, workload.parameters, workload.macs)
    recommendation = None if options.needs is None else recommend(ways, options.needs)
    lost = recommendation is not None and recommendation.best is None
    report = CompareReport(
        path=shown_path(path),
        sha256=studied.source.model.sha256,
        model=model_facts(studied.model, studied.bound, studied.laid_out.circuit),
        workload=workload,
        machine=ground.machine.id,
        policy=ground.policy.id,
        ways=ways,
        participants=now.participants,
        growth=_growth(ground, options.factors, request),
        published=tuple(_published(wanted)),
        needs=options.needs,
        recommendation=recommendation,
        notes=tuple(safe(note, limit=400) for note in (*studied.notes, *notes)),
        exit_code=EXIT_NOTHING if lost else 0,
        version=__version__,
        rules=rules.digest(),
    )
    return replace(report, exit_code=EXIT_NOTHING) if report.unusable else report


def _with_privacy(request: Request, needs: Needs | None) -> Request:
    """The request with what must be private hidden from whoever verifies, unless its run args say."""
    wanted = (
        ("input_visibility", needs is not None and needs.private_input),
        ("param_visibility", needs is not None and needs.private_weights),
    )
    hidden = {name: "private" for name, private in wanted if private and name not in request.given}
    return replace(request, run_args=request.run_args.with_changes(**hidden)) if hidden else request


def _growth(ground: Grounds, factors: Mapping[Axis, Sequence[int]], request: Request) -> tuple[Growth, ...]:
    given, quiet = "logrows" in request.given, request.quiet
    return tuple(
        grow(ground.studied, axis, wanted, ground.priced, given=given, quiet=quiet)
        for axis, wanted in factors.items()
        if wanted
    )


def _published(wanted: Chosen) -> Iterator[Published]:
    """The proving times of the systems compared, for models whose size is stated."""
    for system in wanted.systems:
        for row in system.rows:
            if row.parameters and row.prove_seconds and not row.aside:
                yield Published(
                    system=system.name,
                    model=row.model,
                    parameters=row.parameters,
                    prove_seconds=row.prove_seconds,
                )
