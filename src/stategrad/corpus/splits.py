"""A corpus in three parts: to train on, to validate and to test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.documents import Document, count_tokens
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.tags import TagSet
from stategrad.corpus.vocabulary import END, UNKNOWN, Vocabulary
from stategrad.errors import InvalidInputError

PARTS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class Splits:
    """The parts of a corpus, one vocabulary and one lexicon for all.

    Attributes:
        name: such as `"brown"`; the parts are named `"brown/train"` and so on.
        vocabulary: of all parts, from the training part.
        train: to train on.
        valid: to validate; what the paper analyses.
        test: to test.
        lexicon: tags by word type, None where nothing is tagged.
        tag_set: of the tags.
        facts: what was counted on the way: plain numbers and strings by name.

    Raises:
        InvalidInputError: a part without words.
    """

    name: str
    vocabulary: Vocabulary
    train: Corpus
    valid: Corpus
    test: Corpus
    lexicon: Lexicon | None = None
    tag_set: TagSet | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        empty = [part for part in PARTS if getattr(self, part).size == 0]
        if empty:
            raise InvalidInputError(
                f"corpus {self.name} has no words in its part {' and '.join(empty)}; give a text with at least ten sentences, "
                "or a file with words for every part."
            )

    def __repr__(self) -> str:
        parts = "\n".join(f"  {part:<9}  {getattr(self, part).size:,} tokens" for part in PARTS)
        words = f"  words      {len(self.vocabulary):,} in the vocabulary"
        return f"Splits of {self.name}: .train, .valid and .test are one Corpus each\n{parts}\n{words}"


def count_words(documents: Iterable[Document]) -> Counter[str]:
    """How often each word occurs, in the order of first appearance; `<eos>` once per sentence, in its place."""
    counts: Counter[str] = Counter()
    for document in documents:
        for sentence in document.sentences:
            counts.update([word for word, _ in sentence])
            counts[END] += 1
    return counts


def choose_vocabulary(counts: Mapping[str, int], size: int) -> Vocabulary:
    """The `size` most frequent words in the order of first appearance, `<unk>` and `<eos>` included.

    Where all words fit and the text has no `<unk>` of its own, words that occur once are left out, so that a model has tokens to
    learn `<unk>` from.

    Raises:
        InvalidInputError: a size below 3.
    """
    if UNKNOWN not in counts and len(counts) < size:
        counts = {word: number for word, number in counts.items() if number > 1}
    return Vocabulary.most_frequent(counts, size)


def encode_splits(
    name: str,
    parts: Mapping[str, Sequence[Document]],
    *,
    vocabulary_size: int,
    lexicon: Lexicon | None = None,
    tag_set: TagSet | None = None,
    is_gold: bool,
    facts: Mapping[str, Any],
) -> Splits:
    """Encode documents with the most frequent words of the training part.

    Args:
        name: of the corpus.
        parts: prepared documents of `train`, `valid` and `test`; each document is a stream.
        vocabulary_size: words to keep, as `choose_vocabulary` does; others become `<unk>`.
        lexicon: tags by word type; default where `is_gold`: from the training part.
        tag_set: of the tags; default: of the lexicon.
        is_gold: whether the tokens carry their own tags.
        facts: what is known already; words of each part, unknown words and coverage are added.

    Raises:
        InvalidInputError: a part without words, a vocabulary too small.
    """
    tag_set = tag_set or (None if lexicon is None else lexicon.tag_set)
    counts = count_words(parts["train"])
    vocabulary = choose_vocabulary(counts, vocabulary_size)
    if is_gold and lexicon is None and tag_set is not None:
        lexicon = Lexicon.from_tokens(count_tokens(parts["train"]), tag_set)
    encoded = {part: _encode(f"{name}/{part}", parts[part], vocabulary, lexicon, tag_set, is_gold=is_gold) for part in PARTS}
    known: dict[str, Any] = {
        **facts,
        **{f"words_{part}": encoded[part].facts["words"] for part in PARTS},
        "vocabulary": len(vocabulary),
        "unk_rate": encoded["train"].facts["unk_rate"],
        "unk_rate_valid": encoded["valid"].facts["unk_rate"],
    }
    if lexicon is not None:
        known["coverage_types"] = round(lexicon.coverage(vocabulary), 4)
        known["coverage_tokens"] = round(lexicon.coverage(vocabulary, counts), 4)
    return Splits(name, vocabulary, **encoded, lexicon=lexicon, tag_set=tag_set, facts=known)


def shortened(splits: Splits, words: int) -> Splits:
    """The same corpus with the first words of its training part alone: vocabulary, lexicon and the other parts stay.

    Args:
        splits: the whole.
        words: how many, ends of sentences included; the last stream is cut where they end.

    Raises:
        InvalidInputError: more words than there are.
    """
    train = splits.train
    if words > train.size:
        raise InvalidInputError(f"train_words is {words:,}; {train.name} has {train.size:,} words, leave it out to use them all.")
    ends = np.cumsum([len(stream) for stream in train.streams])
    count = int(np.searchsorted(ends, words)) + 1
    kept = [len(stream) for stream in train.streams[: count - 1]]
    kept.append(words - sum(kept))

    def cut(parts: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(part[:length] for part, length in zip(parts, kept, strict=False))

    streams = cut(train.streams)
    part = replace(
        train,
        streams=streams,
        sentences=cut(train.sentences),
        tags=None if train.tags is None else cut(train.tags),
        documents=train.documents[:count],
        genres=None if train.genres is None else train.genres[:count],
        facts=_counted(streams, splits.vocabulary),
    )
    return replace(splits, train=part, facts={**splits.facts, "unk_rate": part.facts["unk_rate"], "train_words": words})


def _encode(
    name: str,
    documents: Sequence[Document],
    vocabulary: Vocabulary,
    lexicon: Lexicon | None,
    tag_set: TagSet | None,
    *,
    is_gold: bool,
) -> Corpus:
    streams, numbers, tags = [], [], []
    for document in documents:
        sentences = [sentence for sentence in document.sentences if sentence]
        words = [word for sentence in sentences for word in (*(word for word, _ in sentence), END)]
        lengths = [len(sentence) + 1 for sentence in sentences]
        streams.append(vocabulary.encode(words))
        numbers.append(np.repeat(np.arange(len(sentences), dtype=np.int64), lengths))
        if is_gold:
            tags.append(tuple(tag for sentence in sentences for tag in (*(tag for _, tag in sentence), None)))
    genres = tuple(document.genre for document in documents if document.genre is not None)
    return Corpus(
        name,
        vocabulary,
        tuple(streams),
        tuple(numbers),
        tags=tuple(tags) if is_gold else None,
        lexicon=lexicon,
        tag_set=tag_set,
        documents=tuple(document.name for document in documents),
        genres=genres if documents and len(genres) == len(documents) else None,
        facts=_counted(streams, vocabulary),
    )


def _counted(streams: Sequence[np.ndarray], vocabulary: Vocabulary) -> dict[str, Any]:
    """Tokens, words and sentences, and the rate of unknown words."""
    total = sum(len(stream) for stream in streams)
    unknown = sum(int((stream == vocabulary.id(UNKNOWN)).sum()) for stream in streams)
    words = total - sum(int((stream == vocabulary.id(END)).sum()) for stream in streams)
    return {"tokens": total, "words": words, "sentences": total - words, "unk_rate": round(unknown / max(words, 1), 4)}
