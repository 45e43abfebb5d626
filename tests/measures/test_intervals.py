"""Jackknife, debiased spectra and simultaneous bands: the formulas written out, laws, and known truths."""

import numpy as np
import pytest

import stategrad as sg
from stategrad import measures

COUNTS = np.array([40, 10, 25, 0, 60, 15, 30, 20])


@pytest.fixture
def blocks():
    """Eight blocks of 7 × 4 with a signal, one of them empty and full of nonsense."""
    generator = np.random.default_rng(0)
    signal = generator.standard_normal((7, 4)) @ np.diag([3, 1, 0.5, 0.1])
    means = signal + generator.standard_normal((8, 7, 4)) / np.sqrt(np.maximum(COUNTS, 1))[:, None, None]
    means[3] = np.nan
    return means


def sigma_1(G):
    return np.linalg.svd(G, compute_uv=False)[..., 0]


def test_leaving_a_block_out_is_the_mean_of_the_other_positions(blocks):
    kept = COUNTS > 0
    without = measures.leave_one_out(blocks, COUNTS)
    for k in range(8):
        others = kept & (np.arange(8) != k)
        np.testing.assert_allclose(without[k], np.average(blocks[others], axis=0, weights=COUNTS[others]), atol=1e-12)
    np.testing.assert_allclose(measures.mean_of_blocks(blocks, COUNTS), without[3], atol=1e-12)


def test_nothing_remains_of_a_text_in_one_block(blocks):
    alone = np.where(np.arange(8) == 0, 5, 0)
    without = measures.leave_one_out(blocks, alone)
    assert np.isnan(without[0]).all()
    np.testing.assert_allclose(without[1], blocks[0])
    assert np.isnan(measures.mean_of_blocks(blocks, 0 * COUNTS)).all()


def test_the_jackknife_is_its_formulas(blocks):
    estimate = measures.jackknife(sigma_1, blocks, COUNTS)
    means, counts = blocks[COUNTS > 0], COUNTS[COUNTS > 0]
    n, g = counts.sum(), len(counts)
    plain = sigma_1(np.average(means, axis=0, weights=counts))
    left = [sigma_1(np.average(np.delete(means, k, 0), axis=0, weights=np.delete(counts, k))) for k in range(g)]
    h = n / counts
    debiased = g * plain - sum((1 - counts[k] / n) * left[k] for k in range(g))
    pseudo = [h[k] * plain - (h[k] - 1) * left[k] for k in range(g)]
    variance = sum((pseudo[k] - debiased) ** 2 / (h[k] - 1) for k in range(g)) / g
    assert estimate.plain == pytest.approx(plain)
    assert estimate.debiased == pytest.approx(debiased)
    assert estimate.standard_error == pytest.approx(np.sqrt(variance))
    assert estimate.high - estimate.debiased == pytest.approx(2.4469 * np.sqrt(variance), rel=1e-4)  # t table, 6 degrees, 97.5 %
    assert estimate.debiased - estimate.low == pytest.approx(estimate.high - estimate.debiased)
    np.testing.assert_allclose(estimate.replicates[COUNTS > 0], left)
    assert estimate.replicates[3] == pytest.approx(plain)
    assert np.square(estimate.contributions).sum(0) == pytest.approx(variance)


def test_the_jackknife_of_a_mean_is_the_mean_with_its_textbook_error():
    means = np.random.default_rng(0).standard_normal((10, 3, 2))
    estimate = measures.jackknife(lambda G: G[..., 0, 0], means, np.full(10, 7))
    assert estimate.debiased == pytest.approx(estimate.plain)
    assert estimate.standard_error == pytest.approx(means[:, 0, 0].std(ddof=1) / np.sqrt(10))


def test_a_batch_gives_what_each_item_gives_alone(blocks):
    batch = np.stack([[blocks, 2 * blocks], [blocks[::-1], blocks + 1]])
    counts = np.stack([[COUNTS, COUNTS], [COUNTS[::-1], COUNTS]])
    together = measures.jackknife(measures.sigma_1_and_sum, batch, counts)
    spectra = measures.debias_spectrum(batch, counts)
    assert together.low.shape == (2, 2, 2)
    assert together.replicates.shape == (8, 2, 2, 2)
    for item in np.ndindex(2, 2):
        alone = measures.jackknife(measures.sigma_1_and_sum, batch[item], counts[item])
        np.testing.assert_allclose(together.low[item], alone.low)
        np.testing.assert_allclose(spectra.without[:, *item], measures.debias_spectrum(batch[item], counts[item]).without)
    np.testing.assert_allclose(together.debiased[0, 1], 2 * together.debiased[0, 0])


