"""Valid models to begin with, their mutants, and smaller files that fail in the same way."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from msgspec.structs import replace

from tools.fuzzing.outcome import Judge, Mutant
from tools.fuzzing.worker import Mutants, run

REPOSITORY = Path(__file__).resolve().parents[2]
_MOST_SEED_BYTES = 120_000
_FAMILY_SEEDS = 132
_REDUCTIONS = 400


def seeds() -> list[bytes]:
    """Valid models, in an order that is the same on every machine with the same ``onnx``."""
    from tests.families import nodes, random_model
    from tools.fuzzing.named import MODELS

    samples = [path.read_bytes() for path in sorted((REPOSITORY / "samples").glob("*/*.onnx"))]
    families = [random_model(seed).model for seed in range(_FAMILY_SEEDS)]
    named = [make() for make in MODELS.values()]
    own_tests = [content for _, content in nodes.collect()]
    found = [*samples * 8, *families * 4, *named * 20, *own_tests, *_hostile()]
    return [content for content in found if len(content) <= _MOST_SEED_BYTES]


def _hostile() -> list[bytes]:
    from tests.hostile import corpus

    with tempfile.TemporaryDirectory() as directory:
        made = [case.make(Path(directory)) for case in corpus.cases() if not case.heavy]
        return [path.read_bytes() for path in made if path.is_file() and not path.is_symlink()]


def mutants(seed: int) -> Mutants:
    """The mutant of every number."""
    from tests.hostile.mutations import mutate

    models = seeds()

    def mutant(number: int) -> Mutant:
        rng = random.Random(f"{seed}:{number}")
        parent, donor = rng.choice(models), rng.choice(models)
        return Mutant(number=number, content=mutate(parent, donor, rng), parent=parent)

    return mutant


def reduce(mutant: Mutant, failure: str, judge: Judge) -> Mutant:
    """A smaller file that fails in the same way."""
    from tests.hostile.mutations import reductions

    tried, number = 0, mutant.number
    found = True
    while found and tried < _REDUCTIONS:
        found = False
        for content in reductions(mutant.content):
            if tried >= _REDUCTIONS:
                break
            if len(content) >= len(mutant.content):
                continue
            tried += 1
            smaller = replace(mutant, content=content)
            outcome = next(iter(run(range(number, number + 1), lambda _, one=smaller: one, judge)))[1]
            if outcome.failure == failure:
                mutant, found = smaller, True
                break
    return mutant
