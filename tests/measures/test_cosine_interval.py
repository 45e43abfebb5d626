"""The interval of the cosine to the best-remembered directions, where they are told apart and where they are tied."""

import numpy as np
import pytest

import stategrad as sg
from planted import result_of_blocks

H, E, BLOCKS = 12, 8, 10


def result_of(values, *, noise, seed):
    """Blocks around a mean gradient with these singular values along the axes."""
    mean = np.zeros((H, E))
    mean[: len(values), : len(values)] = np.diag(values)
    generator = np.random.default_rng(seed)
    return result_of_blocks((mean + noise * generator.standard_normal((BLOCKS, 1, H, E)))[None])


def covered(values, n, d, *, noise):
    truth = np.linalg.norm(d[:n]) / np.linalg.norm(d)
    inside = []
    for seed in range(100):
        tracked = result_of(values, noise=noise, seed=seed).track(d, n).sel(group="all", delay=0)
        inside.append(bool(tracked["cosine_low"] <= truth <= tracked["cosine_high"]))
        assert 0 <= tracked["cosine_low"] <= tracked["cosine"] <= tracked["cosine_high"] <= 1
    return np.mean(inside)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_it_holds_the_truth_where_the_modes_are_apart(n):
    d = np.array([1.0, 0.7, 0.5, 0.4, 0.6, 1.0, 0.3, 0.2])
    assert 0.88 <= covered([8.0, 6.0, 4.5, 3.5, 2.5], n, d, noise=0.4) <= 1.0


def test_it_holds_the_truth_where_n_splits_a_near_tie():
    d = np.array([1.0, 0.2, 1.0, 0.4, 0.6, 1.0, 0.3, 0.2])
    values = [8.0, 4.0, 3.98, 2.0]
    ties = [bool(result_of(values, noise=0.05, seed=seed).track(d, 2)["near_tie"].squeeze()) for seed in range(20)]
    assert np.mean(ties) > 0.9
    assert covered(values, 2, d, noise=0.05) >= 0.95


def test_without_enough_blocks_or_memory_there_is_none():
    d = np.ones(E)
    few = result_of_blocks(np.random.default_rng(0).standard_normal((1, 5, 1, H, E))).track(d, 2)
    nothing = result_of([], noise=1.0, seed=3).track(d, 2)
    for tracked in (few, nothing):
        assert np.isfinite(tracked["cosine"]).all()
        assert not tracked["detected"].any()
        for name in ("cosine_low", "cosine_high", "subspace_share_low", "subspace_share_high"):
            assert tracked[name].isnull().all()


def test_the_share_of_all_modes_is_one():
    tracked = result_of([5.0, 3.0], noise=0.1, seed=0).track(np.ones(E), [2, E])
    share = tracked[["subspace_share", "subspace_share_low", "subspace_share_high"]].sel(n=E).squeeze()
    np.testing.assert_allclose([float(share[name]) for name in share], 1.0, atol=1e-12)
    two = tracked.sel(n=2)
    assert two["subspace_share_low"].squeeze() < 1.0
    assert sg.measures.cosine_to_subspace(np.eye(H, E), np.ones(E), E) == pytest.approx(1.0)
