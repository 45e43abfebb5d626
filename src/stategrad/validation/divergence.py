"""Whether what is held is used: how far the predictions of later words move when one earlier word is replaced."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from stategrad.models.language_model import LanguageModel
from stategrad.models.perplexity import evaluating


def divergence(
    model: LanguageModel,
    ids: Int[np.ndarray, "stream time"],
    swapped: Int[np.ndarray, "stream time"],
    of: Bool[np.ndarray, "stream time"],
    delays: int,
) -> Float[np.ndarray, " delay"]:
    """`E KL(p(x_{t+1} | x_1 … x_t) ‖ the same with x_{t-τ} replaced)` in nats, over the positions t-τ of a group, in full.

    A word at a time is replaced in every stream, and the stream is read again from there; NaN without positions.

    Args:
        model: the language model; dropout is off.
        ids: the text.
        swapped: what takes each word's place.
        of: the group. Positions with fewer than `delays` steps left are not used.
        delays: how many, from 0.
    """
    total, count = np.zeros(delays), 0
    text, other = (torch.from_numpy(np.ascontiguousarray(one.T)) for one in (ids, swapped))
    with evaluating(model):
        true = model(text)[0].double().log_softmax(-1)
        state = None
        for position in range(len(text) - delays + 1):
            rows = torch.from_numpy(np.flatnonzero(of[:, position]))
            if len(rows):
                read = torch.cat([other[position, rows][None], text[position + 1 : position + delays, rows]])
                own = None if state is None else _of_streams(state, rows)
                moved = model(read, own)[0].double().log_softmax(-1)
                kept = true[position : position + delays, rows]
                total += (kept.exp() * (kept - moved)).sum(-1).sum(-1).numpy()
                count += len(rows)
            state = model.encode(text[position : position + 1], state)[1]
    return total / count if count else np.full(delays, np.nan)


def _of_streams(state: object, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | torch.Tensor:
    if isinstance(state, tuple):
        hidden, cell = (part[:, rows].contiguous() for part in state)
        return hidden, cell
    assert isinstance(state, torch.Tensor)
    return state[:, rows].contiguous()
