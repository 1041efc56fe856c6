"""How right the fidelity rules are: what they say against EZKL's witness and ONNX Runtime.

The truth about a model is made here: EZKL's outputs for the input of ONNX's test and for a random one of both
signs, at two scales. An error that does not shrink with the scale is another function; one that does is
quantisation. Writes its tables into a section of ``docs/accuracy.md``.

    python -m tools.fidelity --set "node tests" --sample 100 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from auditor.circuit import RunArgs
from auditor.errors import AuditorError
from auditor.faithful import as_ezkl_reads, find_unfaithful
from auditor.front_end import lower_model
from auditor.model import bind_dimensions, free_inputs, read_source
from tools.page import ACCURACY, write_section
from tools.witness import Witness, WitnessWorker

REPOSITORY = Path(__file__).resolve().parent.parent
HEADING = "## Fidelity"

SETS = ("samples", "node tests", "random models")

COARSE: dict[str, Any] = {
    "input_scale": 10, "param_scale": 10, "decomp_legs": 3, "lookup_range": (-65536, 65536),
}  # fmt: skip
FINE: dict[str, Any] = {
    "input_scale": 15, "param_scale": 15, "decomp_legs": 4, "lookup_range": (-(1 << 22), 1 << 22),
}  # fmt: skip

TOLERANCE = 0.004
"""Of the largest number of an output, or of 1: an error below is fixed-point rounding at scale 10."""

SHRINKS = 2.5
"""How many times smaller quantisation error is at scale 15; 32 times is expected."""

DRAWS = ((-1, 1, 64), (-1, 0, 64), (-1, 1, 1))
"""Lowest and highest random float, and steps in 1: both signs, all negative, and few, some of them equal."""

Arrays = tuple[np.ndarray, ...]
Class = Literal["exact", "quantisation", "wrong function", "no witness", "not accepted", "not tested"]
ORDER: tuple[Class, ...] = (
    "not tested",
    "not accepted",
    "exact",
    "quantisation",
    "no witness",
    "wrong function",
)
"""From least to worst: the worst input speaks for a model."""


class Question(Struct, frozen=True, kw_only=True):
    """A model, inputs to try it on, and what ONNX's test expects for each (None: ONNX Runtime says)."""

    set_name: str
    id: str
    model: bytes
    trials: tuple[tuple[Arrays, Arrays | None], ...]


class Answer(Struct, frozen=True, kw_only=True):
    """EZKL's fidelity as measured, and what the rules say: ``faithful`` and the ids of all findings."""

    question: Question
    truth: Class
    detail: str
    faithful: bool | None
    rules: tuple[str, ...]


# --- questions


def questions(seeds: int, seed: int) -> Iterator[Question]:
    """The models of all sets; ``seed`` is for the random inputs."""
    for folder in sorted((REPOSITORY / "samples").glob("*/model.onnx")):
        model = folder.read_bytes()
        yield Question(
            set_name="samples", id=folder.parent.name, model=model, trials=_trials(model, [], seed)
        )
    yield from _node_tests(seed)
    from tests import families

    for number in range(seeds):
        one = families.random_model(number)
        trials = _trials(one.model, [], seed + number)
        yield Question(set_name="random models", id=one.name, model=one.model, trials=trials)


def _node_tests(seed: int) -> Iterator[Question]:
    from onnx.backend.test.case.node import collect_testcases

    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflows inside the reference computations
        cases = collect_testcases(None)
    for case in sorted(cases, key=lambda one: one.name):
        if case.model is None:
            continue
        model = case.model.SerializeToString(deterministic=True)
        trials = _trials(model, list(case.data_sets or ())[:1], seed)
        yield Question(set_name="node tests", id=case.name, model=model, trials=trials)


