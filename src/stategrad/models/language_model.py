"""The paper's language model: an embedding, a recurrent layer, a softmax over the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from stategrad.errors import Problems, suggestion

Cell = Literal["lstm", "gru", "rnn"]

State: TypeAlias = Tensor | tuple[Tensor, Tensor]
"""What a recurrent layer carries over, of shape (layer, stream, state): (hidden, cell) of an LSTM, else hidden."""

_STATES: dict[str, tuple[str, ...]] = {"lstm": ("cell", "hidden"), "gru": ("hidden",), "rnn": ("hidden",)}
_RECURRENT: dict[str, type[nn.LSTM] | type[nn.GRU] | type[nn.RNN]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The sizes of a language model but for its vocabulary; the defaults are the paper's (its section 3.1).

    Attributes:
        cell: the recurrent layer: `lstm`, `gru`, or `rnn` (tanh).
        embedding_size: E, the length of a word's vector.
        hidden_size: H, the number of units of each recurrent layer.
        layers: number of recurrent layers, one on top of the other.
        output_dropout: probability of dropping a unit of each recurrent layer's output.
        input_dropout: probability of dropping a component of an embedding. The paper keeps it at 0, since masked
            inputs might blur what is measured; the code that its authors published does not.
        init_range: weights start uniform in ± this range.
    """

    cell: Cell = "lstm"
    embedding_size: int = 64
    hidden_size: int = 256
    layers: int = 1
    output_dropout: float = 0.5
    input_dropout: float = 0.0
    init_range: float = 0.05

    def __post_init__(self) -> None:
        problems = Problems("the language model's settings")
        if self.cell not in get_args(Cell):
            problems.add(f"unknown cell '{self.cell}': {suggestion(self.cell, get_args(Cell))}")
        for name in ("vocabulary_size", "embedding_size", "hidden_size", "layers"):
            if getattr(self, name, 1) < 1:
                problems.add(f"{name} is {getattr(self, name)}; give at least 1")
        for name in ("output_dropout", "input_dropout"):
            if not 0 <= getattr(self, name) < 1:
                problems.add(f"{name} is {getattr(self, name)}; give a probability of dropping, from 0 to below 1")
        if not self.init_range > 0:
            problems.add(f"init_range is {self.init_range}; give a number above 0")
        problems.raise_if_any()

    @property
    def states(self) -> tuple[str, ...]:
        """The names of a recurrent layer's states, its memory first."""
        return _STATES[self.cell]


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Architecture):
    """All sizes of a language model.

    Attributes:
        vocabulary_size: number of words, the size of the softmax.
    """

    vocabulary_size: int


class LanguageModel(nn.Module):
    """`p(w_{t+1} | w_1 … w_t) = softmax(W h_t + b)`, with `h_t` the output of a recurrent layer over embeddings.

    Submodules with weights are `embedding`, `lstm` (or `gru`, `rnn`) and `decoder`. Weights start uniform in ±
    `config.init_range`, all biases at zero, that of the forget gate too.

    PyTorch gives LSTM and tanh RNN two biases that only ever act as their sum. The second stays zero and is not
    trained: trained both, the one bias of the textbook would move at twice the learning rate. The second bias of a
    GRU stands inside the reset gate, is a parameter of its own, and is trained.

    Args:
        config: sizes, cell and dropout.
        seed: of the initial weights.

    >>> model = LanguageModel(ModelConfig(vocabulary_size=10, embedding_size=3, hidden_size=4))
    >>> logits, (hidden, cell) = model(torch.zeros(5, 2, dtype=torch.long))
    >>> logits.shape, cell.shape
    (torch.Size([5, 2, 10]), torch.Size([1, 2, 4]))
    """

    def __init__(self, config: ModelConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        recurrent = _RECURRENT[config.cell]
        between_layers = config.output_dropout if config.layers > 1 else 0.0
        # PyTorch's modules draw weights of their own, replaced below, which must not use up the caller's random numbers
        with torch.random.fork_rng(devices=[]):
            self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size)
            self.add_module(
                config.cell,
                recurrent(config.embedding_size, config.hidden_size, config.layers, dropout=between_layers),
            )
            self.decoder = nn.Linear(config.hidden_size, config.vocabulary_size)
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.output_dropout = nn.Dropout(config.output_dropout)
        self._initialise(seed)

    @property
    def recurrent(self) -> nn.LSTM | nn.GRU | nn.RNN:
        """The recurrent module itself, whatever its cell."""
        module = getattr(self, self.config.cell)
        assert isinstance(module, nn.LSTM | nn.GRU | nn.RNN)
        return module

    def embed(self, ids: Int[Tensor, "*position"]) -> Float[Tensor, "*position embedding"]:
        """The embeddings `x_t` of word ids, without dropout."""
        vectors: Tensor = self.embedding(ids)
        return vectors

    def encode(
        self, ids: Int[Tensor, "time stream"], state: State | None = None
    ) -> tuple[Float[Tensor, "time stream hidden"], State]:
        """The outputs `h_t` that `decoder` reads, and the state after the last step.

        Dropout acts on the embeddings and on the outputs as `config` says, in training mode only.

        Args:
            ids: word ids, one column per stream.
            state: where to start, as returned by an earlier call; default: zeros.
        """
        outputs, state = self.recurrent(self.input_dropout(self.embed(ids)), state)
        return self.output_dropout(outputs), state

    def forward(
        self, ids: Int[Tensor, "time stream"], state: State | None = None
    ) -> tuple[Float[Tensor, "time stream vocabulary"], State]:
        """The scores of every next word before the softmax, and the state after the last step.

        Args:
            ids: word ids, one column per stream.
            state: where to start, as returned by an earlier call; default: zeros.
        """
        outputs, state = self.encode(ids, state)
        return self.decoder(outputs), state

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if "bias" in name:
                parameter.zero_()
            else:
                parameter.uniform_(-self.config.init_range, self.config.init_range, generator=generator)
            if "bias_hh" in name and self.config.cell != "gru":
                parameter.requires_grad_(False)
