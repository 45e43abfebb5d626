"""What the engine asks of a recurrent cell: the step, linearised along a text.

A cell's next state depends on its input and its previous state only through the pre-activations
`a_t = W_ih x_t + W_hh h_{t-1} + b` and, element by element, through the previous state itself. So the tangent of a state,
`S_t = ∂s_t / ∂x_{t-τ}`, obeys

    A_t = W_hh H_{t-1}  (+ W_ih at τ = 0, or + W_ih times the tangent of the layer below)
    S_t = element-wise combinations of A_t and S_{t-1} with coefficients that depend on the text alone.

One large matrix product gives `A_t` for many positions at once; the coefficients are recorded in one forward pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Linearisation:
    """A stretch of text as a linear system: what the tangents need, and the states along the way.

    Attributes:
        states: by name, the state after every step.
        coefficients: the cell's element-wise factors at every step, in the order that its `advance` reads them.
    """

    states: dict[str, Float[Tensor, "stream time state"]]
    coefficients: Float[Tensor, "stream time factor state"]


class Cell(ABC):
    """One layer of a recurrent network, with frozen weights, in the precision of the analysis.

    Attributes:
        weight_ih: `W_ih`, the gates stacked as PyTorch stacks them.
        weight_hh: `W_hh`, likewise.
        factors: how many element-wise coefficients a step records.
    """

    state_names: ClassVar[tuple[str, ...]]
    factors: ClassVar[int]
    weight_ih: Float[Tensor, "gates input"]
    weight_hh: Float[Tensor, "gates state"]

    @property
    def size(self) -> int:
        """H, the number of units."""
        return int(self.weight_hh.shape[1])

    @abstractmethod
    def linearise(
        self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream state"]]
    ) -> Linearisation:
        """Run the cell over a stretch of text from the state `initial` and record what the tangents need."""

    @abstractmethod
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position state"]]
    ) -> dict[str, Float[Tensor, "position state"]]:
        """The state after one more input, for many independent positions together; `state` is not changed."""

    @abstractmethod
    def advance(
        self,
        gates: Float[Tensor, "embedding position gates"],
        tangents: dict[str, Float[Tensor, "embedding position state"]],
        coefficients: Float[Tensor, "position factor state"],
    ) -> None:
        """Move every position's tangents one step on, in place.

        Args:
            gates: the tangent `A_t` of the pre-activations.
            tangents: by state name, `S_{t-1}` on entry and `S_t` on return.
            coefficients: the row of `Linearisation.coefficients` at each position's step t.
        """


def zero_tangents(cell: Cell, embedding: int, positions: int, like: Tensor) -> dict[str, Tensor]:
    """Tangents of a state that does not depend on the input yet, shape (embedding, position, state) each."""
    return {name: like.new_zeros(embedding, positions, cell.size) for name in cell.state_names}


def parameters_of(module: torch.nn.RNNBase, layer: int, dtype: torch.dtype) -> list[Tensor]:
    """The forward weights of one layer, `[W_ih, W_hh, b_ih, b_hh]`, detached; biases only where the module has them."""
    names = ["weight_ih", "weight_hh"] + (["bias_ih", "bias_hh"] if module.bias else [])
    return [getattr(module, f"{name}_l{layer}").detach().to(dtype) for name in names]
