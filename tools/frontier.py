"""Writes ``docs/frontier.md``: as models grow, does verification stay affordable, and for whom?

    python -m tools.frontier                # all of it, up to half an hour

No figure of the page is written by hand: each is what ``auditor compare`` and ``auditor forecast`` find, or
stands in ``rules/`` with its evidence. Only machines that come with the program are asked about, so that the
page is the same wherever it is made, and on whichever day.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from auditor._version import EZKL_VERSION
from auditor.comparing.compare import MACHINE, PATIENCE
from auditor.trends.draws import DRAWS, SEED
from auditor.trends.forecast import HORIZON_YEARS
from tools.frontier_answer import answer
from tools.frontier_charts import pictures
from tools.frontier_subjects import BUDGET_USD, MACHINES, SUBJECTS, Found, find
from tools.frontier_systems import fits, other_people, sources
from tools.frontier_tables import (
    bases,
    bullets,
    circuits,
    folded,
    growth_exponents,
    growth_reasons,
    outlooks,
    participation,
    races,
    refusals,
    unforecast,
    ways,
    ways_summary,
)
from tools.worker import REPOSITORY

PAGE = REPOSITORY / "docs" / "frontier.md"
PICTURES = REPOSITORY / "docs" / "frontier"

_HEAD = """\
# The frontier

*As models grow, does verification stay affordable, and for whom?*

Made by `make frontier`; do not edit. Every number is what `auditor compare` and `auditor forecast` say
of the models below, on machines that come with the program, or is read from `rules/`. A range is what
is known: its letter says how, <sup>m</sup> measured, <sup>p</sup> published, <sup>d</sup> derived,
<sup>a</sup> assumed, of all that went in the weakest; <sup>\\*</sup> means extrapolated beyond all that
was measured.
"""


def page(all_found: Sequence[Found]) -> str:
    """The whole page."""
    names = " · ".join(f"[{title}](#{_anchor(title)})" for title, _ in _sections(all_found))
    parts = [_HEAD, "## The answer\n", bullets(answer(all_found)), names + "\n"]
    for title, content in _sections(all_found):
        parts += [f"## {title}\n", content]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _sections(all_found: Sequence[Found]) -> Iterator[tuple[str, str]]:
    first = [found for found in all_found if not found.subject.again]
    yield "Circuits", circuit_section(all_found)
    yield "Ways to trust an output", ways_section(first)
    yield "Who can take part", participation_section(all_found)
    yield "When it becomes affordable", forecast_section(all_found)
    yield "How wrong the fits are", _FITS + "\n" + fits()
    yield "Circuits of other people", _OTHERS + "\n" + other_people()
    yield "Sources", _SOURCES + "\n" + sources()


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def circuit_section(all_found: Sequence[Found]) -> str:
    """The circuit of each model under EZKL, or why there is none."""
    return f"""\
As EZKL {EZKL_VERSION} would build it; time and memory on `{MACHINE}`, keys made before. Samples have
weights, and run args planned for them (`auditor plan`); the others are graphs without weights at EZKL's
defaults, scale 7. There 1/N of a layer normalisation over more than 256 features rounds to 0
(AUD-FID-023), and EZKL proves another function than the model: such a row has a cost and is no proof.
*Scale 14* is the same model at `--set param_scale=14`, where that does not happen. `k`: logrows.

{circuits(all_found)}
Why not:

{bullets(refusals(all_found))}
![Seconds for one proof against the size of the model](frontier/cost.svg)
"""


def ways_section(found: Sequence[Found]) -> str:
    """Every way for each model: a summary, and all of them folded away."""
    return f"""\
Proving systems as published, each on the machine of its authors: for this very model, along a law
through their rows, or unknown. *Known*, *unknown* and *unsupported* count them. Re-execution is by
three machines, one core each, and proves nothing: it asks for a majority. *One verifier*: it convinces
nobody else. Each model has all its ways below.

{ways_summary(found)}
{"".join(ways(each) for each in found)}"""


def participation_section(all_found: Sequence[Found]) -> str:
    """Machines that take part today, and as the model grows along each axis."""
    machines = len(all_found[0].compared.participants)
    return f"""\
Of {machines} machines that come with the program, so many can certainly *verify / re-execute / prove*,
and so many certainly cannot, within the patience of policy `{PATIENCE}` and their memory; the rest is
undetermined, as is proving and verifying where nobody has seen EZKL run. Then the same at 1, 2, 4 and 8
times the width, the repeated blocks and the sequence, each size laid out exactly.

{participation(all_found)}
{folded("Why a model cannot grow, or has no circuit then", bullets(growth_reasons(all_found)))}
Exponents along each axis: a quantity grows as the factor to this power, through all sizes that have it.

{growth_exponents(all_found)}
![Machines that certainly can take part](frontier/participation.svg)
"""


def forecast_section(all_found: Sequence[Found]) -> str:
    """The race and the years of each scenario."""
    names = ", ".join(f"{short.capitalize()} is `{name}`" for name, short in MACHINES.items())
    return f"""\
Each scenario is a set of trends that hold together (`auditor list scenarios`). Cost grows as the
model's size to the exponents below. Of {DRAWS:,} worlds drawn with seed {SEED}: who is faster, in how
many, and the growth of models per year at which that flips.

{races(all_found)}
{bases(all_found)}
Years until one proof is within the limit, expected and for nine in ten worlds. T: time, the patience of
policy `{PATIENCE}`. M: memory of the machine. $: a budget of ${BUDGET_USD:g} a proof, which is a choice
of this page, and unknown where nobody published a rent. *>{HORIZON_YEARS:.0f}*: not within so many
years. *lost*: within the limit today, and in so many worlds no longer within that time. {names}.

{"".join(outlooks(all_found))}
No forecast, as there is no circuit whose cost could fall:

{bullets(unforecast(all_found))}
![Time](frontier/future-time.svg)

![Memory](frontier/future-memory.svg)
"""


_FITS = """\
Each row of each series is left out in turn and predicted by the others, as `auditor explain
system:NAME` tells. First the worst row of each series, the worst of all on top; *extrapolated*: it is
the first or last along its axis, so that the others had to be extrapolated to it. All predictions are
below it, bad ones included. A range given for a model is wider than the worst of its series: see
`auditor/landscape/fits.py`.
"""

_OTHERS = f"""\
Key bytes that follow from the settings strangers published, against those they published: the benchmark
github.com/Jupiter-Plantagenet/ezkl-cnn-benchmark to the byte (EZKL 23.0.3), Bionetta's table 4 in its
two figures (the last four rows; EZKL's version not told). Ours are EZKL {EZKL_VERSION}'s. The data are
those of the tests, `tests/third_party/published.py`.
"""

_SOURCES = """\
Every document and reason behind a number in `rules/`, as it is cited there, with the fields that rest
on it.
"""


def write(all_found: Sequence[Found]) -> None:
    """The page and its pictures."""
    drawn: Mapping[str, str] = pictures(all_found)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, content in drawn.items():
        (PICTURES / name).write_text(content, encoding="utf-8")
    PAGE.write_text(page(all_found), encoding="utf-8")


def main() -> None:
    """Finds everything and writes the page."""
    all_found = []
    with tempfile.TemporaryDirectory(prefix="auditor-frontier-") as folder:
        for subject in SUBJECTS:
            print(subject.name, file=sys.stderr, flush=True)
            all_found.append(find(subject, Path(folder)))
    write(all_found)


if __name__ == "__main__":
    main()
