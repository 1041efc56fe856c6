"""The command line in this process, documents held to their schemas, and models that say bad things."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnx
import referencing
from msgspec import Struct
from onnx import TensorProto, helper, numpy_helper

from auditor.cli import run

SAMPLES = Path(__file__).parents[2] / "samples"
DIGITS = SAMPLES / "digits_cnn" / "model.onnx"
TRANSFORMER = SAMPLES / "digits_transformer" / "model.onnx"
GRU = SAMPLES / "digits_gru" / "model.onnx"

HOSTILE = "\x1b[2J\x1b]0;pwn\x07\n::error::x\u202e##[group]<script>alert(1)</script>|`*"


class Ended(Struct, frozen=True, kw_only=True):
    """A command line that ended."""

    code: int
    out: str
    err: str


def auditor(*words: object) -> Ended:
    """Runs ``auditor`` with these words."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(word) for word in words])
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    """Of ``auditor/schemas/NAME-1.schema.json``; schemas point at each other."""
    folder = resources.files("auditor") / "schemas"
    found = {
        each: json.loads((folder / f"{each}-1.schema.json").read_text(encoding="utf-8"))
        for each in ("report", "compare", "forecast")
    }
    registry: referencing.Registry[Any] = referencing.Registry().with_resources(
        (schema["$id"], referencing.Resource.from_contents(schema)) for schema in found.values()
    )
    jsonschema.Draft202012Validator.check_schema(found[name])
    return jsonschema.Draft202012Validator(found[name], registry=registry)


def read_strictly(text: str) -> Any:
    """JSON as the standard has it: Python also reads NaN and Infinity."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def document(*words: object, code: int = 0) -> dict[str, Any]:
    """The document of a command that ends with this code: valid, and nothing else is said."""
    ended = auditor(*words, "--format", "json")
    assert (ended.code, ended.err) == (code, ""), ended.err
    found = read_strictly(ended.out)
    validator(str(words[0])).validate(found)
    assert found["exit_code"] == code
    return found


def compared(*words: object, code: int = 0) -> dict[str, Any]:
    return document("compare", *words, code=code)


def forecast(*words: object, code: int = 0) -> dict[str, Any]:
    """With few worlds, unless the words say how many."""
    return document("forecast", *words, *(() if "--draws" in words else ("--draws", 200)), code=code)


def row(found: dict[str, Any], name: str) -> dict[str, Any]:
    """The way of this name."""
    return next(way for way in found["ways"] if way["id"] == name)


def objects(found: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a document, with where it is."""
    if isinstance(found, dict):
        yield path, found
    for key, value in found.items() if isinstance(found, dict) else enumerate(found):
        if isinstance(value, (dict, list)):
            yield from objects(value, f"{path}/{key}")


def hostile(folder: Path) -> Path:
    """A model whose file, nodes, producer and one operator have names that are commands elsewhere."""
    weights = numpy_helper.from_array(np.ones((4, 3), np.float32), f"w{HOSTILE}")
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", f"w{HOSTILE}"], ["h"], name=HOSTILE),
            helper.make_node(HOSTILE, ["h"], ["y"], name=f"y{HOSTILE}"),
        ],
        HOSTILE,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.producer_name = HOSTILE
    path = folder / f"{HOSTILE.replace('/', '')}.onnx"
    onnx.save(model, path)
    return path


class Tags(HTMLParser):
    """The elements of a page, and its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
