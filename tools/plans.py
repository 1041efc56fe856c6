"""Plans against EZKL's own calibration: both proved for real, on the same rows, in one run.

Each comparison is a line of ``tests/planning/plan_runs.jsonl``, from which the section of
``docs/accuracy.md`` is written.

    python -m tools.plans                          # what is not stored yet, the smallest circuits first
    python -m tools.plans --stored                 # only the page
    python -m tools.plans --reuse-ezkl             # plan anew, against what is stored of EZKL
    python -m tools.plans --find 0 250             # seeds of random models that qualify
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from auditor.units import bytes_text, seconds_text
from tools.page import ACCURACY, write_section
from tools.plan_models import Entry, PlanModel, entries, seeded
from tools.plan_runs import FLOOR_OF_RANGE, Record, StepFailed, compare, qualified
from tools.prover_runs import about
from tools.worker import REPOSITORY

HEADING = "## Plans"
RUNS = REPOSITORY / "tests" / "planning" / "plan_runs.jsonl"
SRS = REPOSITORY / ".cache" / "plans" / "srs"

SMALL_ROWS = 5000
"""Circuits of EZKL's calibration with fewer rows than this are small."""

WORST_RATIO = 1.05
TIMES_EZKL_ERROR = 2


# --- what a record says --------------------------------------------------------------------


class Cost(Struct, frozen=True, kw_only=True):
    """Setup and proof together: processor time, the larger peak of memory, bytes of the proving key."""

    cpu_seconds: float
    memory_bytes: float
    key_bytes: float


class Measure(Struct, frozen=True, kw_only=True):
    """A number of :class:`Cost`, and what its median over small and over large circuits may be of EZKL's."""

    name: str
    of: Callable[[Cost], float]
    small: float
    large: float
    text: Callable[[float], str]


MEASURES = (
    Measure(name="CPU", of=lambda cost: cost.cpu_seconds, small=1 / 15, large=1 / 2, text=seconds_text),
    Measure(name="memory", of=lambda cost: cost.memory_bytes, small=1 / 15, large=1 / 2, text=bytes_text),
    Measure(name="proving key", of=lambda cost: cost.key_bytes, small=1 / 15, large=1 / 2, text=bytes_text),
)


def cost(side: Record) -> Cost | None:
    """None unless the side was proved and verified."""
    if not side.get("verified"):
        return None
    steps = [side["steps"][name] for name in ("setup", "prove")]
    return Cost(
        cpu_seconds=sum(step["cpu_seconds"] for step in steps),
        memory_bytes=max(step["peak_memory_bytes"] for step in steps),
        key_bytes=side["bytes"]["pk"],
    )


def ratio(record: Record, measure: Measure) -> float | None:
    """The plan's share of what EZKL's calibration costs; None unless both were proved."""
    ours, theirs = cost(record["plan"]), cost(record["ezkl"])
    return None if ours is None or theirs is None else measure.of(ours) / measure.of(theirs)


def rows_of(record: Record) -> int | None:
    """Rows of the circuit that EZKL's calibration chose; None where it chose none."""
    settings = record["ezkl"].get("settings")
    return None if settings is None else int(settings["num_rows"])


def within_tolerance(record: Record, part: str) -> bool | None:
    """Whether every output of the plan is near enough, and of the right class as often as EZKL's.

    Near enough: twice EZKL's error or 1 % of the output's range, whichever is larger. Whole numbers are
    classes, and nothing else. None where either side has no answers.
    """
    ours = (record["plan"].get(part) or {}).get("outputs")
    theirs = (record["ezkl"].get(part) or {}).get("outputs")
    if not ours or not theirs:
        return None
    return all(_near(mine, other) for mine, other in zip(ours, theirs, strict=True))


def _near(mine: Record, other: Record) -> bool:
    if mine["same_class"] is not None and mine["same_class"] < other["same_class"]:
        return False
    allowed = max(TIMES_EZKL_ERROR * other["relative"], FLOOR_OF_RANGE)
    return mine["whole"] or bool(mine["relative"] <= allowed)


# --- goals ---------------------------------------------------------------------------------


class Goal(Struct, frozen=True, kw_only=True):
    """What is wanted and what was found, in words."""

    what: str
    wanted: str
    found: str
    met: bool


def goals(records: Sequence[Record]) -> list[Goal]:
    """Every promise that is made of plans, as the records have it."""
    return [*_ratio_goals(records), *_count_goals(records)]