def test_batches_larger_than_a_chunk_come_back_in_order(monkeypatch):
    means = np.random.default_rng(0).standard_normal((5, 6, 3, 2))
    counts = np.full((5, 6), 4)
    at_once = measures.jackknife(sigma_1, means, counts).debiased
    monkeypatch.setattr("stategrad.measures.block_means.CHUNK_BYTES", 2 * means[0].nbytes)
    np.testing.assert_array_equal(measures.jackknife(sigma_1, means, counts).debiased, at_once)


@pytest.mark.parametrize("occupied", [0, 1, 2, 5])
def test_fewer_than_six_blocks_give_the_estimate_without_an_interval(occupied):
    means = np.random.default_rng(0).standard_normal((8, 3, 2))
    counts = np.where(np.arange(8) < occupied, 10, 0)
    spectrum = measures.debias_spectrum(means, counts)
    for estimate in (measures.jackknife(sigma_1, means, counts), spectrum.estimate(lambda values: values[..., 0])):
        assert np.isnan([estimate.standard_error, estimate.low, estimate.high]).all()
        assert np.isnan(estimate.plain) == (occupied == 0)
        assert np.isnan(estimate.debiased) == (occupied < 2)
    assert np.isnan(measures.cross_validated_singular_values(means, counts)).all() == (occupied < 2)
    assert np.isnan(measures.unbiased_energy(means, counts)) == (occupied < 2)


def naive_cross_validated(means, counts):
    total = np.zeros(min(means.shape[1:]))
    for k in range(len(means)):
        rest = np.average(np.delete(means, k, 0), axis=0, weights=np.delete(counts, k))
        left, _, right = np.linalg.svd(rest, full_matrices=False)
        total += counts[k] / counts.sum() * np.diag(left.T @ means[k] @ right.T)
    return total


def naive_debiased(means, counts):
    plain = np.linalg.svd(np.average(means, axis=0, weights=counts), compute_uv=False)
    crossed = naive_cross_validated(means, counts)
    return np.sign(crossed) * np.sqrt(np.abs(plain * crossed))


@pytest.mark.parametrize("transposed", [False, True])
def test_debiased_spectra_are_their_formulas(blocks, transposed):
    blocks = np.swapaxes(blocks, 1, 2) if transposed else blocks
    spectrum = measures.debias_spectrum(blocks, COUNTS)
    means, counts, occupied = blocks[COUNTS > 0], COUNTS[COUNTS > 0], np.flatnonzero(COUNTS)
    np.testing.assert_allclose(spectrum.cross_validated, naive_cross_validated(means, counts), atol=1e-9)
    np.testing.assert_allclose(measures.cross_validated_singular_values(blocks, COUNTS), spectrum.cross_validated)
    np.testing.assert_allclose(spectrum.debiased, naive_debiased(means, counts), atol=1e-9)
    for k, block in enumerate(occupied):
        expected = naive_debiased(np.delete(means, k, 0), np.delete(counts, k))
        np.testing.assert_allclose(spectrum.without[block], expected, atol=1e-9)
    np.testing.assert_allclose(spectrum.without[3], spectrum.debiased)
    np.testing.assert_allclose(spectrum.dropped[3], spectrum.debiased)


def test_blocks_without_noise_have_no_bias_and_no_error():
    G = np.random.default_rng(0).standard_normal((7, 4))
    means = np.broadcast_to(G, (8, 7, 4))
    truth = measures.singular_values(G)
    spectrum = measures.debias_spectrum(means, COUNTS)
    np.testing.assert_allclose(spectrum.debiased, truth)
    estimate = spectrum.estimate(lambda values: values.sum(-1))
    assert estimate.standard_error == pytest.approx(0, abs=1e-7)
    assert measures.jackknife(sigma_1, means, COUNTS).debiased == pytest.approx(truth[0])
    assert measures.unbiased_energy(means, COUNTS) == pytest.approx(np.square(G).sum())
    d = np.arange(1.0, 5.0)
    assert measures.unbiased_gain(means, COUNTS, d) == pytest.approx(np.square(G @ d).sum() / (d @ d))


@pytest.fixture(scope="module")
def planted():
    """300 texts of 8 unequal blocks: a signal of rank one, 2.5 times as strong as the noise."""
    generator = np.random.default_rng(1)
    counts = np.array([40, 60, 80, 100, 100, 120, 140, 160])
    signal = 2.5 * (np.sqrt(12) + np.sqrt(8)) / np.sqrt(800) * np.outer(np.eye(12)[0], np.eye(8)[0])
    noise = generator.standard_normal((300, 8, 12, 8)) / np.sqrt(counts)[:, None, None]
    return signal, signal + noise, np.tile(counts, (300, 1))


