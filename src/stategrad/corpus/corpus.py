"""A text as ids, with what is known of every token: the form in which every other part of stategrad takes a corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from stategrad.corpus.lexicon import Lexicon, Rule
from stategrad.corpus.tags import WORD_CLASSES, TagSet, classes_of
from stategrad.corpus.vocabulary import Vocabulary
from stategrad.errors import InvalidInputError, check_choice

Ids = Int[np.ndarray, " _time"]  # with an underscore, since the streams of a text differ in length
Mask = Bool[np.ndarray, " _time"]


@dataclass(frozen=True, eq=False)
class Corpus:
    """One encoded text: streams of ids, each a document or a whole file, in which state and gradients flow freely.

    A sentence ends with the token `<eos>`, which belongs to it and is in no word class.

    Attributes:
        name: such as `"brown/valid"`.
        vocabulary: the words behind the ids.
        streams: one array of ids per stream; the state starts anew at each.
        sentences: for every token the number of its sentence within the stream, aligned with `streams`.
        tags: for every token its gold tag in `tag_set`, or None where it has none (an end of sentence); None as a whole
            where the text is not tagged.
        lexicon: tags by word type, from this corpus's own training part or from a treebank beside it; None without any.
        tag_set: the tag set of `tags` and of `lexicon`.
        documents: a name per stream.
        genres: a genre per stream, where there are any.
        facts: what was counted on the way, for the report: tokens, types, the rate of unknown words, coverage.
    """

    name: str
    vocabulary: Vocabulary
    streams: tuple[Ids, ...]
    sentences: tuple[Ids, ...]
    tags: tuple[tuple[str | None, ...], ...] | None = None
    lexicon: Lexicon | None = None
    tag_set: TagSet | None = None
    documents: tuple[str, ...] = ()
    genres: tuple[str, ...] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        streams = f"{len(self.streams)} stream{'s' if len(self.streams) > 1 else ''}"
        lines = [
            f"Corpus {self.name}",
            f"  tokens     {self.size:,} in {streams}",
            f"  words      {len(self.vocabulary):,} in the vocabulary",
            f"  tags       {'none' if self.tag_set is None else self.tag_set}{', of every token' if self.tags is not None else ''}",
        ]
        return "\n".join(lines)

    @property
    def size(self) -> int:
        """Tokens in all streams together, ends of sentences included."""
        return sum(len(stream) for stream in self.streams)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules by which this text's tokens can be put into classes, the best first; empty without tags."""
        gold: tuple[Rule, ...] = ("gold",) if self.tags is not None else ()
        return gold + (self.lexicon.rules if self.lexicon is not None else ())

    def groups(self, rule: Rule | None = None) -> dict[str, tuple[Mask, ...]]:
        """The word classes as overlapping groups: for each class that has a token a boolean mask per stream.

        Args:
            rule: `"gold"` uses each token's own tag, which `<unk>` keeps; `"any"` puts a word into every class that it can
                have, as the paper's authors did; `"most"` into the classes of its most frequent tag; under these two `<unk>`
                is in no class. Default: the first of `rules`.

        Raises:
            InvalidInputError: a text without tags, or a rule that this text does not allow.
        """
        if not self.rules:
            raise InvalidInputError(
                f"corpus {self.name} has no tags, so it has no word classes; name tagged files, or pass groups."
            )
        rule = rule or self.rules[0]
        check_choice("rule for word classes", rule, self.rules)
        if rule not in self._groups_by_rule:
            self._groups_by_rule[rule] = self._gold_groups() if rule == "gold" else self._type_groups(rule)
        return dict(self._groups_by_rule[rule])

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the words, the ids of every stream, and the gold tags."""
        digest = hashlib.sha256("\n".join(self.vocabulary.words).encode())
        for stream in self.streams:
            digest.update(f"\0{len(stream)}\0".encode())
            digest.update(np.ascontiguousarray(stream, dtype="<i8").tobytes())
        for tags in self.tags or ():
            digest.update("\n".join(tag or "" for tag in tags).encode() + b"\0")
        return digest.hexdigest()

    @cached_property
    def _groups_by_rule(self) -> dict[Rule, dict[str, tuple[Mask, ...]]]:
        return {}

    def _gold_groups(self) -> dict[str, tuple[Mask, ...]]:
        """Masks from one table lookup per token: which classes each distinct tag is in."""
        assert self.tags is not None
        assert self.tag_set is not None
        distinct = sorted({tag for tags in self.tags for tag in tags if tag is not None})
        codes = {tag: code for code, tag in enumerate(distinct)} | {None: len(distinct)}
        coded = [np.fromiter((codes[tag] for tag in tags), dtype=np.intp, count=len(tags)) for tags in self.tags]
        members = [classes_of(tag, self.tag_set) for tag in distinct] + [frozenset()]
        tables = {name: np.array([name in classes for classes in members]) for name in WORD_CLASSES}
        return _occupied({name: tuple(table[codes] for codes in coded) for name, table in tables.items()})

    def _type_groups(self, rule: Rule) -> dict[str, tuple[Mask, ...]]:
        assert self.lexicon is not None
        members = [self.lexicon.classes(word, rule) for word in self.vocabulary.words]
        tables = {name: np.array([name in classes for classes in members]) for name in WORD_CLASSES}
        return _occupied({name: tuple(table[stream] for stream in self.streams) for name, table in tables.items()})


def _occupied(groups: dict[str, tuple[Mask, ...]]) -> dict[str, tuple[Mask, ...]]:
    return {name: masks for name, masks in groups.items() if any(mask.any() for mask in masks)}
