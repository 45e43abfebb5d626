"""The long short-term memory cell, in PyTorch's convention.

    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o),   g = tanh(a_g),   a = W_ih x_t + W_hh h_{t-1} + b
    c_t = f ⊙ c_{t-1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)

Its tangents, with `A` that of the pre-activations:

    C_t = f ⊙ C_{t-1} + (g i') ⊙ A_i + (c_{t-1} f') ⊙ A_f + (i g') ⊙ A_g
    H_t = (o tanh'(c_t)) ⊙ C_t + (tanh(c_t) o') ⊙ A_o

The equation of the cell state is the paper's eq. 8, where g is written p.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.base import Cell, Linearisation, parameters_of


class LSTM(Cell):
    """One layer of an `nn.LSTM`, linearised in closed form.

    Args:
        module: the module that holds the layer; not changed.
        layer: which of its layers, from 0.
        dtype: the precision of the analysis.
    """

    state_names: ClassVar[tuple[str, ...]] = ("hidden", "cell")
    factors: ClassVar[int] = 6

    def __init__(self, module: nn.LSTM, layer: int, dtype: torch.dtype) -> None:
        parameters = parameters_of(module, layer, dtype)
        self.weight_ih, self.weight_hh = parameters[:2]
        self.bias = parameters[2] + parameters[3] if module.bias else torch.zeros_like(self.weight_ih[:, 0])
        self._fused = nn.LSTM(self.weight_ih.shape[1], self.size, bias=module.bias, batch_first=True, dtype=dtype)
        for own, given in zip(self._fused.parameters(), parameters, strict=True):
            own.data = given

    @torch.no_grad()
    def linearise(
        self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream state"]]
    ) -> Linearisation:
        """Record the six factors of every step: h by PyTorch's fused module, the gates by one product, c by a scan."""
        h0, c0 = initial["hidden"], initial["cell"]
        hidden, _ = self._fused(inputs, (h0[None].contiguous(), c0[None].contiguous()))
        previous_hidden = torch.cat([h0[:, None], hidden[:, :-1]], dim=1)
        gates = torch.addmm(self.bias, inputs.flatten(0, 1), self.weight_ih.T)
        gates.addmm_(previous_hidden.flatten(0, 1), self.weight_hh.T)
        i, f, g, o = gates.view(*inputs.shape[:2], 4, self.size).unbind(2)
        i, f, g, o = i.sigmoid_(), f.sigmoid_(), g.tanh_(), o.sigmoid_()

        written = i * g
        cell = torch.empty_like(written)
        c = c0
        for t in range(inputs.shape[1]):
            c = torch.addcmul(written[:, t], f[:, t], c, out=cell[:, t])
        previous_cell = torch.cat([c0[:, None], cell[:, :-1]], dim=1)

        squashed = torch.tanh(cell)
        coefficients = gates.new_empty(*inputs.shape[:2], self.factors, self.size)
        factors = coefficients.unbind(2)
        factors[0].copy_(f)
        torch.mul(g, i * (1 - i), out=factors[1])
        torch.mul(previous_cell, f * (1 - f), out=factors[2])
        torch.mul(i, 1 - g * g, out=factors[3])
        torch.mul(o, 1 - squashed * squashed, out=factors[4])
        torch.mul(squashed, o * (1 - o), out=factors[5])
        return Linearisation({"hidden": hidden, "cell": cell}, coefficients)

    @torch.no_grad()
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position state"]]
    ) -> dict[str, Float[Tensor, "position state"]]:
        """`h_t` and `c_t` from `x_t`, `h_{t-1}` and `c_{t-1}`."""
        hidden, cell = torch.lstm_cell(inputs, (state["hidden"], state["cell"]), *self._fused.parameters())
        return {"hidden": hidden, "cell": cell}

    def advance(
        self,
        gates: Float[Tensor, "embedding position gates"],
        tangents: dict[str, Float[Tensor, "embedding position state"]],
        coefficients: Float[Tensor, "position factor state"],
    ) -> None:
        """`C_t` and `H_t` from `A_t` and `C_{t-1}`, in place."""
        keep, by_i, by_f, by_g, by_c, by_o = coefficients.unbind(1)
        a_i, a_f, a_g, a_o = gates.chunk(4, dim=2)
        cell, hidden = tangents["cell"], tangents["hidden"]
        cell.mul_(keep).addcmul_(a_i, by_i).addcmul_(a_f, by_f).addcmul_(a_g, by_g)
        torch.mul(cell, by_c, out=hidden)
        hidden.addcmul_(a_o, by_o)
