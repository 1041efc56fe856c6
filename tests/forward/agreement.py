"""Whether the executor says what the real EZKL says: integers, tables, and room to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from auditor.circuit import Circuit, RunArgs
from auditor.forward import forward
from tests.forward.ezkl_witness import WitnessMaker


def agree(
    maker: WitnessMaker, model: Path, circuit: Circuit, inputs: Sequence[np.ndarray], rows: int
) -> str | None:
    """None, or how EZKL differs. Every row gets the base of digits that it just fits, and then one less."""
    result = forward(circuit, inputs)
    faulty = {row for fault in result.needs.faults for row in fault.rows}
    legs = circuit.run_args.decomp_legs if result.needs.rounded else 1
    too_few = any(base**legs - 1 < largest for base, largest in result.needs.rounded.items())
    for row in range(rows):
        given = [values[row] for values in inputs]
        base = least_base(int(result.needs.decomposed[row]), legs)
        witness = maker.make(model, with_digits(circuit.run_args, base, legs), given)
        if too_few or witness is None:
            if not too_few and row not in faulty:
                return f"row {row}: no witness with {legs} digits of base {base}"
            continue
        if witness.outputs != [output[row].ravel().tolist() for output in result.outputs]:
            return f"row {row}: EZKL has {witness.outputs}"
        lookups = (int(result.needs.lookup_low[row]), int(result.needs.lookup_high[row]))
        if (witness.lookup_low, witness.lookup_high) != lookups:
            return f"row {row}: EZKL looks up {witness.lookup_low} to {witness.lookup_high}"
        if base > 1 and maker.make(model, with_digits(circuit.run_args, base - 1, legs), given) is not None:
            return f"row {row}: a witness with {legs} digits of base {base - 1}"
    return None


def with_digits(run_args: RunArgs, base: int, legs: int) -> RunArgs:
    """The same run args with room for other numbers; what EZKL would hash is public."""
    shown = {
        "input_visibility": "public" if run_args.input_visibility != "private" else "private",
        "output_visibility": "public",
        "param_visibility": "fixed",
    }
    return replace(run_args, decomp_base=base, decomp_legs=legs, **shown)


def least_base(largest: int, legs: int) -> int:
    """The least base whose ``legs`` digits hold a number."""
    base = max(1, round((largest + 1) ** (1 / legs)) - 1)
    while base**legs - 1 < largest:
        base += 1
    return base


def rows_of(circuit: Circuit, inputs: Sequence[Any]) -> list[np.ndarray]:
    """One row for each input of the circuit."""
    shapes = {node.id: node.shape for node in circuit.graph.nodes if hasattr(node, "shape")}
    pairs = zip(circuit.graph.inputs, inputs, strict=True)
    return [np.asarray(values, dtype=np.float64).reshape((1, *shapes[node_id])) for node_id, values in pairs]
