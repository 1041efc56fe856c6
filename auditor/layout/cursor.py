"""Where the next cell goes: a linear coordinate over blocks of ``width`` columns.

Cell ``n`` lies in block ``n // block``, column ``n % width`` and row ``n % block // width``
(EZKL tensor/var.rs ``cartesian_coord``).
"""

from __future__ import annotations


class Cursor:
    """A coordinate that only moves forward.

    ``longest`` is the longest chain since it was last reset; loops use it to tell whether cells can
    have been duplicated at the end of a column.
    """

    __slots__ = ("block", "column", "longest", "position", "width")

    def __init__(self, width: int, column: int) -> None:
        self.width = width
        self.column = column
        self.block = width * column
        self.position = 0
        self.longest = 0

    def flush(self) -> None:
        """Moves to the start of the next row unless at one."""
        self.position = -(-self.position // self.width) * self.width

    def padded(self, length: int) -> int:
        """The cells of a chain of ``length`` elements without duplicates: whole rows."""
        return -(-length // self.width) * self.width

    def duplicates(self, padded: int) -> int:
        """Cells repeated because the chain reaches the end of a block.

        EZKL's dummy pass starts counting at the *row* of the coordinate (tensor/var.rs
        ``dummy_assign_with_duplication``) and repeats ``width`` cells every ``block`` elements.
        """
        first = self.block - 1 - self.position % self.block // self.width
        if padded - 1 < first:
            return 0
        return self.width * (1 + (padded - 1 - first) // (self.block - self.width))

    def chain(self, length: int) -> None:
        """One running dot product, sum or product of ``length`` elements."""
        self.flush()
        padded = self.padded(length)
        self.longest = max(self.longest, padded)
        self.position += padded + self.duplicates(padded)

    def chains(self, count: int, length: int) -> None:
        """``count`` chains one after another, in time independent of their number."""
        if count <= 0:
            return
        self.flush()
        padded = self.padded(length)
        self.longest = max(self.longest, padded)
        if self.never_duplicates(padded):
            self.position += count * padded
            return
        seen: dict[int, tuple[int, int]] = {}
        left = count
        while left:
            if self.width == 1 and padded:
                undisturbed = min(left, (self.block - 1 - self.position % self.block) // padded)
                self.position += undisturbed * padded
                left -= undisturbed
                if not left:
                    return
            state = self.position % self.block
            if state in seen:
                then_left, then_position = seen[state]
                rounds = left // (then_left - left)
                self.position += rounds * (self.position - then_position)
                left -= rounds * (then_left - left)
                seen.clear()
                if not left:
                    return
            seen[state] = (left, self.position)
            self.position += padded + self.duplicates(padded)
            left -= 1

    def never_duplicates(self, padded: int) -> bool:
        """Whether a chain this long fits wherever it starts."""
        return padded <= self.block - self.column
