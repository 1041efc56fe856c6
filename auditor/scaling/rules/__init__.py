"""One rule for each operator: which of its dimensions are equal, and which follow from others.

Source: the shape inference of the ONNX operator specification, https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.scaling.rules import elementwise, products, recurrent, selecting, shaping, windows
from auditor.scaling.site import Site

RULES: Mapping[str, Callable[[Site], None]] = {
    **elementwise.RULES,
    **products.RULES,
    **recurrent.RULES,
    **selecting.RULES,
    **shaping.RULES,
    **windows.RULES,
}
