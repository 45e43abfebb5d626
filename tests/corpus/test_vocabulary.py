from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stategrad.corpus.vocabulary import END, UNKNOWN, Vocabulary
from stategrad.errors import InvalidInputError, MissingInputError

words = st.text(alphabet="abc", min_size=1, max_size=3)


@given(text=st.lists(words | st.sampled_from([UNKNOWN, END]), max_size=60), size=st.integers(3, 20))
def test_most_frequent_keeps_the_commonest_and_the_first_of_equals(text, size):
    counts = Counter(text)
    kept = Vocabulary.most_frequent(counts, size)
    plain = [word for word in dict.fromkeys(text) if word not in (UNKNOWN, END)]
    by_hand = sorted(plain, key=lambda word: (-text.count(word), text.index(word)))[: size - 2]
    assert set(kept.words) == {*by_hand, UNKNOWN, END}
    in_text = [word for word in dict.fromkeys(text) if word in kept]
    assert [word for word in kept.words if word in counts] == in_text


@given(text=st.lists(words, min_size=1))
def test_decoding_undoes_encoding(text):
    vocabulary = Vocabulary(tuple(dict.fromkeys(text)))
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int64
    assert vocabulary.decode(ids) == tuple(text)


def test_unknown_words_become_unk_and_are_refused_where_there_is_none():
    assert Vocabulary(("a", UNKNOWN)).encode(["a", "b"]).tolist() == [0, 1]
    with pytest.raises(InvalidInputError, match=r"'b' is not among the 1 words of the vocabulary, which has no <unk>"):
        Vocabulary(("a",)).encode(["a", "b"])


def test_an_id_outside_the_vocabulary_is_refused():
    for number in (2, -1):
        with pytest.raises(InvalidInputError, match=f"there is no word {number} in a vocabulary of 2 words"):
            Vocabulary(("a", "b")).decode([0, number])


def test_a_file_gives_back_what_was_saved(tmp_path):
    vocabulary = Vocabulary((UNKNOWN, "é", END))
    vocabulary.save(tmp_path / "deep" / "vocabulary.txt")
    assert Vocabulary.from_file(tmp_path / "deep" / "vocabulary.txt") == vocabulary


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("a", "b", "a"), "the vocabulary holds 'a' twice, as words 0 and 2"),
        (("a", ""), "word 1 of the vocabulary is ''; give words without white space"),
        (("a b",), "word 0 of the vocabulary is 'a b'"),
    ],
)
def test_words_are_unique_and_without_white_space(words, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        Vocabulary(words)


def test_a_missing_file_and_a_size_too_small(tmp_path):
    with pytest.raises(MissingInputError, match=r"there is no file or folder .*none.txt"):
        Vocabulary.from_file(tmp_path / "none.txt")
    with pytest.raises(InvalidInputError, match=r"a vocabulary of 2 words is too small; give at least 3"):
        Vocabulary.most_frequent({"a": 1}, 2)
