import pandas as pd
import pytest

from probes.test_separability import penn_classes, planted, run
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.vocabulary import Vocabulary
from stategrad.errors import InvalidInputError
from stategrad.probes.rows import task
from stategrad.probes.tag_types import tag_types
from stategrad.report.tag_sentences import on_tags


def test_words_of_one_tag_are_told_apart_alike_under_both_rules():
    vectors, pairs = planted(2)
    frame = run(vectors, pairs, most=pairs)
    pd.testing.assert_series_equal(frame["valid_most"], frame["valid"], check_names=False)
    pd.testing.assert_series_equal(frame["majority_most"], frame["majority_valid"], check_names=False)
    assert (frame["types_most"] == frame["types"]).all()


def test_a_word_with_a_second_tag_counts_once_under_its_most_frequent():
    vectors, pairs = planted(10)
    frame = run(vectors, [*pairs, *((i, "VB") for i in range(30))], most=pairs)
    assert frame.loc["all (8)", ["types", "types_most"]].tolist() == [510, 480]
    assert frame.loc["N-V", "valid_most"] == 1
    assert frame.loc["N-V", "valid"] < 1, "no answer is right for a word that is both"
    assert run(vectors, pairs)["valid_most"].isna().all()


def test_a_row_that_is_not_possible_under_the_other_rule_keeps_its_first_half():
    vectors, pairs = planted(10)
    frame = run(vectors, pairs, most=[pair for pair in pairs if pair[1] != "RB"])
    assert frame.loc["V-Adv", "valid"] == 1
    assert pd.isna(frame.loc["V-Adv", "valid_most"])


def test_tags_are_listed_by_their_word_types():
    pairs = [*((i, "NN") for i in range(12)), *((i, "JJ") for i in range(10)), (3, "EX")]
    most = [*((i, "NN") for i in range(11)), (11, "JJ")]
    frame = tag_types(pairs, most, penn_classes)
    assert frame["tag"].tolist() == ["NN", "JJ", "EX"]
    assert frame["types"].tolist() == [12, 10, 1]
    assert frame["types_most"].tolist() == [11, 1, 0]
    assert frame["stratified"].tolist() == [True, True, False]
    assert tag_types(pairs, None, penn_classes)["types_most"].isna().all()


def test_the_titles_of_brown_are_no_tags_of_their_own():
    from stategrad.corpus.tags import classes_of

    frame = tag_types([(0, "nn"), (1, "nn-tl")], None, lambda tag: classes_of(tag, "brown"))
    assert frame[["tag", "types"]].to_numpy().tolist() == [["nn", 2]]


def test_a_note_names_a_few_rare_tags():
    pairs = [(i, tag) for i, tag in enumerate(["NN"] * 10 + ["CC", "DT", "EX", "FW", "IN", "JJ"])]
    assert task("all", pairs, penn_classes).note == "6 classes with fewer than 10 types, not stratified: CC, DT, EX, FW, IN, …"


def test_what_is_said_of_the_tags():
    def frame(number):
        return pd.DataFrame({"tag": [f"T{i}" for i in range(number)], "types": [number] * number, "stratified": [True] * number})

    assert on_tags(frame(34))[0].endswith("The paper has as many, and does not list them.")
    assert "The first row has 12 tags, a word counting once for each" in on_tags(frame(12))[0]
    assert "The paper has 34 and does not list them, so that this row and the paper's do not tell the same" in on_tags(frame(12))[0]
    assert "With fewer" not in on_tags(frame(12))[1]
    assert on_tags(frame(0)) == []
    marks = pd.DataFrame({"tag": ["NN", ","], "types": [1200, 1], "stratified": [True, False]})
    assert on_tags(marks)[0].startswith("The first row has 2 tags (1 of words, 1 of signs alone), a word counting once")
    assert on_tags(marks)[1].endswith("NN\u00a01,200. With fewer, and not split in like proportion: “,”\u00a01.")


@pytest.mark.usefixtures("shapes_unchecked")
def test_pairs_under_a_rule():
    lexicon = Lexicon({"run": {"VB": 3, "NN": 1}, "cat": {"NN": 1}}, "penn")
    vocabulary = Vocabulary(("cat", "run", "<unk>"))
    assert lexicon.typed_pairs(vocabulary) == [(0, "NN"), (1, "NN"), (1, "VB")]
    assert lexicon.typed_pairs(vocabulary, "most") == [(0, "NN"), (1, "VB")]
    with pytest.raises(InvalidInputError, match=r"unknown rule for word types 'gold': choices: any, most"):
        lexicon.typed_pairs(vocabulary, "gold")
