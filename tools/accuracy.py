"""Compares auditor with the real EZKL and writes ``docs/accuracy.md``: ``python -m tools.accuracy``.

The sets: the samples under several run args, every ONNX node test, and seeded random models with random
run args. EZKL's answers come from ``tools.truth`` and are cached, ours never are.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path

from msgspec import Struct

from tests import families
from tests.families import nodes
from tools.compare import Answer, Difference, FrontEnd, ask, differences, ezkl_fields
from tools.page import ACCURACY, write_section
from tools.truth import REPOSITORY, Case, RunArgsDict, Truth, find_truth

FRONT_ENDS: tuple[FrontEnd, ...] = ("onnx", "ezkl")
SAMPLE_RUN_ARGS: tuple[RunArgsDict, ...] = (
    {},
    {"num_inner_cols": 4, "input_scale": 10, "param_scale": 10},
    {"num_inner_cols": 1, "logrows": 12, "decomp_base": 128, "decomp_legs": 4},
    {"param_visibility": "private", "input_visibility": "hashed", "scale_rebase_multiplier": 10},
)
MAX_LISTED = 400


class Question(Struct, frozen=True, kw_only=True):
    """A case with the set and the family it is counted under."""

    set_name: str
    family: str
    case: Case


class Result(Struct, frozen=True, kw_only=True):
    """One question answered by EZKL and by us; ``outcome`` names the kind of (dis)agreement.

    ``exact``, ``wrong`` (a number differs), ``undetermined`` and ``failed`` are about models EZKL accepts;
    ``refused`` is one of those that we reject, ``agreed`` one that both reject, ``admitted`` one that only
    we accept, ``open`` one that EZKL rejects and we leave undetermined, ``no truth`` one EZKL died on.
    """

    question: Question
    front_end: str
    truth: Truth
    answer: Answer
    differences: tuple[Difference, ...]

    @property
    def outcome(self) -> str:
        if self.truth.accepted is None:
            return "no truth"
        if self.answer.status == "failed":
            return "failed"
        if not self.truth.accepted:
            return {"accepted": "admitted", "rejected": "agreed", "undetermined": "open"}[self.answer.status]
        if self.answer.status != "accepted":
            return {"rejected": "refused", "undetermined": "undetermined"}[self.answer.status]
        return "wrong" if self.differences else "exact"


COUNTED = ("exact", "wrong", "undetermined", "refused", "failed")

AGREEING = ("exact", "wrong", "agreed")
"""Outcomes in which the support verdict is EZKL's; a wrong number is counted on its own."""


# --- questions


def questions(seeds: int, first_seed: int) -> Iterator[Question]:
    """All models of all sets."""
    for folder in sorted((REPOSITORY / "samples").glob("*/model.onnx")):
        name, model = folder.parent.name, folder.read_bytes()
        for number, run_args in enumerate(SAMPLE_RUN_ARGS):
            case = Case(id=f"{name}/{number}", model=model, run_args=run_args)
            yield Question(set_name="samples", family="samples", case=case)
    for name, model in nodes.collect():
        case = Case(id=name, model=model)
        yield Question(set_name="node tests", family="node tests", case=case)
    for seed in range(first_seed, first_seed + seeds):
        one = families.random_model(seed)
        case = Case(id=one.name, model=one.model, run_args=one.run_args)
        yield Question(set_name="random models", family=one.family, case=case)


def answer_all(asked: Sequence[Question], front_ends: Sequence[FrontEnd], workers: int) -> list[Result]:
    """EZKL's answers, ours by each front end, and ``auto``: the second front end where the first is open."""
    truths = {}
    for case, truth in find_truth([question.case for question in asked], workers=workers):
        truths[case.id] = truth
    results: list[Result] = []
    answers: dict[tuple[str, str], Answer] = {}
    with ProcessPoolExecutor(workers) as pool:
        for front_end in front_ends:
            jobs = [(question.case.model, question.case.run_args, front_end) for question in asked]
            for question, answer in zip(asked, pool.map(_ask, jobs, chunksize=8), strict=True):
                answers[question.case.id, front_end] = answer
    for question in asked:
        given: dict[str, Answer] = {
            front_end: answers[question.case.id, front_end] for front_end in front_ends
        }
        if len(given) == len(FRONT_ENDS):
            given["auto"] = given["ezkl"] if given["onnx"].status == "undetermined" else given["onnx"]
        results += [
            _result(question, name, truths[question.case.id], answer) for name, answer in given.items()
        ]
    return results


def _ask(job: tuple[bytes, RunArgsDict, FrontEnd]) -> Answer:
    return ask(*job)


def _result(question: Question, front_end: str, truth: Truth, answer: Answer) -> Result:
    found: tuple[Difference, ...] = ()
    if truth.settings is not None and answer.fields is not None:
        found = differences(answer.fields, ezkl_fields(truth.settings))
    return Result(question=question, front_end=front_end, truth=truth, answer=answer, differences=found)


# --- report