def test_debiased_values_are_nearer_the_truth_and_their_intervals_hold_it(planted):
    signal, means, counts = planted
    truth = signal.max()
    estimate = measures.debias_spectrum(means, counts).estimate(lambda values: np.stack([values[..., 0], values.sum(-1)], -1))
    assert (estimate.plain.mean(0) > np.array([1.02, 2]) * truth).all()
    np.testing.assert_allclose(estimate.debiased.mean(0), truth, rtol=0.06)
    assert abs(estimate.debiased[:, 0].mean() / truth - 1) < 0.015
    covered = ((estimate.low <= truth) & (truth <= estimate.high)).mean(0)
    assert ((covered > 0.9) & (covered < 0.995)).all()
    jackknifed = measures.jackknife(measures.sigma_1_and_sum, means, counts)
    assert abs(jackknifed.debiased[:, 0].mean() / truth - 1) < 0.02
    assert 0.9 < ((jackknifed.low <= truth) & (truth <= jackknifed.high))[:, 0].mean() < 0.99


def test_energies_across_blocks_are_unbiased(planted):
    signal, means, counts = planted
    energy = measures.unbiased_energy(means, counts)
    assert energy.mean() == pytest.approx(np.square(signal).sum(), abs=4 * energy.std() / np.sqrt(300))
    assert np.square(measures.mean_of_blocks(means, counts)).sum((1, 2)).mean() > 1.1 * np.square(signal).sum()
    for d, expected in ((np.eye(8)[0], signal.max() ** 2), (3 * np.eye(8)[5], 0)):
        gain = measures.unbiased_gain(means, counts, d)
        assert gain.mean() == pytest.approx(expected, abs=4 * gain.std() / np.sqrt(300))


def test_energies_are_sums_over_pairs_of_different_blocks(blocks):
    means, counts = blocks[COUNTS > 0], COUNTS[COUNTS > 0]
    pairs = [(a, b) for a in range(7) for b in range(7) if a != b]
    weight = sum(counts[a] * counts[b] for a, b in pairs)
    expected = sum(counts[a] * counts[b] * np.sum(means[a] * means[b]) for a, b in pairs) / weight
    assert measures.unbiased_energy(blocks, COUNTS) == pytest.approx(expected)
    d = np.arange(1.0, 5.0)
    expected = sum(counts[a] * counts[b] * (means[a] @ d) @ (means[b] @ d) for a, b in pairs) / weight / (d @ d)
    assert measures.unbiased_gain(blocks, COUNTS, d) == pytest.approx(expected)


@pytest.mark.parametrize("correlation", [0.0, 0.95])
def test_a_simultaneous_band_holds_the_whole_curve(correlation):
    generator = np.random.default_rng(2)
    walk = generator.standard_normal((300, 10, 12))
    for delay in range(1, 12):
        walk[..., delay] = correlation * walk[..., delay - 1] + np.sqrt(1 - correlation**2) * walk[..., delay]
    means = np.moveaxis(walk, 2, 1)[..., None, None]  # (text, delay, block, 1, 1), truth 0
    estimate = measures.jackknife(lambda G: G[..., 0, 0], means, np.full((300, 12, 10), 5))
    low, high = measures.simultaneous_band(estimate, draws=500)
    assert 0.91 < ((low <= 0) & (high >= 0)).all(1).mean() < 0.99
    pointwise = ((estimate.low <= 0) & (estimate.high >= 0)).all(1).mean()
    assert pointwise < ((low <= 0) & (high >= 0)).all(1).mean()
    assert (low <= estimate.low).all()


def test_the_band_of_one_delay_is_its_interval_and_axes_do_not_matter():
    means = np.random.default_rng(0).standard_normal((5, 10, 3, 2))
    counts = np.full((5, 10), 9)
    estimate = measures.jackknife(lambda G: G[..., 0], means, counts)  # (delay, state)
    one = measures.jackknife(sigma_1, means[:1], counts[:1])
    assert measures.simultaneous_band(one, draws=50_000)[1] == pytest.approx(one.high, rel=0.03)
    band = measures.simultaneous_band(estimate, axis=0)
    np.testing.assert_array_equal(measures.simultaneous_band(estimate, axis=-2)[0], band[0])
    alone = measures.simultaneous_band(measures.jackknife(lambda G: G[..., 1, 0], means, counts))
    np.testing.assert_allclose(band[0][:, 1], alone[0])
    np.testing.assert_allclose(band[1][:, 1], alone[1])


def test_the_band_is_nan_where_there_is_no_interval():
    counts = np.full((4, 10), 9)
    counts[2, 4:] = 0
    estimate = measures.jackknife(sigma_1, np.random.default_rng(0).standard_normal((4, 10, 3, 2)), counts)
    low, high = measures.simultaneous_band(estimate)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [False, False, True, False]


