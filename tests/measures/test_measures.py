"""Measures on plain arrays, against the formulas written out."""

import numpy as np
import pytest

import stategrad as sg
from stategrad import measures


@pytest.fixture
def G():  # noqa: N802 - the paper
    return np.random.default_rng(0).standard_normal((7, 4)) @ np.diag([4, 2, 1, 0.1])


def test_the_decomposition_gives_back_the_matrix(G):
    left, values, right = measures.decompose(G)
    np.testing.assert_allclose(left @ np.diag(values) @ right.T, G, atol=1e-12)
    np.testing.assert_allclose(values, measures.singular_values(G))
    assert (np.take_along_axis(right, np.abs(right).argmax(0)[None], 0) > 0).all()


def test_relative_memory_is_one_for_the_best_remembered_direction_and_never_more(G):
    _, values, right = measures.decompose(G)
    assert measures.relative_memory(G, right[:, 0]) == pytest.approx(1)
    assert measures.relative_memory(G, 5 * right[:, 1]) == pytest.approx(values[1] / values[0])
    for d in np.random.default_rng(1).standard_normal((100, 4)):
        assert 0 <= measures.relative_memory(G, d) <= 1 + 1e-12


def test_the_cosine_uses_exactly_n_directions(G):
    _, _, right = measures.decompose(G)
    third = right[:, 2]
    assert measures.cosine_to_subspace(G, third, 2) == pytest.approx(0, abs=1e-12)
    assert measures.cosine_to_subspace(G, third, 3) == pytest.approx(1)
    d = np.random.default_rng(2).standard_normal(4)
    projected = right[:, :2] @ right[:, :2].T @ d  # equations 3 and 4 as they stand in the paper
    expected = d @ projected / (np.linalg.norm(d) * np.linalg.norm(projected))
    assert measures.cosine_to_subspace(G, d, 2) == pytest.approx(expected)
    assert measures.cosine_to_subspace(G, d, 4) == pytest.approx(1)


def test_measures_work_on_stacks_of_matrices(G):
    stack = np.stack([G, 2 * G])[None]
    d = np.arange(1.0, 5.0)
    assert measures.relative_memory(stack, d).shape == (1, 2)
    np.testing.assert_allclose(measures.relative_memory(stack, d), measures.relative_memory(G, d))
    np.testing.assert_allclose(measures.cosine_to_subspace(stack, d, 2), measures.cosine_to_subspace(G, d, 2))


