"""A model as the engine sees it: its input vectors and a stack of linearisable cells."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from stategrad.cells.base import Cell, Linearisation, Precision
from stategrad.cells.gru import GRU
from stategrad.cells.lstm import LSTM
from stategrad.cells.rnn import RNN
from stategrad.cells.step import StepCell
from stategrad.errors import InvalidInputError, Problems, suggestion

StateKey = tuple[int, str]
States = list[dict[str, Tensor]]

_CELLS = {nn.LSTM: LSTM, nn.GRU: GRU, nn.RNN: RNN}
_SINGLE_STEP = {nn.LSTMCell: nn.LSTM, nn.GRUCell: nn.GRU, nn.RNNCell: nn.RNN}


@dataclass(frozen=True)
class Network:
    """A stack of cells, in the precision of the analysis, with the table of input vectors where the model reads ids.

    Attributes:
        cells: from the layer that reads the inputs upwards.
        embed: ids to input vectors; None for a module that reads vectors.
        vocabulary_size: how many ids `embed` knows, where that is known.
        device: where the weights lie.
        directions: 2 where the model also reads backwards, which is not analysed; `cells` is then its first layer alone.
        start: the state before the first input for a number of streams, where the model has its own.
    """

    cells: tuple[Cell, ...]
    embed: Callable[[Int[Tensor, ...]], Float[Tensor, "... embedding"]] | None
    vocabulary_size: int | None
    device: torch.device
    directions: int = 1
    layers: int = 1
    start: Callable[[int], Any] | None = None

    @property
    def embedding_size(self) -> int:
        """E, the length of an input vector."""
        return self.cells[0].input_size

    @property
    def dtype(self) -> torch.dtype:
        """The format of states and their tangents."""
        return self.cells[0].precision.state

    def state_key(self, state: str | StateKey | None) -> StateKey:
        """Resolve a state's address to `(layer, name)`; a bare name means the last layer, None its memory.

        Raises:
            InvalidInputError: a layer or a name that this model does not have, or one that reads backwards.
        """
        names = list(self.cells[-1].state_sizes)
        if not isinstance(state, str | None) and [type(part) for part in state] != [int, str]:
            raise InvalidInputError(f"state is {state!r}; give a name, or (layer, name), such as (0, '{names[-1]}').")
        layer, name = (self.layers - 1, state) if isinstance(state, str | None) else state
        name = names[-1] if name is None else name
        problems = Problems("state")
        if not -self.layers <= layer < self.layers:
            problems.add(f"state names layer {layer} and the model has {self.layers}, counted from 0")
        elif layer % self.layers >= len(self.cells):
            problems.add(
                f"layer {layer % self.layers} of a bidirectional module reads the backward direction of the layer below, which has "
                f"no delay; the forward direction of layer 0 can be analysed, state=(0, '{names[-1]}')"
            )
        if self.directions == 2 and name.endswith("_reverse"):
            problems.add(
                f"state '{name}' is that of the backward direction, which reads what comes later: it has no delay; the forward "
                f"direction's is '{name.removesuffix('_reverse')}'"
            )
        elif name not in names:
            problems.add(f"unknown state '{name}': {suggestion(name, names)}")
        problems.raise_if_any()
        return layer % self.layers, name

    def state_size(self, key: StateKey) -> int:
        """H, the units of a state."""
        return self.cells[key[0]].state_sizes[key[1]]

    def initial_state(self, given: Any, streams: int) -> States:
        """The state before the first input, shape (stream, state) for each name of each layer.

        Args:
            given: as the model takes it: for PyTorch's modules `h_0` or `(h_0, c_0)`, each (layer, stream, state); for a model of
                one's own a tensor or named tensors (stream, …). None: what the model starts from, for PyTorch's modules zeros.
            streams: how many.

        Raises:
            InvalidInputError: a number of tensors or a shape that does not fit the model.
        """
        bottom = self.cells[0]
        if isinstance(bottom, StepCell):
            state = bottom.given(self.start(streams) if given is None and self.start else given)
            if {len(value) for value in state.values()} != {streams}:
                raise InvalidInputError(f"the initial state has {len(next(iter(state.values())))} rows for {streams} streams.")
            return [state]
        if given is None:
            zero = torch.zeros((), dtype=self.dtype, device=self.device).new_zeros
            return [{name: zero(streams, size) for name, size in cell.state_sizes.items()} for cell in self.cells]
        tensors = [torch.as_tensor(given)] if isinstance(given, Tensor | np.ndarray) else [torch.as_tensor(one) for one in given]
        sizes = self.cells[-1].state_sizes
        expected = [(self.layers * self.directions, streams, size) for size in sizes.values()]
        shapes = [tuple(tensor.shape) for tensor in tensors]
        if shapes != expected:
            raise InvalidInputError(
                f"initial_state has shapes {shapes}; this model takes {len(sizes)} of shape (layer, stream, state) = "
                f"{', '.join(map(str, dict.fromkeys(expected)))}, in the order {', '.join(sizes)}."
            )
        return [
            {name: tensor[layer * self.directions].detach().to(self.dtype) for name, tensor in zip(sizes, tensors, strict=True)}
            for layer in range(len(self.cells))
        ]

    def linearise(self, inputs: Float[Tensor, "stream time embedding"], initial: States) -> list[Linearisation]:
        """Run all layers over a stretch of text and record each one's linearisation."""
        layers = []
        for cell, state in zip(self.cells, initial, strict=True):
            layers.append(cell.linearise(inputs, state))
            inputs = layers[-1].states.get("hidden", inputs)
        return layers

    def run(self, inputs: Float[Tensor, "stream time embedding"], initial: States) -> States:
        """The states of all layers after a stretch of text, without a record of it."""
        after = []
        for cell, state in zip(self.cells, initial, strict=True):
            inputs, last = cell.run(inputs, state)
            after.append(last)
        return after

    def step(self, inputs: Float[Tensor, "position embedding"], state: States) -> States:
        """The states of all layers after one more input, for many independent positions together."""
        after = []
        for cell, before in zip(self.cells, state, strict=True):
            after.append(cell.step(inputs, before))
            inputs = after[-1].get("hidden", inputs)
        return after


