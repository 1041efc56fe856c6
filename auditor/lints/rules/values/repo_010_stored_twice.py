"""Weights that are stored twice.

Finds: tensors of 1,024 elements or more whose type, shape and values are those of another one.

Why: the file is larger than it need be, and so is the circuit: EZKL assigns each copy. Exporters copy weights
that layers share, such as tied embeddings.

Do: let all nodes name one initializer; `onnxslim` and `onnxruntime.transformers` do that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    import numpy as np

    from auditor.lints.subject import Subject, Tensor

ABOUT = About(id="AUD-REPO-010", severity="low", title="weights stored twice")

_FEW_ELEMENTS = 1024
_SAMPLE = 16


def check(subject: Subject) -> Iterator[Finding]:
    """Tensors of one type and shape are compared by a few elements first, and as wholes where those agree."""
    alike: dict[tuple[str, tuple[int, ...]], list[Tensor]] = {}
    for tensor in subject.tensors:
        if math.prod(tensor.data.shape) >= _FEW_ELEMENTS and not tensor.is_sparse:
            alike.setdefault((tensor.data.dtype, tensor.data.shape), []).append(tensor)
    copies = [copy for group in alike.values() if len(group) > 1 for copy in _copies(group)]
    if copies:
        elements = sum(math.prod(tensor.data.shape) for tensor in copies)
        tensors = f"{len(copies):,} tensors are" if len(copies) > 1 else "a tensor is"
        message = f"{tensors} stored again, {elements:,} elements in all: {copies[0].place}"
        yield ABOUT.finding(message, copies[0].data.name)


def _copies(group: list[Tensor]) -> Iterator[Tensor]:
    """Every tensor that equals an earlier one of its group."""
    import numpy as np

    seen: dict[bytes, list[np.ndarray]] = {}
    for tensor in group:
        if tensor.data.load is None or tensor.data.dtype == "string":
            continue
        values = tensor.data.load().reshape(-1)
        sample = values[:: max(1, values.size // _SAMPLE)].tobytes()
        if any(np.array_equal(values, other) for other in seen.get(sample, ())):
            yield tensor
        else:
            seen.setdefault(sample, []).append(values)
