"""The probe against what was planted, its split, its grid and its refusals."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

import stategrad as sg
from stategrad.corpus.tags import classes_of
from stategrad.probes.grid import Candidate, ProbeConfig, candidates, estimator, fit
from stategrad.probes.rows import ROWS, task
from stategrad.probes.separability import separability
from stategrad.probes.split import split_by_example, split_by_word

PENN = ("NN", "NNS", "NNP", "NNPS", "VB", "JJ", "RB", "PRP")
CHEAP = {"C": (1.0,), "penalties": ("l2",), "class_weights": ("none",), "schemes": ("multinomial",), "workers": 1}
SMALL = ProbeConfig(**CHEAP)


def penn_classes(tag):
    return classes_of(tag, "penn")


def planted(distance, per_tag=60, size=6):
    """A Gaussian cloud of words per tag, their centres `distance` apart."""
    generator = np.random.default_rng(0)
    tags = np.repeat(PENN, per_tag)
    centres = {tag: distance * generator.standard_normal(size) for tag in PENN}
    vectors = np.array([centres[tag] + generator.standard_normal(size) for tag in tags])
    return vectors, [(i, str(tag)) for i, tag in enumerate(tags)]


def run(vectors, pairs, config=SMALL, **options):
    return separability(vectors, pairs, penn_classes, config=config, show_progress=False, **options).to_frame().set_index("row")


def test_classes_far_apart_are_separated_in_every_row():
    frame = run(*planted(10))
    assert list(frame.index) == ["all (8)", "nouns (4)", *list(ROWS)[2:]]
    assert (frame["valid"] == 1).all()
    assert (frame["test"] >= 0.97).all()
    assert frame["classes"].tolist() == [8, 4, 5, 2, 2, 2, 2, 2]
    assert frame["types"].tolist() == [480, 240, 480, 300, 300, 120, 240, 240]


def test_what_is_not_there_is_not_found():
    frame = run(*planted(0, per_tag=250))
    for row in frame.itertuples():
        n = row.types / 10
        assert abs(row.test - row.majority_test) < 4 * np.sqrt(0.25 / n) + 0.01, row.Index


def test_the_majority_baseline_answers_with_the_most_frequent_label_of_training():
    vectors, pairs = planted(1)
    one = task("N-V-Adj-Adv-Pro", pairs, penn_classes)
    parts = split_by_word(one.ids, one.labels, 0)
    labels = np.array(one.labels)
    majority = Counter(labels[parts["train"]]).most_common(1)[0][0]
    frame = run(vectors, pairs, rows=["N-V-Adj-Adv-Pro"])
    assert frame["majority_test"].item() == pytest.approx(np.mean(labels[parts["test"]] == majority))
    assert frame["majority_valid"].item() == pytest.approx(np.mean(labels[parts["valid"]] == majority))


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc")), min_size=1, max_size=120), st.integers(0, 99))
def test_no_word_stands_on_both_sides_and_no_example_is_lost(pairs, seed):
    ids, labels = [i for i, _ in pairs], [label for _, label in pairs]
    parts = split_by_word(ids, labels, seed)
    words = {part: {ids[n] for n in chosen} for part, chosen in parts.items()}
    assert not words["train"] & words["valid"]
    assert not words["train"] & words["test"]
    assert not words["valid"] & words["test"]
    assert sorted(n for chosen in parts.values() for n in chosen.tolist()) == list(range(len(pairs)))


def test_the_split_is_80_10_10_in_every_class():
    labels = ["a"] * 1000 + ["b"] * 200
    parts = split_by_word(range(1200), labels, 0)
    for label, size in (("a", 1000), ("b", 200)):
        shares = [sum(labels[n] == label for n in parts[part]) / size for part in ("train", "valid", "test")]
        assert shares == pytest.approx([0.8, 0.1, 0.1])


def test_a_word_with_two_tags_is_an_example_of_both_classes_but_once_per_class():
    one = task(
        "N-V", [(0, "NN"), (0, "VB"), (0, "VBP"), (1, "NNS")] + [(i, t) for i in range(2, 30) for t in ("NN", "VB")], penn_classes
    )
    assert [label for i, label in zip(one.ids, one.labels, strict=True) if i == 0] == ["nouns", "verbs"]


def test_a_row_whose_classes_are_missing_or_too_small_says_so():
    vectors, pairs = planted(5)
    without_plurals = [(i, tag) for i, tag in pairs if tag not in ("NNS", "NNPS")]
    frame = run(vectors, without_plurals, rows=["nouns", "sg-pl", "common-proper"])
    assert frame.loc["sg-pl", "note"] == "not possible: needs 2 classes of at least 10 word types, has singular nouns 120"
    assert np.isnan(frame.loc["nouns (2)", "valid"])
    assert frame.loc["common-proper", "valid"] == 1
    rare = [*((i, tag) for i, tag in pairs if tag != "PRP"), (479, "PRP")]
    assert run(vectors, rare, rows=["all"])["note"].item() == "1 classes with fewer than 10 types, not stratified: PRP"


def test_the_grid_is_every_combination_and_two_classes_need_one_scheme():
    config = ProbeConfig(C=(0.1, 1.0))
    assert len(candidates(config, 5)) == len(set(candidates(config, 5))) == 2 * 2 * 2 * 2
    assert {c.scheme for c in candidates(config, 2)} == {"one-vs-rest"}
    assert len(candidates(config, 2)) == 8
    left = candidates(ProbeConfig(C=(0.1, 1.0), most_classes_l1=4), 5)
    assert len(left) == 12
    assert not any(c.scheme == "multinomial" and c.penalty == "l1" for c in left)


def test_l1_makes_zeros_and_l2_does_not():
    vectors, pairs = planted(1, size=30)
    labels = np.array([tag for _, tag in pairs])
    for scheme in ("one-vs-rest", "multinomial"):
        zeros = {}
        for penalty in ("l1", "l2"):
            model, converged = fit(Candidate(penalty, 0.1, "none", scheme), vectors, labels, 2000)
            assert converged
            parts = model.estimators_ if isinstance(model, OneVsRestClassifier) else [model]
            zeros[penalty] = np.mean([(part.coef_ == 0).mean() for part in parts])
        assert zeros["l1"] > 0.1
        assert zeros["l2"] == 0


def test_neither_the_solver_nor_its_seed_matters():
    """The problem is convex: the paper's search over them finds the same classifier again."""
    vectors, pairs = planted(1)
    labels = np.array([tag for _, tag in pairs])
    fitted = [
        LogisticRegression(l1_ratio=0.0, C=1.0, solver=solver, random_state=seed, max_iter=20_000, tol=1e-8).fit(vectors, labels)
        for solver in ("lbfgs", "newton-cg", "saga")
        for seed in (0, 1)
    ]
    for other in fitted[1:]:
        np.testing.assert_allclose(other.coef_, fitted[0].coef_, atol=1e-3)
        assert (other.predict(vectors) == fitted[0].predict(vectors)).mean() > 0.995
    binary = labels == "NN"
    seeds = [
        LogisticRegression(l1_ratio=1.0, solver="liblinear", random_state=s, tol=1e-8).fit(vectors, binary).coef_ for s in (0, 1)
    ]
    np.testing.assert_allclose(seeds[0], seeds[1], atol=1e-3)


