"""A boosted tree ensemble as tensor operations: Hummingbird's GEMM strategy, written for EZKL.

Nakandala et al., "A Tensor Compiler for Unified Machine Learning Prediction Serving" (OSDI 2020),
section 4.1: all decisions of all trees are taken at once, and matrix products find the leaf they lead to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class GemmTrees(nn.Module):
    """Scores of (N, features): a product that picks features, one that finds leaves, one that sums them.

    ``picks`` is (features, T*I), ``thresholds`` (T*I,), ``paths`` (T*I, T*L) with +1 where a leaf lies to
    the left of a decision and -1 to the right, ``left_turns`` (T*L,), ``values`` (T*L, 1). A leaf is reached
    when all its left turns are taken and none of its right ones: decisions @ paths > left_turns - 1/2. (The
    original compares for equality; EZKL's Equal on fractional scales does not yield 1, its Greater does.)
    """

    picks: Tensor
    thresholds: Tensor
    paths: Tensor
    left_turns: Tensor
    values: Tensor
    bias: Tensor

    def __init__(self, tables: dict[str, np.ndarray]) -> None:
        super().__init__()
        for name, table in tables.items():
            self.register_buffer(name, torch.from_numpy(table.astype(np.float32)))

    def forward(self, x: Tensor) -> Any:
        decisions = (self.thresholds >= x @ self.picks).float()
        reached = (decisions @ self.paths > self.left_turns - 0.5).float()
        return reached @ self.values + self.bias


def gemm_form(booster: Any) -> GemmTrees:
    """A fitted two-class ``GradientBoostingClassifier``; the module returns its decision function."""
    trees = [estimator.tree_ for estimator in booster.estimators_[:, 0]]
    decisions = [(number, node) for number, tree in enumerate(trees) for node in nodes(tree, leaves=False)]
    leaves = [(number, node) for number, tree in enumerate(trees) for node in nodes(tree, leaves=True)]
    column = {decision: index for index, decision in enumerate(decisions)}
    tables = {
        "picks": np.zeros((booster.n_features_in_, len(decisions))),
        "thresholds": rounded_down(np.array([trees[number].threshold[node] for number, node in decisions])),
        "paths": np.zeros((len(decisions), len(leaves))),
        "values": np.array([[booster.learning_rate * trees[n].value[node, 0, 0]] for n, node in leaves]),
        "bias": booster._raw_predict_init(np.zeros((1, booster.n_features_in_))).ravel(),
    }
    for (number, node), index in column.items():
        tables["picks"][trees[number].feature[node], index] = 1.0
    for leaf, (number, node) in enumerate(leaves):
        for ancestor, turn in ancestors(trees[number], node):
            tables["paths"][column[number, ancestor], leaf] = turn
    tables["left_turns"] = (tables["paths"] > 0).sum(axis=0)
    return GemmTrees(tables)


def nodes(tree: Any, *, leaves: bool) -> list[int]:
    """The numbers of a tree's leaves, or of its decisions; scikit-learn gives leaves the child -1."""
    return [int(node) for node in np.flatnonzero((tree.children_left < 0) == leaves)]


def rounded_down(thresholds: np.ndarray) -> np.ndarray:
    """The largest float32 not above each float64: the same decisions for float32 features."""
    nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def ancestors(tree: Any, node: int) -> list[tuple[int, float]]:
    """The decisions above a node, with +1.0 where the way down turns left (``feature <= threshold``)."""
    found = []
    while node:
        for children, turn in ((tree.children_left, 1.0), (tree.children_right, -1.0)):
            above = np.flatnonzero(children == node)
            if len(above):
                found.append((int(above[0]), turn))
                node = int(above[0])
                break
    return found
