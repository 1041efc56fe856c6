"""Operators that pick entries along an axis."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from auditor.scaling.rules.shaping import becomes
from auditor.scaling.site import Site
from auditor.scaling.web import Element, Literal, Size


def gather(site: Site) -> None:
    """The axes of the indices stand where the axis of the data stood. What is indexed is no width."""
    data, indices, out = site.x(0, least=1), site.x(1), site.y()
    axis = site.axis("axis", 0, len(data))
    site.web.same_all(site.node, (*data[:axis], *indices, *data[axis + 1 :]), out)
    site.pin(data[axis])
    site.mix(data[axis])
    if site.is_constant(0):
        site.feature(*data)


def gather_elements(site: Site) -> None:
    """One entry of the data for each index."""
    data, indices = site.x(0, least=1), site.x(1)
    site.web.same_all(site.node, indices, site.y())
    axis = site.axis("axis", 0, len(data))
    for place, (one, other) in enumerate(site.pairs(data, indices)):
        if place != axis and site.web.sizes[one] == site.web.sizes[other]:
            site.web.same(site.node, one, other)
    site.pin(data[axis], indices[axis])
    site.mix(data[axis])


def gather_nd(site: Site) -> None:
    """Each row of the indices names an entry; ``batch_dims`` axes are shared."""
    data, indices = site.x(0), site.x(1, least=1)
    shared, depth = site.integer("batch_dims", 0), site.shape(1)[-1]
    site.web.same_all(site.node, data[:shared], indices[:shared])
    site.web.same_all(site.node, (*indices[:-1], *data[shared + depth :]), site.y())
    site.pin(*data[shared : shared + depth])
    site.keep(indices[-1])
    site.mix(*data[shared : shared + depth])


def scatter(site: Site) -> None:
    """``ScatterElements``, ``ScatterND``: the data with some entries replaced."""
    data, indices = site.x(0, least=1), site.x(1, least=1)
    site.web.same_all(site.node, data, site.y())
    if site.node.op_type == "ScatterND":
        depth = site.shape(1)[-1]
        site.web.same_all(site.node, (*indices[:-1], *data[depth:]), site.x(2))
        site.pin(*data[:depth], *indices)
        site.keep(indices[-1])
        return
    site.web.same_all(site.node, indices, site.x(2))
    site.keep(*indices, data[site.axis("axis", 0, len(data))])


def top_k(site: Site) -> None:
    """As many entries along an axis as are asked for."""
    dims = site.x(least=1)
    axis = site.axis("axis", -1, len(dims))
    for slot in range(len(site.node.outputs)):
        if site.gives(slot):
            out = site.y(slot, least=len(dims))
            site.web.same_all(
                site.node, dims[:axis] + dims[axis + 1 :], out[:axis] + out[axis + 1 :]
            )  # fmt: skip
            site.pin(out[axis])
    site.mix(dims[axis])


def one_hot(site: Site) -> None:
    """A new axis of as many classes as there are."""
    indices, out = site.x(0), site.y(least=1)
    axis = site.axis("axis", -1, len(out))
    site.web.same_all(site.node, indices, out[:axis] + out[axis + 1 :])
    site.pin(out[axis])


class _Cut(Struct, frozen=True, kw_only=True):
    """One sliced axis: ``start`` and ``end`` as given, ``first`` and ``last`` as they are clamped."""

    before: int
    after: int
    start: Element
    end: Element
    first: int
    last: int
    step: int


def slice_axes(site: Site) -> None:
    """Axes are cut; the others stay."""
    sliced = _cuts(site)
    for axis, (before, after) in enumerate(site.pairs(site.x(), site.y())):
        if axis not in sliced:
            site.web.same(site.node, before, after)
    for cut in sliced.values():
        _cut(site, cut)


def _cuts(site: Site) -> dict[int, _Cut]:
    dims, out = site.x(least=1), site.y(least=len(site.x()))
    starts: tuple[Element, ...] | None = site.integers("starts") or site.elements(1)
    ends: tuple[Element, ...] | None = site.integers("ends") or site.elements(2)
    axes = site.integers("axes") or (site.numbers(3) if site.has(3) else None)
    steps = site.numbers(4) if site.has(4) else None
    if starts is None or ends is None or (site.has(3) and axes is None) or (site.has(4) and steps is None):
        raise site.stop("is cut at places that are not followed")
    for slot in range(1, len(site.node.inputs)):
        if site.has(slot):
            site.pin(*site.x(slot))
    cuts = len(axes or starts)
    if not len(starts) == len(ends) == cuts or (steps is not None and len(steps) != cuts):
        raise site.stop("is cut at more places than it has axes, or at fewer")
    found = {}
    for index, axis in enumerate(axes or range(len(starts))):
        axis, step = axis % len(dims), (steps or (1,) * len(starts))[index]
        size = site.web.sizes[dims[axis]]
        found[axis] = _Cut(
            before=dims[axis], after=out[axis], start=starts[index], end=ends[index],
            first=_clamp(site.value(starts[index]), size), last=_clamp(site.value(ends[index]), size),
            step=step,
        )  # fmt: skip
    return found


def _clamp(place: int, size: int) -> int:
    return min(max(place + size if place < 0 else place, 0), size)


def _cut(site: Site, cut: _Cut) -> None:
    size, left = site.web.sizes[cut.before], site.web.sizes[cut.after]
    if left == size:
        site.web.same(site.node, cut.before, cut.after)
        if site.value(cut.end) == size:
            site.web.demand(site.node, cut.end, cut.before)
    elif isinstance(cut.start, int) or isinstance(cut.end, int) or cut.step < 1:
        _stays(site, cut)  # attributes of old opsets
    elif site.web.proportional:
        _share(site, cut)
    else:
        _stretch(site, cut)


def _stays(site: Site, cut: _Cut) -> None:
    """Nothing is known of a cut through an axis of another size."""
    old, left = site.web.sizes[cut.before], site.web.sizes[cut.after]
    site.web.function(
        site.node, cut.after, (cut.before,), lambda parts: left if parts[0] == old else None,
        "cuts an axis whose size would change, at places that would have to move",
    )  # fmt: skip


def _share(site: Site, cut: _Cut) -> None:
    """In a wider model a part of a width stays the same share of it: halves stay halves."""
    size = site.web.sizes[cut.before]
    site.web.function(
        site.node, cut.after, (cut.before,),
        lambda parts: _scaled(site.web.sizes[cut.after], parts[0], size),
        "cuts a width at a place that would be no whole number",
    )  # fmt: skip
    for element, place in ((cut.start, cut.first), (cut.end, cut.last)):
        given = site.value(element)
        if not 0 < given <= size:
            if given < 0:
                _stays(site, cut)
            continue
        moved = site.web.fresh(place)
        site.web.function(
            site.node, moved, (cut.before,), lambda parts, place=place: _scaled(place, parts[0], size)  # type: ignore[misc]
        )  # fmt: skip
        site.web.demand(site.node, element, moved)


def _scaled(part: int, whole: int, old: int) -> int | None:
    scaled, rest = divmod(part * whole, old)
    return None if rest else scaled


def _stretch(site: Site, cut: _Cut) -> None:
    """In a longer model ends of a sequence stay ends, and as much of a table is used as is needed."""
    web, size, left = site.web, site.web.sizes[cut.before], site.web.sizes[cut.after]
    start, end = site.value(cut.start), site.value(cut.end)
    if site.is_fixed(0) and cut.step == 1 and start == 0 and end == left:
        becomes(site, cut.end, cut.after)
        web.tables.append((cut.before, cut.after))
    elif left == 1 and (start < 0 or cut.first < size - 1 or isinstance(cut.start, Size)):
        site.pin(cut.after)  # the first, or the last counted from the end
        site.mix(cut.before)
    elif cut.step == 1 and start == 1 and cut.last == size and end != size:
        web.function(site.node, cut.after, (cut.before,), lambda parts: parts[0] - 1)
    elif cut.step == 1 and start == 0 and end < 0 and isinstance(cut.end, Literal):
        web.function(site.node, cut.after, (cut.before,), lambda parts: parts[0] + end)
    else:
        _stays(site, cut)


RULES: dict[str, Callable[[Site], None]] = {
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "Slice": slice_axes,
    **dict.fromkeys(("ScatterElements", "ScatterND"), scatter),
    "TopK": top_k,
    "OneHot": one_hot,
}
