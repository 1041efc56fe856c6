"""What EZKL's circuit makes of an input: its witness alone, without keys or proof."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from auditor.circuit.field import signed
from auditor.circuit.run_args import RunArgs
from auditor.ezkl import call, gen_settings
from auditor.guard import Limits
from auditor.proving.agreement import CircuitOutput
from auditor.proving.inputs import Inputs, as_input_json

LIMITS = Limits(memory_bytes=4 << 30, cpu_seconds=60, wall_seconds=60)


def outputs_of(model: Path, inputs: Inputs, run_args: RunArgs) -> tuple[list[CircuitOutput], list[int]]:
    """The outputs in the circuit's integers, and the scales of its inputs."""
    settings = gen_settings(model, run_args, limits=LIMITS)
    with tempfile.TemporaryDirectory() as directory:
        circuit = Path(directory, "circuit")
        request = {"model": str(model), "settings": settings}
        circuit.write_bytes(call("compile_circuit", request, stage="compile", limits=LIMITS).value)
        request = {"circuit": str(circuit), "input": as_input_json(inputs)}
        witness = json.loads(call("gen_witness", request, stage="witness", limits=LIMITS).value)
    outputs = [
        [signed(int.from_bytes(bytes.fromhex(element), "little")) for element in output]
        for output in witness["outputs"]
    ]
    shapes = settings["model_instance_shapes"][-len(outputs) :]
    rows = zip(shapes, outputs, settings["model_output_scales"], strict=True)
    return [CircuitOutput(*row) for row in rows], settings["model_input_scales"]
