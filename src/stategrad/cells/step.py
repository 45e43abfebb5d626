"""A cell of the user's own: any `step(x, state) -> state`, linearised by forward-mode automatic differentiation.

    S_t = J_s S_{t-1} + J_x X_t

Both products at once are the derivative of `step` at (x_t, s_{t-1}) in the direction (X_t, S_{t-1}).
One derivative per input dimension, for all positions of a window together (`torch.func.jvp` under `torch.func.vmap`). Cotangents
take the transposed products, `λ J_s` and `λ J_x` (`torch.func.vjp`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from stategrad.cells.base import Cell, Linearisation, Precision, Tangents
from stategrad.errors import InvalidInputError

UserState = Tensor | Mapping[str, Tensor]
BARE = "hidden"
"""The name of a state that is one tensor rather than a mapping of names to tensors."""


class StepCell(Cell):
    """A step function as a cell.

    Args:
        step: `step(x, state) -> state` on batches: x (batch, E), every tensor of the state (batch, …).
        example: a state of any batch size, as `step` takes it: one tensor, or named tensors.
        input_size: E.
        precision: of the analysis; derivatives are taken in its `state` format.

    Raises:
        InvalidInputError: a state without names, or a step that fails, returns a state of another form, or draws at random.
    """

    def __init__(self, step: Callable[[Tensor, Any], Any], example: UserState, input_size: int, precision: Precision) -> None:
        self.precision = precision
        self.input_size = input_size
        self._step = step
        self._bare = isinstance(example, Tensor)
        self._shapes = {name: tuple(value.shape[1:]) for name, value in named(example).items()}
        self.state_sizes = {name: math.prod(shape) for name, shape in self._shapes.items()}
        self.record_shape = (input_size + sum(self.state_sizes.values()) + 1,)
        self.work_size = 2 * sum(self.state_sizes.values())
        self._check_step(named(example))
        self._example = self.given(example)

    def given(self, state: UserState) -> dict[str, Float[Tensor, "stream _"]]:
        """A state of the user's as this cell carries it: flat, in the precision of the analysis.

        Raises:
            InvalidInputError: other names or shapes than the example's.
        """
        tensors = named(state)
        shapes = {name: tuple(value.shape[1:]) for name, value in tensors.items()}
        if shapes != self._shapes:
            raise InvalidInputError(f"a state has shapes {shapes} behind the batch; the model's are {self._shapes}.")
        return {name: tensors[name].detach().to(self.precision.state).flatten(1) for name in self._shapes}

    @torch.no_grad()
    def linearise(self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]) -> Linearisation:
        """Run the steps one by one, and record each one's input and state before it."""
        state, record, states = initial, [], []
        one = inputs.new_ones(len(inputs), 1)
        for x in inputs.unbind(1):
            record.append(torch.cat([x, *state.values(), one], dim=1))
            state = self.step(x, state)
            states.append(state)
        return Linearisation({name: torch.stack([s[name] for s in states], 1) for name in state}, torch.stack(record, 1))

    @torch.no_grad()
    def run(
        self, inputs: Float[Tensor, "stream time input"], initial: dict[str, Float[Tensor, "stream _"]]
    ) -> tuple[Float[Tensor, "stream time input"], dict[str, Float[Tensor, "stream _"]]]:
        """The steps one by one. No layer stands above: the inputs are handed through."""
        state = initial
        for x in inputs.unbind(1):
            state = self.step(x, state)
        return inputs, state

    @torch.no_grad()
    def step(
        self, inputs: Float[Tensor, "position input"], state: dict[str, Float[Tensor, "position _"]]
    ) -> dict[str, Float[Tensor, "position _"]]:
        """The user's step."""
        return self._own_step(inputs, state)

    @torch.no_grad()
    def check_derivative(self) -> None:
        """Refuse a step without a derivative, one that cuts it (`detach`), and one that mixes the rows of a batch.

        Tried at a few points near the model's start, where a step is likeliest to be defined.

        Raises:
            InvalidInputError: such a step.
        """
        (x, state), (other_x, other_state) = self._near_start(0), self._near_start(1)

        def push(dx: Tensor, ds: dict[str, Tensor]) -> dict[str, Tensor]:
            after: dict[str, Tensor] = torch.func.jvp(self._own_step, (x, state), (dx, ds))[1]
            return after

        here = self._own_step(x, state)
        ways = torch.stack([other_x, torch.zeros_like(x)]), {n: torch.stack([torch.zeros_like(s), s]) for n, s in state.items()}
        try:
            derivative = torch.func.vmap(push)(*ways)
        except (RuntimeError, TypeError, ValueError) as error:
            raise InvalidInputError(
                f"step has no derivative that PyTorch can take ({' '.join(str(error).split())[:200]}); write it in operations on "
                "whole tensors, without numpy, .item() or if on their values, and call eval() on its modules."
            ) from error
        moved = self._own_step(other_x, state), self._own_step(x, other_state)
        for column, (what, after) in enumerate(zip(("input", "state"), moved, strict=True)):
            depends = any(not torch.equal(after[name], here[name]) for name in here)
            if depends and not any(one[column].any() for one in derivative.values()):
                raise InvalidInputError(
                    f"step depends on its {what}, but its derivative by the {what} is zero; leave out what cuts it, such as "
                    "detach() or rounding."
                )
        alone = self._own_step(x[:1], {name: value[:1] for name, value in state.items()})
        for name, value in here.items():
            size = 1e-3 * float(value.abs().nan_to_num().max())
            if not torch.allclose(value[:1], alone[name], rtol=1e-3, atol=size, equal_nan=True):
                raise InvalidInputError(
                    "step gives a row of a batch another state than the same row alone; rows are independent streams, so leave out "
                    "what mixes them, such as means over the batch or batch normalisation in training."
                )

    def _near_start(self, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
        """A batch of inputs near 1 and states near the example's."""
        draw = torch.Generator().manual_seed(seed)

        def noise(like: Tensor) -> Tensor:
            return like + 0.1 * torch.randn(like.shape, generator=draw).to(like)

        state = {name: noise(value[:1].expand(4, -1)) for name, value in self._example.items()}
        any_state = next(iter(state.values()))
        return noise(any_state.new_ones(4, self.input_size)), state

    def tangents(self, embedding: int, positions: int, like: Tensor) -> Tangents:
        """Zero tangents of every state."""
        like = like.to(self.precision.state)
        return Tangents({name: like.new_zeros(embedding, positions, size) for name, size in self.state_sizes.items()}, {})

    def advance(
        self,
        tangents: Tangents,
        record: Float[Tensor, "position recorded"],
        below: Float[Tensor, "embedding position input"] | None,
    ) -> None:
        """The derivative of the step in the direction of every tangent."""
        x, before, alive = self._recorded(record)
        if below is None:
            columns = len(next(iter(tangents.states.values())))
            start = x.new_zeros(columns, self.input_size)
            if tangents.fresh:
                start.fill_diagonal_(1)
            below = start[:, None].expand(-1, len(x), -1)

        def push(dx: Tensor, ds: dict[str, Tensor]) -> dict[str, Tensor]:
            after: dict[str, Tensor] = torch.func.jvp(self._own_step, (x, before), (dx, ds))[1]
            return after

        with torch.no_grad():
            after = torch.func.vmap(push)(below, tangents.states)
        for name, tangent in tangents.states.items():
            # beyond a stream's end the record is zero, where the step itself may not even be defined
            tangent.copy_(torch.where(alive > 0, after[name], torch.zeros_like(tangent)))
        tangents.fresh = False

    def retreat(self, cotangents: Tangents, record: Float[Tensor, "position recorded"]) -> Float[Tensor, "row position input"]:
        """The transposed derivative of the step, applied to every cotangent; that of the input is returned."""
        x, before, alive = self._recorded(record)
        pull = torch.func.vjp(self._own_step, x, before)[1]
        of_input, of_state = torch.func.vmap(pull)(cotangents.states)
        for name, cotangent in cotangents.states.items():
            cotangent.copy_(torch.where(alive > 0, of_state[name], torch.zeros_like(cotangent)))
        return torch.where(alive > 0, of_input, torch.zeros_like(of_input))

    def to_input(self, pulled: Float[Tensor, "row position input"]) -> Float[Tensor, "row position input"]:
        """The same."""
        return pulled

    def _recorded(self, record: Float[Tensor, "position recorded"]) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """The input and the state before each step, and whether there is a step."""
        x, *states, alive = torch.split(record, [self.input_size, *self.state_sizes.values(), 1], dim=1)
        return x, dict(zip(self.state_sizes, states, strict=True)), alive

    def _own_step(self, x: Tensor, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The user's step on flat states, in and out in the order of the example, whatever order the user's dict has."""
        after = named(self._call(x, state))
        return {name: after[name].flatten(1) for name in self._shapes}

    def _call(self, x: Tensor, state: dict[str, Tensor]) -> Any:
        """The user's step on copies, since it may work in place."""
        shaped = {name: value.reshape(len(value), *self._shapes[name]).clone() for name, value in state.items()}
        return self._step(x.clone(), shaped[BARE] if self._bare else shaped)

    def _check_step(self, example: dict[str, Tensor]) -> None:
        state = {name: value.detach().to(self.precision.state) for name, value in example.items()}
        any_tensor = next(iter(state.values()))
        x = any_tensor.new_ones(len(any_tensor), self.input_size)
        try:
            after, again = (named(self._call(x, state)) for _ in range(2))
        except InvalidInputError:
            raise
        except (RuntimeError, TypeError, ValueError) as error:
            raise InvalidInputError(
                f"step failed on an input of shape {tuple(x.shape)} and type {x.dtype}: {' '.join(str(error).split())}."
            ) from error
        received = {name: tuple(value.shape) for name, value in after.items()}
        expected = {name: tuple(value.shape) for name, value in state.items()}
        if received != expected:
            raise InvalidInputError(
                f"step returns a state of shapes {received} for one of {expected}; it must keep names and shapes."
            )
        if any(not torch.equal(after[name].nan_to_num(), again[name].nan_to_num()) for name in after):
            raise InvalidInputError("step gives two states for one input and one state; switch off its dropout or other noise.")


def named(state: Any) -> dict[str, Tensor]:
    """A state of the user's as names and tensors of shape (batch, …).

    Raises:
        InvalidInputError: a form without names, or a tensor without a dimension behind the batch.
    """
    if isinstance(state, Tensor):
        state = {BARE: state}
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InvalidInputError(
            f"the state is a {type(state).__name__}; give one tensor, or a dict that names each: {{'hidden': h, 'cell': c}}."
        )
    flat = [name for name, value in state.items() if value.ndim < 2]
    if flat:
        raise InvalidInputError(f"state '{flat[0]}' has shape {tuple(state[flat[0]].shape)}; expected (batch, units).")
    return {str(name): value for name, value in state.items()}
