"""What benchmarks compare with computes the same gradients, and what they report follows from what they timed."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import peers
from naive import all_gradients

DELAYS, TIME = 4, 9


def reference_windows():
    model = nn.LSTM(3, 5).double().eval()
    vectors = torch.randn(TIME, 3, dtype=torch.float64)
    return model, peers.windows_of(model, vectors, DELAYS), all_gradients(model, vectors, DELAYS, (0, "cell"))


def assert_equal(found, expected):
    """`expected(window, delay)` is G by plain autograd over the whole text."""
    assert found.shape == (TIME - DELAYS + 1, DELAYS, 5, 3)
    for window, gradients in enumerate(found.detach().numpy()):
        for delay, G in enumerate(gradients):
            assert np.abs(G - expected(window, delay)).max() < 1e-9


@pytest.mark.parametrize("name", peers.REVERSE)
def test_reverse_mode_gives_the_gradients_of_the_last_state(name):
    model, windows, naive = reference_windows()
    assert_equal(peers.REVERSE[name](model, windows), lambda window, delay: naive[delay][window + DELAYS - 1 - delay])


@pytest.mark.parametrize("name", peers.FORWARD)
def test_forward_mode_gives_the_gradients_by_the_first_input(name):
    model, windows, naive = reference_windows()
    assert_equal(peers.FORWARD[name](model, windows), lambda window, delay: naive[delay][window])


def test_jax_gives_the_gradients_by_the_first_input():
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'stategrad[bench]'")
    from benchmarks.peer_jax import jax_jacfwd

    model, windows, naive = reference_windows()
    assert_equal(jax_jacfwd(model, windows), lambda window, delay: naive[delay][window])
