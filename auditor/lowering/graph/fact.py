"""What is known about a wire of the typed graph."""

from __future__ import annotations

from msgspec import Struct

from auditor.lowering.graph.shapes import Shape, volume
from auditor.lowering.graph.tensor import Tensor, check_axes


class Fact(Struct, eq=False):
    """Datum type and shape of a wire, and its value when it is constant (or uniform).

    Raises as :func:`auditor.lowering.graph.tensor.check_axes` does.
    """

    dt: str
    shape: Shape
    konst: Tensor | None = None
    uniform_value: Tensor | None = None

    def __post_init__(self) -> None:
        check_axes(self.shape)

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def volume(self) -> int:
        """Number of elements."""
        return volume(self.shape)

    @property
    def uniform(self) -> Tensor | None:
        """The scalar every element equals, when that is known."""
        return self.konst.uniform() if self.konst is not None else self.uniform_value

    @classmethod
    def of(cls, tensor: Tensor) -> Fact:
        """The fact of a constant."""
        return cls(tensor.dt, tensor.shape, tensor)

    def without_value(self) -> Fact:
        """The same type and shape, no longer constant."""
        return Fact(self.dt, self.shape)
