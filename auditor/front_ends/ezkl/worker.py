"""What runs inside the guarded worker: the only module that imports EZKL.

Each function takes a request and writes its result to a file, as :mod:`auditor.guard` calls it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def compile_circuit(request: dict[str, Any], result: Path) -> None:
    """Lowers a model without laying it out; the result is EZKL's compiled circuit.

    Request: ``model`` (path), ``settings`` (content of a settings.json).
    """
    import ezkl

    settings = Path("settings.json")
    settings.write_text(json.dumps(request["settings"]), encoding="utf-8")
    if not ezkl.compile_circuit(request["model"], str(result), str(settings)):
        raise RuntimeError("EZKL did not compile the circuit and gave no reason")


def gen_settings(request: dict[str, Any], result: Path) -> None:
    """Lowers a model and lays it out; the result is EZKL's settings.json.

    Request: ``model`` (path), ``run_args`` (attributes of ``ezkl.PyRunArgs``).
    """
    import ezkl

    run_args = ezkl.PyRunArgs()
    for name, value in request["run_args"].items():
        if name == "variables":
            value = [tuple(pair) for pair in value]
        elif name == "lookup_range":
            value = tuple(value)  # EZKL refuses a list here
        setattr(run_args, name, value)
    if not ezkl.gen_settings(request["model"], str(result), py_run_args=run_args):
        raise RuntimeError("EZKL did not generate settings and gave no reason")


def inline_external_data(request: dict[str, Any], result: Path) -> None:
    """Writes the model with its external weights inside, or nothing when it has none.

    Request: ``model`` (path). Raises when a location leaves the model's folder, and when the whole would
    exceed the 2 GiB that protobuf allows.
    """
    import onnx

    path = Path(request["model"])
    model = onnx.load(path, load_external_data=False)
    before = model.SerializeToString()
    onnx.load_external_data_for_model(model, str(path.parent))
    after = model.SerializeToString()
    result.write_bytes(b"" if after == before else after)
