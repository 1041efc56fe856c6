"""Operations around another one that bring its inputs or outputs to a scale."""

from __future__ import annotations

from auditor.circuit.ops.base import Op


class Rescaled(Op, frozen=True, kw_only=True):
    """Multiplies inputs to a common scale before ``inner``: (input position, multiplier)."""

    inner: Op
    multipliers: tuple[tuple[int, int], ...]


class RebaseScale(Op, frozen=True, kw_only=True):
    """Runs ``inner``, then ``rebase`` (a :class:`Div`) to bring its output to ``target_scale``."""

    inner: Op
    rebase: Op
    target_scale: int
    original_scale: int
    multiplier: float
