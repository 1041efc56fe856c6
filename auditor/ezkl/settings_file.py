"""The settings.json that EZKL would write for a circuit, without EZKL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from auditor.circuit.graph import Circuit, Graph, Outlet, SubCircuit
from auditor.circuit.ops import Input
from auditor.ezkl.settings import serde_run_args

if TYPE_CHECKING:
    from auditor.circuit.size import CircuitSize

_SAME_NAMES = (
    "num_rows", "total_assignments", "total_const_size", "total_dynamic_col_size", "max_dynamic_input_len",
    "num_dynamic_lookups", "num_shuffles", "total_shuffle_col_size",
)  # fmt: skip


def settings_of(
    circuit: Circuit, size: CircuitSize, version: str, output_types: Sequence[str] | None = None
) -> dict[str, Any]:
    """What ``ezkl.gen_settings`` of ``version`` writes for ``circuit.run_args``, in canonical order.

    ``size`` is that of ``circuit``. ``output_types`` are EZKL's types of the outputs (Bool, F32, Int, ...),
    which a circuit does not hold; EZKL reads them nowhere, and null for them as well. The whole agrees with
    EZKL's file in the form of :func:`auditor.ezkl.settings.canonical_settings`, and makes the same keys.
    Every use of an einsum is an entry, so the result is as long as EZKL's file.

    EZKL ``graph/model.rs`` `gen_params`, ``graph/mod.rs`` `GraphSettings`. Raises :class:`ValueError` when
    the number of constants is not known exactly.
    """
    if size.total_const_size is None:
        low, high = size.total_const_size_bounds
        raise ValueError(
            f"EZKL's settings need the number of distinct constants, known only to be {low:,} to {high:,}: "
            "the model holds no values for some weights"
        )
    modules, graph = size.module_sizes, circuit.graph
    return {
        # What gen_settings is asked through always has an epsilon.
        "run_args": serde_run_args(circuit.run_args) | {"epsilon": circuit.run_args.effective_epsilon},
        **{name: getattr(size, name) for name in _SAME_NAMES},
        "einsum_params": {
            "equations": list(_equations(size)),
            "total_einsum_col_size": size.total_einsum_col_size,
        },
        "model_instance_shapes": [list(shape) for shape in size.model_instance_shapes],
        "model_output_scales": [_scale(graph, outlet) for outlet in graph.outputs],
        "model_input_scales": [_scale(graph, (node_id, 0)) for node_id in graph.inputs],
        "module_sizes": {
            "polycommit": list(modules.polycommit),
            "poseidon": [modules.poseidon_rows, [modules.poseidon_instances]],
        },
        "required_lookups": [lookup.as_settings() for lookup in size.required_lookups],
        "required_range_checks": [list(ends) for ends in size.required_range_checks],
        "check_mode": circuit.run_args.check_mode.upper(),
        "version": version,
        "num_blinding_factors": None,
        "timestamp": 0,  # EZKL reads no null here
        "input_types": _input_types(graph),
        "output_types": None if output_types is None else list(output_types),
    }


def _equations(size: CircuitSize) -> Iterator[list[Any]]:
    for equation in size.einsum_equations:
        entry = [equation.equation, dict(equation.dims)]
        for _ in range(equation.count):
            yield entry


def _scale(graph: Graph, outlet: Outlet) -> int:
    """EZKL ``graph/model.rs`` `get_output_scales`."""
    node_id, slot = outlet
    node = next(node for node in graph.nodes if node.id == node_id)
    return node.out_scales[slot] if isinstance(node, SubCircuit) else node.scale


def _input_types(graph: Graph) -> list[str] | None:
    """EZKL ``graph/model.rs`` `get_input_types`: null when a model input is no input of the circuit."""
    ops = {node.id: node.op for node in graph.nodes if not isinstance(node, SubCircuit)}
    types = [op.datum_type for op in map(ops.get, graph.inputs) if isinstance(op, Input)]
    return types if len(types) == len(graph.inputs) else None
