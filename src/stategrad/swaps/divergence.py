"""What a swap does to the prediction: how far the distribution of the next word moves.

    D(τ) = E KL( p(w_{t+1} | text) ‖ p(w_{t+1} | text with x_{t-τ} replaced) )      in nats

A state may keep a word that nothing is made of; this asks whether it is used.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.network import Network
from stategrad.errors import InvalidInputError

BYTES_OF_SCORES = 64 * 2**20


class NextWord:
    """The read-out of a language model, in the precision of the analysis.

    Args:
        model: with `decoder`, a linear layer that reads the hidden state of the last layer.
        network: the model's.

    Raises:
        InvalidInputError: a model that predicts no words.
    """

    def __init__(self, model: Any, network: Network) -> None:
        decoder = getattr(model, "decoder", None)
        size = network.cells[-1].state_sizes.get("hidden")
        if not isinstance(decoder, nn.Linear) or decoder.in_features != size:
            raise InvalidInputError(
                f"divergence is of the next word's distribution, and {type(model).__name__} predicts none: it has no linear "
                "layer 'decoder' that reads its hidden state; leave divergence out."
            )
        self._weight = decoder.weight.detach().to(network.dtype)
        self._bias = None if decoder.bias is None else decoder.bias.detach().to(network.dtype)
        self._rows = max(1, BYTES_OF_SCORES // (len(self._weight) * self._weight.element_size()))

    @torch.no_grad()
    def divergence(
        self, hidden: Float[Tensor, "position hidden"], swapped: Float[Tensor, "position hidden"]
    ) -> Float[Tensor, " position"]:
        """`KL(p ‖ q)` in nats, p after `hidden` and q after `swapped`; a few positions at a time."""
        parts = []
        for first in range(0, len(hidden), self._rows):
            rows = slice(first, first + self._rows)
            true, other = (torch.log_softmax(nn.functional.linear(h[rows], self._weight, self._bias), 1) for h in (hidden, swapped))
            # rounding may take next to nothing below zero
            parts.append((true.exp() * (true - other)).sum(1, dtype=torch.float64).clamp_min(0))
        return torch.cat(parts)
