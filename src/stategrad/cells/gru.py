"""The gated recurrent unit, in PyTorch's convention.

    r, z = sigmoid(a_r), sigmoid(a_z),   q = W_hn h_{t-1} + b_hn,   n = tanh(W_in x_t + b_in + r ⊙ q)
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}

The candidate's recurrent part q is scaled by r, its input part is not. So the pre-activations are stacked as four parts,
`r, z, n from the input, q from the state`, and the tangent is

    H_t = z ⊙ H_{t-1} + ((1-z) n' q r') ⊙ A_r + ((h_{t-1} - n) z') ⊙ A_z + ((1-z) n') ⊙ A_n + ((1-z) n' r) ⊙ A_q
"""

from __future__ import annotations

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.base import Cell, Linearisation, parameters_of


class GRU(Cell):
    """One layer of an `nn.GRU`, linearised in closed form.

    Args:
        module: the module that holds the layer; not changed.
        layer: which of its layers, from 0.
        dtype: the precision of the analysis.
    """

    state_names: ClassVar[tuple[str, ...]] = ("hidden",)
    factors: ClassVar[int] = 5

    def __init__(self, module: nn.GRU, layer: int, dtype: torch.dtype) -> None:
        parameters = parameters_of(module, layer, dtype)
        w_ih, w_hh = parameters[:2]
        units = w_hh.shape[1]
        from_input, from_state = torch.split(w_ih, units), torch.split(w_hh, units)
        self.weight_ih = torch.cat([*from_input, torch.zeros_like(from_input[2])])
        self.weight_hh = torch.cat([*from_state[:2], torch.zeros_like(from_state[2]), from_state[2]])
        b_ih, b_hh = parameters[2:] if module.bias else [w_ih.new_zeros(3 * units)] * 2
        self.bias = torch.cat([b_ih[: 2 * units] + b_hh[: 2 * units], b_ih[2 * units :], b_hh[2 * units :]])
        self._fused = nn.GRU(w_ih.shape[1], units, bias=module.bias, batch_first=True, dtype=w_ih.dtype)
        for own, given in zip(self._fused.parameters(), parameters, strict=True):
            own.data = given

    @torch.no_grad()
    def linearise(
        self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream state"]]
    ) -> Linearisation:
        """Record the five factors of every step: h by PyTorch's fused module, everything else by one product."""
        h0 = initial["hidden"]
        hidden, _ = self._fused(inputs, h0[None].contiguous())
        previous = torch.cat([h0[:, None], hidden[:, :-1]], dim=1)
        gates = torch.addmm(self.bias, inputs.flatten(0, 1), self.weight_ih.T)
        gates.addmm_(previous.flatten(0, 1), self.weight_hh.T)
        r, z, n, q = gates.view(*inputs.shape[:2], 4, self.size).unbind(2)
        r, z = r.sigmoid(), z.sigmoid()
        n = torch.tanh(n + r * q)
        by_n = (1 - z) * (1 - n * n)
        factors = [z, by_n * q * r * (1 - r), (previous - n) * z * (1 - z), by_n, by_n * r]
        return Linearisation({"hidden": hidden}, torch.stack(factors, dim=2))

    @torch.no_grad()
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position state"]]
    ) -> dict[str, Float[Tensor, "position state"]]:
        """`h_t` from `x_t` and `h_{t-1}`."""
        return {"hidden": torch.gru_cell(inputs, state["hidden"], *self._fused.parameters())}

    def advance(
        self,
        gates: Float[Tensor, "embedding position gates"],
        tangents: dict[str, Float[Tensor, "embedding position state"]],
        coefficients: Float[Tensor, "position factor state"],
    ) -> None:
        """`H_t` from `A_t` and `H_{t-1}`, in place."""
        keep, *by_gate = coefficients.unbind(1)
        hidden = tangents["hidden"].mul_(keep)
        for gate, factor in zip(gates.chunk(4, dim=2), by_gate, strict=True):
            hidden.addcmul_(gate, factor)
