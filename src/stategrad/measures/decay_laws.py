"""By which law a memory curve decays, judged on blocks of the text that the fit has not seen.

    exponential        a e^{-τ/T}
    power              a (τ+1)^{-b}
    stretched          a e^{-(τ/T)^b}
    two exponentials   a e^{-τ/T} + a' e^{-τ/T'},  T < T'

A law is fitted by least squares in units of the curve's standard error s(τ): what is compared is which law lies within the
intervals, and a delay counts as much as is known there. For each block k the fit to the curve without it is held against the
block's pseudo-value `T̃_k`, the jackknife's own measure of what the block says:

    score = Σ_k mean_τ ((T̃_k(τ) - f_{-k}(τ)) / (s(τ) √(g (h_k - 1))))²

which is 1 for a law that is true, up to chance, and larger for one that is not. Neighbouring delays are correlated, so that no
criterion that counts them as independent (AIC, BIC) holds; the blocks are what is independent, and the interval of a difference
between two laws is a t-interval over the blocks' own differences d_k, widened since the fits share blocks: its squared error is
`(1/g + 1/(g-1)) var d_k` (Nadeau & Bengio, Machine Learning 52, 2003). A law with fewer parameters is preferred wherever it cannot
be told from the best.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import least_squares
from scipy.special import stdtrit

from stategrad.measures.jackknife import Estimate, block_contributions, error_of

Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Law:
    """A family of curves.

    Attributes:
        name: of the law.
        parameters: what they are called.
        curve: values at delays τ (delay,) from the logarithms of the parameters.
        starts: where the search begins, for a curve of this first value over this many delays, in parameters.
    """

    name: str
    parameters: tuple[str, ...]
    curve: Curve
    starts: Callable[[float, float], list[tuple[float, ...]]]


def _exponential(delays: np.ndarray, p: np.ndarray) -> np.ndarray:
    a, T = np.exp(p)
    return np.asarray(a * np.exp(-delays / T))


def _power(delays: np.ndarray, p: np.ndarray) -> np.ndarray:
    a, b = np.exp(p)
    return np.asarray(a * (delays + 1.0) ** -b)


def _stretched(delays: np.ndarray, p: np.ndarray) -> np.ndarray:
    a, T, b = np.exp(p)
    return np.asarray(a * np.exp(-((delays / T) ** b)))


def _two_exponentials(delays: np.ndarray, p: np.ndarray) -> np.ndarray:
    return _exponential(delays, p[:2]) + _exponential(delays, p[2:])


LAWS = (
    Law("exponential", ("amplitude", "time"), _exponential, lambda a, n: [(a, t) for t in (n / 30, n / 5, n)]),
    Law("power", ("amplitude", "exponent"), _power, lambda a, n: [(a, b) for b in (0.3, 1.0, 3.0)]),
    Law(
        "stretched",
        ("amplitude", "time", "exponent"),
        _stretched,
        lambda a, n: [(a, t, b) for t in (n / 30, n / 5, n) for b in (0.4, 1.0)],
    ),
    Law(
        "two exponentials",
        ("amplitude", "time", "amplitude_2", "time_2"),
        _two_exponentials,
        lambda a, n: [(part * a, t, (1 - part) * a, 8 * t) for t in (n / 40, n / 10) for part in (0.5, 0.9)],
    ),
)
"""In the order of their numbers of parameters: of laws that cannot be told apart the first is preferred."""

PARAMETERS = ("amplitude", "time", "exponent", "amplitude_2", "time_2")


@dataclass(frozen=True, eq=False)
class FittedLaw:
    """A law on one curve.

    Attributes:
        name: of the law.
        parameters: by name.
        low: lower ends of their intervals over blocks.
        high: upper ends.
        score: mean squared distance of held-out blocks, in units of what they scatter; 1 for a law that is true.
        block_score: its parts, one per block, which add up to it.
    """

    name: str
    parameters: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    score: float
    block_score: Float[np.ndarray, " block"]


def fit_laws(
    delays: Int[np.ndarray, " delay"], estimate: Estimate, share: Float[np.ndarray, " block"], *, level: float = 0.95
) -> list[FittedLaw]:
    """Every law that has fewer parameters than there are delays, on one curve.

    Args:
        delays: τ.
        estimate: of the curve; its shape is (delay,), all of it with standard errors above 0.
        share: the part of the positions that each block holds.
        level: of the intervals.
    """
    occupied = share > 0
    weight = np.sqrt(occupied.sum() * (1 / share[occupied] - 1))[:, None]
    error = error_of(estimate.contributions, None)  # what blocks scatter, which held-out blocks are judged by
    held_out = estimate.debiased + estimate.contributions[occupied] * weight
    replicates = estimate.replicates[occupied]
    fitted = []
    for law in LAWS:
        if len(law.parameters) >= len(delays):
            continue
        whole = _fit(law, delays, estimate.debiased, error, None)
        without = np.array([_fit(law, delays, replicate, error, whole) for replicate in replicates])
        predicted = np.array([law.curve(delays, p) for p in without])
        scores = np.square((held_out - predicted) / (error * weight)).mean(1)
        low, high = _interval(whole, without, share[occupied], level)
        values = [dict(zip(law.parameters, np.exp(ends).tolist(), strict=True)) for ends in (whole, low, high)]
        fitted.append(FittedLaw(law.name, values[0], values[1], values[2], float(scores.sum()), scores))
    return fitted


def difference_to(law: FittedLaw, best: FittedLaw, *, level: float = 0.95) -> tuple[float, float, float]:
    """How much worse a law does than the best on held-out blocks, with its t-interval over blocks: value, low, high."""
    blocks = len(law.block_score)
    differences = blocks * (law.block_score - best.block_score)
    mean = float(differences.mean())
    error = differences.std(ddof=1) * np.sqrt(1 / blocks + 1 / (blocks - 1))
    half = float(stdtrit(blocks - 1, (1 + level) / 2) * error)
    return mean, mean - half, mean + half


def preferred(laws: list[FittedLaw], *, level: float = 0.95) -> str:
    """The first law, by number of parameters, whose difference to the one with the best score may be 0."""
    best = min(laws, key=lambda law: law.score)
    return next(law.name for law in laws if law is best or difference_to(law, best, level=level)[1] <= 0)


def _fit(law: Law, delays: np.ndarray, curve: np.ndarray, error: np.ndarray, near: np.ndarray | None) -> np.ndarray:
    """The logarithms of the parameters; from the law's own starts, or from a solution nearby."""
    size = max(float(curve[0]), 1e-12)
    starts = [near] if near is not None else [np.log(start) for start in law.starts(size, float(delays[-1] - delays[0] + 1))]

    def residuals(p: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.asarray(np.nan_to_num((law.curve(delays, p) - curve) / error, posinf=1e12))

    bounds = (np.full(len(starts[0]), -30.0), np.full(len(starts[0]), 30.0))
    found = [least_squares(residuals, np.clip(start, -29, 29), bounds=bounds) for start in starts]
    p = np.asarray(min(found, key=lambda one: one.cost).x)
    if law.name == "two exponentials" and p[1] > p[3]:
        p = p[[2, 3, 0, 1]]
    return p


def _interval(whole: np.ndarray, without: np.ndarray, share: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The jackknife's t-interval of the logarithms, around the fit to all blocks."""
    _, contributions = block_contributions(whole, without, np.broadcast_to(share[:, None], without.shape))
    half = stdtrit(len(share) - 1, (1 + level) / 2) * np.sqrt(np.square(contributions).sum(0))
    return np.clip(whole - half, -700, 700), np.clip(whole + half, -700, 700)
