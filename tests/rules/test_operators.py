"""The operator pages: one for every ONNX operator, and true where EZKL's answers or our layout can tell."""

from __future__ import annotations

import re
from collections import defaultdict

import onnx
import pytest

from auditor import rules
from auditor.circuit import ops
from auditor.circuit.ops import Op
from auditor.layout import lay_out
from tests.layout.circuits import one_op
from tools import golden, operator_pages

DESCRIBED_OPSETS = {"": 28, "ai.onnx.ml": 5}
"""The newest opset whose operators have a page, of each domain: those of onnx 1.23."""

PAGES = {rule.title: rule for rule in rules.load_all("operators")}


def support(operator: str) -> str:
    return str(PAGES[operator].fields["support"])


def test_every_standard_operator_has_a_page() -> None:
    first_opset: dict[tuple[str, str], int] = defaultdict(lambda: 1_000)
    for schema in onnx.defs.get_all_schemas_with_history():
        key = schema.domain, schema.name
        first_opset[key] = min(first_opset[key], schema.since_version)
    current = {(schema.domain, schema.name) for schema in onnx.defs.get_all_schemas()}
    described = {
        name for domain, name in current if first_opset[domain, name] <= DESCRIBED_OPSETS.get(domain, 0)
    }
    assert len(described) > 190
    assert described - set(PAGES) == set()


def test_an_operator_of_another_domain_says_so() -> None:
    standard = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    without_domain = {name for name, page in PAGES.items() if "domain" not in page.fields}
    foreign = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain} - standard
    assert without_domain & foreign == set()
    assert {page.fields["domain"] for page in PAGES.values() if "domain" in page.fields} >= {
        "ai.onnx.ml",
        "com.microsoft",
    }


@pytest.fixture(scope="module")
def accepted() -> dict[str, list[bool]]:
    """Whether EZKL accepts each recorded node test of one operator alone."""
    models = {case.id: case.model for case in golden.node_cases()}
    found: dict[str, list[bool]] = defaultdict(list)
    for one in golden.read()[1]:
        if one.id not in models or golden.graph_hash(models[one.id]) != one.graph:
            continue
        operators = {node.op_type for node in onnx.load_from_string(models[one.id]).graph.node}
        if len(operators) == 1:
            found[operators.pop()].append(one.fields is not None)
    return found


def test_what_ezkl_accepts_is_not_called_unsupported(accepted: dict[str, list[bool]]) -> None:
    assert len(accepted) > 20
    assert [name for name, answers in accepted.items() if any(answers) and support(name) == "no"] == []


def test_what_ezkl_rejects_is_not_called_supported(accepted: dict[str, list[bool]]) -> None:
    assert [name for name, answers in accepted.items() if not all(answers) and support(name) == "yes"] == []


def test_no_page_recommends_what_ezkl_rejects() -> None:
    rejected = {name for name in PAGES if support(name) == "no"}
    bad = {
        name: named
        for name, page in PAGES.items()
        if (named := rejected & set(re.findall(r"\w+", " ".join(page.fields.get("cheaper", [])))) - {name})
    }
    assert bad == {}


COUNTED: list[tuple[str, Op, int]] = [
    ("Abs", ops.Abs(), 1),
    ("Add", ops.Add(), 2),
    ("And", ops.And(), 2),
    ("Ceil", ops.Ceil(scale=128.0, legs=2), 1),
    ("Cos", ops.Lookup(function="Cos", parameters=(128.0,)), 1),
    ("Equal", ops.Equals(), 2),
    ("Floor", ops.Floor(scale=128.0, legs=2), 1),
    ("Greater", ops.Greater(), 2),
    ("GreaterOrEqual", ops.GreaterEqual(), 2),
    ("Less", ops.Less(), 2),
    ("LessOrEqual", ops.LessEqual(), 2),
    ("Max", ops.Max(), 2),
    ("Min", ops.Min(), 2),
    ("Neg", ops.Neg(), 1),
    ("Not", ops.Not(), 1),
    ("Or", ops.Or(), 2),
    ("Reciprocal", ops.Recip(input_scale=128.0, output_scale=128.0, epsilon=1e-10), 1),
    ("Round", ops.RoundHalfToEven(scale=128.0, legs=2), 1),
    ("Sign", ops.Sign(), 1),
    ("Sqrt", ops.Sqrt(scale=128.0), 1),
    ("Sub", ops.Sub(), 2),
    ("Trilu", ops.Trilu(upper=True, k=0), 1),
    ("Where", ops.Iff(), 3),
    ("Xor", ops.Xor(), 2),
]


@pytest.mark.parametrize(("operator", "operation", "inputs"), COUNTED, ids=[case[0] for case in COUNTED])
def test_the_stated_cells_for_each_element_are_those_of_the_layout(
    operator: str, operation: Op, inputs: int
) -> None:
    shape = (2, 4, 8)
    stated = re.match(r"(\d+) cells? for each element", PAGES[operator].fields["cost"])
    assert stated is not None
    size = lay_out(one_op(operation, shape, shape, count=inputs))
    counted = sum(layer.total_assignments for layer in size.layers[inputs:-1])
    assert counted // 64 == int(stated[1])


def test_the_stated_cells_of_a_sort_are_those_of_the_layout() -> None:
    # Three pages name the same sort: 26 m - 24 cells for m elements.
    for operator in ("ReduceMax", "MaxPool", "TopK"):
        assert "26 m - 24 cells" in " ".join(PAGES[operator].fields["cost"].split())
    for length in (2, 6, 16):
        size = lay_out(one_op(ops.ReduceMax(axes=(1,)), (4, length), (4, 1)))
        assert size.layers[1].total_assignments == 4 * (26 * length - 24)


def test_the_overview_is_made_from_the_pages() -> None:
    assert operator_pages.FILE.read_text(encoding="utf-8") == operator_pages.page(), "run `make operators`"
