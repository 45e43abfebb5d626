"""Units of standard deviations, and what they are taken from."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import stategrad as sg

E, H, WORDS = 4, 6, 40
OPTIONS = {"delays": 5, "precision": "float64", "show_progress": False}


def model_of(kind, seed=0):
    torch.manual_seed(seed)
    return kind(E, H).double()


def inputs_of(length=400, seed=1):
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((WORDS, E)) * [1.0, 2.0, 0.5, 3.0]
    frequencies = np.arange(1.0, WORDS + 1)
    ids = generator.choice(WORDS, length, p=frequencies / frequencies.sum())
    return torch.from_numpy(vectors[ids]), sg.Embeddings(vectors, tuple(f"w{n}" for n in range(WORDS)), {}, frequencies)


def naive_states(module, x, state):
    """Every state by PyTorch's own single step."""
    outputs, carried = [], None
    for row in x:
        _, carried = module(row[None], carried)
        outputs.append((carried[1] if state == "cell" else carried[0] if isinstance(carried, tuple) else carried)[0])
    return torch.stack(outputs).detach().numpy()


@pytest.mark.parametrize(("kind", "state"), [(nn.LSTM, "cell"), (nn.LSTM, "hidden"), (nn.GRU, "hidden"), (nn.RNN, "hidden")])
def test_statistics_are_those_of_the_states(kind, state):
    module, (x, _) = model_of(kind), inputs_of()
    found = sg.describe_states(module, x, state=state, precision="float64")
    states = naive_states(module, x, state)
    np.testing.assert_allclose(found.mean, states.mean(0), atol=1e-12)
    np.testing.assert_allclose(found.sd, states.std(0), atol=1e-12)
    assert (found.layer, found.name, found.count) == (0, state, len(x))
    assert (found.keep is None) == ((kind, state) in [(nn.LSTM, "hidden"), (nn.RNN, "hidden")])


def test_pieces_and_streams_of_unequal_length_add_up(monkeypatch):
    from stategrad.gradients import stretches

    module, (x, _) = model_of(nn.GRU), inputs_of()
    streams = [x[:7], x[7:150], x[150:]]
    whole = sg.describe_states(module, streams, precision="float64")
    monkeypatch.setattr(stretches, "BYTES_OF_RECORD", 1)
    monkeypatch.setattr(stretches, "LEAST_STEPS", 10)
    parts = sg.describe_states(module, streams, precision="float64")
    states = np.concatenate([naive_states(module, one, "hidden") for one in streams])
    for found in (whole, parts):
        np.testing.assert_allclose(found.sd, states.std(0), atol=1e-12)
        assert found.count == len(x)
    np.testing.assert_allclose(whole.keep, parts.keep, atol=1e-12)


def test_gates_that_are_held_give_their_time_constant():
    lstm, gru = model_of(nn.LSTM), model_of(nn.GRU)
    for module, gate, units in ((lstm, slice(H, 2 * H), H), (gru, slice(H, 2 * H), H)):  # PyTorch's f and z
        for name, weight in module.named_parameters():
            weight.data[gate] = 0 if "weight" in name else torch.linspace(-1, 2, units) / 2
    x, _ = inputs_of()
    gates = torch.sigmoid(torch.linspace(-1, 2, H).double()).numpy()
    for module in (lstm, gru):
        found = sg.describe_states(module, x, precision="float64")
        np.testing.assert_allclose(found.keep, gates, atol=1e-7)
        np.testing.assert_allclose(found.time_constant, -1 / np.log(gates), rtol=1e-6)
    assert sg.describe_states(model_of(nn.RNN), x).time_constant is None


@pytest.mark.parametrize("over", ["types", "tokens"])
def test_rescaling_the_inputs_with_their_weights_changes_nothing(over):
    module, (x, embeddings) = model_of(nn.LSTM), inputs_of()
    other = copy.deepcopy(module)
    mixing = torch.from_numpy(np.random.default_rng(5).standard_normal((E, E)))  # any change of basis, a factor among them
    other.weight_ih_l0.data = module.weight_ih_l0.data @ torch.linalg.inv(mixing)
    moved = replace(embeddings, vectors=embeddings.vectors @ mixing.numpy().T)
    curves, results = [], []
    for one, vectors, words in ((module, x, embeddings), (other, x @ mixing.T, moved)):
        result = sg.state_gradients(one, vectors, embeddings=words, **OPTIONS)
        scaled = result.scale(sg.describe_states(one, vectors, precision="float64"), over=over)
        assert scaled.units == "sd"
        results.append((result, scaled))
        curves.append(
            (result.memory()["sigma_1"], scaled.memory()["sigma_1"], scaled.track(vectors[3].numpy(), 2)["relative_memory"])
        )
    assert np.abs(curves[0][0] / curves[1][0] - 1).max() > 0.01
    assert np.abs(sg.compare(results[0][1], results[1][1], relative=False)["difference"]).max() < 1e-9
    with pytest.raises(sg.InvalidInputError, match=r"absolute values of two models do not compare: .* or scale both results to"):
        sg.compare(results[0][0], results[1][0], relative=False)
    for before, after in zip(*(curve[1:] for curve in curves), strict=True):
        np.testing.assert_allclose(before, after, rtol=1e-10)


