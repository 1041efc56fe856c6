"""Runs the real EZKL on every tiny model and writes ``golden.jsonl``.

``python -m tests.layout.regenerate`` from the repository, with the ``prove`` extra installed. EZKL is run
one model at a time in guarded workers with ``RAYON_NUM_THREADS=1``.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from auditor.circuit import RunArgs
from tests.layout.circuit_json import dump_graph, dump_run_args
from tests.layout.models import Build, all_models
from tests.layout.settings import sizes_in_settings

GOLDEN = Path(__file__).with_name("golden.jsonl")

RUN_ARGS = (
    RunArgs(),
    RunArgs(num_inner_cols=1, logrows=7, decomp_base=128, decomp_legs=3, scale_rebase_multiplier=2),
    RunArgs(num_inner_cols=3, logrows=6, disable_freivalds=True, output_visibility="fixed"),
)

FEW_MODELS = ("mlp", "conv", "attention", "two_outputs")
MORE_RUN_ARGS = (
    RunArgs(num_inner_cols=8, logrows=8, decomp_base=4, decomp_legs=12),
    RunArgs(num_inner_cols=1, logrows=5),
    RunArgs(num_inner_cols=4, logrows=5, disable_freivalds=True),
    RunArgs(input_visibility="hashed", param_visibility="private", output_visibility="hashed"),
    RunArgs(input_visibility="private", param_visibility="hashed", output_visibility="polycommit"),
    RunArgs(input_visibility="fixed", param_visibility="polycommit", output_visibility="private"),
    RunArgs(ignore_range_check_inputs_outputs=True),
)


def golden_case(name: str, build: Build, directory: Path) -> dict[str, Any]:
    """EZKL's graphs of a model, and for each set of run args which graph and EZKL's sizes, or why EZKL
    rejects it. Raises when EZKL cannot even lower the model."""
    import onnx

    from auditor.ezkl import Rejected, gen_settings
    from auditor.front_ends.ezkl import lower_with_ezkl

    path = directory / f"{name}.onnx"
    onnx.save(build(), path)
    graphs: list[dict[str, Any]] = []
    layouts: list[dict[str, Any]] = []
    for run_args in (*RUN_ARGS, *(MORE_RUN_ARGS if name in FEW_MODELS else ())):
        graph = dump_graph(lower_with_ezkl(path, run_args).graph)
        if graph not in graphs:
            graphs.append(graph)
        layout = {"run_args": dump_run_args(run_args), "graph": graphs.index(graph)}
        try:
            layouts.append(layout | {"sizes": sizes_in_settings(gen_settings(path, run_args))})
        except Rejected as error:
            layouts.append(layout | {"rejected": str(error)})
    return {"name": name, "graphs": graphs, "layouts": layouts}


def main() -> None:
    """Writes one line for each model."""
    with tempfile.TemporaryDirectory() as directory:
        cases = [golden_case(name, build, Path(directory)) for name, build in all_models().items()]
    lines = (json.dumps(case, separators=(",", ":"), sort_keys=True) for case in cases)
    GOLDEN.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
