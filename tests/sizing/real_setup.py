"""Runs EZKL from settings to proof in the current directory, and prints what came out as JSON.

Usage: real_setup.py MODEL RUN_ARGS_JSON. Run it in a process of its own: EZKL may abort it.
"""

import json
import sys
from pathlib import Path

import ezkl
import numpy as np
import onnx


def main(model: str, run_args_json: str) -> None:
    run_args = ezkl.PyRunArgs()
    for name, value in json.loads(run_args_json).items():
        setattr(run_args, name, tuple(value) if name == "lookup_range" else value)
    ezkl.gen_settings(model, "settings.json", py_run_args=run_args)
    ezkl.compile_circuit(model, "circuit.bin", "settings.json")
    ezkl.gen_srs("srs.bin", run_args.logrows)
    ezkl.setup("circuit.bin", "vk.bin", "pk.bin", "srs.bin")

    shapes = [
        [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in onnx.load(model).graph.input
    ]
    generator = np.random.default_rng(0)
    data = [generator.uniform(0.1, 0.9, size=shape).astype(np.float32).ravel().tolist() for shape in shapes]
    Path("input.json").write_text(json.dumps({"input_data": data}))
    ezkl.gen_witness("input.json", "circuit.bin", "witness.json")
    ezkl.prove("witness.json", "circuit.bin", "pk.bin", "proof.json", "srs.bin")
    verified = ezkl.verify("proof.json", "settings.json", "vk.bin", "srs.bin")

    proof = json.loads(Path("proof.json").read_text())
    result = {
        "settings": json.loads(Path("settings.json").read_text()),
        "verified": verified,
        "verifying_key_bytes": Path("vk.bin").stat().st_size,
        "proving_key_bytes": Path("pk.bin").stat().st_size,
        "srs_bytes": Path("srs.bin").stat().st_size,
        "proof_bytes": len(proof["proof"]),
        "num_instances": sum(len(column) for column in proof["instances"]),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