def _trials(model: bytes, given: Sequence[Any], seed: int) -> tuple[tuple[Arrays, Arrays | None], ...]:
    """The given inputs, and the same with random floats; without any, all random."""
    trials: list[tuple[Arrays, Arrays | None]] = []
    generator = np.random.default_rng(seed)
    for inputs, outputs in given:
        arrays, expected = _arrays(inputs), _arrays(outputs)
        if arrays is not None:
            trials.append((tuple(map(_finite, arrays)), expected))
            for draw in DRAWS:
                drawn = (_random_like(array, generator, draw) for array in arrays)
                trials.append((tuple(drawn), None))
    if not given:
        found = [_random_inputs(model, generator, draw) for draw in DRAWS]
        trials += [(inputs, None) for inputs in found if inputs is not None]
    return tuple(trials)


def _arrays(values: Sequence[Any]) -> Arrays | None:
    """The values of a test as arrays of numbers; None where one is a sequence, an optional or a text."""
    from onnx import TensorProto, numpy_helper

    arrays = []
    for value in values:
        array = numpy_helper.to_array(value) if isinstance(value, TensorProto) else value
        if not isinstance(array, np.ndarray | np.generic) or array.dtype.kind not in "biuf":
            return None
        arrays.append(np.asarray(array))
    return tuple(arrays)


def _is_float(array: np.ndarray) -> bool:
    return array.dtype.kind == "f"


def _finite(array: np.ndarray) -> np.ndarray:
    return np.nan_to_num(array, posinf=0.0, neginf=0.0) if _is_float(array) else array


def _random_like(array: np.ndarray, generator: np.random.Generator, draw: tuple[int, int, int]) -> np.ndarray:
    """Random floats on a grid that every scale here holds; integers stay, because they may be indices."""
    if not _is_float(array):
        return array
    low, high, steps = draw
    return (generator.integers(low * steps, high * steps + 1, array.shape) / steps).astype(array.dtype)


_NUMPY = {
    "float": np.float32, "double": np.float64, "float16": np.float16, "int64": np.int64, "int32": np.int32,
    "bool": np.bool_, "uint8": np.uint8, "int8": np.int8,
}  # fmt: skip


def _random_inputs(model: bytes, generator: np.random.Generator, draw: tuple[int, int, int]) -> Arrays | None:
    """Inputs of the declared sizes, open ones as EZKL binds them; None when they cannot be made."""
    with _as_file(model) as path:
        try:
            bound, _ = bind_dimensions(read_source(path).inlined, {}, {"batch_size": 1})
        except AuditorError:
            return None
    arrays = []
    for info in free_inputs(bound.graph):
        kind = _NUMPY.get(info.dtype or "")
        if kind is None or info.shape is None or not all(isinstance(size, int) for size in info.shape):
            return None
        shape = tuple(size for size in info.shape if isinstance(size, int))
        if np.dtype(kind).kind == "f":
            arrays.append(_random_like(np.zeros(shape, kind), generator, draw))
        else:
            arrays.append(generator.integers(0, 2, shape).astype(kind))
    return tuple(arrays)


# --- the truth


def answer(question: Question) -> Answer:
    """Measures one model and asks the rules about it."""
    truth: Class = "not tested"
    detail = ""
    with WitnessWorker(timeout_seconds=60) as worker:
        for inputs, expected in question.trials:
            found, why = _classify(worker, question.model, inputs, expected)
            if not detail or ORDER.index(found) > ORDER.index(truth):
                truth, detail = found, why
            if found == "not accepted":
                break
    faithful, rules = _verdict(question.model) if truth not in ("not accepted", "not tested") else (None, ())
    return Answer(question=question, truth=truth, detail=detail, faithful=faithful, rules=rules)


