"""A model as the engine sees it: its input vectors and a stack of linearisable cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from stategrad.cells.base import Cell, Linearisation
from stategrad.cells.gru import GRU
from stategrad.cells.lstm import LSTM
from stategrad.cells.rnn import RNN
from stategrad.errors import InvalidInputError, Problems, suggestion

StateKey = tuple[int, str]
States = list[dict[str, Tensor]]


@dataclass(frozen=True)
class Network:
    """A stack of cells, in the precision of the analysis, with the table of input vectors where the model reads ids.

    Attributes:
        cells: from the layer that reads the inputs upwards.
        embed: ids to input vectors; None for a module that reads vectors.
        vocabulary_size: how many ids `embed` knows, where that is known.
    """

    cells: tuple[Cell, ...]
    embed: Callable[[Int[Tensor, ...]], Float[Tensor, "... embedding"]] | None
    vocabulary_size: int | None

    @property
    def embedding_size(self) -> int:
        """E, the length of an input vector."""
        return int(self.cells[0].weight_ih.shape[1])

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the analysis."""
        return self.cells[0].weight_ih.dtype

    def state_key(self, state: str | StateKey | None) -> StateKey:
        """Resolve a state's address to `(layer, name)`; a bare name means the last layer, None its memory.

        Raises:
            InvalidInputError: a layer or a name that this model does not have.
        """
        names = self.cells[-1].state_names
        if state is None:
            return len(self.cells) - 1, names[-1]
        layer, name = (len(self.cells) - 1, state) if isinstance(state, str) else state
        problems = Problems("state")
        if not -len(self.cells) <= layer < len(self.cells):
            problems.add(f"state names layer {layer} and the model has {len(self.cells)}, counted from 0")
        if name not in names:
            problems.add(f"unknown state '{name}': {suggestion(name, names)}")
        problems.raise_if_any()
        return layer % len(self.cells), name

    def zero_state(self, streams: int) -> States:
        """The state before the first input: zeros, shape (stream, state) for each name of each layer."""
        zero = self.cells[0].weight_ih.new_zeros
        return [{name: zero(streams, cell.size) for name in cell.state_names} for cell in self.cells]

    def given_state(self, initial_state: Tensor | Sequence[Tensor], streams: int) -> States:
        """An initial state in PyTorch's form, `h_0` or `(h_0, c_0)` of shape (layer, stream, state), per layer and name.

        Raises:
            InvalidInputError: a number of tensors or a shape that does not fit the model.
        """
        tensors = [initial_state] if isinstance(initial_state, Tensor) else list(initial_state)
        names, units = self.cells[-1].state_names, self.cells[-1].size
        expected = (len(self.cells), streams, units)
        shapes = [tuple(tensor.shape) for tensor in tensors]
        if shapes != [expected] * len(names):
            raise InvalidInputError(
                f"initial_state has shapes {shapes}; this model takes {len(names)} of shape (layer, stream, state) = {expected}, "
                f"in the order {', '.join(names)}."
            )
        return [
            {name: tensor[layer].detach().to(self.dtype) for name, tensor in zip(names, tensors, strict=True)}
            for layer in range(len(self.cells))
        ]

    def linearise(self, inputs: Float[Tensor, "stream time embedding"], initial: States) -> list[Linearisation]:
        """Run all layers over a stretch of text and record each one's linearisation."""
        layers = []
        for cell, state in zip(self.cells, initial, strict=True):
            layers.append(cell.linearise(inputs, state))
            inputs = layers[-1].states["hidden"]
        return layers

    def step(self, inputs: Float[Tensor, "position embedding"], state: States) -> States:
        """The states of all layers after one more input, for many independent positions together."""
        after = []
        for cell, before in zip(self.cells, state, strict=True):
            after.append(cell.step(inputs, before))
            inputs = after[-1]["hidden"]
        return after


def network_of(model: nn.Module, dtype: torch.dtype) -> Network:
    """The network behind an `nn.LSTM`, `nn.GRU`, `nn.RNN`, or a model with `recurrent` and `embed`, in precision `dtype`.

    Raises:
        InvalidInputError: active dropout, weights that are not finite, or a kind of model that is not handled, all named.
    """
    recurrent = getattr(model, "recurrent", model)
    if not isinstance(recurrent, nn.LSTM | nn.GRU | nn.RNN):
        raise InvalidInputError(
            f"model is a {type(model).__name__}; state gradients are computed for nn.LSTM, nn.GRU, nn.RNN and sg.LanguageModel."
        )
    _check(model, recurrent)
    cells = tuple(_cell(recurrent, layer, dtype) for layer in range(recurrent.num_layers))
    table = getattr(model, "embedding", None)
    words = table.num_embeddings if isinstance(table, nn.Embedding) else None
    return Network(cells, getattr(model, "embed", None), words)


def _cell(recurrent: nn.LSTM | nn.GRU | nn.RNN, layer: int, dtype: torch.dtype) -> Cell:
    if isinstance(recurrent, nn.LSTM):
        return LSTM(recurrent, layer, dtype)
    if isinstance(recurrent, nn.GRU):
        return GRU(recurrent, layer, dtype)
    return RNN(recurrent, layer, dtype)


def _check(model: nn.Module, recurrent: nn.RNNBase) -> None:
    """Refuse what would give wrong numbers: dropout at work, weights that are not finite, shapes the cells do not have."""
    problems = Problems("the model")
    active = [
        f"{name or 'the model'} (p = {m.p})"
        for name, m in model.named_modules()
        if isinstance(m, nn.Dropout) and m.training and m.p > 0
    ]
    if recurrent.training and recurrent.dropout > 0:
        active.append(f"between the layers (p = {recurrent.dropout})")
    probabilities = getattr(model, "active_dropout", {})
    active += [f"{name} (p = {p})" for name, p in probabilities.items()]
    if active:
        problems.add(f"dropout is active: {', '.join(active)}; call model.eval() first, state gradients are taken without dropout")
    if recurrent.bidirectional:
        problems.add("the module is bidirectional, and its backward direction has no delay; pass a module of the forward direction")
    if getattr(recurrent, "proj_size", 0):
        problems.add(f"the LSTM projects its output (proj_size = {recurrent.proj_size}), which is not handled")
    for name, parameter in model.named_parameters():
        broken = int((~torch.isfinite(parameter)).sum())
        if broken:
            problems.add(f"weight {name} has {broken} values that are NaN or infinite")
    problems.raise_if_any()
