import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.gradients.conditions import conditions_of
from stategrad.gradients.groups import groups_of, stratify
from stategrad.gradients.sampling import choose_positions

pytestmark = pytest.mark.usefixtures("way")

QUIET = {"show_progress": False}
DRAWS = 25
EVERY_PAIR = conditions_of(None, None, np.array([400]))


def uneven():
    """A text whose rare group has gradients of its own: a saturating input closes the gates for it."""
    module = nn.LSTM(3, 5).eval()
    x = torch.randn(400, 3)
    rare = np.zeros(400, dtype=bool)
    rare[::40] = True
    x[torch.from_numpy(rare)] *= 30
    return module, x, rare


def test_a_sample_as_large_as_the_text_is_the_text():
    module, x, rare = uneven()
    whole = sg.state_gradients(module, x, delays=5, groups={"rare": rare}, precision="float64", **QUIET)
    sampled = sg.state_gradients(module, x, delays=5, groups={"rare": rare}, sample=400, precision="float64", **QUIET)
    assert sampled.count.equals(whole.count)
    np.testing.assert_allclose(sampled.mean, whole.mean, rtol=0, atol=1e-15)


def test_a_weighted_sample_is_unbiased_where_an_unweighted_mean_of_it_is_not():
    module, x, rare = uneven()
    whole = sg.state_gradients(module, x, delays=1, precision="float64", **QUIET).mean.values[0, 0]
    singles = sg.state_gradients(
        module,
        x,
        delays=1,
        groups=np.arange(400).astype(str),
        blocks=1,
        precision="float64",
        second_moment=False,
        **QUIET,
    ).mean.sel(delay=0)
    strata = stratify(groups_of({"rare": rare}, np.array([400])), np.arange(400) * 10 // 400)
    weighted, unweighted = [], []
    for seed in range(DRAWS):
        sampled = sg.state_gradients(module, x, delays=1, groups={"rare": rare}, sample=30, seed=seed, precision="float64", **QUIET)
        weighted.append(sampled.mean.values[0, 0])
        used = choose_positions(strata, np.array([400]), np.array([0]), EVERY_PAIR, sample=30, seed=seed).used
        unweighted.append(singles.sel(group=used.astype(str)).values.mean(0))
    spread = np.std([np.linalg.norm(mean - whole) for mean in weighted])
    size = np.linalg.norm(whole)
    assert np.linalg.norm(np.mean(weighted, axis=0) - whole) < 0.02 * size + 3 * spread / np.sqrt(DRAWS)
    # one position of each rare stratum is always drawn: without weights the rare group counts ten times too much
    assert np.linalg.norm(np.mean(unweighted, axis=0) - whole) > 0.1 * size


def test_counts_tell_what_was_used_and_what_it_stands_for():
    module, x, rare = uneven()
    result = sg.state_gradients(module, x, delays=5, groups={"rare": rare}, sample=100, **QUIET)
    assert result.population.sel(group="all").values.tolist() == [400, 399, 398, 397, 396]
    assert 90 <= int(result.count.sel(group="all", delay=0)) <= 115
    assert int(result.count.sel(group="rare", delay=0)) == 10  # one stratum per block, none of them left out


def test_the_same_seed_draws_the_same_sample():
    module, x, _ = uneven()
    one, same, other = (sg.state_gradients(module, x, delays=2, sample=50, seed=seed, **QUIET) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.mean, same.mean)
    assert not np.array_equal(one.mean, other.mean)


@pytest.mark.parametrize("at", [None, np.arange(50) % 3 == 0])
def test_populations_are_counted_per_stratum_and_delay(at):
    lengths = np.array([20, 1, 29])
    labels = np.random.default_rng(0).choice(list("ab"), 50)
    parts = np.split(labels, np.cumsum(lengths)[:-1])
    strata = stratify(groups_of(parts, lengths), np.zeros(50, dtype=np.int64))
    chosen = choose_positions(
        strata, lengths, np.arange(30), conditions_of(None if at is None else np.split(at, [20, 21]), None, lengths)
    )
    ends = np.repeat(np.cumsum(lengths), lengths)
    for delay in range(30):
        naive = np.zeros(strata.count, dtype=int)
        for p in range(50):
            if p + delay < ends[p] and (at is None or at[p + delay]):
                naive[strata.of_position[p]] += 1
        assert chosen.population[0, :, delay].tolist() == naive.tolist()


def test_where_cuts_the_text_down_to_the_positions_that_are_used():
    module, x, rare = uneven()
    chosen = np.random.default_rng(0).random(400) < 0.3
    groups = {"rare": rare, "others": ~rare}
    cut = sg.state_gradients(module, x, delays=5, groups=groups, where=chosen, precision="float64", **QUIET)
    named = {"chosen": chosen, "rare": rare & chosen, "others": ~rare & chosen}
    whole = sg.state_gradients(module, x, delays=5, groups=named, precision="float64", **QUIET)
    for label, same in (("all", "chosen"), ("rare", "rare"), ("others", "others")):
        np.testing.assert_allclose(cut.mean.sel(group=label), whole.mean.sel(group=same), rtol=0, atol=1e-15)
        np.testing.assert_array_equal(cut.population.sel(group=label), whole.population.sel(group=same))
        np.testing.assert_allclose(cut.second_moment.sel(group=label), whole.second_moment.sel(group=same), rtol=0, atol=1e-15)
    few = sg.state_gradients(module, x, delays=5, where=chosen, sample=20, **QUIET)
    assert int(few.count[0, 0]) < int(chosen.sum()) == int(few.population[0, 0])


def test_where_is_in_the_shape_of_the_text_and_holds_positions_of_every_group():
    module, x, rare = uneven()
    with pytest.raises(sg.InvalidInputError, match="where has lengths 3; the streams have 400"):
        sg.state_gradients(module, x, delays=2, where=np.ones(3, bool), **QUIET)
    with pytest.raises(sg.InvalidInputError, match="where holds no position; give a boolean mask that is true somewhere"):
        sg.state_gradients(module, x, delays=2, where=np.zeros(400, bool), **QUIET)
    with pytest.raises(sg.InvalidInputError, match="groups without a position in where: rare; leave them out"):
        sg.state_gradients(module, x, delays=2, groups={"rare": rare}, where=~rare, **QUIET)
    with pytest.raises(sg.InvalidInputError, match="where goes with keep='mean'; with keep='spectrum' label some of the positions"):
        sg.state_gradients(module, x, delays=2, groups=rare.astype(str), where=rare, keep="spectrum", **QUIET)
