"""EZKL's run arguments, under the names of ``ezkl.PyRunArgs``."""

from __future__ import annotations

import sys

from msgspec import Struct
from msgspec.structs import replace

Visibility = str
"""As ``PyRunArgs`` spells them: ``public``, ``private``, ``fixed``, ``polycommit``, ``hashed``,
``hashed/public`` or ``hashed/private/0,1`` (the numbers are outlets)."""


class RunArgs(Struct, frozen=True, kw_only=True):
    """What a user may tune in EZKL 23.0.5, with EZKL's own defaults.

    Scales are base-2 exponents: a real number ``x`` becomes ``round(x * 2**scale)``.
    """

    input_scale: int = 7
    param_scale: int = 7
    rebase_scale: int | None = None
    scale_rebase_multiplier: int = 1
    lookup_range: tuple[int, int] = (-32768, 32768)
    logrows: int = 17
    num_inner_cols: int = 2
    variables: tuple[tuple[str, int], ...] = (("batch_size", 1),)
    input_visibility: Visibility = "public"
    output_visibility: Visibility = "public"
    param_visibility: Visibility = "fixed"
    rebase_frac_zero_constants: bool = False
    check_mode: str = "unsafe"
    decomp_base: int = 16384
    decomp_legs: int = 2
    bounded_log_lookup: bool = False
    ignore_range_check_inputs_outputs: bool = False
    epsilon: float | None = None
    disable_freivalds: bool = False

    @property
    def max_scale(self) -> int:
        """The larger of the input and the parameter scale."""
        return max(self.input_scale, self.param_scale)

    @property
    def rebase_target_scale(self) -> int:
        """The scale above which EZKL rebases an output (``rebase_scale`` x multiplier)."""
        base = self.max_scale if self.rebase_scale is None else self.rebase_scale
        return base * self.scale_rebase_multiplier

    @property
    def effective_epsilon(self) -> float:
        """The epsilon that guards divisions; EZKL falls back on ``f64::EPSILON``."""
        return sys.float_info.epsilon if self.epsilon is None else self.epsilon

    def with_changes(self, **changes: object) -> RunArgs:
        """A copy with some arguments replaced."""
        return replace(self, **changes)


def is_hashed(visibility: Visibility) -> bool:
    """Whether a visibility runs the tensor through Poseidon."""
    return visibility.startswith("hashed")
