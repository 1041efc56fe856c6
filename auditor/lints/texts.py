"""Doc strings and metadata that hold something private: credentials, and paths of the machine they come from.

The reader steps over them, as they change nothing that is computed. Here the file is walked once more, by
fields and not by nodes: text is only decoded where one of a few byte sequences stands, and tensors are never
touched. Exporters leave most in nodes: PyTorch writes the stack trace of every operator into its metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from auditor.errors import AuditorError
from auditor.model import wire
from auditor.model.files import open_model
from auditor.model.wire import Buffer, Field, Message, Schema, Span, Walk
from auditor.safe import safe

KINDS = (
    ("an AWS key", re.compile(rb"\bAKIA[0-9A-Z]{16}\b")),
    ("a private key", re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("a Hugging Face token", re.compile(rb"\bhf_[A-Za-z0-9]{30,}\b")),
    ("a GitHub token", re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36,}\b")),
    ("a password in a URL", re.compile(rb"\bhttps?://[^\s/:@\"']+:[^\s/:@\"']+@")),
    ("a home directory", re.compile(rb"/home/[^/\s]+/|/Users/[^/\s]+/|[A-Z]:\\+Users\\")),
)
"""What is private, and how it is told."""

_HINTS = (
    b"AKIA", b"PRIVATE KEY", b"hf_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"://", b"/home/",
    b"/Users/", b":\\",
)  # fmt: skip
_LARGE_BYTES = 1 << 16
"""A node this large holds tensors: only its text fields are looked at."""

_GAP_BYTES = 12
"""Key and length between two fields that follow each other."""


class Text(Struct, frozen=True, kw_only=True):
    """Something private in a doc string or in metadata: ``kind`` as in ``KINDS``, ``place`` in words.

    ``node`` is the raw name of the node it belongs to, empty for the file.
    """

    kind: str
    place: str
    node: str = ""


MODEL, GRAPH, FUNCTION = Schema("ModelProto"), Schema("GraphProto"), Schema("FunctionProto")
NODE, ATTRIBUTE, ENTRY = Schema("NodeProto"), Schema("AttributeProto"), Schema("StringStringEntryProto")


def _add(schema: Schema, number: int, name: str, kind: wire.Kind, inner: Schema | None = None) -> None:
    schema.add(number, wire.LENGTH, Field(name, kind, inner))


# The model's own metadata is the reader's to look at, in auditor/model/security.py.
_add(MODEL, 6, "doc_string", wire.SPAN)
_add(MODEL, 7, "graph", wire.MESSAGE, GRAPH)
_add(MODEL, 25, "functions", wire.LIST_OF_SPANS)
_add(GRAPH, 1, "node", wire.LIST_OF_SPANS)
_add(GRAPH, 10, "doc_string", wire.SPAN)
_add(GRAPH, 16, "metadata", wire.LIST_OF_SPANS)
_add(NODE, 3, "name", wire.SPAN)
_add(NODE, 6, "doc_string", wire.SPAN)
_add(NODE, 9, "metadata", wire.LIST_OF_MESSAGES, ENTRY)
_add(NODE, 5, "attribute", wire.LIST_OF_MESSAGES, ATTRIBUTE)
_add(ATTRIBUTE, 6, "graph", wire.SPAN)
_add(ATTRIBUTE, 11, "graphs", wire.LIST_OF_SPANS)
_add(ENTRY, 1, "key", wire.SPAN)
_add(ENTRY, 2, "value", wire.SPAN)

_add(FUNCTION, 7, "node", wire.LIST_OF_SPANS)
_add(FUNCTION, 8, "doc_string", wire.SPAN)
_add(FUNCTION, 14, "metadata", wire.LIST_OF_SPANS)


def texts(path: Path) -> tuple[Text, ...]:
    """What is private in the doc strings and metadata of a file that was read before, each once."""
    try:
        data = open_model(path).data
        walk = Walk(data)
        message = walk.read(MODEL, 0, len(data))
        found = list(_of_model(walk, message))
    except AuditorError:
        return ()  # exchanged since it was read, which the next reader will notice
    return tuple(dict.fromkeys(found))


def _of_model(walk: Walk, model: Message) -> Iterator[Text]:
    if "doc_string" in model:
        yield from _private(walk.data, model["doc_string"], "the model's doc string")
    yield from _of_graph(walk, model.get("graph", {}))
    for start, end in model.get("functions", ()):
        if _hinted(walk.data, start, end):
            yield from _of_graph(walk, walk.read(FUNCTION, start, end))


def _of_graph(walk: Walk, graph: Message) -> Iterator[Text]:
    """A graph or a function, and what stands in the subgraphs of its nodes."""
    if "doc_string" in graph:
        yield from _private(walk.data, graph["doc_string"], "the graph's doc string")
    for span in graph.get("metadata", ()):
        yield from _private(walk.data, span, "the graph's metadata")
    for start, end in _suspects(walk.data, graph.get("node", ())):
        yield from _of_node(walk, walk.read(NODE, start, end))


def _of_node(walk: Walk, node: Message) -> Iterator[Text]:
    start, end = node.get("name", (0, 0))
    name = walk.data[start:end].decode("utf-8", "replace")
    if "doc_string" in node:
        yield from _private(walk.data, node["doc_string"], "a node's doc string", name)
    for entry in node.get("metadata", ()):
        start, end = entry.get("key", (0, 0))
        key = safe(walk.data[start:end].decode("utf-8", "replace"))
        yield from _private(walk.data, entry.get("value", (0, 0)), f"a node's metadata '{key}'", name)
    for attribute in node.get("attribute", ()):
        inner = [*attribute.get("graphs", ()), *([attribute["graph"]] if "graph" in attribute else [])]
        for start, end in inner:
            yield from _of_graph(walk, walk.read(GRAPH, start, end))


def _private(data: Buffer, span: Span, place: str, node: str = "") -> Iterator[Text]:
    start, end = span
    text = data[start : min(end, start + _LARGE_BYTES)]
    for kind, pattern in KINDS:
        if pattern.search(text):
            yield Text(kind=kind, place=place, node=node)


def _suspects(data: Buffer, nodes: list[Span]) -> Iterator[Span]:
    """The nodes with a hint in their bytes, and the large ones. Neighbours are searched in one go."""
    run: list[Span] = []
    for span in nodes:
        if span[1] - span[0] > _LARGE_BYTES:
            yield span
        elif run and not 0 <= span[0] - run[-1][1] <= _GAP_BYTES:
            yield from _hinted_nodes(data, run)
            run = [span]
        else:
            run.append(span)
    yield from _hinted_nodes(data, run)


def _hinted_nodes(data: Buffer, run: list[Span]) -> Iterator[Span]:
    if run and _hinted(data, run[0][0], run[-1][1]):
        yield from (span for span in run if _hinted(data, *span))


def _hinted(data: Buffer, start: int, end: int) -> bool:
    return any(data.find(hint, start, end) >= 0 for hint in _HINTS)
