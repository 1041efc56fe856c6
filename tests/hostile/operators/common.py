"""Values and shapes that many hostile operators share."""

from __future__ import annotations

import numpy as np

NAN, INFINITE = float("nan"), float("inf")
IMAGE = (1, 3, 8, 8)
KERNEL = np.ones((4, 3, 3, 3), np.float32)
MOST, LEAST = 2**63 - 1, -(2**63)
