"""Single columns of gradients: what whole gradients say of the same directions, for every cell and every cut."""

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import stategrad as sg
from stategrad.gradients.tangents import Window

E = 4


def decay(x, state):
    return {"fast": torch.tanh(x.sum(1, keepdim=True) + state["fast"] / 2), "slow": state["slow"] * 0.9 + x}


CASES = {
    "LSTM": lambda: (nn.LSTM(E, 6, 2), {}),
    "LSTM with a projection": lambda: (nn.LSTM(E, 6, proj_size=3), {"state": "hidden"}),
    "GRU, lower layer": lambda: (nn.GRU(E, 5, 2), {"state": (0, "hidden")}),
    "tanh": lambda: (nn.RNN(E, 5, 3), {}),
    "relu": lambda: (nn.RNN(E, 5, nonlinearity="relu"), {}),
    "a function": lambda: (decay, {"initial_state": {"fast": torch.zeros(1, 1), "slow": torch.zeros(1, E)}, "state": "slow"}),
    "groups and conditions": lambda: (nn.LSTM(E, 5), {"groups": np.array(["a", "b"] * 45), "segments": np.arange(90) // 8}),
    "a sample": lambda: (nn.LSTM(E, 5), {"sample": 30, "groups": np.array(["a", "b"] * 45)}),
    "windows of seven": lambda: (nn.GRU(E, 5), {"execution": sg.Execution(chunk_size=7)}),
}


@pytest.fixture
def directions():
    return {name: np.random.default_rng(n).normal(size=E) for n, name in enumerate(("number", "tense", "case", "mood", "voice"))}


def analyse(model, x, **options):
    return sg.state_gradients(model, x, **{"delays": 5, "precision": "float64", "show_progress": False} | options)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("count", [1, 3, 5])
def test_columns_are_those_of_whole_gradients(case, count, directions):
    model, options = CASES[case]()
    x, chosen = torch.randn(90, E), dict(list(directions.items())[:count])
    whole, columns = analyse(model, x, **options), analyse(model, x, directions=chosen, **options)
    D = np.stack(list(chosen.values()), axis=1)
    np.testing.assert_allclose(columns.mean, whole.mean.values @ D, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(columns.block_mean, whole.block_mean.values @ D, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(columns.second_moment, D.T @ whole.second_moment.values @ D, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(columns.block_second_moment, D.T @ whole.block_second_moment.values @ D, rtol=1e-10, atol=1e-14)
    for name in ("count", "population", "block_count"):
        xr.testing.assert_identical(getattr(columns, name), getattr(whole, name))
    assert columns.mean.dims == (*whole.mean.dims[:-1], "direction")
    assert columns.mean["direction"].values.tolist() == list(chosen)


def test_several_states_from_one_pass(directions):
    model, x = nn.LSTM(E, 5, 2), torch.randn(40, E)
    several = analyse(model, x, directions=directions, state=["cell", (0, "hidden")])
    assert set(several) == {(1, "cell"), (0, "hidden")}
    alone = analyse(model, x, directions=directions, state=(0, "hidden"))
    np.testing.assert_array_equal(several[0, "hidden"].mean, alone.mean)


def test_gain_and_relative_memory_agree_with_whole_gradients(directions):
    model, x = nn.LSTM(E, 5), torch.randn(200, E)
    whole, columns = analyse(model, x), analyse(model, x, directions=directions)
    curves, tracked = columns.memory(), whole.track(directions, 2)
    assert curves["gain"].dims == ("group", "direction", "delay")
    sigma_1 = whole.memory()["sigma_1"]
    for name, d in directions.items():
        gain = curves["gain"].sel(direction=name, drop=True)
        np.testing.assert_allclose(gain / sigma_1, tracked["relative_memory"].sel(property=name), rtol=1e-10)
        rms = np.sqrt(np.einsum("e,gtef,f->gt", d, whole.second_moment.values, d)) / np.linalg.norm(d)
        np.testing.assert_allclose(curves["rms"].sel(direction=name), rms, rtol=1e-10)
        np.testing.assert_allclose(curves["energy_share"].sel(direction=name), (gain / rms) ** 2, rtol=1e-10)


def test_the_length_of_a_direction_changes_no_measure(directions):
    model, x = nn.GRU(E, 5), torch.randn(120, E)
    longer = {name: 7.0 * d for name, d in directions.items()}
    curves, scaled = (analyse(model, x, directions=one).memory() for one in (directions, longer))
    xr.testing.assert_allclose(curves, scaled, rtol=1e-9)


def test_intervals_hold_what_agrees_over_blocks_and_noise_is_not_detected():
    """Weights that copy the first input into the state, against inputs that the state never reads."""
    model = nn.RNN(2, 3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
        model.weight_ih_l0[:, 0] = 0.5
    d = {"read": np.array([1.0, 0.0]), "unread": np.array([0.0, 1.0])}
    curves = analyse(model, torch.randn(400, 2), delays=2, directions=d).memory()
    at_0 = curves.isel(delay=0, group=0)
    assert at_0["detected"].sel(direction="read")
    assert not at_0["detected"].sel(direction="unread")
    read = at_0.sel(direction="read")
    assert read["gain_low"] < read["gain_debiased"] < read["gain_high"]
    assert float(read["gain_low"]) < float(read["gain"]) < float(read["gain_high"])
    assert at_0["gain"].sel(direction="unread") == 0
    assert np.isnan(at_0["gain_low"].sel(direction="unread"))


def test_second_moments_can_be_left_out(directions):
    columns = analyse(nn.GRU(E, 5), torch.randn(60, E), directions=directions, second_moment=False)
    assert columns.second_moment is None
    assert "rms" not in columns.memory()


def test_only_the_directions_are_propagated(directions, monkeypatch):
    widths = []
    propagate = Window.propagate

    def watching(self, *arguments):
        for delay, states in propagate(self, *arguments):
            widths.append({len(tangent) for tangent in states.values()})
            yield delay, states

    monkeypatch.setattr(Window, "propagate", watching)
    analyse(nn.LSTM(E, 5), torch.randn(30, E), directions={"number": directions["number"]})
    assert widths
    assert all(width == {1} for width in widths)


def test_properties_are_directions(directions):
    words = sg.Embeddings(np.random.default_rng(0).normal(size=(4, E)), ("a", "b", "c", "d"), {"one": (0, 1), "two": (2, 3)})
    d = sg.property_vector(words, "one", "two")
    columns = analyse(nn.GRU(E, 5), torch.randn(60, E), directions={"of words": d})
    np.testing.assert_array_equal(columns.directions.values, d.vector[None])


def test_save_and_load(tmp_path, directions):
    columns = analyse(nn.LSTM(E, 5), torch.randn(60, E), directions=directions)
    path = tmp_path / "columns.nc"
    columns.save(path)
    loaded = sg.DirectionalGradients.load(path)
    for name in ("mean", "block_mean", "second_moment", "count", "directions"):
        xr.testing.assert_equal(getattr(loaded, name), getattr(columns, name))
    assert loaded.provenance == columns.provenance
    assert len(loaded.to_dataframe()) == 5 * len(directions)
    with pytest.raises(sg.InvalidInputError, match="is not a result of stategrad"):
        sg.StateGradients.load(path)


def test_repr_tells_directions_and_sizes(directions):
    columns = analyse(nn.LSTM(E, 5), torch.randn(60, E), directions=directions)
    assert "5 × 5 (state × direction)" in repr(columns)
    assert "number, tense, case, mood, voice" in repr(columns)


def test_workers_share_directions_too(directions):
    model, x = nn.LSTM(E, 5), torch.randn(80, E)
    alone = analyse(model, x, directions=directions)
    shared = analyse(model, x, directions=directions, execution=sg.Execution(workers=2))
    np.testing.assert_allclose(alone.block_mean, shared.block_mean, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (2.5, "directions is 2.5; give a number of leading modes, or a mapping of names to properties or vectors of 4 numbers"),
        ({}, "directions is {}; give a number of leading modes, or a mapping"),
        ({"number": np.ones(3)}, r"direction 'number' has shape \(3,\); the embeddings have 4 dimensions"),
        (
            {"a": np.zeros(E), "b": np.full(E, np.nan)},
            r"2 problems with the analysis: direction 'a' is the zero vector .* 'b' is the",
        ),
    ],
)
def test_what_names_no_direction_is_refused(given, sentence, shapes_unchecked):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        analyse(nn.LSTM(E, 5), torch.randn(20, E), directions=given)


def test_what_needs_whole_gradients_is_refused(directions):
    x = torch.randn(20, E)
    with pytest.raises(sg.InvalidInputError, match="directions goes with keep='mean'; with keep='spectrum' leave them out"):
        analyse(nn.LSTM(E, 5), x, directions=directions, keep="spectrum", groups=["a", "b"] * 10)
    with pytest.raises(sg.InvalidInputError, match="sample='auto' looks at σ_1, which directions have not; give a number"):
        analyse(nn.LSTM(E, 5), x, directions=directions, sample="auto")


def test_memory_is_asked_for_the_columns_alone(directions, monkeypatch):
    asked = []
    monkeypatch.setattr("stategrad.gradients.memory_need.memory_of", lambda device: asked.append(device) or 40_000)
    model, x = nn.LSTM(E, 5), torch.randn(200, E)
    with pytest.raises(sg.InvalidInputError, match="1 groups × 20 blocks × 30 delays take"):
        analyse(model, x, blocks=20, delays=30, second_moment=False)
    analyse(model, x, blocks=20, delays=30, second_moment=False, directions={"one": directions["case"]})
    assert len(asked) == 2
