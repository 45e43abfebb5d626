"""A basis for many matrices, and what is said of a matrix outside of it."""

import numpy as np
import pytest

from stategrad.measures.common_basis import ProductSizes, common_basis, norm_outside

GENERATOR = np.random.default_rng(0)


def test_the_basis_is_that_of_all_products_side_by_side_at_equal_size():
    products = GENERATOR.normal(size=(5, 20, 3)) * np.array([1, 1e-6, 10, 1e4, 1])[:, None, None]
    basis = common_basis(products, 4)
    together = np.concatenate([one / np.linalg.norm(one) for one in products], axis=1)
    expected = np.linalg.svd(together)[0][:, :4]
    np.testing.assert_allclose(np.abs(basis.T @ expected), np.eye(4), atol=1e-10)


def test_many_products_are_taken_up_a_few_at_a_time():
    """Products in one space of few directions, amid noise: that space is found, though it is never held all together."""
    space = np.linalg.qr(GENERATOR.normal(size=(60, 4)))[0]
    products = space @ GENERATOR.normal(size=(200, 4, 6)) + 0.05 * GENERATOR.normal(size=(200, 60, 6))
    basis = common_basis(products, 4)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-12)
    cosines = np.linalg.svd(space.T @ basis, compute_uv=False)
    assert cosines.min() > 0.99


def test_products_that_say_nothing_are_passed_over():
    products = GENERATOR.normal(size=(4, 10, 2))
    beside = np.concatenate([products[:2], np.full((1, 10, 2), np.nan), np.zeros((1, 10, 2)), products[2:]])
    np.testing.assert_array_equal(common_basis(products, 3), common_basis(beside, 3))


def test_where_nothing_is_said_the_axes_are_the_basis():
    np.testing.assert_array_equal(common_basis(np.zeros((2, 4, 3)), 3), np.eye(4, 3))


def test_there_are_no_more_directions_than_dimensions():
    assert common_basis(GENERATOR.normal(size=(3, 5, 4)), 12).shape == (5, 5)


@pytest.mark.parametrize("rank", [1, 8])
def test_the_norm_outside_has_no_bias_and_its_stated_spread(rank):
    """The square is a mean of s squared Gaussians for a single mode outside, and more certain for several."""
    basis = np.linalg.qr(GENERATOR.normal(size=(20, 5)))[0]
    matrix = GENERATOR.normal(size=(30, rank)) @ GENERATOR.normal(size=(rank, 20))
    outside = np.linalg.norm(matrix - matrix @ basis @ basis.T)
    rows = GENERATOR.normal(size=(4000, 10, 30)) @ matrix
    ratios = (norm_outside(rows, basis) / outside) ** 2
    spread = np.sqrt(2 / 10)
    assert abs(ratios.mean() - 1) < 4 * spread / np.sqrt(4000)
    if rank == 1:
        assert 0.93 * spread < ratios.std() < 1.07 * spread
    else:
        assert ratios.std() < 0.8 * spread


def test_nothing_is_outside_of_a_whole_basis():
    basis = np.linalg.qr(GENERATOR.normal(size=(6, 6)))[0]
    np.testing.assert_allclose(norm_outside(GENERATOR.normal(size=(3, 10, 6)), basis), 0, atol=1e-14)


def test_products_per_mode():
    sizes = ProductSizes.of(10)
    assert (sizes.basis, sizes.rows, sizes.total) == (48, 58, 154)
