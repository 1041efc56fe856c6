"""Random EZKL run args, most of them such that EZKL accepts them."""

from __future__ import annotations

import random
from typing import Any

DECOMPOSITIONS = (
    (16384, 2),
    (16384, 2),
    (16384, 2),
    (128, 4),
    (1024, 3),
    (512, 3),
    (4, 16),
    (65536, 1),
    (256, 4),
)


def build(rng: random.Random) -> dict[str, Any]:
    """Run args under their ``PyRunArgs`` names; one in five sets is EZKL's defaults."""
    if rng.random() < 0.2:
        return {}
    input_scale = rng.choice([7, 7, *range(2, 14)])
    base, legs = rng.choice(DECOMPOSITIONS)
    arguments: dict[str, Any] = {
        "input_scale": input_scale,
        "param_scale": input_scale if rng.random() < 0.6 else rng.randint(2, 13),
        "scale_rebase_multiplier": rng.choice([1, 1, 1, 1, 2, 3, 10]),
        "num_inner_cols": rng.choice([1, 2, 2, 2, 3, 4, 5, 6, 7, 8]),
        "logrows": rng.choice([17, 17, 17, *range(10, 21)]),
        "decomp_base": base,
        "decomp_legs": legs,
        "input_visibility": rng.choice(
            ["public"] * 6 + ["private"] * 3 + ["fixed", "hashed", "hashed/public", "polycommit"]
        ),
        "output_visibility": rng.choice(["public"] * 8 + ["private", "fixed", "hashed", "polycommit"]),
        "param_visibility": rng.choice(["fixed"] * 7 + ["private"] * 3 + ["hashed", "polycommit"]),
    }
    rare: dict[str, Any] = {
        "disable_freivalds": True,
        "ignore_range_check_inputs_outputs": True,
        "bounded_log_lookup": True,
        "rebase_frac_zero_constants": True,
        "epsilon": rng.choice([1e-3, 1e-6]),
        "lookup_range": rng.choice([[-1000, 1000], [-131072, 131072], [0, 4096]]),
        "check_mode": "safe",
    }
    for name, value in rare.items():
        if rng.random() < (0.2 if name == "disable_freivalds" else 0.05):
            arguments[name] = value
    return arguments
