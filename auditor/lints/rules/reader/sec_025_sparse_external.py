"""A sparse tensor that keeps its values in another file.

Finds: a `sparse_tensor` whose values or indices are external data.

Why: loaders resolve the external data of dense tensors only: onnx loads such a file without values, and the
checks of paths do not see it.

Do: store the tensor dense, inside of the file; EZKL reads neither sparse tensors nor external data.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-025",
    severity="medium",
    title="sparse tensor with external data",
    checked_in="auditor/model/tensors.py",
)
