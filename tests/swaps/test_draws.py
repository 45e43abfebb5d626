"""What takes a word's place."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import stategrad as sg
from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import network_of
from stategrad.gradients.streams import streams_of
from stategrad.swaps.draws import class_pools, draw_another, types_of
from stategrad.swaps.replacements import replacements_of

NUMBERS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, st.integers(0, 5))
def test_a_draw_is_of_the_same_pool_and_of_another_type_wherever_there_is_one(pairs, seed):
    types, pools = np.array(pairs).T
    source, found = draw_another(types, pools, np.random.default_rng(seed))
    for p, (kind, pool) in enumerate(pairs):
        assert found[p] == any(q == pool and k != kind for k, q in pairs)
        if found[p]:
            assert pools[source[p]] == pool
            assert types[source[p]] != kind
        else:
            assert source[p] == p


def test_draws_follow_the_frequencies_of_the_other_words():
    types = np.repeat([0, 1, 2, 3], [5000, 3000, 1500, 500])
    np.random.default_rng(1).shuffle(types)
    source, _ = draw_another(types, np.zeros(10_000, dtype=int), np.random.default_rng(0))
    drawn = np.bincount(types[source[types == 1]], minlength=4) / 3000
    np.testing.assert_allclose(drawn, np.array([5000, 0, 1500, 500]) / 7000, atol=0.03)


def test_equal_vectors_are_one_type():
    vectors = torch.tensor([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    types = types_of(vectors)
    assert (types == types[0]).tolist() == [True, True, False, True]


def language_model():
    return sg.LanguageModel(sg.models.language_model.ModelConfig(vocabulary_size=9, embedding_size=3, hidden_size=4)).eval()


class Tagged:
    """A text with word classes, some words in several of them."""

    streams = (np.array([0, 1, 2, 3, 4, 5]), np.array([6, 2, 1, 7, 0, 6]))
    rules = ("gold",)

    def groups(self):
        nouns = (np.array([1, 1, 0, 0, 1, 0], bool), np.array([0, 0, 1, 0, 1, 0], bool))
        plural = (np.array([0, 1, 0, 0, 1, 0], bool), np.array([0, 0, 0, 0, 0, 0], bool))
        verbs = (np.array([0, 0, 1, 0, 0, 0], bool), np.array([0, 0, 0, 0, 0, 0], bool))
        return {"nouns": nouns, "plural nouns": plural, "verbs": verbs}


def test_the_same_class_means_exactly_the_same_classes():
    model, corpus = language_model(), Tagged()
    streams = streams_of(corpus, network_of(model, PRECISIONS["float64"]))
    ids = np.concatenate(corpus.streams)
    classes = np.array([np.concatenate(masks) for masks in corpus.groups().values()])
    seen = set()
    for seed in range(20):
        drawn = replacements_of("same class", corpus, streams, seed)
        for p in np.flatnonzero(drawn.possible):
            other = int(drawn.row[p])
            assert classes[:, p].tolist() == classes[:, other].tolist()
            assert ids[p] != ids[other]
            seen.add((p, other))
        assert np.flatnonzero(~drawn.possible).tolist() == [2]  # the only verb
    assert {other for p, other in seen if p == 0} == {8}  # a singular noun: of the three others two are plural and one the same
    assert {other for p, other in seen if p == 3} == {5, 6, 7, 9, 11, 8, 10} - {8, 10}  # in no class: those in no class


def test_a_position_without_another_word_of_its_class_is_left_out():
    result = sg.swap_memory(language_model(), Tagged(), delays=3, swaps="same class", blocks=2, show_progress=False)
    assert result.count.sel(group="all").values.tolist() == [11, 9, 7]
    assert result.count.sel(group="verbs").values.tolist() == [0, 0, 0]
    assert result.theta.sel(group="verbs").isnull().all()
    assert result.theta.sel(group=["all", "nouns"]).notnull().all()


def test_word_classes_make_pools_by_their_combination():
    rng = np.random.default_rng(0)
    masks = rng.random((11, 200)) < 0.3
    pools = class_pools(masks)
    columns = [tuple(column) for column in masks.T]
    for p in range(0, 200, 7):
        assert (pools == pools[p]).tolist() == [column == columns[p] for column in columns]


def test_the_mean_is_over_the_types_of_the_vocabulary_or_the_positions_of_a_text_of_vectors():
    model, ids = language_model(), torch.randint(0, 9, (30,))
    vectors = model.embedding.weight.detach().double()
    network = network_of(model, PRECISIONS["float64"])
    of_ids = replacements_of("mean", ids, streams_of(ids, network), 0).vectors(np.array([0, 29]))
    np.testing.assert_allclose(of_ids, vectors.mean(0).expand(2, 3), atol=1e-12)
    text = [torch.randn(10, 3).double(), torch.randn(5, 3).double()]
    network = network_of(nn.LSTM(3, 4).eval(), PRECISIONS["float64"])
    of_vectors = replacements_of("mean", text, streams_of(text, network), 0).vectors(np.array([3]))
    np.testing.assert_allclose(of_vectors[0], torch.cat(text).mean(0), atol=1e-12)


def test_ids_and_their_vectors_are_the_same_replacements():
    model, ids, others = language_model(), torch.randint(0, 9, (2, 30)), torch.randint(0, 9, (2, 30))
    by_id, by_vector = (
        sg.swap_memory(model, ids, delays=4, swaps=swaps, show_progress=False) for swaps in (others, model.embed(others).detach())
    )
    np.testing.assert_allclose(by_id.theta, by_vector.theta, rtol=1e-6)
