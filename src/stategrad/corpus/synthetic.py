"""A generated language in which verbs agree in number with their subjects, across phrases that may disagree.

    sentence → clause (CC clause) .
    clause   → phrase (RB) verb (phrase) (IN phrase) (RB)
    phrase   → PRP | NNP | DT JJ* noun (IN phrase)

The number of the subject must be remembered up to its verb; the nouns of `IN phrase` between the two are attractors, whose number
is drawn independently. Words follow Zipf's law in their class, a fifth of the verb stems are noun stems too, and every token has
its Penn tag by construction.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.partition import partition
from stategrad.corpus.splits import Splits, encode_splits
from stategrad.errors import Problems

_FEWEST_WORDS = 100

_DETERMINERS = {"singular": ("the", "a", "this", "every"), "plural": ("the", "these", "some", "many")}
_SUBJECTS = {"singular": ("he", "she", "it"), "plural": ("they", "we")}
_OBJECTS = {"singular": ("him", "her", "it"), "plural": ("them", "us")}
_PREPOSITIONS = ("of", "in", "with", "near", "behind", "under", "from", "beside")
_CONJUNCTIONS = ("and", "but", "or")
_FIXED = {
    word
    for words in (*_DETERMINERS.values(), *_SUBJECTS.values(), *_OBJECTS.values(), _PREPOSITIONS, _CONJUNCTIONS, (".",))
    for word in words
}


def load_synthetic(tokens: int = 300_000, words: int = 2_000, seed: int = 0, documents: int | None = None) -> Splits:
    """Generate documents of a language with gold tags; equal arguments give equal text.

    Args:
        tokens: of all documents together, about; ends of sentences included.
        words: the largest size of the vocabulary, `<unk>` and `<eos>` included.
        seed: of the words and of the text.
        documents: of equal size, every tenth to validate and every tenth to test; default: one per 3,000 tokens, at least 10.

    Raises:
        InvalidInputError: fewer than 100 words, fewer than 10 documents, or fewer than 20 tokens a document.
    """
    documents = max(10, tokens // 3000) if documents is None else documents
    problems = Problems("the synthetic language")
    if words < _FEWEST_WORDS:
        problems.add(f"words is {words}; give at least {_FEWEST_WORDS}")
    if documents < 10:
        problems.add(f"documents is {documents}; give at least 10")
    elif tokens < 20 * documents:
        problems.add(f"tokens is {tokens} for {documents} documents; give at least {20 * documents}")
    problems.raise_if_any()
    rng = random.Random(seed)
    language = _Language.draw(words, rng)
    texts = [Document(f"synthetic-{number:03d}", tuple(_text(language, tokens // documents))) for number in range(1, documents + 1)]
    return encode_splits(
        "synthetic",
        partition(texts),
        vocabulary_size=words,
        tag_set="penn",
        is_gold=True,
        facts={"documents": documents, "seed": seed},
    )


def _text(language: _Language, tokens: int) -> Iterator[Sentence]:
    count = 0
    while count < tokens:
        sentence = language.sentence()
        count += len(sentence) + 1
        yield sentence


@dataclass(frozen=True)
class _Zipf:
    """Items drawn with probability ∝ 1 / (rank + 2.7), Zipf's law with Mandelbrot's shift."""

    items: Sequence[str]
    weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", list(itertools.accumulate(1 / (rank + 3.7) for rank in range(len(self.items)))))

    def draw(self, rng: random.Random) -> str:
        return rng.choices(self.items, cum_weights=self.weights)[0]


@dataclass(frozen=True)
class _Language:
    """The words of each class and the rules that join them."""

    nouns: _Zipf
    names: _Zipf
    verbs: _Zipf
    adjectives: _Zipf
    adverbs: _Zipf
    rng: random.Random

    @classmethod
    def draw(cls, words: int, rng: random.Random) -> _Language:
        """A language of at most `words` words: nouns have two forms, verbs three."""
        free = words - len(_FIXED) - 2
        shares = {"nouns": 0.18, "names": 0.2, "verbs": 0.08, "adjectives": 0.12, "adverbs": 0.08}
        stems = _stems(rng)
        drawn = {name: [next(stems) for _ in range(int(share * free))] for name, share in shares.items()}
        shared = len(drawn["verbs"]) // 5
        drawn["verbs"][:shared] = rng.sample(drawn["nouns"], shared)
        rng.shuffle(drawn["verbs"])
        return cls(**{name: _Zipf(items) for name, items in drawn.items()}, rng=rng)

    def sentence(self) -> list[Token]:
        """One sentence, its full stop included."""
        tokens = self._clause()
        if self._happens(0.2):
            tokens += [(self.rng.choice(_CONJUNCTIONS), "CC"), *self._clause()]
        return [*tokens, (".", ".")]

    def _clause(self) -> list[Token]:
        number = self._number()
        tokens = self._phrase(number, _SUBJECTS)
        if self._happens(0.2):
            tokens.append((self.adverbs.draw(self.rng), "RB"))
        tokens.append(self._verb(number))
        if self._happens(0.7):
            tokens += self._phrase(self._number(), _OBJECTS)
        if self._happens(0.3):
            tokens += self._prepositional(0)
        if self._happens(0.15):
            tokens.append((self.adverbs.draw(self.rng), "RB"))
        return tokens

    def _verb(self, number: str) -> Token:
        stem = self.verbs.draw(self.rng)
        if self._happens(0.3):
            return f"{stem}ed", "VBD"
        return (f"{stem}s", "VBZ") if number == "singular" else (stem, "VBP")

    def _phrase(self, number: str, pronouns: dict[str, tuple[str, ...]], depth: int = 0) -> list[Token]:
        kind = self.rng.random()
        if kind < 0.2:
            return [(self.rng.choice(pronouns[number]), "PRP")]
        if kind < 0.35 and number == "singular":
            return [(self.names.draw(self.rng), "NNP")]
        tokens: list[Token] = [(self.rng.choice(_DETERMINERS[number]), "DT")]
        while self._happens(0.3):
            tokens.append((self.adjectives.draw(self.rng), "JJ"))
        stem = self.nouns.draw(self.rng)
        tokens.append((stem, "NN") if number == "singular" else (f"{stem}s", "NNS"))
        return tokens + (self._prepositional(depth + 1) if depth < 2 and self._happens(0.3) else [])

    def _prepositional(self, depth: int) -> list[Token]:
        return [(self.rng.choice(_PREPOSITIONS), "IN"), *self._phrase(self._number(), _OBJECTS, depth)]

    def _number(self) -> str:
        return "singular" if self._happens(0.6) else "plural"

    def _happens(self, probability: float) -> bool:
        return self.rng.random() < probability


def _stems(rng: random.Random) -> Iterator[str]:
    """Unique pronounceable stems that end in a vowel and one of a few consonants, so that no form of one is another."""
    seen: set[str] = set()
    while True:
        syllables = "".join(rng.choice("bdfgklmnprtv") + rng.choice("aeiou") for _ in range(rng.choice((1, 2, 2))))
        stem = syllables + rng.choice("klmnrt")
        if stem not in seen and stem not in _FIXED:
            seen.add(stem)
            yield stem
