"""Singular and plural of one noun, found in a corpus by its tags and the spelling of English.

A pair is two words of the vocabulary whose most frequent tags are those of a singular and of a plural common noun, where the
second is spelt as a plural of the first: `-s`, `-es` after s, x, z, ch, sh and o, `-ies` for a consonant and y, `-ves` for f and
fe, `-men` for `-man`, or one of a few irregular ones. Nouns that do not change (sheep) are left out, and what only looks like a
plural (new, news) is kept out by the tags. Each word stands in one pair, the more frequent singular first.
"""

from __future__ import annotations

import re
from typing import Any

from stategrad.errors import InvalidInputError

IRREGULAR = {
    "child": "children",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
    "mouse": "mice",
    "person": "people",
    "analysis": "analyses",
    "basis": "bases",
    "crisis": "crises",
    "hypothesis": "hypotheses",
    "phenomenon": "phenomena",
    "criterion": "criteria",
}


def noun_pairs(corpus: Any) -> tuple[tuple[str, str], ...]:
    """The pairs (singular, plural) of a corpus's common nouns, in the order of its vocabulary.

    Args:
        corpus: a tagged `Corpus`, or the parts of one (`sg.load_corpus`), with `vocabulary` and `lexicon`.

    Raises:
        InvalidInputError: a corpus without tags.

    >>> import stategrad as sg
    >>> corpus = sg.load_corpus(sg.CorpusConfig(name="synthetic", tokens=2000))
    >>> noun_pairs(corpus)[:2]
    (('dinuk', 'dinuks'), ('kolul', 'koluls'))
    """
    if not hasattr(corpus, "lexicon"):
        raise InvalidInputError(f"the corpus is a {type(corpus).__name__}; give a tagged sg.Corpus, or all parts of one.")
    if corpus.lexicon is None:
        raise InvalidInputError(
            f"corpus {corpus.name} has no tags, so its singular and plural nouns are not known; give pairs of words instead."
        )
    rule = "most" if corpus.lexicon.is_counted else "any"
    classes = {word: corpus.lexicon.classes(word, rule) for word in corpus.vocabulary.words if word.isalpha()}
    nouns = {word: found for word, found in classes.items() if "common nouns" in found}
    taken: set[str] = set()
    pairs = []
    for word, found in nouns.items():
        if "singular nouns" not in found or word in taken:
            continue
        for plural in plurals(word):
            if "plural nouns" in nouns.get(plural, ()) and plural not in taken:
                pairs.append((word, plural))
                taken |= {word, plural}
                break
    return tuple(pairs)


def plurals(word: str) -> tuple[str, ...]:
    """How the plural of a noun may be spelt, the likeliest first.

    >>> plurals("box"), plurals("city"), plurals("wife"), plurals("woman")
    (('boxes',), ('cities',), ('wives', 'wifes'), ('women', 'womans'))
    """
    if word in IRREGULAR:
        return (IRREGULAR[word],)
    if re.search(r"(s|x|z|ch|sh)$", word):
        return (f"{word}es",)
    if re.search(r"[^aeiou]y$", word):
        return (f"{word[:-1]}ies",)
    if word.endswith("o"):
        return (f"{word}s", f"{word}es")
    special = {"fe": f"{word[:-2]}ves", "f": f"{word[:-1]}ves", "man": f"{word[:-3]}men"}
    return (*(plural for ending, plural in special.items() if word.endswith(ending)), f"{word}s")
