"""Files that are dangerous, and their harmless neighbours."""

from __future__ import annotations

import os
from pathlib import Path

from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper

from tests.lints.examples.building import Example, healthy, made, node, proto, relu, write

WEIGHT_BYTES = 16


def external(folder: Path, **entries: object) -> Path:
    """A Relu beside a tensor of four floats whose values stand at ``entries``."""
    held = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 4])
    held.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        held.external_data.add(key=key, value=str(value))
    return write(folder, proto([node("Add", "x w")], tensors=[held]))


def beside(folder: Path, data_bytes: int = WEIGHT_BYTES, **entries: object) -> Path:
    """The same with its data beside it."""
    (folder / "w.bin").write_bytes(bytes(data_bytes))
    return external(folder, location="w.bin", **entries)


def linked(folder: Path) -> Path:
    (folder / "data").write_bytes(bytes(WEIGHT_BYTES))
    (folder / "w.bin").symlink_to("data")
    return external(folder, location="w.bin")


def hard_linked(folder: Path) -> Path:
    path = beside(folder)
    os.link(folder / "w.bin", folder / "other.bin")
    return path


def raw(dims: list[int], payload: bytes) -> ModelProto:
    held = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=payload)
    return proto([node("Add", "x w")], tensors=[held])


def functions(*bodies: NodeProto) -> ModelProto:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    made = [
        helper.make_function("local", f"f{index}", ["x"], ["y"], [body], imports)
        for index, body in enumerate(bodies)
    ]
    call = helper.make_node("f0", ["x"], ["y"], domain="local")
    return proto([call], opset_imports=imports, functions=made)


def nested(depth: int) -> ModelProto:
    inner = node("Relu", "x")
    for _ in range(depth):
        body = helper.make_graph([inner], "b", [], [helper.make_tensor_value_info("y", 1, [1, 4])])
        inner = helper.make_node("If", ["c"], ["y"], then_branch=body)
    condition = helper.make_tensor("c", TensorProto.BOOL, [], [True])
    return proto([inner], tensors=[condition])


def foreign(operator: str, domain: str, **attributes: object) -> ModelProto:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    call = helper.make_node(operator, ["h"], ["y"], domain=domain, **attributes)
    return proto([node("Relu", "x", "h"), call], opset_imports=imports)


def with_metadata(key: str, value: str) -> ModelProto:
    model = relu()
    model.metadata_props.add(key=key, value=value)
    return model


def traced(place: str, text: str) -> ModelProto:
    """Two nodes, the first of which has a doc string; in the main graph, in a subgraph or in a function."""
    told = node("Relu", "x", "h")
    told.doc_string = text
    last = node("Relu", "h")
    if place == "graph":
        return proto([told, last])
    if place == "function":
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
        function = helper.make_function("local", "f", ["x"], ["y"], [told, last], imports)
        call = helper.make_node("f", ["x"], ["y"], domain="local")
        return proto([call], opset_imports=imports, functions=[function])
    body = helper.make_graph([told, last], "b", [], [helper.make_tensor_value_info("y", 1, [1, 4])])
    condition = helper.make_tensor("c", TensorProto.BOOL, [], [True])
    return proto(
        [helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)], tensors=[condition]
    )


def trained() -> ModelProto:
    model = relu()
    model.training_info.add()
    return model


def sparse(external_values: bool) -> ModelProto:
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [2.0])
    indices = helper.make_tensor("", TensorProto.INT64, [1], [1])
    if external_values:
        values.ClearField("float_data")
        values.data_location = TensorProto.EXTERNAL
        values.external_data.add(key="location", value="none.bin")
    held = helper.make_sparse_tensor(values, indices, [1, 4])
    model = proto([node("Add", "x w")])
    model.graph.sparse_initializer.append(held)
    return model


def two_values() -> ModelProto:
    model = raw([1, 4], bytes(16))
    model.graph.initializer.append(model.graph.initializer[0])
    return model


