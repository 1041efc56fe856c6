"""Models that nobody's exporter writes: scaling refuses them in words, whatever they hold."""

from __future__ import annotations

import contextlib
import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from onnx import NodeProto, helper

from auditor.model import Model
from auditor.model.graph import NodeDef, TensorData
from auditor.scaling import CannotScale, lengthen, sequence_length, widen
from auditor.scaling.integers import follow
from auditor.scaling.rules import RULES
from auditor.scaling.site import Site
from auditor.scaling.web import Web
from tests.hostile.making import graph, info, ints, model
from tests.scaling.building import loaded, shapes

RNG = np.random.default_rng(1)
WIDE = {"w": RNG.normal(size=(4, 8)).astype(np.float32), "v": RNG.normal(size=(8, 2)).astype(np.float32)}
HIDDEN = (helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("MatMul", ["h", "v"], ["z"]))


def built(
    *nodes: NodeProto, shape: tuple[int, ...] = (1, 4), more: tuple[str, ...] = (), **constants: object
) -> Model:
    inputs = [info("x", shape), *(info(name, (3, 5)) for name in more)]
    return loaded(model(graph(nodes, inputs, constants=constants)))


# --- what has a larger form all the same ---------------------------------------------------


def test_an_input_that_no_output_needs_is_in_nobodys_way() -> None:
    found = built(*HIDDEN, helper.make_node("Relu", ["z"], ["y"]), more=("idle",), **WIDE)
    wider = widen(found, shapes(found), Fraction(2))
    assert wider.graph.initializers["w"].shape == (4, 16)
    with pytest.raises(CannotScale, match="no axis is certainly a sequence"):
        sequence_length(found, shapes(found))
    with pytest.raises(CannotScale, match="no axis is certainly a sequence"):
        lengthen(found, shapes(found), 2)


def test_a_declaration_of_other_axes_is_left_alone() -> None:
    nodes = [*HIDDEN, helper.make_node("Relu", ["z"], ["y"])]
    found = loaded(model(graph(nodes, [info("x")], [info("y", [7, 7, 7])], WIDE)))
    wider = widen(found, shapes(found), Fraction(2))
    assert wider.graph.outputs == found.graph.outputs
    assert wider.graph.initializers["v"].shape == (16, 2)


def test_the_largest_of_one_size_is_that_size() -> None:
    """``Max`` takes any number of operands."""
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Max", ["s"], ["m"]),
        helper.make_node("Reshape", ["x", "m"], ["r"]), helper.make_node("MatMul", ["r", "w"], ["h"]),
        helper.make_node("MatMul", ["h", "v"], ["y"]),
    ]  # fmt: skip
    found = built(*nodes, **WIDE)
    assert widen(found, shapes(found), Fraction(2)).graph.initializers["w"].shape == (4, 16)


# --- what has none -------------------------------------------------------------------------


@pytest.mark.parametrize("equation", ["ii->i", "ij->ij->ij", "ij->ijj", "ij->k"])
def test_an_equation_that_means_nothing_is_refused(equation: str) -> None:
    node = NodeDef(
        op_type="Einsum",
        name="e",
        domain="",
        inputs=("x",),
        outputs=("y",),
        attributes={"equation": equation},
    )
    web = Web(shapes={"x": (2, 2), "y": (2, 2)}, proportional=True)
    with pytest.raises(CannotScale):
        RULES["Einsum"](Site(web=web, node=node, number=0, constants={}, opset=17))


@pytest.mark.parametrize("times", [60, 3000])
def test_a_size_that_is_computed_without_end_is_not_followed(times: int) -> None:
    """Doubled 60 times it would be read 2^60 times; in 3,000 steps it is deeper than Python's stack."""
    names = ["s", *(f"s{index}" for index in range(times))]
    steps = [
        helper.make_node("Add" if times < 100 else "Sub", [a, a if times < 100 else "zero"], [b])
        for a, b in pairwise(names)
    ]
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]), *steps, helper.make_node("Mul", [names[-1], "zero"], ["n"]),
        helper.make_node("Sub", ["n", "one"], ["t"]), helper.make_node("Reshape", ["x", "t"], ["y"]),
    ]  # fmt: skip
    found = built(*nodes, shape=(4,), zero=ints(0), one=ints(1))
    known = {name: (1,) for node in found.graph.nodes for name in node.outputs} | {"x": (4,), "y": (4,)}
    with pytest.raises(CannotScale, match="a shape that is not followed"):
        widen(found, known, Fraction(2))


def test_a_size_that_its_constant_cannot_hold_is_refused() -> None:
    target = TensorData(name="t", dtype="int8", shape=(2,), load=lambda: np.array([1, 100], np.int8))
    nodes = [*HIDDEN, helper.make_node("Reshape", ["h", "t"], ["y"])]
    found = built(*nodes, t=ints(1, 100), w=np.ones((4, 100), np.float32), v=np.ones((100, 2), np.float32))
    found.graph.initializers["t"] = target  # type: ignore[index]
    with pytest.raises(CannotScale):
        widen(found, shapes(found), Fraction(2))


# --- every rule, with anything -------------------------------------------------------------


def anything(rng: random.Random, operator: str) -> Site:
    """A node of any inputs, outputs and attributes."""
    sizes = (0, 1, 1, 2, 2, 3, 4, 6, 8)

    def shape() -> tuple[int, ...]:
        return tuple(rng.choice(sizes) for _ in range(rng.choice((0, 1, 2, 2, 3, 4, 4))))

    names = [f"v{index}" for index in range(8)]
    constants = {}
    known = {name: shape() for name in names}
    for name in rng.sample(names, 3):
        values = np.array([rng.choice((-3, -1, 0, 1, 2, 3, 4, 99)) for _ in range(rng.randrange(5))])
        constants[name] = TensorData(name=name, dtype="int64", shape=values.shape, load=lambda it=values: it)  # type: ignore[misc]
        known[name] = values.shape
    attributes: dict[str, object] = {}
    for name in (
        "axis",
        "group",
        "num_groups",
        "batch_dims",
        "keepdims",
        "blocksize",
        "transA",
        "transB",
        "layout",
    ):
        if rng.random() < 0.3:
            attributes[name] = rng.choice((-99, -2, -1, 0, 0, 1, 1, 2, 3, 99))
    for name in (
        "axes",
        "perm",
        "strides",
        "pads",
        "dilations",
        "kernel_shape",
        "split",
        "shape",
        "starts",
        "ends",
    ):
        if rng.random() < 0.3:
            attributes[name] = tuple(rng.choice((-2, -1, 0, 1, 1, 2, 3)) for _ in range(rng.randrange(5)))
    attributes["equation"] = rng.choice(("ij,jk->ik", "i,ij->j", "->", "i->ii", ",->", "ab", "ij->jk"))
    node = NodeDef(
        op_type=operator, name="n", domain="",
        inputs=tuple(rng.choice((*names, *names, "")) for _ in range(rng.randrange(6))),
        outputs=tuple(rng.choice((*names, "", "unknown")) for _ in range(rng.randrange(1, 4))),
        attributes=attributes,
    )  # fmt: skip
    web = Web(shapes=known, proportional=rng.random() < 0.5)
    return Site(web=web, node=node, number=0, constants=constants, opset=rng.choice((1, 9, 13, 17, 21)))


@pytest.mark.parametrize("operator", sorted(RULES))
def test_no_rule_fails_at_a_node_it_does_not_understand(operator: str) -> None:
    rng = random.Random(operator)
    for _ in range(150):
        site = anything(rng, operator)
        for step in (follow, RULES[operator]):
            with contextlib.suppress(CannotScale):
                step(site)
