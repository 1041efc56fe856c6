"""The real EZKL's witness in a process of its own: integers, and the ranges that it notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.circuit import RunArgs
from auditor.circuit.field import signed
from auditor.ezkl.settings import settings_for_compiling
from auditor.proving.instances import element_of
from tools.worker import Died, Worker, serve


class Witness(Struct, frozen=True, kw_only=True):
    """The integers of each output, and the range of all lookups; None where EZKL makes no witness."""

    outputs: list[list[int]]
    lookup_low: int
    lookup_high: int


class WitnessMaker:
    """One process that runs EZKL, started when needed and replaced after it dies. A context manager."""

    def __init__(self) -> None:
        self._worker = Worker("tests.forward.ezkl_witness")

    def __enter__(self) -> WitnessMaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()

    def make(self, model: Path, run_args: RunArgs, inputs: Sequence[np.ndarray]) -> Witness | None:
        """EZKL's witness of one input; raises AssertionError where EZKL makes no circuit."""
        question = {
            "model": str(model),
            "settings": settings_for_compiling(run_args, EZKL_VERSION),
            "input": {"input_data": [values.ravel().tolist() for values in inputs]},
        }
        answer = self._worker.ask(question, 60)
        assert not isinstance(answer, Died), answer.reason
        assert answer["compiled"], answer["reason"]
        if answer["witness"] is None:
            return None
        found = answer["witness"]
        return Witness(
            outputs=[[signed(element_of(text)) for text in output] for output in found["outputs"]],
            lookup_low=int(found["min_lookup_inputs"]),
            lookup_high=int(found["max_lookup_inputs"]),
        )


def _witness(ezkl: Any, question: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"panicked": False, "compiled": False, "reason": "", "witness": None}
    try:
        Path("settings.json").write_text(json.dumps(question["settings"]))
        ezkl.compile_circuit(question["model"], "model.compiled", "settings.json")
        answer["compiled"] = True
        Path("input.json").write_text(json.dumps(question["input"]))
        ezkl.gen_witness("input.json", "model.compiled", "witness.json", vk_path=None, srs_path=None)
        answer["witness"] = json.loads(Path("witness.json").read_text())
    except Exception as error:
        answer["reason"] = str(error)
    except BaseException as error:  # PyO3 raises a Rust panic as a BaseException
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        answer |= {"reason": f"panic: {error}", "panicked": True}
    return answer


if __name__ == "__main__":
    serve(_witness)
