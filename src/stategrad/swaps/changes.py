"""How far a swap moves the states that follow it: `Δs = s_t^swap - s_t` at t = p, p+1 and so on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stategrad.cells.network import Network, StateKey
from stategrad.gradients.stretches import Stretch


class Moved(NamedTuple):
    """The states some steps after a swap, for the positions that still lie inside their streams: the first ones.

    Attributes:
        change: `Δs` of the state that is compared.
        hidden: the last layer's hidden state as it was; of a model without one the state that is compared.
        swapped: the same after the swap.
    """

    change: Float[Tensor, "inside state"]
    hidden: Float[Tensor, "inside hidden"]
    swapped: Float[Tensor, "inside hidden"]


@torch.no_grad()
def changes(
    network: Network,
    key: StateKey,
    stretch: Stretch,
    rows: Int[np.ndarray, " position"],
    remaining: Int[np.ndarray, " position"],
    replacement: Float[Tensor, "position embedding"],
    delays: int,
) -> Iterator[Moved]:
    """`Δs` at delays 0, 1, …: the positions advance together from the state before them, each with its own following inputs.

    Args:
        network: the model's.
        key: the state that is compared.
        stretch: the text with its inputs and states.
        rows: the positions, as rows of the stretch.
        remaining: how many delays fit between each and the end of its stream; falling.
        replacement: what is read at the positions themselves.
        delays: how many delays to go through.

    Yields:
        One entry per delay.
    """
    layer, name = key
    read = name if "hidden" not in network.cells[-1].state_sizes else "hidden"
    state = stretch.before(rows)
    inputs = replacement
    for delay in range(delays):
        inside = int(np.searchsorted(-remaining, -delay))
        if inside == 0:
            return
        following = torch.from_numpy(rows[:inside] + delay)
        if delay > 0:
            inputs = stretch.inputs[following]
        state = network.step(inputs[:inside], [{one: value[:inside] for one, value in part.items()} for part in state])
        change = state[layer][name] - stretch.states[layer][name][following]
        yield Moved(change, stretch.states[-1][read][following], state[-1][read])
