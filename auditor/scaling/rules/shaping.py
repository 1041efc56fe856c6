"""Operators that move, join, cut and repeat axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod

from auditor.scaling.site import Site
from auditor.scaling.web import Computed, Element, Literal, Size, evaluate


def reshape(site: Site) -> None:
    """Runs of axes with equal products belong together: a width and its heads, an image and its pixels."""
    _regroup(site, site.x(), site.y())
    given = site.integers("shape")
    if given is not None:
        for index, (size, dim) in enumerate(site.pairs(given, site.y())):
            if size > 0:
                site.web.demand_attribute(site.number, "shape", dim, index)
        return
    targets = site.elements(1)
    if targets is None:
        raise site.stop("is given a shape that is not followed")
    for target, dim in site.pairs(targets, site.y()):
        if site.value(target) > 0:  # 0 and -1 leave the size to the input
            site.web.demand(site.node, target, dim)
    site.pin(*site.x(1))


def _regroup(site: Site, before: Sequence[int], after: Sequence[int]) -> None:
    """Axes of size one belong to nobody."""
    sizes = site.web.sizes
    left = [dim for dim in before if sizes[dim] != 1]
    right = [dim for dim in after if sizes[dim] != 1]
    if not all(sizes[dim] for dim in (*left, *right)):
        raise site.stop("reshapes a tensor without elements")
    if prod(sizes[dim] for dim in left) != prod(sizes[dim] for dim in right):
        raise site.stop("makes another number of elements")
    while left and right:
        ins, outs = [left.pop(0)], [right.pop(0)]
        while (size := prod(sizes[d] for d in ins)) != (other := prod(sizes[d] for d in outs)):
            (ins if size < other else outs).append((left if size < other else right).pop(0))
        if len(outs) == 1:
            site.web.product(site.node, outs[0], ins)
        elif len(ins) == 1:
            site.web.product(site.node, ins[0], outs)
        else:
            whole = site.web.fresh(size)
            site.web.product(site.node, whole, ins)
            site.web.product(site.node, whole, outs)


def flatten(site: Site) -> None:
    """Two axes: those before ``axis``, and those from it on."""
    dims, rank = site.x(), len(site.x())
    axis = site.integer("axis", 1)
    axis = axis + rank if axis < 0 else axis
    for out, parts in site.pairs(site.y(), (dims[:axis], dims[axis:])):
        real = [dim for dim in parts if site.web.sizes[dim] != 1]
        if real:
            site.web.product(site.node, out, real)


def transpose(site: Site) -> None:
    """The same axes in another order."""
    dims = site.x()
    rank = len(dims)
    perm = [axis % max(rank, 1) for axis in site.integers("perm") or reversed(range(rank))]
    if sorted(perm) != list(range(rank)):
        raise site.stop("is given an order of its axes that leaves some out")
    site.web.same_all(site.node, [dims[axis] for axis in perm], site.y())


def squeeze(site: Site) -> None:
    """Axes of size one vanish."""
    rank = len(site.x())
    axes = site.axes(1, rank)
    if axes is None:
        axes = tuple(axis for axis, size in enumerate(site.shape(0)) if size == 1)
    site.web.same_all(site.node, [dim for axis, dim in enumerate(site.x()) if axis not in axes], site.y())


def unsqueeze(site: Site) -> None:
    """Axes of size one appear."""
    axes = site.axes(1, len(site.y())) or ()
    site.web.same_all(site.node, site.x(), [dim for axis, dim in enumerate(site.y()) if axis not in axes])


def concat(site: Site) -> None:
    """Along the axis lengths add up."""
    out = site.y(least=1)
    axis = site.axis("axis", 1 if site.opset < 4 else 0, len(out))
    inputs = [site.x(slot, least=len(out)) for slot in range(len(site.node.inputs)) if site.has(slot)]
    for dims in inputs:
        site.web.same_all(
            site.node, dims[:axis] + dims[axis + 1 :], out[:axis] + out[axis + 1 :]
        )  # fmt: skip
    site.web.sum(site.node, out[axis], [dims[axis] for dims in inputs])
    site.mix(out[axis])


def split(site: Site) -> None:
    """Along the axis lengths add up; without sizes the parts are equal."""
    dims = site.x(least=1)
    axis = site.axis("axis", 0, len(dims))
    outputs = [site.y(slot, least=len(dims)) for slot in range(len(site.node.outputs)) if site.gives(slot)]
    if len(outputs) != len(site.node.outputs):
        raise site.stop("has parts that nobody reads")
    for out in outputs:
        site.web.same_all(site.node, out[:axis] + out[axis + 1 :], dims[:axis] + dims[axis + 1 :])
    parts = [out[axis] for out in outputs]
    sizes, given = site.elements(1), site.integers("split")
    if site.has(1) and sizes is None:
        raise site.stop("is cut into parts whose sizes are not followed")
    if any(told is not None and len(told) != len(parts) for told in (sizes, given)):
        raise site.stop("is told the sizes of more parts than it has, or of fewer")
    for index, dim in enumerate(parts):
        if sizes is not None:
            site.web.demand(site.node, sizes[index], dim)
        elif given is not None:
            site.web.demand_attribute(site.number, "split", dim, index)
        else:
            site.web.same(site.node, dim, parts[0])
    site.web.sum(site.node, dims[axis], parts)
    if site.has(1):
        site.pin(*site.x(1))


def expand(site: Site) -> None:
    """Axes of size one are repeated as often as the shape says."""
    dims, out = site.x(), site.y()
    targets = site.elements(1)
    if targets is None:
        raise site.stop("is given a shape that is not followed")
    for place, dim in enumerate(reversed(out)):
        target = targets[-1 - place] if place < len(targets) else 1
        own = dims[-1 - place] if place < len(dims) else None
        if own is not None and site.web.sizes[own] == site.web.sizes[dim]:
            site.web.same(site.node, own, dim)
        if site.value(target) == site.web.sizes[dim] != 1:
            becomes(site, target, dim)
    site.pin(*site.x(1))


def tile(site: Site) -> None:
    """Axes are repeated."""
    repeats = site.elements(1)
    if repeats is None:
        raise site.stop("repeats its axes a number of times that is not followed")
    for (before, after), times in site.pairs(tuple(site.pairs(site.x(), site.y())), repeats):
        if site.web.sizes[before] == site.web.sizes[after]:
            site.web.same(site.node, before, after)
        elif site.web.sizes[before] == 1:
            becomes(site, times, after)
        else:
            count = site.web.fresh(site.value(times))
            site.pin(count)
            site.web.product(site.node, after, (count, before))
    site.pin(*site.x(1))


def filled(site: Site) -> None:
    """``ConstantOfShape``: the shape is what the integers say."""
    targets = site.elements(0)
    if targets is None:
        raise site.stop("is given a shape that is not followed")
    for target, dim in site.pairs(targets, site.y()):
        becomes(site, target, dim)
    site.pin(*site.x())


def counted(site: Site) -> None:
    """``Range``: from zero in steps of one it is as long as its limit says; else its length stays."""
    start, limit, step = (site.elements(slot) for slot in range(3))
    dim = site.y(least=1)[0]
    if start and limit and step and site.value(start[0]) == 0 and site.value(step[0]) == 1:
        becomes(site, limit[0], dim)
    else:
        site.pin(dim)


def becomes(site: Site, element: Element, dim: int) -> None:
    """The integer is the size of the dimension, whichever of the two is known first."""
    if isinstance(element, Size):
        site.web.same(site.node, element.dim, dim)
    elif isinstance(element, Literal):
        site.web.demand(site.node, element, dim)
    elif isinstance(element, Computed):
        leaves = tuple(_leaves(element))
        site.web.function(site.node, dim, leaves, lambda parts: _computed(element, leaves, parts))
    else:
        site.pin(dim)


def _computed(element: Element, leaves: Sequence[int], parts: Sequence[int]) -> int:
    sizes: Mapping[int, int] = dict(zip(leaves, parts, strict=True))
    return evaluate(element, sizes, lambda dim: dim, {})


def _leaves(element: Element) -> Iterator[int]:
    """The dimensions an integer is computed from."""
    if isinstance(element, Size):
        yield element.dim
    elif isinstance(element, Computed):
        for operand in element.operands:
            yield from _leaves(operand)


RULES: dict[str, Callable[[Site], None]] = {
    "Reshape": reshape,
    "Flatten": flatten,
    "Transpose": transpose,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Concat": concat,
    "Split": split,
    "Expand": expand,
    "Tile": tile,
    "ConstantOfShape": filled,
    "Range": counted,
}
