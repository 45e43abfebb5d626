"""The negative log-likelihood of words under a softmax, without ever holding the logits of a whole batch."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import linear_cross_entropy

_LOGITS_PER_CHUNK = 2_560_000


def summed_loss(outputs: Float[Tensor, "*shape hidden"], decoder: nn.Linear, targets: Int[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """`Σ_t −log softmax(W h_t + b)[w_{t+1}]`, in nats, summed over all positions.

    Exact: only the order of the work differs from `cross_entropy(decoder(outputs), targets)`. The logits are made, used for
    loss and gradient, and overwritten a few hundred positions at a time, so that they stay in the processor's cache;
    at the paper's sizes loss and gradient then cost little more than their three matrix products. Under autocast the
    plain way is taken, because the fused one takes a single type.

    Args:
        outputs: `h_t` of each position.
        decoder: the layer with weights `W` and biases `b`.
        targets: the id of the word that follows each position.
    """
    rows, words = outputs.flatten(0, -2), targets.flatten()
    if torch.is_autocast_enabled(outputs.device.type):
        return nn.functional.cross_entropy(decoder(rows).float(), words, reduction="sum")
    chunk = max(1, _LOGITS_PER_CHUNK // decoder.out_features)
    return linear_cross_entropy(
        rows,
        decoder.weight,
        words,
        linear_bias=decoder.bias,
        reduction="sum",
        options=nn.LinearCrossEntropyOptions(batch_chunk_size=chunk),
    )
