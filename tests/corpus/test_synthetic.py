from collections import Counter

import pytest

from stategrad.corpus.synthetic import load_synthetic
from stategrad.errors import InvalidInputError

SINGULAR, PLURAL = {"he", "she", "it"}, {"they", "we"}


@pytest.fixture(scope="module")
def splits():
    return load_synthetic(20_000, 400, seed=3)


def sentences(corpus):
    for stream, numbers, tags in zip(corpus.streams, corpus.sentences, corpus.tags, strict=True):
        words = corpus.vocabulary.decode(stream)
        current, rows = 0, []
        for word, number, tag in zip(words, numbers, tags, strict=True):
            if number != current:
                yield rows
                current, rows = number, []
            if tag is not None:
                rows.append((word, tag))
        yield rows


def clauses(sentence):
    clause = []
    for word, tag in sentence:
        if tag == "CC":
            yield clause
            clause = []
        else:
            clause.append((word, tag))
    yield clause


def test_verbs_agree_with_their_subjects_across_attractors(splits):
    seen = Counter()
    for sentence in sentences(splits.train):
        assert sentence[-1] == (".", ".")
        for clause in clauses(sentence):
            head, tag = next((word, tag) for word, tag in clause if tag in ("PRP", "NNP", "NN", "NNS"))
            is_plural = tag == "NNS" or head in PLURAL
            verb = next(i for i, (_, tag) in enumerate(clause) if tag.startswith("VB"))
            between = {tag for _, tag in clause[clause.index((head, tag)) + 1 : verb]}
            assert clause[verb][1] in ("VBD", "VBP" if is_plural else "VBZ")
            seen[is_plural, ("NN" if is_plural else "NNS") in between] += 1
    assert all(seen[plural, attracted] > 50 for plural in (True, False) for attracted in (True, False))


def test_determiners_agree_with_their_nouns(splits):
    numbers = {"a": "NN", "this": "NN", "every": "NN", "these": "NNS", "some": "NNS", "many": "NNS"}
    checked = 0
    for sentence in sentences(splits.valid):
        for i, (word, tag) in enumerate(sentence):
            if tag == "DT" and word in numbers:
                noun = next(tag for _, tag in sentence[i + 1 :] if tag != "JJ")
                assert noun == numbers[word]
                checked += 1
    assert checked > 100


def test_words_follow_zipfs_law_in_their_class(splits):
    counts = Counter(word for s in sentences(splits.train) for word, tag in s if tag == "JJ")
    ranked = [number for _, number in counts.most_common()]
    expected = [1 / (rank + 3.7) for rank in range(len(ranked))]
    scale = sum(ranked) / sum(expected)
    assert ranked[0] == pytest.approx(scale * expected[0], rel=0.2)
    assert ranked[9] == pytest.approx(scale * expected[9], rel=0.2)


def test_some_words_have_several_tags_so_that_the_rules_differ(splits):
    ambiguous = [word for word in splits.vocabulary.words if len(splits.lexicon.counts.get(word, {})) > 1]
    assert 4 < len(ambiguous) < len(splits.vocabulary) / 4
    totals = {rule: sum(m.sum() for m in splits.valid.groups(rule)["nouns"]) for rule in splits.valid.rules}
    assert totals["any"] > totals["gold"]


def test_equal_seeds_give_equal_texts_and_others_do_not():
    first, again, other = (load_synthetic(2000, 200, seed=seed).train.sha256 for seed in (3, 3, 4))
    assert first == again != other


def test_sizes(splits):
    assert len(splits.vocabulary) <= 400
    assert splits.train.size + splits.valid.size + splits.test.size == pytest.approx(20_000, rel=0.02)
    assert [len(part.streams) for part in (splits.train, splits.valid, splits.test)] == [8, 1, 1]
    assert len(load_synthetic(3000, 200, documents=20).valid.streams) == 2
    assert splits.valid.facts["unk_rate"] < 0.01


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"words": 50}, "words is 50; give at least 100"),
        ({"documents": 3}, "documents is 3; give at least 10"),
        ({"tokens": 100}, "tokens is 100 for 10 documents; give at least 200"),
        ({"words": 5, "documents": 1}, "2 problems with the synthetic language: words is 5.* Also: documents is 1"),
    ],
)
def test_impossible_sizes_are_refused(arguments, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        load_synthetic(**arguments)
