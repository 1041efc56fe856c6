"""New sizes for all classes of a web: what follows is computed, and every law is checked at the end."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod

from auditor.scaling.errors import CannotScale
from auditor.scaling.web import Law, Web

_HINT = "the model has no such form: compare it at its own size"


def pinned_classes(web: Web, pinned: Iterable[int]) -> set[int]:
    """All classes that keep their size when ``pinned`` dimensions do.

    What is made of fixed sizes is fixed, and so are the parts of what is fixed. Of several parts of a width
    only the last one grows: heads stay as many, and become wider.
    """
    by_class = _laws_by_class(web)
    fixed: set[int] = set()
    waiting = deque(web.root(dim) for dim in pinned)
    waiting.extend(web.root(dim) for dim, size in enumerate(web.sizes) if size == 1)
    _spread(web, by_class, fixed, waiting)
    for law in web.laws:
        if law.kind != "product" or web.root(law.out) in fixed:
            continue
        loose = [web.root(part) for part in law.parts if web.root(part) not in fixed]
        if len(loose) > 1:
            _spread(web, by_class, fixed, deque(part for part in loose[:-1] if part != loose[-1]))
    return fixed


def _spread(web: Web, by_class: Mapping[int, Sequence[Law]], fixed: set[int], waiting: deque[int]) -> None:
    while waiting:
        found = waiting.popleft()
        if found in fixed:
            continue
        fixed.add(found)
        for law in by_class[found]:
            out, parts = web.root(law.out), [web.root(part) for part in law.parts]
            if out in fixed and (law.kind != "function" or len(parts) == 1):
                waiting.extend(parts)
            elif all(part in fixed for part in parts):
                waiting.append(out)


def widened(web: Web, fixed: set[int], factor: Fraction) -> list[int]:
    """The size of each class, where all that is neither fixed nor follows from others is multiplied.

    Raises CannotScale where a size is no whole number, or a law breaks.
    """
    known = {root: web.sizes[root] for root in fixed}
    roots = dict.fromkeys(web.root(dim) for dim in range(len(web.sizes)))
    outs = {web.root(law.out) for law in web.laws}
    for root in roots:
        if root not in known and root not in outs:
            known[root] = _times(web, root, factor)
    _follow(web, known, known)
    for root in roots:  # widths that follow from their own parts, as those of rotary positions
        if root not in known:
            known[root] = _times(web, root, factor)
            _follow(web, known, (root,))
    return _checked(web, known)


def lengthened(web: Web, seeds: Mapping[int, int]) -> list[int]:
    """The size of each class, where only what follows from ``seeds`` (classes and new sizes) changes.

    Raises CannotScale where a law breaks.
    """
    reached = _reached(web, seeds)
    known = {root: size for root, size in enumerate(web.sizes) if web.root(root) == root}
    for root in reached:
        del known[root]
    known.update(seeds)
    _follow(web, known, tuple(known))
    for root in reached:
        known.setdefault(root, web.sizes[root])  # a circle: the check below says whether it may stay
    return _checked(web, known)


def _reached(web: Web, seeds: Mapping[int, int]) -> set[int]:
    """What follows from the seeds. A sequence that is cut into pieces gets more pieces, the first factor."""
    by_class = _laws_by_class(web)
    reached: set[int] = set()
    waiting = deque(seeds)
    while waiting:
        found = waiting.popleft()
        if found in reached:
            continue
        reached.add(found)
        for law in by_class[found]:
            out, parts = web.root(law.out), [web.root(part) for part in law.parts]
            if found in parts:
                waiting.append(out)
            elif law.kind == "product" and out == found and not reached & set(parts):
                back = _backwards(web, law)
                web.laws.append(back)
                waiting.append(web.root(back.out))
    return reached


def _backwards(web: Web, law: Law) -> Law:
    grows = next(part for part in law.parts if web.sizes[part] > 1)
    others = [part for part in law.parts if part != grows]
    return Law(
        kind="function",
        out=grows,
        parts=(law.out, *others),
        node=law.node,
        compute=lambda sizes: sizes[0] // prod(sizes[1:]) if sizes[0] % prod(sizes[1:]) == 0 else None,
        why="cuts a sequence into pieces that do not fill its new length",
    )


def _follow(web: Web, known: dict[int, int], since: Iterable[int]) -> None:
    """Computes what follows from the classes that became known."""
    by_class = _laws_by_class(web, of_parts=True)
    waiting = deque(since)
    while waiting:
        for law in by_class[waiting.popleft()]:
            out, parts = web.root(law.out), [web.root(part) for part in law.parts]
            if out in known or not all(part in known for part in parts):
                continue
            size = law.value(tuple(known[part] for part in parts))
            if size is None:
                raise CannotScale.at(law.node, law.why, _HINT)
            known[out] = size
            waiting.append(out)


def _checked(web: Web, known: Mapping[int, int]) -> list[int]:
    for law in web.laws:
        size = law.value(tuple(known[web.root(part)] for part in law.parts))
        if size is None:
            raise CannotScale.at(law.node, law.why, _HINT)
        if size != known[web.root(law.out)]:
            reason = f"would need the sizes {size} and {known[web.root(law.out)]} to be one"
            raise CannotScale.at(law.node, reason, _HINT)
    for node, dim in web.rigid:
        if known[web.root(dim)] != web.sizes[dim]:
            raise CannotScale.at(
                node, f"would need another size for what is {web.sizes[dim]} by its meaning", _HINT
            )
    return [known[web.root(dim)] for dim in range(len(web.sizes))]


def _times(web: Web, root: int, factor: Fraction) -> int:
    size = web.sizes[root] * factor
    if size.denominator != 1 or size < 1:
        name = next((n for n, dims in web.known_dims().items() if root in map(web.root, dims)), "")
        raise CannotScale(
            f"a width of {web.sizes[root]} times {factor} is no whole number",
            "choose another factor",
            node=name,
        )
    return int(size)


def _laws_by_class(web: Web, *, of_parts: bool = False) -> defaultdict[int, list[Law]]:
    """The laws each class takes part in, or is a part in."""
    found: defaultdict[int, list[Law]] = defaultdict(list)
    for law in web.laws:
        for root in dict.fromkeys(
            web.root(dim) for dim in (law.parts if of_parts else (law.out, *law.parts))
        ):
            found[root].append(law)
    return found
