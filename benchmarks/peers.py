"""The state gradients of an LSTM's cell by what PyTorch offers, each way as its users would write it.

A window of L steps costs every way the same number of gradients, L matrices (H, E), one per delay: reverse mode gives
those of the last state with respect to each of the L inputs, forward mode those of all L states with respect to the first
input. Both are the 30 gradients of a position of the text, and both are timed per window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Windows:
    """Stretches of a text, and the state that the model comes to them with.

    Attributes:
        inputs: `x` at every step of every window.
        hidden: `h` before the first step.
        cell: `c` before the first step.
    """

    inputs: Float[Tensor, "window delay embedding"]
    hidden: Float[Tensor, "window state"]
    cell: Float[Tensor, "window state"]

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, first: int, size: int) -> Windows:
        """`size` windows from number `first` on."""
        chosen = slice(first, first + size)
        return Windows(self.inputs[chosen], self.hidden[chosen], self.cell[chosen])


Gradients = Float[Tensor, "window delay state embedding"]
Peer = Callable[[nn.LSTM, Windows], Gradients]


@torch.no_grad()
def windows_of(model: nn.LSTM, vectors: Float[Tensor, "time embedding"], delays: int) -> Windows:
    """Every window of `delays` steps: number p begins at position p."""
    size = model.hidden_size
    state = (vectors.new_zeros(1, 1, size), vectors.new_zeros(1, 1, size))
    before = []
    for x in vectors[: len(vectors) - delays + 1]:
        before.append(state)
        _, state = model(x[None, None], state)
    hidden, cell = (torch.cat([states[i][0] for states in before]) for i in range(2))
    return Windows(vectors.unfold(0, delays, 1).transpose(1, 2).contiguous(), hidden, cell)


def authors(model: nn.LSTM, windows: Windows) -> Gradients:
    """One backward pass per state unit through the fused `nn.LSTM`, one window after the other, as the paper's authors do."""
    found = []
    for inputs, hidden, cell in zip(windows.inputs, windows.hidden, windows.cell, strict=True):
        x = inputs.clone().requires_grad_()
        _, (_, last) = model(x[:, None], (hidden[None, None], cell[None, None]))
        rows = [torch.autograd.grad(unit, x, retain_graph=True)[0] for unit in last.flatten()]
        found.append(torch.stack(rows, dim=1).flip(0))
    return torch.stack(found)


def autograd_jacobian(model: nn.LSTM, windows: Windows) -> Gradients:
    """`torch.autograd.functional.jacobian`, vectorised, one window after the other.

    It runs on the cell written out: the backward pass of the fused `nn.LSTM` has no batching rule, falls back to a loop over
    units, and takes as long as the authors' method. The weights keep their `requires_grad`, without which the products in
    its backward pass are many times slower.
    """
    weights = weights_of(model)
    found = []
    for inputs, hidden, cell in zip(windows.inputs, windows.hidden, windows.cell, strict=True):
        last = partial(_last_cell, weights, hidden, cell)
        jacobian = torch.autograd.functional.jacobian(last, inputs, vectorize=True)  # type: ignore[no-untyped-call]
        found.append(jacobian.transpose(0, 1).flip(0))
    return torch.stack(found)


def func_jacrev(model: nn.LSTM, windows: Windows) -> Gradients:
    """`torch.func.jacrev` of the last state under `vmap` over windows."""
    weights = weights_of(model, detached=True)

    def jacobian(inputs: Tensor, hidden: Tensor, cell: Tensor) -> Tensor:
        rows: Tensor = torch.func.jacrev(partial(_last_cell, weights, hidden, cell))(inputs)
        return rows

    found: Tensor = torch.func.vmap(jacobian)(windows.inputs, windows.hidden, windows.cell)
    return found.transpose(1, 2).flip(1)


def func_jacfwd(model: nn.LSTM, windows: Windows) -> Gradients:
    """`torch.func.jacfwd` of all states by the first input, under `vmap` over windows."""
    weights = weights_of(model, detached=True)

    def jacobian(inputs: Tensor, hidden: Tensor, cell: Tensor) -> Tensor:
        def states(first: Tensor) -> Tensor:
            return _cells(weights, hidden, cell, [first, *inputs[1:]])

        columns: Tensor = torch.func.jacfwd(states)(inputs[0])
        return columns

    found: Tensor = torch.func.vmap(jacobian)(windows.inputs, windows.hidden, windows.cell)
    return found


Weights = tuple[Tensor, Tensor, Tensor]


def weights_of(model: nn.LSTM, *, detached: bool = False) -> Weights:
    """`W_ih` (4H, E), `W_hh` (4H, H) and `b` (4H,) of the only layer, with a graph or without."""
    named = dict(model.named_parameters())
    weights = (named["weight_ih_l0"], named["weight_hh_l0"], named["bias_ih_l0"] + named["bias_hh_l0"])
    return (weights[0].detach(), weights[1].detach(), weights[2].detach()) if detached else weights


def _cells(weights: Weights, hidden: Tensor, cell: Tensor, inputs: Tensor | list[Tensor]) -> Float[Tensor, "delay state"]:
    """`c` after every step: i, f, g, o from `W_ih x + W_hh h + b`, `c ← σ(f) c + σ(i) tanh(g)`, `h ← σ(o) tanh(c)`."""
    weight_ih, weight_hh, bias = weights
    cells = []
    for x in inputs:
        i, f, g, o = (weight_ih @ x + weight_hh @ hidden + bias).chunk(4)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        cells.append(cell)
    return torch.stack(cells)


def _last_cell(weights: Weights, hidden: Tensor, cell: Tensor, inputs: Tensor) -> Float[Tensor, " state"]:
    return _cells(weights, hidden, cell, inputs)[-1]


AUTHORS, JACOBIAN = "the authors' method, fused nn.LSTM", "torch.autograd.functional.jacobian"
JAX = "JAX jit(vmap(jacfwd(scan)))"

REVERSE: dict[str, Peer] = {
    AUTHORS: authors,
    JACOBIAN: autograd_jacobian,
    "torch.func.jacrev under vmap": func_jacrev,
}
"""Those that give the gradients of a window's last state, by their names in tables."""

FORWARD: dict[str, Peer] = {"torch.func.jacfwd under vmap": func_jacfwd}
"""Those that give the gradients by a window's first input."""