def named(name: str) -> ModelProto:
    return proto([helper.make_node("Relu", ["x"], ["y"], name=name)])


def cached() -> ModelProto:
    call = node("Relu", "x")
    call.attribute.append(AttributeProto(name="cache_path", type=AttributeProto.STRING, s=b"/tmp/x.so"))
    return proto([call])


RELUS = [node("Relu", "x", "h"), node("Relu", "h")]

EXAMPLES = {
    "AUD-SEC-001": Example(bad=lambda folder: external(folder, location="../w.bin"), good=beside),
    "AUD-SEC-002": Example(bad=lambda folder: external(folder, location="/etc/passwd"), good=beside),
    "AUD-SEC-003": Example(bad=linked, good=beside),
    "AUD-SEC-004": Example(bad=hard_linked, good=beside),
    "AUD-SEC-005": Example(bad=lambda folder: beside(folder, __class__="x"), good=beside),
    "AUD-SEC-006": Example(
        bad=lambda folder: beside(folder, offset=-4), good=lambda folder: beside(folder, offset=0, length=16)
    ),
    "AUD-SEC-007": Example(
        bad=lambda folder: beside(folder, 200_000, length=16), good=lambda folder: beside(folder, length=16)
    ),
    "AUD-SEC-008": Example(bad=beside, good=lambda folder: beside(folder, checksum="0" * 40)),
    "AUD-SEC-009": Example(
        bad=made(lambda: raw([1, 4], bytes(12))), good=made(lambda: raw([1, 4], bytes(16)))
    ),
    "AUD-SEC-010": Example(
        bad=made(lambda: raw([-1, 4], bytes(16))), good=made(lambda: raw([1, 4], bytes(16)))
    ),
    "AUD-SEC-011": Example(bad=made(lambda: relu(x=(2**20, 2**20))), good=made(lambda: relu(x=(2, 2)))),
    "AUD-SEC-012": Example(
        bad=made(lambda: functions(helper.make_node("f0", ["x"], ["y"], domain="local"))),
        good=made(lambda: functions(node("Relu", "x"))),
    ),
    "AUD-SEC-013": Example(bad=made(lambda: nested(25)), good=made(lambda: nested(2))),
    "AUD-SEC-014": Example(bad=made(lambda: proto(RELUS[::-1])), good=made(lambda: proto(RELUS))),
    "AUD-SEC-015": Example(bad=made(two_values), good=made(lambda: raw([1, 4], bytes(16)))),
    "AUD-SEC-016": Example(bad=made(lambda: foreign("Relu2", "acme")), good=healthy),
    "AUD-SEC-017": Example(bad=made(cached), good=healthy),
    "AUD-SEC-018": Example(
        bad=made(lambda: foreign("PyOp", "acme")), good=made(lambda: foreign("Op", "acme"))
    ),
    "AUD-SEC-019": Example(bad=made(lambda: named("relu\x1b[31m")), good=made(lambda: named("größe"))),
    "AUD-SEC-020": Example(
        bad=made(lambda: with_metadata("note", "x" * 70_000)), good=made(lambda: with_metadata("note", "x"))
    ),
    "AUD-SEC-021": Example(
        bad=made(lambda: traced("graph", "/home/ada/net.py(3)")),
        good=made(lambda: traced("graph", "net.py(3)")),
    ),
    "AUD-SEC-022": Example(
        bad=made(lambda: with_metadata("ort_config", "{}")), good=made(lambda: with_metadata("author", "me"))
    ),
    "AUD-SEC-023": Example(
        bad=made(
            lambda: relu(opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)])
        ),
        good=healthy,
    ),
    "AUD-SEC-024": Example(bad=made(trained), good=healthy),
    "AUD-SEC-025": Example(bad=made(lambda: sparse(True)), good=made(lambda: sparse(False))),
    "AUD-SEC-026": Example(
        bad=lambda folder: (folder / "model.onnx").touch() or folder / "model.onnx", good=healthy
    ),
}
