"""Operations that EZKL reads from a table (its ``circuit/ops/lookup.rs``)."""

from __future__ import annotations

from auditor.circuit.ops.base import Op


class Lookup(Op, frozen=True, kw_only=True):
    """A non-linearity read from a table of ``lookup_range``.

    ``function`` is EZKL's name (Div, IsOdd, PowersOfTwo, Ln, Sigmoid, Exp, Cos, ACos, Cosh, ACosh,
    Sin, ASin, Sinh, ASinh, Tan, ATan, Tanh, ATanh, Erf, Pow, HardSwish); ``parameters`` are its
    fields in EZKL's order as f32 values (scale multiplier or denominator, then base or exponent).
    Two lookups share a table exactly when both are equal.
    """

    function: str
    parameters: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        return self.function
