"""Perplexity, in base e: of a text under a language model, and under word frequencies alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from tqdm.auto import tqdm

from stategrad.errors import InvalidInputError
from stategrad.models.language_model import LanguageModel, State
from stategrad.models.loss import summed_loss

_POSITIONS_PER_CHUNK = 16_384


def perplexity(
    model: LanguageModel, streams: Sequence[Int[np.ndarray, " _"]], *, batch_size: int = 64, show_progress: bool = False
) -> float:
    """`exp(−1/N Σ ln p(w_{t+1} | w_1 … w_t))`: base e, over the N predicted words of all streams.

    Every word of a stream but its first is predicted, ends of sentences included. The state starts at zero in each
    stream and is carried over to its end; nothing is dropped out, whatever mode the model is in.

    Args:
        model: the language model; its mode and weights are left as they are.
        streams: word ids, an array per stream (a document, or a whole file).
        batch_size: streams run side by side; it changes speed, and the result only by rounding.
        show_progress: show a bar.

    Raises:
        InvalidInputError: no stream of two words, a word id outside the vocabulary, or a likelihood that is not a
            number.
    """
    check_streams(model, streams)
    longest_first = sorted((stream for stream in streams if len(stream) > 1), key=len, reverse=True)
    predicted = sum(len(stream) - 1 for stream in longest_first)
    total = 0.0
    with evaluating(model), tqdm(total=predicted, desc="perplexity", unit="word", disable=not show_progress) as bar:
        for first in range(0, len(longest_first), batch_size):
            for loss, count in _losses(model, longest_first[first : first + batch_size]):
                total += loss
                bar.update(count)
    if not np.isfinite(total):
        raise InvalidInputError(f"the model gives this text a log-likelihood of {-total}; look for NaN or Inf in its weights.")
    return exp_of_mean(total, predicted)


def unigram_perplexity(train_ids: Int[np.ndarray, " train_time"], ids: Int[np.ndarray, " time"], vocabulary_size: int) -> float:
    """`exp(−1/N Σ ln p(w_t))` with `p(w) = (n_w + 1) / (n + V)`, base e: what word frequencies alone achieve.

    Args:
        train_ids: the text that is counted: `n_w` times word w, n words in all.
        ids: the N words to predict, ends of sentences included.
        vocabulary_size: V; each word gets one count more (add-one smoothing), so that none has probability zero.

    Raises:
        InvalidInputError: no word to predict, or an id outside the vocabulary.

    >>> unigram_perplexity(np.array([0, 0, 1, 1]), np.array([0, 1, 0]), 2)
    2.0
    """
    if not len(ids):
        raise InvalidInputError("unigram perplexity needs at least 1 word to predict; the text given is empty.")
    for text in (train_ids, ids):
        if len(text) and not (text.min() >= 0 and text.max() < vocabulary_size):
            raise InvalidInputError(
                f"word ids run from {text.min()} to {text.max()}, outside the vocabulary of 0 to {vocabulary_size - 1}"
                "; encode both texts with one vocabulary."
            )
    smoothed = np.bincount(train_ids, minlength=vocabulary_size) + 1.0
    return float(np.exp(-np.mean(np.log(smoothed / smoothed.sum())[ids])))


def check_streams(model: LanguageModel, streams: Sequence[Int[np.ndarray, " _"]]) -> None:
    """Raise `InvalidInputError` unless some stream has a word to predict and all ids are in the model's vocabulary."""
    if not any(len(stream) > 1 for stream in streams):
        raise InvalidInputError(f"a text needs a stream of at least 2 words; none of the {len(streams)} given has them.")
    last = model.config.vocabulary_size - 1
    for number, stream in enumerate(streams):
        outside = stream[(stream < 0) | (stream > last)]
        if len(outside):
            raise InvalidInputError(
                f"word id {outside[0]} in stream {number} is not in the model's vocabulary of 0 to {last}; encode "
                "the text with that vocabulary."
            )


def exp_of_mean(total: float, count: int) -> float:
    """Perplexity from a summed loss in nats: `exp(total / count)`, infinite where that overflows."""
    with np.errstate(over="ignore"):
        return float(np.exp(total / count))


@contextmanager
def evaluating(model: LanguageModel) -> Iterator[None]:
    """Without dropout and without gradients; the model's mode is restored on leaving."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


def _losses(model: LanguageModel, streams: Sequence[Int[np.ndarray, " _"]]) -> Iterator[tuple[float, int]]:
    """The summed loss and the number of words of chunk after chunk, of streams side by side, the longest first."""
    ids = np.zeros((len(streams[0]), len(streams)), dtype=np.int64)
    predicted = np.zeros(ids.shape, dtype=np.bool_)
    for column, stream in enumerate(streams):
        ids[: len(stream), column] = stream
        predicted[1 : len(stream), column] = True
    device = model.decoder.weight.device
    words: Tensor = torch.from_numpy(ids).to(device)
    mask: Tensor = torch.from_numpy(predicted).to(device)
    state: State | None = None
    steps = max(1, _POSITIONS_PER_CHUNK // len(streams))
    for start in range(0, len(words) - 1, steps):
        stop = min(start + steps, len(words) - 1)
        outputs, state = model.encode(words[start:stop], state)
        here = mask[start + 1 : stop + 1]
        yield summed_loss(outputs[here], model.decoder, words[start + 1 : stop + 1][here]).item(), int(here.sum())
