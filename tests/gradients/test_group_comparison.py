"""Differences between groups: an order is read where it holds, and seldom where there is none."""

import numpy as np
import pytest
import torch

import stategrad as sg
from planted import result_of_blocks
from stategrad.measures.comparison import pairwise_differences
from stategrad.measures.energy import estimate_rms

BLOCKS, H, E = 10, 6, 4


def result_of(strengths, *, noise=0.2, shared=0.0, seed=0, blocks=BLOCKS):
    """Groups with a planted σ_1 each, noise of their own, and noise of the block that all of them have."""
    generator = np.random.default_rng(seed)
    u, v = np.eye(H)[0], np.eye(E)[0]
    common = 1 + shared * generator.standard_normal((1, blocks, 1, 1))
    means = np.array(strengths)[:, None, None, None] * np.outer(u, v) * common
    means = means + noise * generator.standard_normal((len(strengths), blocks, H, E))
    labels = ["all", *"abcdefgh"[: len(strengths)]]
    means = np.concatenate([means.mean(0, keepdims=True), means])[:, :, None]
    return result_of_blocks(means, groups=labels)


def test_planted_differences_are_found_and_equal_groups_left_in_no_order():
    claimed = missed = 0
    for seed in range(60):
        table = result_of([3.0, 3.0, 3.0, 5.0], seed=seed).compare_groups()
        table = table[table["measure"] == "sigma_1"].set_index(["group", "other"])
        assert len(table) == 6
        equal = table.loc[[("a", "b"), ("a", "c"), ("b", "c")]]
        claimed += bool(((equal["low"] > 0) | (equal["high"] < 0)).any())
        missed += int((table.loc[[("a", "d"), ("b", "d"), ("c", "d")], "high"] >= 0).sum())
    assert missed == 0
    assert claimed / 60 <= 0.1  # nominal 5 %, and two standard errors


def test_what_all_groups_share_does_not_widen_their_differences():
    alone, shared = (result_of([3.0, 3.5], shared=part, seed=1).compare_groups().iloc[0] for part in (0.0, 0.3))
    assert shared["high"] - shared["low"] < 1.5 * (alone["high"] - alone["low"])
    memory = result_of([3.0, 3.5], shared=0.3, seed=1).memory().sel(delay=0)
    widths = (memory["sigma_1_high"] - memory["sigma_1_low"]).sel(group=["a", "b"])
    assert float(widths.min()) > 2 * (shared["high"] - shared["low"])


def test_a_difference_is_the_difference_of_the_debiased_values_and_its_variance_the_jackknifes():
    result = result_of([3.0, 4.0], seed=3)
    row = result.compare_groups().set_index("measure").loc["rms"]
    blocks = result.block_second_moment.sel(delay=0, group=["a", "b"]).values

    def rms(moments):
        return np.sqrt(np.linalg.eigvalsh(moments)[..., -1])

    whole = rms(blocks.mean(1))
    without = rms((blocks.sum(1, keepdims=True) - blocks) / (BLOCKS - 1))
    difference = BLOCKS * (whole[0] - whole[1]) - (BLOCKS - 1) * (without[0] - without[1]).mean()
    assert row["difference"] == pytest.approx(difference, rel=1e-9)
    estimate = estimate_rms(blocks, np.full((2, BLOCKS), 50))
    _, pair, low, high = pairwise_differences(estimate)
    variance = (BLOCKS - 1) / BLOCKS * np.square(without[0] - without[1] - (without[0] - without[1]).mean()).sum()
    correction = whole[0] - whole[1] - difference
    assert pair.standard_error[0] == pytest.approx(np.sqrt(variance + correction**2), rel=1e-9)
    assert (low[0] < pair.debiased[0] < high[0]) and row["low"] == pytest.approx(low[0])  # noqa: PT018


def test_nothing_is_said_of_groups_that_are_not_detected_or_of_few_blocks():
    quiet = result_of([3.0, 0.0], noise=0.3, seed=0)
    assert not bool(quiet.memory()["detected"].sel(group="b", delay=0))
    table = quiet.compare_groups().set_index("measure")
    assert np.isnan(table.loc["sigma_1", "low"])
    few = result_of([3.0, 5.0], blocks=5).compare_groups()
    assert few[["low", "high"]].isna().all().all()
    assert few["difference"].iloc[0] == pytest.approx(-2, abs=0.4)


def test_a_comparison_of_what_cannot_be_compared_is_refused():
    result = result_of([3.0, 4.0])
    with pytest.raises(sg.InvalidInputError, match="needs two groups or more and no conditions, and has 1 groups"):
        result.compare_groups(["a"])
    with pytest.raises(sg.InvalidInputError, match="unknown group 'x'"):
        result.compare_groups(["a", "x"])
    model, x = torch.nn.LSTM(3, 4).eval(), torch.randn(30, 3)
    bounded = sg.state_gradients(model, x, delays=3, segments=np.arange(30) // 5, show_progress=False)
    with pytest.raises(sg.InvalidInputError, match="no conditions, and has the dimensions group, boundary, delay"):
        bounded.compare_groups(["all", "all"])


def test_shares_of_the_sum_hold_the_truth_and_what_groups_share_cancels():
    strengths = np.array([4.0, 2.0, 2.0])
    truth, inside = strengths / strengths.sum(), []
    for seed in range(60):
        frame = result_of(strengths, noise=0.2, seed=seed).share_groups(["a", "b", "c"])
        inside.append((frame["share_low"] <= truth) & (truth <= frame["share_high"]))
        assert frame["share"].sum() == pytest.approx(1)
        assert frame["share_debiased"].sum() == pytest.approx(1)
    assert 0.88 <= np.mean(inside) <= 1.0
    together = result_of(strengths, noise=0.0, shared=0.3).share_groups(["a", "b", "c"])
    np.testing.assert_allclose(together["share_low"], truth, rtol=1e-6)
    np.testing.assert_allclose(together["share_high"], truth, rtol=1e-6)


def test_without_an_interval_of_each_there_is_none_of_the_shares():
    frame = result_of([4.0, 2.0], blocks=5).share_groups(["a", "b"])
    assert frame["share"].notna().all()
    assert frame[["share_low", "share_high"]].isna().all(axis=None)
    undetected = result_of([4.0, 0.0], noise=0.5).share_groups(["a", "b"])
    assert undetected[["share_low", "share_high"]].isna().all(axis=None)
    with pytest.raises(sg.InvalidInputError, match="a comparison needs two groups or more"):
        result_of([4.0, 2.0]).share_groups(["a"])
