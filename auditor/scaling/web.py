"""The dimensions of all tensors, and how their sizes hang together.

Dimensions that are always equal are one *class* (union-find). Sizes that follow from others (the parts of a
``Concat``, the factors of a ``Reshape``) are tied by a *law*. Integers that stand for sizes, as exporters
write them into the targets of ``Reshape``, are expressions over classes and over the literals of constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal as OneOf

from msgspec import Struct, field

from auditor.model.graph import NodeDef
from auditor.scaling.errors import CannotScale

Sizes = Sequence[int] | Mapping[int, int]
"""A size for each class, by its number."""


class Literal(Struct, frozen=True):
    """An element of a constant of integers, as the node ``reader`` reads it in its input ``slot``."""

    reader: int
    slot: int
    index: int
    value: int


class Size(Struct, frozen=True):
    """The size of a dimension."""

    dim: int


class Computed(Struct, frozen=True):
    """What integer arithmetic makes of other elements, in so many ``steps``."""

    function: Callable[..., int]
    operands: tuple[Element, ...]
    steps: int


Element = Literal | Size | Computed | int


class Law(Struct, frozen=True, kw_only=True):
    """The size of ``out`` as a function of those of ``parts``.

    ``product`` and ``sum`` can also be read backwards: a size that stays keeps its parts. ``compute`` is None
    for those two; it gives None where there is no such size, and ``why`` says why.
    """

    kind: OneOf["product", "sum", "function"]
    out: int
    parts: tuple[int, ...]
    node: NodeDef
    compute: Callable[[tuple[int, ...]], int | None] | None = None
    why: str = "has no such size"

    def value(self, parts: tuple[int, ...]) -> int | None:
        """The size that those of the parts give."""
        if self.compute is not None:
            return self.compute(parts)
        return math.prod(parts) if self.kind == "product" else sum(parts)


class Demand(Struct, frozen=True, kw_only=True):
    """A number in the file that has to be the size of a dimension."""

    node: NodeDef
    element: Element
    dim: int


class AttributeDemand(Struct, frozen=True, kw_only=True):
    """An attribute of node number ``reader`` (one element of it, where ``index`` is given) that is a size."""

    reader: int
    attribute: str
    index: int | None
    dim: int


class RootDemand(Struct, frozen=True, kw_only=True):
    """A scalar that node number ``reader`` reads in input ``slot``: a power of the size of a dimension."""

    reader: int
    slot: int
    dim: int
    exponent: float


class Web(Struct):
    """Classes, laws and demands of one graph, as the rules of the operators add them."""

    shapes: Mapping[str, tuple[int, ...]]
    proportional: bool
    """Whether slices grow with what they are cut from (a wider model) or keep their ends (a longer one)."""

    laws: list[Law] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)
    attribute_demands: list[AttributeDemand] = field(default_factory=list)
    elements: dict[str, tuple[Element, ...]] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    """Dimensions that products with weights, norms and the like fix: never those of a sequence."""
    mixed: list[int] = field(default_factory=list)
    """Dimensions whose entries meet: in a softmax, a mean, a window, a recurrence. A batch's never do."""
    rigid: list[tuple[NodeDef, int]] = field(default_factory=list)
    """Dimensions whose size is what the node means, such as the depth of an index."""
    tables: list[tuple[int, int]] = field(default_factory=list)
    """Pairs (length of a constant table, how much of it is used)."""
    fixed: set[str] = field(default_factory=set)
    """Values made of constants and sizes alone."""
    roots: list[RootDemand] = field(default_factory=list)
    contracted: dict[str, int] = field(default_factory=dict)
    """By product: the dimension that it sums over."""
    sizes: list[int] = field(default_factory=list)
    _parents: list[int] = field(default_factory=list)
    _dims: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def dims(self, name: str) -> tuple[int, ...]:
        """The dimensions of a value, as numbers that :meth:`root` turns into classes."""
        if name not in self._dims:
            self._dims[name] = tuple(self.fresh(size) for size in self.shapes[name])
        return self._dims[name]

    def known_dims(self) -> Mapping[str, tuple[int, ...]]:
        """The dimensions of all values that a rule looked at."""
        return self._dims

    def fresh(self, size: int) -> int:
        """A dimension of no value yet."""
        self.sizes.append(size)
        self._parents.append(len(self._parents))
        return len(self._parents) - 1

    def root(self, dim: int) -> int:
        """The class of a dimension."""
        parents = self._parents
        while parents[dim] != dim:
            parents[dim] = parents[parents[dim]]
            dim = parents[dim]
        return dim

    def same(self, node: NodeDef, one: int, other: int) -> None:
        """These two dimensions are equal whatever their size.

        Raises CannotScale where they are not: shapes and graph do not belong together.
        """
        if self.sizes[one] != self.sizes[other]:
            raise CannotScale.at(node, f"joins sizes that differ: {self.sizes[one]} and {self.sizes[other]}")
        self._parents[self.root(one)] = self.root(other)

    def same_all(self, node: NodeDef, ones: Sequence[int], others: Sequence[int]) -> None:
        """The same for each pair."""
        if len(ones) != len(others):
            raise CannotScale.at(node, f"joins {len(ones)} axes and {len(others)}")
        for one, other in zip(ones, others, strict=True):
            self.same(node, one, other)

    def product(self, node: NodeDef, out: int, parts: Sequence[int]) -> None:
        """``out`` is the product of ``parts``."""
        self._tie("product", node, out, parts)

    def sum(self, node: NodeDef, out: int, parts: Sequence[int]) -> None:
        """``out`` is the sum of ``parts``."""
        self._tie("sum", node, out, parts)

    def function(
        self,
        node: NodeDef,
        out: int,
        parts: Sequence[int],
        compute: Callable[[tuple[int, ...]], int | None],
        why: str = "has no such size",
    ) -> None:
        """``out`` follows from ``parts`` by ``compute``."""
        law = Law(kind="function", out=out, parts=tuple(parts), node=node, compute=compute, why=why)
        self.laws.append(law)

    def demand(self, node: NodeDef, element: Element, dim: int) -> None:
        """The integer must be the size of the dimension; -1 and 0 of ``Reshape`` are not to be given here."""
        self.demands.append(Demand(node=node, element=element, dim=dim))

    def demand_attribute(self, reader: int, attribute: str, dim: int, index: int | None = None) -> None:
        """The attribute must be the size of the dimension."""
        self.attribute_demands.append(
            AttributeDemand(reader=reader, attribute=attribute, index=index, dim=dim)
        )

    def _tie(self, kind: OneOf["product", "sum"], node: NodeDef, out: int, parts: Sequence[int]) -> None:
        if len(parts) == 1:
            self.same(node, out, parts[0])
        else:
            self.laws.append(Law(kind=kind, out=out, parts=tuple(parts), node=node))


def evaluate(element: Element, sizes: Sizes, root: Callable[[int], int], new: Mapping[Literal, int]) -> int:
    """The value of an integer for some sizes of the classes; ``new`` are the literals that were rewritten."""
    if isinstance(element, int):
        return element
    if isinstance(element, Literal):
        return new.get(element, element.value)
    if isinstance(element, Size):
        return sizes[root(element.dim)]
    return element.function(*(evaluate(operand, sizes, root, new) for operand in element.operands))
