"""Changes of a model: which are offered, that they lower, what they keep, and that the usual ones pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec import Struct, field
from onnx import NodeProto, TensorProto, helper, numpy_helper

from auditor.circuit import RunArgs
from auditor.circuit.size import CircuitSize
from auditor.layout import lay_out
from auditor.lowering import lower
from auditor.lowering.translate.driver import translate
from auditor.model import bind_dimensions, read_source
from auditor.model.graph import Model
from auditor.planning.what_if import Change, changes
from auditor.planning.what_if.change import RETRAIN, SAME
from auditor.planning.what_if.substitutions import MAX_SINGLE
from tests.lowering.running import run

RNG = np.random.default_rng(0)
node = helper.make_node


def weights(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def scalar(value: float) -> np.ndarray:
    return np.array(value, np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


class Case(Struct, frozen=True, kw_only=True):
    """A model whose input is x, whose output is y, and a change of it."""

    nodes: Sequence[NodeProto]
    change: str
    shape: Sequence[int | str] = (1, 6)
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
    outputs: Sequence[str] = ("y",)
    caution: str = RETRAIN
    dtype: int = TensorProto.FLOAT
    cheaper: str = "num_rows"
    opset: int = 17

    def model(self, directory: Path, **dims: int) -> Model:
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [helper.make_tensor_value_info("x", self.dtype, self.shape)],
            [helper.make_empty_tensor_value_info(name) for name in self.outputs],
            [numpy_helper.from_array(array, name) for name, array in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", self.opset)]
        path = directory / "model.onnx"
        path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
        return bind_dimensions(read_source(path).inlined, dims)[0]


IMAGE = (1, 2, 8, 8)
POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}
AXIS = {"axes": ints(1)}
NORM = {"scale": weights(4), "shift": weights(4), "mean": weights(4), "variance": abs(weights(4)) + 1}
NORM_INPUTS = ["h", "scale", "shift", "mean", "variance"]
EMBEDDING = {"table": weights(10, 4)}
ERF = [node("Div", ["x", "root"], ["a"]), node("Erf", ["a"], ["b"]), node("Add", ["b", "one"], ["c"])]
GELU = {"root": scalar(2**0.5), "one": scalar(1), "half": scalar(0.5)}
CUBE = {"three": scalar(3), "small": scalar(0.044715), "slope": scalar(0.7978846)}

CASES = {
    "max pool": Case(
        nodes=[node("MaxPool", ["x"], ["y"], name="pool", **POOL)],
        shape=IMAGE,
        change="MaxPool -> AveragePool at pool",
    ),
    "padded max pool": Case(
        nodes=[node("MaxPool", ["x"], ["y"], name="pool", pads=[1, 1, 1, 1], **POOL)],
        shape=IMAGE,
        change="MaxPool -> AveragePool at pool",
    ),
    "global max pool": Case(
        nodes=[node("GlobalMaxPool", ["x"], ["y"])],
        shape=IMAGE,
        change="GlobalMaxPool -> GlobalAveragePool at y",
    ),
    "relu before max pool": Case(
        nodes=[node("Relu", ["x"], ["h"]), node("MaxPool", ["h"], ["y"], pads=[1, 1, 1, 1], **POOL)],
        shape=IMAGE,
        change="Relu before MaxPool -> after it at y",
        caution=SAME,
    ),
    "tanh before max pool": Case(
        nodes=[node("Tanh", ["x"], ["h"]), node("MaxPool", ["h"], ["y"], **POOL)],
        shape=IMAGE,
        change="Tanh before MaxPool -> after it at y",
        caution=SAME,
    ),
    "reduce max": Case(
        nodes=[node("ReduceMax", ["x"], ["y"], axes=[1])], change="ReduceMax -> ReduceMean at y"
    ),
    "reduce min with an input": Case(
        nodes=[node("ReduceMin", ["x", "axes"], ["y"])],
        constants=AXIS,
        opset=18,
        change="ReduceMin -> ReduceMean at y",
    ),
    **{
        operator: Case(nodes=[node(operator, ["x"], ["y"])], change=f"{operator} -> Relu at y")
        for operator in ("LeakyRelu", "Elu", "Celu", "Selu", "ThresholdedRelu")
    },
    "PRelu": Case(
        nodes=[node("PRelu", ["x", "slope"], ["y"])],
        constants={"slope": floats(0.25)},
        change="PRelu -> Relu at y",
    ),
    "Softplus": Case(
        nodes=[node("Softplus", ["x"], ["y"])], change="Softplus -> Relu at y", cheaper="required_lookups"
    ),
    "gelu, halved last": Case(
        nodes=[*ERF, node("Mul", ["x", "c"], ["d"]), node("Mul", ["d", "half"], ["y"])],
        constants=GELU,
        change="Gelu -> Relu at y",
    ),
    "gelu, x halved": Case(
        nodes=[*ERF, node("Mul", ["x", "half"], ["d"]), node("Mul", ["d", "c"], ["y"])],
        constants=GELU,
        change="Gelu -> Relu at y",
    ),
    "gelu, gate halved": Case(
        nodes=[*ERF, node("Mul", ["half", "c"], ["d"]), node("Mul", ["d", "x"], ["y"])],
        constants=GELU,
        change="Gelu -> Relu at y",
    ),
    "gelu with tanh": Case(
        nodes=[
            node("Pow", ["x", "three"], ["p"]),
            node("Mul", ["p", "small"], ["q"]),
            node("Add", ["x", "q"], ["r"]),
            node("Mul", ["r", "slope"], ["s"]),
            node("Tanh", ["s"], ["t"]),
            node("Add", ["t", "one"], ["c"]),
            node("Mul", ["x", "half"], ["d"]),
            node("Mul", ["d", "c"], ["y"]),
        ],
        constants={**CUBE, "one": scalar(1), "half": scalar(0.5)},
        change="Gelu -> Relu at y",
    ),
    "silu": Case(
        nodes=[node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"])], change="Silu -> Relu at y"
    ),
    "hard swish of hard sigmoid": Case(
        nodes=[node("HardSigmoid", ["x"], ["s"], alpha=1 / 6), node("Mul", ["x", "s"], ["y"])],
        change="HardSwish of several nodes -> HardSwish at y",
        caution=SAME,
    ),
    "hard swish of clip": Case(
        nodes=[
            node("Add", ["x", "three"], ["a"]),
            node("Clip", ["a", "zero", "six"], ["b"]),
            node("Mul", ["x", "b"], ["c"]),
            node("Div", ["c", "six"], ["y"]),
        ],
        constants={"three": scalar(3), "zero": scalar(0), "six": scalar(6)},
        change="HardSwish of several nodes -> HardSwish at y",
        caution=SAME,
    ),
    "relu6": Case(
        nodes=[node("Clip", ["x", "low", "high"], ["y"])],
        constants={"low": scalar(0), "high": scalar(6)},
        change="Clip -> 6 - Relu(6 - x) at y",
        caution=SAME,
    ),
    "relu6 without its 6": Case(
        nodes=[node("Clip", ["x"], ["y"], min=0.0, max=6.0)],
        opset=10,
        change="Clip -> Relu at y",
        caution="the same where no value reaches the upper bound, else another function: check or retrain",
    ),
    "upper bound": Case(
        nodes=[node("Clip", ["x", "", "high"], ["y"])],
        constants={"high": scalar(1.5)},
        change="Clip -> 1.5 - Relu(1.5 - x) at y",
        caution=SAME,
    ),
    "maximum with zero": Case(
        nodes=[node("Max", ["zero", "x"], ["y"])],
        constants={"zero": scalar(0)},
        change="Max -> Relu at y",
        caution=SAME,
        cheaper="",
    ),
    "minimum with a constant": Case(
        nodes=[node("Min", ["x", "high"], ["y"])],
        constants={"high": scalar(0.5)},
        change="Min -> 0.5 - Relu(0.5 - x) at y",
        caution=SAME,
    ),
    "Sigmoid": Case(
        nodes=[node("Sigmoid", ["x"], ["h"]), node("Add", ["h", "h"], ["y"])],
        change="Sigmoid -> HardSigmoid at h",
        cheaper="required_lookups",
    ),
    "HardSigmoid": Case(nodes=[node("HardSigmoid", ["x"], ["y"])], change="HardSigmoid -> Sigmoid at y"),
    "Softsign": Case(nodes=[node("Softsign", ["x"], ["y"])], change="Softsign -> Tanh at y"),
    "Tanh": Case(nodes=[node("Tanh", ["x"], ["y"])], change="Tanh -> Clip at y", cheaper="required_lookups"),
    "old Tanh": Case(
        nodes=[node("Tanh", ["x"], ["y"])], opset=10, change="Tanh -> Clip at y", cheaper="required_lookups"
    ),
    "last softmax": Case(
        nodes=[node("Relu", ["x"], ["h"]), node("Softmax", ["h"], ["y"])],
        change="Softmax removed at y",
        caution="same class: scores keep their order, and are proved instead of probabilities",
    ),
    "last log softmax": Case(
        nodes=[node("Relu", ["x"], ["h"]), node("LogSoftmax", ["h"], ["y"], axis=1)],
        change="LogSoftmax removed at y",
        caution="same class: scores keep their order, and are proved instead of probabilities",
    ),
    "last sigmoid": Case(
        nodes=[node("Relu", ["x"], ["h"]), node("Sigmoid", ["h"], ["y"])],
        change="Sigmoid removed at y",
        caution="same decision: at a score of 0 instead of a probability of 0.5",
    ),
    "arg max": Case(
        nodes=[node("Relu", ["x"], ["h"]), node("ArgMax", ["h"], ["y"], axis=1)],
        change="ArgMax removed from the output",
        caution="same choice, made outside of the proof from the scores: anyone can check it",
    ),
    "arg max behind a cast": Case(
        nodes=[
            node("Relu", ["x"], ["h"]),
            node("ArgMax", ["h"], ["i"], axis=1),
            node("Cast", ["i"], ["y"], to=TensorProto.INT32),
        ],
        outputs=["y", "h"],
        change="ArgMax removed from the output",
        caution="same choice, made outside of the proof from the scores: anyone can check it",
    ),
    "top k": Case(
        nodes=[node("Relu", ["x"], ["h"]), node("TopK", ["h", "k"], ["v", "y"], axis=1)],
        constants={"k": ints(2)},
        outputs=["v"],
        change="TopK removed from the output",
        caution="same choice, made outside of the proof from the scores: anyone can check it",
    ),
    "layer normalization": Case(
        nodes=[node("LayerNormalization", ["x", "scale"], ["h"]), node("Relu", ["h"], ["y"])],
        constants={"scale": weights(6)},
        change="LayerNormalization removed at h",
        caution="another function: train with BatchNormalization, and fold it into the weights next to it",
    ),
    "layer normalization in nodes": Case(
        nodes=[
            node("ReduceMean", ["x"], ["m"], axes=[-1]),
            node("Sub", ["x", "m"], ["c"]),
            node("Pow", ["c", "two"], ["q"]),
            node("ReduceMean", ["q"], ["v"], axes=[-1]),
            node("Add", ["v", "epsilon"], ["e"]),
            node("Sqrt", ["e"], ["s"]),
            node("Div", ["c", "s"], ["n"]),
            node("Relu", ["n"], ["y"]),
        ],
        constants={"two": scalar(2), "epsilon": scalar(1e-5)},
        change="LayerNormalization removed at n",
        caution="another function: train with BatchNormalization, and fold it into the weights next to it",
    ),
    "instance normalization": Case(
        nodes=[node("InstanceNormalization", ["x", "s", "b"], ["h"]), node("Relu", ["h"], ["y"])],
        constants={"s": weights(2), "b": weights(2)},
        shape=IMAGE,
        change="InstanceNormalization removed at h",
        caution="another function: train with BatchNormalization, and fold it into the weights next to it",
    ),
    "batch normalization after gemm": Case(
        nodes=[
            node("Gemm", ["x", "w", "b"], ["h"], transB=1),
            node("BatchNormalization", NORM_INPUTS, ["y"], epsilon=0.1),
        ],
        constants={"w": weights(4, 6), "b": weights(4), **NORM},
        change="BatchNormalization folded into the layer before at y",
        caution=SAME,
    ),
    "batch normalization after gemm without bias": Case(
        nodes=[node("Gemm", ["x", "w"], ["h"]), node("BatchNormalization", NORM_INPUTS, ["y"])],
        constants={"w": weights(6, 4), **NORM},
        change="BatchNormalization folded into the layer before at y",
        caution=SAME,
    ),
    "batch normalization after a depthwise convolution": Case(
        nodes=[
            node("Conv", ["x", "w"], ["h"], group=4, strides=[1, 1]),
            node("BatchNormalization", NORM_INPUTS, ["y"]),
        ],
        constants={"w": weights(4, 1, 3, 3), **NORM},
        shape=(1, 4, 6, 6),
        change="BatchNormalization folded into the layer before at y",
        caution=SAME,
    ),
    "batch": Case(
        nodes=[node("MatMul", ["x", "w"], ["h"]), node("Relu", ["h"], ["y"])],
        constants={"w": weights(6, 3)},
        shape=(4, 6),
        change="batch of 4 -> 1",
        caution="same function, of one sample in each proof",
    ),
    "embedding": Case(
        nodes=[node("Gather", ["table", "x"], ["y"])],
        constants=EMBEDDING,
        shape=(1, 3),
        dtype=TensorProto.INT64,
        change="Gather -> OneHot and MatMul at y",
        caution=SAME,
        cheaper="total_dynamic_col_size",
    ),
    "embedding by one-hot vectors": Case(
        nodes=[node("OneHot", ["x", "depth", "values"], ["h"]), node("MatMul", ["h", "table"], ["y"])],
        constants={**EMBEDDING, "depth": np.array(10), "values": floats(0, 1)},
        shape=(1, 3),
        dtype=TensorProto.INT64,
        change="OneHot and MatMul -> Gather at y",
        caution=SAME,
    ),
    "rows of an embedding": Case(
        nodes=[node("Gather", ["table", "x"], ["h"], name="look up"), node("Relu", ["h"], ["y"])],
        constants=EMBEDDING,
        shape=(1, 3),
        dtype=TensorProto.INT64,
        change="the rows that Gather at look up looks up -> an input",
        caution="another statement: the caller looks the rows up, and the proof knows no table",
        cheaper="total_dynamic_col_size",
    ),
    "slice": Case(
        nodes=[
            node("Slice", ["x", "starts", "ends", "axes", "steps"], ["h"]),
            node("Relu", ["h"], ["y"]),
        ],
        constants={
            "starts": ints(1, -1),
            "ends": ints(2, -(1 << 62)),
            "axes": ints(1, 2),
            "steps": ints(1, -2),
        },
        shape=(1, 5, 6),
        change="Slice -> Gather at h",
        caution=SAME,
    ),
    "old slice": Case(
        nodes=[
            node("Slice", ["x"], ["h"], axes=[2], starts=[1], ends=[1000]),
            node("Add", ["h", "h"], ["s"]),
            node("Mul", ["s", "s"], ["y"]),
        ],
        shape=(1, 5, 6),
        opset=9,
        change="Slice -> Gather at h",
        caution=SAME,
    ),
    "split": Case(
        nodes=[
            node("Split", ["x", "sizes"], ["a", "b"], axis=-1),
            node("Mul", ["a", "a"], ["c"]),
            node("Concat", ["c", "b"], ["y"], axis=-1),
        ],
        constants={"sizes": ints(2, 4)},
        shape=(1, 5, 6),
        change="Split -> Gather at a",
        caution=SAME,
    ),
    "round": Case(
        nodes=[node("Round", ["x"], ["h"]), node("Relu", ["h"], ["y"])],
        change="Round removed at h",
        caution="nearly the same function, where it only mimics quantisation: the circuit rounds by itself",
    ),
    "fake quantisation": Case(
        nodes=[
            node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            node("DequantizeLinear", ["q", "scale", "zero"], ["h"]),
            node("Relu", ["h"], ["y"]),
        ],
        constants={"scale": scalar(0.125), "zero": np.array(0, np.int8)},
        change="DequantizeLinear removed at h",
        caution="nearly the same function, where it only mimics quantisation: the circuit rounds by itself",
        cheaper="",
    ),
}


def size_of(model: Model) -> CircuitSize:
    return lay_out(lower(model, RunArgs()).circuit)


def amount(size: CircuitSize, measure: str) -> int:
    value = getattr(size, measure)
    return value if isinstance(value, int) else len(value)


def found(model: Model, title: str) -> Change:
    offered = {change.title: change for change in changes(model)}
    assert title in offered, list(offered)
    return offered[title]


def titles(case: Case, directory: Path) -> list[str]:
    return [change.title for change in changes(case.model(directory))]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_change_lowers_says_what_it_does_and_pays(case: Case, tmp_path: Path) -> None:
    model = case.model(tmp_path)
    change = found(model, case.change)
    assert change.caution == case.caution
    after = size_of(change.model)
    if case.cheaper:
        assert amount(after, case.cheaper) < amount(size_of(model), case.cheaper)


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.caution == SAME], ids=lambda case: case.change
)
def test_the_same_function_gives_the_same_answers(case: Case, tmp_path: Path) -> None:
    model = case.model(tmp_path)
    changed = found(model, case.change).model
    for seed in range(3):
        chance = np.random.default_rng(seed)
        is_float = case.dtype == TensorProto.FLOAT
        shape = model.graph.inputs[0].shape
        x = chance.normal(0, 4, shape).astype(np.float32) if is_float else chance.integers(0, 10, shape)
        expected, answer = (run(translate(one).graph, {"x": x}) for one in (model, changed))
        for one, other in zip(answer, expected, strict=True):
            assert one.shape == other.shape
            assert np.allclose(one, other, rtol=1e-4, atol=1e-4)


def pools(count: int) -> Case:
    names = ["x", *(f"h{index}" for index in range(count - 1)), "y"]
    return Case(
        nodes=[
            node("MaxPool", names[i : i + 1], names[i + 1 : i + 2], kernel_shape=[2], strides=[1])
            for i in range(count)
        ],
        shape=(1, 2, count + 4),
        change="",
    )


def test_several_places_are_changed_together_and_alone(tmp_path: Path) -> None:
    assert titles(pools(3), tmp_path)[:4] == [
        "all 3 MaxPool -> AveragePool",
        "MaxPool -> AveragePool at h0",
        "MaxPool -> AveragePool at h1",
        "MaxPool -> AveragePool at y",
    ]
    together = found(pools(3).model(tmp_path), "all 3 MaxPool -> AveragePool")
    assert {one.op_type for one in together.model.graph.nodes} == {"AveragePool"}


def test_many_places_are_only_changed_together(tmp_path: Path) -> None:
    many = MAX_SINGLE + 1
    assert titles(pools(many), tmp_path) == [f"all {many} MaxPool -> AveragePool"]


def test_the_order_is_always_the_same(tmp_path: Path) -> None:
    case = CASES["hard swish of clip"]
    assert titles(case, tmp_path) == titles(case, tmp_path)


def test_a_name_cannot_write_into_the_terminal(tmp_path: Path) -> None:
    case = Case(nodes=[node("Elu", ["x"], ["y"], name="a\x1b[31m\n")], change="")
    assert "\x1b" not in "".join(titles(case, tmp_path))


def test_nothing_is_offered_for_what_is_cheap(tmp_path: Path) -> None:
    assert titles(Case(nodes=[node("Relu", ["x"], ["y"])], change=""), tmp_path) == []


@pytest.mark.parametrize(
    ("nodes", "constants", "absent"),
    [
        ([node("Softmax", ["x"], ["h"]), node("Mul", ["h", "h"], ["y"])], {}, "Softmax removed"),
        ([node("Sigmoid", ["x"], ["h"]), node("Mul", ["h", "h"], ["y"])], {}, "Silu"),
        ([node("ArgMax", ["x"], ["h"], axis=1), node("Mul", ["h", "h"], ["y"])], {}, "ArgMax removed"),
        ([node("Clip", ["x", "low", "high"], ["y"])], {"low": scalar(1), "high": scalar(2)}, "Clip ->"),
        ([node("Sub", ["x", "x"], ["h"]), node("Div", ["x", "h"], ["y"])], {}, "LayerNormalization"),
    ],
)
def test_what_is_something_else_is_left_alone(
    tmp_path: Path, nodes: list[NodeProto], constants: dict[str, np.ndarray], absent: str
) -> None:
    case = Case(nodes=nodes, constants=constants, change="")
    assert not any(absent in title for title in titles(case, tmp_path))


def test_a_change_that_ezkl_refuses_is_not_offered(tmp_path: Path) -> None:
    """The limits of a Clip are of float32, and the values here are not."""
    case = Case(nodes=[node("Tanh", ["x"], ["y"])], dtype=TensorProto.DOUBLE, change="")
    lower(case.model(tmp_path), RunArgs())
    assert titles(case, tmp_path) == []


def test_a_pool_that_says_where_it_found_the_largest_stays(tmp_path: Path) -> None:
    case = Case(nodes=[node("MaxPool", ["x"], ["y", "where"], **POOL)], shape=IMAGE, change="")
    assert titles(case, tmp_path) == []


def test_tract_folds_a_wide_convolution_itself(tmp_path: Path) -> None:
    case = Case(
        nodes=[
            node("Conv", ["x", "w"], ["h"], strides=[1, 1]),
            node("BatchNormalization", NORM_INPUTS, ["y"]),
        ],
        constants={"w": weights(4, 2, 3, 3), **NORM},
        shape=IMAGE,
        change="",
    )
    assert titles(case, tmp_path) == []


def test_a_batch_that_was_bound_to_a_number(tmp_path: Path) -> None:
    case = Case(
        nodes=[node("Relu", ["x"], ["y"])],
        shape=["batch", "width"],
        change="batch of 8 -> 1",
    )
    change = found(case.model(tmp_path, batch=8, width=3), case.change)
    assert change.model.graph.inputs[0].shape == (1, 3)
    assert change.model.bound == {"batch": 1, "width": 3}


def test_a_batch_that_the_model_insists_on_stays(tmp_path: Path) -> None:
    case = Case(
        nodes=[node("Relu", ["x"], ["h"]), node("Reshape", ["h", "shape"], ["y"])],
        constants={"shape": ints(4, -1)},
        shape=(4, 6),
        change="",
    )
    assert titles(case, tmp_path) == []


def test_what_only_the_old_nodes_needed_is_gone(tmp_path: Path) -> None:
    case = CASES["gelu with tanh"]
    change = found(case.model(tmp_path), case.change)
    assert [one.op_type for one in change.model.graph.nodes] == ["Relu"]
