"""From a path to a model: open, walk, inline, bind, check."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from auditor.errors import AuditorError, BadModel
from auditor.findings import Finding
from auditor.model import functions as local_functions
from auditor.model.build import graph as build_graph
from auditor.model.build import opsets
from auditor.model.context import ReadContext, Refusal
from auditor.model.dimensions import bind_dimensions, declared_values, free_inputs, unreadable_symbols
from auditor.model.dtypes import ELEMENT_TYPES
from auditor.model.external import ExternalStore
from auditor.model.files import OpenedFile, open_model
from auditor.model.graph import Model
from auditor.model.limits import MAX_FILE_BYTES
from auditor.model.links import all_graphs, check_links
from auditor.model.schema import MODEL
from auditor.model.security import Header, security_findings
from auditor.model.wire import Message, Walk
from auditor.safe import safe

_TRACT_TYPES = frozenset(element.name for element in ELEMENT_TYPES.values() if element.tract)
_SHOWN = 3


class SourceModel(Struct, frozen=True, kw_only=True):
    """A model as the file states it, with all the reader noticed on the way.

    ``model`` still has its functions and open dimensions; ``inlined`` only its open dimensions.
    ``findings`` are security findings, ``refusals`` what EZKL's own reader certainly does not take,
    ``shape_only`` the raw names of tensors without values, ``notes`` one-line remarks for people.
    """

    model: Model
    inlined: Model
    findings: tuple[Finding, ...]
    refusals: tuple[Refusal, ...]
    shape_only: tuple[str, ...]
    notes: tuple[str, ...]


class ReadModel(Struct, frozen=True, kw_only=True):
    """A model ready for lowering: functions inlined, every input size a number.

    ``bound_dimensions`` are the sizes that were open; ``source`` is the file as it stands.
    """

    model: Model
    bound_dimensions: Mapping[str, int]
    source: SourceModel


def read(
    path: Path | str,
    *,
    dims: Mapping[str, int] | None = None,
    variables: Mapping[str, int] | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> ReadModel:
    """Reads an ONNX file and gives its open sizes numbers: ``dims`` first, see ``bind_dimensions``.

    Raises UsageError, BadModel, LfsPointer or UnboundDimension (all AuditorError), each a single
    line that starts with the file's name.
    """
    source = read_source(path, max_bytes=max_bytes)
    try:
        model, bound = bind_dimensions(source.inlined, dims or {}, variables)
    except AuditorError as error:
        _name(error, path)
        raise
    return ReadModel(model=model, bound_dimensions=bound, source=source)


def read_source(path: Path | str, *, max_bytes: int = MAX_FILE_BYTES) -> SourceModel:
    """Reads an ONNX file as it stands, open sizes left open. Raises as :func:`read` does."""
    try:
        return _walk(open_model(Path(path), max_bytes))
    except AuditorError as error:
        _name(error, path)
        raise


def _name(error: AuditorError, path: Path | str) -> None:
    """Puts the file's name before the reason."""
    error.message = f"{safe(os.fspath(path))}: {error.message}"
    error.args = (error.message,)


def _walk(opened: OpenedFile) -> SourceModel:
    context = ReadContext(external=ExternalStore(opened.path.parent))
    walk = Walk(opened.data, context)
    message = walk.read(MODEL, 0, len(opened.data))
    if "graph" not in message:
        raise BadModel("is not an ONNX model: it holds no graph", "give the .onnx file of a model")
    model = _model(opened, walk, message)
    inlined = local_functions.inline_functions(model)
    findings = [*context.findings, *check_links(inlined.graph), *context.external.findings()]
    findings += security_findings(model, _header(message))
    refusals = [*context.refusals, *_refusals(model)]
    return SourceModel(
        model=model,
        inlined=inlined,
        findings=tuple(findings),
        refusals=tuple(refusals),
        shape_only=tuple(context.shape_only),
        notes=tuple(_notes(opened, context, model)),
    )


def _model(opened: OpenedFile, walk: Walk, message: Message) -> Model:
    producer = f"{message.get('producer_name', '')} {message.get('producer_version', '')}".strip()
    return Model(
        path=os.fspath(opened.path),
        sha256=opened.sha256(),
        file_bytes=len(opened.data),
        ir_version=message.get("ir_version", 0),
        producer=producer,
        opsets=opsets(message),
        graph=build_graph(walk, message["graph"]),
        functions=tuple(message.get("functions", ())),
    )


def _header(message: Message) -> Header:
    start, end = message.get("doc_string", (0, 0))
    entries = message.get("metadata_props", ())
    return Header(
        metadata={entry.get("key", ""): entry.get("value", "") for entry in entries},
        doc_string_bytes=end - start,
        training_graphs=len(message.get("training_info", ())),
    )


def _refusals(model: Model) -> list[Refusal]:
    """What stands in the graph and not in a tensor. Source: tract ``onnx/src/model.rs`` ``parse_graph``."""
    found = [
        Refusal(
            subject=function.name,
            reason="a model-local function, which its ONNX reader does not expand",
            way_out="inline it: onnx.inliner.inline_local_functions",
            operator=function.name,
        )
        for function in local_functions.called_functions(model)
    ]
    for graph in all_graphs(model.graph):
        for info in declared_values(graph):
            if info.dtype is not None and info.dtype not in _TRACT_TYPES:
                reason = f"a value of type {info.dtype}, which its ONNX reader does not know"
                found.append(Refusal(subject=info.name, reason=reason, way_out="export the model in float32"))
        for name in graph.sparse_initializers:
            reason = "a sparse initializer, which its ONNX reader skips"
            found.append(Refusal(subject=name, reason=reason, way_out="store it dense"))
        for name, symbol in unreadable_symbols(graph):
            reason = f"the size '{safe(symbol)}', which its ONNX reader cannot parse"
            found.append(
                Refusal(subject=name, reason=reason, way_out="rename the axis to letters, digits and _")
            )
    return found


def _notes(opened: OpenedFile, context: ReadContext, model: Model) -> list[str]:
    notes = []
    if opened.from_lfs:
        notes.append("read from this clone's Git-LFS store: the working copy is only a pointer")
    if context.external.missing:
        listed = _listed(context.external.missing)
        notes.append(f"external data is missing ({listed}): shapes only, values unknown")
    if context.shape_only:
        many = len(context.shape_only)
        notes.append(f"{many:,} tensor{'s have' if many > 1 else ' has'} no values: shapes only")
    for info in free_inputs(model.graph):
        if info.shape is None:
            notes.append(f"input '{safe(info.name)}' declares no shape")
    for (_, name, _), conflict in local_functions.opset_conflicts(model).items():
        notes.append(f"function '{safe(name)}' {conflict}: it is not inlined")
    return notes


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(safe(name) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