def test_classifiers_that_did_not_converge_are_counted_and_not_chosen():
    vectors, pairs = planted(3)
    config = ProbeConfig(C=(100.0,), class_weights=("none",), max_iter=1, workers=1)
    frame = run(vectors, pairs, config, rows=["all"])
    assert frame["not_converged"].item() >= 1
    assert frame["fits"].item() == 4
    mixed = ProbeConfig(
        C=(1e-5, 100.0), penalties=("l2",), class_weights=("none",), schemes=("multinomial",), max_iter=3, workers=1
    )
    chosen = run(vectors, pairs, mixed, rows=["all"])
    assert not chosen["converged"].item() or chosen["not_converged"].item() < chosen["fits"].item()


def test_a_word_with_two_tags_cannot_be_right_for_both():
    vectors, pairs = planted(10)
    twice = [*pairs, *((i, "VB" if tag == "NN" else "NN") for i, tag in pairs if tag in ("NN", "VB"))]
    frame = run(vectors, twice, rows=["all", "N-V", "sg-pl"])
    assert frame.loc["N-V", "ceiling"] == pytest.approx(300 / 420)  # 120 of 300 words are both
    assert frame.loc["sg-pl", "ceiling"] == 1
    assert frame.loc["all (8)", "ceiling"] == pytest.approx(480 / 600)
    for row in frame.itertuples():
        assert row.valid <= row.ceiling + 0.1
    assert frame.loc["all (8)", "labels"] == "JJ NN NNP NNPS NNS PRP RB VB"
    assert frame.loc["sg-pl", "labels"] == "plural-nouns singular-nouns"


