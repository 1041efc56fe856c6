"""Layout: from the operations of a circuit to its exact size, without building it.

The rules are exact for EZKL 23.0.5 run with ``RAYON_NUM_THREADS=1``.
"""

from auditor.layout.errors import LayoutError
from auditor.layout.interpreter import lay_out, least_logrows

__all__ = ["LayoutError", "lay_out", "least_logrows"]
