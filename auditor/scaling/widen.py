"""The same model with wider layers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from auditor.model.graph import Model
from auditor.scaling.errors import CannotScale
from auditor.scaling.relations import relate
from auditor.scaling.rewrite import rewritten
from auditor.scaling.solve import pinned_classes, widened


def widen(model: Model, shapes: Mapping[str, tuple[int, ...]], factor: Fraction) -> Model:
    """The model with all hidden widths and channels multiplied by ``factor``.

    Inputs and outputs keep their sizes, and with them what is tied to them: a model whose output is its
    hidden state keeps that width. Images keep their size, sequences their length, axes of size one their
    one. A ``Reshape`` that cuts a width into heads keeps the heads and widens each, and the root of that
    width by which scores are divided follows it; channels in groups keep their groups, but those of one
    channel to a group (depthwise) get more groups.

    Args:
        model: with its dimensions bound.
        shapes: of every value that an output needs, as ``auditor.value_shapes.value_shapes`` tells them.
        factor: above zero.

    Raises:
        CannotScale: at an operator that is not understood, at a size that would be no whole number or would
            have to change and to stay, or where no width is free to change.
    """
    if factor <= 0:
        raise CannotScale(f"a model cannot be {factor} times as wide", "give a factor above zero")
    web = relate(model, shapes, proportional=True)
    ends = (*model.graph.inputs, *model.graph.outputs)
    # An input that no output needs has no shape that anybody knows, and is tied to nothing.
    names = [i.name for i in ends if i.name in shapes and i.name not in model.graph.initializers]
    borders = [dim for name in names for dim in web.dims(name)]
    fixed = pinned_classes(web, [*web.pinned, *borders])
    if all(web.root(dim) in fixed for dims in web.known_dims().values() for dim in dims):
        raise CannotScale("no width is hidden: each is tied to an input, an output or the space of an image")
    return rewritten(model, web, widened(web, fixed, factor))
