"""Generated languages: what must be held, and until when, follows from the words alone."""

from functools import partial

import numpy as np
import pytest

from stategrad.corpus.languages.agreement import agreement
from stategrad.corpus.languages.back import steps_back
from stategrad.corpus.languages.brackets import brackets
from stategrad.corpus.languages.copying import copying
from stategrad.corpus.languages.flip_flop import flip_flop
from stategrad.corpus.languages.planted import NEVER
from stategrad.errors import InvalidInputError

LANGUAGES = {
    "back-1": partial(steps_back, 1), "back-4": partial(steps_back, 4), "copy": copying, "flip-flop": flip_flop,
    "agreement": agreement, "brackets": brackets,
}  # fmt: skip


@pytest.fixture(params=LANGUAGES)
def language(request):
    return LANGUAGES[request.param]


def test_equal_seeds_give_equal_texts_and_others_do_not(language):
    one, same, other = (language(streams=5, steps=40, seed=seed) for seed in (3, 3, 4))
    assert (one.ids == same.ids).all()
    assert (one.ids != other.ids).any()


def test_a_word_has_one_opposite_unless_it_is_of_a_ring(language):
    text = language(streams=5, steps=40)
    assert len(text.opposite) == len(text.words) == len(text.tags)
    assert sorted(text.opposite) == list(range(len(text.words)))
    assert (text.swapped[text.held_until >= 0] != text.ids[text.held_until >= 0]).all()


def test_what_is_held_is_due_inside_the_stream(language):
    text = language(streams=20, steps=40)
    due = np.arange(40) + text.held_until + 1
    assert (due[text.held_until >= 0] < 40).all()
    assert (text.held_until >= NEVER).all()
    assert (text.held_until >= 0).any()


def test_the_class_of_a_word_is_the_mark_of_the_word_k_back():
    text = steps_back(3, streams=4, steps=30)
    words = np.array(text.words)[text.ids]
    kind = np.vectorize(lambda word: word.split("-")[0] == "b")(words)
    mark = np.vectorize(lambda word: word.split("-")[1] == "high")(words)
    assert (kind[:, 3:] == mark[:, :-3]).all()
    assert 0.3 < (kind[:, 2:] == mark[:, :-2]).mean() < 0.7
    assert (text.held_until[:, :-3] == 2).all()
    assert (text.held_until[:, -3:] == NEVER).all()


def test_an_opposite_differs_in_the_mark_alone():
    text = steps_back(3, streams=1, steps=30)
    for word, other in zip(text.words, np.array(text.words)[text.opposite], strict=True):
        (of_class, mark, form), (other_class, other_mark, other_form) = word.split("-"), other.split("-")
        assert (of_class, form) == (other_class, other_form)
        assert mark != other_mark


def test_a_copy_says_the_symbols_again_after_the_held_delay():
    text = copying(3, streams=4, steps=41)
    for stream, position in np.argwhere(text.held_until >= 0):
        assert text.words[text.ids[stream, position]].upper() == text.words[text.ids[stream, position + 4]]
        assert text.held_until[stream, position] == 3


def test_a_flip_flop_reads_what_was_last_written():
    text = flip_flop(4, streams=10, steps=50)
    for stream, position in np.argwhere(text.of_tag("write") & (text.held_until >= 0)):
        read = position + text.held_until[stream, position]
        between = text.ids[stream, position + 1 : read]
        assert text.words[text.ids[stream, read]] == "read"
        assert text.words[text.ids[stream, read + 1]] == text.words[text.ids[stream, position]][-1]
        assert all(text.tags[word] == "ignore" for word in between)
    assert (text.held_until[text.of_tag("ignore")] == NEVER).all()


def test_verbs_agree_with_subjects_and_not_with_attractors():
    text = agreement(2, streams=20, steps=50)
    words, disagree = np.array(text.words)[text.ids], 0
    for stream, position in np.argwhere(text.held_until >= 0):
        subject, verb = words[stream, position], words[stream, position + text.held_until[stream, position] + 1]
        assert subject.endswith("s") != verb.endswith("s")
        nouns = words[stream, position + 2 : position + text.held_until[stream, position] + 1 : 2]
        disagree += sum(noun.endswith("s") != subject.endswith("s") for noun in nouns)
    assert disagree > 10
    assert {tag for tag, word in zip(text.tags, text.words, strict=True) if word in ("cat", "cats")} == {
        "noun singular", "noun plural",
    }  # fmt: skip


def test_brackets_are_closed_by_their_own_kind_and_no_deeper_than_asked():
    text = brackets(3, streams=10, steps=60)
    for stream in range(10):
        stack: list[int] = []
        for position, word in enumerate(text.words[number] for number in text.ids[stream]):
            if word in "([":
                stack.append(position)
                assert len(stack) <= 3
            else:
                opened = stack.pop()
                assert text.words[text.ids[stream, opened]] + word in ("()", "[]")
                assert text.held_until[stream, opened] == position - 1 - opened
        assert (text.held_until[stream, stack] == NEVER).all()


def test_groups_are_positions_of_a_delay_or_a_tag():
    text = agreement(2, streams=3, steps=20)
    assert (text.held(2) == (text.held_until == 2)).all()
    assert (text.ids[text.of_tag("stop")] == len(text.words) - 1).all()
    assert [stream.tolist() for stream in text.streams] == text.ids.tolist()


def test_sizes_that_are_too_small_are_named_together():
    with pytest.raises(InvalidInputError, match=r"^steps is 1; give at least 2\.$"):
        copying(2, steps=1)
    with pytest.raises(InvalidInputError, match=r"2 problems with the language: streams is 0; .* Also: k is 0; give at least 1"):
        steps_back(0, streams=0)
