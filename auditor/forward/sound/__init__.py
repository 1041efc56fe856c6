"""What any input of a box may need: bounds of the executor's numbers by interval arithmetic, not by samples.

An interval is an int64 array of two rows, its least and its greatest values; one row stands for a value that
is known. The rows are those of :mod:`auditor.forward`, so its own rules serve wherever an operation is
monotone. Bounds are never too narrow. They say nothing of faults: that there is a proof at all.
"""

from auditor.forward.sound.run import Bounds, bounds

__all__ = ["Bounds", "bounds"]
