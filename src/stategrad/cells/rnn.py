"""The simple (Elman) recurrent cell.

h_t = φ(a_t),   a_t = W_ih x_t + W_hh h_{t-1} + b,   φ = tanh or relu
H_t = φ'(a_t) ⊙ A_t
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.base import Linearisation, Precision, Tangents
from stategrad.cells.gated import GatedCell, fold


class RNN(GatedCell):
    """One layer of an `nn.RNN`, tanh or relu, linearised in closed form.

    Args:
        module: the module that holds the layer; not changed.
        layer: which of its layers, from 0.
        precision: of the analysis.
    """

    folds = True

    def __init__(self, module: nn.RNN, layer: int, precision: Precision) -> None:
        super().__init__(module, layer, precision, _update)
        self.state_sizes = {"hidden": module.hidden_size}
        self.record_shape = (1, module.hidden_size)
        self.nonlinearity = module.nonlinearity
        self._fused = self.fused(nn.RNN, hidden_size=module.hidden_size, nonlinearity=module.nonlinearity)

    @torch.no_grad()
    def linearise(self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]) -> Linearisation:
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
        return {"hidden": step(inputs, state["hidden"], *self.parameters)}

    def advance(
        self,
        tangents: Tangents,
        record: Float[Tensor, "position factor state"],
        below: Float[Tensor, "embedding position input"] | None,
    ) -> None:
        """`H_t` from `A_t`, in place."""
        self._update(self.gates(tangents, below), tangents.states["hidden"], record)
        self.finish(tangents)

    def advance_together(
        self,
        before: dict[str, Float[Tensor, "delay column state"]],
        after: dict[str, Float[Tensor, "_ column state"]],
        record: Float[Tensor, "factor state"],
        below: Float[Tensor, "_ column input"] | None,
    ) -> None:
        """`H_t = H_{t-1} M`, with the slope multiplied into the weights."""
        hidden = after["hidden"].zero_()
        new = len(hidden) - len(before["hidden"])
        self.add_product(hidden[new:], before["hidden"], fold(self.stacked[0], record))
        if below is not None:
            self.add_product(hidden, below, fold(self.stacked[1], record))

    @torch.no_grad()
    def retreat(self, cotangents: Tangents, record: Float[Tensor, "position factor state"]) -> Float[Tensor, "row position gates"]:
        """From the cotangent of `h_t` to those of `a_t` and `h_{t-1}`, in place."""
        gates, hidden = cotangents.work["gates"], cotangents.states["hidden"]
        torch.mul(hidden, record[:, 0], out=gates)
        self.pull_to_state(gates, hidden)
        return gates


def _update(
    gates: Float[Tensor, "embedding position state"],
    hidden: Float[Tensor, "embedding position state"],
    slope: Float[Tensor, "position 1 state"],
) -> None:
    torch.mul(gates, slope[:, 0], out=hidden)
