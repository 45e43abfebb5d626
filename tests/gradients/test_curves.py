"""What stands beside the plain curves: bias, intervals, detection, chance."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from scipy import stats
from torch import nn

import stategrad as sg
from planted import result_of_blocks
from stategrad.models.embeddings import Embeddings

BLOCKS, DELAYS, H, E = 10, 4, 12, 8


def result_of(signal, noise, *, seed=0, embeddings=None, blocks=BLOCKS):
    """A result whose blocks are a signal per delay (delay, H, E) plus independent noise."""
    generator = np.random.default_rng(seed)
    means = signal + noise * generator.standard_normal((blocks, DELAYS, H, E))
    return result_of_blocks(means[None], embeddings=embeddings)


def falling_signal(strength=1.0):
    generator = np.random.default_rng(7)
    u, v = generator.standard_normal((2, 12))[:, :H], generator.standard_normal(E)
    matrix = np.outer(u[0] / np.linalg.norm(u[0]), v / np.linalg.norm(v))
    return strength * matrix * np.array([8.0, 4.0, 2.0, 1.0])[:, None, None]


def test_signal_is_detected_and_its_bias_taken_away():
    plain, debiased, covered = [], [], []
    for seed in range(40):
        memory = result_of(falling_signal(), 0.4, seed=seed).memory().sel(group="all")
        assert memory["detected"].values[:3].all()
        memory = memory.sel(delay=[0, 1, 2])
        plain.append(memory["sigma_1"].values)
        debiased.append(memory["sigma_1_debiased"].values)
        truth = np.array([8.0, 4.0, 2.0])
        covered.append((memory["sigma_1_low"] <= truth) & (truth <= memory["sigma_1_high"]))
        assert (memory["sigma_1_band_low"] < memory["sigma_1_low"]).all()
        assert (memory["sigma_1_band_high"] > memory["sigma_1_high"]).all()
        assert (memory["sigma_1_cv"] <= memory["sigma_1_debiased"]).all()
        assert (memory["rms_low"] < memory["rms_high"]).all()
        assert (memory["energy_share_debiased"] < memory["energy_share"]).all()
    bias = np.abs(np.mean([plain, debiased], axis=1) - truth)
    assert bias[1, 2] < 0.5 * bias[0, 2]
    assert 0.85 <= np.mean(covered) <= 1.0


def test_where_there_is_no_signal_neither_value_nor_interval_is_given():
    missed = 0
    for seed in range(20):
        memory = result_of(np.zeros((DELAYS, H, E)), 1.0, seed=seed).memory().sel(group="all")
        hidden = ~memory["detected"].values
        missed += int((~hidden).sum())
        for name in ("sigma_1_debiased", "sigma_1_low", "sigma_sum_high", "selectivity_low", "energy_share_debiased"):
            assert memory[name].isnull().values[hidden].all(), name
        assert memory["sigma_1"].notnull().all()
        assert (memory["p_value"] > 0).all()
    assert missed <= 0.15 * 20 * DELAYS  # 5 % of 80, and the luck of the draw


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_with_few_blocks_nothing_is_tested(blocks):
    result = result_of(falling_signal(), 0.1, blocks=blocks)
    tracked = result.track(np.eye(E)[0])
    assert tracked["relative_memory"].notnull().all()
    assert tracked["relative_memory_low"].isnull().all()
    memory = result.memory()
    assert not memory["detected"].any()
    assert memory["p_value"].isnull().all()
    assert memory["sigma_1_low"].isnull().all()
    assert memory["sigma_1"].notnull().all()


def test_a_statistic_of_ones_own_has_the_interval_of_its_blocks():
    result = result_of(falling_signal(), 0.5)
    estimate = result.estimate(lambda mean: float(mean[3, 2])).sel(group="all")
    blocks = result.block_mean.values[0, :, :, 3, 2]
    half = stats.t.ppf(0.975, BLOCKS - 1) * blocks.std(0, ddof=1) / np.sqrt(BLOCKS)
    np.testing.assert_allclose(estimate["plain"], blocks.mean(0))
    np.testing.assert_allclose(estimate["debiased"], blocks.mean(0))
    np.testing.assert_allclose(estimate["low"], blocks.mean(0) - half)
    np.testing.assert_allclose(estimate["high"], blocks.mean(0) + half)
    largest = result.estimate(lambda mean: float(np.linalg.norm(mean, 2)))
    memory = result.memory()
    np.testing.assert_allclose(largest["plain"], memory["sigma_1"])
    np.testing.assert_allclose(largest["floor"], memory["sigma_1_floor"])


def property_and_embeddings(planted):
    """Two classes of forty words that differ along `planted`, of all frequencies."""
    generator = np.random.default_rng(1)
    vectors = generator.standard_normal((120, E))
    vectors[:40] += 3 * planted
    words = tuple(f"w{i}" for i in range(120))
    classes = {"a": tuple(range(40)), "b": tuple(range(40, 80))}
    embeddings = Embeddings(vectors, words, classes, generator.integers(1, 500, 120).astype(float))
    return sg.property_vector(embeddings, "a", "b"), embeddings


def test_a_property_along_what_is_remembered_lies_above_its_permuted_labels():
    signal = falling_signal()
    remembered = np.linalg.svd(signal[0])[2][0]
    d, embeddings = property_and_embeddings(remembered)
    tracked = result_of(signal, 0.05, embeddings=embeddings).track(d, n=[1, 2]).sel(group="all")
    assert (tracked["relative_memory"] > tracked["relative_memory_null_high"]).all()
    assert (tracked["relative_memory_low"] < tracked["relative_memory_debiased"]).all()
    assert (tracked["cosine"].sel(n=1) > tracked["cosine_null_high"].sel(n=1)).all()
    assert (tracked["cosine_isotropic_high"].sel(n=2) > tracked["cosine_isotropic_high"].sel(n=1)).all()
    assert not tracked["near_tie"].sel(n=1).any()


def test_the_null_is_what_tracking_permuted_properties_gives():
    _, embeddings = property_and_embeddings(np.zeros(E))
    d = sg.property_vector(embeddings, "a", "b")
    result = result_of(falling_signal(), 0.5, embeddings=embeddings)
    tracked = result.track(d, n=2).sel(group="all")
    permuted = sg.measures.permuted_directions(embeddings, d, embeddings.frequencies, draws=1000, seed=0)
    for measure, of in (("relative_memory", sg.measures.relative_memory), ("cosine", sg.measures.cosine_to_subspace)):
        arguments = (2,) if measure == "cosine" else ()
        values = [of(result.mean.values[0], direction, *arguments) for direction in permuted]
        low, high = np.quantile(values, (0.025, 0.975), axis=0)
        np.testing.assert_allclose(tracked[f"{measure}_null_low"], low, rtol=1e-9)
        np.testing.assert_allclose(tracked[f"{measure}_null_high"], high, rtol=1e-9)


def test_frequency_is_projected_out_of_a_property_and_of_its_null():
    d, embeddings = property_and_embeddings(np.eye(E)[0])
    result = result_of(falling_signal(), 0.5, embeddings=embeddings)
    logs = np.log(embeddings.frequencies)
    slope = np.array([np.polyfit(logs, column, 1)[0] for column in embeddings.vectors.T])  # of each coordinate on log frequency
    taken = np.eye(E) - np.outer(slope, slope) / (slope @ slope)
    tracked = result.track(d, n=2, project_out="frequency").sel(group="all")
    plain = result.track(taken @ d.vector, n=2).sel(group="all")
    for name in ("relative_memory", "relative_memory_low", "relative_memory_cv", "cosine"):
        np.testing.assert_allclose(tracked[name], plain[name], rtol=1e-9)
    permuted = sg.measures.permuted_directions(embeddings, d, embeddings.frequencies, draws=1000, seed=0) @ taken
    values = [sg.measures.relative_memory(result.mean.values[0], direction) for direction in permuted]
    np.testing.assert_allclose(tracked["relative_memory_null_high"], np.quantile(values, 0.975, axis=0), rtol=1e-9)
    for given in (slope, sg.property_vector(Embeddings(np.stack([slope, 0 * slope]), ("x", "y")), ["x"], ["y"])):
        xr.testing.assert_allclose(result.track(d, n=2, project_out=given), result.track(d, n=2, project_out="frequency"))


def test_in_whitened_space_frequency_is_projected_out_orthogonally_there():
    d, embeddings = property_and_embeddings(np.eye(E)[0])
    result = result_of(falling_signal(), 0.5, embeddings=embeddings).whiten()
    root = result.whitening.values
    z, f = (np.linalg.solve(root, v) for v in (d.vector, sg.measures.frequency_direction(embeddings)))
    left = root @ (z - (z @ f) * f / (f @ f))
    xr.testing.assert_allclose(
        result.track(d, n=2, project_out="frequency")["relative_memory"], result.track(left, n=2)["relative_memory"]
    )


@pytest.mark.parametrize(
    ("embedded", "out", "sentence"),
    [
        (True, "frequencies", "project_out is 'frequencies'; give a direction, a property, or 'frequency'"),
        (False, "frequency", "to project frequency out takes embeddings with frequencies, and this result holds none"),
        (True, np.eye(E)[0] * 3, "nothing is left of the property once that direction is projected out"),
        (True, np.zeros(E), "the property is the zero vector"),
    ],
)
def test_what_cannot_be_projected_out_is_refused(embedded, out, sentence, shapes_unchecked):
    embeddings = property_and_embeddings(np.eye(E)[0])[1] if embedded else None
    with pytest.raises(sg.InvalidInputError, match=sentence):
        result_of(falling_signal(), 0.5, embeddings=embeddings).track(np.eye(E)[0], n=2, project_out=out)


def test_frequency_has_no_direction_where_it_does_not_vary():
    vectors = np.random.default_rng(0).standard_normal((4, E))
    for frequencies, sentence in ((np.full(4, 7.0), "all words are equally frequent"), (None, "needs how often each word occurs")):
        with pytest.raises(sg.InvalidInputError, match=sentence):
            sg.measures.frequency_direction(Embeddings(vectors, ("a", "b", "c", "d"), {}, frequencies))


def test_groups_of_fewer_positions_than_dimensions_are_marked():
    labels = np.array(["few"] * 5 + [None] * 95, dtype=object)
    result = sg.state_gradients(nn.LSTM(6, 4), torch.randn(100, 6), delays=3, groups=labels, show_progress=False)
    limited = result.memory()["rank_limited"]
    assert limited.sel(group="few").all()
    assert not limited.sel(group="all").any()


def test_a_bare_direction_has_no_permutation_null_and_a_tie_is_marked():
    signal = np.zeros((DELAYS, H, E))
    signal[:, 0, 0], signal[:, 1, 1] = 1.0, 0.99
    tracked = result_of(signal, 0.0).track(np.eye(E)[0], n=[1, 2])
    assert "relative_memory_null_low" not in tracked
    assert tracked["near_tie"].sel(n=1).all()
    assert not tracked["near_tie"].sel(n=2).any()
    assert tracked["near_tie"].dtype == bool


def test_parts_of_a_result_have_the_numbers_of_the_whole(tmp_path):
    x = torch.randn(120, 3)
    labels = np.array(["a", "b", "c"] * 40)
    whole = sg.state_gradients(nn.LSTM(3, 4), x, delays=5, groups=labels, show_progress=False)
    part = whole.sel(group=["b", "all"], delay=[0, 4])
    assert part.groups == ["b", "all"]
    xr.testing.assert_allclose(part.memory(), whole.memory().sel(group=["b", "all"], delay=[0, 4]).assign(part.memory()[BANDS]))
    part.save(tmp_path / "part.nc")
    assert sg.StateGradients.load(tmp_path / "part.nc") == part
    with pytest.raises(sg.InvalidInputError, match="unknown dimension 'grup': did you mean 'group'"):
        whole.sel(grup="a")


def test_whitened_results_name_the_follow_up():
    _, embeddings = property_and_embeddings(np.eye(E)[0])
    result = sg.state_gradients(nn.LSTM(E, 4), torch.randn(60, E), delays=3, embeddings=embeddings, show_progress=False)
    assert "verwimp2020state" not in result.bibtex()
    assert r"Computer Speech \& Language" in result.whiten().bibtex()
    assert "(Verwimp et al., 2020)" in result.whiten().methods()


def test_the_methods_paragraph_has_the_figures_of_the_result():
    x = torch.randn(150, 3)
    labels = np.array(["a", "b", "c"] * 50)
    said = sg.state_gradients(nn.LSTM(3, 4), x, delays=5, groups=labels, show_progress=False).methods()
    for part in ("cell state of layer 0 (4 units)", "all 150 input positions", "at 5 delays from 0 to 4", "groups “a”, “b”, “c”",
                 "into 10 blocks", "sign-flip", "do not include variation from training", sg.__version__):  # fmt: skip
        assert part in said, part
    few = sg.state_gradients(nn.GRU(3, 4), x, delays=[2], blocks=2, sample=40, show_progress=False)
    white = few.whiten(np.random.default_rng(0).standard_normal((40, 3)))
    for part in (
        "a random sample of 39 of the 148 input",
        "at 1 delay from 2 to 2",
        "2 blocks, too few for intervals",
        "whitened input",
    ):
        assert part in white.methods(), part
    cited = few.bibtex()
    assert cited.count("@") == 3
    assert cited.count("{") == cited.count("}")


BANDED = ("sigma_1", "sigma_sum", "selectivity", "effective_rank", "participation_ratio")
BANDS = [f"{name}_band_{end}" for name in BANDED for end in ("low", "high")]
"""They depend on all delays of the curve."""


def test_many_blocks_are_put_together_and_say_the_same():
    """200 blocks, such as documents: intervals as from their 20 neighbourhoods, and no pair of 200 is looked at."""
    many = result_of(falling_signal(), 0.4 * np.sqrt(20), blocks=200)
    few = many.block_mean.coarsen(block=10).mean()
    seconds = many.block_second_moment.coarsen(block=10).mean()
    counts = many.block_count.coarsen(block=10).sum()
    expected = replace(many, block_mean=few, block_second_moment=seconds, block_count=counts).memory()
    xr.testing.assert_allclose(many.memory(), expected, rtol=1e-9)
    assert expected["detected"].values[:, :3].all()


def test_an_exploded_block_is_left_out_of_its_neighbourhood():
    many = result_of(falling_signal(), 0.4, blocks=60)
    broken = many.block_mean.copy(deep=True)
    broken[0, 7] = np.inf
    without = many.block_count.copy(deep=True)
    without[0, 7] = 0
    left_out = replace(many, block_mean=broken).memory()
    xr.testing.assert_allclose(left_out, replace(many, block_count=without).memory(), rtol=1e-9)
