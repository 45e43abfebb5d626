"""What holds for swap memory whatever the model."""

import json

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

import stategrad as sg

QUIET = {"show_progress": False}


def test_a_word_swapped_for_itself_changes_nothing():
    module, x = nn.LSTM(3, 5, num_layers=2).double().eval(), torch.randn(60, 3).double()
    result = sg.swap_memory(module, x, delays=4, swaps=x, precision="float64", **QUIET)
    assert float(result.theta.max()) < 1e-14
    swapped = x.clone()
    swapped[::2] = torch.randn(30, 3).double()
    halves = {"swapped": np.arange(60) % 2 == 0, "same": np.arange(60) % 2 == 1}
    both = sg.swap_memory(module, x, delays=4, swaps=swapped, groups=halves, precision="float64", **QUIET)
    assert float(both.theta.sel(group="same").max()) < 1e-14
    assert int(both.count.sel(group="all", delay=0)) == 60  # given replacements count as they are
    assert float(both.theta.sel(group="all", delay=0)) == pytest.approx(float(both.theta.sel(group="swapped", delay=0)) / 2)


def linear_rnn(units=4):
    """A relu network whose units never reach zero, so that it is linear."""
    module = nn.RNN(3, units, nonlinearity="relu").eval().double()
    module.weight_hh_l0.data.uniform_(0, 1 / units)
    module.bias_hh_l0.data.fill_(50.0)
    return module


def test_a_linear_network_has_validity_one_and_the_swap_memory_of_its_powers():
    module, x = linear_rnn(), torch.randn(80, 3).double()
    others = torch.randn(80, 3).double()
    options = {"delays": 6, "precision": "float64"} | QUIET
    gradients = sg.state_gradients(module, x, **options)
    result = sg.swap_memory(module, x, swaps=others, gradients=gradients, **options)
    np.testing.assert_allclose(result.validity, 1, atol=1e-12)
    np.testing.assert_allclose(result.validity_own, 1, atol=1e-12)
    W, U = module.weight_hh_l0.detach().numpy(), module.weight_ih_l0.detach().numpy()
    for delay in range(6):
        moved = (others - x).numpy()[: 80 - delay] @ (np.linalg.matrix_power(W, delay) @ U).T
        expected = np.linalg.norm(moved, axis=1).mean()
        assert float(result.theta.sel(group="all", delay=delay)) == pytest.approx(expected, rel=1e-9)


def test_of_a_swap_that_rounding_has_ended_nothing_is_explained():
    """The gradient fades on below what numbers of this precision can tell; the state does not."""
    module, x = nn.RNN(3, 4).eval(), torch.randn(200, 3)
    module.weight_hh_l0.data = 0.1 * torch.eye(4)
    gradients = sg.state_gradients(module, x, delays=25, **QUIET)
    result = sg.swap_memory(module, x, delays=25, swaps=torch.randn(200, 3), gradients=gradients, **QUIET)
    states, _ = module(x)
    resolution = np.finfo(np.float32).eps * float(states.detach().square().sum(1).mean().sqrt())
    gone = (result.theta < 10 * resolution).values
    assert ((result.theta == 0).values[0, 15:].all(), gone[0, :4].any()) == (True, False)
    assert (np.abs(gradients.mean.sel(delay=24)) > 0).any()
    agreement = result.agreement()
    for measure in (result.validity, result.validity_own, agreement["validity"], agreement["cosine"], agreement["cosine_own"]):
        np.testing.assert_array_equal(np.isnan(measure), gone)
    # what is told is what twice the digits tell
    others, told = torch.randn(200, 3), []
    for precision in ("float32", "float64"):
        options = {"delays": 25, "precision": precision} | QUIET
        mine = sg.state_gradients(module, x, **options)
        told.append(sg.swap_memory(module, x, swaps=others, gradients=mine, **options).validity_own)
    assert float(np.abs(told[0] - told[1]).max()) < 0.02


def test_small_swaps_are_explained_and_large_ones_less():
    module, x = nn.LSTM(3, 8).double().eval(), 0.1 * torch.randn(300, 3).double()
    for parameter in module.parameters():
        parameter.data *= 3
    options = {"delays": 3, "precision": "float64"} | QUIET
    gradients = sg.state_gradients(module, x, **options)
    push = torch.randn_like(x)
    small, large = (
        sg.swap_memory(module, x, swaps=x + size * push, gradients=gradients, **options).validity for size in (1e-2, 3.0)
    )
    assert (small > 0.8).all()
    assert (large < small).all()


