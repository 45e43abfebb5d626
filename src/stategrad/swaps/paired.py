"""Swaps of real pairs: every word that has a partner, such as its own plural, is replaced by it, and no other word is."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from stategrad.errors import InvalidInputError, Problems

Pair = Sequence[str] | Sequence[int]


@dataclass(frozen=True, eq=False)
class PairedSwaps:
    """What takes the place of each word of a text; `swap_memory(swaps=…)` takes it and leaves out words without a partner.

    Attributes:
        streams: the ids that are read instead, one array per stream; a word without a partner has its own.
        possible: whether a position has a partner, likewise.
        pairs: the pairs of words.
    """

    streams: tuple[Int[np.ndarray, " _time"], ...]
    possible: tuple[Bool[np.ndarray, " _time"], ...]
    pairs: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        used, size = (sum(int(part) for part in parts) for parts in (map(np.sum, self.possible), map(len, self.possible)))
        return f"PairedSwaps of {len(self.pairs):,} pairs: {used:,} of {size:,} words have a partner"


def paired_swaps(corpus: Any, pairs: Sequence[Pair]) -> PairedSwaps:
    """Replace every word of a corpus that stands in a pair by its partner, both ways: `Δx = e_b - e_a` at a, `e_a - e_b` at b.

    Args:
        corpus: a `Corpus`.
        pairs: (a, b), words or ids, each in one pair at most; `sg.noun_pairs(corpus)` finds singular and plural nouns.

    Raises:
        InvalidInputError: no pairs; one that is not two words, a word that the vocabulary lacks or that stands twice; pairs
            of which no word is in the text.

    >>> import stategrad as sg
    >>> text = sg.load_corpus(sg.CorpusConfig(name="synthetic", tokens=2000)).valid
    >>> first, second = (text.vocabulary.words[i] for i in text.streams[0][:2])
    >>> len(paired_swaps(text, [(first, second)]).pairs)
    1
    """
    words = corpus.vocabulary.words
    if not len(pairs):
        raise InvalidInputError("there are no pairs; give at least one, such as ('year', 'years').")
    problems, partner, listed = Problems("pairs"), np.arange(len(words)), []
    index = {word: number for number, word in enumerate(words)}
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            problems.add(f"{pair!r} is no pair; give two words, such as ('year', 'years')")
            continue
        known = [index.get(word, -1) if isinstance(word, str) else int(word) for word in pair]
        for word, number in zip(pair, known, strict=True):
            if not 0 <= number < len(words):
                near = difflib.get_close_matches(str(word), words, n=1)
                instead = f"did you mean '{near[0]}'?" if near else f"give words of its {len(words):,}"
                problems.add(f"'{word}' of {tuple(pair)} is not in the vocabulary; {instead}")
            elif partner[number] != number:
                problems.add(f"'{words[number]}' stands in two pairs; leave one out")
        if known[0] == known[1]:
            problems.add(f"{tuple(pair)} is a word and itself; give two words")
        elif min(known) >= 0 and max(known) < len(words):
            partner[known] = known[::-1]
            listed.append((words[known[0]], words[known[1]]))
    problems.raise_if_any()
    streams = tuple(partner[stream] for stream in corpus.streams)
    possible = tuple(part != stream for part, stream in zip(streams, corpus.streams, strict=True))
    if not any(mask.any() for mask in possible):
        raise InvalidInputError(f"no word of the pairs is in {corpus.name}; give pairs of words that it holds.")
    return PairedSwaps(streams, possible, tuple(listed))
