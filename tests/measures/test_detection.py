"""The sign-flip test: its statistic written out, its false positives, its power."""

import itertools

import numpy as np
import pytest

import stategrad as sg
from stategrad import measures


def naive_p(means, counts):
    def statistic(signs):
        pairs = [(a, b) for a in range(len(counts)) for b in range(len(counts)) if a != b]
        return sum(signs[a] * signs[b] * counts[a] * counts[b] * np.sum(means[a] * means[b]) for a, b in pairs)

    observed = statistic(np.ones(len(counts)))
    return np.mean([statistic(signs) >= observed - 1e-9 for signs in itertools.product([1, -1], repeat=len(counts))])


def test_p_is_the_share_of_all_sign_patterns_that_reach_the_data():
    generator = np.random.default_rng(0)
    counts = np.array([5, 20, 11, 3, 8, 30, 14])
    for strength in (0, 0.1, 0.2):
        means = strength + generator.standard_normal((7, 3, 2)) / np.sqrt(counts)[:, None, None]
        assert measures.sign_flip_test(means, counts).p_value == pytest.approx(naive_p(means, counts))


@pytest.mark.parametrize("counts", [np.full(10, 100), np.array([20, 40, 50, 60, 80, 100, 120, 130, 150, 250])])
def test_pure_noise_is_detected_as_often_as_the_level_says(counts):
    means = np.random.default_rng(0).standard_normal((2000, len(counts), 6, 4)) / np.sqrt(counts)[:, None, None]
    result = measures.sign_flip_test(means, np.tile(counts, (2000, 1)))
    assert 0.03 < result.detected.mean() < 0.065  # 5 % nominal, ± 3 standard errors
    assert result.p_value.mean() == pytest.approx(0.5, abs=0.03)


def test_a_signal_half_again_as_strong_as_the_noise_is_detected():
    generator = np.random.default_rng(0)
    signal = 1.5 * (np.sqrt(6) + 2) / np.sqrt(1000) * np.outer(np.eye(6)[0], np.eye(4)[0])
    means = signal + generator.standard_normal((200, 10, 6, 4)) / 10
    assert measures.sign_flip_test(means, np.full((200, 10), 100)).detected.mean() > 0.95


def test_the_clearest_signal_reaches_the_smallest_p():
    G = np.ones((3, 2))
    for blocks in (6, 10, 14):
        result = measures.sign_flip_test(np.tile(G, (blocks, 1, 1)), np.full(blocks, 4))
        assert result.p_value == 2.0 ** (1 - blocks)
        assert result.detected
    many = measures.sign_flip_test(np.tile(G, (20, 1, 1)), np.full(20, 4), flips=999)
    assert many.p_value == 1 / 1000


def test_random_flips_agree_with_all_flips(monkeypatch):
    generator = np.random.default_rng(3)
    means = 0.12 + generator.standard_normal((20, 12, 3, 2)) / 3
    counts = np.full((20, 12), 9)
    exact = measures.sign_flip_test(means, counts).p_value
    monkeypatch.setattr("stategrad.measures.detection.MOST_BLOCKS_FOR_ALL_FLIPS", 3)
    drawn = measures.sign_flip_test(means, counts).p_value
    np.testing.assert_allclose(drawn, exact, atol=0.02)
    np.testing.assert_array_equal(measures.sign_flip_test(means, counts).p_value, drawn)
    assert not np.array_equal(measures.sign_flip_test(means, counts, seed=1).p_value, drawn)


def test_empty_blocks_do_not_count_and_five_are_too_few():
    generator = np.random.default_rng(0)
    means = 1 + generator.standard_normal((7, 3, 2))
    padded = np.concatenate([np.full((1, 3, 2), np.nan), means])
    counts = np.array([0, 5, 20, 11, 3, 8, 30, 14])
    assert measures.sign_flip_test(padded, counts).p_value == measures.sign_flip_test(means, counts[1:]).p_value
    counts[-2:] = 0
    few = measures.sign_flip_test(padded, counts)
    assert np.isnan(few.p_value)
    assert not few.detected
    assert np.isnan(measures.sign_flip_test(means, 0 * counts[1:]).p_value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"level": 5}, "level is 5; give a rate of false positives between 0 and 1, such as 0.05"),
        ({"flips": 10}, "flips is 10; give at least 99"),
    ],
)
def test_refusals(arguments, sentence, shapes_unchecked):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        measures.sign_flip_test(np.ones((7, 3, 2)), np.full(7, 4), **arguments)
