"""Which positions of a text stand for its words, and which for words of no meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.vocabulary import END, UNKNOWN
from stategrad.errors import InvalidInputError


@dataclass(frozen=True)
class Selection:
    """Positions of a text, numbered through all of its streams.

    Attributes:
        words: ids, the most frequent first.
        full: of each word the positions that are used, in the order of the text.
        equal: of each word as many as of any other, drawn from `full`.
        pseudo: (positions, draw) → positions drawn from the whole text, no two of which share any.
    """

    words: tuple[int, ...]
    full: tuple[Int[np.ndarray, " _"], ...]
    equal: Int[np.ndarray, "word position"]
    pseudo: dict[tuple[int, int], Int[np.ndarray, " _"]]


def select(
    text: Corpus, *, longest: int, minimum: int, most: int, equal: int, words: int | None, draws: int, seed: int
) -> Selection:
    """Draw the positions; all of them have `longest` more steps in their stream, so that counts are equal at all delays.

    Args:
        text: the text.
        longest: the longest delay.
        minimum: positions that a word must have; `<unk>` and `<eos>` are no words.
        most: positions that are used of a word.
        equal: positions per word in comparisons at equal counts.
        words: take this many, at even steps of the ranks of frequency; None for all.
        draws: pseudo-words of each size, as far as the text reaches.
        seed: of the draws.

    Raises:
        InvalidInputError: no word has enough positions.
    """
    generator = np.random.default_rng(seed)
    ids = np.concatenate([np.asarray(stream) for stream in text.streams])
    eligible, counts = positions_per_word(text, longest)
    ranked = np.argsort(-counts, kind="stable")
    ranked = ranked[counts[ranked] >= minimum]
    if not len(ranked):
        raise InvalidInputError(f"{too_few(text, minimum, longest)}; lower minimum, or give more text.")
    if words is not None and words < len(ranked):
        ranked = ranked[np.linspace(0, len(ranked) - 1, words).round().astype(int)]
    order = eligible[np.argsort(ids[eligible], kind="stable")]
    first = np.searchsorted(ids[order], ranked)
    full = tuple(
        np.sort(generator.choice(order[start : start + counts[word]], min(most, counts[word]), replace=False))
        for word, start in zip(ranked, first, strict=True)
    )
    drawn = np.stack([np.sort(generator.choice(positions, equal, replace=False)) for positions in full])
    pseudo = _pseudo(eligible, equal, max(map(len, full)), draws, generator)
    return Selection(tuple(map(int, ranked)), full, drawn, pseudo)


def positions_per_word(text: Corpus, longest: int) -> tuple[Int[np.ndarray, " _"], Int[np.ndarray, " word"]]:
    """The positions with `longest` more steps in their stream, and how many of them each word has; `<unk>` and `<eos>` none."""
    ids = np.concatenate([np.asarray(stream) for stream in text.streams])
    eligible = np.flatnonzero(np.concatenate([np.arange(len(stream)) + longest < len(stream) for stream in text.streams]))
    counts = np.bincount(ids[eligible], minlength=len(text.vocabulary))
    for name in (UNKNOWN, END):
        if name in text.vocabulary:
            counts[text.vocabulary.id(name)] = 0
    return eligible, counts


def too_few(text: Corpus, minimum: int, longest: int) -> str:
    """That no word has enough positions, in one clause."""
    return f"no word of {text.name} has {minimum} positions with {longest} words after them"


def _pseudo(
    eligible: Int[np.ndarray, " _"], smallest: int, largest: int, draws: int, generator: np.random.Generator
) -> dict[tuple[int, int], Int[np.ndarray, " _"]]:
    """Sizes double from the smallest to the largest, each with an equal part of the text; fewer where that would leave none."""
    sizes = [smallest]
    while sizes[-1] < largest and (len(sizes) + 1) * smallest <= len(eligible):
        sizes.append(min(2 * sizes[-1], largest))
    shuffled, start = generator.permutation(eligible), 0
    drawn = {}
    for size in sizes:
        for draw in range(min(draws, len(eligible) // (len(sizes) * size))):
            drawn[size, draw] = np.sort(shuffled[start : start + size])
            start += size
    return drawn
