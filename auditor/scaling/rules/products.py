"""Products of tensors."""

from __future__ import annotations

from collections.abc import Callable

from auditor.scaling.rules.elementwise import broadcast
from auditor.scaling.site import Site


def matmul(site: Site) -> None:
    """``MatMul``: the last axis of the left meets the last but one of the right; the others broadcast."""
    left, right = site.x(0, least=1), site.x(1, least=1)
    out = site.y(least=min(len(left) - 1, 1) + min(len(right) - 1, 1))
    site.web.same(site.node, left[-1], right[-2] if len(right) > 1 else right[-1])
    site.web.contracted[site.node.outputs[0]] = left[-1]
    site.mix(left[-1])
    rows, columns = left[:-1], right[-1:] if len(right) > 1 else ()
    if columns:
        site.web.same(site.node, columns[0], out[-1])
    kept = out[: len(out) - len(columns)]
    if rows:
        site.web.same(site.node, rows[-1], kept[-1])
        kept = kept[:-1]
    for batch in (rows[:-1], right[:-2]):
        for one, other in zip(reversed(batch), reversed(kept), strict=False):
            if site.web.sizes[one] == site.web.sizes[other]:
                site.web.same(site.node, one, other)
    if site.is_constant(1):
        site.feature(*right[-2:])
    if site.is_constant(0):
        site.feature(*left[-2:])


def gemm(site: Site) -> None:
    """``Gemm``: rows x inputs times inputs x outputs, plus what broadcasts."""
    left, right, out = site.x(0, least=2), site.x(1, least=2), site.y(least=2)
    left = left[::-1] if site.integer("transA", 0) else left
    right = right[::-1] if site.integer("transB", 0) else right
    site.web.same_all(site.node, (left[0], left[1], right[1]), (out[0], right[0], out[1]))
    site.mix(left[1])
    if site.is_constant(1):
        site.feature(*right)
    if site.is_constant(0):
        site.feature(*left)
    if site.has(2):
        broadcast(site, (2,))


def einsum(site: Site) -> None:
    """``Einsum``: dimensions of one letter are equal."""
    equation = site.node.attributes.get("equation")
    text = equation.replace(" ", "") if isinstance(equation, str) else ""
    terms, arrow, result = text.partition("->")
    if not arrow or "." in text:
        raise site.stop("is an einsum without an arrow, or with an ellipsis, which is not followed")
    letters: dict[str, int] = {}
    for slot, term in enumerate(terms.split(",")):
        for letter, dim in site.pairs(term, site.x(slot)):
            if letter in letters and site.web.sizes[letters[letter]] == site.web.sizes[dim]:
                site.web.same(site.node, dim, letters[letter])
            if letter not in letters or site.web.sizes[dim] > 1:
                letters[letter] = dim
        if site.is_constant(slot):
            site.feature(*site.x(slot))
    if not set(result) <= letters.keys():
        raise site.stop("is an einsum whose result has letters of no operand")
    for letter, dim in site.pairs(result, site.y()):
        site.web.same(site.node, dim, letters[letter])
    site.mix(*(dim for letter, dim in letters.items() if letter not in result))


RULES: dict[str, Callable[[Site], None]] = {"MatMul": matmul, "Gemm": gemm, "Einsum": einsum}
