"""Causal pushes against whole runs of the model and gradients by autograd, and what holds for them whatever the model."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import nn

import stategrad as sg
from naive import all_gradients, state_sequence
from stategrad.swaps.pushes import typical_swap

QUIET = {"show_progress": False}
LENGTHS = (17, 1, 9)
CASES = {
    "lstm": (nn.LSTM, {}, (0, "cell")),
    "lstm-two-layers": (nn.LSTM, {"num_layers": 2}, (1, "hidden")),
    "lstm-lower-layer": (nn.LSTM, {"num_layers": 2}, (0, "cell")),
    "gru": (nn.GRU, {}, (0, "hidden")),
    "rnn-tanh": (nn.RNN, {}, (0, "hidden")),
}


def module_of(kind, options=None):
    module = kind(3, 5, **(options or {})).double().eval()
    for parameter in module.parameters():
        parameter.data *= 2
    return module


def linear_rnn(units=4):
    """A relu network whose units never reach zero, so that it is linear."""
    module = nn.RNN(3, units, nonlinearity="relu").eval().double()
    module.weight_hh_l0.data.uniform_(0, 1 / units)
    module.bias_hh_l0.data.fill_(50.0)
    return module


def naive_responses(module, streams, push, state, delays):
    """`{(position, delay): (Δs of +d, Δs of -d, G d)}`, a rerun of the whole stream for every position and sign."""
    found, before = {}, 0
    for x in streams:
        gradients = all_gradients(module, x, max(delays) + 1, state)
        original = [s.detach().numpy() for s in state_sequence(module, x, state)]
        for p in range(len(x)):
            moved = []
            for sign in (1, -1):
                pushed = x.clone()
                pushed[p] += sign * torch.from_numpy(push)
                moved.append([s.detach().numpy() for s in state_sequence(module, pushed, state)])
            for delay in delays:
                if p + delay < len(x):
                    t = p + delay
                    found[before + p, delay] = (*(one[t] - original[t] for one in moved), gradients[delay][p] @ push)
        before += len(x)
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_measure_of_every_group_and_block_equals_its_definition(case):
    kind, options, state = CASES[case]
    module, delays, sizes = module_of(kind, options), [0, 2, 3], [0.3, 2.0]
    streams = [torch.randn(length, 3, dtype=torch.float64) for length in LENGTHS]
    labels, blocks = np.random.default_rng(0).choice(["a", "b"], sum(LENGTHS)), np.arange(sum(LENGTHS)) * 3 // sum(LENGTHS)
    ends = np.cumsum(LENGTHS)[:-1]
    directions = {"first": np.array([2.0, 0, 0]), "other": np.array([1.0, -1, 3])}
    same = {"delays": delays, "state": state, "groups": np.split(labels, ends), "precision": "float64"} | QUIET
    gradients = sg.state_gradients(module, streams, **same)
    result = sg.push_states(
        module, streams, directions, gradients=gradients, sizes=sizes, unit=1.5, blocks=np.split(blocks, ends), sample=None, **same
    )
    effects = result.effects()
    for name, d in directions.items():
        for size in sizes:
            push = size * 1.5 * d / np.linalg.norm(d)
            moved = naive_responses(module, streams, push, state, delays)
            for group in ("all", "a", "b"):
                for delay in delays:
                    here = {"group": group, "direction": name, "delay": delay, "size": size}
                    at = [p for p, d in moved if d == delay and group in ("all", labels[p])]
                    signed = np.array([[moved[p, delay][0], -moved[p, delay][1]] for p in at])
                    own = np.array([[moved[p, delay][2]] * 2 for p in at])
                    predicted = gradients.mean.sel(group=group, delay=delay).values @ push
                    square, mean = (signed**2).sum(-1).mean(), signed.mean((0, 1))
                    expected = {
                        "rms": np.sqrt(square),
                        "own_explained": 1 - ((signed - own) ** 2).sum(-1).mean() / square,
                        "explained": 1 - ((signed - predicted) ** 2).sum(-1).mean() / square,
                        "predicted": np.linalg.norm(predicted),
                        "projection": mean @ predicted / np.linalg.norm(predicted),
                        "cosine": mean @ predicted / np.linalg.norm(predicted) / np.linalg.norm(mean),
                    }
                    for measure, value in expected.items():
                        assert float(effects[measure].sel(here)) == pytest.approx(value, rel=1e-7, abs=1e-9), (measure, here)
                    assert int(result.count.sel(group=group, delay=delay)) == len(at)
                    for block in range(3):
                        inside = [(signed[i] ** 2).sum(-1).mean() for i, p in enumerate(at) if blocks[p] == block]
                        of_block = float(result.block_square.sel(here | {"block": block}))
                        assert of_block == pytest.approx(np.mean(inside) if inside else 0, rel=1e-7)


def test_a_linear_network_is_linear_at_every_size_and_its_constant_gradient_explains_everything():
    module, x = linear_rnn(), torch.randn(120, 3).double()
    options = {"delays": [0, 1, 4], "precision": "float64"} | QUIET
    gradients = sg.state_gradients(module, x, **options)
    result = sg.push_states(module, x, {"d": np.ones(3)}, gradients=gradients, modes=2, **options)
    effects, ranges = result.effects(), result.linear_range()
    for measure in ("explained", "own_explained", "cosine"):
        np.testing.assert_allclose(effects[measure], 1, atol=1e-12)
    np.testing.assert_allclose(effects["rms"], effects["predicted"])
    np.testing.assert_allclose(effects["projection"], effects["predicted"])
    assert ranges["linear_throughout"].all()
    assert (ranges["linear_up_to"] == 2.0).all()
    assert result.directions == ["d", "v_1 at τ=0", "v_2 at τ=0"]
    # pushes of v_1 have the length σ_1 in the state
    sigma = float(gradients.spectrum()["singular_values"][0, 0, 0])
    pushed = effects["rms"].sel(group="all", direction="v_1 at τ=0", delay=0)
    np.testing.assert_allclose(pushed, sigma * result.unit * np.array(result.sizes))


def test_a_tanh_network_is_linear_for_small_pushes_alone():
    module, x = nn.RNN(3, 6).double().eval(), torch.randn(300, 3).double()
    for parameter in module.parameters():
        parameter.data *= 3
    sizes = [0.01, 0.1, 0.5, 2.0, 8.0]
    result = sg.push_states(module, x, {"d": np.ones(3)}, delays=[0, 3], sizes=sizes, precision="float64", **QUIET)
    own = result.effects()["own_explained"].sel(group="all", direction="d")
    assert (own.sel(size=0.01) > 0.99).all()
    assert (own.sel(size=8.0) < 0.5).all()
    ranges = result.linear_range().sel(group="all", direction="d")
    assert not ranges["linear_throughout"].any()
    for delay in (0, 3):
        reach = float(ranges["linear_up_to"].sel(delay=delay))
        held = [size for size in sizes if float(own.sel(delay=delay, size=size)) >= 0.9]
        assert held[-1] <= reach < sizes[len(held)]
        low, high = (float(ranges[f"linear_up_to_{end}"].sel(delay=delay)) for end in ("low", "high"))
        assert low < reach < high
    # asked for the share that is missed at a tested size exactly, it is that size
    missed = 1 - float(own.sel(delay=0, size=0.5))
    assert float(result.linear_range(unexplained=missed + 1e-12)["linear_up_to"][0, 0, 0]) == pytest.approx(0.5)
    few = sg.push_states(module, x, {"d": np.ones(3)}, delays=[0], sizes=[8.0, 9.0], **QUIET).linear_range()
    assert few["linear_up_to"].isnull().all()


def test_rounding_is_not_taken_for_curvature():
    module, x = nn.LSTM(16, 64).eval(), torch.randn(400, 16)
    options = {"delays": [0, 20, 25, 60], "sample": 100, "unit": 5.0} | QUIET
    single, double = (
        sg.push_states(module, x, {"d": np.ones(16)}, precision=precision, **options) for precision in ("float32", "float64")
    )
    states = torch.stack(state_sequence(module, x, (0, "cell"))).detach().numpy()
    length = np.sqrt(np.square(states).sum(1).mean())
    assert single.resolution == pytest.approx(np.finfo(np.float32).eps * length, rel=0.1)  # of a sample of the steps
    coarse, fine = (one.effects().sel(group="all", direction="d") for one in (single, double))
    lost = np.isnan(coarse["own_explained"])
    np.testing.assert_array_equal(lost, coarse["rms"] < 10 * single.resolution)
    np.testing.assert_array_equal(lost, np.isnan(coarse["own_explained_low"]))
    assert 0 < int(lost.sel(delay=25).sum()) < 6 == int(lost.sel(delay=60).sum())
    assert not np.isnan(fine["own_explained"]).any()
    difference = coarse["own_explained"] - fine["own_explained"]
    assert float(np.abs(difference).max()) < 0.02
    far, true = (one.linear_range().sel(group="all", direction="d") for one in (single, double))
    np.testing.assert_allclose(far["linear_up_to"][:3], true["linear_up_to"][:3], rtol=0.01)
    assert np.isnan(far["linear_up_to"].sel(delay=60))
    assert not far["linear_throughout"].any()


def test_a_model_of_ones_own_is_pushed_too():
    weights = torch.randn(4, 3).double()

    def step(x, state):
        return torch.tanh(0.8 * state + x @ weights.T)

    x, start = torch.randn(40, 3).double(), torch.zeros(1, 4).double()
    small = sg.push_states(
        step, x, {"d": np.ones(3)}, delays=[0, 2], sizes=[1e-4], unit=1.0, initial_state=start, precision="float64", **QUIET
    )
    assert (small.effects()["own_explained"] > 1 - 1e-6).all()


def test_a_push_of_size_one_is_as_long_as_a_typical_swap():
    x = torch.randn(500, 3)
    result = sg.push_states(nn.LSTM(3, 4).eval(), x, {"d": np.array([0, 0, 7.0])}, delays=[0], sample=10, **QUIET)
    expected = (x[:, None] - x).norm(dim=-1).sum() / (500 * 499)
    assert result.unit == pytest.approx(float(expected), rel=0.05)
    np.testing.assert_allclose(result.pushes, [[0, 0, result.unit]])
    ids = torch.tensor([0, 1, 1, 1] * 50)
    model = sg.LanguageModel(sg.models.language_model.ModelConfig(vocabulary_size=2, embedding_size=3, hidden_size=4)).eval()
    between = float((model.embedding.weight[0] - model.embedding.weight[1]).norm().detach())
    assert sg.push_states(model, ids, {"d": np.ones(3)}, delays=[0], **QUIET).unit == pytest.approx(between, rel=1e-6)


def test_the_length_of_a_typical_swap_is_that_of_some_of_the_draws(monkeypatch):
    from stategrad.cells.base import PRECISIONS
    from stategrad.cells.network import network_of
    from stategrad.gradients.streams import streams_of

    monkeypatch.setattr("stategrad.swaps.pushes.DRAWS", 300)
    x = torch.randn(2000, 3)
    streams = streams_of(x, network_of(nn.LSTM(3, 4).eval(), PRECISIONS["float32"]))
    assert typical_swap(x, streams, 0) == pytest.approx(4 / np.sqrt(np.pi), rel=0.1)  # of normal vectors in 3-space
    assert typical_swap(x, streams, 0) == typical_swap(x, streams, 0) != typical_swap(x, streams, 1)


def test_the_cut_of_the_work_and_the_length_of_a_stretch_change_nothing(monkeypatch):
    module, x = nn.LSTM(3, 5).eval(), [torch.randn(length, 3) for length in (90, 3, 40, 1)]
    groups = [np.random.default_rng(0).choice(list("ab"), len(part)) for part in x]
    options = {"delays": [0, 4], "groups": groups, "precision": "float64", "sample": 60} | QUIET
    directions = {"d": np.ones(3), "e": np.arange(3.0)}
    one, few = (sg.push_states(module, x, directions, execution=sg.Execution(chunk_size=size), **options) for size in (4096, 7))
    monkeypatch.setattr("stategrad.gradients.stretches.LEAST_STEPS", 1)
    monkeypatch.setattr("stategrad.gradients.stretches.BYTES_OF_RECORD", 1)
    short = sg.push_states(module, x, directions, **options)
    for other in (few, short):
        for name in ("square", "own_error", "effect", "block_effect"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-13)


def test_any_sample_stands_for_the_whole_where_the_positions_of_a_stratum_are_alike():
    module = nn.RNN(3, 5).eval()
    module.weight_hh_l0.data.zero_()
    rare = np.arange(400) % 40 == 0
    x = torch.where(torch.from_numpy(rare)[:, None], torch.randn(3), torch.randn(3))
    options = {"delays": [0], "groups": {"rare": rare}, "precision": "float64", "unit": 1.0} | QUIET
    whole, sample = (sg.push_states(module, x, {"d": np.ones(3)}, sample=size, **options) for size in (None, 30))
    np.testing.assert_allclose(sample.square, whole.square, rtol=1e-12)
    np.testing.assert_allclose(sample.effect, whole.effect, rtol=1e-12)
    assert int(sample.count.sel(group="all", delay=0)) < 50
    assert int(sample.population.sel(group="all", delay=0)) == 400


def test_intervals_are_those_of_the_blocks():
    module, x, directions = nn.LSTM(3, 4).eval(), torch.randn(400, 3), {"d": np.ones(3)}
    result = sg.push_states(module, x, directions, delays=[0], sizes=[1.0], sample=None, **QUIET)
    effects = result.effects()
    share = 1 - result.block_own_error / result.block_square
    spread = stats.t.ppf(0.975, 9) * share.std("block", ddof=1) / np.sqrt(10)
    half = (effects["own_explained_high"] - effects["own_explained_low"]) / 2
    np.testing.assert_allclose(half.squeeze(), spread.squeeze(), rtol=0.15)
    few = sg.push_states(module, x, directions, delays=[0], blocks=3, **QUIET)
    assert few.effects()["rms_low"].isnull().all()
    assert few.linear_range()["linear_up_to_low"].isnull().all()


def test_results_are_saved_and_read_again_and_tell_what_they_are(tmp_path):
    module, x = nn.LSTM(3, 5).eval(), torch.randn(60, 3)
    gradients = sg.state_gradients(module, x, delays=[0, 2], **QUIET)
    for given in (gradients, None):
        result = sg.push_states(module, x, {"d": np.ones(3)}, gradients=given, delays=[0, 2], sizes=[1.0, 0.5], **QUIET)
        result.save(tmp_path / "pushes.nc")
        again = sg.PushResponse.load(tmp_path / "pushes.nc")
        pd.testing.assert_frame_equal(again.to_dataframe(), result.to_dataframe(), check_dtype=False)
        assert (again.prediction is None) == (given is None)
        assert again.unit == result.unit
        assert "explained" in again.to_dataframe() or given is None
    table = result.to_dataframe()
    assert list(table.columns[:4]) == ["group", "direction", "delay", "size"]
    assert table[["delay", "size"]].values.tolist() == [[0, 0.5], [0, 1], [2, 0.5], [2, 1]]
    text = repr(result)
    assert "PushResponse of the cell state, layer 0" in text
    assert f"sizes      0.5, 1 × {result.unit:.3g}" in text
    assert "positions  60 of 60 in 10 blocks" in text
    assert json.loads(result.provenance)["settings"]["unit"] == result.unit
    (tmp_path / "text.nc").write_text("words")
    with pytest.raises(sg.InvalidInputError, match=r"text.nc is not a netCDF-4 file"):
        sg.PushResponse.load(tmp_path / "text.nc")


def test_neither_the_model_nor_the_inputs_are_changed():
    module, x = nn.LSTM(3, 5).eval(), torch.randn(50, 3)
    before, weights = x.clone(), {name: value.clone() for name, value in module.state_dict().items()}
    sg.push_states(module, x, {"d": np.ones(3)}, delays=3, **QUIET)
    assert torch.equal(x, before)
    assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())


def push(model=None, inputs=None, **options):
    model = nn.LSTM(3, 4).eval() if model is None else model
    inputs = torch.randn(30, 3) if inputs is None else inputs
    return sg.push_states(model, inputs, **{"directions": {"d": np.ones(3)}, "delays": [0]} | QUIET | options)


def push_with(modes=0, taken=None, **options):
    model, x = nn.LSTM(3, 4).eval(), torch.randn(30, 3)
    gradients = sg.state_gradients(model, x, **{"delays": [0]} | QUIET | (taken or {}))
    return push(model, x, gradients=gradients, modes=modes, **options)


REFUSALS = {
    "no direction": (lambda: push(directions=None), "directions is None; give"),
    "the zero vector": (lambda: push(directions={"d": np.zeros(3)}), "direction 'd' is the zero vector"),
    "a vector of another size": (lambda: push(directions={"d": np.ones(4)}), r"direction 'd' has shape \(4,\); .* 3 dimensions"),
    "negative sizes": (lambda: push(sizes=[-1.0]), r"sizes is \[-1.0\]; give numbers above 0, each is pushed with both signs"),
    "no sizes": (lambda: push(sizes=[]), r"sizes is \[\]; give numbers above 0"),
    "a size twice": (lambda: push(sizes=[1.0, 1.0]), r"sizes are \[1.0, 1.0\]; give each once"),
    "two faults": (
        lambda: push(sizes=[0.0], unit=-2.0),
        "2 problems with the pushes: sizes is .* Also: unit is -2.0; give the length",
    ),
    "modes without gradients": (lambda: push(modes=1), "modes is 1, and there are no gradients to take v_1 from; pass gradients"),
    "too many modes": (lambda: push_with(modes=4), "modes is 4; these gradients have 3, give a number from 1 to that"),
    "gradients with conditions": (
        lambda: push_with(taken={"segments": np.arange(30) // 5}),
        "gradients hold conditions on the state's position .boundary.; pass those without at and segments",
    ),
    "gradients of other delays": (lambda: push_with(delays=[0, 3]), "gradients lack the delays 3; ask for the same delays in both"),
    "a text that never varies": (lambda: push(inputs=torch.ones(30, 3)), "no position has another input to be drawn"),
    "unknown precision": (lambda: push(precision="float23"), "unknown precision 'float23': did you mean 'float32'"),
    "an empty sample": (lambda: push(sample=0), "sample is 0; give at least 1 position, or None for all"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_the_culprit_and_what_to_do(case, shapes_unchecked):
    attempt, sentence = REFUSALS[case]
    with pytest.raises(sg.InvalidInputError, match=sentence):
        attempt()


def test_exploding_states_are_said_and_not_averaged():
    module = nn.RNN(2, 2, nonlinearity="relu").eval()
    for parameter in module.parameters():
        parameter.data.fill_(1e4)
    with pytest.raises(sg.InvalidInputError, match=r"beyond torch.float32 after a push, from delay \d+: they explode"):
        push(module, torch.rand(20, 2), delays=15, directions={"d": np.ones(2)})


def test_one_words_own_gradient_holds_up_to_about_a_tenth_of_a_swap_in_the_reference_model(shared):
    from stategrad.corpus.ptb import load_ptb

    model, _ = sg.load_model(shared / "reference" / "ptb-lstm.safetensors")
    stream = load_ptb(shared / "data" / "ptb.zip").valid.streams[0][:5000]
    options = {"delays": [0, 5], "sample": 150} | QUIET
    gradients = sg.state_gradients(model.eval(), stream, **options)
    ranges = sg.push_states(
        model, stream, gradients=gradients, modes=1, sizes=[0.02, 0.05, 0.1, 0.2, 0.5], **options
    ).linear_range()
    assert (ranges["linear_up_to"] > 0.05).all()
    assert (ranges["linear_up_to"] < 0.2).all()
