"""The same architecture at another size: wider, deeper or longer, without values for its weights."""

from auditor.scaling.deepen import deepen
from auditor.scaling.errors import CannotScale
from auditor.scaling.lengthen import lengthen, sequence_length
from auditor.scaling.widen import widen

__all__ = ["CannotScale", "deepen", "lengthen", "sequence_length", "widen"]
