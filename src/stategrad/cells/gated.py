"""What the closed-form cells share: pre-activations that are linear in state and input, and element-wise everything else.

With `a_t = W_ih x_t + W_hh h_{t-1} + b` the tangent of the pre-activations is `A_t = W_hh H_{t-1} (+ W_ih X_t)`: one large
matrix product for all positions, which share the weights. What follows is element-wise, with factors recorded at each step.
Cotangents take the same way back: element-wise from `λ_t` to the cotangent α_t of the pre-activations, then one product,
`α_t W_hh` for the state and `α_t W_ih` for the input.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stategrad.cells.base import Cell, Precision, Tangents


class GatedCell(Cell):
    """A cell with `weight_ih`, `weight_hh` and an element-wise update.

    A subclass sets `_fused`, PyTorch's module of this layer alone.

    Args:
        module: the module that holds the layer; not changed.
        layer: which of its layers, from 0; of a bidirectional module its forward direction.
        precision: of the analysis.
        update: the element-wise work, a function of tensors that writes into some of them.
    """

    _fused: nn.RNNBase

    def __init__(self, module: nn.RNNBase, layer: int, precision: Precision, update: Callable[..., None]) -> None:
        self.precision = precision
        self.parameters = parameters_of(module, layer, precision.state)
        self.weight_ih, self.weight_hh = self.parameters[:2]
        self.input_size = int(self.weight_ih.shape[1])
        self.work_size = int(self.weight_hh.shape[0])
        # contiguous transposes: the products are taken thousands of times
        self._from_input, self._from_state = (w.T.contiguous().to(precision.product) for w in (self.weight_ih, self.weight_hh))
        self._to_input, self._to_state = (w.contiguous().to(precision.product) for w in (self.weight_ih, self.weight_hh))
        self._update = update

    @cached_property
    def stacked(self) -> list[Float[Tensor, "_ gate state"]]:
        """The weights that read the state, and those that read the input, gate by gate."""
        units = self.record_shape[-1]
        return [w.T.reshape(w.shape[1], -1, units).contiguous() for w in (self.weight_hh, self.weight_ih)]

    def fused(self, kind: Callable[..., nn.RNNBase], **options: Any) -> nn.RNNBase:
        """PyTorch's own module with the weights of this layer: the fastest forward pass."""
        biased = len(self.parameters) > 3
        module = kind(self.input_size, bias=biased, batch_first=True, dtype=self.precision.state, **options)
        for own, given in zip(module.parameters(), self.parameters, strict=True):
            own.data = given
        return module

    @torch.no_grad()
    def run(
        self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]
    ) -> tuple[Float[Tensor, "stream time _"], dict[str, Float[Tensor, "stream _"]]]:
        """PyTorch's fused module alone."""
        before = tuple(initial[name][None].contiguous() for name in self.state_sizes)
        outputs, after = self._fused(inputs, before if len(before) > 1 else before[0])
        last = after if len(before) > 1 else (after,)
        return outputs, {name: value[0] for name, value in zip(self.state_sizes, last, strict=True)}

    def tangents(self, embedding: int, positions: int, like: Tensor) -> Tangents:
        """Zero tangents and the buffer of the gates; where products have a precision of their own, also a copy of `H` in it."""
        E, n = embedding, positions
        like = like.to(self.precision.state)
        states = {name: like.new_zeros(E, n, size) for name, size in self.state_sizes.items()}
        work = {"gates": like.new_empty(E, n, self.work_size, dtype=self.precision.product), "output": states["hidden"]}
        if self.precision.product != self.precision.state:
            work["output"] = states["hidden"].to(self.precision.product)
        return Tangents(states, work)

    def finish(self, tangents: Tangents) -> None:
        """After the update of `H`: what the next product reads."""
        if tangents.work["output"] is not tangents.states["hidden"]:
            tangents.work["output"].copy_(tangents.states["hidden"])
        tangents.fresh = False

    def gates_from_state(self, tangents: Tangents) -> Float[Tensor, "embedding position gates"]:
        """`W_hh H_{t-1}`."""
        gates = tangents.work["gates"]
        torch.mm(tangents.work["output"].flatten(0, 1), self._from_state, out=gates.flatten(0, 1))
        return gates

    def gates_from_input(
        self, tangents: Tangents, below: Float[Tensor, "embedding position input"] | None, *, added: bool = False
    ) -> Float[Tensor, "embedding position gates"]:
        """`W_ih X_t`, with X the identity where `below` is None; `added` to what the buffer holds."""
        gates = tangents.work["gates"]
        if below is None:
            gates.copy_(self._from_input[:, None])
        else:
            rows = below.flatten(0, 1).to(self.precision.product)
            gates.flatten(0, 1).addmm_(rows, self._from_input, beta=int(added))
        return gates

    def gates(
        self, tangents: Tangents, below: Float[Tensor, "embedding position input"] | None
    ) -> Float[Tensor, "embedding position gates"]:
        """`A_t`, for cells whose gates take the sum of both parts."""
        if tangents.fresh:
            return self.gates_from_input(tangents, below)
        gates = self.gates_from_state(tangents)
        return gates if below is None else self.gates_from_input(tangents, below, added=True)

    def add_product(
        self,
        total: Float[Tensor, "_ column state"],
        tangents: Float[Tensor, "_ column _"],
        weights: Float[Tensor, "_ state"],
    ) -> None:
        """Add `X W` to the first rows of `total`, or of `tangents` where these are more."""
        rows = min(len(total), len(tangents))
        total, tangents = total[:rows].flatten(0, 1), tangents[:rows].flatten(0, 1)
        if self.precision.product == self.precision.state:
            total.addmm_(tangents, weights)
        else:
            total.add_(tangents.to(self.precision.product) @ weights.to(self.precision.product))

    def pull_to_state(
        self, gates: Float[Tensor, "row position gates"], hidden: Float[Tensor, "row position state"], *, added: bool = False
    ) -> None:
        """`α_t W_hh` into the cotangent of h, or `added` to what it holds."""
        rows = gates.flatten(0, 1)
        if self.precision.product == self.precision.state:
            hidden.flatten(0, 1).addmm_(rows, self._to_state, beta=int(added))
            return
        product = (rows @ self._to_state).view_as(hidden)
        hidden.copy_(hidden + product if added else product)

    @torch.no_grad()
    def to_input(self, pulled: Float[Tensor, "row position gates"]) -> Float[Tensor, "row position input"]:
        """`α_t W_ih`."""
        return (pulled.to(self.precision.product) @ self._to_input).to(self.precision.state)

    def compile(self) -> None:
        """Compile the update into one pass over memory, or leave it as it is where no compiler is to be found."""
        eager, self._update = self._update, torch.compile(self._update, dynamic=True)
        tangents = self.tangents(self.input_size, 3, self.weight_hh)
        try:
            # two steps, since the first may need no update; without gradients, as in use, or it would be compiled once more there
            with torch.no_grad():
                for _ in range(2):
                    self.advance(tangents, self.weight_hh.new_zeros(3, *self.record_shape), None)
        except Exception:
            self._update = eager


def fold(weights: Float[Tensor, "input gate state"], factors: Float[Tensor, "gate state"]) -> Float[Tensor, "input state"]:
    """`Σ_gate W_gateᵀ diag(factor)`: the weights of all gates as one matrix, at one step."""
    total = weights[:, 0] * factors[0]
    for gate in range(1, len(factors)):
        total.addcmul_(weights[:, gate], factors[gate])
    return total


def parameters_of(module: nn.RNNBase, layer: int, dtype: torch.dtype) -> list[Tensor]:
    """The forward weights of one layer, `[W_ih, W_hh, b_ih, b_hh, W_hr]`, detached; those that the module has."""
    names = ["weight_ih", "weight_hh"]
    names += ["bias_ih", "bias_hh"] if module.bias else []
    names += ["weight_hr"] if module.proj_size else []
    return [getattr(module, f"{name}_l{layer}").detach().to(dtype) for name in names]