def report(results: Sequence[Result], command: str) -> str:
    """The whole page."""
    front_ends = list(dict.fromkeys(result.front_end for result in results))
    parts = [_heading(results, command), "## By set\n", _table("set", results, lambda r: r.question.set_name)]
    for front_end in front_ends:
        mine = [r for r in results if r.front_end == front_end and r.question.set_name == "random models"]
        if mine:
            parts += [f"## Random models by family, front end `{front_end}`\n"]
            parts += [_table("family", mine, lambda r: r.question.family)]
    parts += [
        "## By field\n",
        _field_table(results, front_ends),
        "## Every disagreement\n",
        _listing(results),
    ]
    return "\n".join(parts)


def _heading(results: Sequence[Result], command: str) -> str:
    versions = ", ".join(f"{name} {_version(name)}" for name in ("auditor", "ezkl", "onnx", "numpy"))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"# Accuracy\n\nWritten by `{command}` on {today}; do not edit.\n"
        f"{versions}, Python {platform.python_version()}.\n\n"
        "Truth is `ezkl.gen_settings` with `RAYON_NUM_THREADS=1`. *Exact*: every size field below equals "
        "EZKL's. *Wrong*: at least one does not. *Undetermined*, *refused* and *failed* count models EZKL "
        "accepts. *Support* is the share of all models on which acceptance agrees; undetermined counts as "
        "disagreement. Front end `onnx` is auditor's own lowering, `ezkl` lays out EZKL's list of "
        "operations, `auto` takes the second where the first leaves a model open.\n"
    )


def _version(package: str) -> str:
    if package == "auditor":
        from auditor._version import __version__

        return __version__
    return metadata.version(package)


def _table(title: str, results: Sequence[Result], key: Callable[[Result], str]) -> str:
    columns = [title, "front end", "models", "EZKL accepts", *COUNTED, "exact of accepted", "support"]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((key(result), result.front_end), []).append(result)
    for (name, front_end), members in groups.items():
        known = [result for result in members if result.outcome != "no truth"]
        count = Counter(result.outcome for result in known)
        accepted = sum(1 for result in known if result.truth.accepted)
        agreeing = sum(count[outcome] for outcome in AGREEING)
        cells = [name, f"`{front_end}`", len(known), accepted]
        cells += [count[outcome] for outcome in COUNTED]
        cells += [_share(count["exact"], accepted), _share(agreeing, len(known))]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "-"


def _field_table(results: Sequence[Result], front_ends: Sequence[str]) -> str:
    compared = [result for result in results if result.outcome in ("exact", "wrong")]
    names = list(ezkl_fields(compared[0].truth.settings or {})) if compared else []
    lines = ["| field | " + " | ".join(f"`{name}` equal / compared" for name in front_ends) + " |"]
    lines.append("|---" * (len(front_ends) + 1) + "|")
    for field in names:
        cells = []
        for front_end in front_ends:
            mine = [result for result in compared if result.front_end == front_end]
            differing = sum(any(one.field == field for one in result.differences) for result in mine)
            cells.append(f"{len(mine) - differing} / {len(mine)}")
        lines.append(f"| {field} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _listing(results: Sequence[Result]) -> str:
    listed = [result for result in results if result.outcome not in ("exact", "agreed")]
    if not listed:
        return "None.\n"
    lines = [
        f"- `{r.question.case.id}`, `{r.front_end}`: {r.outcome}. {_detail(r)}" for r in listed[:MAX_LISTED]
    ]
    if len(listed) > MAX_LISTED:
        lines.append(f"- and {len(listed) - MAX_LISTED} more")
    return "\n".join(lines) + "\n"


def _detail(result: Result) -> str:
    if result.differences:
        return "; ".join(
            f"{one.field} {_short(one.auditor)}, EZKL {_short(one.ezkl)}" for one in result.differences
        )
    said = result.answer.reason or "accepted"
    return f"{_short(said)}" + (f" - EZKL: {_short(result.truth.reason)}" if result.truth.reason else "")


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 160 else text[:157] + "..."


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1100, help="how many random models")
    parser.add_argument("--first-seed", type=int, default=1_000_000, help="far from those that tests use")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--front-end", choices=FRONT_ENDS, action="append", help="default: all")
    parser.add_argument(
        "--set", choices=["samples", "node tests", "random models"], action="append", dest="sets"
    )
    parser.add_argument("--output", type=Path, default=ACCURACY)
    chosen = parser.parse_args(arguments)
    asked: Iterable[Question] = questions(chosen.seeds, chosen.first_seed)
    if chosen.sets:
        asked = (question for question in asked if question.set_name in chosen.sets)
    given = " ".join(sys.argv[1:] if arguments is None else arguments)
    results = answer_all(list(asked), chosen.front_end or FRONT_ENDS, chosen.workers)
    write_section(report(results, f"python -m tools.accuracy {given}".rstrip()), chosen.output)
    for front_end in dict.fromkeys(result.front_end for result in results):
        print(front_end, dict(Counter(r.outcome for r in results if r.front_end == front_end)))


if __name__ == "__main__":
    main()
