"""Reading ONNX files: safely, fast, without the ``onnx`` package and without copying weights."""

from auditor.model.context import EXTERNAL_DATA, Refusal
from auditor.model.counting import operator_name, operators, operators_by_node, parameters
from auditor.model.dimensions import (
    OpenDimension,
    bind_dimensions,
    ezkl_variables,
    free_inputs,
    open_dimensions,
)
from auditor.model.functions import inline_functions
from auditor.model.graph import (
    AttributeValue,
    Dim,
    FunctionDef,
    GraphDef,
    Model,
    NodeDef,
    TensorData,
    ValueInfo,
)
from auditor.model.links import all_graphs, all_nodes, check_links, topological_order
from auditor.model.read import ReadModel, SourceModel, read, read_source

__all__ = [
    "EXTERNAL_DATA",
    "AttributeValue",
    "Dim",
    "FunctionDef",
    "GraphDef",
    "Model",
    "NodeDef",
    "OpenDimension",
    "ReadModel",
    "Refusal",
    "SourceModel",
    "TensorData",
    "ValueInfo",
    "all_graphs",
    "all_nodes",
    "bind_dimensions",
    "check_links",
    "ezkl_variables",
    "free_inputs",
    "inline_functions",
    "open_dimensions",
    "operator_name",
    "operators",
    "operators_by_node",
    "parameters",
    "read",
    "read_source",
    "topological_order",
]
