"""Operators that keep shapes: element by element, along an axis, or over axes that vanish."""

from __future__ import annotations

from collections.abc import Callable

from auditor.scaling.site import Site
from auditor.scaling.web import RootDemand

ELEMENTWISE = (
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BitShift", "Cast", "Ceil",
    "Celu", "Cos", "Cosh", "Div", "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual",
    "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log",
    "Max", "Mean", "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu",
    "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Sub",
    "Sum", "Tan", "Tanh", "ThresholdedRelu", "Where", "Xor", "Clip", "CastLike", "Dropout",
)  # fmt: skip

_REDUCE = (
    "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceSumSquare",
)  # fmt: skip

_FIRST_INPUT_ONLY = frozenset({"Clip", "CastLike", "Dropout"})


def broadcast(site: Site, slots: tuple[int, ...]) -> None:
    """Axes are aligned at the right; one of size one is repeated."""
    out = site.y()
    for slot in slots:
        dims = site.x(slot)
        for one, other in zip(reversed(dims), reversed(out), strict=False):
            if site.web.sizes[one] == site.web.sizes[other]:
                site.web.same(site.node, one, other)


def elementwise(site: Site) -> None:
    """One element for each, with broadcasting."""
    if site.node.op_type in _FIRST_INPUT_ONLY:
        for slot in range(len(site.node.outputs)):
            if site.gives(slot):
                site.web.same_all(site.node, site.x(), site.y(slot))
        return
    broadcast(site, tuple(slot for slot in range(len(site.node.inputs)) if site.has(slot)))
    if site.node.op_type in ("Mul", "Div"):
        _scaled_by_root(site)


_ROOTS = (0.5, -0.5, 0.25, -0.25)
"""Scores of attention are divided by the root of the width of a head; some do it half before, half after."""


def _scaled_by_root(site: Site) -> None:
    """Notes a scalar that is such a root of the width that was just summed over, or is about to be."""
    for slot, other in ((0, 1), (1, 0)):
        factor = site.scalar(slot)
        if factor is None or not site.x(other) or factor <= 0:
            continue
        dim = site.web.contracted.get(site.node.inputs[other], site.x(other)[-1])
        size = site.web.sizes[dim]
        for exponent in _ROOTS:
            if size > 1 and abs(factor / size**exponent - 1) < 1e-6:
                site.web.roots.append(
                    RootDemand(reader=site.number, slot=slot, dim=dim, exponent=exponent)
                )  # fmt: skip
                return


def along_axis(site: Site) -> None:
    """The shape stays; entries along an axis meet."""
    site.web.same_all(site.node, site.x(), site.y())
    if not site.x():
        return
    rank = len(site.x())
    softmax = site.node.op_type in ("Softmax", "LogSoftmax", "Hardmax")
    default = 1 if softmax and site.opset < 13 else -1
    axis = site.axis("axis", default, rank)
    site.mix(*(site.x()[axis:] if softmax and site.opset < 13 else site.x()[axis : axis + 1]))


def cumulative(site: Site) -> None:
    """``CumSum`` and ``Trilu``: the shape stays."""
    site.web.same_all(site.node, site.x(), site.y())
    site.mix(*(site.x() if site.node.op_type == "CumSum" else ()))


def reduce(site: Site) -> None:
    """Axes become one, or vanish."""
    dims, rank = site.x(), len(site.x())
    axes = site.axes(1, rank)
    if axes is None or (not axes and not site.integer("noop_with_empty_axes", 0)):
        axes = tuple(range(rank)) if not (axes is None and site.integer("noop_with_empty_axes", 0)) else ()
    _drop(site, axes, bool(site.integer("keepdims", 1)))
    site.mix(*(dims[axis] for axis in axes if axis < rank))


def arg_extreme(site: Site) -> None:
    """``ArgMax`` and ``ArgMin``: one axis goes."""
    dims = site.x(least=1)
    axis = site.axis("axis", 0, len(dims))
    _drop(site, (axis,), bool(site.integer("keepdims", 1)))
    site.mix(dims[axis])


def _drop(site: Site, axes: tuple[int, ...], keeps: bool) -> None:
    left = [dim for axis, dim in enumerate(site.x()) if axis not in axes]
    out = [dim for axis, dim in enumerate(site.y()) if not keeps or axis not in axes]
    site.web.same_all(site.node, left, out)


def layer_normalization(site: Site) -> None:
    """Axes from ``axis`` on are normalised, and have a scale and a bias of their shape."""
    dims = site.x()
    site.web.same_all(site.node, dims, site.y())
    normal = dims[site.axis("axis", -1, len(dims)) :]
    for slot in (1, 2):
        if site.has(slot):
            for one, other in zip(reversed(site.x(slot)), reversed(normal), strict=False):
                if site.web.sizes[one] == site.web.sizes[other]:
                    site.web.same(site.node, one, other)
    site.feature(*normal)
    _pin_statistics(site)


def _pin_statistics(site: Site) -> None:
    for slot in range(1, len(site.node.outputs)):
        if site.gives(slot):
            raise site.stop("gives its statistics to other nodes, which is not followed")


def channel_normalization(site: Site) -> None:
    """``BatchNormalization`` and ``InstanceNormalization``: vectors of the channels."""
    dims = site.x(least=2)
    site.web.same_all(site.node, dims, site.y())
    for slot in range(1, len(site.node.inputs)):
        if site.has(slot):
            site.web.same_all(site.node, site.x(slot), dims[1:2])
    site.feature(dims[1])
    if site.node.op_type == "InstanceNormalization":
        site.mix(*dims[2:])
        site.pin(*dims[2:])


def group_normalization(site: Site) -> None:
    """Groups stay as many; scale and bias are for channels since opset 21, for groups before."""
    dims = site.x(least=2)
    site.web.same_all(site.node, dims, site.y())
    for slot in (1, 2):
        if site.opset >= 21:
            site.web.same_all(site.node, site.x(slot), dims[1:2])
        else:
            site.pin(*site.x(slot))
    groups = site.integer("num_groups", 1)
    if groups < 1:
        raise site.stop("has no groups")
    site.web.function(
        site.node, site.web.fresh(groups), dims[1:2],
        lambda parts: groups if parts[0] % groups == 0 else None,
        f"cannot share its channels among {groups} groups",
    )  # fmt: skip
    site.feature(dims[1])


RULES: dict[str, Callable[[Site], None]] = {
    **dict.fromkeys(ELEMENTWISE, elementwise),
    **dict.fromkeys(_REDUCE, reduce),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax", "LpNormalization"), along_axis),
    **dict.fromkeys(("CumSum", "Trilu", "LRN"), cumulative),
    **dict.fromkeys(("ArgMax", "ArgMin"), arg_extreme),
    **dict.fromkeys(("BatchNormalization", "InstanceNormalization"), channel_normalization),
    "GroupNormalization": group_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": layer_normalization,
}
