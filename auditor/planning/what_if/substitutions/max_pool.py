"""MaxPool sorts every window; AveragePool is one sum for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.model.graph import AttributeValue
from auditor.planning.what_if.change import RETRAIN
from auditor.planning.what_if.edit import Edit, swapped
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View

_SHARED = ("auto_pad", "ceil_mode", "kernel_shape", "pads", "strides")


@swap(RETRAIN)
def averages(view: View) -> Iterator[Edit]:
    """Means over the same windows.

    EZKL divides by the whole window, padding included, and this says so to whoever trains it.
    """
    for node in view.of("MaxPool", "GlobalMaxPool"):
        if node.op_type == "GlobalMaxPool":
            yield swapped(node, "GlobalAveragePool")
            continue
        dilations = node.attributes.get("dilations", ())
        is_dilated = isinstance(dilations, tuple) and any(size != 1 for size in dilations)
        if len(node.outputs) > 1 or is_dilated:
            continue
        attributes = {name: node.attributes[name] for name in _SHARED if name in node.attributes}
        if is_padded(attributes):
            attributes["count_include_pad"] = 1
        yield swapped(node, "AveragePool", attributes=attributes)


def is_padded(attributes: Mapping[str, AttributeValue]) -> bool:
    """Whether a pool may see anything but its input."""
    pads = attributes.get("pads", ())
    return (isinstance(pads, tuple) and any(pads)) or attributes.get("auto_pad", "NOTSET") not in (
        "NOTSET",
        "VALID",
    )
