"""Long delays of forgetful models: gradients next to nothing cost no more than others, and leave no warnings."""

import numpy as np
import torch
from torch import nn

import stategrad as sg
from stategrad.gradients.tangents import SMALL_EVERY, SMALL_FROM, clear_small


def test_what_is_next_to_nothing_becomes_zero_and_the_rest_stays():
    smallest = torch.finfo(torch.float32).tiny
    kept = torch.tensor([1.0, -1e-30, 0.0, smallest * 2.0**24.5])
    states = {(0, "hidden"): torch.cat([kept, torch.tensor([1e-32, -1e-40])])[None, None]}
    clear_small(states)
    np.testing.assert_array_equal(states[0, "hidden"][0, 0], torch.cat([kept, torch.zeros(2)]))
    large = {(0, "hidden"): torch.tensor([[[1e-200, 1e-305]]], dtype=torch.float64)}
    clear_small(large)
    assert large[0, "hidden"].tolist() == [[[1e-200, 0.0]]]


def test_a_model_that_forgets_is_followed_to_nothing():
    """`s_t = tanh(W s_{t-1} + U x_t)` with W = I/8: `G_τ` falls by 8 or more a step, out of float32 before delay 50."""
    model = nn.RNN(3, 4, bias=False).eval()
    with torch.no_grad():
        model.weight_hh_l0.copy_(torch.eye(4) / 8)
        model.weight_ih_l0.mul_(0.1)
    x = 0.01 * torch.randn(400, 3)
    result = sg.state_gradients(model, x, delays=80, show_progress=False)
    exact = sg.state_gradients(model, x, delays=80, precision="float64", show_progress=False)
    norms = np.linalg.norm(result.mean.values[0], axis=(1, 2))
    expected = np.linalg.norm(exact.mean.values[0], axis=(1, 2))
    clear = expected > 1e-28
    np.testing.assert_allclose(norms[clear], expected[clear], rtol=1e-4)
    assert clear.sum() > 25
    assert (norms[SMALL_FROM + 2 * SMALL_EVERY :] == 0).all()
    assert (expected > 0).all()
    memory = result.memory()
    assert np.isnan(memory["energy_share_debiased"].values[0, -1])
    assert not memory["detected"].values[0, -1]
    assert result.horizon()["reached"].all()
    tracked = result.track(np.eye(3)[0], [1, 2])
    assert np.isnan(tracked["cosine"].values[0, -1]).all(), "what is nowhere remembered has no directions"
    assert np.isfinite(tracked["cosine"].values[0, 0]).all()
