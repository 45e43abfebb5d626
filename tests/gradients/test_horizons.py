"""How far back memory reaches: crossings of curves whose decay is known."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from planted import result_of_blocks
from stategrad.measures.horizon import crossings, relative_interval
from stategrad.measures.jackknife import jackknife

H, E, BLOCKS = 8, 5, 10
DELAYS = np.arange(12)


def decaying(rate, *, noise=0.0, shared=0.0, seed=0, blocks=BLOCKS, delays=DELAYS):
    """A result whose mean is one direction that decays by exp(-τ/rate), with noise, and with blocks that are larger or smaller."""
    generator = np.random.default_rng(seed)
    matrix = np.outer(np.eye(H)[0], np.eye(E)[0]) * np.exp(-delays / rate)[:, None, None]
    means = matrix * (1 + shared * generator.standard_normal((blocks, 1, 1, 1)))
    means = (means + noise * generator.standard_normal((blocks, len(delays), H, E)))[None]
    return result_of_blocks(means, delays=delays)


def test_a_line_crosses_where_geometry_says():
    delays = np.array([0, 1, 2, 5])
    assert crossings(delays, np.array([1.0, 0.5, 0.25, 0.1]), 0.2) == (3.0, 3.0)
    assert np.isnan(crossings(delays, np.array([1.0, 0.9, 0.8, 0.7]), 0.2)).all()
    assert crossings(delays, np.array([0.1, 0.05, 0.0, 0.0]), 0.2) == (0.0, 0.0)
    first, last = crossings(delays, np.array([1.0, 0.0, 0.4, 0.0]), 0.2)
    assert first == pytest.approx(0.8)
    assert last == pytest.approx(3.5)
    assert crossings(delays, np.array([1.0, np.nan, 0.0, 0.0]), 0.5)[0] == pytest.approx(1.0)
    assert np.isnan(crossings(delays, np.array([1.0, 0.0, 0.0, 1.0]), 0.5)[1])


@pytest.mark.parametrize("rate", [1.5, 4.0])
def test_an_exponential_has_its_rate_as_horizon(rate):
    table = decaying(rate, noise=1e-6).horizon().set_index(["measure", "level"])
    for measure in ("mean", "rms"):
        # between delays the exponential lies below the straight line
        assert table.loc[(measure, math.exp(-1)), "horizon"] == pytest.approx(rate, abs=0.1)
        assert table.loc[(measure, 0.1), "horizon"] == pytest.approx(rate * math.log(10), abs=0.1)
    assert (table["longest"] == 11).all()
    assert table["undetected_from"].isna().all()


def test_the_interval_of_a_horizon_holds_the_true_one():
    inside, widths = [], []
    truth = crossings(DELAYS, np.exp(-DELAYS / 3.0), math.exp(-1)).first
    for seed in range(100):
        row = decaying(3.0, noise=0.05, seed=seed).horizon([math.exp(-1)]).iloc[0]
        inside.append(row["horizon_low"] <= truth <= row["horizon_high"])
        widths.append(row["horizon_high"] - row["horizon_low"])
    assert 0.88 <= np.mean(inside) <= 1.0
    assert 0 < np.mean(widths) < 1.5


def test_what_a_block_has_at_every_delay_leaves_the_horizon_alone():
    alike = decaying(3.0, noise=1e-4, shared=0.3).horizon().iloc[0]
    assert alike["horizon_high"] - alike["horizon_low"] < 0.02
    memory = decaying(3.0, noise=1e-4, shared=0.3).memory().sel(group="all", delay=0)
    assert float(memory["sigma_1_high"] - memory["sigma_1_low"]) > 0.2


def test_the_relative_interval_is_the_jackknife_of_the_ratio():
    result = decaying(3.0, noise=0.02, seed=1)
    blocks = result.block_mean.sel(group="all").transpose("delay", "block", ...).values
    estimate = jackknife(lambda matrices: np.linalg.norm(matrices, axis=(-2, -1)), blocks, np.full((12, BLOCKS), 50))
    _, low, high = relative_interval(estimate)
    plain = np.linalg.norm(blocks.mean(1), axis=(-2, -1))
    without = np.linalg.norm((blocks.sum(1, keepdims=True) - blocks) / (BLOCKS - 1), axis=(-2, -1))
    ratios = without / without[:1]
    error = np.sqrt((BLOCKS - 1) / BLOCKS * np.square(ratios - ratios.mean(1, keepdims=True)).sum(1))
    t = (estimate.high - estimate.debiased)[0] / estimate.standard_error[0]
    np.testing.assert_allclose((high - low)[1:] / 2, (t * error)[1:], rtol=0.05)
    assert low[0] == high[0] == pytest.approx(1)
    assert (plain > 0).all()


def test_memory_beyond_the_longest_delay_and_beyond_detection_is_said():
    table = decaying(40.0, noise=1e-4).horizon().set_index(["measure", "level"])
    assert not table["reached"].any()
    assert table["horizon"].isna().all()
    late = decaying(1.0, noise=0.02, seed=2).horizon().set_index(["measure", "level"])
    assert late.loc[("mean", 0.1), "undetected_from"] <= 8
    assert late.loc[("mean", 0.1), "reached"]
    few = decaying(3.0, noise=0.01, blocks=4).horizon().iloc[0]
    assert np.isfinite(few["horizon"])
    assert np.isnan(few["horizon_low"])


@pytest.mark.parametrize(("rate", "level", "noise"), [(1.3, 0.1, 0.1), (0.7, 0.1, 0.1), (3.0, math.exp(-1), 0.2)])
def test_the_interval_holds_where_the_curve_is_lost_before_it_crosses(rate, level, noise):
    truth, inside, lost = crossings(DELAYS, np.exp(-DELAYS / rate), level).first, [], 0
    for seed in range(60):
        row = decaying(rate, noise=noise, seed=seed).horizon([level]).iloc[0]
        low, high = (np.inf if np.isnan(row[name]) else row[name] for name in ("horizon_low", "horizon_high"))
        inside.append(low <= truth <= high)
        assert low <= (row["horizon"] if row["reached"] else np.inf) <= high
        lost += bool(row["undetected_from"] <= truth + 1)
    assert lost > 20
    assert np.mean(inside) >= 0.85


def test_what_is_not_detected_lies_between_nothing_and_its_plain_value():
    result = decaying(1.3, noise=0.05, seed=0)
    memory = result.memory().sel(group="all")
    lost = ~memory["detected"].values
    assert 3 <= lost.argmax() < 6
    first = float(memory["sigma_1_debiased"][0])
    bound = memory["sigma_1"].values / first
    level = 1.01 * bound[lost].max()  # below it by the bound alone
    row = result.horizon([level]).set_index("measure").loc["mean"]
    assert row["horizon_low"] <= row["horizon"] <= row["horizon_high"] <= lost.argmax()


def test_noise_has_no_horizon():
    for seed in range(4):
        noise = result_of_blocks(np.random.default_rng(seed).standard_normal((1, BLOCKS, 6, H, E)))
        assert not noise.memory()["detected"].sel(delay=0).any()
        assert list(noise.horizon()["measure"]) == ["rms", "rms"]


def test_conditions_have_horizons_of_their_own_and_swaps_too():
    torch.manual_seed(0)
    model, x = nn.LSTM(3, 6).eval(), torch.randn(300, 3)
    result = sg.state_gradients(model, x, delays=8, segments=np.arange(300) // 20, show_progress=False)
    table = result.horizon([0.5])
    assert list(table["boundary"]) == ["any", "within"] * 2  # across a boundary no pair has delay 0
    swaps = sg.swap_memory(model, x, delays=8, show_progress=False)
    row = swaps.horizon([0.5]).iloc[0]
    curve = swaps.relative().sel(group="all").values
    assert row["horizon"] == pytest.approx(crossings(np.arange(8), curve, 0.5).first)
    assert row["horizon_low"] <= row["horizon"] <= row["horizon_high"]


def test_horizons_that_mean_nothing_are_refused():
    with pytest.raises(sg.InvalidInputError, match=r"a horizon is relative to delay 0, and the delays are \[1, 2\]; include 0"):
        decaying(3.0, delays=np.array([1, 2])).horizon()
    for levels in ([0.0], [1.5, 0.1], []):
        with pytest.raises(sg.InvalidInputError, match=r"levels are \[.*\]; give parts of the value at delay 0, between 0 and 1"):
            decaying(3.0).horizon(levels)
