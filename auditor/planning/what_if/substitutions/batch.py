"""One sample instead of a batch: each proof is then of one, and smaller."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.circuit import Circuit, RunArgs
from auditor.circuit.graph import SubCircuit
from auditor.errors import AuditorError
from auditor.lowering import Unmodelled, Unsupported, lower
from auditor.model.dimensions import bind_dimensions, free_inputs
from auditor.model.graph import Model, ValueInfo
from auditor.planning.what_if.change import Change
from auditor.planning.what_if.substitutions import substitution
from auditor.planning.what_if.view import View


@substitution
def one_sample(view: View) -> Iterator[Change]:
    """Where all inputs and all outputs begin with the same size, and nothing but that changes."""
    inputs = free_inputs(view.model.graph)
    sizes = {info.shape[0] if info.shape else None for info in inputs}
    size = sizes.pop() if len(sizes) == 1 else None
    if not isinstance(size, int) or size < 2:
        return
    try:
        single = _single(view.model)
        before, after = (_output_shapes(lower(model, RunArgs()).circuit) for model in (view.model, single))
    except (AuditorError, Unmodelled, Unsupported):
        return
    if all(shape[:1] == (size,) for shape in before) and after == [(1, *shape[1:]) for shape in before]:
        yield Change(
            title=f"batch of {size:,} -> 1",
            caution="same function, of one sample in each proof",
            model=single,
        )


def _single(model: Model) -> Model:
    """The model with a first size of 1 for all inputs, its other sizes as they are bound."""
    graph = model.graph
    names = {info.name for info in free_inputs(graph)}
    infos = [replace(info, shape=info.declared or info.shape, declared=None) for info in graph.inputs]
    symbols = {str(info.shape[0]) for info in infos if info.name in names and info.shape}
    unnamed = {f"{info.name}.0" for info in infos if info.name in names}
    dims = {name: 1 if name in symbols | unnamed else size for name, size in model.bound.items()}
    inputs = tuple(_with_one(info) if info.name in names else info for info in infos)
    outputs = tuple(replace(info, shape=None, declared=None) for info in graph.outputs)
    # What the file declares about other values is of the batch.
    opened = replace(graph, inputs=inputs, outputs=outputs, value_infos={})
    return bind_dimensions(replace(model, graph=opened, bound={}), dims)[0]


def _with_one(info: ValueInfo) -> ValueInfo:
    if info.shape is None or not isinstance(info.shape[0], int):
        return info
    return replace(info, shape=(1, *info.shape[1:]))


def _output_shapes(circuit: Circuit) -> list[tuple[int, ...]]:
    nodes = {node.id: node for node in circuit.graph.nodes}
    found = []
    for node_id, slot in circuit.graph.outputs:
        node = nodes[node_id]
        found.append(node.out_shapes[slot] if isinstance(node, SubCircuit) else node.shape)
    return found
