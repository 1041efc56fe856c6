"""Lays out a circuit node by node, in EZKL's order, and adds up its size.

Follows EZKL graph/model.rs ``dummy_layout`` and ``layout_nodes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from msgspec.structs import replace

from auditor.circuit.graph import Circuit, CircuitNode, Graph, SubCircuit
from auditor.circuit.ops import Constant, Input, Op, Output, RebaseScale, Rescaled, Shape
from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize, LayerSize
from auditor.layout.constant_count import count_constants
from auditor.layout.errors import LayoutError
from auditor.layout.modules import instance_shapes, measure_modules
from auditor.layout.region import RESERVED_ROWS, LayoutSettings, Region
from auditor.layout.rules import apply_rule
from auditor.layout.scan import Scan
from auditor.layout.values import ConstantTensor, RandomConstants, Value, activation

Results = dict[int, list[Value]]


def lay_out(circuit: Circuit) -> CircuitSize:
    """The size EZKL's ``gen_settings`` reports for a circuit.

    Takes time in proportion to the number of nodes, whatever their sizes. Raises LayoutError where
    EZKL rejects the circuit.
    """
    run_args = circuit.run_args
    region = Region(LayoutSettings.from_run_args(run_args))
    layers: list[LayerSize] = []
    results = _model_inputs(circuit.graph, run_args)
    outputs = _lay_out_graph(circuit.graph, region, results, layers)
    _check_outputs(outputs, region, run_args, layers)
    modules = measure_modules(circuit.graph, run_args)
    constants = count_constants(region.constants)
    return CircuitSize(
        num_rows=max(region.main.position // region.settings.width, modules.poseidon_rows),
        total_assignments=region.main.position,
        total_const_size=constants.exact,
        total_const_size_bounds=(constants.lower, constants.upper),
        total_dynamic_col_size=region.total_dynamic_col_size,
        max_dynamic_input_len=region.max_dynamic_input_len,
        num_dynamic_lookups=region.num_dynamic_lookups,
        num_shuffles=region.num_shuffles,
        total_shuffle_col_size=region.total_shuffle_col_size,
        total_einsum_col_size=region.einsum.position,
        einsum_equations=region.einsum_equations(),
        required_lookups=tuple(sorted(region.lookups, key=lambda table: (table.function, table.parameters))),
        required_range_checks=tuple(sorted(region.range_checks)),
        module_sizes=modules,
        model_instance_shapes=instance_shapes(circuit.graph, run_args),
        layers=tuple(layers),
    )


def least_logrows(circuit: Circuit, error: LayoutError, *, most: int) -> int | None:
    """The least ``logrows`` that a circuit rejected with ``error`` can be laid out with.

    None when longer columns do not help, or only ones of more than 2^``most`` rows.
    """
    while error.rows_needed:
        logrows = (error.rows_needed + RESERVED_ROWS - 1).bit_length()
        if logrows > most:
            return None
        try:
            lay_out(replace(circuit, run_args=circuit.run_args.with_changes(logrows=logrows)))
        except LayoutError as next_error:
            error = next_error  # what needs more rows still, or fails whatever the rows
        else:
            return logrows
    return None


def _model_inputs(graph: Graph, run_args: RunArgs) -> Results:
    """Values for the inputs; fixed ones are random constants (graph/model.rs ``gen_params``)."""
    shapes = {node.id: node.shape for node in graph.nodes if isinstance(node, CircuitNode)}
    is_fixed = run_args.input_visibility == "fixed"
    return {
        node_id: [_random(shapes[node_id]) if is_fixed else activation(shapes[node_id])]
        for node_id in graph.inputs
    }


def _random(shape: Shape) -> Value:
    size = prod(shape)
    return Value(shape=shape, size=size, constants=frozenset({RandomConstants(count=size)}))


def _check_outputs(outputs: list[Value], region: Region, run_args: RunArgs, layers: list[LayerSize]) -> None:
    """Compares public and fixed outputs with what is expected."""
    visibility = run_args.output_visibility
    if visibility in ("public", "fixed"):
        op = Output(decompose=not run_args.ignore_range_check_inputs_outputs)
        for output in outputs:
            expected = _random(output.shape) if visibility == "fixed" else activation(output.shape)
            meter = _LayerMeter(region, layers)
            try:
                apply_rule(op, [output, expected], region)
            except LayoutError as error:
                raise error.at("output") from error
            meter.record("output", op.name)
    elif visibility != "private":
        for output in outputs:
            region.assign(output)


# --- graphs -------------------------------------------------------------------------------------


class _LayerMeter:
    """Notes what the region gained since it was made."""

    __slots__ = ("einsum", "layers", "main", "region")

    def __init__(self, region: Region, layers: list[LayerSize] | None) -> None:
        self.region = region
        self.layers = layers
        self.main = region.main.position
        self.einsum = region.einsum.position

    def record(self, node: str, operator: str) -> None:
        """Adds the layer, unless nobody wants it."""
        if self.layers is None:
            return
        width, position = self.region.settings.width, self.region.main.position
        self.layers.append(
            LayerSize(
                node=node,
                operator=operator,
                num_rows=position // width - self.main // width,
                total_assignments=position - self.main,
                total_einsum_col_size=self.region.einsum.position - self.einsum,
            )
        )


def _lay_out_graph(
    graph: Graph, region: Region, results: Results, layers: list[LayerSize] | None
) -> list[Value]:
    """Lays out all nodes; ``results`` holds the inputs and is used up. Returns the outputs."""
    inputs = {node_id: results[node_id] for node_id in graph.inputs}
    uses = {node.id: node.uses for node in graph.nodes if isinstance(node, CircuitNode)}
    kept = {node_id for node_id, _ in graph.outputs}
    for node in graph.nodes:
        meter = _LayerMeter(region, layers)
        try:
            if isinstance(node, SubCircuit):
                values = [_take(results, uses, kept, *outlet) for outlet in node.inputs]
                results[node.id] = _lay_out_scan(node, values, region)
            else:
                if isinstance(node.op, Input):
                    values = [_take(results, uses, set(), node.id, 0)]
                else:
                    values = [_take(results, uses, kept, *outlet) for outlet in node.inputs]
                results[node.id] = [_lay_out_node(node, values, region)]
        except LayoutError as error:
            raise error.at(_name(node)) from error
        meter.record(_name(node), _operator(node))
    results.update(inputs)
    return [_output(results, *outlet) for outlet in graph.outputs]


def _take(results: Results, uses: dict[int, int], kept: Iterable[int], node_id: int, slot: int) -> Value:
    """A value for a consumer; EZKL forgets those with one use once they are taken."""
    try:
        if uses.get(node_id) == 1 and node_id not in kept:
            return results.pop(node_id)[slot]
        return results[node_id][slot]
    except (KeyError, IndexError):
        raise LayoutError(f"EZKL has no result of node {node_id} left") from None


def _output(results: Results, node_id: int, slot: int) -> Value:
    try:
        return results[node_id][slot]
    except (KeyError, IndexError):
        raise LayoutError(f"output {node_id} has no result") from None


def _lay_out_node(node: CircuitNode, inputs: list[Value], region: Region) -> Value:
    if isinstance(node.op, Constant):
        value = _constant(node.op, node.shape)
        if node.uses != 1:
            value = apply_rule(node.op, [value], region)
    else:
        value = apply_rule(node.op, inputs, region)
    if value.size != prod(node.shape):
        raise LayoutError(f"cannot reshape {list(value.shape)} to {list(node.shape)}")
    return value.reshaped(node.shape)


def _constant(op: Constant, shape: Shape) -> Value:
    """Only fixed parameters are constants of the circuit; others are witnesses."""
    size = prod(shape)
    if op.visibility.lower() != "fixed" or size == 0:
        return activation(shape)
    part = ConstantTensor(size=size, load=op.load)
    return Value(shape=shape, size=size, constants=frozenset({part}), load=op.load)


def _name(node: CircuitNode | SubCircuit) -> str:
    return node.origin or f"node {node.id}"


def _operator(node: CircuitNode | SubCircuit) -> str:
    if isinstance(node, SubCircuit):
        return "Scan"
    op: Op = node.op
    while isinstance(op, RebaseScale | Rescaled):
        op = op.inner
    return op.name


def _lay_out_scan(node: SubCircuit, inputs: list[Value], region: Region) -> list[Value]:
    """The body once for each iteration; see :class:`Scan` for what flows between them."""
    scan = Scan(node, inputs)

    def iteration() -> list[Value]:
        results = {
            node_id: [value] for node_id, value in zip(node.body.inputs, scan.body_inputs(), strict=False)
        }
        return _lay_out_graph(node.body, region, results, None)

    while not scan.is_finished:
        before = scan.state(), region.num_dynamic_lookups, region.num_shuffles
        scan.finish_iteration(iteration())
        left = scan.iterations - scan.done
        if left and before == (scan.state(), region.num_dynamic_lookups, region.num_shuffles):
            # All further iterations are this one again, wherever the cursors stand.
            scan.finish_iterations(region.repeat(left, iteration), left)
    return scan.outputs()