def test_groups_recombine_to_the_mean_of_all_and_blocks_to_each_group():
    module, x = nn.GRU(3, 5).eval(), torch.randn(4, 50, 3)
    labels = np.random.default_rng(0).choice(list("abc"), (4, 50))
    result = sg.swap_memory(module, x, delays=7, groups=labels, blocks=6, precision="float64", **QUIET)
    parts = result.theta.sel(group=list("abc")), result.count.sel(group=list("abc"))
    np.testing.assert_allclose((parts[0] * parts[1]).sum("group") / parts[1].sum("group"), result.theta.sel(group="all"))
    whole = (result.block_theta * result.block_count).sum("block") / result.block_count.sum("block")
    np.testing.assert_allclose(whole, result.theta)


def test_any_sample_stands_for_the_whole_where_the_positions_of_a_stratum_are_alike():
    module = nn.RNN(3, 5).eval()
    module.weight_hh_l0.data.zero_()  # no memory: a change depends on the word and its replacement alone
    rare = np.arange(400) % 40 == 0
    x, others = (torch.where(torch.from_numpy(rare)[:, None], torch.randn(3), torch.randn(3)) for _ in range(2))
    options = {"delays": 2, "groups": {"rare": rare}, "precision": "float64"} | QUIET
    gradients = sg.state_gradients(module, x, **options)
    whole = sg.swap_memory(module, x, swaps=others, gradients=gradients, sample=None, **options)
    assert abs(float(whole.validity[0, 0] - whole.validity[1, 0])) > 0.01
    # one position of each rare stratum is drawn, a third of the sample for a fortieth of the text: weights undo it
    sample = sg.swap_memory(module, x, swaps=others, gradients=gradients, sample=30, **options)
    np.testing.assert_allclose(sample.theta, whole.theta, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(sample.validity.sel(delay=0), whole.validity.sel(delay=0), rtol=1e-9)
    assert sample.count.sel(group="rare").values.tolist() == [10, 10]
    assert sample.population.sel(group="all").values.tolist() == [400, 399]
    assert int(sample.count.sel(group="all", delay=0)) < 50


@pytest.mark.parametrize("swaps", ["unigram", "mean"])
def test_the_cut_of_the_work_changes_nothing(swaps):
    module, x = nn.LSTM(3, 5).eval(), [torch.randn(length, 3) for length in (90, 3, 40, 1)]
    groups = [np.random.default_rng(0).choice(list("ab"), len(part)) for part in x]
    options = {"delays": 6, "groups": groups, "swaps": swaps, "precision": "float64"} | QUIET
    gradients = sg.state_gradients(module, x, delays=6, groups=groups, precision="float64", **QUIET)
    one, few = (
        sg.swap_memory(module, x, gradients=gradients, execution=sg.Execution(chunk_size=size), **options) for size in (1000, 7)
    )
    np.testing.assert_allclose(one.theta, few.theta, rtol=1e-12)
    np.testing.assert_allclose(one.block_theta, few.block_theta, rtol=1e-12)
    np.testing.assert_allclose(one.validity, few.validity, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.validity_own, few.validity_own, rtol=1e-9, atol=1e-12)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others():
    module, x = nn.LSTM(3, 5).eval(), torch.randn(200, 3)
    one, same, other = (sg.swap_memory(module, x, delays=3, sample=50, seed=seed, **QUIET) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.theta, same.theta)
    assert not np.array_equal(one.theta, other.theta)


def test_neither_the_model_nor_the_inputs_are_changed():
    module, x = nn.LSTM(3, 5).eval(), torch.randn(50, 3)
    before, weights = x.clone(), {name: value.clone() for name, value in module.state_dict().items()}
    sg.swap_memory(module, x, delays=3, **QUIET)
    assert torch.equal(x, before)
    assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())


