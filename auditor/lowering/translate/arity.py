"""A check that most translators begin with."""

from __future__ import annotations

from auditor.lowering.translate.registry import Call, Rejected


def expect_inputs(call: Call, count: int) -> None:
    """Raises :class:`Rejected` unless the node has that many inputs that are not omitted."""
    if len(call.present) != count:
        raise Rejected(f"has {len(call.present)} inputs where EZKL expects {count}")
