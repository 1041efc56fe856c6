"""Element types that EZKL does not know.

Finds: constants, inputs and outputs of type bfloat16, complex, float8, int4 and the like, and values that are
no tensors: sequences, maps and optionals.

Why: EZKL reads floats of 16, 32 and 64 bits, integers of 8 to 64 bits and booleans, and rejects the rest.

Do: export in float32. A quantised model does not become cheaper in a circuit: EZKL quantises by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-004", severity="medium", title="element type without support")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each type, with the first place that has it."""
    places: dict[str, tuple[str, str]] = {}
    for tensor in subject.tensors:
        if subject.is_unread(tensor.data.dtype):
            places.setdefault(tensor.data.dtype, (tensor.place, tensor.data.name))
    for body in subject.bodies:
        for info in body.values:
            if info.dtype is not None and subject.is_unread(info.dtype):
                places.setdefault(info.dtype, (f"value '{safe(info.name)}'", info.name))
    for dtype, (place, name) in sorted(places.items()):
        yield ABOUT.finding(f"EZKL does not know the type {safe(dtype)} of {place}", name)