def test_splitting_examples_lets_a_classifier_see_the_words_that_it_is_tested_on():
    generator = np.random.default_rng(0)
    tags = generator.choice(["NN", "VB", "JJ", "RB"], size=(120, 2))
    pairs = [(i, str(tag)) for i, both in enumerate(tags) for tag in dict.fromkeys(both)]
    parts = split_by_example(len(pairs), 0)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(pairs)))
    assert [len(parts[name]) for name in ("valid", "test")] == [len(pairs) // 10] * 2
    shared = {pairs[n][0] for n in parts["train"]} & {pairs[n][0] for n in parts["valid"]}
    assert shared
    by_word = split_by_word([i for i, _ in pairs], [tag for _, tag in pairs], 0)
    assert not {pairs[n][0] for n in by_word["train"]} & {pairs[n][0] for n in by_word["valid"]}


def test_the_spread_over_splits_is_that_of_separate_runs():
    vectors, pairs = planted(1)
    frame = run(vectors, pairs, ProbeConfig(**CHEAP, splits=4), rows=["N-V"])
    alone = [run(vectors, pairs, ProbeConfig(**CHEAP, seed=seed, splits=1), rows=["N-V"]).loc["N-V"] for seed in range(4)]
    assert frame.loc["N-V", "valid_sd"] == pytest.approx(np.std([one["valid"] for one in alone], ddof=1))
    assert all(np.isnan(one["valid_sd"]) for one in alone)


def test_workers_do_not_change_the_result():
    vectors, pairs = planted(1)
    config = {"C": (0.1, 1.0), "class_weights": ("none",), "penalties": ("l2",)}
    one, two = (run(vectors, pairs, ProbeConfig(workers=n, **config), rows=["all", "N-V"]).drop(columns="seconds") for n in (1, 2))
    assert one.equals(two)


def test_the_classifier_of_a_candidate_is_the_one_it_names():
    assert estimator(Candidate("l1", 0.5, "balanced", "multinomial"), 3, 10).get_params()["solver"] == "saga"
    inner = estimator(Candidate("l1", 0.5, "balanced", "one-vs-rest"), 3, 10).estimator
    assert (inner.solver, inner.l1_ratio, inner.class_weight, inner.C) == ("liblinear", 1.0, "balanced", 0.5)


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda v, p: run(v, []), "no word of the vocabulary has a tag, so there is nothing to separate"),
        (lambda v, p: run(v, [*p, (480, "NN")]), "word 480 is outside the 480 embeddings"),
        (lambda v, p: run(np.where(np.arange(480)[:, None] == 7, np.nan, v), p), "the embedding of word 7 has values that are NaN"),
        (lambda v, p: ProbeConfig(C=(), schemes=()), r"2 problems with probe: probe.C is \(\); .*Also: probe.schemes is empty"),
        (lambda v, p: ProbeConfig(max_iter=0, splits=0), "probe.max_iter is 0; give at least 1. Also: probe.splits is 0"),
    ],
)
def test_refusals(attempt, sentence):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        attempt(*planted(1))