def test_singular_values_through_the_gram_matrix_keep_the_digits_they_promise():
    generator = np.random.default_rng(0)
    left, right = (np.linalg.qr(generator.standard_normal((size, 5)))[0] for size in (9, 6))
    truth = np.array([1, 0.1, 1e-3, 1e-5, 1e-7])
    for matrix in (left * truth @ right.T, right * truth @ left.T):
        values = measures.gram_singular_values(matrix)
        np.testing.assert_allclose(values[:5], truth, atol=3e-8)
        np.testing.assert_allclose(values[:4], truth[:4], rtol=1e-5)
        assert values[0] == pytest.approx(1, rel=1e-14)
    np.testing.assert_allclose(measures.sigma_1_and_sum(matrix), [1, truth.sum()], rtol=1e-7)


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda m, c: measures.jackknife(sigma_1, m, c, level=95), "level is 95; give a coverage between 0 and 1, such as 0.95"),
        (lambda m, c: measures.debias_spectrum(m, c).estimate(sigma_1, level=0), "level is 0; give a coverage between 0 and 1"),
        (
            lambda m, c: measures.jackknife(np.sum, m, c),
            r"the statistic turned matrices of shape \(1, 9, 7, 4\) into \(\); it must return one number",
        ),
        (lambda m, c: measures.jackknife(sigma_1, m[None][:0], c[None][:0]), "the jackknife received no matrices"),
        (lambda m, c: measures.jackknife(sigma_1, m, c[:3]), r"block_count has shape \(3,\) and block_mean \(8, 7, 4\)"),
        (lambda m, c: measures.debias_spectrum(m, -c), "block_count holds -60; give the number of positions, 0 for an empty"),
        (lambda m, c: measures.unbiased_gain(m, c, np.zeros(4)), "the property is the zero vector"),
        (
            lambda m, c: measures.debias_gain(m, c, np.ones(3)),
            r"the property has shape \(3,\); the embeddings have 4 dimensions",
        ),
        (
            lambda m, c: measures.simultaneous_band(measures.jackknife(sigma_1, m, c)),
            r"axis is -1; the estimate has shape \(\)",
        ),
    ],
)
def test_refusals(blocks, attempt, sentence, shapes_unchecked):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        attempt(blocks, COUNTS)


def relative_memory_estimate(means, counts, d, spectrum):
    """Debiased m and the ends of its interval."""
    squared = measures.estimate_squared_memory(measures.debias_gain(means, counts, d), spectrum)
    return (measures.signed_root(value) for value in (squared.debiased, squared.low, squared.high))


def test_the_relative_memory_is_debiased_with_its_interval(planted):
    signal, means, counts = planted
    spectrum = measures.debias_spectrum(means, counts)
    for d in (np.array([1.0, 2, 0, 0, 0, 0, 0, 0]), np.array([2.0, 1, 0, 0, 0, 0, 0, 0])):
        truth = measures.relative_memory(signal, d)
        debiased, low, high = relative_memory_estimate(means, counts, 3 * d, spectrum)
        plain = measures.relative_memory(measures.mean_of_blocks(means, counts), d)
        assert abs(debiased.mean() - truth) < 0.5 * abs(plain.mean() - truth) + 0.005
        assert 0.9 < ((low <= truth) & (truth <= high)).mean() < 0.99


@pytest.mark.parametrize("kept", [0.0, 0.1])
def test_a_property_that_drowns_in_noise_keeps_its_interval(kept):
    """Its gain r is at most half of the noise, while σ_1 is clear: plain m is more than twice the truth."""
    generator = np.random.default_rng(3)
    signal = np.zeros((12, 8))
    signal[0, 0], signal[1, 1] = 0.4, 0.4 * kept
    means = generator.standard_normal((400, 10, 12, 8)) / 10 + signal
    counts = np.full((400, 10), 100)
    spectrum = measures.debias_spectrum(means, counts)
    d = np.eye(8)[1]
    debiased, low, high = relative_memory_estimate(means, counts, d, spectrum)
    plain = measures.relative_memory(measures.mean_of_blocks(means, counts), d)
    assert plain.mean() > kept + 0.1
    assert abs(np.median(debiased) - kept) < 0.1
    assert 0.92 < ((low <= kept) & (kept <= high)).mean() < 0.985


def test_the_relative_memory_of_the_best_remembered_direction_is_one():
    G = np.random.default_rng(0).standard_normal((7, 4))
    means = np.broadcast_to(G, (8, 7, 4))
    gain = measures.debias_gain(means, COUNTS, measures.decompose(G)[2][:, 0])
    estimate = measures.estimate_squared_memory(gain, measures.debias_spectrum(means, COUNTS))
    assert measures.signed_root(estimate.debiased) == pytest.approx(1)
    assert estimate.standard_error == pytest.approx(0, abs=1e-7)
