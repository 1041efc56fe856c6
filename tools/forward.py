"""Our fixed-point arithmetic against EZKL's own witness, integer for integer.

Every row is asked of EZKL twice: with the base of digits that its values just fit, which must give a witness
with our integers and our ranges of lookups, and with one less, which must give none. Writes its table into a
section of ``docs/accuracy.md``.

    python -m tools.forward --seeds 600
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from msgspec import Struct

from auditor.forward import Overflow, Unmodelled
from auditor.lowering.errors import LoweringError, Unsupported
from tests import families
from tests.fidelity.building import RUN_ARGS
from tests.fidelity.cases import CASES
from tests.forward.agreement import agree, rows_of, with_digits
from tests.forward.circuits import as_run_args, circuit_of, random_inputs
from tests.forward.ezkl_witness import WitnessMaker
from tools.page import ACCURACY, write_section

HEADING = "## Fixed point"
FIRST_SEED = 9000
"""No test uses a seed from here on."""

ROWS = 2
CHUNK = 25


class Answer(Struct, frozen=True, kw_only=True):
    """One model: ``outcome`` is agrees, differs, rejected, unmodelled or too wide; ``detail`` says why."""

    set_name: str
    name: str
    outcome: str
    detail: str = ""


def asked(first: int, last: int) -> list[Answer]:
    """The random models of some seeds."""
    with WitnessMaker() as maker, tempfile.TemporaryDirectory() as folder:
        return [_random(seed, maker, Path(folder, "model.onnx")) for seed in range(first, last)]


def cases() -> list[Answer]:
    """The models on which EZKL computes something else, and their healthy neighbours."""
    with WitnessMaker() as maker, tempfile.TemporaryDirectory() as folder:
        return list(_cases(maker, Path(folder, "model.onnx")))


def _random(seed: int, maker: WitnessMaker, model: Path) -> Answer:
    random = families.random_model(seed)
    model.write_bytes(random.model)
    run_args = with_digits(as_run_args(random.run_args), 1 << 15, random.run_args.get("decomp_legs", 2))
    try:
        circuit = circuit_of(model, run_args)
        difference = agree(maker, model, circuit, random_inputs(circuit, ROWS, seed), ROWS)
    except (LoweringError, Unsupported, Unmodelled, Overflow) as refusal:
        return _refused("random models", random.name, refusal)
    return _told("random models", random.name, difference)


def _cases(maker: WitnessMaker, model: Path) -> Iterator[Answer]:
    for case in CASES:
        for kind, example in (("wrong", case.wrong), ("right", case.right)):
            name = f"{case.rule} {case.name} ({kind})"
            model.write_bytes(example.model)
            try:
                circuit = circuit_of(model, as_run_args({**RUN_ARGS, **example.run_args}))
                difference = agree(maker, model, circuit, rows_of(circuit, example.inputs), 1)
            except (LoweringError, Unsupported, Unmodelled, Overflow) as refusal:
                yield _refused("fidelity cases", name, refusal)
                continue
            yield _told("fidelity cases", name, difference)


def _told(set_name: str, name: str, difference: str | None) -> Answer:
    outcome = "agrees" if difference is None else "differs"
    return Answer(set_name=set_name, name=name, outcome=outcome, detail=difference or "")


def _refused(set_name: str, name: str, refusal: Exception) -> Answer:
    outcome = "rejected"
    if isinstance(refusal, Overflow):
        outcome = "too wide"
    elif isinstance(refusal, Unmodelled):
        outcome = "unmodelled"
    return Answer(set_name=set_name, name=name, outcome=outcome, detail=str(refusal))


# --- report --------------------------------------------------------------------------------

_OUTCOMES = ("agrees", "differs", "unmodelled", "too wide", "rejected")


def report(answers: Sequence[Answer], command: str) -> str:
    """The section: a row for each set, and every model that differs or is not modelled."""
    lines = [
        HEADING,
        "",
        f"Written by `{command}`; do not edit. `auditor/forward` beside EZKL's witness: the integers of all "
        "outputs, the range of all lookups, and the least base of digits that has a witness. *Too wide*: a "
        "value needs more than 63 bits. *Rejected*: EZKL makes no circuit.",
        "",
        f"| models | {' | '.join(_OUTCOMES)} |",
        f"|---|{'---|' * len(_OUTCOMES)}",
    ]
    for set_name in dict.fromkeys(answer.set_name for answer in answers):
        counts = Counter(answer.outcome for answer in answers if answer.set_name == set_name)
        lines.append(f"| {set_name} | {' | '.join(f'{counts[name]:,}' for name in _OUTCOMES)} |")
    handled = [answer for answer in answers if answer.outcome in ("agrees", "differs")]
    share = sum(answer.outcome == "agrees" for answer in handled) / max(1, len(handled))
    lines += ["", f"Of what it handles {share:.2%} are EZKL's integers.", ""]
    lines += [f"- {one.name}: {one.detail[:160]}" for one in answers if one.outcome == "differs"]
    reasons = Counter(one.detail[:100] for one in answers if one.outcome == "unmodelled")
    lines += [f"- not modelled ({count}): {reason}" for reason, count in reasons.most_common()]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=600, help="how many random models")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--output", type=Path, default=ACCURACY)
    chosen = parser.parse_args(arguments)
    last = FIRST_SEED + chosen.seeds
    firsts = range(FIRST_SEED, last, CHUNK)
    with ProcessPoolExecutor(chosen.workers) as pool:
        waiting = pool.map(asked, firsts, [min(first + CHUNK, last) for first in firsts])
        answers = [answer for part in waiting for answer in part]
    answers += cases()
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    text = report(answers, f"python -m tools.forward {words}".rstrip())
    write_section(text, chosen.output)
    print(text)


if __name__ == "__main__":
    main()
