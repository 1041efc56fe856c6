"""What visibilities add beside the model: Poseidon rows, KZG columns, public instances."""

from __future__ import annotations

from math import prod

from auditor.circuit.graph import CircuitNode, Graph, SubCircuit
from auditor.circuit.ops import Constant, Shape
from auditor.circuit.run_args import RunArgs, Visibility, is_hashed
from auditor.circuit.size import ModuleSizes

POSEIDON_ROWS_PER_ELEMENT = 41
POSEIDON_FIXED_ROWS = 2
"""EZKL circuit/modules/poseidon.rs ``num_rows``."""


def measure_modules(graph: Graph, run_args: RunArgs) -> ModuleSizes:
    """EZKL graph/modules.rs ``num_constraints_and_instances``: inputs, then all parameters as one
    tensor, then outputs."""
    tensors = [
        *((run_args.input_visibility, shape) for shape in input_shapes(graph)),
        (run_args.param_visibility, (count_parameters(graph),)),
        *((run_args.output_visibility, shape) for shape in output_shapes(graph)),
    ]
    sizes = [(visibility, prod(shape)) for visibility, shape in tensors if prod(shape)]
    hashed = [size for visibility, size in sizes if is_hashed(visibility)]
    return ModuleSizes(
        polycommit=tuple(size for visibility, size in sizes if _is_polycommit(visibility)),
        poseidon_rows=sum(POSEIDON_ROWS_PER_ELEMENT * size + POSEIDON_FIXED_ROWS for size in hashed),
        poseidon_instances=len(hashed),
    )


def instance_shapes(graph: Graph, run_args: RunArgs) -> tuple[Shape, ...]:
    """EZKL graph/model.rs ``instance_shapes``: public inputs, then public outputs."""
    shapes: list[Shape] = []
    if run_args.input_visibility == "public":
        shapes.extend(input_shapes(graph))
    if run_args.output_visibility == "public":
        shapes.extend(output_shapes(graph))
    return tuple(shapes)


def input_shapes(graph: Graph) -> list[Shape]:
    """The shapes of the model's inputs."""
    shapes = {node.id: node.shape for node in graph.nodes if isinstance(node, CircuitNode)}
    return [shapes[node_id] for node_id in graph.inputs]


def output_shapes(graph: Graph) -> list[Shape]:
    """The shapes of the model's outputs."""
    shapes = {
        node.id: node.out_shapes if isinstance(node, SubCircuit) else (node.shape,) for node in graph.nodes
    }
    return [shapes[node_id][slot] for node_id, slot in graph.outputs]


def count_parameters(graph: Graph) -> int:
    """The elements of all constants, in loop bodies too."""
    total = 0
    for node in graph.nodes:
        if isinstance(node, SubCircuit):
            total += count_parameters(node.body)
        elif isinstance(node.op, Constant):
            total += prod(node.shape)
    return total


def _is_polycommit(visibility: Visibility) -> bool:
    return visibility == "polycommit"
