"""Laws of chance against draws, and permutations of labels against what they must keep."""

from dataclasses import replace

import numpy as np
import pytest

import stategrad as sg
from stategrad import measures
from stategrad.measures.permutation import frequency_bins


def test_the_law_of_the_cosine_is_that_of_random_directions():
    G = np.random.default_rng(0).standard_normal((9, 7))
    _, _, right = measures.decompose(G)
    d = np.random.default_rng(1).standard_normal((40_000, 7))
    for n in (1, 3, 6, 7):
        cosine = np.linalg.norm(d @ right[:, :n], axis=1) / np.linalg.norm(d, axis=1)
        np.testing.assert_allclose(measures.chance_cosine(n, 7), np.quantile(cosine, (0.025, 0.5, 0.975)), atol=0.01)
    np.testing.assert_allclose(measures.chance_cosine(5, 64, (0.5, 0.975)), [0.26, 0.44], atol=0.005)


def test_the_band_of_the_relative_memory_is_that_of_random_directions():
    generator = np.random.default_rng(0)
    for state, embedding in ((9, 5), (4, 7)):
        stack = generator.standard_normal((2, state, embedding)) * np.array([[[1.0]], [[5.0]]])
        values = measures.singular_values(stack)
        directions = generator.standard_normal((40_000, embedding))
        memory = np.linalg.norm(directions @ stack.swapaxes(1, 2), axis=-1) / np.linalg.norm(directions, axis=-1)
        memory /= values[:, :1]
        band = measures.chance_relative_memory(values, embedding)
        assert band.shape == (3, 2)
        np.testing.assert_allclose(band, np.quantile(memory, (0.025, 0.5, 0.975), axis=1), atol=0.015)
        expected = np.square(memory).mean(1)
        np.testing.assert_allclose(measures.mean_square_relative_memory(values, embedding), expected, atol=0.01)
    np.testing.assert_array_equal(measures.chance_relative_memory(values, 7), band)
    assert (measures.chance_relative_memory(values, 7, seed=1) != band).any()


def test_a_matrix_that_keeps_every_direction_has_no_band_and_zero_has_none():
    np.testing.assert_allclose(measures.chance_relative_memory(np.full(6, 2.0), 6), 1)
    assert np.isnan(measures.chance_relative_memory(np.zeros(6), 6)).all()
    assert np.isnan(measures.mean_square_relative_memory(np.zeros(6), 6))


@pytest.mark.parametrize(("state", "embedding"), [(600, 150), (150, 600), (400, 400)])
def test_limits_are_those_of_large_matrices_of_noise(state, embedding):
    noise = np.random.default_rng(0).standard_normal((state, embedding))
    values = measures.singular_values(noise)
    selectivity = measures.largest_share(values)
    assert measures.noise_selectivity(state, embedding) == pytest.approx(selectivity, rel=0.02)
    root_mean_square = np.sqrt(measures.mean_square_relative_memory(values, embedding))
    assert measures.noise_relative_memory(state, embedding) == pytest.approx(root_mean_square, rel=0.02)


@pytest.fixture
def embeddings():
    """200 words; x and y differ in the first dimension, and overlap; words 0 and 1 stand twice in x."""
    vectors = np.random.default_rng(3).standard_normal((200, 6))
    vectors[:60, 0] += 4
    classes = {"x": (*range(60), 0, 1, 60, 61), "y": tuple(range(60, 120))}
    return sg.Embeddings(vectors, tuple(f"w{i}" for i in range(200)), classes)


FREQUENCIES = np.random.default_rng(4).permutation(200).astype(float)


def test_permuted_labels_have_lost_the_property_and_kept_its_sizes(embeddings):
    prop = sg.property_vector(embeddings, "x", "y")
    directions = measures.permuted_directions(embeddings, prop, FREQUENCIES, draws=500)
    assert directions.shape == (500, 6)
    assert np.abs(directions[:, 0].mean()) < 0.3 < 3 < prop.vector[0]
    # with every word's vector its unit vector, a direction is the weights of the words
    units = replace(embeddings, vectors=np.eye(200))
    prop = sg.property_vector(units, "x", "y")
    weights = measures.permuted_directions(units, prop, FREQUENCIES, draws=50)
    np.testing.assert_allclose(np.sort(weights, axis=1), np.tile(np.sort(prop.vector), (50, 1)), atol=1e-15)
    assert (weights[:, 120:] == 0).all()
    assert len(np.unique(weights, axis=0)) == 50


def test_labels_stay_within_their_decile_of_frequency(embeddings):
    units = replace(embeddings, vectors=np.eye(200))
    prop = sg.property_vector(units, "x", "y")
    weights = measures.permuted_directions(units, prop, FREQUENCIES, draws=20)
    decile = frequency_bins(FREQUENCIES[:120])
    np.testing.assert_array_equal(np.bincount(decile), 12)
    for number in range(10):
        inside = np.flatnonzero(decile == number)
        assert FREQUENCIES[inside].max() - FREQUENCIES[inside].min() < 60
        expected = np.tile(np.sort(prop.vector[inside]), (20, 1))
        np.testing.assert_array_equal(np.sort(weights[:, inside], axis=1), expected)


def test_every_permutation_of_two_words_is_as_likely():
    embeddings = sg.Embeddings(np.eye(2), ("a", "b"))
    prop = sg.property_vector(embeddings, ["a"], ["b"])
    directions = measures.permuted_directions(embeddings, prop, np.ones(2), draws=2000)
    np.testing.assert_array_equal(np.abs(directions), 1)
    assert directions[:, 0].mean() == pytest.approx(0, abs=0.1)
    np.testing.assert_array_equal(directions, measures.permuted_directions(embeddings, prop, np.ones(2), draws=2000))


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda e, p: measures.permuted_directions(e, p, np.ones(3)), r"frequencies have shape \(3,\) for 200 words"),
        (lambda e, p: measures.permuted_directions(e, p, np.full(200, np.nan)), "frequencies hold NaN or infinity"),
        (
            lambda e, p: measures.permuted_directions(e, replace(p, a=(500,)), FREQUENCIES, draws=0),
            "2 problems with the permutation of property 'x–y': the members of property 'x–y' are not rows of these 200 "
            "embeddings; make it from them. Also: draws is 0; give at least 1",
        ),
        (
            lambda e, p: measures.permuted_directions(e, p, np.where(np.arange(200) < 62, 9.0, 1.0)),
            "the labels of property 'x' cannot be permuted: no decile of frequency holds words of both classes",
        ),
        (lambda e, p: measures.chance_cosine(8, 7), "n is 8; give a number of directions from 1 to 7"),
    ],
)
def test_refusals(embeddings, attempt, sentence, shapes_unchecked):
    prop = sg.property_vector(embeddings, "x", "y")
    if "property 'x' " in sentence:
        prop = replace(prop, name="x", a=tuple(range(60)), b=tuple(range(62, 120)))
    with pytest.raises(sg.InvalidInputError, match=sentence):
        attempt(embeddings, prop)
