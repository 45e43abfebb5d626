"""Intervals of the rms where directions are kept nearly alike, so that chance decides which is the best: against known truths."""

import numpy as np
import pytest

from stategrad import measures
from stategrad.gradients.model_comparison import _difference
from stategrad.measures.energy import estimate_rms
from stategrad.measures.relative import relative_estimate

BLOCKS, POSITIONS, TEXTS = 10, 20, 300
ALIKE = np.ones(8)
NEAR = np.r_[1.1, np.ones(7)]
APART = 0.5 ** np.arange(8)


def moments(spectrum, *batch):
    """`E[GᵀG]` of blocks whose rows of gradients have the variances `spectrum`; its root is known."""
    rows = np.random.default_rng(0).standard_normal((*batch, BLOCKS, POSITIONS, len(spectrum))) * np.sqrt(spectrum)
    return np.swapaxes(rows, -1, -2) @ rows / POSITIONS, np.full((*batch, BLOCKS), POSITIONS)


@pytest.mark.parametrize(("spectrum", "least"), [(ALIKE, 0.85), (NEAR, 0.9), (APART, 0.9)], ids=["alike", "near", "apart"])
def test_the_interval_holds_the_truth_near_a_tie(spectrum, least):
    estimate = estimate_rms(*moments(spectrum, TEXTS))
    truth = np.sqrt(spectrum[0])
    assert ((estimate.low <= truth) & (truth <= estimate.high)).mean() >= least


@pytest.mark.parametrize("spectrum", [ALIKE, NEAR, APART], ids=["alike", "near", "apart"])
def test_what_is_alike_is_seldom_told_apart(spectrum):
    blocks, counts = moments(spectrum, 2, TEXTS)
    one, other = (estimate_rms(blocks[k], counts[k]) for k in range(2))
    columns = _difference(one, other, np.ones(TEXTS, dtype=bool), paired=True)
    ratio = np.abs(columns["difference"]) / columns["standard_error"]
    assert (ratio > 2.262).mean() <= 0.08


def test_far_from_a_tie_the_error_is_the_jackknifes_and_near_one_it_is_wider():
    for spectrum, ratio in ((APART, (1, 1.02)), (ALIKE, (1.5, 4))):
        blocks, counts = moments(spectrum, TEXTS)
        wide, own = estimate_rms(blocks, counts), measures.jackknife(measures.root_mean_square, blocks, counts)
        np.testing.assert_array_equal(wide.debiased, own.debiased)
        low, high = ratio
        assert low <= np.median(wide.standard_error / own.standard_error) <= high


def test_relative_curves_carry_the_error_of_the_corrections():
    blocks, counts = moments(ALIKE, 3)
    curve = relative_estimate(estimate_rms(blocks, counts))
    spread = np.square(curve.contributions).sum(0)
    np.testing.assert_allclose(curve.standard_error**2, spread + (curve.plain - curve.debiased) ** 2)
    assert curve.standard_error[0] == 0
    np.testing.assert_allclose(curve.high - curve.debiased, 2.262157 * curve.standard_error, rtol=1e-6)
