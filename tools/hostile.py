"""Writes the hostile files, or asks the auditor about them: `python -m tools.hostile [DIRECTORY]`.

Each goes through ``auditor estimate`` in a forked process with little memory, as in ``tools.fuzz``. With
``--expect`` it writes ``tests/hostile/expected.toml`` anew: read the changes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from tests.hostile.corpus import EXPECTED, cases
from tools.fuzzing.estimating import estimating
from tools.fuzzing.outcome import Mutant, Outcome, Subject
from tools.fuzzing.worker import run

_SAID = 80
"""Characters of a reason that are written down."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", nargs="?", type=Path, help="write the files here, and nothing else")
    parser.add_argument("--only", default="", help="those whose name has this in it")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--expect", action="store_true", help="write down what was said")
    options = parser.parse_args()
    chosen = [case for case in cases() if options.only in case.name]
    if options.directory is not None:
        for case in chosen:
            print(case.make(options.directory))
        return
    entries = []
    judge = estimating(planned=options.plan)
    nothing = Mutant(number=0, content=b"", parent=b"")
    with tempfile.TemporaryDirectory() as name:
        for case in chosen:
            path = case.make(Path(name))
            subject = Subject(number=0, path=path, parent=path)
            _, outcome = next(iter(run(range(1), lambda _: nothing, lambda _, it=subject: judge(it))))
            print(f"{case.name:52} {_line(outcome)}", flush=True)
            entries.append(_entry(case.name, outcome))
    if options.expect:
        EXPECTED.write_text("\n".join(entries) + "\n", encoding="utf-8")


def _line(outcome: Outcome) -> str:
    used = f"{outcome.cpu_seconds:5.2f} s {outcome.memory_bytes / 1e6:5.0f} MB"
    if outcome.failure:
        return f"{used}  !! {outcome.failure} {outcome.detail[-600:]}"
    return f"{used}  {outcome.kind} [{' '.join(outcome.rules)}] {outcome.detail[:110]}"


def _entry(name: str, outcome: Outcome) -> str:
    status, _, binding = outcome.kind.partition(", ")
    rule = outcome.rules[0] if outcome.rules else ""
    fields = {"status": status, "binding": binding, "rule": rule, "says": outcome.detail[:_SAID]}
    pairs = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items() if value]
    return f"{name} = {{ {', '.join(pairs)} }}"


if __name__ == "__main__":
    main()
