"""Operators that tract reads and EZKL has no circuit for."""

from __future__ import annotations

from typing import NoReturn

from auditor.lowering.translate.registry import Call, Rejected, Uncertain


def refuse(call: Call) -> NoReturn:
    """Rejects a node, unless its inputs are constant, so that tract may compute it while it reads the file.

    Raises:
        Rejected: an input is computed.
        Uncertain: all inputs are constant.
    """
    if all(call.fact(outlet).konst is not None for outlet in call.present):
        raise Uncertain(f"{call.node.op_type} of constants")
    raise Rejected(f"EZKL has no circuit for {call.node.op_type}")
