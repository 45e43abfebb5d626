"""The tags that each word type can have, and the word classes that follow."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Bool

from stategrad.corpus.documents import Token
from stategrad.corpus.tags import TITLE, WORD_CLASSES, TagSet, classes_of, knows, normalise
from stategrad.corpus.vocabulary import END, UNKNOWN, Vocabulary
from stategrad.errors import InvalidInputError, check_choice

Rule = Literal["gold", "any", "most"]
TYPE_RULES: tuple[Rule, ...] = ("any", "most")


@dataclass(frozen=True, eq=False)
class Lexicon:
    """How often each word type has each tag.

    A Brown noun inside a title (`nn-tl`) is told from the plain one only where a word has no plain one: "county" with the tags
    `nn` and `nn-tl` counts as one pair, (county, nn), so that no word enters a mean twice for being part of a title; "senate",
    seen in titles alone, is (senate, nn-tl), which is a noun and neither common nor proper.

    Attributes:
        counts: for each word type, in lower case, the number of its tokens with each normal tag.
        tag_set: of the tags.
        is_counted: whether the counts say how often a tag occurs; False for a list of possible tags, each counted once.
    """

    counts: Mapping[str, Mapping[str, int]]
    tag_set: TagSet
    is_counted: bool = True

    @classmethod
    def from_tokens(
        cls,
        tokens: Mapping[Token, int],
        tag_set: TagSet,
        word: Callable[[str], str | None] = str.lower,
        *,
        is_counted: bool = True,
    ) -> Lexicon:
        """Count the tags of every word type.

        Args:
            tokens: how often each (word, tag) occurs, the tag as it stands in a file or normalised; one of two tags (`VBG|NN`)
                counts for both, and tags that `tag_set` does not know are left out.
            tag_set: of the tags.
            word: turns a word into its type; None leaves it out.
            is_counted: whether the numbers are of a text.
        """
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for (form, tag), number in tokens.items():
            if tag is not None and knows(tag, tag_set) and (word_type := word(form)) is not None:
                for plain in normalise(tag, tag_set):
                    counts[word_type][plain] += number
        return cls({form: dict(tags) for form, tags in counts.items()}, tag_set, is_counted)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules for words with several tags: `any`, and `most` where it is known which tag is the most frequent."""
        return TYPE_RULES if self.is_counted else TYPE_RULES[:1]

    @cached_property
    def _tags(self) -> dict[str, dict[str, int]]:
        """Tags and counts by word, `-tl` folded into the plain tag where the word has it."""
        folded: dict[str, dict[str, int]] = {}
        for word, tags in self.counts.items():
            folded[word] = {}
            for tag, number in tags.items():
                plain = tag.removesuffix(TITLE)
                kept = plain if plain in tags else tag
                folded[word][kept] = folded[word].get(kept, 0) + number
        return folded

    def has(self, word: str) -> bool:
        """Whether a word, in any case, has a tag."""
        return bool(self._tags_of(word))

    def _tags_of(self, word: str) -> dict[str, int]:
        if word in (UNKNOWN, END):
            return {}
        return self._tags.get(word) or self._tags.get(word.lower(), {})

    def classes(self, word: str, rule: Rule) -> frozenset[str]:
        """The word classes and noun kinds of a word; none for a word without tags, `<unk>` and `<eos>`.

        Args:
            word: in any case.
            rule: `"any"`: the classes of all its tags; `"most"`: those of its most frequent tag, of equals the first in the
                alphabet.

        Raises:
            InvalidInputError: another rule, or one of which the lexicon knows nothing.
        """
        check_choice("rule for word types", rule, self.rules)
        return frozenset().union(*(classes_of(tag, self.tag_set) for tag in self._chosen(word, rule)))

    def _chosen(self, word: str, rule: Rule) -> list[str]:
        """The tags of a word under a rule, the most frequent first."""
        tags = self._tags_of(word)
        chosen = sorted(tags, key=lambda tag: (-tags[tag], tag))
        return chosen if rule == "any" else chosen[:1]

    def mask(self, vocabulary: Vocabulary, word_class: str, rule: Rule) -> Bool[np.ndarray, " word"]:
        """For every word of a vocabulary whether it is in a class.

        Raises:
            InvalidInputError: an unknown class or rule.
        """
        check_choice("word class", word_class, WORD_CLASSES)
        return np.array([word_class in self.classes(word, rule) for word in vocabulary.words], dtype=bool)

    def typed_pairs(self, vocabulary: Vocabulary, rule: Rule = "any") -> list[tuple[int, str]]:
        """All (word id, tag) pairs, by id and then by tag; words without tags, `<unk>` and `<eos>` left out.

        Args:
            vocabulary: the words.
            rule: `"any"`: a pair for every tag of a word; `"most"`: for its most frequent tag, of equals the first in the alphabet.

        Raises:
            InvalidInputError: another rule, or one of which the lexicon knows nothing.
        """
        check_choice("rule for word types", rule, self.rules)
        words = enumerate(vocabulary.words)
        return [(number, tag) for number, word in words for tag in sorted(self._chosen(word, rule))]

    def pairs(self, vocabulary: Vocabulary, word_class: str) -> tuple[int, ...]:
        """The word ids of all (word, tag) pairs of a class: a word with two tags of the class stands twice.

        Raises:
            InvalidInputError: an unknown class.
        """
        check_choice("word class", word_class, WORD_CLASSES)
        return self.classes_of_types(vocabulary).get(word_class, ())

    def classes_of_types(self, vocabulary: Vocabulary) -> dict[str, tuple[int, ...]]:
        """The pairs of every class that has any, as `pairs` gives them."""
        members: dict[str, list[int]] = {word_class: [] for word_class in WORD_CLASSES}
        for number, tag in self.typed_pairs(vocabulary):
            for word_class in classes_of(tag, self.tag_set):
                members[word_class].append(number)
        return {word_class: tuple(numbers) for word_class, numbers in members.items() if numbers}

    def coverage(self, vocabulary: Vocabulary, counts: Mapping[str, int] | None = None) -> float:
        """The share of a vocabulary's word types that have a tag, or of a text's tokens.

        Args:
            vocabulary: the words; `<unk>` and `<eos>` are no types.
            counts: how often each word of the text occurs; default: types are counted. Tokens outside the vocabulary and `<unk>`
                count as tokens without a tag, `<eos>` is not counted.
        """
        words = [word for word in vocabulary.words if word not in (UNKNOWN, END)]
        weights = dict.fromkeys(words, 1) if counts is None else counts
        tagged = sum(weights.get(word, 0) for word in words if self._tags_of(word))
        return tagged / max(sum(weights.values()) - weights.get(END, 0), 1)

    def merge(self, *others: Lexicon) -> Lexicon:
        """The counts of several lexicons together.

        Raises:
            InvalidInputError: other tag sets.
        """
        total = {word: Counter(tags) for word, tags in self.counts.items()}
        for other in others:
            if other.tag_set != self.tag_set:
                raise InvalidInputError(
                    f"lexicons of tag sets {self.tag_set} and {other.tag_set} cannot be merged; give tags of one set."
                )
            for word, tags in other.counts.items():
                total.setdefault(word, Counter()).update(tags)
        return Lexicon(
            {word: dict(tags) for word, tags in total.items()}, self.tag_set, self.is_counted and all(o.is_counted for o in others)
        )

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the tag set and all counts, whatever their order."""
        digest = hashlib.sha256(self.tag_set.encode())
        for word in sorted(self.counts):
            digest.update(repr((word, sorted(self.counts[word].items()))).encode())
        return digest.hexdigest()