def _ratio_goals(records: Sequence[Record]) -> Iterator[Goal]:
    small = [record for record in records if (rows_of(record) or 0) < SMALL_ROWS]
    large = [record for record in records if (rows_of(record) or 0) >= SMALL_ROWS]
    for measure in MEASURES:
        groups = (("below", small, measure.small), ("from", large, measure.large))
        for word, group, wanted in groups:
            found = [one for record in group if (one := ratio(record, measure)) is not None]
            if found:
                median = statistics.median(found)
                yield Goal(
                    what=f"{measure.name}, median of {len(found)} {word} {SMALL_ROWS:,} rows",
                    wanted=f"{wanted:.3f}",
                    found=f"{median:.3f} (1/{1 / median:.1f})",
                    met=median <= wanted,
                )
        everywhere = [
            (one, record["name"]) for record in records if (one := ratio(record, measure)) is not None
        ]
        if everywhere:
            worst, name = max(everywhere)
            yield Goal(
                what=f"{measure.name}, worst of {len(everywhere)}",
                wanted=f"{WORST_RATIO:.2f}",
                found=f"{worst:.3f} (`{name}`)",
                met=worst <= WORST_RATIO,
            )


def _count_goals(records: Sequence[Record]) -> Iterator[Goal]:
    proved = sum(cost(record["plan"]) is not None for record in records)
    theirs = sum(cost(record["ezkl"]) is not None for record in records)
    yield Goal(
        what="plans proved and verified",
        wanted=f"{len(records)}",
        found=f"{proved} (EZKL's own: {theirs})",
        met=proved == len(records),
    )
    for part, shown in (("calibration", "the rows planned for"), ("fresh", "fresh rows")):
        judged = [found for record in records if (found := within_tolerance(record, part)) is not None]
        yield Goal(
            what=f"models within the tolerance on {shown}",
            wanted=f"{len(records)}" if part == "calibration" else "",
            found=f"{sum(judged)} of {len(records)}",
            met=sum(judged) == len(records) or part == "fresh",
        )
        ours, others = _failures(records, "plan", part), _failures(records, "ezkl", part)
        yield Goal(
            what=f"rows without a witness, of {shown}",
            wanted="0" if part == "calibration" else "",
            found=f"{ours[0]} of {ours[1]} (EZKL's own: {others[0]} of {others[1]})",
            met=ours[0] == 0 or part == "fresh",
        )


def _failures(records: Sequence[Record], side: str, part: str) -> tuple[int, int]:
    found = [record[side][part] for record in records if part in record[side]]
    return sum(one["failed"] for one in found), sum(one["rows"] for one in found)


# --- the page ------------------------------------------------------------------------------


def report(records: Sequence[Record], command: str) -> str:
    """The section: goals, then a row for each model."""
    ordered = sorted(records, key=lambda record: (rows_of(record) or 0, record["name"]))
    machines = sorted({f"{one['about']['cores']} cores ({one['about']['cpu']})" for one in records})
    lines = [
        HEADING,
        "",
        f"Written by `{command}`; do not edit. Every model is proved twice on {', '.join(machines)}: as "
        "EZKL's `calibrate_settings` has it (target resources, all else its default), and as `auditor plan` "
        "has it, both chosen on the same rows. CPU is that of setup and proof, memory the larger of both; a "
        "ratio is the plan's share of EZKL's. Errors are against ONNX Runtime, as a share of the "
        f"output's range; within the tolerance is {TIMES_EZKL_ERROR} times EZKL's error or "
        f"{FLOOR_OF_RANGE:.0%} of the range, whichever is larger, with the right class at least as often. "
        "Error and class are the worst over all outputs, on the rows planned for and fresh ones together; "
        "*plan* is the time that planning took, or what is wrong.",
        "",
        f"{_in_one_run(records)} {_time_to_choose(records)}",
        "",
        "| | wanted | found | |",
        "|---|---|---|---|",
        *(
            f"| {goal.what} | {goal.wanted} | {goal.found} | {'' if goal.met else 'missed'} |"
            for goal in goals(records)
        ),
        "",
        _row("model", "rows", "logrows, columns", *_MEASURED, "error", "class", "plan"),
        _row(*["---"] * (6 + len(_MEASURED))),
        *(_row(*_cells(record)) for record in ordered),
    ]
    return "\n".join(lines) + "\n"


_MEASURED = tuple(title for measure in MEASURES for title in (measure.name, "ratio"))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _in_one_run(records: Sequence[Record]) -> str:
    together = sum(bool(record["in_one_run"]) for record in records)
    return f"Of {len(records)} models {together} were measured on both sides in one run."


def _time_to_choose(records: Sequence[Record]) -> str:
    words = []
    for side, name in (("plan", "`auditor plan`"), ("ezkl", "`calibrate_settings`")):
        taken = [one[side]["choosing"]["cpu_seconds"] for one in records if "choosing" in one[side]]
        if taken:
            words.append(f"{name} takes {seconds_text(statistics.median(taken))} of CPU at the median and "
                         f"{seconds_text(max(taken))} at most")  # fmt: skip
    return f"{'; '.join(words)}." if words else ""


def _cells(record: Record) -> list[str]:
    theirs, ours = record["ezkl"], record["plan"]
    cells = [f"`{record['name']}`", f"{rows_of(record) or 0:,}", _arrow(_circuit(theirs), _circuit(ours))]
    costs = cost(theirs), cost(ours)
    for measure in MEASURES:
        cells.append(_arrow(*("" if one is None else measure.text(measure.of(one)) for one in costs)))
        share = ratio(record, measure)
        cells.append("" if share is None else f"{share:.3f}")
    cells += [_arrow(_error(theirs), _error(ours)), _arrow(_class(theirs), _class(ours)), _remarks(record)]
    return cells


