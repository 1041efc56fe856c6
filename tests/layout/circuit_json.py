"""Circuits as JSON, so that golden cases can be laid out without EZKL."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from auditor.circuit import (
    Circuit,
    CircuitNode,
    Graph,
    InputMapping,
    OutputMapping,
    RunArgs,
    SubCircuit,
    ops,
)

_RECORDS = {
    record.__name__: record for record in (CircuitNode, SubCircuit, Graph, InputMapping, OutputMapping)
}


def dump_graph(graph: Graph) -> dict[str, Any]:
    """A graph with the values of its constants."""
    document: dict[str, Any] = _dump(graph)
    return document


def dump_run_args(run_args: RunArgs) -> dict[str, Any]:
    """The run args that differ from EZKL's defaults."""
    defaults = asdict(RunArgs())
    return {name: value for name, value in asdict(run_args).items() if value != defaults[name]}


def load_circuit(graph: dict[str, Any], run_args: dict[str, Any]) -> Circuit:
    """The inverse of :func:`dump_graph` and :func:`dump_run_args`."""
    return Circuit(graph=_load(graph), run_args=RunArgs(**run_args), front_end="ezkl")


def _dump(value: Any) -> Any:
    if isinstance(value, ops.Constant):
        values = None if value.load is None else [int(item) for item in value.load().ravel()]
        return {
            "is": "Constant",
            "scale": value.scale,
            "visibility": value.visibility,
            "decompose": value.decompose,
            "values": values,
        }
    if isinstance(value, Struct):
        return {"is": type(value).__name__} | {
            name: _dump(getattr(value, name)) for name in value.__struct_fields__ if name != "origin"
        }
    if isinstance(value, np.ndarray):
        return {"is": "array", "shape": list(value.shape), "values": value.ravel().tolist()}
    if isinstance(value, tuple):
        return [_dump(item) for item in value]
    return value


def _load(value: Any, shape: tuple[int, ...] = ()) -> Any:
    if isinstance(value, list):
        return tuple(_load(item) for item in value)
    if not isinstance(value, dict):
        return value
    kind = value["is"]
    if kind == "array":
        return np.array(value["values"], dtype=np.int64).reshape(value["shape"])
    if kind == "Constant":
        return _load_constant(value, shape)
    attributes = {name: item for name, item in value.items() if name not in ("is", "op")}
    loaded = {name: _load(item) for name, item in attributes.items()}
    if "op" in value:
        loaded["op"] = _load(value["op"], tuple(value["shape"]))
    return (_RECORDS.get(kind) or getattr(ops, kind))(**loaded)


def _load_constant(value: dict[str, Any], shape: tuple[int, ...]) -> ops.Constant:
    values = value["values"]
    return ops.Constant(
        scale=value["scale"],
        visibility=value["visibility"],
        decompose=value["decompose"],
        load=None if values is None else lambda: np.array(values, dtype=np.int64).reshape(shape),
    )
