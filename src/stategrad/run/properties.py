"""Properties that the settings of a run name: two sides each, of words, of a word class, or of tags."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.tags import WORD_CLASSES, knows, normalise
from stategrad.corpus.vocabulary import Vocabulary
from stategrad.errors import InvalidInputError, Problems
from stategrad.measures.properties import Property, property_vector
from stategrad.models.embeddings import Embeddings

PAPER_PROPERTIES = {
    "singular–plural": ("singular nouns", "plural nouns"),
    "common–proper": ("common nouns", "proper nouns"),
}
"""The two of the paper's section 3.4."""

Side: TypeAlias = str | list[str]
"""A list is of words; a string is a word class, a tag, or several tags with spaces between them."""

EXPECTED = (
    "analysis.properties holds something else than two sides by name, each a list of words, a word class or tags, such as "
    "{tense: [[walked, went], [walk, go]]}; put words such as 'yes', 'no' and '1990', which YAML reads otherwise, in quotes."
)
"""What is said where the settings have another form."""

FEW = 10
"""With fewer word types on a side a direction may be that of these words rather than of what they have in common."""


def check_sides(problems: Problems, properties: Mapping[str, Sequence[Side]]) -> None:
    """Find the faults that show without a text: a name or a number of sides that cannot be, a word that stands twice."""
    for name, sides in properties.items():
        setting = f"analysis.properties.{name}"
        if not name.strip():
            problems.add("analysis.properties holds a property without a name; give it one")
        if name in PAPER_PROPERTIES:
            problems.add(f"{setting} has the name of a property of the paper's; give it another")
        if len(sides) != 2:
            problems.add(
                f"{setting} has {len(sides)} side{'s' * (len(sides) != 1)}; give two, such as [[walked, went], [walk, go]]"
            )
        for side in sides:
            words = [side] if isinstance(side, str) else list(side)
            twice = sorted({word for word in words if words.count(word) > 1})
            if not words or not all(word.strip() for word in words):
                problems.add(f"{setting} has a side without words; give words, a word class or a tag")
            elif twice:
                problems.add(f"{setting} names {', '.join(map(repr, twice))} twice on one side; name each word once")


def check_properties(problems: Problems, properties: Mapping[str, Sequence[Side]], text: Corpus) -> None:
    """Find the faults that the text shows: words, classes and tags that it does not have, two sides that are the same."""
    for name, sides in properties.items():
        try:
            first, second = (sorted(rows_of(side, text.vocabulary, text.lexicon)) for side in sides)
        except InvalidInputError as error:
            problems.add(f"analysis.properties.{name}: {str(error).removesuffix('.')}")
            continue
        if first == second:
            problems.add(f"analysis.properties.{name} has the same words on both sides; their difference names no direction")


def few_members(properties: Mapping[str, Sequence[Side]], text: Corpus) -> list[str]:
    """A sentence for every property of which a side has fewer than 10 word types."""
    sizes = {name: [len(rows_of(side, text.vocabulary, text.lexicon)) for side in sides] for name, sides in properties.items()}
    return [
        f"property '{name}' is defined by {a} and {b} word types; with fewer than {FEW} on a side its direction may be that of "
        "these words rather than of what they have in common."
        for name, (a, b) in sizes.items()
        if min(a, b) < FEW
    ]


def own_properties(
    properties: Mapping[str, Sequence[Side]], embeddings: Embeddings, lexicon: Lexicon | None
) -> dict[str, Property]:
    """`d = ē_a - ē_b` of every property of the settings, over word types as the paper's.

    Args:
        properties: the sides by name.
        embeddings: with a vector per word of the vocabulary.
        lexicon: the tags of the word types; None for a text without tags, of which only words can be named.

    Raises:
        InvalidInputError: a word, class or tag that is not there.
    """
    vocabulary = Vocabulary(embeddings.words)
    return {
        name: property_vector(embeddings, *(rows_of(side, vocabulary, lexicon) for side in sides), name=name)
        for name, sides in properties.items()
    }


def rows_of(side: Side, vocabulary: Vocabulary, lexicon: Lexicon | None) -> tuple[int, ...]:
    """The word types of a side: an entry per word of a list, per (word, tag) pair of a class or a tag.

    Args:
        side: a list of words; or a word class, a tag, several tags with spaces between them.
        vocabulary: the words that have vectors.
        lexicon: their tags, None for a text without.

    Raises:
        InvalidInputError: a word, class or tag that is not there, with the nearest one that is.
    """
    if not isinstance(side, str):
        return _rows_of_words(side, vocabulary)
    if lexicon is None:
        raise InvalidInputError(f"'{side}' is to be a word class or a tag, and the text has no tags; give a list of words.")
    if side in WORD_CLASSES:
        rows = lexicon.pairs(vocabulary, side)
    else:
        pairs = lexicon.typed_pairs(vocabulary)
        unknown = [tag for tag in side.split() if not knows(tag, lexicon.tag_set)]
        if unknown:
            wanted = side if len(unknown) == len(side.split()) else unknown[0]
            near = nearest(wanted, [*WORD_CLASSES, *sorted({tag for _, tag in pairs})])
            words = f"; words stand in a list, [{side}]" if side in vocabulary else ""
            raise InvalidInputError(
                f"unknown word class or tag '{wanted}'{near} (classes: {', '.join(WORD_CLASSES)}; tags of the set "
                f"{lexicon.tag_set}){words}."
            )
        plain = {one for tag in side.split() for one in normalise(tag, lexicon.tag_set)}
        # of a universal tag with features the bare tag holds all
        rows = tuple(row for row, tag in pairs if tag in plain or tag.split("|")[0] in plain)
    if not rows:
        raise InvalidInputError(f"no word of the vocabulary is in '{side}'; leave the property out.")
    return rows


def _rows_of_words(words: Sequence[str], vocabulary: Vocabulary) -> tuple[int, ...]:
    unknown = [word for word in words if word not in vocabulary]
    if unknown:
        listed = [f"'{word}'{nearest(word, vocabulary.words)}" for word in unknown[:5]]
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise InvalidInputError(
            f"not among the {len(vocabulary):,} words of the vocabulary: {', '.join(listed)}{more}; leave them out or give others."
        )
    return tuple(vocabulary.id(word) for word in words)


def nearest(name: str, choices: Iterable[str]) -> str:
    """A clause in brackets with the nearest choice, whatever its case; empty where none is near.

    >>> nearest("vbzz", ["VBD", "VBZ", "NN"]), nearest("xyz", ["NN"])
    (' (did you mean VBZ?)', '')
    """
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[near[0]]}?)" if near else ""


def described(side: Side, most: int = 4) -> str:
    """A side in a few words.

    >>> described(["walked", "went", "saw", "ran", "fell"]), described("VBZ")
    ('walked, went, saw, ran, …', 'VBZ')
    """
    return side if isinstance(side, str) else ", ".join(side[:most]) + (", …" if len(side) > most else "")
