"""The long short-term memory cell, in PyTorch's convention.

    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o),   g = tanh(a_g),   a = W_ih x_t + W_hh h_{t-1} + b
    c_t = f ⊙ c_{t-1} + i ⊙ g
    h_t = o ⊙ tanh(c_t)      (with a projection: W_hr (o ⊙ tanh(c_t)))

Its tangents, with `A` that of the pre-activations:

    C_t = f ⊙ C_{t-1} + (g i') ⊙ A_i + (c_{t-1} f') ⊙ A_f + (i g') ⊙ A_g
    H_t = (o tanh'(c_t)) ⊙ C_t + (tanh(c_t) o') ⊙ A_o

The equation of the cell state is the paper's eq. 8, where g is written p.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.base import Linearisation, Precision, Tangents
from stategrad.cells.gated import GatedCell, fold


class LSTM(GatedCell):
    """One layer of an `nn.LSTM`, linearised in closed form; with `proj_size` its hidden state is `W_hr h_t`.

    Args:
        module: the module that holds the layer; not changed.
        layer: which of its layers, from 0.
        precision: of the analysis.
    """

    def __init__(self, module: nn.LSTM, layer: int, precision: Precision) -> None:
        super().__init__(module, layer, precision, _update)
        units = module.hidden_size
        self.state_sizes = {"hidden": module.proj_size or units, "cell": units}
        self.record_shape = (6, units)
        self.kept_by = {"cell": 0}
        self.folds = not module.proj_size
        w_ih = self.weight_ih
        self.bias = self.parameters[2] + self.parameters[3] if module.bias else torch.zeros_like(w_ih[:, 0])
        self._projection = self.parameters[-1].T.contiguous().to(precision.product) if module.proj_size else None
        self._fused = self.fused(nn.LSTM, hidden_size=units, proj_size=module.proj_size)

    @torch.no_grad()
    def linearise(self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]) -> Linearisation:
        """Record the six factors of every step: h by PyTorch's fused module, the gates by one product, c by a scan."""
        h0, c0 = initial["hidden"], initial["cell"]
        hidden, _ = self._fused(inputs, (h0[None].contiguous(), c0[None].contiguous()))
        previous_hidden = torch.cat([h0[:, None], hidden[:, :-1]], dim=1)
        gates = torch.addmm(self.bias, inputs.flatten(0, 1), self.weight_ih.T)
        gates.addmm_(previous_hidden.flatten(0, 1), self.weight_hh.T)
        i, f, g, o = gates.view(*inputs.shape[:2], 4, -1).unbind(2)
        i, f, g, o = i.sigmoid_(), f.sigmoid_(), g.tanh_(), o.sigmoid_()

        written = i * g
        cell = torch.empty_like(written)
        c = c0
        for t in range(inputs.shape[1]):
            c = torch.addcmul(written[:, t], f[:, t], c, out=cell[:, t])
        previous_cell = torch.cat([c0[:, None], cell[:, :-1]], dim=1)

        squashed = torch.tanh(cell)
        record = gates.new_empty(*inputs.shape[:2], *self.record_shape)
        factors = record.unbind(2)
        factors[0].copy_(f)
        torch.mul(g, i * (1 - i), out=factors[1])
        torch.mul(previous_cell, f * (1 - f), out=factors[2])
        torch.mul(i, 1 - g * g, out=factors[3])
        torch.mul(o, 1 - squashed * squashed, out=factors[4])
        torch.mul(squashed, o * (1 - o), out=factors[5])
        return Linearisation({"hidden": hidden, "cell": cell}, record)

    @torch.no_grad()
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position _"]]
    ) -> dict[str, Float[Tensor, "position _"]]:
        """`h_t` and `c_t` from `x_t`, `h_{t-1}` and `c_{t-1}`."""
        if self._projection is None:
            hidden, cell = torch.lstm_cell(inputs, (state["hidden"], state["cell"]), *self.parameters)
            return {"hidden": hidden, "cell": cell}
        # PyTorch's step has no projection; its module takes the positions as streams of one step
        _, (h, c) = self._fused(inputs[:, None], (state["hidden"][None].contiguous(), state["cell"][None].contiguous()))
        return {"hidden": h[0], "cell": c[0]}

    def advance(
        self,
        tangents: Tangents,
        record: Float[Tensor, "position factor state"],
        below: Float[Tensor, "embedding position input"] | None,
    ) -> None:
        """`C_t` and `H_t` from `A_t` and `C_{t-1}`, in place."""
        gates = self.gates(tangents, below)
        hidden, cell = tangents.states["hidden"], tangents.states["cell"]
        if self._projection is None:
            self._update(gates, cell, hidden, record)
        else:
            unprojected = tangents.work.setdefault("unprojected", torch.empty_like(cell))
            self._update(gates, cell, unprojected, record)
            torch.mm(
                unprojected.flatten(0, 1).to(self.precision.product), self._projection, out=tangents.work["output"].flatten(0, 1)
            )
            hidden.copy_(tangents.work["output"])
        self.finish(tangents)

    def advance_together(
        self,
        before: dict[str, Float[Tensor, "delay column state"]],
        after: dict[str, Float[Tensor, "_ column state"]],
        record: Float[Tensor, "factor state"],
        below: Float[Tensor, "_ column input"] | None,
    ) -> None:
        """`C_t = f ⊙ C_{t-1} + H_{t-1} M`, with one matrix M for the gates i, f and g, and `H_t` from it and the gate o."""
        cell, hidden = after["cell"], after["hidden"]
        new = len(cell) - len(before["cell"])
        cell[:new].zero_()
        torch.mul(before["cell"], record[0], out=cell[new:])
        written = [fold(weights[:, :3], record[1:4]) for weights in self.stacked]
        shown = [weights[:, 3] * record[5] for weights in self.stacked]
        self.add_product(cell[new:], before["hidden"], written[0])
        if below is not None:
            self.add_product(cell, below, written[1])
        torch.mul(cell[: len(hidden)], record[4], out=hidden)
        self.add_product(hidden[new:], before["hidden"], shown[0])
        if below is not None:
            self.add_product(hidden, below, shown[1])

    @torch.no_grad()
    def retreat(self, cotangents: Tangents, record: Float[Tensor, "position factor state"]) -> Float[Tensor, "row position gates"]:
        """From the cotangents of `h_t` and `c_t` to those of `a_t`, `h_{t-1}` and `c_{t-1}`, in place."""
        gates, hidden, cell = cotangents.work["gates"], cotangents.states["hidden"], cotangents.states["cell"]
        unprojected = hidden
        if self._projection is not None:
            unprojected = (hidden.to(self.precision.product) @ self._projection.T).to(self.precision.state)
        keep, by_i, by_f, by_g, by_c, by_o = record.unbind(1)
        cell.addcmul_(unprojected, by_c)
        sources = ((cell, by_i), (cell, by_f), (cell, by_g), (unprojected, by_o))
        for gate, (cotangent, factor) in zip(gates.chunk(4, dim=2), sources, strict=True):
            torch.mul(cotangent, factor, out=gate)
        cell.mul_(keep)
        self.pull_to_state(gates, hidden)
        return gates


def _update(
    gates: Float[Tensor, "embedding position gates"],
    cell: Float[Tensor, "embedding position state"],
    hidden: Float[Tensor, "embedding position state"],
    factors: Float[Tensor, "position 6 state"],
) -> None:
    keep, by_i, by_f, by_g, by_c, by_o = factors.unbind(1)
    a_i, a_f, a_g, a_o = gates.chunk(4, dim=2)
    cell.mul_(keep).addcmul_(a_i, by_i).addcmul_(a_f, by_f).addcmul_(a_g, by_g)
    torch.mul(cell, by_c, out=hidden)
    hidden.addcmul_(a_o, by_o)
