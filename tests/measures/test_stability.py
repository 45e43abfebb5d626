"""Which directions are named: planted ones are, and those of noise are not, whatever the noise is like."""

import numpy as np
import pytest

import stategrad as sg
from stategrad.measures import split_half_stability

BLOCKS, H, E = 10, 24, 12
COUNTS = np.full(BLOCKS, 50)
EDGE = (np.sqrt(H) + np.sqrt(E)) / np.sqrt(BLOCKS)


def noise_of(generator, kind):
    noise = generator.standard_normal((BLOCKS, H, E))
    if kind == "along one input":
        noise[..., 0] += 4 * generator.standard_normal((BLOCKS, H))
    if kind == "along one pair":
        noise[:, 0, 0] += 20 * generator.standard_normal(BLOCKS)
    return noise


@pytest.mark.parametrize(("kind", "most"), [("white", 0.0), ("along one input", 0.12), ("along one pair", 0.12)])
def test_noise_has_no_names(kind, most):
    generator = np.random.default_rng(0)
    named = np.array([split_half_stability(noise_of(generator, kind), COUNTS, 3).named for _ in range(100)])
    assert named[:, 0].mean() <= most  # the level of the test, 5 %, and three standard errors
    assert not named[:, 1:].any()


@pytest.mark.parametrize(("kind", "strength"), [("white", 2.5), ("along one input", 9.0)])
def test_a_planted_direction_is_named_and_its_stability_is_the_squared_cosine_with_it(kind, strength):
    generator = np.random.default_rng(1)
    named, stable, true = [], [], []
    for _ in range(60):
        u, v = (x / np.linalg.norm(x) for x in (generator.standard_normal(H), generator.standard_normal(E)))
        blocks = strength * EDGE * np.outer(u, v) + noise_of(generator, kind)
        found = split_half_stability(blocks, COUNTS, 2)
        named.append(found.named[0])
        stable.append(found.own[0])
        true.append((np.linalg.svd(blocks.mean(0))[2][0] @ v) ** 2)
    assert np.mean(named) >= 0.9
    assert np.mean(stable) == pytest.approx(np.mean(true), abs=0.03)


def test_a_plane_may_be_stable_where_its_axes_are_not():
    generator = np.random.default_rng(2)
    own, of_set, named = [], [], 0
    for _ in range(40):
        blocks = np.zeros((BLOCKS, H, E))
        blocks[:, 0, 0] = blocks[:, 1, 1] = 12 * EDGE
        blocks[:, 2, 2] = 3 * EDGE
        found = split_half_stability(blocks + noise_of(generator, "white"), COUNTS, 3)
        assert found.first.tolist() == [1, 1, 3]
        assert found.last[:2].tolist() == [2, 2]
        own.append(found.own)
        of_set.append(found.of_set)
        named += found.named[0] / 40
    assert np.mean(own, axis=0)[0] < 0.85 < 0.99 < np.mean(of_set, axis=0)[0]
    assert named <= 0.15
    assert np.mean(own, axis=0)[2] > 0.95


def test_rotations_of_both_spaces_and_a_wide_matrix_change_nothing():
    generator = np.random.default_rng(3)
    blocks = np.diag(np.arange(E, 0, -1.0)) @ np.eye(E, H) + 0.8 * generator.standard_normal((BLOCKS, E, H))
    left, right = (np.linalg.qr(generator.standard_normal((size, size)))[0] for size in (E, H))
    plain, turned = (split_half_stability(matrix, COUNTS, 4) for matrix in (blocks, left @ blocks @ right))
    transposed = split_half_stability(np.swapaxes(blocks @ right, 1, 2), COUNTS, 4)
    np.testing.assert_allclose(turned.own, plain.own, atol=1e-9)
    assert transposed.own[0] == pytest.approx(plain.own[0], abs=0.1)  # the directions of the other space, from the same halves


def test_few_blocks_or_exploded_ones_name_nothing_and_empty_ones_are_left_out():
    blocks = np.zeros((BLOCKS, 3, 3)) + np.diag([3.0, 2.0, 1.0])
    blocks = blocks + 0.01 * np.random.default_rng(0).standard_normal(blocks.shape)
    few = split_half_stability(blocks[:5], COUNTS[:5], 2)
    assert np.isnan(few.own).all()
    assert not few.named.any()
    exploded = np.where(np.arange(BLOCKS)[:, None, None] == 4, np.nan, blocks)
    assert not split_half_stability(exploded, COUNTS, 2).named.any()
    assert split_half_stability(exploded, np.where(np.arange(BLOCKS) == 4, 0, 50), 2).named.all()


def test_more_directions_than_there_are_is_refused():
    with pytest.raises(sg.InvalidInputError, match="n is 4; give a number of directions from 1 to 3"):
        split_half_stability(np.ones((BLOCKS, 3, 5)), COUNTS, 4)
