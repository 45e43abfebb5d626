"""Columns of the mean gradient: what reaches the state from each input channel."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg


@pytest.fixture(scope="module")
def result():
    torch.manual_seed(0)
    return sg.state_gradients(
        nn.LSTM(4, 6).eval(), torch.randn(600, 4), delays=5, groups=np.arange(600) % 2 > 0, precision="float64", show_progress=False
    )


def test_columns_are_those_of_the_mean_and_their_shares_add_up(result):
    channels = result.channels()
    assert channels["column_norm"].dims == ("group", "delay", "embedding")
    mean = result.mean.values
    for group in range(mean.shape[0]):
        for delay in range(mean.shape[1]):
            for channel in range(4):
                expected = np.sqrt(sum(value**2 for value in mean[group, delay, :, channel]))
                assert float(channels["column_norm"][group, delay, channel]) == pytest.approx(expected)
    np.testing.assert_allclose(channels["share"].sum("embedding"), 1)
    np.testing.assert_allclose(
        np.square(channels["column_norm"]).sum("embedding"), np.square(result.mean).sum(("state", "embedding"))
    )


def test_a_column_is_tracked_as_the_direction_of_its_channel(result):
    channels, tracked = result.channels().sel(group="all"), result.track(np.eye(4)[2], [])
    sigma_1 = result.memory()["sigma_1"]
    ours = channels["column_norm"].isel(embedding=2) / sigma_1.sel(group="all")
    np.testing.assert_allclose(ours, tracked["relative_memory"].sel(group="all"))
    low, high = channels["column_norm_low"].values, channels["column_norm_high"].values
    assert np.isfinite(low[0]).all()
    assert (low <= channels["column_norm_debiased"].values)[0].all()
    assert (channels["column_norm_debiased"].values <= high)[0].all()
    assert (channels["column_norm_floor"] > 0).all()
    assert (channels["column_norm_floor"].isel(delay=0) < channels["column_norm"].isel(delay=0)).all()


def test_without_n_there_is_relative_memory_alone(result):
    tracked = result.track({"a": np.eye(4)[0], "b": np.ones(4)}, [])
    assert tracked["relative_memory"].dims == ("property", "group", "delay")
    assert not [name for name in tracked if name.startswith(("cosine", "subspace", "near"))]
    assert "n" not in tracked.dims
    np.testing.assert_array_equal(tracked["relative_memory"][1], result.track(np.ones(4), 2)["relative_memory"])


def test_subspaces_that_do_not_fit_few_dimensions_point_to_channels(result):
    with pytest.raises(sg.InvalidInputError, match=r"n is 5; give a number of directions from 1 to 4, or none \(n=\[\]\) beside"):
        result.track(np.ones(4))
    larger = sg.state_gradients(nn.LSTM(7, 6).eval(), torch.randn(60, 7), delays=2, show_progress=False)
    with pytest.raises(sg.InvalidInputError, match=r"^n is 9; give a number of directions from 1 to 6\.$"):
        larger.track(np.ones(7), 9)


def test_channels_of_whitened_space_are_refused(result):
    whitened = result.whiten(np.random.default_rng(0).standard_normal((50, 4)))
    with pytest.raises(sg.InvalidInputError, match=r"units csl2020, in whose space the channels of the input are mixed"):
        whitened.channels()
