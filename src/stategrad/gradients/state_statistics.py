"""What the units of a state do over a text: mean, spread, and how much of it they keep from step to step.

    sd_j = √ E[(s_j - E s_j)²],     f̄_j = E[f_j],     T_j = -1 / ln f̄_j

with f the forget gate of an LSTM's cell or the update gate of a GRU (PyTorch's z, which keeps the state: `h' = (1-z) n + z h`). T
is the delay after which a unit that forgets at its mean rate, and that nothing else feeds, has kept 1/e.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import StateKey, network_of
from stategrad.gradients.provenance import model_hash
from stategrad.gradients.streams import streams_of, vector_size
from stategrad.gradients.stretches import stretches


@dataclass(frozen=True, eq=False)
class StateStatistics:
    """Statistics of every unit of one state over a text.

    Attributes:
        layer: of the state.
        name: of the state.
        mean: `E s_j`, dimension state.
        sd: its standard deviation over the text.
        keep: `f̄_j`, the mean gate that keeps the unit; None for a state without one (an LSTM's hidden state, a plain RNN).
        count: steps of the text.
        model: the SHA-256 of its weights; None for what is not a `torch.nn.Module`.
    """

    layer: int
    name: str
    mean: xr.DataArray
    sd: xr.DataArray
    keep: xr.DataArray | None
    count: int
    model: str | None = None

    def __repr__(self) -> str:
        lines = [
            f"StateStatistics of the {self.name} state, layer {self.layer}",
            f"  units      {len(self.sd):,}",
            f"  steps      {self.count:,}",
            f"  sd         {_range(self.sd)}",
        ]
        if self.time_constant is not None:
            lines.append(f"  T_j        {_range(self.time_constant)} steps")
        return "\n".join(lines)

    @property
    def time_constant(self) -> xr.DataArray | None:
        """`-1 / ln f̄_j` in steps; None for a state without a gate that keeps it."""
        return None if self.keep is None else self.keep.copy(data=-1 / np.log(self.keep.values))


def describe_states(
    model: Any, inputs: Any, *, state: str | StateKey | None = None, initial_state: Any = None, precision: str = "float32"
) -> StateStatistics:
    """Run a model over a text and describe what the units of one of its states do; no gradients are taken.

    Args:
        model: as `state_gradients` takes it.
        inputs: likewise.
        state: a state's name, or `(layer, name)`; default: that of `state_gradients`.
        initial_state: before the first input of each stream.
        precision: of the states; sums are float64.

    Raises:
        InvalidInputError: what `state_gradients` refuses.

    >>> import torch, stategrad as sg
    >>> statistics = sg.describe_states(torch.nn.GRU(3, 5), torch.randn(400, 3))
    >>> statistics.name, statistics.sd.sizes, bool((statistics.time_constant > 0).all())
    ('hidden', Frozen({'state': 5}), True)
    """
    network = network_of(model, PRECISIONS[precision], input_size=vector_size(inputs), initial_state=initial_state)
    streams = streams_of(inputs, network)
    layer, name = network.state_key(state)
    factor = network.cells[layer].kept_by.get(name)
    size = network.state_size((layer, name))
    states, gates = _Sums.of(size), _Sums.of(size)
    for stretch in stretches(streams, np.arange(streams.size), 0, network.initial_state(initial_state, len(streams.lengths))):
        rows = torch.from_numpy(stretch.rows)
        states.add(stretch.states[layer][name][rows])
        if factor is not None:
            gates.add(stretch.records[layer][rows, factor])
    return StateStatistics(
        layer,
        name,
        mean=_per_unit(states.mean),
        sd=_per_unit(np.sqrt(states.squares / states.count)),
        keep=None if factor is None else _per_unit(gates.mean),
        count=states.count,
        model=model_hash(model),
    )


@dataclass
class _Sums:
    """Mean and sum of squared deviations of what was added so far, piece by piece (Chan, Golub & LeVeque 1983)."""

    mean: Float[np.ndarray, " state"]
    squares: Float[np.ndarray, " state"]
    count: int = 0

    @classmethod
    def of(cls, size: int) -> _Sums:
        return cls(np.zeros(size), np.zeros(size))

    def add(self, values: Float[Tensor, "row state"]) -> None:
        piece = values.double().cpu().numpy()
        mean, count = piece.mean(0), self.count + len(piece)
        step = mean - self.mean
        self.squares = self.squares + np.square(piece - mean).sum(0) + np.square(step) * self.count * len(piece) / count
        self.mean = self.mean + step * len(piece) / count
        self.count = count


def _range(values: xr.DataArray) -> str:
    return f"{float(values.min()):.3g} … {float(values.max()):.3g}, median {float(values.median()):.3g}"


def _per_unit(values: Float[np.ndarray, " state"]) -> xr.DataArray:
    return xr.DataArray(values, dims=("state",))
