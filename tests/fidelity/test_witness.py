"""The rules against the real EZKL: its witness differs from ONNX Runtime where a rule says so, only there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from tests.fidelity.building import RUN_ARGS, Case, Example
from tests.fidelity.cases import CASES, TOLERANCE
from tools.witness import Witness, WitnessWorker

pytest.importorskip("ezkl")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def worker() -> Iterator[WitnessWorker]:
    with WitnessWorker(timeout_seconds=30) as started:
        yield started


def witness(worker: WitnessWorker, example: Example) -> Witness:
    return worker.compute(example.model, example.inputs, {**RUN_ARGS, **example.run_args})


def expected(example: Example) -> list[np.ndarray]:
    """What ONNX says: ONNX Runtime, or ONNX's own evaluator where an operator set is too new for it."""
    import onnx
    import onnxruntime
    from onnx.reference import ReferenceEvaluator

    onnxruntime.set_default_logger_severity(4)
    model = onnx.load_from_string(example.model)
    named = dict(zip((info.name for info in model.graph.input), example.inputs, strict=True))
    try:
        session = onnxruntime.InferenceSession(example.model, providers=["CPUExecutionProvider"])
    except Exception:  # onnxruntime has a class for each of its reasons
        return list(ReferenceEvaluator(model).run(None, named))
    return list(session.run(None, named))


def same_numbers(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> bool:
    """Equal within fixed-point error, whatever the shapes."""
    return len(ours) == len(theirs) and all(_close(*pair) for pair in zip(ours, theirs, strict=True))


def _close(computed: np.ndarray, truth: np.ndarray) -> bool:
    numbers = np.asarray(truth, dtype=np.float64).ravel()
    if computed.size != numbers.size:
        return False
    return bool(np.abs(computed.ravel() - numbers).max() <= TOLERANCE * max(1.0, np.abs(numbers).max()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_ezkl_differs_from_onnx_where_the_rule_says_so(worker: WitnessWorker, case: Case) -> None:
    right, truth = witness(worker, case.right), expected(case.right)
    assert right.status == "computed", right.reason
    assert same_numbers(right.outputs, truth)

    wrong = witness(worker, case.wrong)
    if case.effect == "no witness":
        assert wrong.status == "fails"
        return
    assert wrong.status == "computed", wrong.reason
    truth = expected(case.wrong)
    assert same_numbers(wrong.outputs, truth) == (case.effect == "shape")
    if case.effect == "shape":
        assert wrong.outputs[0].shape != truth[0].shape
