"""The state gradients of an LSTM's cell by JAX: `jit(vmap(jacfwd(scan)))`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch import nn

from benchmarks.peers import Gradients, Windows, weights_of


def jax_jacfwd(model: nn.LSTM, windows: Windows) -> Gradients:
    """The gradients of all states of each window by its first input, in the precision of the windows.

    The tangents of the first step are taken outside the scan, so that later steps carry none for their inputs: a quarter
    less work than the plainest way to write it.
    """
    with jax.enable_x64(windows.inputs.dtype == torch.float64):
        weights = [jnp.asarray(weight.numpy()) for weight in weights_of(model, detached=True)]
        arguments = [jnp.asarray(array.numpy()) for array in (windows.inputs, windows.hidden, windows.cell)]
        return torch.from_numpy(np.array(_compiled()(weights, *arguments)))


@cache
def _compiled() -> Callable[..., Any]:
    def step(weights: Any, state: Any, x: Any) -> Any:
        weight_ih, weight_hh, bias = weights
        hidden, cell = state
        i, f, g, o = jnp.split(weight_ih @ x + weight_hh @ hidden + bias, 4)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
        return (hidden, cell), cell

    def jacobian(weights: Any, inputs: Any, hidden: Any, cell: Any) -> Any:
        def states(first: Any) -> Any:
            state, first_cell = step(weights, (hidden, cell), first)
            _, later = jax.lax.scan(lambda carried, x: step(weights, carried, x), state, inputs[1:])
            return jnp.concatenate([first_cell[None], later])

        return jax.jacfwd(states)(inputs[0])

    compiled: Callable[..., Any] = jax.jit(jax.vmap(jacobian, in_axes=(None, 0, 0, 0)))
    return compiled
