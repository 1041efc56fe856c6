"""A run, counted, and its section of ``docs/hardening.md``."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

from msgspec import Struct, field

from tools.fuzzing.outcome import Outcome
from tools.fuzzing.seeds import REPOSITORY
from tools.fuzzing.worker import MEMORY_BYTES

PAGE = REPOSITORY / "docs" / "hardening.md"


class Kind(Struct, frozen=True, kw_only=True):
    """What a run lets the auditor do: the option for it, and how the table is headed."""

    option: str
    heading: str
    column: str


ESTIMATED = Kind(option="", heading="## Mutated models", column="verdict")
PLANNED = Kind(option=" --plan", heading="## Mutated models, with planning", column="verdict")
COMMANDED = Kind(
    option=" --commands", heading="## Mutated models, through the other commands", column="command"
)
_ORDER = tuple(kind.heading for kind in (ESTIMATED, PLANNED, COMMANDED))


class Tally(Struct):
    """A run, counted. ``failures`` has the first number of each kind and how often it came."""

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[int, int]] = field(default_factory=dict)
    slowest_seconds: float = 0.0
    largest_bytes: int = 0
    seconds: float = 0.0

    def add(self, number: int, outcome: Outcome) -> None:
        """One more file."""
        self.count += 1
        self.kinds[outcome.kind] += 1
        self.slowest_seconds = max(self.slowest_seconds, outcome.cpu_seconds)
        self.largest_bytes = max(self.largest_bytes, outcome.memory_bytes)
        if outcome.failure:
            first, times = self.failures.get(outcome.failure, (number, 0))
            self.failures[outcome.failure] = (first, times + 1)


def table(tally: Tally, kind: Kind, command: str) -> str:
    """The section that says how a run went, and by which command it can be made again."""
    rows = [f"| {name} | {count:,} |" for name, count in tally.kinds.most_common()]
    failures = [f"- {what}: {times} times, first {first}" for what, (first, times) in tally.failures.items()]
    limit = f"{MEMORY_BYTES / 1e9:g} GB"
    return "\n".join(
        [
            kind.heading,
            "",
            f"`{command}`, {datetime.now(UTC):%Y-%m-%d}: {tally.count:,} files, "
            f"{tally.count / tally.seconds:.0f} each second. The slowest took {tally.slowest_seconds:.1f} s "
            f"of processor time, the largest {tally.largest_bytes / 1e6:,.0f} MB of memory.",
            "",
            *(failures or [f"No crash, no hang, none over {limit} of memory."]),
            "",
            f"| {kind.column} | files |",
            "|---|---:|",
            *rows,
        ]
    )


_PREFACE = """# Hardening

What becomes of files that are broken or meant to do harm. Each mutant is a valid model (a sample, a random
model of `tests/families`, one of `tools/fuzzing/named.py` whose sizes have names, one of ONNX's node tests)
or a file of the hostile corpus, with some of its bytes or fields changed. It goes through `auditor estimate`,
or through one of `check` (with budgets), `diff` (against the model that it was), `compare` and `forecast`, in
a process with 1 GB of memory and 10 seconds. A failure is a crash, a hang, or more than that."""


def write(text: str, kind: Kind) -> None:
    """Puts the section in the place of the older one of its kind; sections of others stay."""
    page = PAGE.read_text(encoding="utf-8")
    _, *parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part.strip() for part in parts} | {kind.heading: text}
    ours = [sections.pop(heading) for heading in _ORDER if heading in sections]
    PAGE.write_text("\n\n".join([_PREFACE, *ours, *sections.values()]) + "\n", encoding="utf-8")
