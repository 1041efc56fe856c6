"""Headers, metadata and operators that claim to be of another world."""

from __future__ import annotations

from onnx import helper

from tests.hostile.making import behind, graph, model, node_of, relu


def _opset(version: int, ir_version: int = 8, domain: str = "") -> bytes:
    content = model(graph([relu()]), opset_imports=[helper.make_opsetid(domain, version)])
    content.ir_version = ir_version
    return content.SerializeToString()


def _with_metadata(**entries: str) -> bytes:
    content = model(graph([relu()]))
    helper.set_model_props(content, entries)
    return content.SerializeToString()


def _training() -> bytes:
    content = model(graph([relu()]))
    content.training_info.add().algorithm.CopyFrom(graph([relu()]))
    return content.SerializeToString()


def _without_opset() -> bytes:
    content = model(graph([relu()]))
    del content.opset_import[:]
    return content.SerializeToString()


def _from(operator: str, domain: str, **attributes: object) -> bytes:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    return behind(
        helper.make_node(operator, ["x"], ["y"], domain=domain, **attributes), opset_imports=imports
    )


HEADERS = {
    "opset-9999": lambda: _opset(9999),
    "opset-zero": lambda: _opset(0),
    "opset-minus-one": lambda: _opset(-1),
    "opset-of-2-to-the-63": lambda: _opset(2**63 - 1),
    "opset-one": lambda: _opset(1),
    "opset-missing": _without_opset,
    "opset-of-another-domain": lambda: _opset(3, domain="ai.onnx.ml"),
    "ir-999": lambda: _opset(17, 999),
    "ir-minus-one": lambda: _opset(17, -1),
    "training": _training,
    "secrets": lambda: _with_metadata(key="AKIAABCDEFGHIJKLMNOP", home="/home/alice/secret"),
    "ort-config": lambda: _with_metadata(ort_config='{"session_options": {}}'),
    "metadata-of-megabytes": lambda: _with_metadata(a="b" * (4 << 20)),
    "doc-string-of-megabytes": lambda: model(
        graph([relu()]), doc_string="d" * (10 << 20)
    ).SerializeToString(),
    "compiled-blob": lambda: _from("EPContext", "com.microsoft", ep_cache_context="../../blob.bin"),
    "python-operator": lambda: _from("PythonOp", "com.example"),
    "pickle-in-an-attribute": lambda: behind(node_of("Relu", ["x"], ["y"], code=b"\x80\x04\x95cos\nsystem")),
    "program-in-an-attribute": lambda: behind(node_of("Relu", ["x"], ["y"], code=b"\x7fELF\x02")),
}
