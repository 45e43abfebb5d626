"""Planted decays are found by their law, nested laws are left tied, and noise has none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from scipy import optimize
from torch import nn

import stategrad as sg
from planted import result_of_blocks

H, E, BLOCKS, DELAYS = 8, 6, 10, np.arange(20)
CURVES = {
    "exponential": np.exp(-DELAYS / 4.0),
    "power": (DELAYS + 1.0) ** -1.2,
    "stretched": np.exp(-((DELAYS / 2.0) ** 0.5)),
    "two exponentials": 0.8 * np.exp(-DELAYS / 1.5) + 0.2 * np.exp(-DELAYS / 15),
}


def result_of(curve, *, noise=0.01, shared=0.1, seed=0, blocks=BLOCKS):
    """One direction that decays along a curve, a strength of its own in every block, and noise."""
    generator = np.random.default_rng(seed)
    matrix = np.outer(np.eye(H)[0], np.eye(E)[0]) * curve[:, None, None]
    means = matrix * (1 + shared * generator.standard_normal((blocks, 1, 1, 1)))
    means = means + noise * generator.standard_normal((blocks, len(curve), H, E))
    return result_of_blocks(means[None], delays=np.arange(len(curve)))


def laws_of(result, measure="mean"):
    frame = result.decay_laws()
    return frame[(frame["measure"] == measure) & (frame["group"] == "all")].set_index("law")


@pytest.mark.parametrize("law", CURVES)
def test_a_planted_law_is_preferred_and_scores_one(law):
    preferred, scores = [], []
    for seed in range(5):
        laws = laws_of(result_of(CURVES[law], seed=seed))
        assert laws["preferred"].sum() == 1
        preferred.append(laws.index[laws["preferred"]][0])
        scores.append(laws.loc[law, "score"])
    assert preferred.count(law) >= 4, preferred
    assert 0.6 < np.mean(scores) < 1.6


def test_laws_that_hold_another_are_tied_with_it_and_others_are_not():
    laws = laws_of(result_of(CURVES["exponential"]))
    for wider in ("stretched", "two exponentials"):
        assert laws.loc[wider, "difference_low"] <= 0.05
        assert laws.loc[wider, "score"] == pytest.approx(laws.loc["exponential", "score"], rel=0.25)
    assert laws.loc["power", "difference_low"] > 1


@pytest.mark.parametrize("law", ["exponential", "power"])
def test_the_score_is_that_of_fits_to_the_curve_without_each_block(law):
    result = result_of(CURVES[law], noise=0.003, seed=1)
    count = result.block_count * xr.DataArray(np.random.default_rng(2).integers(1, 4, BLOCKS), dims="block")
    total, moments = count.sum("block"), result.block_second_moment
    result = replace(
        result, block_count=count.transpose(*result.block_count.dims), count=total, population=total,
        mean=((result.block_mean * count).sum("block") / total).transpose(*result.mean.dims),
        second_moment=((moments * count).sum("block") / total).transpose(*result.second_moment.dims),
    )  # fmt: skip
    counts, blocks = count.values[0, :, 0], moments.values[0]

    def rms(kept):
        return np.sqrt(np.linalg.eigvalsh(np.average(blocks[kept], axis=0, weights=counts[kept]))[:, -1])

    h, whole = counts.sum() / counts, rms(np.full(BLOCKS, True))
    without = np.array([rms(np.arange(BLOCKS) != k) for k in range(BLOCKS)])
    pseudo = h[:, None] * whole - (h - 1)[:, None] * without
    debiased = (pseudo / h[:, None]).sum(0)
    error = np.sqrt((np.square(pseudo - debiased) / (h - 1)[:, None]).mean(0))
    laws, curves = laws_of(result, "rms"), {
        "exponential": lambda t, a, b: a * np.exp(-t / b),
        "power": lambda t, a, b: a * (t + 1.0) ** -b,
    }  # fmt: skip
    for name, curve in curves.items():
        fits = [optimize.curve_fit(curve, DELAYS, one, p0=(one[0], 2.0), sigma=error)[0] for one in (debiased, *without)]
        assert laws.loc[name, ["amplitude", {"exponential": "time", "power": "exponent"}[name]]].tolist() == pytest.approx(
            fits[0], rel=1e-3
        )
        scale = error * np.sqrt(BLOCKS * (h - 1))[:, None]
        parts = np.square((pseudo - [curve(DELAYS, *fit) for fit in fits[1:]]) / scale).mean(1)
        assert laws.loc[name, "score"] == pytest.approx(parts.sum(), rel=1e-3)


def test_intervals_of_the_parameters_hold_them():
    inside = []
    for seed in range(10):
        laws = laws_of(result_of(CURVES["two exponentials"], seed=seed, noise=0.005))
        row = laws.loc["two exponentials"]
        for name, truth in {"amplitude": 0.8, "time": 1.5, "amplitude_2": 0.2, "time_2": 15.0}.items():
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
            inside.append(row[f"{name}_low"] <= truth <= row[f"{name}_high"])
        assert np.isnan(row["exponent"])
    assert 0.85 <= np.mean(inside) <= 1.0


def test_only_delays_with_memory_count_and_noise_has_no_law():
    curve = np.where(DELAYS < 9, CURVES["exponential"], 0.0)
    laws = laws_of(result_of(curve, noise=0.02))
    assert set(laws["delays"]) <= {9, 10}
    assert laws.loc["exponential", "time"] == pytest.approx(4.0, rel=0.1)
    noise = result_of(np.zeros(20), noise=1.0).decay_laws()
    assert noise[noise["measure"] == "mean"].empty
    few = result_of(CURVES["power"], blocks=5).decay_laws()
    assert few.empty
    assert list(few.columns)[:3] == ["group", "measure", "law"]


def test_a_linear_network_decays_exponentially_and_so_do_its_swaps():
    weights = torch.randn(3, 4, dtype=torch.float64)
    x = torch.randn(500, 3, dtype=torch.float64)
    options = {"delays": 12, "precision": "float64", "show_progress": False, "initial_state": {"a": torch.zeros(1, 4)}}

    def step(x, state):
        return {"a": 0.7 * state["a"] + x @ weights}

    swapped = sg.swap_memory(step, x, swaps=torch.randn(500, 3, dtype=torch.float64), **options)
    laws = swapped.decay_laws().set_index("law")
    assert laws.index[laws["preferred"]].tolist() == ["exponential"]
    assert laws.loc["exponential", "time"] == pytest.approx(-1 / np.log(0.7), rel=0.01)


def test_swaps_are_fitted_as_far_as_single_precision_tells_them_from_rounding():
    weights, start = torch.randn(3, 4), {"a": torch.zeros(1, 4)}
    x, others = torch.randn(400, 3), torch.randn(400, 3)
    result = sg.swap_memory(
        lambda x, state: {"a": 0.3 * state["a"] + x @ weights}, x, swaps=others, delays=20, initial_state=start, show_progress=False
    )
    theta = result.theta.sel(group="all").values
    states = (x @ weights).square().sum(1).mean() / (1 - 0.3**2)
    told = int((theta < 10 * np.finfo(np.float32).eps * float(states.sqrt())).argmax())
    laws = result.decay_laws().set_index("law")
    assert 4 < told < 20
    assert abs(laws["delays"].unique().item() - told) <= 1  # the states of this text are not quite as long as expected
    assert laws.index[laws["preferred"]].tolist() == ["exponential"]
    assert laws.loc["exponential", "time"] == pytest.approx(-1 / np.log(0.3), rel=0.01)


def test_conditions_and_groups_have_rows_of_their_own():
    x = torch.randn(300, 3)
    labels = np.where(np.arange(300) % 2, "a", "b")
    result = sg.state_gradients(nn.LSTM(3, 4), x, delays=8, groups=labels, segments=np.arange(300) // 50, show_progress=False)
    frame = result.decay_laws()
    assert {"group", "boundary", "measure", "law"} <= set(frame.columns)
    assert set(frame["group"]) <= {"all", "a", "b"}
