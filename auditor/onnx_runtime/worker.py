"""What runs inside the guarded worker: the only module that imports ONNX Runtime."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_RUNS = 3
_SPENT_SECONDS = 0.2
_ENOUGH_SECONDS = 10.0


def infer(request: dict[str, Any], result: Path) -> None:
    """Runs a model on several sets of inputs in one session; the result is an .npz.

    Request: ``model`` (path), ``inputs`` (path of an .npz with ``S_I``, input I of set S), ``sets`` (how
    many), ``inputs_per_set``, ``repeats`` (whether to run the first set again until its time is known well).
    Result: ``S_O`` for output O of set S, ``names``, ``seconds`` (of each set) and ``version``.
    """
    import numpy as np
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    try:
        session = onnxruntime.InferenceSession(
            request["model"], _options(onnxruntime), providers=["CPUExecutionProvider"]
        )
        names = [one.name for one in session.get_inputs()]
        if len(names) != request["inputs_per_set"]:
            raise ValueError(f"it takes {len(names)} inputs and got {request['inputs_per_set']}")
        answer: dict[str, Any] = {
            "names": np.array([one.name for one in session.get_outputs()], dtype=np.str_)
        }
        seconds = []
        with np.load(request["inputs"], allow_pickle=False) as arrays:
            for number in range(request["sets"]):
                fed = {name: arrays[f"{number}_{index}"] for index, name in enumerate(names)}
                run = partial(session.run, None, fed)
                spent_seconds, outputs = _timed(run)
                answer |= {f"{number}_{index}": _as_array(output) for index, output in enumerate(outputs)}
                seconds.append(_best_seconds(run) if request["repeats"] and number == 0 else spent_seconds)
    except (ValueError, MemoryError):
        raise
    except Exception as error:  # it has a class of its own for each reason
        raise RuntimeError(_words(error, request["model"])) from error
    answer |= {"seconds": np.array(seconds), "version": np.array(onnxruntime.__version__)}
    with result.open("wb") as file:
        np.savez(file, **answer)


def _options(onnxruntime: Any) -> Any:
    """One thread, and only rewrites that keep every number: folded constants and dropped identities.

    The extended levels fuse operators into others that round differently.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    return options


def _words(error: Exception, model: str) -> str:
    """The message without its error code and without the way to the file."""
    message = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error))
    return message.replace(model, Path(model).name)


def _as_array(output: Any) -> Any:
    import numpy as np

    if not isinstance(output, np.ndarray | np.generic) or output.dtype.kind not in "biuf":
        raise ValueError("an output is no tensor of numbers")
    return output


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    outputs = run()
    return time.perf_counter() - started, outputs


def _best_seconds(run: Callable[[], Any]) -> float:
    """The shortest of some warm runs, which is the one that nothing else on the machine held up."""
    best_seconds, spent_seconds, runs = math.inf, 0.0, 0
    while spent_seconds < _ENOUGH_SECONDS and (runs < _RUNS or spent_seconds < _SPENT_SECONDS):
        seconds, _ = _timed(run)
        best_seconds, spent_seconds, runs = min(best_seconds, seconds), spent_seconds + seconds, runs + 1
    return best_seconds
