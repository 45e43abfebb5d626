"""Intervals on scales of their own: against truths that are known."""

import numpy as np
import pytest

from stategrad import measures
from stategrad.measures.scales import INVERSE_SHARES, SIGNED_SQUARES, inverse_share, signed_square


def test_scales_lead_back():
    values = np.array([-3.0, -0.5, 0.0, 0.5, 2.0])
    np.testing.assert_allclose(SIGNED_SQUARES.value(signed_square(values)), values)
    spectra = np.random.default_rng(0).uniform(0.1, 1, (5, 4))
    for n in (1, 3):
        np.testing.assert_allclose(INVERSE_SHARES.value(inverse_share(spectra, n)), measures.largest_share(spectra, n))


def test_a_share_lies_between_the_inverses_of_the_ends_and_is_never_above_one():
    low, high = INVERSE_SHARES.ends(np.array([2.0, -1.0, 0.5, np.nan]), np.array([4.0, 5.0, 0.9, np.nan]))
    np.testing.assert_allclose(low, [0.25, 0.2, 1.0, np.nan])
    np.testing.assert_allclose(high, [0.5, 1.0, 1.0, np.nan])


@pytest.mark.parametrize(("second", "strength"), [(0.0, 1.5), (0.0, 4.0), (0.5, 2.0)])
def test_shares_in_noise_keep_their_intervals(second, strength):
    generator = np.random.default_rng(1)
    signal = np.zeros((12, 8))
    signal[0, 0], signal[1, 1] = strength * (np.sqrt(12) + np.sqrt(8)) / np.sqrt(1000) * np.array([1, second])
    truth = 1 / (1 + second)
    means = generator.standard_normal((300, 10, 12, 8)) / 10 + signal
    inverse = measures.debias_spectrum(means, np.full((300, 10), 100)).estimate(inverse_share)
    low, high = INVERSE_SHARES.ends(inverse.low, inverse.high)
    assert ((low <= truth) & (truth <= high)).mean() > 0.93
    assert np.median(high - low) < 0.7  # it says something: an interval from 1/8 to 1 would be 0.875 wide
