"""An input too large for any machine.

Finds: an input of more than 2^36 elements, as declared or by the sizes given with `--dim`. The file is
refused.

Why: a file of 77 bytes can declare an input of 2^40 elements; EZKL then aborts the whole process when it
reserves the memory for it.

Do: check the sizes given with `--dim`, or export the model with the sizes you mean.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-011",
    severity="high",
    title="absurd input size",
    checked_in="auditor/model/dimensions.py",
)
