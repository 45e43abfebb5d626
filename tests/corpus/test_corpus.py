import dataclasses

import numpy as np
import pytest

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.documents import Document
from stategrad.corpus.splits import choose_vocabulary, count_words, encode_splits
from stategrad.corpus.synthetic import load_synthetic
from stategrad.corpus.tags import CLASSES, WORD_CLASSES, classes_of
from stategrad.corpus.vocabulary import END, UNKNOWN
from stategrad.errors import InvalidInputError

TRAIN = [Document("a", [[("cats", "NNS"), ("run", "VBP")], [("a", "DT"), ("cats", "NNS"), ("run", "NN")]])]
OTHER = [Document("b", [[("zebras", "NNS"), ("run", "VBP"), ("cats", "NNS")], [], [("a", None)]], "news")]


@pytest.fixture(scope="module")
def splits():
    return encode_splits(
        "x", {"train": TRAIN, "valid": OTHER, "test": OTHER}, vocabulary_size=4, tag_set="penn", is_gold=True, facts={}
    )


def test_sentences_tags_and_ids_run_side_by_side(splits):
    assert splits.vocabulary.words == (UNKNOWN, "cats", "run", END)
    text = splits.valid
    assert splits.vocabulary.decode(text.streams[0]) == (UNKNOWN, "run", "cats", END, UNKNOWN, END)
    assert text.sentences[0].tolist() == [0, 0, 0, 0, 1, 1]
    assert text.tags == (("NNS", "VBP", "NNS", None, None, None),)
    assert (text.size, text.documents, text.genres, text.name) == (6, ("b",), ("news",), "x/valid")
    assert splits.train.genres is None
    assert text.facts == {"tokens": 6, "words": 4, "sentences": 2, "unk_rate": 0.5}


def test_an_unknown_word_keeps_its_class_under_gold_tags_alone(splits):
    assert splits.valid.rules == ("gold", "any", "most")
    masks = {rule: splits.valid.groups(rule)["nouns"][0].tolist() for rule in splits.valid.rules}
    assert masks["gold"] == [True, False, True, False, False, False]
    assert masks["any"] == [False, True, True, False, False, False], "run is a noun once"
    assert splits.valid.groups() == splits.valid.groups("gold")


def test_gold_groups_are_the_classes_of_each_token():
    text = load_synthetic(3000, 200).valid
    for word_class, masks in text.groups("gold").items():
        for mask, tags in zip(masks, text.tags, strict=True):
            assert mask.tolist() == [tag is not None and word_class in classes_of(tag, "penn") for tag in tags]


@pytest.mark.parametrize("rule", ["any", "most"])
def test_groups_by_type_are_the_classes_of_each_word(rule):
    text = load_synthetic(3000, 200).valid
    for word_class, masks in text.groups(rule).items():
        for mask, stream in zip(masks, text.streams, strict=True):
            words = text.vocabulary.decode(stream)
            assert mask.tolist() == [word_class in text.lexicon.classes(word, rule) for word in words]


def test_groups_without_a_token_are_left_out_and_ends_are_in_none(splits):
    for rule in splits.valid.rules:
        groups = splits.valid.groups(rule)
        assert "pronouns" not in groups
        assert set(groups) < set(WORD_CLASSES)
        ends = splits.valid.streams[0] == splits.vocabulary.id(END)
        assert not any((mask[0] & ends).any() for mask in groups.values())
        assert any(name in groups for name in CLASSES)


def test_groups_that_are_changed_outside_stay_as_they_were(splits):
    splits.valid.groups("gold").clear()
    assert splits.valid.groups("gold")


def test_a_text_without_tags_has_no_classes():
    plain = dataclasses.replace(load_synthetic(2000, 200).valid, tags=None, lexicon=None)
    assert plain.rules == ()
    with pytest.raises(
        InvalidInputError, match=r"corpus synthetic/valid has no tags, so it has no word classes; name tagged files"
    ):
        plain.groups()


@pytest.mark.usefixtures("shapes_unchecked")
def test_a_rule_that_the_text_does_not_allow_is_refused(splits):
    by_type = dataclasses.replace(splits.valid, tags=None)
    with pytest.raises(InvalidInputError, match=r"unknown rule for word classes 'gold': choices: any, most"):
        by_type.groups("gold")


def test_the_hash_tells_words_ids_cuts_and_tags_apart(splits):
    text: Corpus = splits.valid
    ids = text.streams[0]
    others = [
        dataclasses.replace(text, streams=(ids[::-1].copy(),)),
        dataclasses.replace(text, streams=(ids[:2], ids[2:])),
        dataclasses.replace(text, tags=((None,) * len(ids),)),
        dataclasses.replace(text, vocabulary=choose_vocabulary({"other": 2, UNKNOWN: 1}, 3)),
    ]
    assert len({text.sha256, *(other.sha256 for other in others)}) == 5
    assert dataclasses.replace(text, name="y").sha256 == text.sha256
    narrow = dataclasses.replace(text, streams=(ids.astype(np.int32),))
    assert narrow.sha256 == text.sha256


def test_counting_words_keeps_their_order_and_ends_each_sentence():
    assert list(count_words(TRAIN).items()) == [("cats", 2), ("run", 2), (END, 2), ("a", 1)]


def test_the_unknown_word_has_tokens_to_be_learned_from():
    assert choose_vocabulary({"a": 2, "b": 1}, 100).words == (UNKNOWN, END, "a")
    assert choose_vocabulary({"a": 2, "b": 1, UNKNOWN: 1}, 100).words == (END, "a", "b", UNKNOWN)
    assert choose_vocabulary({"a": 2, "b": 1, "c": 1, END: 2}, 4).words == (UNKNOWN, "a", "b", END), "c teaches it"


def test_an_empty_part_is_refused():
    with pytest.raises(InvalidInputError, match=r"corpus x has no words in its part test; give a text with at least ten sentences"):
        encode_splits("x", {"train": TRAIN, "valid": OTHER, "test": []}, vocabulary_size=9, is_gold=False, facts={})


def test_reprs_tell_what_is_inside_and_not_every_word(splits):
    assert repr(splits.vocabulary) == "Vocabulary of 4 words: <unk>, cats, run, <eos>"
    assert repr(splits) == (
        "Splits of x: .train, .valid and .test are one Corpus each\n  train      7 tokens\n  valid      6 tokens\n"
        "  test       6 tokens\n  words      4 in the vocabulary"
    )
    assert repr(splits.valid) == (
        "Corpus x/valid\n  tokens     6 in 1 stream\n  words      4 in the vocabulary\n  tags       penn, of every token"
    )
    untagged = dataclasses.replace(splits.valid, tags=None, lexicon=None, tag_set=None)
    assert repr(untagged).endswith("tags       none")
    assert len(repr(load_synthetic(20_000, words=900, seed=0))) < 300
