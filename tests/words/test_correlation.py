"""Rank correlations, against scipy's, and how often their intervals hold the truth."""

import numpy as np
from scipy.stats import spearmanr

from stategrad.words.correlation import rank_correlation


def test_it_is_spearmans_rho_with_ties():
    generator = np.random.default_rng(0)
    a, b = generator.integers(6, size=40) * 1.0, generator.standard_normal(40)
    b += a / 4
    assert abs(rank_correlation(a, b).rho - spearmanr(a, b).statistic) < 1e-10


def test_intervals_hold_the_truth():
    """Of normal pairs with correlation r, ρ is 6/π asin(r/2)."""
    generator = np.random.default_rng(1)
    truth, held = 6 / np.pi * np.arcsin(0.6 / 2), 0
    for _ in range(150):
        a, b = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=60).T
        one = rank_correlation(a, b, draws=300)
        held += one.low <= truth <= one.high
    assert 0.88 <= held / 150 <= 0.99


def test_words_without_a_value_are_left_out():
    a, b = np.array([1, 2, np.nan, 4, 5.0]), np.array([1, 2, 3, 4, np.inf])
    assert rank_correlation(a, b).words == 3


def test_what_cannot_be_said_is_nan():
    assert np.isnan(rank_correlation(np.ones(2), np.ones(2)).rho)
    assert np.isnan(rank_correlation(np.ones(9), np.arange(9.0)).rho)
