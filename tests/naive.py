"""State gradients by plain autograd in float64, one backward pass per state unit: what the engine must agree with."""

import numpy as np
import torch
from torch import nn


def state_sequence(module: nn.RNNBase, x: torch.Tensor, state: tuple[int, str], initial=None) -> list[torch.Tensor]:
    """The state after every step, by running the module one step at a time; x is (time, E), with a graph."""
    layer, name = state
    carried, seen = initial, []
    for t in range(len(x)):
        step = x[t][None, None]  # one step, one stream: the same for batch_first and not
        _, carried = module(step, carried)
        hidden = carried[0] if isinstance(carried, tuple) else carried
        chosen = carried[1] if name == "cell" else hidden
        seen.append(chosen[layer, 0])
    return seen


def all_gradients(
    module: nn.RNNBase, x: torch.Tensor, delays: int, state: tuple[int, str], initial=None
) -> dict[int, dict[int, np.ndarray]]:
    """`{delay: {position: G}}` with G of shape (H, E), for one stream."""
    x = x.clone().requires_grad_()
    gradients: dict[int, dict[int, np.ndarray]] = {delay: {} for delay in range(delays)}
    for t, s in enumerate(state_sequence(module, x, state, initial)):
        rows = [torch.autograd.grad(unit, x, retain_graph=True)[0] for unit in s]
        jacobian = torch.stack(rows).numpy()
        for delay in range(min(delays, t + 1)):
            gradients[delay][t - delay] = jacobian[:, t - delay]
    return gradients