def test_shares_and_ranks_of_known_spectra():
    values = np.array([[3.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(measures.largest_share(values), [0.75, 1 / 3, np.nan])
    np.testing.assert_allclose(measures.largest_share(values, 2), [1, 2 / 3, np.nan])
    np.testing.assert_allclose(measures.effective_rank(values)[:2], [np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25)), 3])
    assert np.isnan(measures.effective_rank(values)[2])


def test_the_rms_is_the_largest_mean_squared_gain_of_any_direction():
    gradients = np.random.default_rng(0).standard_normal((200, 5, 3))
    second = np.mean([g.T @ g for g in gradients], axis=0)
    rms = measures.root_mean_square(second)
    directions = np.random.default_rng(1).standard_normal((2000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    gains = np.sqrt(np.square(np.einsum("nse,de->nds", gradients, directions)).sum(-1).mean(0))
    assert gains.max() <= rms + 1e-12
    assert gains.max() == pytest.approx(rms, rel=0.01)
    mean = gradients.mean(0)
    assert measures.singular_values(mean)[0] <= rms
    assert measures.energy_share(mean, second) == pytest.approx(np.square(mean).sum() / np.square(gradients).sum((1, 2)).mean())


def test_the_floor_of_pure_noise_is_the_spectrum_of_its_mean():
    generator = np.random.default_rng(0)
    floors, plain = [], []
    for _ in range(500):
        blocks = generator.standard_normal((10, 8, 5)) / np.sqrt(100)
        floors.append(measures.noise_floor(blocks, np.full(10, 100)))
        plain.append(measures.singular_values(blocks.mean(0)))
    np.testing.assert_allclose(np.mean(floors, axis=0), np.mean(plain, axis=0), rtol=0.05)


def test_the_floor_keeps_the_variance_of_unequal_blocks():
    generator = np.random.default_rng(0)
    counts = np.array([400, 30, 30, 30, 30, 80])
    floors, plain = [], []
    for _ in range(500):
        blocks = generator.standard_normal((6, 8, 5)) / np.sqrt(counts)[:, None, None]
        floors.append(measures.noise_floor(blocks, counts))
        plain.append(measures.singular_values(np.average(blocks, axis=0, weights=counts)))
    np.testing.assert_allclose(np.mean(floors, axis=0), np.mean(plain, axis=0), rtol=0.05)


def test_what_all_blocks_share_is_no_noise(G):
    shared = np.broadcast_to(G, (10, *G.shape))
    np.testing.assert_allclose(measures.noise_floor(shared, np.full(10, 7)), 0, atol=1e-7)


def test_the_floor_leaves_out_empty_blocks_and_needs_two():
    blocks = np.random.default_rng(0).standard_normal((4, 3, 2))
    with_empty = np.concatenate([blocks, np.full((1, 3, 2), 1e9)])
    np.testing.assert_array_equal(
        measures.noise_floor(with_empty, np.array([5, 5, 5, 5, 0])), measures.noise_floor(blocks, np.full(4, 5))
    )
    assert np.isnan(measures.noise_floor(blocks, np.array([5, 0, 0, 0]))).all()


@pytest.mark.parametrize(("blocks", "splits"), [(2, 1), (3, 3), (4, 3), (6, 10), (10, 20)])
def test_splits_are_balanced_distinct_and_not_counted_with_their_mirror(blocks, splits):
    from stategrad.measures.floor import balanced_splits

    signs = balanced_splits(blocks, 20, 0)
    assert len(signs) == splits
    assert len({min(s, tuple(-x for x in s)) for s in signs}) == splits
    assert all(sum(x > 0 for x in s) == blocks // 2 for s in signs)


def test_whitening_makes_the_embeddings_white():
    vectors = np.random.default_rng(0).standard_normal((500, 4)) @ np.array(
        [[2, 0, 0, 0], [1, 1, 0, 0], [0, 3, 0.5, 0], [0, 0, 0, 9.0]]
    )
    D = measures.covariance_root(vectors)
    np.testing.assert_allclose(D @ D.T, np.cov(vectors.T), rtol=1e-10, atol=1e-12)  # a matrix product, not element by element
    white = np.linalg.solve(D, (vectors - vectors.mean(0)).T)
    np.testing.assert_allclose(np.cov(white), np.eye(4), atol=1e-10)


def test_a_covariance_that_cannot_be_inverted_is_reported_with_its_condition():
    vectors = np.random.default_rng(0).standard_normal((500, 4))
    vectors[:, 3] = vectors[:, 0]
    with pytest.raises(sg.InvalidInputError, match=r"condition number .*, above 1e\+08"):
        measures.covariance_root(vectors)
    with pytest.raises(sg.InvalidInputError, match="4 words have a singular covariance in 4 dimensions"):
        measures.covariance_root(vectors[:4])


@pytest.fixture
def embeddings():
    vectors = np.random.default_rng(3).standard_normal((6, 3))
    return sg.Embeddings(vectors, tuple("abcdef"), {"x": (0, 1, 1), "y": (2, 3), "none": ()})


def test_a_property_averages_over_word_types_one_per_tag(embeddings):
    v = embeddings.vectors
    expected = (v[0] + 2 * v[1]) / 3 - (v[2] + v[3]) / 2
    np.testing.assert_allclose(sg.property_vector(embeddings, "x", "y").vector, expected)
    np.testing.assert_allclose(sg.property_vector(embeddings, ["a", "b", "b"], [2, 3]).vector, expected)
    assert sg.property_vector(embeddings, "x", "y").name == "x–y"


def test_a_property_that_every_word_shares_is_reliable_and_noise_is_not():
    generator = np.random.default_rng(0)
    words = tuple(map(str, range(400)))
    noise = generator.standard_normal((400, 10))
    planted = noise + np.where(np.arange(400) < 200, 1.0, -1.0)[:, None] * np.ones(10)
    classes = {"a": tuple(range(200)), "b": tuple(range(200, 400))}
    assert sg.property_vector(sg.Embeddings(planted, words, classes), "a", "b").reliability > 0.98
    assert abs(sg.property_vector(sg.Embeddings(noise, words, classes), "a", "b").reliability) < 0.5


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda e: sg.property_vector(e, "z", "y"), "unknown word class 'z': choices: x, y, none"),
        (lambda e: sg.property_vector(e, ["a", "q"], "y"), "not among the 6 words of the embeddings: q"),
        (lambda e: sg.property_vector(e, [9], "y"), "not among the 6 words of the embeddings: 9"),
        (lambda e: sg.property_vector(e, "none", "y"), "class 'none' of a property has no words"),
        (lambda e: sg.property_vector(e, "x", "x"), "the two classes of a property have the same mean vector"),
        (lambda e: sg.Embeddings(e.vectors, ("a",)), "embeddings have 6 rows and 1 words"),
        (lambda e: sg.Embeddings(e.vectors, tuple("aabcde")), "embeddings name the word 'a' twice"),
        (
            lambda e: measures.relative_memory(e.vectors, np.ones(2)),
            r"the property has shape \(2,\); the embeddings have 3 dimensions",
        ),
        (lambda e: measures.relative_memory(e.vectors, np.zeros(3)), "the property is the zero vector"),
        (
            lambda e: measures.cosine_to_subspace(e.vectors, np.ones(3), 4),
            "n is 4; give a number of directions from 1 to 3",
        ),
        (lambda e: measures.largest_share(np.ones(3), 0), "n is 0; give a number of directions from 1 to 3"),
    ],
)
def test_refusals(embeddings, attempt, sentence, shapes_unchecked):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        attempt(embeddings)
