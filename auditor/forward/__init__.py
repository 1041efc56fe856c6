"""What a circuit computes: the integers of EZKL's witness, for many inputs at once, without EZKL.

Values are int64 and exact, or there is an exception: :class:`Unmodelled`, :class:`Overflow`. The result says
which value ranges the run args must allow for, and which inputs EZKL has no proof of.
"""

from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.result import Fault, Forward, Needs
from auditor.forward.run import forward

__all__ = ["Fault", "Forward", "Needs", "Overflow", "Unmodelled", "forward"]
