"""Names, order and scopes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from auditor.errors import BadModel
from auditor.model import GraphDef, NodeDef, ValueInfo, all_graphs, all_nodes, check_links, topological_order


def node(inputs: str, outputs: str, body: GraphDef | None = None) -> NodeDef:
    attributes = {} if body is None else {"body": body}
    return NodeDef(
        name="", op_type="Op", domain="", inputs=tuple(inputs), outputs=tuple(outputs), attributes=attributes
    )


def graph(nodes: Sequence[NodeDef], inputs: str = "x", outputs: str = "y") -> GraphDef:
    def infos(names: str) -> tuple[ValueInfo, ...]:
        return tuple(ValueInfo(name=name, dtype="float", shape=(1,)) for name in names)

    return GraphDef(
        name="g",
        nodes=tuple(nodes),
        inputs=infos(inputs),
        outputs=infos(outputs),
        initializers={},
        value_infos={},
    )


def test_sorted_nodes_keep_their_order() -> None:
    chain = graph([node("x", "a"), node("x", "b"), node("ab", "y")])
    assert topological_order(chain) == (0, 1, 2)
    assert check_links(chain) == []


def test_unsorted_nodes_are_ordered_and_reported() -> None:
    unsorted = graph([node("ab", "y"), node("a", "b"), node("x", "a")])
    assert topological_order(unsorted) == (2, 1, 0)
    assert [finding.rule for finding in check_links(unsorted)] == ["AUD-SEC-014"]


def test_a_subgraph_needs_what_it_reads_from_outside() -> None:
    body = graph([node("a", "r")], inputs="", outputs="r")
    late = graph([node("x", "y", body), node("x", "a")])
    assert topological_order(late) == (1, 0)


def test_a_circle_through_a_subgraph() -> None:
    body = graph([node("b", "r")], inputs="", outputs="r")
    with pytest.raises(BadModel, match="circle"):
        check_links(graph([node("x", "a", body), node("a", "b"), node("b", "y")]))


def test_a_subgraph_output_may_come_from_outside() -> None:
    body = graph([], inputs="", outputs="x")
    assert check_links(graph([node("x", "y", body)])) == []


def test_undefined_inside_a_subgraph() -> None:
    body = graph([node("q", "r")], inputs="", outputs="r")
    with pytest.raises(BadModel, match="reads 'q'"):
        check_links(graph([node("x", "y", body)]))


def test_hiding_an_outer_name_is_reported() -> None:
    body = graph([node("x", "a")], inputs="", outputs="a")
    found = check_links(graph([node("x", "a"), node("a", "y", body)]))
    assert [(finding.rule, finding.node) for finding in found] == [("AUD-SEC-015", "a")]


def test_two_branches_may_use_the_same_names() -> None:
    body = graph([node("x", "r")], inputs="", outputs="r")
    assert check_links(graph([node("x", "a", body), node("a", "y", body)])) == []


def test_walks_reach_every_depth() -> None:
    inner = graph([node("x", "s")], inputs="", outputs="s")
    outer = graph([node("x", "r", inner)], inputs="", outputs="r")
    whole = graph([node("x", "y", outer)])
    assert sorted("".join(item.outputs) for item in all_nodes(whole.nodes)) == ["r", "s", "y"]
    assert len(list(all_graphs(whole))) == 3


def test_names_in_errors_are_harmless() -> None:
    with pytest.raises(BadModel) as caught:
        check_links(graph([NodeDef(name="\x1b[31m\n", op_type="Op", domain="", inputs=("\u202e",),
                                   outputs=("y",), attributes={})]))  # fmt: skip
    assert str(caught.value) == "Op '[31m⏎' reads '', which nothing defines"
