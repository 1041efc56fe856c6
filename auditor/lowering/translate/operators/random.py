"""Random numbers (tract `onnx/src/ops/random.rs`, `multinomial.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integer, integers
from auditor.lowering.translate.expectations import datum_type_attribute, expect_inputs, expect_shape
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.array_misc import Multinomial, Random


@translates("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
def random(call: Call) -> list[Outlet]:
    """tract tells the two kinds apart by the node's name, not by its operator."""
    dt = datum_type_attribute(call, "dtype")
    if call.node.name.endswith("Like"):
        expect_inputs(call, 1)
        fact = call.fact(call.present[0])
        return [call.wire(Random(dt=dt or fact.dt, shape=fact.shape))]
    shape = integers(call, "shape")
    if shape is None:
        raise Rejected(
            "EZKL's ONNX reader takes this node for one with a shape, as its name does not end in 'Like'",
            "let the name of the node end in 'Like'",
        )
    expect_inputs(call, 0)
    return [call.wire(Random(dt=dt or "f32", shape=shape))]


@translates("Multinomial")
def multinomial(call: Call) -> list[Outlet]:
    """Classes drawn at random."""
    dtype = {6: "i32", 7: "i64"}.get(integer(call, "dtype", 6))
    if dtype is None:
        raise Rejected("EZKL's ONNX reader draws int32 and int64 only")
    expect_inputs(call, 1)
    inputs = call.present[0]
    expect_shape(call, inputs, (None, None), "the input")
    if call.constant(0) is not None:
        raise Uncertain("EZKL draws the random numbers while it reads the model")
    return [call.wire(Multinomial(dtype=dtype, sample_size=integer(call, "sample_size", 1)), inputs)]
