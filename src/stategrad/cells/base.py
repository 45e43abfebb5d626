"""What the engine asks of a recurrent cell: to run over a text, and to move tangents one step on or cotangents one step back.

The tangent of a state, `S_t = ∂s_t / ∂x_{t-τ}`, obeys the linearised step

    S_t = ∂s_t/∂s_{t-1} · S_{t-1}   (+ ∂s_t/∂x_t · X_t, with X_t the tangent of this layer's input)

in which the two Jacobians depend on the text alone. A cell records, in one forward pass over a stretch of text, what it needs
of them, and then advances the tangents of many positions at once. The cotangent of a state, `λ_t = Ψ ∂s_T / ∂s_t`, goes the other
way, from its read-out at step T back to the inputs:

    λ_{t-1} = λ_t · ∂s_t/∂s_{t-1},   that of the input = λ_t · ∂s_t/∂x_t
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Precision:
    """Number formats of an analysis.

    Attributes:
        state: of the states and their tangents.
        product: of the matrix products.
    """

    state: torch.dtype
    product: torch.dtype


PRECISIONS = {
    "float32": Precision(torch.float32, torch.float32),
    "float64": Precision(torch.float64, torch.float64),
    "bfloat16": Precision(torch.float32, torch.bfloat16),
}


@dataclass(frozen=True)
class Linearisation:
    """A stretch of text as a linear system: what the tangents need, and the states along the way.

    Attributes:
        states: by name, the state after every step.
        record: what `Cell.advance` and `Cell.retreat` read of every step. A record of zeros must make tangents and cotangents
            vanish.
    """

    states: dict[str, Float[Tensor, "stream time _"]]
    record: Float[Tensor, "stream time ..."]


@dataclass
class Tangents:
    """The tangents of many positions, or their cotangents with a row of Ψ for a dimension of the input, and memory to work in.

    Attributes:
        states: by state name, `S_t`, or `λ_t`.
        work: further buffers of the cell's own.
        fresh: no step has been taken yet: the states do not depend on the input.
    """

    states: dict[str, Float[Tensor, "embedding position _"]]
    work: dict[str, Tensor]
    fresh: bool = True


class Cell(ABC):
    """One layer of a recurrent network, with frozen weights, in the precision of the analysis.

    Attributes:
        precision: of states and products.
        state_sizes: how many units each state has, by name.
        input_size: the length of an input vector.
        record_shape: of what is recorded per step.
        work_size: numbers that a step writes per position and input dimension, before the states.
        kept_by: for a state with a gate that keeps it, which factor of the record that gate is.
        folds: whether it has `advance_together`.
    """

    precision: Precision
    state_sizes: dict[str, int]
    input_size: int
    record_shape: tuple[int, ...]
    work_size: int
    kept_by: Mapping[str, int] = MappingProxyType({})
    folds: bool = False

    @abstractmethod
    def linearise(self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]) -> Linearisation:
        """Run the cell over a stretch of text from the state `initial` and record what the tangents need."""

    @abstractmethod
    def run(
        self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]
    ) -> tuple[Float[Tensor, "stream time _"], dict[str, Float[Tensor, "stream _"]]]:
        """Run the cell over a stretch of text without a record: what a layer above reads of every step, and the last state."""

    @abstractmethod
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position _"]]
    ) -> dict[str, Float[Tensor, "position _"]]:
        """The state after one more input, for many independent positions together; `state` is not changed."""

    @abstractmethod
    def tangents(self, embedding: int, positions: int, like: Tensor) -> Tangents:
        """Fresh tangents, all zero, on the device of `like`."""

    @abstractmethod
    def advance(
        self,
        tangents: Tangents,
        record: Float[Tensor, "position ..."],
        below: Float[Tensor, "embedding position input"] | None,
    ) -> None:
        """Move every position's tangents one step on, in place.

        Args:
            tangents: `S_{t-1}` on entry and `S_t` on return.
            record: the row of `Linearisation.record` at each position's step t.
            below: the tangent of this layer's input; None for the layer that reads the model's inputs, whose tangent is the
                identity at delay 0, where `tangents` are fresh, and zero later.
        """

    def advance_together(
        self,
        before: dict[str, Float[Tensor, "delay column _"]],
        after: dict[str, Float[Tensor, "_ column _"]],
        record: Float[Tensor, "factor state"],
        below: Float[Tensor, "_ column input"] | None,
    ) -> None:
        """Move tangents that all stand at one step of the text one step on: they share its Jacobian.

        Args:
            before: `S_{t-1}` of some neighbouring positions, the latest first.
            after: where `S_t` goes: of positions that begin at this step, then of those in `before`. The hidden state may lack the
                last.
            record: what was recorded of step t.
            below: the tangents of this layer's input, of the first positions of `after`; those of the others, or all, are zero.
        """
        raise TypeError(f"{type(self).__name__} moves positions, not steps")

    @abstractmethod
    def retreat(self, cotangents: Tangents, record: Float[Tensor, "position ..."]) -> Float[Tensor, "row position _"]:
        """Pull every position's cotangents one step back, in place: the adjoint of `advance`.

        Args:
            cotangents: `λ_t` on entry and `λ_{t-1}` on return.
            record: the row of `Linearisation.record` at each position's step t.

        Returns:
            What `to_input` makes the cotangent of this layer's input at step t of, in memory that the next step overwrites.
        """

    @abstractmethod
    def to_input(self, pulled: Float[Tensor, "row position _"]) -> Float[Tensor, "row position input"]:
        """The cotangent of this layer's input from what `retreat` returned.

        A linear map that is the same at every step, so that it can as well be applied to sums over positions.
        """

    def check_derivative(self) -> None:  # noqa: B027 - the library's own cells have their derivatives written out
        """Raise `InvalidInputError` unless a step of the user's own has a derivative, and treats each row for itself."""

    def compile(self) -> None:  # noqa: B027 - most cells have nothing to compile
        """Have the element-wise work of `advance` compiled, where that is possible; the result is the same to rounding."""
