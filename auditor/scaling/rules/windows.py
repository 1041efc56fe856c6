"""Convolutions, pools and what else changes the space of an image. Space is no width."""

from __future__ import annotations

import math
from collections.abc import Callable

from auditor.scaling.site import Site


def conv(site: Site) -> None:
    """X (N, C, ...), W (M, C / group, ...), B (M)."""
    data, kernel, out = site.x(0, least=2), site.x(1, least=2), site.y(least=2)
    site.web.same_all(site.node, (data[0], kernel[0]), (out[0], out[1]))
    _channels(site, data[1], kernel[1], kernel[0])
    if site.has(2):
        site.web.same(site.node, site.x(2, least=1)[0], kernel[0])
    site.keep(*kernel[2:])
    site.feature(data[1], kernel[0], *kernel[2:])
    _space(site, data[2:], out[2:], _convolved(site, site.shape(1)[2:]))


def conv_transpose(site: Site) -> None:
    """X (N, C, ...), W (C, M / group, ...), B (M)."""
    data, kernel, out = site.x(0, least=2), site.x(1, least=2), site.y(least=2)
    site.web.same_all(site.node, (data[0], data[1]), (out[0], kernel[0]))
    _channels(site, out[1], kernel[1], kernel[0])
    if site.has(2):
        site.web.same(site.node, site.x(2, least=1)[0], out[1])
    site.keep(*kernel[2:])
    site.feature(data[1], out[1], *kernel[2:])
    _space(site, data[2:], out[2:], None)


def _channels(site: Site, whole: int, share: int, others: int) -> None:
    """``whole`` channels in groups of ``share``. One channel to a group stays so: the groups grow."""
    group = site.integer("group", 1)
    if group < 1:
        raise site.stop("has no groups")
    if group == 1:
        site.web.same(site.node, whole, share)
        return
    groups = site.web.fresh(group)
    site.web.product(site.node, whole, (groups, share))
    if site.web.sizes[share] > 1:
        site.pin(groups)
        site.web.function(
            site.node, site.web.fresh(0), (others,), lambda parts: 0 if parts[0] % group == 0 else None,
            f"cannot share its channels among {group} groups",
        )  # fmt: skip
        return
    ratio, odd = divmod(site.web.sizes[others], group)
    if odd:
        raise site.stop("has channels that do not fill its groups")
    site.pin(share)
    if ratio == 1:
        site.web.same(site.node, others, groups)
    else:
        several = site.web.fresh(ratio)
        site.pin(several)
        site.web.product(site.node, others, (groups, several))
    site.web.demand_attribute(site.number, "group", groups)


def pool(site: Site) -> None:
    """Pools keep batch and channels."""
    data, out = site.x(least=2), site.y(least=2)
    if any(site.gives(slot) for slot in range(1, len(site.node.outputs))):
        raise site.stop("gives indices, which are not followed")
    site.web.same_all(site.node, data[:2], out[:2])
    kernel = site.integers("kernel_shape")
    if kernel is None:
        raise site.stop("has no kernel_shape")
    _space(site, data[2:], out[2:], _convolved(site, kernel))


def global_pool(site: Site) -> None:
    """Space becomes one."""
    data = site.x(least=2)
    site.web.same_all(site.node, data[:2], site.y()[:2])
    site.mix(*data[2:])
    site.pin(*data[2:])


def resize(site: Site) -> None:
    """``Resize`` and ``Upsample``: what is stretched is space, and never a width."""
    data, out = site.x(), site.y()
    targets = site.elements(3) if site.node.op_type == "Resize" else None
    if targets is not None and len(targets) != len(out):
        raise site.stop("is given sizes of other axes than it has")
    for axis, (before, after) in enumerate(site.pairs(data, out)):
        if site.web.sizes[before] == site.web.sizes[after]:
            site.web.same(site.node, before, after)
        else:
            site.pin(before, after)
            site.mix(before)
            _unmoved(site, before, after, "stretches an axis that would have to grow")
        if targets is not None:
            site.web.demand(site.node, targets[axis], after)