def _classify(
    worker: WitnessWorker, model: bytes, inputs: Arrays, expected: Arrays | None
) -> tuple[Class, str]:
    coarse = worker.compute(model, inputs, COARSE)
    if coarse.status == "rejected":
        return "not accepted", coarse.reason
    if coarse.status == "fails":
        reference = expected or _onnx(model, inputs)
        if reference is None or not all(np.isfinite(array).all() for array in reference):
            return "not tested", "no witness where ONNX gives no number either"
        return "no witness", coarse.reason
    if coarse.status != "computed":
        return "not tested", coarse.reason
    errors = _errors(coarse, model, inputs, expected, COARSE["input_scale"])
    if errors is None:
        return "not tested", "nothing to compare with"
    if errors == float("inf"):
        return "wrong function", "another number of elements"
    if errors <= TOLERANCE:
        return "exact", ""
    fine = worker.compute(model, inputs, FINE)
    if fine.status != "computed":
        return "not tested", f"error {errors:.3g} at scale 10; no witness at scale 15"
    smaller = _errors(fine, model, inputs, expected, FINE["input_scale"])
    assert smaller is not None
    detail = f"error {errors:.3g} at scale 10, {smaller:.3g} at scale 15"
    return ("quantisation" if smaller * SHRINKS <= errors else "wrong function"), detail


def _errors(
    witness: Witness, model: bytes, inputs: Arrays, expected: Arrays | None, scale: int
) -> float | None:
    """The largest error, relative to the largest number of an output or 1; against the kinder reference."""
    found = []
    for reference in (expected, _onnx(model, tuple(_rounded(array, scale) for array in inputs))):
        if reference is not None and len(reference) == len(witness.outputs):
            pairs = zip(witness.outputs, reference, strict=True)
            found.append(max((_error(ours, theirs) for ours, theirs in pairs), default=0.0))
    return min(found, default=None)


def _error(ours: np.ndarray, theirs: np.ndarray) -> float:
    truth = np.asarray(theirs, dtype=np.float64).ravel()
    if ours.size != truth.size:
        return float("inf")
    known = np.isfinite(truth)
    if not known.any():
        return 0.0
    numbers = truth[known]
    return float(np.abs(ours.ravel()[known] - numbers).max() / max(1.0, np.abs(numbers).max()))


def _rounded(array: np.ndarray, scale: int) -> np.ndarray:
    """As EZKL rounds an input, so that a step beside an input is not taken for an error."""
    if not _is_float(array):
        return array
    return (np.round(array.astype(np.float64) * 2**scale) / 2**scale).astype(array.dtype)


def _onnx(model: bytes, inputs: Arrays) -> Arrays | None:
    """ONNX Runtime's outputs, ONNX's own where an operator set is too new for it, None where neither runs."""
    import onnx
    import onnxruntime
    from onnx.reference import ReferenceEvaluator

    onnxruntime.set_default_logger_severity(4)
    proto = onnx.load_from_string(model)
    constants = {tensor.name for tensor in proto.graph.initializer}
    names = [info.name for info in proto.graph.input if info.name not in constants]
    named = dict(zip(names, inputs, strict=False))
    with (
        contextlib.suppress(Exception),
        warnings.catch_warnings(),
    ):  # onnxruntime has many errors for "cannot"
        warnings.simplefilter("ignore")
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        return tuple(session.run(None, named))
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(ReferenceEvaluator(proto).run(None, named))
    return None


def _verdict(model: bytes) -> tuple[bool | None, tuple[str, ...]]:
    """What the rules say, from our own lowering."""
    with _as_file(model) as path:
        read = as_ezkl_reads(read_source(path))
        bound, _ = bind_dimensions(read.model, {}, {"batch_size": 1})
        lowered = lower_model(path, bound, read.refusals, RunArgs(**COARSE), "onnx")
        report = find_unfaithful(bound, lowered)
    findings = (*read.findings, *report.findings)
    faithful = False if any(item.severity == "high" for item in findings) else report.faithful
    return faithful, tuple(dict.fromkeys(f"{item.rule} ({item.severity})" for item in findings))


@contextlib.contextmanager
def _as_file(model: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="auditor-fidelity-") as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(model)
        yield path


