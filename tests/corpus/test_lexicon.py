import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.tags import WORD_CLASSES, classes_of
from stategrad.corpus.vocabulary import END, UNKNOWN, Vocabulary
from stategrad.errors import InvalidInputError

PENN = Lexicon({"run": {"NN": 3, "VB": 5, "VBP": 1}, "dogs": {"NNS": 2}, "the": {"DT": 9}, "even": {"RB": 2, "JJ": 2}}, "penn")
WORDS = Vocabulary((UNKNOWN, "the", "run", "dogs", "even", "absent", END))

tagged = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", "B", "c"]), st.sampled_from(["NN", "NNS", "VB", "DT", "VBG|NN", None])),
    st.integers(1, 9),
)


def test_a_word_stands_once_per_tag_of_the_class():
    assert PENN.pairs(WORDS, "verbs") == (2, 2)
    assert PENN.pairs(WORDS, "nouns") == (2, 3)
    assert PENN.pairs(WORDS, "pronouns") == ()
    assert PENN.typed_pairs(WORDS) == [(1, "DT"), (2, "NN"), (2, "VB"), (2, "VBP"), (3, "NNS"), (4, "JJ"), (4, "RB")]


def test_rules_any_and_most():
    assert PENN.classes("run", "any") == {"nouns", "singular nouns", "common nouns", "verbs"}
    assert PENN.classes("run", "most") == {"verbs"}
    assert PENN.classes("even", "most") == {"adjectives"}, "of equals the first in the alphabet"
    assert PENN.classes("the", "any") == PENN.classes("absent", "any") == frozenset()
    assert PENN.classes("Run", "most") == {"verbs"}


def test_special_words_have_no_class_even_if_a_file_tags_them():
    lexicon = Lexicon({UNKNOWN: {"NN": 1}, END: {"NN": 1}}, "penn")
    assert lexicon.classes(UNKNOWN, "any") == frozenset()
    assert lexicon.typed_pairs(WORDS) == []


@pytest.mark.parametrize("rule", ["any", "most"])
def test_masks_are_the_classes_of_the_words(rule):
    for word_class in WORD_CLASSES:
        expected = [word_class in PENN.classes(word, rule) for word in WORDS.words]
        np.testing.assert_array_equal(PENN.mask(WORDS, word_class, rule), expected)


def test_a_noun_in_titles_counts_once_as_a_noun():
    lexicon = Lexicon({"county": {"nn": 3, "nn-tl": 5}, "senate": {"nn-tl": 4}, "grand": {"jj": 7, "nn": 4, "nn-tl": 4}}, "brown")
    words = Vocabulary(("county", "senate", "grand"))
    assert lexicon.pairs(words, "nouns") == (0, 1, 2)
    assert lexicon.pairs(words, "singular nouns") == (0, 1, 2)
    assert lexicon.pairs(words, "common nouns") == (0, 2)
    assert lexicon.typed_pairs(words) == [(0, "nn"), (1, "nn-tl"), (2, "jj"), (2, "nn")]
    assert "nouns" in lexicon.classes("grand", "most"), "8 tokens of a noun, in titles or not, against 7"


@given(tokens=tagged)
def test_every_pair_is_counted_from_the_tokens(tokens):
    lexicon = Lexicon.from_tokens(tokens, "penn")
    by_hand: dict[tuple[str, str], int] = {}
    for (word, tag), number in tokens.items():
        for part in [] if tag is None else tag.split("|"):
            by_hand[word.lower(), part] = by_hand.get((word.lower(), part), 0) + number
    assert {(w, t): n for w, tags in lexicon.counts.items() for t, n in tags.items()} == by_hand
    words = Vocabulary(("a", "b", "c"))
    for word_class, ids in lexicon.classes_of_types(words).items():
        expected = sorted(words.id(w) for w, t in by_hand if word_class in classes_of(t, "penn"))
        assert sorted(ids) == expected


@given(first=tagged, second=tagged, third=tagged)
def test_merging_is_counting_together(first, second, third):
    a, b, c = (Lexicon.from_tokens(tokens, "penn") for tokens in (first, second, third))
    together = a.merge(b, c)
    assert together.sha256 == c.merge(a).merge(b).sha256
    words = Vocabulary(("a", "b", "c"))
    assert set(together.typed_pairs(words)) == {pair for one in (a, b, c) for pair in one.typed_pairs(words)}


def test_merging_leaves_its_parts_alone_and_refuses_other_tag_sets():
    before = PENN.sha256
    PENN.merge(Lexicon({"run": {"NN": 9}}, "penn"))
    assert Lexicon(PENN.counts, "penn").sha256 == before
    with pytest.raises(InvalidInputError, match=r"lexicons of tag sets penn and brown cannot be merged"):
        PENN.merge(Lexicon({}, "brown"))


def test_foreign_tags_are_left_out():
    assert Lexicon.from_tokens({("a", "ODD"): 1, ("a", "NN"): 2}, "penn").counts == {"a": {"NN": 2}}


def test_coverage_of_types_and_of_tokens():
    assert PENN.coverage(WORDS) == 4 / 5, "of the, run, dogs, even, absent"
    counts = {"the": 6, "absent": 1, UNKNOWN: 2, "rare": 1, END: 5}
    assert PENN.coverage(WORDS, counts) == 6 / 10, "unknown words are tokens without a tag"
    assert PENN.coverage(Vocabulary((UNKNOWN,))) == 0


def test_unknown_classes_and_rules_are_refused():
    for ask in (lambda: PENN.pairs(WORDS, "nuons"), lambda: PENN.mask(WORDS, "nuons", "any")):
        with pytest.raises(InvalidInputError, match=r"unknown word class 'nuons': did you mean 'nouns'"):
            ask()
    with pytest.raises(InvalidInputError, match=r"unknown rule for word types 'gold'"):
        PENN.classes("run", "gold")
