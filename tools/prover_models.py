"""The circuits of :mod:`tools.prover_costs`: small models with run args that reach every structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import onnx
from msgspec import Struct
from onnx import NodeProto, TensorProto, helper, numpy_helper

from auditor.circuit.run_args import RunArgs

Weights = dict[str, np.ndarray]


class Case(Struct, frozen=True, kw_only=True):
    """A circuit to prove. ``structure`` is what it is there for; ``family`` names its model.

    ``positions``: its inputs are whole numbers below this, where that is not 0.
    """

    name: str
    family: str
    structure: str
    model: bytes
    run_args: RunArgs
    positions: int = 0

    @property
    def has_freivalds(self) -> bool:
        """Whether it was made for Freivalds' argument."""
        return self.structure.startswith("Freivalds")


def _model(
    nodes: list[NodeProto],
    inputs: Mapping[str, tuple[int, ...]],
    output: tuple[int, ...],
    weights: Weights | None = None,
    *,
    kind: int = TensorProto.FLOAT,
) -> bytes:
    """A model whose output is ``y``, of floats, and whose inputs are of a kind."""
    given = weights or {}
    graph = helper.make_graph(
        nodes,
        "circuit",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [numpy_helper.from_array(value, name) for name, value in given.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    data: bytes = made.SerializeToString()
    return data


def _weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Multiples of 1/8 below 1, none of them zero."""
    eighths = np.random.default_rng(seed).integers(1, 8, size=shape)
    signs = np.random.default_rng(seed + 1).choice([-1, 1], size=shape)
    return np.asarray(eighths * signs / 8, np.float32)


def dense(inputs: int = 4, outputs: int = 3) -> bytes:
    """A dense layer and a ReLU: two range checks, dot products."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Add", ["h", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["y"]),
    ]
    weights = {"w": _weights(inputs, outputs), "b": _weights(outputs, seed=2)}
    return _model(nodes, {"x": (1, inputs)}, (1, outputs), weights)


def unary(*operators: str, size: int = 4, nested: bool = False) -> bytes:
    """One operator after the other on the same values, summed (or each on the result of the last)."""
    nodes, last = [], "x"
    for index, operator in enumerate(operators):
        nodes.append(helper.make_node(operator, [last if nested else "x"], [f"u{index}"]))
        if not nested and index:
            nodes.append(helper.make_node("Add", [last, f"u{index}"], [f"s{index}"]))
        last = f"s{index}" if not nested and index else f"u{index}"
    nodes.append(helper.make_node("Identity", [last], ["y"]))
    return _model(nodes, {"x": (1, size)}, (1, size))


def softmax(size: int = 4) -> bytes:
    """Exponentials, a sum and a division."""
    return _model([helper.make_node("Softmax", ["x"], ["y"], axis=1)], {"x": (1, size)}, (1, size))


def convolution(side: int = 6, channels: int = 2) -> bytes:
    """A 3 x 3 convolution with bias and a ReLU."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["h"], strides=[1, 1]),
        helper.make_node("Relu", ["h"], ["y"]),
    ]
    weights = {"w": _weights(channels, 1, 3, 3), "b": _weights(channels, seed=2)}
    return _model(nodes, {"x": (1, 1, side, side)}, (1, channels, side - 2, side - 2), weights)


def max_pool(side: int = 4) -> bytes:
    """Sorts every window: shuffles."""
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    return _model([node], {"x": (1, 1, side, side)}, (1, 1, side // 2, side // 2))


def top_k(size: int = 6, kept: int = 2) -> bytes:
    """The largest values, by sorting: shuffles."""
    node = helper.make_node("TopK", ["x", "k"], ["y", "i"], axis=1)
    return _model([node], {"x": (1, size)}, (1, kept), {"k": np.array([kept], np.int64)})


def picked(size: int = 4, rows: int = 6, *, sorted_too: bool = False) -> bytes:
    """Rows of a table picked by an input: a dynamic table. ``sorted_too`` adds the largest, by shuffles."""
    nodes = [helper.make_node("Gather", ["w", "x"], ["g"], axis=0)]
    weights: Weights = {"w": _weights(rows, 3)}
    if sorted_too:
        weights["k"] = np.array([2], np.int64)
        nodes.append(helper.make_node("TopK", ["g", "k"], ["y", "i"], axis=1))
    else:
        nodes.append(helper.make_node("Identity", ["g"], ["y"]))
    return _model(nodes, {"x": (size,)}, (size, 2 if sorted_too else 3), weights, kind=TensorProto.INT64)


def reduction(operator: str, size: int = 6) -> bytes:
    """A sum or a product over an axis, by accumulating gates."""
    inputs = {"x": (2, size)}
    if operator == "ReduceSum":
        node = helper.make_node(operator, ["x", "axes"], ["y"], keepdims=1)
        return _model([node], inputs, (2, 1), {"axes": np.array([1], np.int64)})
    return _model([helper.make_node(operator, ["x"], ["y"], keepdims=1, axes=[1])], inputs, (2, 1))


def product(left: tuple[int, ...], right: tuple[int, ...], *, constant: bool = False) -> bytes:
    """A product of matrices, large enough for Freivalds' argument in both free axes."""
    shape = np.matmul(np.zeros(left), np.zeros(right)).shape
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    if constant:
        return _model([node], {"x": left}, shape, {"w": _weights(*right)})
    return _model([node], {"x": left, "w": right}, shape)


def einsum(equation: str, *shapes: tuple[int, ...]) -> bytes:
    """An einsum of inputs."""
    names = [f"x{index}" for index in range(len(shapes))]
    output = np.einsum(equation, *(np.zeros(shape) for shape in shapes)).shape
    node = helper.make_node("Einsum", names, ["y"], equation=equation)
    return _model([node], dict(zip(names, shapes, strict=True)), output)


def attention(length: int = 4, width: int = 4) -> bytes:
    """softmax(x x^T) x: two products for Freivalds' argument, and tables."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "t"], ["a"]),
        helper.make_node("Softmax", ["a"], ["p"], axis=1),
        helper.make_node("MatMul", ["p", "x"], ["y"]),
    ]
    return _model(nodes, {"x": (length, width)}, (length, width))


# --- cases ---------------------------------------------------------------------------------

_BASES = {8: (128, 4), 9: (256, 4), 10: (512, 4), 11: (1024, 3), 12: (2048, 3), 13: (4096, 3), 14: (8192, 3)}


def _run_args(logrows: int, **changes: object) -> RunArgs:
    """Tables that fit one column of so many rows."""
    base, legs = _BASES.get(logrows, (16384, 2))
    largest = min(2 ** (logrows - 1) - 16, 8000)
    lookup_range = (-largest, largest)
    run_args = RunArgs(logrows=logrows, decomp_base=base, decomp_legs=legs, lookup_range=lookup_range)
    return run_args.with_changes(**changes)


def cases() -> Iterator[Case]:
    """All of them; by logrows, as :mod:`tools.prover_costs` wants to make each SRS once."""
    yield from sorted(_cases(), key=lambda case: (case.run_args.logrows, case.name))


def _cases() -> Iterator[Case]:
    for make in (_plain, _blocks, _tables, _dynamic, _visibilities, _freivalds):
        yield from make()


def _named(
    family: str, structure: str, model: Callable[[], bytes], positions: int = 0
) -> Callable[..., Case]:
    data = model()

    def case(logrows: int, **changes: object) -> Case:
        run_args = _run_args(logrows, **changes)
        words = [family, f"k{logrows}", f"c{run_args.num_inner_cols}"]
        shown = {*changes} - {"num_inner_cols", "lookup_range"}
        words += [str(changes[name]).replace("/", "-") for name in sorted(shown)]
        return Case(
            name="_".join(words),
            family=family,
            structure=structure,
            model=data,
            run_args=run_args,
            positions=positions,
        )

    return case


def _plain() -> Iterator[Case]:
    case = _named("dense", "one block", dense)
    for columns in range(1, 9):
        yield case(8, num_inner_cols=columns)
    one_column = ((logrows, 1) for logrows in (9, 11, 13, 15, 16, 17, 18))
    for logrows, columns in (*one_column, (10, 2), (10, 8), (12, 3), (14, 2), (15, 2)):
        yield case(logrows, num_inner_cols=columns)


def _blocks() -> Iterator[Case]:
    yield _named("convolution", "several blocks", convolution)(8, num_inner_cols=1)
    yield _named("convolution", "several blocks", convolution)(8, num_inner_cols=2)
    yield _named("convolution", "several blocks", convolution)(9, num_inner_cols=3)
    large = _named("large_convolution", "several blocks", lambda: convolution(14, 3))
    for logrows, columns in ((9, 2), (10, 4), (11, 1), (13, 2)):
        yield large(logrows, num_inner_cols=columns, input_visibility="private", output_visibility="private")
    yield _named("wide_dense", "several blocks", lambda: dense(60, 20))(10, num_inner_cols=1)
    yield _named("sum", "accumulating gates", lambda: reduction("ReduceSum", 6))(8)
    yield _named("product", "accumulating gates", lambda: reduction("ReduceProd", 3))(8)
    yield _named("long_sum", "accumulating gates, several blocks", lambda: reduction("ReduceSum", 400))(
        8, num_inner_cols=1, input_visibility="private"
    )


def _tables() -> Iterator[Case]:
    trigonometry = _named("trigonometry", "several lookups", lambda: unary("Sin", "Cos", "Sigmoid", "Tanh"))
    for logrows, columns in ((8, 1), (10, 2), (13, 1), (15, 1), (16, 1)):
        yield trigonometry(logrows, num_inner_cols=columns, lookup_range=(-120, 120))
    yield _named("sigmoid", "a lookup", lambda: unary("Sigmoid"))(9, num_inner_cols=4)
    wide = _named("wide_sigmoid", "tables over several columns", lambda: unary("Sigmoid"))
    yield wide(8, lookup_range=(-600, 600))
    yield wide(9, lookup_range=(-1000, 1000), num_inner_cols=1)
    yield _named("wide_dense_base", "tables over several columns", dense)(8, decomp_base=1024, decomp_legs=2)
    yield _named("softmax", "several lookups", softmax)(10)
    yield _named("softmax", "several lookups", softmax)(14, num_inner_cols=1)
    many = unary("Sigmoid", "Tanh", size=30)
    blocks = _named("many_sigmoids", "several lookups, several blocks", lambda: many)
    yield blocks(8, num_inner_cols=1, lookup_range=(-120, 120))
    yield blocks(9, num_inner_cols=1, lookup_range=(-120, 120))


def _dynamic() -> Iterator[Case]:
    yield _named("picked", "a dynamic table", picked, 6)(8)
    yield _named("picked", "a dynamic table", picked, 6)(12, num_inner_cols=1)
    both = _named("picked_top", "dynamic tables and shuffles", lambda: picked(sorted_too=True), 6)
    yield both(8, num_inner_cols=1)
    yield both(11)
    yield _named("max_pool", "shuffles", max_pool)(9)
    yield _named("max_pool", "shuffles", max_pool)(14, num_inner_cols=1)
    yield _named("large_max_pool", "shuffles, several blocks", lambda: max_pool(12))(9, num_inner_cols=1)
    yield _named("top_k", "shuffles", top_k)(10)


def _visibilities() -> Iterator[Case]:
    case = _named("dense_seen", "hashed", dense)
    yield case(8, input_visibility="hashed")
    yield case(10, output_visibility="hashed", num_inner_cols=1)
    yield case(12, input_visibility="hashed", output_visibility="hashed")
    yield case(11, param_visibility="hashed")
    blocks = _named("wide_dense_seen", "hashed, several blocks", lambda: dense(6, 40))
    yield blocks(9, input_visibility="hashed", num_inner_cols=1)
    yield blocks(10, input_visibility="hashed", num_inner_cols=2)
    committed = _named("dense_committed", "polycommit", dense)
    yield committed(8, input_visibility="polycommit")
    yield committed(10, param_visibility="polycommit", input_visibility="polycommit")
    yield committed(11, output_visibility="polycommit", input_visibility="private")
    large = _named("wide_dense_committed", "polycommit, several blocks", lambda: dense(60, 20))
    yield large(9, param_visibility="polycommit", num_inner_cols=1)
    yield _named("dense_hidden", "private", dense)(8, param_visibility="private", input_visibility="private")


def _freivalds() -> Iterator[Case]:
    """By whether the area of the argument itself takes one block or several."""
    one, several = "Freivalds, one block", "Freivalds, several blocks"
    private = {"input_visibility": "private"}

    def square(size: int, structure: str) -> Callable[..., Case]:
        return _named(f"product_{size}", structure, lambda: product((size, size), (size, size)))

    for logrows, columns in ((10, 4), (12, 2), (14, 1)):
        yield square(4, one)(logrows, num_inner_cols=columns)
    yield _named("einsum_4", one, lambda: einsum("abc,acd->abd", (2, 3, 4), (2, 4, 3)))(10)
    for size, logrows, columns in (
        (4, 8, 1), (4, 8, 2), (5, 8, 2), (5, 9, 1), (6, 9, 2), (6, 10, 1), (8, 9, 2), (8, 10, 1),
    ):  # fmt: skip
        yield square(size, several)(logrows, num_inner_cols=columns)
    for size, logrows, columns in ((12, 8, 2), (12, 9, 1), (16, 9, 2)):
        yield square(size, several)(logrows, num_inner_cols=columns, **private)
    fixed = _named("product_fixed", several, lambda: product((4, 4), (4, 4), constant=True))
    yield fixed(9)
    yield _named("product_batch", several, lambda: product((2, 8, 8), (2, 8, 8)))(8, **private)
    batch = _named("product_small_batch", several, lambda: product((2, 3, 3), (2, 3, 3)))
    for logrows, columns in ((8, 2), (9, 2), (10, 1)):
        yield batch(logrows, num_inner_cols=columns)
    yield _named("einsum_3", several, lambda: einsum("ij,jk,kl->il", (5, 5), (5, 5), (5, 5)))(8)
    three = _named("einsum_3_small", several, lambda: einsum("ij,jk,kl->il", (4, 4), (4, 4), (4, 4)))
    for logrows, columns in ((8, 2), (9, 1)):
        yield three(logrows, num_inner_cols=columns)
    yield _named("attention", several, attention)(10)
    yield _named("large_attention", several, lambda: attention(6, 4))(9)
    disabled = _named("product_disabled", "Freivalds, disabled", lambda: product((8, 8), (8, 8)))
    yield disabled(8, disable_freivalds=True)