# --- report


def report(answers: Sequence[Answer], command: str) -> str:
    """The section: a table for each set, and every model on which rules and measurement disagree."""
    tested = [one for one in answers if one.truth not in ("not accepted", "not tested")]
    lines = [
        HEADING,
        "",
        f"Written by `{command}`; do not edit. Truth: EZKL's witness at scales 10 and 15 against ONNX "
        "Runtime, on the input of ONNX's test and three random ones in [-1, 1]. *Wrong function*: the error "
        "does not shrink with the scale. *Unfaithful* is what the rules say before EZKL runs; *open* where a "
        "rule could not be judged. A false alarm is a model found exact that the rules call unfaithful.",
        "",
        "| set | measured | models | unfaithful | open | faithful |",
        "|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(one.question.set_name for one in tested):
        for truth in ORDER[2:]:
            group = [one for one in tested if one.question.set_name == name and one.truth == truth]
            said = Counter(one.faithful for one in group)
            if group:
                lines.append(
                    f"| {name} | {truth} | {len(group)} | {said[False]} | {said[None]} | {said[True]} |"
                )
    untested = sum(one.truth == "not tested" for one in answers)
    lines += [
        "",
        f"{sum(one.truth == 'not accepted' for one in answers)} models are not accepted by EZKL, "
        f"{untested} could not be measured (inputs that are no numbers, or nothing to compare with).",
        "",
        f"False alarms: {_share(tested, 'exact', lambda one: one.faithful is False)}. "
        f"Wrong functions found: {_share(tested, 'wrong function', lambda one: one.faithful is False)}.",
        "",
        "Disagreements:",
        "",
        *(_listed(tested) or ["None."]),
    ]
    return "\n".join(lines) + "\n"


def _share(answers: Sequence[Answer], truth: Class, test: Callable[[Answer], bool]) -> str:
    group = [one for one in answers if one.truth == truth]
    part = sum(map(test, group))
    return f"{part} of {len(group)}" + (f" ({part / len(group):.2%})" if group else "")


def _listed(answers: Sequence[Answer]) -> list[str]:
    """Alarms about exact models, and what is wrong or has no witness without an alarm."""
    return [
        f"- {one.question.id}: {one.truth}{f' ({_short(one.detail)})' if one.detail else ''}; "
        f"rules: {', '.join(one.rules) or 'nothing'}"
        for one in answers
        if (one.truth == "exact" and one.faithful is not True)
        or (one.truth in ("wrong function", "no witness") and one.faithful is not False)
    ]


def _short(text: str) -> str:
    return " ".join(text.split())[:120]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", choices=SETS, action="append", dest="sets", help="default: all")
    parser.add_argument(
        "--sample", type=int, help="how many models of each set, picked by --seed; default: all"
    )
    parser.add_argument("--seeds", type=int, default=110, help="how many random models")
    parser.add_argument("--seed", type=int, default=0, help="for the sample and the random inputs")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--output", type=Path, default=ACCURACY)
    chosen = parser.parse_args(arguments)
    asked: list[Question] = []
    pool_of = [one for one in questions(chosen.seeds, chosen.seed) if one.set_name in (chosen.sets or SETS)]
    for name in SETS:
        group = [one for one in pool_of if one.set_name == name]
        few = chosen.sample is not None and chosen.sample < len(group)
        asked += random.Random(chosen.seed).sample(group, chosen.sample) if few else group
    with ProcessPoolExecutor(chosen.workers) as pool:
        answers = list(pool.map(answer, asked, chunksize=4))
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    text = report(answers, f"python -m tools.fidelity {words}".rstrip())
    write_section(text, chosen.output)
    print(text)
    for one in answers:
        if one.truth == "not tested" and one.detail:
            print(f"not measured: {one.question.id}: {_short(one.detail)}", file=sys.stderr)


if __name__ == "__main__":
    main()
