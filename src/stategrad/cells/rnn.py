"""The simple (Elman) recurrent cell.

h_t = φ(a_t),   a_t = W_ih x_t + W_hh h_{t-1} + b,   φ = tanh or relu
H_t = φ'(a_t) ⊙ A_t
"""

from __future__ import annotations

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.base import Cell, Linearisation, parameters_of


class RNN(Cell):
    """One layer of an `nn.RNN`, tanh or relu, linearised in closed form.

    Args:
        module: the module that holds the layer; not changed.
        layer: which of its layers, from 0.
        dtype: the precision of the analysis.
    """

    state_names: ClassVar[tuple[str, ...]] = ("hidden",)
    factors: ClassVar[int] = 1

    def __init__(self, module: nn.RNN, layer: int, dtype: torch.dtype) -> None:
        parameters = parameters_of(module, layer, dtype)
        self.weight_ih, self.weight_hh = parameters[:2]
        self.nonlinearity = module.nonlinearity
        self._fused = nn.RNN(
            self.weight_ih.shape[1],
            self.size,
            nonlinearity=module.nonlinearity,
            bias=module.bias,
            batch_first=True,
            dtype=dtype,
        )
        for own, given in zip(self._fused.parameters(), parameters, strict=True):
            own.data = given

    @torch.no_grad()
    def linearise(
        self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream state"]]
    ) -> Linearisation:
        """Record `φ'` of every step, which both functions give from their value alone."""
        hidden, _ = self._fused(inputs, initial["hidden"][None].contiguous())
        slope = 1 - hidden * hidden if self.nonlinearity == "tanh" else (hidden > 0).to(hidden)
        return Linearisation({"hidden": hidden}, slope[:, :, None])

    @torch.no_grad()
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position state"]]
    ) -> dict[str, Float[Tensor, "position state"]]:
        """`h_t` from `x_t` and `h_{t-1}`."""
        step = torch.rnn_tanh_cell if self.nonlinearity == "tanh" else torch.rnn_relu_cell
        return {"hidden": step(inputs, state["hidden"], *self._fused.parameters())}

    def advance(
        self,
        gates: Float[Tensor, "embedding position gates"],
        tangents: dict[str, Float[Tensor, "embedding position state"]],
        coefficients: Float[Tensor, "position factor state"],
    ) -> None:
        """`H_t` from `A_t`, in place."""
        torch.mul(gates, coefficients[:, 0], out=tangents["hidden"])
