"""The gated recurrent unit, in PyTorch's convention.

    r, z = sigmoid(a_r), sigmoid(a_z),   q = W_hn h_{t-1} + b_hn,   n = tanh(W_in x_t + b_in + r ⊙ q)
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}

The candidate's recurrent part q is scaled by r, its input part is not. So the pre-activations have four parts, of which the
state feeds `r, z, q` and the input `r, z, n`, and the tangent is

    H_t = z ⊙ H_{t-1} + ((1-z) n' q r') ⊙ A_r + ((h_{t-1} - n) z') ⊙ A_z + ((1-z) n') ⊙ A_n + ((1-z) n' r) ⊙ A_q
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.base import Linearisation, Precision, Tangents
from stategrad.cells.gated import GatedCell, fold


class GRU(GatedCell):
    """One layer of an `nn.GRU`, linearised in closed form.

    Args:
        module: the module that holds the layer; not changed.
        layer: which of its layers, from 0.
        precision: of the analysis.
    """

    folds = True

    def __init__(self, module: nn.GRU, layer: int, precision: Precision) -> None:
        super().__init__(module, layer, precision, _update)
        units = module.hidden_size
        self.state_sizes = {"hidden": units}
        self.record_shape = (5, units)
        self.kept_by = {"hidden": 0}
        b_ih, b_hh = self.parameters[2:] if module.bias else [self.weight_ih.new_zeros(3 * units)] * 2
        self._input_bias, self._state_bias = b_ih, b_hh
        self._fused = self.fused(nn.GRU, hidden_size=units)

    @torch.no_grad()
    def linearise(self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]) -> Linearisation:
        """Record the five factors of every step: h by PyTorch's fused module, everything else by one product."""
        h0 = initial["hidden"]
        hidden, _ = self._fused(inputs, h0[None].contiguous())
        previous = torch.cat([h0[:, None], hidden[:, :-1]], dim=1)
        from_input = nn.functional.linear(inputs, self.weight_ih, self._input_bias).chunk(3, dim=2)
        from_state = nn.functional.linear(previous, self.weight_hh, self._state_bias).chunk(3, dim=2)
        r, z = (torch.sigmoid(x + h) for x, h in zip(from_input[:2], from_state[:2], strict=True))
        n, q = from_input[2], from_state[2]
        n = torch.tanh(n + r * q)
        by_n = (1 - z) * (1 - n * n)
        factors = [z, by_n * q * r * (1 - r), (previous - n) * z * (1 - z), by_n * r, by_n]
        return Linearisation({"hidden": hidden}, torch.stack(factors, dim=2))

    @torch.no_grad()
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position state"]]
    ) -> dict[str, Float[Tensor, "position state"]]:
        """`h_t` from `x_t` and `h_{t-1}`."""
        return {"hidden": torch.gru_cell(inputs, state["hidden"], *self.parameters)}

    def advance(
        self,
        tangents: Tangents,
        record: Float[Tensor, "position factor state"],
        below: Float[Tensor, "embedding position input"] | None,
    ) -> None:
        """`H_t` from `A_t` and `H_{t-1}`, in place: what comes from the state, then what comes from the input."""
        hidden = tangents.states["hidden"]
        reads_input = tangents.fresh or below is not None
        if not tangents.fresh:
            self._update(self.gates_from_state(tangents), hidden, record[:, :4])
        if reads_input:
            _add(self.gates_from_input(tangents, below), hidden, record[:, [1, 2, 4]])
        self.finish(tangents)

    def advance_together(
        self,
        before: dict[str, Float[Tensor, "delay column state"]],
        after: dict[str, Float[Tensor, "_ column state"]],
        record: Float[Tensor, "factor state"],
        below: Float[Tensor, "_ column input"] | None,
    ) -> None:
        """`H_t = z ⊙ H_{t-1} + H_{t-1} M`, with one matrix M for r, z and q; another, for r, z and n, reads the input."""
        hidden = after["hidden"]
        new = len(hidden) - len(before["hidden"])
        hidden[:new].zero_()
        torch.mul(before["hidden"], record[0], out=hidden[new:])
        self.add_product(hidden[new:], before["hidden"], fold(self.stacked[0], record[1:4]))
        if below is not None:
            self.add_product(hidden, below, fold(self.stacked[1], record[[1, 2, 4]]))

    @torch.no_grad()
    def retreat(self, cotangents: Tangents, record: Float[Tensor, "position factor state"]) -> Float[Tensor, "row position gates"]:
        """From the cotangent of `h_t` to those of `r, z, q`, of `h_{t-1}`, in place, and of `r, z, n`, which are returned."""
        hidden, from_state = cotangents.states["hidden"], cotangents.work["gates"]
        from_input = cotangents.work.setdefault("input gates", torch.empty_like(from_state))
        keep, by_r, by_z, by_q, by_n = record.unbind(1)
        for gates, last in ((from_state, by_q), (from_input, by_n)):
            for gate, factor in zip(gates.chunk(3, dim=2), (by_r, by_z, last), strict=True):
                torch.mul(hidden, factor, out=gate)
        hidden.mul_(keep)
        self.pull_to_state(from_state, hidden, added=True)
        return from_input


def _update(
    gates: Float[Tensor, "embedding position gates"],
    hidden: Float[Tensor, "embedding position state"],
    factors: Float[Tensor, "position 4 state"],
) -> None:
    hidden.mul_(factors[:, 0])
    _add(gates, hidden, factors[:, 1:])


def _add(
    gates: Float[Tensor, "embedding position gates"],
    hidden: Float[Tensor, "embedding position state"],
    factors: Float[Tensor, "position 3 state"],
) -> None:
    for gate, factor in zip(gates.chunk(3, dim=2), factors.unbind(1), strict=True):
        hidden.addcmul_(gate, factor)
