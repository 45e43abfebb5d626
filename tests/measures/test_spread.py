"""Effective rank and participation ratio: their laws, their naive twins, their limits in noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import stategrad as sg
from stategrad import measures

SPREADS = [measures.effective_rank, measures.participation_ratio]
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6))


@pytest.mark.parametrize("spread", SPREADS)
def test_a_single_direction_counts_one_and_equal_ones_all(spread):
    rng = np.random.default_rng(0)
    single = np.outer(rng.standard_normal(7), rng.standard_normal(4))
    assert spread(measures.singular_values(single)) == pytest.approx(1)
    for state, embedding in ((7, 4), (4, 7), (5, 5)):
        orthonormal = np.linalg.qr(rng.standard_normal((max(state, embedding), min(state, embedding))))[0]
        isotropic = orthonormal if state >= embedding else orthonormal.T
        assert spread(measures.singular_values(3 * isotropic)) == pytest.approx(min(state, embedding))
    assert np.isnan(spread(np.zeros(5)))


@pytest.mark.parametrize("spread", SPREADS)
def test_rotations_and_scales_change_nothing(spread):
    rng = np.random.default_rng(1)
    G = rng.standard_normal((3, 6, 4))
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (6, 4))
    expected = spread(measures.singular_values(G))
    np.testing.assert_allclose(spread(measures.singular_values(0.01 * left @ G @ right)), expected)
    assert expected.shape == (3,)


@given(SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3))))
def test_they_are_what_a_loop_over_singular_values_gives(G):
    values = np.linalg.svd(G, compute_uv=False)
    entropy, squares, fourths = 0.0, 0.0, 0.0
    for value in values:
        p = value / sum(values)
        entropy -= p * np.log(p) if p > 0 else 0.0
        squares += value**2
        fourths += value**4
    rank, ratio = (float(spread(values)) for spread in SPREADS)
    assert rank == pytest.approx(np.exp(entropy))
    assert ratio == pytest.approx(squares**2 / fourths)
    assert 1 - 1e-9 <= ratio <= rank + 1e-9 <= min(G.shape) + 1e-6


def test_modes_of_noise_cancel_by_their_signs():
    values = np.array([3.0, 2.0, 1.0])
    with_noise = np.array([3.0, 2.0, 1.0, 0.01, -0.01])
    for spread in SPREADS:
        assert spread(with_noise) == pytest.approx(spread(values), rel=1e-3)


def test_debiased_values_see_three_directions_through_noise_and_their_intervals_hold():
    rng = np.random.default_rng(0)
    true = np.array([1.0, 0.8, 0.6])
    signal = np.zeros((24, 12))
    signal[:3, :3] = np.diag(true)
    blocks = signal + 0.2 * np.sqrt(10 / 24) * rng.standard_normal((40, 10, 24, 12))
    spectrum = measures.debias_spectrum(blocks, np.full((40, 10), 50))
    for spread in SPREADS:
        estimate, expected = spectrum.estimate(spread), spread(true)
        assert abs(np.median(estimate.debiased) - expected) < 0.3 * abs(np.median(estimate.plain) - expected)
        assert np.mean((estimate.low <= expected) & (expected <= estimate.high)) >= 0.85


def test_noise_that_adds_up_to_nearly_nothing_has_no_effective_rank_and_no_warning():
    assert measures.effective_rank(np.array([1.0, 0.5, -1.499])) == np.inf
    assert np.isnan(measures.effective_rank(np.array([1.0, -1.5])))


@pytest.mark.parametrize(("state", "embedding"), [(600, 150), (150, 600), (400, 400)])
def test_limits_are_those_of_large_matrices_of_noise(state, embedding):
    values = measures.singular_values(np.random.default_rng(0).standard_normal((state, embedding)))
    assert measures.noise_effective_rank(state, embedding) == pytest.approx(measures.effective_rank(values), rel=0.01)
    assert measures.noise_participation_ratio(state, embedding) == pytest.approx(measures.participation_ratio(values), rel=0.01)


def test_the_curves_of_a_result_have_them_with_intervals_and_floors(small_result):
    memory = small_result.memory()
    for name, spread in zip(("effective_rank", "participation_ratio"), SPREADS, strict=True):
        values = small_result.spectrum()["singular_values"].values
        np.testing.assert_allclose(memory[name].values, spread(values))
        assert {f"{name}{end}" for end in ("_debiased", "_low", "_high", "_band_low", "_band_high", "_floor")} <= set(memory)
        detected = memory["detected"].values
        assert detected[0, 0]
        assert (memory[f"{name}_low"].values <= memory[f"{name}_high"].values)[detected].all()
        assert np.isnan(memory[f"{name}_low"].values[~detected]).all()
        assert (memory[f"{name}_floor"].values >= 1).all()


@pytest.fixture(scope="module")
def small_result():
    import torch

    torch.manual_seed(0)
    model = torch.nn.LSTM(4, 6).eval()
    return sg.state_gradients(model, torch.randn(700, 4), delays=8, show_progress=False)
