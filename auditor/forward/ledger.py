"""What is noted down while a circuit is run."""

from __future__ import annotations

import numpy as np

from auditor.forward.numbers import peak
from auditor.forward.result import Fault, Needs


class Ledger:
    """The largest numbers so far, and what went wrong; ``node`` is where we are."""

    __slots__ = ("_decomposed", "_faults", "_high", "_low", "_rounded", "disable_freivalds", "node", "rows")

    def __init__(self, rows: int, *, disable_freivalds: bool = False) -> None:
        self.rows = rows
        self.disable_freivalds = disable_freivalds
        self.node = ""
        self._decomposed = np.zeros(rows, dtype=np.int64)
        self._low = np.zeros(rows, dtype=np.int64)
        self._high = np.zeros(rows, dtype=np.int64)
        self._rounded: dict[int, int] = {}
        self._faults: dict[tuple[str, str], np.ndarray] = {}

    def decompose(self, values: np.ndarray) -> None:
        """Notes that values are split into digits of base ``decomp_base`` (layouts.rs ``decompose``)."""
        if values.size:
            flat = values.reshape(values.shape[0], -1)
            magnitudes = np.maximum(flat.max(axis=1), -flat.min(axis=1))
            np.maximum(self._decomposed, magnitudes, out=self._decomposed)

    def look_up(self, values: np.ndarray) -> None:
        """Notes that values are looked up in a table (region.rs ``update_max_min_lookup_inputs``)."""
        if values.size:
            flat = values.reshape(values.shape[0], -1)
            np.minimum(self._low, flat.min(axis=1), out=self._low)
            np.maximum(self._high, flat.max(axis=1), out=self._high)

    def reserve_lookups(self, low: int, high: int) -> None:
        """Notes a range that every table must have (region.rs ``update_max_min_lookup_inputs_force``)."""
        np.minimum(self._low, low, out=self._low)
        np.maximum(self._high, high, out=self._high)

    def decompose_in(self, base: int, values: np.ndarray) -> None:
        """Notes that values are split into digits of a base of their own."""
        self._rounded[base] = max(self._rounded.get(base, 0), peak(values))

    def fault(self, reason: str, wrong: np.ndarray) -> None:
        """Notes that something goes wrong in rows where any element of ``wrong`` is true."""
        if not wrong.any():
            return
        rows = wrong.reshape(wrong.shape[0], -1).any(axis=1)
        known = self._faults.setdefault((self.node, reason), np.zeros(self.rows, dtype=np.bool_))
        known |= rows

    def check_boolean(self, values: np.ndarray) -> None:
        """Notes a fault where a value is neither 0 nor 1 (layouts.rs ``boolean_identity``)."""
        if values.size and not (int(values.min()) >= 0 and int(values.max()) <= 1):
            self.fault("a value must be 0 or 1 and is not", (values < 0) | (values > 1))

    def needs(self) -> Needs:
        """All that was noted."""
        return Needs(
            decomposed=self._decomposed,
            lookup_low=self._low,
            lookup_high=self._high,
            rounded=dict(sorted(self._rounded.items())),
            faults=tuple(
                Fault(node=node, reason=reason, rows=tuple(int(row) for row in np.flatnonzero(rows)))
                for (node, reason), rows in self._faults.items()
            ),
        )
