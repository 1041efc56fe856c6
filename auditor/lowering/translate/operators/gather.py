"""Gather, GatherElements, GatherND, ArrayFeatureExtractor (tract `hir/src/ops/array/gather*.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import Shape
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.expectations import expect_inputs, expect_type
from auditor.lowering.translate.readers import reaches_output, readers
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.cast import Cast
from auditor.lowering.typed.gather import Gather, GatherElements, GatherNd
from auditor.model.graph import GraphDef, NodeDef

_SAME_SHAPE = frozenset(
    {
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp",
        "Floor", "HardSwish", "Log", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh",
        "Sqrt", "Tan", "Tanh",
    }
)  # fmt: skip
"""Operators whose output tract infers to have the shape of their only input."""

_WHOLE_SHAPES_ONLY = frozenset({"Add", "Sub", "Mul", "Div"})
"""Operators of which tract infers nothing while it knows an input's first sizes only."""


@translates("Gather")
def gather(call: Call) -> list[Outlet]:
    """The indices are always cast, also when they are i64 already."""
    expect_inputs(call, 2)
    data, indices = call.present
    axis = from_the_end(integer(call, "axis", 0), call.fact(data).rank)
    cast = call.wire(Cast(to="i64"), indices, suffix="cast_to_i64")
    return [call.wire(Gather(axis=axis), data, cast)]


@translates("GatherElements")
def gather_elements(call: Call) -> list[Outlet]:
    expect_inputs(call, 2)
    data, indices = call.present
    rank = call.fact(data).rank
    if call.fact(indices).rank != rank:
        raise Rejected(f"data has {rank} axes and its indices have {call.fact(indices).rank}")
    return [call.wire(GatherElements(axis=from_the_end(integer(call, "axis", 0), rank)), data, indices)]


@translates("GatherND")
def gather_nd(call: Call) -> list[Outlet]:
    expect_inputs(call, 2)
    data, indices = call.present
    batch_dims = integer(call, "batch_dims", 0)
    if batch_dims < 0:
        raise Rejected(f"attribute batch_dims is {batch_dims}")
    op = GatherNd(batch_dims=batch_dims)
    shape = op.output_facts([call.fact(data), call.fact(indices)])[0].shape
    _check_inferred_shape(call, call.fact(indices).shape, shape)
    return [call.wire(op, data, indices)]


@translates("ArrayFeatureExtractor")
def array_feature_extractor(call: Call) -> list[Outlet]:
    """A gather on the last axis; tract takes i64 indices only and casts nothing here."""
    expect_inputs(call, 2)
    data, indices = call.present
    expect_type(call, indices, "i64", "the indices")
    return [call.wire(Gather(axis=call.fact(data).rank - 1), data, indices)]


def from_the_end(axis: int, rank: int) -> int:
    """A negative axis counted from the end; the result is not checked."""
    return axis + rank if axis < 0 else axis


def _check_inferred_shape(call: Call, indices: Shape, shape: Shape) -> None:
    """tract infers the trailing sizes of a GatherND from the wrong input, the indices.

    A wrong shape hurts when tract compares it with a right one, of a constant or of a later node.

    Raises:
        Rejected: it hurts, or tract fills the memory counting down from zero.
        Uncertain: whether it hurts depends on rules of the operators that read the output.
    """
    surplus = len(indices) - indices[-1]
    if surplus < 0:
        raise Rejected(
            f"EZKL's ONNX reader runs out of memory on indices of shape {list(indices)}",
            "give the indices more axes of size one",
        )
    inferred = (*indices[:-1], *indices[:surplus])
    if shape[: len(inferred)] == inferred:
        return
    reason = f"EZKL's ONNX reader infers shape {list(inferred)}... where it is {list(shape)}"
    if call.constant(0) is not None and call.constant(1) is not None:
        raise Rejected(reason, "gather with Gather or GatherElements")
    if call.main is None:
        raise Uncertain(reason)
    _check_readers(call.main, call.node, inferred, reason)


def _check_readers(graph: GraphDef, node: NodeDef, inferred: Shape, reason: str) -> None:
    """Raises as :func:`_check_inferred_shape` does, when a wrong shape is inferred for a node's output."""
    found = list(readers(graph, node))
    compared = any(reader.op_type in _SAME_SHAPE and reaches_output(graph, reader) for reader in found)
    if compared or not _fits_declaration(graph, node.outputs[0], inferred):
        raise Rejected(reason, "gather with Gather or GatherElements")
    if any(reader.op_type not in _WHOLE_SHAPES_ONLY for reader in found):
        raise Uncertain(reason)


def _fits_declaration(graph: GraphDef, name: str, inferred: Shape) -> bool:
    """Whether the file declares nothing else; EZKL drops what it declares of outputs of the model."""
    info = graph.value_infos.get(name)
    if info is None or info.shape is None or any(output.name == name for output in graph.outputs):
        return True
    return len(info.shape) >= len(inferred) and all(
        declared == dim or not isinstance(declared, int)
        for declared, dim in zip(info.shape, inferred, strict=False)
    )
