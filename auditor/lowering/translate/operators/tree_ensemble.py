"""Machine-learning operators (tract `onnx/src/ops/ml`), none of which EZKL has a circuit for."""

from __future__ import annotations

from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.expectations import refuse
from auditor.lowering.translate.registry import Call, translates


@translates("TreeEnsembleClassifier", "CategoryMapper")
def machine_learning(call: Call) -> list[Outlet]:
    """Refused, unless tract would compute it while it reads the file."""
    return refuse(call)
