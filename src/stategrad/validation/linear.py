"""A network of which the gradients are known: linear, so that every gradient is a product of its two matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.validation.record import Check, Reading


def linear_network(
    *, state: int = 24, embedding: int = 16, delays: int = 20, steps: int = 300, seed: int = 0,
    gradients: Callable[..., Any] = state_gradients,
) -> Check:  # fmt: skip
    """`s_t = W s_{t-1} + U x_t`, of which `G_{t,τ} = W^τ U` at every t: the mean is exact, and no gradient differs from it.

    Args:
        state: H.
        embedding: E.
        delays: how many.
        steps: of the input, standard normal.
        seed: of W, U and the input. W has spectral radius 0.9.
        gradients: what is put to the test, `state_gradients`.
    """
    generator = np.random.default_rng(seed)
    W = generator.standard_normal((state, state))
    W *= 0.9 / np.abs(np.linalg.eigvals(W)).max()
    U = generator.standard_normal((state, embedding))
    recurrent, inward = torch.from_numpy(W), torch.from_numpy(U)

    def step(x: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
        return s @ recurrent.T + x @ inward.T

    result = gradients(
        step, torch.from_numpy(generator.standard_normal((steps, embedding))), delays=delays, precision="float64",
        initial_state=torch.zeros(1, state, dtype=torch.float64), show_progress=False,
    )  # fmt: skip
    assert isinstance(result, StateGradients)
    truth = np.stack([np.linalg.matrix_power(W, delay) @ U for delay in range(delays)])
    error = np.abs(result.mean.values[0] - truth).max() / np.abs(truth).max()
    memory = result.memory().sel(group="all")
    sigma = np.linalg.svd(truth, compute_uv=False)[:, 0]
    spread = (memory["sigma_1_high"] - memory["sigma_1_low"]).values / sigma
    return Check(
        "linear",
        "In a linear network every gradient is W^τ U: the mean is exact, all energy is in it, and intervals have no width.",
        (
            Reading("largest error of the mean gradient, relative", float(error), at_most=1e-10),
            Reading("smallest share of energy in the mean", float(memory["energy_share"].min()), at_least=1 - 1e-9),
            Reading("largest error of σ₁, relative", float(np.abs(memory["sigma_1"].values / sigma - 1).max()), at_most=1e-9),
            Reading("widest interval of σ₁, relative", float(spread.max()), at_most=1e-6),
        ),
    )