def network_of(model: Any, precision: Precision, *, input_size: int | None = None, initial_state: Any = None) -> Network:
    """The network behind a model, in a precision.

    Args:
        model: an `nn.LSTM`, `nn.GRU`, `nn.RNN` or one of their single-step cells; a model with `recurrent` and `embed`; a model
            with `init_state(batch)` and `step(x, state)`, perhaps `embed(ids)`; or a function `step(x, state)`.
        precision: of states and products.
        input_size: E, for a model of one's own that reads vectors.
        initial_state: for a plain function, which has none of its own.

    Raises:
        InvalidInputError: active dropout, weights that are not finite, or a kind of model that is not handled, all named.
    """
    if isinstance(model, nn.Module):
        _check(model)
    if isinstance(model, nn.LSTMCell | nn.GRUCell | nn.RNNCell):
        model = _as_layer(model)
    recurrent = getattr(model, "recurrent", model)
    if isinstance(recurrent, nn.LSTM | nn.GRU | nn.RNN):
        directions = 2 if recurrent.bidirectional else 1
        read = range(1 if recurrent.bidirectional else recurrent.num_layers)
        cells = tuple(_CELLS[_kind(recurrent)](recurrent, layer, precision) for layer in read)
        table = getattr(model, "embedding", None)
        words = table.num_embeddings if isinstance(table, nn.Embedding) else None
        device = next(recurrent.parameters()).device
        return Network(cells, getattr(model, "embed", None), words, device, directions, recurrent.num_layers)
    if hasattr(model, "step") or (callable(model) and not isinstance(model, nn.Module)):
        return _own_network(model, precision, input_size, initial_state)
    raise InvalidInputError(
        f"model is a {type(model).__name__}; state gradients are computed for nn.LSTM, nn.GRU, nn.RNN, sg.LanguageModel, and "
        "whatever has step(x, state)."
    )


def _own_network(model: Any, precision: Precision, input_size: int | None, initial_state: Any) -> Network:
    """A model of the user's own, which is left in the format that it has: what is analysed is a copy."""
    if isinstance(model, nn.Module):
        model = copy.deepcopy(model).to(precision.state)
    start, embed = getattr(model, "init_state", None), getattr(model, "embed", None)
    if start is None and initial_state is None:
        raise InvalidInputError(
            "a step function has no state to start from; pass initial_state, or a model with init_state(batch)."
        )
    example = initial_state if start is None else start(2)
    if embed is not None:
        input_size = int(embed(torch.zeros(1, dtype=torch.long)).shape[-1])
    if input_size is None:
        raise InvalidInputError("inputs are ids and the model has no embed(ids); pass vectors of shape (time, E) as floats.")
    cell = StepCell(getattr(model, "step", model), example, input_size, precision)
    table = getattr(model, "embedding", None)
    words = table.num_embeddings if isinstance(table, nn.Embedding) else None
    return Network((cell,), embed, words, torch.device("cpu"), start=start)


def _kind(recurrent: nn.RNNBase) -> type[nn.RNNBase]:
    return next(kind for kind in _CELLS if isinstance(recurrent, kind))


def _as_layer(cell: nn.RNNCellBase) -> nn.RNNBase:
    """A single-step cell as the one-layer module with its weights."""
    options = {"nonlinearity": cell.nonlinearity} if isinstance(cell, nn.RNNCell) else {}
    kind = next(layer for single, layer in _SINGLE_STEP.items() if isinstance(cell, single))
    module = kind(cell.input_size, cell.hidden_size, bias=cell.bias, **options)
    weights = dict(cell.named_parameters())
    for name, _ in list(module.named_parameters()):
        setattr(module, name, weights[name.removesuffix("_l0")])
    return module


def _check(model: nn.Module) -> None:
    """Refuse what would give wrong numbers: dropout at work, weights that are not finite."""
    problems = Problems("the model")
    active = [
        f"{name or 'the model'} (p = {m.p})"
        for name, m in model.named_modules()
        if isinstance(m, nn.modules.dropout._DropoutNd) and m.training and m.p > 0
    ]
    active += [
        f"between the layers of {name or 'the model'} (p = {m.dropout})"
        for name, m in model.named_modules()
        if isinstance(m, nn.RNNBase) and m.training and m.dropout > 0 and m.num_layers > 1
    ]
    if active:
        problems.add(f"dropout is active: {', '.join(active)}; call model.eval() first, state gradients are taken without dropout")
    for name, parameter in model.named_parameters():
        broken = int((~torch.isfinite(parameter)).sum())
        if broken:
            problems.add(
                f"weight {name} has {broken} of {parameter.numel()} values that are NaN or infinite; load or train the model again"
            )
    problems.raise_if_any()


def arrays_of(states: States) -> list[np.ndarray]:
    """The states of all layers, by which one initial state is told from another."""
    return [value.cpu().numpy() for layer in states for value in layer.values()]