def test_rescaling_a_linear_state_changes_nothing():
    def step(x, state):
        return {"a": 0.5 * state["a"] + x @ weights}

    def scaled_step(x, state):
        return {"a": 0.5 * state["a"] + x @ weights * factors}

    weights, factors = torch.randn(E, H, dtype=torch.float64), torch.linspace(0.1, 7, H, dtype=torch.float64)
    x, embeddings = inputs_of()
    found = []
    for one in (step, scaled_step):
        start = {"a": torch.zeros(1, H, dtype=torch.float64)}
        result = sg.state_gradients(one, x, initial_state=start, embeddings=embeddings, **OPTIONS)
        statistics = sg.describe_states(one, x, initial_state=start, precision="float64")
        found.append(result.scale(statistics).spectrum()["singular_values"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10)


def test_the_formula():
    module, (x, embeddings) = model_of(nn.LSTM), inputs_of()
    result, statistics = sg.state_gradients(module, x, embeddings=embeddings, **OPTIONS), sg.describe_states(module, x)
    scaled = result.scale(statistics, over="tokens")
    centred = embeddings.vectors - np.average(embeddings.vectors, axis=0, weights=embeddings.frequencies)
    covariance = centred.T @ (centred * embeddings.frequencies[:, None]) / embeddings.frequencies.sum()
    root = scaled.whitening.values
    np.testing.assert_allclose(root @ root.T, covariance, rtol=1e-12)
    np.testing.assert_allclose(scaled.mean, result.mean.values / statistics.sd.values[:, None] @ root, rtol=1e-12)
    np.testing.assert_allclose(scaled.block_mean, result.block_mean.values / statistics.sd.values[:, None] @ root, rtol=1e-12)
    assert scaled.second_moment is None
    assert "rms" not in scaled.memory()


def test_units_are_kept_in_files_and_said(tmp_path):
    module, (x, embeddings) = model_of(nn.LSTM), inputs_of()
    result = sg.state_gradients(module, x, embeddings=embeddings, **OPTIONS)
    scaled = result.scale(sg.describe_states(module, x))
    scaled.save(tmp_path / "x.nc", block_dtype="float64")
    again = sg.StateGradients.load(tmp_path / "x.nc")
    assert (result.units, result.whiten().units, again.units) == ("paper2018", "csl2020", "sd")
    xr.testing.assert_equal(again.state_sd, scaled.state_sd)
    assert "units sd" in repr(again)
    assert "standard deviations of the state's units" in again.methods()
    assert "whitened input space" in result.whiten().methods()


def test_refusals(shapes_unchecked):
    module, (x, embeddings) = model_of(nn.LSTM), inputs_of()
    result = sg.state_gradients(module, x, embeddings=embeddings, **OPTIONS)
    cell, hidden = (sg.describe_states(module, x, state=name) for name in ("cell", "hidden"))
    still = replace(cell, sd=cell.sd.copy(data=np.array([1.0, 0.0, 1.0, 0.0, 1.0, 1.0])))
    bare, uncounted = replace(result, embeddings=None), replace(embeddings, frequencies=None)
    narrow = replace(embeddings, vectors=embeddings.vectors[:, :3])
    for attempt, sentence in (
        (
            lambda: result.scale(hidden),
            "of the hidden state of layer 0 with 6 units, the gradients of the cell state of layer 0",
        ),
        (lambda: result.scale(still), "unit 1 of the state never changes, 2 in all: nothing to scale by"),
        (lambda: result.whiten().scale(cell), "this result has units csl2020 already; scale the one that it was made from"),
        (lambda: result.scale(cell).scale(cell), "this result has units sd already"),
        (lambda: result.scale(cell).whiten(), "this result is whitened already"),
        (lambda: bare.scale(cell), "units sd need the embeddings, and this result holds none"),
        (lambda: bare.scale(cell, uncounted, over="tokens"), "units sd need how often each word occurs"),
        (lambda: result.scale(cell, over="tokns"), "unknown value of over 'tokns': did you mean 'tokens'"),
        (lambda: result.scale(cell, narrow), "embeddings have 3 dimensions, the gradients 4"),
        (lambda: sg.describe_states(module, x, state="cel"), "unknown state 'cel': did you mean 'cell'"),
    ):
        with pytest.raises(sg.InvalidInputError, match=sentence):
            attempt()
    assert json.loads(result.provenance)["state"] == {"layer": 0, "name": "cell"}
