"""sample="auto": how many positions are enough, and what the rounds add up to."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.gradients import adaptive

OPTIONS = {"delays": 4, "precision": "float64", "show_progress": False}


def text(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    module = nn.LSTM(4, 6).double()
    for parameter in module.parameters():
        parameter.data.uniform_(-1.5, 1.5, generator=generator)
    return module, torch.randn(size, 4, generator=generator, dtype=torch.float64)


def test_rounds_stop_early_and_within_the_tolerance_of_the_whole_text():
    module, x = text(40_000)
    whole = sg.state_gradients(module, x, **OPTIONS).memory()["sigma_1"].sel(group="all")
    errors = []
    for seed in range(3):
        drawn = sg.state_gradients(module, x, sample="auto", tolerance=0.08, seed=10 * seed, **OPTIONS)
        used = int(drawn.count.sel(group="all", delay=0))
        assert 4_000 <= used < 20_000
        assert int(drawn.population.sel(group="all", delay=0)) == 40_000
        errors.append(np.abs(drawn.memory()["sigma_1"].sel(group="all") / whole - 1).max())
    assert max(errors) < 0.08


def test_what_cannot_be_had_from_half_of_the_text_takes_all_of_it():
    module, x = text(3_000)
    drawn = sg.state_gradients(module, x, sample="auto", tolerance=1e-6, **OPTIONS)
    whole = sg.state_gradients(module, x, **OPTIONS)
    np.testing.assert_array_equal(drawn.mean, whole.mean)
    assert drawn.count.equals(whole.count)


def test_the_half_width_is_that_of_repeated_samples():
    """Simulation: the half-width that rounds report against the spread of σ_1 over samples of that size."""
    module, x = text(5_000)
    options = OPTIONS | {"delays": 2, "second_moment": False}
    rounds = [sg.state_gradients(module, x, sample=200, seed=seed, **options) for seed in range(64)]
    widths, values = [], []
    for first in range(0, 64, 8):
        group = rounds[first : first + 8]
        merged = adaptive.average(group)
        widths.append(adaptive.sampling_half_width(merged, group)[0])
        values.append(merged.spectrum()["singular_values"].values[0, :, 0])
    spread = np.std(values, axis=0, ddof=1) * 2.36  # t of 7 degrees of freedom, as eight rounds have
    assert (np.abs(np.log(np.mean(widths, axis=0) / spread)) < np.log(1.8)).all()


def test_an_average_of_rounds_weights_each_by_what_it_stands_for():
    module, x = text(700)
    labels = np.array(["a", "b"] * 350)
    one, other = (sg.state_gradients(module, x, sample=300, seed=seed, groups=labels, at=labels, **OPTIONS) for seed in (0, 1))
    both = adaptive.average([one, other])
    np.testing.assert_allclose(both.mean, (one.mean + other.mean) / 2, atol=1e-12)
    np.testing.assert_allclose(both.second_moment, (one.second_moment + other.second_moment) / 2, atol=1e-12)
    assert both.mean.dims == one.mean.dims
    assert both.block_second_moment.dims == one.block_second_moment.dims
    assert both.count.equals(one.count + other.count)
    same = adaptive.average([one])
    np.testing.assert_allclose(same.mean, one.mean, atol=1e-14)
    np.testing.assert_allclose(same.block_mean, one.block_mean, atol=1e-14)
    bare = [sg.state_gradients(module, x, sample=300, seed=seed, second_moment=False, **OPTIONS) for seed in (0, 1)]
    assert adaptive.average(bare).second_moment is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sample": "al"}, "sample is 'al'; give a number of positions, 'auto', or None for all"),
        ({"sample": "auto", "tolerance": 2.0}, "tolerance is 2.0; give a part of σ_1 between 0 and 1"),
        ({"sample": "auto", "execution": sg.Execution(checkpoint_path="x")}, "sample='auto' keeps no checkpoint; leave"),
    ],
)
def test_what_does_not_go_with_rounds_is_refused(options, sentence, shapes_unchecked):
    module, x = text(50)
    with pytest.raises(sg.InvalidInputError, match=sentence):
        sg.state_gradients(module, x, **OPTIONS, **options)
