"""The real texts beside the checkout: figures that are known of them. No word of theirs stands here."""

import pytest

from stategrad.corpus.normalisation import NORMALISATIONS, Normaliser, mikolov
from stategrad.corpus.ptb import load_ptb
from stategrad.corpus.readers.files import lines, open_path, text_files
from stategrad.corpus.readers.tagged import read_tagged
from stategrad.corpus.tag_files import read_lexicon
from stategrad.corpus.vocabulary import Vocabulary


@pytest.fixture
def data(shared):
    return shared / "data"


def test_ptb_and_how_much_of_it_two_treebanks_cover(shared, data):
    splits = load_ptb(data / "ptb.zip", [data / "treebank.zip", data / "conll2000.zip"])
    assert splits.vocabulary == Vocabulary.from_file(shared / "reference" / "vocabulary.txt")
    sizes = [(part.facts["words"], part.facts["sentences"]) for part in (splits.train, splits.valid, splits.test)]
    assert sizes == [(887_521, 42_068), (70_390, 3_370), (78_669, 3_761)]
    assert [splits.facts[f"words_{part}"] for part in ("train", "valid", "test")] == [words for words, _ in sizes]
    assert splits.valid.size == 73_760
    assert splits.facts["coverage_types"] == pytest.approx(0.93, abs=0.005)
    assert splits.facts["coverage_tokens"] == pytest.approx(0.94, abs=0.005)
    assert splits.facts["foreign_tags"] == 0
    assert [word for word in splits.vocabulary.words if "/" in word and word not in splits.lexicon.counts] == []
    sample, _ = read_lexicon([data / "treebank.zip"], splits.vocabulary, mikolov)
    assert sample.coverage(splits.vocabulary) == pytest.approx(0.66, abs=0.005)
    any_rule, most = ({k: int(m[0].sum()) for k, m in splits.valid.groups(rule).items()} for rule in ("any", "most"))
    assert all(any_rule[word_class] >= most[word_class] for word_class in most)


def test_tagged_files_and_trees_of_the_treebank_hold_the_same_words(data):
    tagged = read_tagged(data / "treebank.zip")
    assert (tagged.format, len(tagged.files)) == ("pos", 199)
    trees = read_tagged(data / "treebank.zip", "mrg")
    assert len(trees.files) == 199
    lengths, tree_lengths = (
        [len(sentence) for document in text.documents() for sentence in document.sentences] for text in (tagged, trees)
    )
    assert len(tree_lengths) == 3914
    assert len(lengths) == pytest.approx(3914, rel=0.01)
    assert sum(lengths) == pytest.approx(sum(tree_lengths), rel=0.002)


def test_conll_files_hold_the_words_they_are_known_to_hold(data):
    text = read_tagged(data / "conll2000.zip")
    assert text.format == "conll2000"
    assert sum(len(sentence) for document in text.documents() for sentence in document.sentences) == 259_104


def test_the_treebanks_own_sentences_become_those_of_mikolovs_text(data):
    [train] = [file for file in text_files(open_path(data / "ptb.zip")) if "train" in file.name]
    by_length: dict[int, list[list[str]]] = {}
    for line in lines(train):
        by_length.setdefault(len(line.split()), []).append(line.split())
    normaliser = Normaliser("ptb-norm", [rule for rule in NORMALISATIONS["ptb-norm"] if rule != "hyphens"])
    sentences = [
        [word for word, _ in normaliser.sentence(sentence)]
        for document in read_tagged(data / "treebank.zip", "mrg").documents()
        for sentence in document.sentences
    ]
    found = [
        any(all(word in (ours, "<unk>") for ours, word in zip(s, other, strict=True)) for other in by_length.get(len(s), []))
        for s in sentences
    ]
    assert sum(found) == 3_907
    assert len(found) == 3_914