def _arrow(theirs: str, ours: str) -> str:
    return f"{theirs or '?'} → {ours or '?'}" if theirs or ours else ""


def _circuit(side: Record) -> str:
    run_args = side.get("settings", {}).get("run_args")
    return "" if run_args is None else f"{run_args['logrows']}, {run_args['num_inner_cols']}"


def _outputs(side: Record) -> list[Record]:
    return [output for part in ("calibration", "fresh") for output in side.get(part, {}).get("outputs", [])]


def _error(side: Record) -> str:
    found = [output["relative"] for output in _outputs(side) if not output["whole"]]
    return f"{max(found):.2%}" if found else ""


def _class(side: Record) -> str:
    found = [output["same_class"] for output in _outputs(side) if output["same_class"] is not None]
    return f"{min(found):.0%}" if found else ""


def _remarks(record: Record) -> str:
    remarks = [f"{side}: {record[side]['failed']}" for side in ("ezkl", "plan") if "failed" in record[side]]
    for part, shown in (("calibration", "planned for"), ("fresh", "fresh")):
        if within_tolerance(record, part) is False:
            remarks.append(f"beyond the tolerance on rows {shown}")
        for side in ("ezkl", "plan"):
            failed = record[side].get(part, {}).get("failed", 0)
            if failed:
                remarks.append(f"{side}: no witness for {failed} rows {shown}")
    return "; ".join(remarks).replace("|", "/") or seconds_text(record["plan"]["choosing"]["cpu_seconds"])


# --- runs ----------------------------------------------------------------------------------


def stored(path: Path) -> dict[str, Record]:
    """The records in a file, by name."""
    if not path.exists():
        return {}
    records = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line)
    return {record["name"]: record for record in records}


def store(record: Record, path: Path) -> None:
    """Puts a record in the place of an older one of its name, or at the end."""
    records = stored(path) | {record["name"]: record}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text("".join(f"{json.dumps(one)}\n" for one in records.values()), encoding="utf-8")
    unfinished.replace(path)


def run(entry: Entry, known: Record | None, *, reuse_ezkl: bool) -> Record:
    """The record of a model; EZKL's side is that of ``known`` where it may be and is of the same model."""
    model = entry.make()
    digest = hashlib.sha256(model.model).hexdigest()
    theirs = known["ezkl"] if reuse_ezkl and known and known["model_sha256"] == digest else None
    with tempfile.TemporaryDirectory(prefix="auditor-plans-") as name:
        record = compare(model, SRS, Path(name), theirs)
    return record | {"model_sha256": digest, "in_one_run": theirs is None} | about()


def find(first: int, last: int) -> Iterator[str]:
    """For every seed, its entry for the list of models, or why it does not qualify."""
    for seed in range(first, last):
        try:
            model: PlanModel = seeded(seed)
            with tempfile.TemporaryDirectory(prefix="auditor-plans-") as name:
                found = qualified(model, Path(name))
        except StepFailed as failure:
            yield f"# {seed}: {failure}"
        else:
            where = f"k={found['logrows']}, {found['rows']:,} rows, error {found['error']:.2g}"
            yield f"{(model.family, seed, found['default_rows'])},  # {where}"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    listed = entries()
    names = [entry.name for entry in listed]
    parser.add_argument("--model", choices=names, action="append", dest="models", help="default: all")
    parser.add_argument("--limit-rows", type=int, help="only circuits of at most this many rows")
    parser.add_argument("--again", action="store_true", help="also those that are stored")
    parser.add_argument("--reuse-ezkl", action="store_true", help="plan again, keep what is stored of EZKL")
    parser.add_argument("--stored", action="store_true", help="only write the page")
    parser.add_argument("--find", type=int, nargs=2, metavar=("FIRST", "LAST"), help="only look for models")
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--output", type=Path, default=ACCURACY)
    chosen = parser.parse_args(arguments)
    if chosen.find:
        for line in find(*chosen.find):
            print(line, flush=True)
        return
    for entry in () if chosen.stored else listed:
        known = stored(chosen.runs).get(entry.name)
        wanted = not chosen.models or entry.name in chosen.models
        small_enough = chosen.limit_rows is None or entry.rows <= chosen.limit_rows
        if wanted and small_enough and (known is None or chosen.again or chosen.reuse_ezkl):
            record = run(entry, known, reuse_ezkl=chosen.reuse_ezkl)
            store(record, chosen.runs)
            print(_row(*_cells(record)), flush=True)
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    write_section(
        report(list(stored(chosen.runs).values()), f"python -m tools.plans {words}".rstrip()), chosen.output
    )


if __name__ == "__main__":
    main()
