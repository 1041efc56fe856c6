"""The lints as a set: their pages, where they look, what they cost, and what is said of those not asked."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from auditor import explanation, lints
from auditor.audit import audit
from auditor.lints.repository import _matches, repository_of
from auditor.lints.run import MANY, lint_statically
from auditor.lints.subject import Subject, subject_of
from auditor.lints.texts import texts
from auditor.model import read_source
from auditor.options import parse_request
from auditor.report import ModelAudit
from tests.cli.models import perceptron
from tests.lints.examples.building import node, proto, relu, tensor, write
from tests.lints.examples.repository import no_values, stored
from tests.lints.examples.security import traced
from tests.test_imports import loaded_by
from tools import lint_pages

ROOT = Path(__file__).parents[2]
RAISED = re.compile(r'"(AUD-(?!FID)[A-Z]+-\d{3})"')


def inspected(path: Path, *, dims: tuple[str, ...] = ()) -> ModelAudit:
    request = parse_request(settings=None, assignments=(), dims=dims, front_end="onnx", quiet=True)
    return audit("inspect", [path], request).models[0]


def subject(path: Path) -> Subject:
    return subject_of(path, read_source(path))


# --- pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("id_", lints.ids())
def test_every_lint_has_a_page_of_eighty_columns(id_: str) -> None:
    lint = lints.find(id_)
    assert lint is not None
    assert lint.id == id_
    assert (lint.check is None) == (lint.folder in ("reader", "gate"))
    assert lint.about.checked_in == "" or (ROOT / lint.about.checked_in).exists()
    assert len(lint.about.title) <= 45
    page = explanation.lint_text(lint)
    assert max(len(line) for line in page.splitlines()) <= 80
    assert all(heading in page for heading in ("Finds", "Why it matters", "What to do"))


def test_every_finding_in_the_code_has_a_page() -> None:
    raised = {
        id_
        for path in (ROOT / "auditor").rglob("*.py")
        if "config" not in path.parts  # which shows ids in its messages
        for id_ in RAISED.findall(path.read_text(encoding="utf-8"))
    }
    assert raised - set(lints.ids()) == set()


def test_a_lint_is_found_whatever_its_spelling() -> None:
    assert lints.find("aud-sec-004") is lints.find("SEC004") is not None
    assert lints.find("AUD-SEC-999") is None
    assert lints.find("") is None


def test_the_page_of_all_lints_is_current() -> None:
    assert lint_pages.FILE.read_text(encoding="utf-8") == lint_pages.page(), "run make lints"


def test_reading_about_lints_loads_no_heavy_library() -> None:
    for words in (["list", "lints"], ["explain", "AUD-CIR-006"]):
        assert not loaded_by(*words) & {"onnx", "numpy", "rich", "ezkl"}, words


# --- where they look --------------------------------------------------------------------------


def inside(place: str, held: list, tensors: list[TensorProto] = ()) -> ModelProto:
    """Nodes from ``x`` to ``y`` in a body of If, Loop or Scan, or in a function."""
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    if place == "function":
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
        function = helper.make_function("local", "f", ["x"], ["y"], held, imports)
        return proto(
            [helper.make_node("f", ["x"], ["y"], domain="local")], opset_imports=imports, functions=[function]
        )
    if place == "If":
        body = helper.make_graph(held, "b", [], [out], tensors)
        call = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
    elif place == "Loop":
        inputs = [helper.make_tensor_value_info(name, kind, []) for name, kind in (("i", 7), ("go", 9))]
        go = helper.make_node("Identity", ["go"], ["on"])
        on = helper.make_tensor_value_info("on", TensorProto.BOOL, [])
        body = helper.make_graph([*held, go], "b", inputs, [on, out], tensors)
        call = helper.make_node("Loop", ["n", "c"], ["y"], body=body)
    else:
        row = helper.make_tensor_value_info("row", TensorProto.FLOAT, [4])
        body = helper.make_graph([node("Identity", "row", "unused"), *held], "b", [row], [out], tensors)
        call = helper.make_node("Scan", ["x"], ["y"], body=body, num_scan_inputs=1)
    constants = [
        helper.make_tensor("c", TensorProto.BOOL, [], [True]),
        helper.make_tensor("n", TensorProto.INT64, [], [2]),
    ]
    return proto([call], tensors=constants)


@pytest.mark.parametrize("place", ["If", "Loop", "Scan", "function"])
def test_nodes_of_every_body_are_looked_at(place: str, tmp_path: Path) -> None:
    statistics = [node("Constant", "", name, value=tensor(name, 4)) for name in ("s", "b", "m", "v")]
    for constant in statistics:
        del constant.input[:]
    held = [
        *statistics,
        node("Relu", "x", "h"),
        node("BatchNormalization", "h s b m v", "n"),
        node("Det", "n"),
    ]
    path = write(tmp_path, inside(place, held))
    rules = {item.rule for item in lint_statically(subject(path)).findings}
    assert {"AUD-SUP-001", "AUD-CIR-006"} <= rules


@pytest.mark.parametrize("place", ["initializer", "Constant", "function", "If"])
def test_tensors_are_found_wherever_they_stand(place: str, tmp_path: Path) -> None:
    weights = tensor("w", 4, 64, dtype=np.float64)
    constant = helper.make_node("Constant", [], ["w"], value=weights)
    use = node("MatMul", "x w")
    made = {
        "initializer": lambda: proto([use], tensors=[weights]),
        "Constant": lambda: proto([constant, use]),
        "function": lambda: inside("function", [constant, use]),
        "If": lambda: inside("If", [use], [weights]),
    }
    path = write(tmp_path, made[place]())
    assert "AUD-CIR-011" in {item.rule for item in lint_statically(subject(path)).findings}


@pytest.mark.parametrize("place", ["graph", "subgraph", "function"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("File /home/ada/net.py, line 3", "a home directory"),
        ("C:\\Users\\ada\\net.py", "a home directory"),
        ("key AKIAABCDEFGHIJKLMNOP", "an AWS key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("hf_" + "a" * 34, "a Hugging Face token"),
        ("ghp_" + "a" * 36, "a GitHub token"),
        ("https://ada:secret@example.org/x", "a password in a URL"),
        ("see https://example.org/home/page and /usr/lib", None),
    ],
)
def test_private_texts(place: str, text: str, kind: str | None, tmp_path: Path) -> None:
    found = texts(write(tmp_path, traced(place, text)))
    assert [(item.kind, item.node) for item in found] == ([(kind, "relu")] if kind else [])


def test_private_texts_elsewhere_in_the_file(tmp_path: Path) -> None:
    model = relu()
    model.doc_string = "made in /home/ada/"
    model.graph.doc_string = "made in /home/ada/"
    model.graph.node[0].metadata_props.add(key="stack", value="/home/ada/net.py")
    big = helper.make_node(
        "Constant", [], ["w"], name="big", value=tensor("w", 200, 200), doc_string="/home/ada/x"
    )
    model.graph.node.append(big)
    places = {item.place for item in texts(write(tmp_path, model))}
    assert places == {
        "the model's doc string",
        "the graph's doc string",
        "a node's metadata 'stack'",
        "a node's doc string",
    }


# --- git --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*.onnx", "a/b/model.onnx", True),
        ("model.onnx", "a/model.onnx", True),
        ("/model.onnx", "a/model.onnx", False),
        ("a/*.onnx", "a/model.onnx", True),
        ("a/*.onnx", "a/b/model.onnx", False),
        ("a/**", "a/b/model.onnx", True),
        ("**/b/*.onnx", "a/b/model.onnx", True),
        ("**/b/*.onnx", "b/model.onnx", True),
        ("mod?l.onn[xy]", "model.onnx", True),
        ("mod?l.onn[!xy]", "model.onnx", False),
        ("*.bin", "model.onnx", False),
    ],
)
def test_patterns_of_attributes(pattern: str, name: str, matches: bool) -> None:
    assert _matches(pattern, name) is matches


def test_the_nearest_attributes_decide(tmp_path: Path) -> None:
    path = stored(tmp_path, "# models\n*.onnx filter=lfs\nmodel.onnx -filter\n")
    assert repository_of(path).wants_lfs is False
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / ".gitattributes").write_text("*.onnx filter=lfs\n")
    assert repository_of(inner / "model.onnx").wants_lfs is True
    (tmp_path / ".git" / "info").mkdir(exist_ok=True)
    (tmp_path / ".git" / "info" / "attributes").write_text("*.onnx !filter\n")
    assert repository_of(inner / "model.onnx").wants_lfs is False


# --- what is not asked, what is cut short, what it costs --------------------------------------


def test_lints_that_need_a_circuit_or_weights_say_so(tmp_path: Path) -> None:
    whole = inspected(perceptron(tmp_path / "whole.onnx"))
    assert whole.not_run == ()
    assert whole.findings == ()
    opened = inspected(write(tmp_path, relu(x=(1, "past"))))
    assert {item.rule for item in opened.not_run} == {item.id for item in lints.lints_of("circuit")}
    assert {item.reason for item in opened.not_run} == {"sizes are open"}
    bare = inspected(write(tmp_path, no_values()))
    assert {item.id for item in lints.lints_of("values")} <= {item.rule for item in bare.not_run}


def test_a_refused_file_has_the_finding_of_its_rule(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    (finding,) = inspected(path).findings
    assert (finding.rule, finding.message) == ("AUD-SEC-026", "is empty")
    assert inspected(tmp_path / "none.onnx").findings == ()


def test_findings_of_one_kind_are_counted_after_twenty(tmp_path: Path) -> None:
    model = relu()
    for index in range(MANY + 5):
        model.graph.input.append(helper.make_tensor_value_info(f"z{index}", TensorProto.FLOAT, [1]))
    found = lint_statically(subject(write(tmp_path, model))).findings
    assert len(found) == MANY + 1
    assert found[-1].message == "5 more of the same kind"


def test_a_thousand_nodes_take_less_than_ten_milliseconds(tmp_path: Path) -> None:
    nodes, weights, before = [], [], "x"
    for index in range(500):
        name = f"/model/layers.{index}"
        weights.append(tensor(f"{name}.weight", 16, 16))
        nodes.append(
            helper.make_node("MatMul", [before, f"{name}.weight"], [f"{name}/h"], name=f"{name}/MatMul")
        )
        before = f"{name}/out"
        nodes.append(helper.make_node("Relu", [f"{name}/h"], [before], name=f"{name}/Relu"))
    nodes.append(helper.make_node("Identity", [before], ["y"]))
    path = write(tmp_path, proto(nodes, (1, 16), tensors=weights))
    source = read_source(path)

    def seconds() -> float:
        start = time.process_time()
        assert lint_statically(subject_of(path, source)).findings == ()
        return time.process_time() - start

    assert min(seconds() for _ in range(7)) < 0.010
