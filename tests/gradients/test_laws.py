"""What must hold for every model and text, whatever the numbers are."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.gradients import stretches

pytestmark = pytest.mark.usefixtures("way")

QUIET = {"show_progress": False}


@pytest.fixture
def module():
    return nn.LSTM(4, 6).eval()


@pytest.fixture
def x():
    return torch.randn(60, 4)


def test_a_linear_network_gives_powers_of_its_recurrent_matrix():
    module = nn.RNN(3, 4, nonlinearity="relu").double().eval()
    for parameter in module.parameters():
        parameter.data.abs_()  # with positive weights and inputs the relu never bends
    W, U = module.weight_hh_l0.detach().numpy(), module.weight_ih_l0.detach().numpy()
    x = torch.rand(30, 3, dtype=torch.float64)
    result = sg.state_gradients(module, x, delays=10, precision="float64", blocks=3, **QUIET)
    for delay in range(10):
        np.testing.assert_allclose(result.mean.sel(group="all", delay=delay), np.linalg.matrix_power(W, delay) @ U, rtol=1e-12)
    shares = result.memory()["energy_share"].sel(group="all")
    np.testing.assert_allclose(shares, 1, rtol=1e-9)  # every gradient equals the mean


def test_a_partition_recombines_to_the_mean_of_all(module, x):
    labels = np.random.default_rng(0).choice(list("abc"), 60)
    result = sg.state_gradients(module, x, delays=8, groups=labels, precision="float64", **QUIET)
    parts = result.mean.sel(group=["a", "b", "c"]) * result.count.sel(group=["a", "b", "c"])
    whole = parts.sum("group") / result.count.sel(group="all")
    np.testing.assert_allclose(whole, result.mean.sel(group="all"), rtol=0, atol=1e-12)
    blocks = (result.block_mean * result.block_count).sum("block") / result.block_count.sum("block")
    np.testing.assert_allclose(blocks.transpose(*result.mean.dims), result.mean, rtol=0, atol=1e-12)


def test_overlapping_masks_give_what_each_gives_alone(module, x):
    generator = np.random.default_rng(1)
    masks = {"one": generator.random(60) < 0.4, "two": generator.random(60) < 0.4}
    together = sg.state_gradients(module, x, delays=5, groups=masks, precision="float64", **QUIET)
    for label, mask in masks.items():
        alone = sg.state_gradients(module, x, delays=5, groups={label: mask}, precision="float64", **QUIET)
        np.testing.assert_allclose(together.mean.sel(group=label), alone.mean.sel(group=label), rtol=0, atol=1e-14)


def test_no_cut_of_the_work_changes_the_result(module, x, monkeypatch):
    whole = sg.state_gradients(module, x, delays=12, precision="float64", **QUIET)
    for chunk_size in (1, 7, 64):
        cut = sg.state_gradients(module, x, delays=12, precision="float64", execution=sg.Execution(chunk_size=chunk_size), **QUIET)
        np.testing.assert_allclose(cut.mean, whole.mean, rtol=0, atol=1e-15)
    monkeypatch.setattr(stretches, "LEAST_STEPS", 13)
    monkeypatch.setattr(stretches, "BYTES_OF_RECORD", 1)
    in_stretches = sg.state_gradients(module, x, delays=12, precision="float64", **QUIET)
    np.testing.assert_allclose(in_stretches.mean, whole.mean, rtol=0, atol=1e-15)
    assert in_stretches.count.equals(whole.count)


def test_streams_are_independent_and_their_batch_does_not_matter(module):
    streams = [torch.randn(length, 4) for length in (9, 30, 9, 17)]
    together = sg.state_gradients(module, streams, delays=6, blocks=1, precision="float64", **QUIET)
    apart = [sg.state_gradients(module, stream, delays=6, blocks=1, precision="float64", **QUIET) for stream in streams]
    weighted = sum(one.mean * one.count for one in apart) / sum(one.count for one in apart)
    np.testing.assert_allclose(together.mean, weighted, rtol=0, atol=1e-14)


def test_a_batch_is_streams_whatever_batch_first_says(x):
    plain, turned = nn.LSTM(4, 6).eval(), nn.LSTM(4, 6, batch_first=True).eval()
    turned.load_state_dict(plain.state_dict())
    batch = x.view(3, 20, 4)
    results = [sg.state_gradients(module, batch, delays=4, **QUIET) for module in (plain, turned)]
    assert results[0].count.equals(results[1].count)
    np.testing.assert_array_equal(results[0].mean, results[1].mean)
    assert results[0].count.values.tolist() == [[60, 57, 54, 51]]


def test_a_list_of_delays_gives_the_same_as_all_of_them(module, x):
    everything = sg.state_gradients(module, x, delays=20, **QUIET)
    some = sg.state_gradients(module, x, delays=[11, 0, 19], **QUIET)
    assert some.delays == [0, 11, 19]
    np.testing.assert_array_equal(some.mean, everything.mean.sel(delay=[0, 11, 19]))


def test_several_states_come_from_one_pass(module, x):
    both = sg.state_gradients(module, x, delays=5, state=["cell", (0, "hidden")], **QUIET)
    assert list(both) == [(0, "cell"), (0, "hidden")]
    for key, result in both.items():
        alone = sg.state_gradients(module, x, delays=5, state=key, **QUIET)
        np.testing.assert_array_equal(result.mean, alone.mean)


def test_float32_stays_close_to_float64(module, x):
    single, double = (sg.state_gradients(module, x, delays=20, precision=p, **QUIET) for p in ("float32", "float64"))
    for delay in range(20):
        error = np.abs(single.mean.sel(delay=delay) - double.mean.sel(delay=delay)).max()
        assert error <= 1e-5 * np.abs(double.mean.sel(delay=delay)).max()


def test_a_rotation_of_the_inputs_leaves_the_singular_values(module, x):
    rotation = torch.linalg.qr(torch.randn(4, 4))[0]
    turned = nn.LSTM(4, 6).eval()
    turned.load_state_dict(module.state_dict() | {"weight_ih_l0": module.weight_ih_l0 @ rotation.T})
    a = sg.state_gradients(module, x, delays=5, precision="float64", **QUIET)
    b = sg.state_gradients(turned, x @ rotation.T, delays=5, precision="float64", **QUIET)
    np.testing.assert_allclose(a.spectrum()["singular_values"], b.spectrum()["singular_values"], rtol=1e-5)


def test_the_model_and_the_inputs_are_left_as_they_were(module, x):
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    inputs, training = x.clone(), module.training
    sg.state_gradients(module, x, delays=3, precision="float64", **QUIET)
    assert torch.equal(x, inputs)
    assert module.training == training
    assert module.weight_hh_l0.dtype == torch.float32
    assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())
