"""The words of a model and their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int

from stategrad.corpus.readers.files import lines, open_path
from stategrad.errors import InvalidInputError
from stategrad.files import write_text

UNKNOWN = "<unk>"
"""The word that stands for all words outside the vocabulary."""

END = "<eos>"
"""The token that ends a sentence, and is part of it."""


@dataclass(frozen=True)
class Vocabulary:
    """Unique words; the position of a word is its id.

    Attributes:
        words: the word of each id.

    Raises:
        InvalidInputError: a word that stands twice, is empty, or holds white space.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        seen: dict[str, int] = {}
        for number, word in enumerate(self.words):
            if not word or word.split() != [word]:
                raise InvalidInputError(f"word {number} of the vocabulary is {word!r}; give words without white space.")
            if word in seen:
                raise InvalidInputError(f"the vocabulary holds '{word}' twice, as words {seen[word]} and {number}.")
            seen[word] = number

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def __repr__(self) -> str:
        return f"Vocabulary of {len(self):,} words: {', '.join(self.words[:8])}{' …' if len(self) > 8 else ''}"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def id(self, word: str) -> int:
        """The id of a word, or that of `<unk>` for a word that is not in the vocabulary.

        Raises:
            InvalidInputError: an unknown word where there is no `<unk>`.

        >>> Vocabulary(("<unk>", "the")).id("the"), Vocabulary(("<unk>", "the")).id("a")
        (1, 0)
        """
        number = self._ids.get(word, self._ids.get(UNKNOWN))
        if number is None:
            raise InvalidInputError(
                f"'{word}' is not among the {len(self):,} words of the vocabulary, which has no {UNKNOWN} to stand for it."
            )
        return number

    def encode(self, words: Iterable[str]) -> Int[np.ndarray, " time"]:
        """The id of every word, as `id` gives it."""
        ids, unknown = self._ids, self._ids.get(UNKNOWN)
        if unknown is None:
            return np.array([self.id(word) for word in words], dtype=np.int64)
        return np.array([ids.get(word, unknown) for word in words], dtype=np.int64)

    def decode(self, ids: Iterable[int] | Int[np.ndarray, " time"]) -> tuple[str, ...]:
        """The word of every id.

        Raises:
            InvalidInputError: an id outside the vocabulary.
        """
        numbers = [int(number) for number in ids]
        outside = [number for number in numbers if not 0 <= number < len(self)]
        if outside:
            raise InvalidInputError(f"there is no word {outside[0]} in a vocabulary of {len(self):,} words.")
        return tuple(self.words[number] for number in numbers)

    def save(self, path: Path) -> None:
        """Write a word per line."""
        write_text(path, "".join(f"{word}\n" for word in self.words))

    @classmethod
    def from_file(cls, path: str | Path) -> Vocabulary:
        """Read a file with a word per line; the line number, from 0, is the id.

        Raises:
            MissingInputError: no such file.
            InvalidInputError: an empty or binary file, or lines that are not one word each.
        """
        return cls(tuple(lines(open_path(path))))

    @classmethod
    def most_frequent(cls, counts: Mapping[str, int], size: int) -> Vocabulary:
        """The `size` most frequent words in the order of `counts`, `<unk>` and `<eos>` among them whatever their counts.

        Args:
            counts: how often each word occurs, in the order of first appearance, which breaks ties.
            size: words in all; fewer where `counts` has fewer.

        Raises:
            InvalidInputError: a size that leaves no room for a word beside `<unk>` and `<eos>`.

        >>> Vocabulary.most_frequent({"a": 1, "b": 2, "<eos>": 1, "c": 1}, 4).words
        ('<unk>', 'a', 'b', '<eos>')
        """
        special = (UNKNOWN, END)
        if size <= len(special):
            raise InvalidInputError(f"a vocabulary of {size} words is too small; give at least {len(special) + 1}.")
        ranked = sorted((word for word in counts if word not in special), key=lambda word: -counts[word])
        kept = {*ranked[: size - len(special)], *special}
        absent = tuple(word for word in special if word not in counts)
        return cls(absent + tuple(word for word in counts if word in kept))
