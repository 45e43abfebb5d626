"""Stein's identity: a second way to a mean gradient, without any derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.validation.record import Check, Reading


def stein_identity(
    *, hidden: int = 16, embedding: int = 8, delays: int = 6, streams: int = 800, steps: int = 60, blocks: int = 40, seed: int = 0,
    gradients: Callable[..., Any] = state_gradients,
) -> Check:  # fmt: skip
    """`E[∂s_t/∂x_{t-τ}] = E[s_t x_{t-τ}ᵀ]` where inputs are independent standard normal: covariance in place of gradients.

    Both sides are means over the same positions of a tanh network. Their difference per block of streams has mean zero, and the
    mean of its squared t statistics over all entries is (B-1)/(B-3), with B blocks. The range allows for the few entries.

    Args:
        hidden: H.
        embedding: E.
        delays: how many.
        streams: independent ones.
        steps: of each.
        blocks: B, of whole streams.
        seed: of weights and inputs.
        gradients: what is put to the test, `state_gradients`.

    Source: Stein, Estimation of the mean of a multivariate normal distribution, Annals of Statistics 1981.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.RNN(embedding, hidden, batch_first=True, dtype=torch.float64).eval()
        inputs = torch.randn(streams, steps, embedding, dtype=torch.float64)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2)
        states = model(inputs)[0].numpy()
    of_stream = np.arange(streams) * blocks // streams
    result = gradients(
        model, inputs, delays=delays, blocks=np.tile(of_stream[:, None], (1, steps)), second_moment=False, precision="float64",
        show_progress=False,
    )  # fmt: skip
    assert isinstance(result, StateGradients)
    own = result.block_mean.sel(group="all").transpose("delay", "block", "state", "embedding").values
    covariance = np.stack([_block_covariance(states, inputs.numpy(), delay, of_stream, blocks) for delay in range(delays)])
    difference = own - covariance
    t = difference.mean(1) / (difference.std(1, ddof=1) / np.sqrt(blocks))
    expected = (blocks - 1) / (blocks - 3)
    ratio = np.linalg.norm(own.mean(1)[0]) / np.linalg.norm(covariance.mean(1)[0])
    square = float(np.square(t).mean())
    return Check(
        "stein",
        "Of white noise the mean gradient is the covariance of state and input (Stein's identity), at every delay.",
        (
            Reading("mean squared t of the difference", square, at_least=0.7 * expected, at_most=1.35 * expected),
            Reading("size of the mean gradient over that of the covariance, delay 0", float(ratio), at_least=0.98, at_most=1.02),
        ),
    )


def _block_covariance(states: np.ndarray, inputs: np.ndarray, delay: int, of_stream: np.ndarray, blocks: int) -> np.ndarray:
    """`mean of s_t x_{t-τ}ᵀ` per block, (block, state, embedding)."""
    later, earlier = states[:, delay:], inputs[:, : inputs.shape[1] - delay]
    per_stream = np.einsum("nth,nte->nhe", later, earlier) / later.shape[1]
    return np.stack([per_stream[of_stream == block].mean(0) for block in range(blocks)])