def pad(site: Site) -> None:
    """A padded axis is longer by what is added."""
    data, out = site.x(), site.y()
    for before, after in site.pairs(data, out):
        added = site.web.sizes[after] - site.web.sizes[before]
        if added == 0:
            site.web.same(site.node, before, after)
            continue
        site.pin(before, after)
        site.mix(before)
        site.web.function(site.node, after, (before,), lambda parts, added=added: parts[0] + added)  # type: ignore[misc]


def depth_to_space(site: Site) -> None:
    """``DepthToSpace`` and back: blocks of pixels become channels."""
    narrow, deep = site.x(least=2), site.y(least=2)
    if site.node.op_type == "DepthToSpace":
        narrow, deep = deep, narrow
    block = site.web.fresh(site.integer("blocksize", 1) ** 2)
    site.web.same(site.node, narrow[0], deep[0])
    site.web.product(site.node, deep[1], (block, narrow[1]))
    site.pin(block, *narrow[2:], *deep[2:])
    for one, other in site.pairs(narrow[2:], deep[2:]):
        _unmoved(site, one, other, "cuts an image whose size would have to change")


Window = Callable[[int, int], int | None]
"""The size after a window, of an axis and the size before."""


def _convolved(site: Site, kernel: tuple[int, ...]) -> Window:
    """Source: the ONNX specification of ``Conv`` and ``MaxPool``, output shape."""
    rank = len(kernel)
    strides = site.integers("strides") or (1,) * rank
    dilations = site.integers("dilations") or (1,) * rank
    pads = site.integers("pads") or (0,) * (2 * rank)
    auto = site.node.attributes.get("auto_pad", "NOTSET")
    upwards = bool(site.integer("ceil_mode", 0))
    axes = len(site.x()) - 2
    if {rank, len(strides), len(dilations), len(pads) / 2} != {axes}:
        raise site.stop("has a window of other axes than what it slides over")
    if min((*strides, *dilations), default=1) < 1:
        raise site.stop("has a window that does not move on")

    def size(axis: int, before: int) -> int | None:
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            return -(-before // strides[axis])
        padding = 0 if auto == "VALID" else pads[axis] + pads[axis + rank]
        room = before + padding - dilations[axis] * (kernel[axis] - 1) - 1
        if room < 0:
            return None
        return (math.ceil(room / strides[axis]) if upwards else room // strides[axis]) + 1

    return size


def _space(site: Site, before: tuple[int, ...], after: tuple[int, ...], window: Window | None) -> None:
    site.pin(*before, *after)
    site.mix(*before)
    for axis, (one, other) in enumerate(site.pairs(before, after)):
        if window is None or window(axis, site.web.sizes[one]) != site.web.sizes[other]:
            _unmoved(site, one, other, "changes a length in a way that is not followed")
        elif site.web.sizes[one] == site.web.sizes[other] and window(axis, 2 * site.web.sizes[one]) == (
            2 * site.web.sizes[other]
        ):
            site.web.same(site.node, one, other)
        else:
            site.web.function(
                site.node, other, (one,), lambda parts, axis=axis: window(axis, parts[0]),  # type: ignore[misc]
                "has a window longer than what it slides over",
            )  # fmt: skip


def _unmoved(site: Site, before: int, after: int, why: str) -> None:
    """The two sizes are tied in a way nobody follows: neither may change."""
    old, result = site.web.sizes[before], site.web.sizes[after]
    site.web.function(
        site.node, after, (before,), lambda parts: result if parts[0] == old else None, why
    )  # fmt: skip


RULES: dict[str, Callable[[Site], None]] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), global_pool),
    **dict.fromkeys(("Resize", "Upsample"), resize),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), depth_to_space),
    "Pad": pad,
}