def test_relative_memory_and_the_table():
    module, x = nn.LSTM(3, 5).eval(), torch.randn(50, 3)
    gradients = sg.state_gradients(module, x, delays=[0, 2], **QUIET)
    result = sg.swap_memory(module, x, delays=[0, 2], gradients=gradients, **QUIET)
    assert float(result.relative().sel(group="all", delay=2)) == float(result.theta[0, 1] / result.theta[0, 0])
    table = result.to_dataframe()
    expected = ["group", "delay", "count", "population", "theta", "theta_low", "theta_high"]
    assert list(table.columns) == [
        *expected,
        "relative",
        *("validity", "validity_low", "validity_high"),
        *("cosine", "cosine_low", "cosine_high"),
        *("validity_own", "validity_own_low", "validity_own_high"),
        *("cosine_own", "cosine_own_low", "cosine_own_high"),
    ]
    assert table.loc[1, ["delay", "theta", "validity"]].tolist() == [2, float(result.theta[0, 1]), float(result.validity[0, 1])]
    late = sg.swap_memory(module, x, delays=[2, 3], **QUIET)
    assert list(late.to_dataframe().columns) == expected
    assert late.validity is None
    with pytest.raises(sg.InvalidInputError, match=r"θ\(τ\)/θ\(0\) needs delay 0, and the delays are \[2, 3\]; include 0"):
        late.relative()


def test_what_a_result_says_of_itself():
    module, x = nn.LSTM(3, 5).eval(), torch.randn(50, 3)
    result = sg.swap_memory(module, x, delays=4, swaps="mean", sample=20, groups=np.array(list("ab") * 25), blocks=5, **QUIET)
    text = repr(result)
    assert "SwapMemory of the cell state, layer 0, swaps: mean" in text
    assert "20 of 50 in 5 blocks" in text
    assert "delays     0, 1, 2, 3" in text
    assert "groups     all, a, b" in text
    facts = json.loads(result.provenance)
    assert facts["settings"]["swaps"] == "mean"
    given = sg.swap_memory(module, x, delays=4, swaps=torch.randn(50, 3), **QUIET)
    assert json.loads(given.provenance)["settings"]["swaps"] == "given"


def test_a_group_that_no_delay_reaches_has_no_value_there():
    module, x = nn.LSTM(3, 5).eval(), torch.randn(20, 3)
    last = sg.swap_memory(module, x, delays=3, groups={"last": np.arange(20) == 19}, **QUIET)
    assert np.isfinite(last.theta.sel(group="last", delay=0))
    assert np.isnan(last.theta.sel(group="last", delay=[1, 2])).all()
    assert last.count.sel(group="last").values.tolist() == [1, 0, 0]


def test_the_interval_of_theta_is_that_of_its_blocks():
    x = torch.randn(400, 3)
    result = sg.swap_memory(nn.LSTM(3, 4), x, delays=3, sample=None, show_progress=False)
    interval = result.interval().sel(group="all", delay=0)
    blocks = result.block_theta.sel(group="all", delay=0).values
    half = stats.t.ppf(0.975, 9) * blocks.std(ddof=1) / np.sqrt(10)
    np.testing.assert_allclose([interval["low"], interval["high"]], blocks.mean() + np.array([-half, half]), rtol=1e-6)
    frame = result.to_dataframe()
    assert (frame["theta_low"] < frame["theta"]).all()
    assert sg.swap_memory(nn.LSTM(3, 4), x, blocks=3, delays=1, show_progress=False).to_dataframe()["theta_low"].isna().all()


def test_where_cuts_all_groups_down_to_some_positions():
    module, x = nn.LSTM(3, 5).double().eval(), torch.randn(2, 40, 3).double()
    others, some = torch.randn(2, 40, 3).double(), np.random.default_rng(0).random((2, 40)) < 0.4
    early = np.tile(np.arange(40) < 20, (2, 1))
    options = {"delays": 3, "swaps": others, "precision": "float64", "sample": None} | QUIET
    cut = sg.swap_memory(module, x, where=some, groups={"early": early}, **options)
    whole = sg.swap_memory(module, x, groups={"some": some, "both": some & early}, **options)
    np.testing.assert_allclose(cut.theta.sel(group="all"), whole.theta.sel(group="some"))
    np.testing.assert_allclose(cut.theta.sel(group="early"), whole.theta.sel(group="both"))
    assert int(cut.count.sel(group="all", delay=0)) == int(some.sum())
