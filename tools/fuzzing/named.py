"""Models whose inputs have sizes with names: batches and others, one name and two, expressions, and none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, helper

from tests.hostile.making import INT64, Shape, graph, info, ints, model


def _weights(*shape: int) -> np.ndarray:
    """Values of different sizes, as those of a trained layer are."""
    return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


def _made(
    shape: Shape, nodes: Sequence[NodeProto], kind: int = 1, more: Sequence[Any] = (), **constants: Any
) -> bytes:
    inputs = [info("x", shape, kind), *more]
    return model(graph(nodes, inputs, constants=constants)).SerializeToString(deterministic=True)


def _node(operator: str, inputs: str, outputs: str, **attributes: Any) -> NodeProto:
    """A node of names with blanks between them."""
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def _perceptron(rows: str | None) -> bytes:
    nodes = [
        _node("MatMul", "x w", "a"), _node("Add", "a b", "c"), _node("Relu", "c", "d"),
        _node("MatMul", "d v", "y"),
    ]  # fmt: skip
    return _made([rows, 4], nodes, w=_weights(4, 8), b=_weights(8), v=_weights(8, 2))


def _attention(batch: str | int, length: str | None, heads: Sequence[int] = (0, -1, 2, 4)) -> bytes:
    """One head or two, cut by a ``Reshape`` with 0 and -1."""
    nodes = [
        _node("Gather", "table x", "e"), _node("MatMul", "e q", "qs"), _node("MatMul", "e k", "ks"),
        _node("Reshape", "qs heads", "qh"), _node("Reshape", "ks heads", "kh"),
        _node("Transpose", "qh", "qt", perm=[0, 2, 1, 3]), _node("Transpose", "kh", "kt", perm=[0, 2, 3, 1]),
        _node("MatMul", "qt kt", "s"), _node("Div", "s root", "t"), _node("Softmax", "t", "p", axis=-1),
        _node("MatMul", "p qt", "o"), _node("Transpose", "o", "ot", perm=[0, 2, 1, 3]),
        _node("Reshape", "ot joined", "j"), _node("MatMul", "j v", "y"),
    ]  # fmt: skip
    return _made(
        [batch, length], nodes, INT64, table=_weights(11, 8), q=_weights(8, 8), k=_weights(8, 8),
        heads=ints(*heads), root=np.array(2, np.float32), joined=ints(0, -1, 8), v=_weights(8, 3),
    )  # fmt: skip


def _reshaped_by_its_shape(*shape: str | int | None) -> bytes:
    """``Shape``, ``Gather``, ``Unsqueeze``, ``Concat``, ``Reshape``, as exporters write a view."""
    nodes = [
        _node("Shape", "x", "s"), _node("Gather", "s zero", "n", axis=0), _node("Unsqueeze", "n axis", "u"),
        _node("Concat", "u rest", "t", axis=0), _node("Reshape", "x t", "r"), _node("MatMul", "r w", "y"),
    ]  # fmt: skip
    return _made(shape, nodes, zero=np.array(0), axis=ints(0), rest=ints(-1, 4), w=_weights(4, 3))


def _expanded_by_its_shape() -> bytes:
    """``Shape``, ``ConstantOfShape``, ``Equal``, ``Where``, ``Expand``, as exporters write an expand."""
    nodes = [
        _node("Shape", "x", "s"), _node("Slice", "s zero one", "rows"),
        _node("Concat", "rows wide", "t", axis=0),
        _node("Shape", "t", "rank"), _node("ConstantOfShape", "rank", "ones"),
        _node("Equal", "t minus", "is"), _node("Where", "is t t", "size"), _node("Expand", "row size", "e"),
        _node("Add", "x e", "y"),
    ]  # fmt: skip
    return _made(["N", 4], nodes, zero=ints(0), one=ints(1), wide=ints(4), minus=ints(-1), row=_weights(1, 4))


def _positions() -> bytes:
    """A ``Range`` as long as the sequence picks positions from a table."""
    nodes = [
        _node("Shape", "x", "s"), _node("Gather", "s one", "n"), _node("Range", "zero n one", "r"),
        _node("Gather", "table r", "p"), _node("Add", "x p", "a"), _node("Relu", "a", "y"),
    ]  # fmt: skip
    return _made(["batch", "seq", 4], nodes, one=np.array(1), zero=np.array(0), table=_weights(32, 4))


def _masked() -> bytes:
    """A square of ones as large as the sequence, and what lies below its diagonal."""
    nodes = [
        _node("Shape", "x", "s"), _node("Gather", "s one", "n"), _node("Concat", "n n", "nn", axis=0),
        _node("ConstantOfShape", "nn", "z"), _node("Trilu", "z", "m", upper=0),
        _node("MatMul", "x w", "q"), _node("Transpose", "x", "xt", perm=[0, 2, 1]),
        _node("MatMul", "q xt", "qk"), _node("Add", "qk m", "y"),
    ]  # fmt: skip
    return _made([1, "seq", 4], nodes, one=ints(1), w=_weights(4, 4))


def _image(height: str | int, width: str | int) -> bytes:
    nodes = [
        _node("Conv", "x w", "c", pads=[1, 1, 1, 1], strides=[1, 1]), _node("Relu", "c", "r"),
        _node("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
        _node("GlobalAveragePool", "p", "g"), _node("Flatten", "g", "f"), _node("Gemm", "f v", "y"),
    ]  # fmt: skip
    return _made(["batch_size", 3, height, width], nodes, w=_weights(4, 3, 3, 3), v=_weights(4, 2))


def _two_inputs() -> bytes:
    nodes = [_node("MatMul", "x z", "a"), _node("Softmax", "a", "b", axis=-1), _node("Add", "b b", "y")]
    return _made(["rows", "columns"], nodes, more=[info("z", ["columns", "rows"])])


def _recurrent() -> bytes:
    nodes = [_node("LSTM", "x w r", "h", hidden_size=3), _node("Squeeze", "h axis", "y")]
    return _made(["seq", 1, 4], nodes, w=_weights(1, 12, 4), r=_weights(1, 12, 3), axis=ints(1))


def _cut_and_joined() -> bytes:
    """``Split``, ``Slice``, ``Concat`` and ``Pad`` along the axis with a name, and beside it."""
    nodes = [
        _node("Split", "x", "a b", axis=1), _node("Slice", "a from to first", "c"),
        _node("Concat", "c b", "d", axis=0), _node("Pad", "d pads", "f"),
        _node("ReduceMean", "f", "g", axes=[0], keepdims=1), _node("Sub", "f g", "y"),
    ]  # fmt: skip
    return _made(
        ["N", 4],
        nodes,
        **{"from": ints(1)},
        to=ints(2**62),
        first=ints(0),
        pads=ints(0, 1, 0, 1),
    )


def _flattened(length: str) -> bytes:
    """A layer whose weights are as many as a fixed sequence has numbers, behind one with a name."""
    nodes = [_node("Relu", "x", "a"), _node("Flatten", "a", "b", axis=1), _node("ReduceSum", "b one", "y")]
    return _made(["batch", length, 3], nodes, one=ints(1))


MODELS: Mapping[str, Callable[[], bytes]] = {
    "perceptron-of-a-batch": lambda: _perceptron("batch"),
    "perceptron-of-rows": lambda: _perceptron("rows"),
    "perceptron-of-unknown-rows": lambda: _perceptron(None),
    "perceptron-of-an-expression": lambda: _perceptron("N+1"),
    "attention": lambda: _attention("batch", "seq"),
    "attention-of-a-fixed-batch": lambda: _attention(1, "seq"),
    "attention-of-unknown-length": lambda: _attention(1, None),
    "attention-of-a-product": lambda: _attention("batch", "2*N"),
    "attention-of-one-head": lambda: _attention("batch", "seq", (0, 0, 1, 8)),
    "reshaped-by-its-shape": lambda: _reshaped_by_its_shape("batch", 4, 4),
    "reshaped-by-a-name": lambda: _reshaped_by_its_shape("N", 2, "M", 4),
    "reshaped-by-unknown": lambda: _reshaped_by_its_shape(None, None, 4),
    "expanded-by-its-shape": _expanded_by_its_shape,
    "positions": _positions,
    "masked": _masked,
    "image-of-a-fixed-size": lambda: _image(6, 6),
    "image-of-any-size": lambda: _image("H", "W"),
    "image-of-half-a-name": lambda: _image("2*K", "K"),
    "two-inputs-of-two-names": _two_inputs,
    "recurrent": _recurrent,
    "cut-and-joined": _cut_and_joined,
    "flattened": lambda: _flattened("seq"),
}
