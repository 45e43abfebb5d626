"""What stands in a word's place: another word of the text, the mean embedding, or what the user gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stategrad.cells.network import Network
from stategrad.errors import InvalidInputError, check_choice
from stategrad.gradients.groups import groups_of
from stategrad.gradients.streams import Streams, streams_of
from stategrad.swaps.draws import class_pools, draw_another, types_of
from stategrad.swaps.paired import PairedSwaps

KINDS = ("unigram", "same class", "mean")


@dataclass(frozen=True)
class Replacements:
    """The replacement of every position's input.

    Attributes:
        table: ids (row,) or vectors (row, E).
        row: for each position of the text its row in `table`.
        possible: whether a position has a replacement.
        network: the model's, which embeds ids.
    """

    table: Tensor
    row: Int[np.ndarray, " position"]
    possible: Bool[np.ndarray, " position"]
    network: Network

    def vectors(self, positions: Int[np.ndarray, " part"]) -> Float[Tensor, "part embedding"]:
        """The vectors that take the place of the inputs at `positions`."""
        chosen = self.table[torch.from_numpy(self.row[positions])]
        if self.network.embed is not None and not chosen.is_floating_point():
            chosen = self.network.embed(chosen).detach()
        return chosen.to(self.network.dtype)


def replacements_of(swaps: Any, inputs: Any, streams: Streams, seed: int) -> Replacements:
    """Read `swaps`; draws are made for every position of the text, so that a sample sees the same ones as the whole.

    Args:
        swaps: one of `KINDS`, ids or vectors in the shape of the inputs, or `PairedSwaps`.
        inputs: the text as the user gave it; a corpus has word classes.
        streams: the same, read.
        seed: of the draws.

    Raises:
        InvalidInputError: an unknown kind, word classes that the inputs do not have, a mean over an unknown vocabulary,
            replacements of another length or with NaN, a text in which nothing can be drawn.
    """
    if not isinstance(swaps, str):
        return _given(swaps, streams)
    check_choice("kind of swap", swaps, KINDS)
    if len({tensor.is_floating_point() for tensor in streams.tensors}) > 1:
        raise InvalidInputError("some streams hold ids and others vectors; swap in each kind apart.")
    text, everywhere = torch.cat(streams.tensors), np.ones(streams.size, dtype=bool)
    if swaps == "mean":
        return Replacements(_mean(text, streams.network), np.zeros(streams.size, dtype=np.int64), everywhere, streams.network)
    one_pool = np.zeros(streams.size, dtype=np.int64)
    pools = one_pool if swaps == "unigram" else _pools_of_corpus(inputs, streams)
    row, possible = draw_another(types_of(text), pools, np.random.default_rng([seed, 1]))
    if not possible.any():
        raise InvalidInputError(f"swaps is '{swaps}', and no position has another input to be drawn; the text never varies.")
    return Replacements(text, row, possible, streams.network)


def _given(swaps: Any, streams: Streams) -> Replacements:
    given = streams_of(swaps, streams.network, "swaps")
    if given.lengths.tolist() != streams.lengths.tolist():
        raise InvalidInputError(
            f"swaps has {len(given.lengths)} streams and {given.size} steps in all, the inputs {len(streams.lengths)} streams and "
            f"{streams.size} steps; give one replacement per input."
        )
    for stream, length in enumerate(given.lengths):
        try:
            given.vectors(stream, 0, int(length))
        except InvalidInputError as error:
            raise InvalidInputError(str(error).replace("inputs hold", "swaps hold")) from None
    possible = np.concatenate(swaps.possible) if isinstance(swaps, PairedSwaps) else np.ones(streams.size, dtype=bool)
    return Replacements(torch.cat(given.tensors), np.arange(streams.size), possible, streams.network)


def _mean(text: Tensor, network: Network) -> Float[Tensor, "1 embedding"]:
    """The mean embedding over the vocabulary's types; of vectors without a vocabulary, over the positions of the text."""
    if text.is_floating_point():
        return text.double().mean(0, keepdim=True)
    if network.embed is None or network.vocabulary_size is None:
        raise InvalidInputError(
            "swaps is 'mean', and this model does not tell how many ids it knows (no nn.Embedding named embedding); pass the mean "
            "vector at every position instead."
        )
    return network.embed(torch.arange(network.vocabulary_size)).detach().double().mean(0, keepdim=True)


def _pools_of_corpus(inputs: Any, streams: Streams) -> Int[np.ndarray, " position"]:
    if not getattr(inputs, "rules", ()):
        raise InvalidInputError(
            "swaps is 'same class', and these inputs have no word classes; pass a tagged sg.Corpus, or ids drawn by yourself."
        )
    return class_pools(groups_of(inputs.groups(), streams.lengths).masks)
