"""How far apart two answers are, in the numbers people know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.planning.nouns import Accuracy


def real_values(integers: np.ndarray, scale: int) -> np.ndarray:
    """What the circuit's integers stand for."""
    return integers / 2.0**scale


def accuracy(
    answers: Sequence[np.ndarray], reference: Sequence[np.ndarray], whole: Sequence[bool] = ()
) -> Accuracy:
    """``answers`` against ``reference``: for each output an array whose leading axis holds the rows.

    Of outputs that are ``whole`` numbers, as classes and truth values are, the error that counts is the share
    of them that differ: by how much means nothing.

    Raises :class:`ValueError` when an output has another number of elements than its reference.
    """
    worst = mean = relative = 0.0
    agreements = []
    kinds = whole or [truth.dtype.kind != "f" for truth in reference]
    for answer, truth, is_whole in zip(answers, reference, kinds, strict=True):
        rows = len(truth)
        if answer.size != truth.size:
            raise ValueError(f"an output of {answer.size} elements where the model has {truth.size}")
        ours, theirs = answer.reshape(rows, -1).astype(np.float64), truth.reshape(rows, -1).astype(np.float64)
        if not theirs.size:
            continue
        apart = np.abs(ours - theirs)
        largest = float(apart.max())
        worst, mean = max(worst, largest), max(mean, float(apart.mean()))
        relative = max(relative, float(np.mean(apart > 0.5)) if is_whole else largest / output_range(theirs))
        if not is_whole and has_classes(truth):
            classes = truth.shape[-1]
            same = ours.reshape(-1, classes).argmax(axis=1) == theirs.reshape(-1, classes).argmax(axis=1)
            agreements.append(float(np.mean(same)))
    return Accuracy(
        max_abs_error=worst,
        mean_abs_error=mean,
        relative_error=relative,
        agreement=min(agreements, default=None),
    )


def output_range(values: np.ndarray) -> float:
    """From the least to the greatest; of values that are all alike their magnitude, or 1 for zeros."""
    span = float(values.max() - values.min())
    return span or float(np.abs(values).max()) or 1.0


def has_classes(values: np.ndarray) -> bool:
    """Whether an output of (rows, shape...) looks like a classifier's: floating point, a few numbers for each
    of a batch, or of one with further axes of one.
    """
    leading = values.shape[1:-1]
    is_flat = values.ndim > 1 and (len(leading) <= 1 or all(size == 1 for size in leading))
    return is_flat and values.dtype.kind == "f" and values.shape[-1] > 1
