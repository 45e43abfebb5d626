"""The search of the paper's section 3.3: which logistic regression tells classes apart best.

The paper also searches the initial seed and the optimisation algorithm. The problem is convex, so neither changes the solution;
a test shows it once, and each kind of model has one solver here.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from stategrad.errors import Problems

Penalty = Literal["l1", "l2"]
Weights = Literal["none", "balanced"]
Scheme = Literal["one-vs-rest", "multinomial"]


@dataclass(frozen=True, kw_only=True)
class ProbeConfig:
    """How linear separability is searched.

    Attributes:
        C: inverse strengths of the penalty.
        penalties: `l1`, `l2`.
        class_weights: `none`, or `balanced`: inverse to the classes' sizes.
        schemes: `one-vs-rest`, `multinomial`; two classes need only one of them.
        max_iter: iterations after which a fit is given up as not converged.
        most_classes_l1: with more classes than this the multinomial model with an L1 penalty is left out, which takes minutes.
        seed: of the split into parts.
        splits: how many splits the spread is taken over; the classifier that was chosen on the first is trained on the others too.
        cbow: in runs with jointly trained embeddings, search it for cbow vectors of the same text too, as the paper (extra
            `word2vec`); the settings `embeddings` say how they are trained.
        workers: processes that fit side by side.
    """

    C: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0)
    penalties: tuple[Penalty, ...] = ("l1", "l2")
    class_weights: tuple[Weights, ...] = ("none", "balanced")
    schemes: tuple[Scheme, ...] = ("one-vs-rest", "multinomial")
    max_iter: int = 1000
    most_classes_l1: int = 1000
    seed: int = 0
    splits: int = 5
    cbow: bool = False
    workers: int = 2

    def __post_init__(self) -> None:
        problems = Problems("probe")
        if not self.C or min(self.C) <= 0:
            problems.add(f"probe.C is {self.C}; give numbers above 0")
        for name in ("penalties", "class_weights", "schemes"):
            if not getattr(self, name):
                problems.add(f"probe.{name} is empty; give at least one")
        for name in ("max_iter", "workers", "splits"):
            if getattr(self, name) < 1:
                problems.add(f"probe.{name} is {getattr(self, name)}; give at least 1")
        problems.raise_if_any()


@dataclass(frozen=True)
class Candidate:
    """One point of the grid."""

    penalty: Penalty
    C: float
    class_weight: Weights
    scheme: Scheme


def candidates(config: ProbeConfig, classes: int) -> list[Candidate]:
    """The grid for a task; with two classes one-vs-rest and multinomial are one model, listed as one-vs-rest."""
    schemes = config.schemes if classes > 2 else config.schemes[:1]
    grid = itertools.product(config.penalties, config.C, config.class_weights, schemes)
    found = [Candidate(*point) for point in grid]
    return [c for c in found if not (c.scheme == "multinomial" and c.penalty == "l1" and classes > config.most_classes_l1)]


def fit(
    candidate: Candidate, vectors: Float[np.ndarray, "example embedding"], labels: np.ndarray, max_iter: int
) -> tuple[LogisticRegression | OneVsRestClassifier, bool]:
    """The fitted classifier, and whether it converged."""
    model = estimator(candidate, len(np.unique(labels)), max_iter)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(vectors, labels)
    return model, not any(issubclass(w.category, ConvergenceWarning) for w in caught)


def estimator(candidate: Candidate, classes: int, max_iter: int) -> LogisticRegression | OneVsRestClassifier:
    """The classifier of a point of the grid, with the one solver that fits it."""
    binary = classes == 2
    one_vs_rest = candidate.scheme == "one-vs-rest"
    solver = "liblinear" if binary or one_vs_rest else ("saga" if candidate.penalty == "l1" else "lbfgs")
    model = LogisticRegression(
        l1_ratio=1.0 if candidate.penalty == "l1" else 0.0,
        C=candidate.C,
        class_weight=None if candidate.class_weight == "none" else "balanced",
        solver=solver,
        max_iter=max_iter,
        tol=1e-3,
        random_state=0,
    )
    return OneVsRestClassifier(model) if one_vs_rest and not binary else model
