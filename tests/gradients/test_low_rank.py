"""Leading modes from products: never above those of whole gradients, right where there are few, and errors that say how far off."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import stategrad as sg
from stategrad.gradients import adjoint, engine
from stategrad.measures.detection import sign_flip_test

E = 90
STREAMS = (45, 30, 12)


def decay(x, state):
    return {"fast": torch.tanh(x.sum(1, keepdim=True) + state["fast"] / 2), "slow": state["slow"] * 0.9 + torch.sin(x)}


def planted(module, decay_of_mode):
    """Input weights with singular values 2, 2d, 2d², …: what the state reads of its inputs has few leading modes."""
    with torch.no_grad():
        weight = module.weight_ih_l0
        left, _, right = torch.linalg.svd(weight, full_matrices=False)
        weight.copy_(left * (2 * decay_of_mode ** torch.arange(left.shape[1])) @ right)
    return module.eval()


def analyse(model, x, k=None, **options):
    options = {"delays": [0, 1, 4, 9], "precision": "float64", "show_progress": False, "blocks": 6} | options
    return sg.state_gradients(model, x, directions=k, **options)


def texts():
    return [torch.randn(n, E) for n in STREAMS]


LABELS = [np.array(["a", "b", None], dtype=object)[np.arange(n) % 3] for n in STREAMS]
CASES = {
    "LSTM": lambda: (nn.LSTM(E, 12), {}),
    "LSTM of two layers": lambda: (nn.LSTM(E, 12, 2), {"state": (1, "cell")}),
    "LSTM with a projection": lambda: (nn.LSTM(E, 12, 2, proj_size=5), {"state": "hidden"}),
    "GRU": lambda: (nn.GRU(E, 12, 2), {}),
    "tanh": lambda: (nn.RNN(E, 12, 2), {}),
    "groups": lambda: (nn.LSTM(E, 12), {"groups": LABELS}),
    "conditions": lambda: (nn.GRU(E, 12), {"groups": LABELS, "segments": [np.arange(n) // 6 for n in STREAMS]}),
    "a sample": lambda: (nn.GRU(E, 12), {"sample": 60}),
}


@pytest.mark.parametrize("case", CASES)
def test_planted_modes_are_those_of_whole_gradients(case):
    model, options = CASES[case]()
    planted(model, 0.5)
    x, k = texts(), 3
    low, whole = analyse(model, x, k, **options), analyse(model, x, **options)
    spectrum = whole.spectrum()
    there = np.isfinite(spectrum["singular_values"].values[..., 0])
    exact = spectrum["singular_values"].values[..., :k]
    np.testing.assert_allclose(low.singular_values.values[there], exact[there], rtol=1e-3)
    for side in ("left", "right"):
        ours, theirs = getattr(low, side).values[there], spectrum[side].values[there]
        assert ours.shape[-1] == k
        # the leading subspaces agree: cosines of their principal angles are 1
        cosines = np.linalg.svd(np.swapaxes(ours[..., :2], -1, -2) @ theirs[..., :2], compute_uv=False)
        split = exact[there][:, 1] > 1.2 * exact[there][:, 2]
        assert split.any()
        np.testing.assert_allclose(cosines[split], 1, atol=1e-4)
    np.testing.assert_allclose(low.energy, np.linalg.norm(whole.mean, axis=(-1, -2)), rtol=1e-3)
    for name in ("count", "population", "block_count"):
        xr.testing.assert_identical(getattr(low, name), getattr(whole, name))


def test_modes_are_exact_where_the_state_reads_few_directions():
    """Input weights of rank 4 leave no mean gradient more: a basis of 24 holds them all, and nothing is outside."""
    model, x = nn.GRU(E, 30).double(), texts()
    with torch.no_grad():
        model.weight_ih_l0.copy_(torch.randn(90, 4).double() @ torch.randn(4, E).double() / 10)
    low, whole = analyse(model, x, 4, delays=5), analyse(model, x, delays=5)
    rebuilt = np.einsum("gthm,gtm,gtem->gthe", low.left, low.singular_values, low.right)
    np.testing.assert_allclose(rebuilt, whole.mean, atol=1e-10 * np.abs(whole.mean).max())
    assert (low.error < 1e-6 * low.energy).all()
    np.testing.assert_allclose(low.explained, 1, atol=1e-10)


@pytest.mark.parametrize("model", [nn.LSTM(E, 40), nn.GRU(E, 60), nn.RNN(E, 50)])
def test_flat_spectra_are_bounded_from_both_sides(model):
    x = torch.randn(60, E)
    low, whole = analyse(model, x, 4, seed=1), analyse(model, x)
    exact = whole.spectrum()["singular_values"].values[..., :4]
    assert (low.singular_values.values <= exact * (1 + 1e-12)).all()
    # the upper bound holds to the spread of the norm in it, of which many modes are left out
    assert (low.memory()["sigma_1_at_most"].values > 0.8 * exact[..., 0]).all()
    assert (low.error > 0.2 * low.energy).any()


def test_estimated_errors_are_within_their_stated_spread():
    """Over seeds the squares have no bias and spread by at most √(2/s), on nets with fast and with flat spectra."""
    x, ratios = torch.randn(25, E), []
    for model in (planted(nn.GRU(E, 20), 0.7), nn.LSTM(E, 20), nn.RNN(E, 30)):
        whole = analyse(model, x, blocks=1).mean.values
        for seed in range(8):
            low = analyse(model, x, 2, seed=seed, blocks=1)
            V = low.basis.values
            outside = np.linalg.norm(whole - whole @ V @ V.T, axis=(-1, -2))
            ratios.append((low.outside.values / outside) ** 2)
            rebuilt = np.einsum("gthm,gtm,gtem->gthe", low.left, low.singular_values, low.right)
            behind = np.linalg.norm(whole - rebuilt, axis=(-1, -2)) ** 2
            # of the error only what is outside of the basis is estimated
            np.testing.assert_allclose(low.error**2 - low.outside**2, behind - outside**2, rtol=1e-7)
    ratios = np.array(ratios)
    spread = np.sqrt(2 / 10)
    assert abs(ratios.mean() - 1) < 4 * spread / np.sqrt(24)  # delays of one run share their Θ
    assert ratios.std() < 1.2 * spread
    assert ratios.std() > 0.01


def test_columns_of_the_basis_are_exact():
    model, x = nn.LSTM(E, 12), texts()
    low, whole = analyse(model, x, 2, groups=LABELS), analyse(model, x, groups=LABELS)
    V = low.basis.values
    np.testing.assert_allclose(V.T @ V, np.eye(V.shape[1]), atol=1e-12)
    np.testing.assert_allclose(low.projected, whole.mean.values @ V, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(low.block_projected, whole.block_mean.values @ V, rtol=1e-9, atol=1e-13)


def test_intervals_are_near_those_of_whole_gradients():
    model, x = planted(nn.GRU(E, 12), 0.5), torch.randn(300, E)
    low, whole = analyse(model, x, 3, delays=3, blocks=10).memory(), analyse(model, x, delays=3, blocks=10).memory()
    assert low["detected"].all()
    for name in ("sigma_1", "sigma_1_debiased", "sigma_1_low", "sigma_1_high", "sigma_1_cv", "sigma_1_band_low"):
        np.testing.assert_allclose(low[name], whole[name], rtol=1e-2)


def test_noise_is_not_detected_though_the_basis_is_fitted_to_it():
    """Steps that copy each input with a random sign: the mean gradient is noise, in which some directions lead by chance."""

    def signs(x, state):
        return torch.sign(x[:, :40]) * x[:, 40:80] + 0 * state

    p_values, of_basis = [], []
    for seed in range(8):
        torch.manual_seed(seed)
        low = analyse(signs, torch.randn(80, E), 1, delays=1, blocks=8, initial_state=torch.zeros(1, 40))
        p_values.append(low.p_value.item())
        of_basis.append(sign_flip_test(low.block_projected.values[:, :, 0], low.block_count.values[:, :, 0]).p_value.item())
    assert np.median(p_values) > 0.1
    assert (np.array(p_values) <= 0.05).sum() <= 2
    assert np.median(of_basis) < 0.5 * np.median(p_values)
    memory = replace(low, p_value=low.p_value.copy(data=np.full((1, 1), 0.3))).memory()
    assert not memory["detected"].any()
    assert np.isnan(memory["sigma_1_low"]).all()
    assert np.isfinite(memory["sigma_1"]).all()


def test_single_precision_is_as_good_as_double():
    model, x = planted(nn.LSTM(E, 30, 2), 0.6), torch.randn(80, E)
    single, double = analyse(model, x, 3, precision="float32"), analyse(model, x, 3)
    np.testing.assert_allclose(single.singular_values, double.singular_values, rtol=1e-4)
    np.testing.assert_allclose(single.energy, double.energy, rtol=1e-4)


def test_tracking_agrees_with_whole_gradients_where_it_is_not_rough():
    model, x = planted(nn.GRU(E, 12), 0.5), texts()
    low, whole = analyse(model, x, 3), analyse(model, x)
    generator = np.random.default_rng(0)
    read = whole.spectrum()["right"].isel(group=0, delay=0, mode=0).values + 0.1 * generator.normal(size=E)
    directions = {"read": read, "any": generator.normal(size=E)}
    ours, theirs = low.track(directions, [1, 2]), whole.track(directions, [1, 2])
    assert (~ours["rough"]).any()
    difference = np.abs(ours["relative_memory"] - theirs["relative_memory"].values)
    assert (difference <= 1.5 * ours["relative_memory_error"] + 1e-3).all()
    np.testing.assert_allclose(ours["cosine"].sel(property="read"), theirs["cosine"].sel(property="read"), atol=1e-2)
    np.testing.assert_array_equal(ours["near_tie"], theirs["near_tie"])
    assert low.track(read, 1)["cosine"].dims == ("group", "delay")
    flat = analyse(nn.GRU(E, 60), x, 1).track(directions, 1)
    assert flat["rough"].sel(property="any").all()


def test_the_leading_direction_is_kept_whole():
    low = analyse(nn.LSTM(E, 20), texts(), 2)
    d = low.right.isel(group=0, delay=1, mode=0).values
    tracked = low.track(d, 1).isel(group=0, delay=1)
    np.testing.assert_allclose([tracked["relative_memory"], tracked["cosine"]], 1, rtol=1e-12)
    assert not tracked["rough"]


def test_more_modes_explain_more_and_the_tail_falls():
    model, x = nn.LSTM(E, 20), texts()
    few, more = analyse(model, x, 1), analyse(model, x, 4)
    assert (more.explained.values > few.explained.values).all()
    assert (np.diff(more.tail.values, axis=-1) <= 0).all()
    np.testing.assert_allclose(more.error, more.tail.values[..., -1])


def test_sums_hold_no_whole_gradient(monkeypatch):
    shapes, moments = [], engine.Moments

    class Watched(moments):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            shapes.append(tuple(self.first.shape))
            assert self.second is None

    for module in (engine, adjoint):
        monkeypatch.setattr(module, "Moments", Watched)
    analyse(nn.LSTM(E, 40), torch.randn(30, E), 2)
    assert shapes == [(1, 1, 6, 4, 16, 40), (1, 1, 1, 4, 26, E), (1, 1, 6, 4, 16, 40)]


def test_several_states_and_seeds():
    model, x = nn.LSTM(E, 12, 2), texts()
    several = analyse(model, x, 2, state=["cell", (0, "hidden")])
    assert set(several) == {(1, "cell"), (0, "hidden")}
    assert "hidden state, layer 0" in repr(several[0, "hidden"])
    alone = analyse(model, x, 2, state="cell")
    np.testing.assert_array_equal(several[1, "cell"].projected, alone.projected)
    assert np.abs(analyse(model, x, 2, state="cell", seed=5).projected - alone.projected).max() > 0


def test_a_step_function_has_modes_too():
    state = {"fast": torch.zeros(3, 1), "slow": torch.zeros(3, E)}
    options = {"initial_state": state, "state": "slow", "delays": 3}
    x = texts()
    low, whole = analyse(decay, x, 3, **options), analyse(decay, x, **options)
    V = low.basis.values
    np.testing.assert_allclose(low.projected, whole.mean.values @ V, rtol=1e-9, atol=1e-13)
    assert (low.singular_values.values <= whole.spectrum()["singular_values"].values[..., :3] * (1 + 1e-12)).all()


def test_groups_without_a_pair_at_a_delay_are_nan():
    masks = {"last": [np.arange(n) == n - 1 for n in STREAMS]}
    low = analyse(nn.LSTM(E, 12), texts(), 2, groups=masks)
    assert np.isnan(low.singular_values.sel(group="last", delay=1)).all()
    assert np.isfinite(low.singular_values.sel(group="last", delay=0)).all()
    assert np.isnan(low.energy.sel(group="last", delay=9))


def test_a_state_that_reads_nothing_has_no_modes_but_values():
    model = nn.GRU(E, 12)
    nn.init.zeros_(model.weight_ih_l0)
    low = analyse(model, texts(), 2)
    assert (low.singular_values == 0).all()
    assert (low.energy == 0).all()
    assert np.isnan(low.explained).all()
    assert np.isnan(low.track(np.ones(E), 1)["relative_memory"]).all()


def test_modes_that_explode_are_nan_from_there_on():
    model = nn.RNN(E, 12, nonlinearity="relu")
    with torch.no_grad():
        model.weight_hh_l0.copy_(1e8 * torch.eye(12))
        model.weight_ih_l0.abs_()
    with pytest.warns(RuntimeWarning, match="gradients explode: beyond the range of their numbers from delay 6"):
        low = analyse(model, torch.rand(30, E), 2, delays=[0, 1, 6], precision="float32")
    assert np.isfinite(low.singular_values.sel(delay=[0, 1])).all()
    assert np.isnan(low.singular_values.sel(delay=6)).all()
    assert np.isnan(low.memory()["sigma_1_at_most"].sel(delay=6)).all()


def test_save_and_load(tmp_path):
    low = analyse(nn.LSTM(E, 12), texts(), 2, groups=LABELS)
    path = tmp_path / "modes.nc"
    low.save(path)
    loaded = sg.LowRankGradients.load(path)
    xr.testing.assert_identical(loaded.memory(), low.memory())
    xr.testing.assert_identical(loaded.spectrum(), low.spectrum())
    assert loaded.provenance == low.provenance
    assert repr(loaded) == repr(low)
    assert "2 of 12 × 90 (state × embedding)" in repr(low)
    assert "of the mean's energy at delay 0" in repr(low)
    assert len(low.to_dataframe()) == 3 * 4
    with pytest.raises(sg.InvalidInputError, match="is not a result of stategrad"):
        sg.StateGradients.load(path)


@pytest.mark.parametrize(
    ("k", "options", "sentence"),
    [
        (0, {}, r"directions is 0; gradients of 12 × 90 \(state × embedding\) have 1 to 12 modes"),
        (13, {}, r"directions is 13; gradients of 12 × 90 \(state × embedding\) have 1 to 12 modes"),
        (5, {}, "directions=5 takes 94 products with every gradient, which has 90 columns; leave directions out, whole"),
        (2, {"sample": "auto"}, "sample='auto' looks at whole gradients, which directions=k has not; give a number"),
        (2, {"execution": sg.Execution(workers=2)}, "directions=k runs in one process; leave workers out"),
        (2, {"execution": sg.Execution(checkpoint_path="sums")}, "directions=k keeps no checkpoint; leave checkpoint_path out"),
        (0, {"sample": "auto"}, "2 problems with directions: directions is 0; .* Also: sample='auto'"),
        (2, {"keep": "spectrum"}, "directions goes with keep='mean'; with keep='spectrum' leave them out"),
    ],
)
def test_what_has_no_modes_is_refused(k, options, sentence):
    with pytest.raises(sg.InvalidInputError, match=sentence):
        analyse(nn.LSTM(E, 12), torch.randn(20, E), k, **options)


def test_more_modes_than_there_are_cannot_be_tracked():
    low = analyse(nn.LSTM(E, 12), torch.randn(30, E), 2)
    with pytest.raises(sg.InvalidInputError, match="n is 3; give a number of modes from 1 to 2, or ask for more with directions="):
        low.track(np.ones(E), 3)
    with pytest.raises(sg.InvalidInputError, match="the property is the zero vector"):
        low.track(np.zeros(E), 1)


def test_memory_is_asked_for_products_alone(monkeypatch):
    monkeypatch.setattr("stategrad.gradients.memory_need.memory_of", lambda device: 200_000)
    model, x = nn.LSTM(E, 40), torch.randn(100, E)
    with pytest.raises(sg.InvalidInputError, match="1 groups × 6 blocks × 4 delays take"):
        analyse(model, x, second_moment=False)
    assert analyse(model, x, 1).modes == 1
    with pytest.raises(sg.InvalidInputError, match="1 groups × 50 blocks × 4 delays take"):
        analyse(model, x, 1, blocks=50)
