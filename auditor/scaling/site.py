"""One node as its rule sees it: its dimensions, its attributes, and the integers it reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from msgspec import Struct

from auditor.model.graph import NodeDef, TensorData
from auditor.safe import safe
from auditor.scaling.errors import CannotScale
from auditor.scaling.web import Element, Literal, Web, evaluate

T = TypeVar("T")
U = TypeVar("U")

MOST_ELEMENTS = 1024
"""Longer vectors of integers are data, and no sizes."""


class Site(Struct, frozen=True, kw_only=True):
    """A node, its number in the order of the file, and the web it adds to."""

    web: Web
    node: NodeDef
    number: int
    constants: Mapping[str, TensorData]
    opset: int

    # --- values

    def has(self, slot: int) -> bool:
        """Whether an optional input is given."""
        return slot < len(self.node.inputs) and bool(self.node.inputs[slot])

    def gives(self, slot: int) -> bool:
        """Whether an output has a name, and is read or at least known."""
        return slot < len(self.node.outputs) and self.node.outputs[slot] in self.web.shapes

    def shape(self, slot: int) -> tuple[int, ...]:
        """The shape of an input. Raises as :meth:`x`."""
        return self.web.shapes[self._input(slot)]

    def out_shape(self, slot: int = 0) -> tuple[int, ...]:
        """The shape of an output. Raises as :meth:`x`."""
        return self.web.shapes[self._output(slot)]

    def x(self, slot: int = 0, *, least: int = 0) -> tuple[int, ...]:
        """The dimensions of an input.

        Raises CannotScale where it is not given or has fewer axes than ``least``: EZKL takes nodes that the
        specification of ONNX does not know.
        """
        return self._dims(self._input(slot), least)

    def y(self, slot: int = 0, *, least: int = 0) -> tuple[int, ...]:
        """The dimensions of an output. Raises as :meth:`x`."""
        return self._dims(self._output(slot), least)

    def pairs(self, ones: Sequence[T], others: Sequence[U]) -> Iterator[tuple[T, U]]:
        """One of these with one of those. Raises CannotScale where there are more of one kind."""
        if len(ones) != len(others):
            raise self.stop(f"is told {len(ones)} and {len(others)} of the same things")
        return zip(ones, others, strict=True)

    def is_constant(self, slot: int) -> bool:
        """Whether an input is a tensor of the file."""
        return self.has(slot) and self.node.inputs[slot] in self.constants

    def is_fixed(self, slot: int) -> bool:
        """Whether an input is made of tensors of the file and of sizes alone."""
        return self.is_constant(slot) or (self.has(slot) and self.node.inputs[slot] in self.web.fixed)

    def _input(self, slot: int) -> str:
        if not self.has(slot):
            raise self.stop(f"has no input {slot}")
        return self._known(self.node.inputs[slot])

    def _output(self, slot: int) -> str:
        if slot >= len(self.node.outputs):
            raise self.stop(f"has no output {slot}")
        return self._known(self.node.outputs[slot])

    def _known(self, name: str) -> str:
        if name not in self.web.shapes:
            raise self.stop(f"has a value '{safe(name)}' whose shape is not known")
        return name

    def _dims(self, name: str, least: int) -> tuple[int, ...]:
        dims = self.web.dims(name)
        if len(dims) < least:
            raise self.stop(f"has a value of {len(dims)} axes, where it needs {least}")
        return dims

    # --- attributes

    def integer(self, name: str, default: int) -> int:
        """An attribute that is an integer."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, int):
            raise self.stop(f"has an attribute {name} that is no integer")
        return value

    def integers(self, name: str) -> tuple[int, ...] | None:
        """An attribute that is a list of integers, None where it is not given."""
        value = self.node.attributes.get(name)
        if value is None:
            return None
        if not isinstance(value, tuple):
            raise self.stop(f"has an attribute {name} that is no list of integers")
        return tuple(item for item in value if isinstance(item, int))

    def axis(self, name: str, default: int, rank: int) -> int:
        """An attribute that is an axis, counted from the front."""
        return self.integer(name, default) % max(rank, 1)

    # --- integers

    def elements(self, slot: int) -> tuple[Element, ...] | None:
        """An input of few integers as expressions; None where nothing is known of it."""
        if not self.has(slot):
            return None
        name = self.node.inputs[slot]
        if name in self.web.elements:
            return self.web.elements[name]
        data = self.constants.get(name)
        if data is None or data.load is None or not data.dtype.startswith(("int", "uint")):
            return None
        if math.prod(data.shape) > MOST_ELEMENTS:
            return None
        values = np.asarray(data.load()).reshape(-1).tolist()
        return tuple(Literal(self.number, slot, index, int(value)) for index, value in enumerate(values))

    def scalar(self, slot: int) -> float | None:
        """An input that is one floating-point number of the file."""
        data = self.constants.get(self.node.inputs[slot]) if self.has(slot) else None
        if data is None or data.load is None or math.prod(data.shape) != 1 or data.dtype != "float":
            return None
        return float(np.asarray(data.load()).reshape(-1)[0])

    def numbers(self, slot: int) -> tuple[int, ...] | None:
        """An input of few integers with the values that it has now."""
        elements = self.elements(slot)
        return None if elements is None else tuple(self.value(element) for element in elements)

    def value(self, element: Element) -> int:
        """What an integer is now."""
        return evaluate(element, self.web.sizes, self.web.root, {})

    def axes(self, slot: int, rank: int) -> tuple[int, ...] | None:
        """Axes given as an attribute or, since later opsets, as an input; None where they are not given."""
        given = self.integers("axes")
        if given is None and self.has(slot):
            given = self.numbers(slot)
            if given is None:
                raise self.stop("takes axes that are computed in the model")
        return None if given is None else tuple(axis % max(rank, 1) for axis in given)

    def pin(self, *dims: int) -> None:
        """These are no widths."""
        self.web.pinned.extend(dims)

    def keep(self, *dims: int) -> None:
        """The node means something else where these have another size."""
        self.pin(*dims)
        self.web.rigid.extend((self.node, dim) for dim in dims)

    def feature(self, *dims: int) -> None:
        """These are widths or channels."""
        self.web.features.extend(dims)

    def mix(self, *dims: int) -> None:
        """The entries along these meet each other."""
        self.web.mixed.extend(dims)

    def stop(self, reason: str, hint: str | None = None) -> CannotScale:
        """The refusal at this node."""
        return CannotScale.at(self.node, reason, hint)
