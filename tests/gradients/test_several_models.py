"""Several models: planted differences are found, equal ones seldom, and seeds have the spread that they were given."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

import stategrad as sg
from planted import result_of_blocks
from stategrad.gradients.agreement import same_positions

H, E, BLOCKS = 4, 3, 8
DELAYS = np.arange(4)
FACTS = {
    "state": {"layer": 0, "name": "cell"},
    "inputs": {"name": "text", "sha256": "one text"},
    "settings": {"precision": "float32", "seed": 0, "sample": None, "blocks": BLOCKS},
    "model": {"kind": "LSTM", "sha256": "one model"},
}


def facts(model="one model", text="one text", **settings):
    """The provenance of a result, as JSON."""
    changed = {"model": {"sha256": model}, "inputs": {"sha256": text}, "settings": FACTS["settings"] | settings}
    return json.dumps(FACTS | changed)


def decaying(rate, generator, *, noise=0.03, scale=1.0, ups=None, groups=("all",), provenance=None, blocks=BLOCKS):
    """σ_1 decays as exp(-τ/rate); `ups` is what each block has more or less of at the delays beyond 0."""
    ups = np.zeros((blocks, len(DELAYS))) if ups is None else ups
    curve = np.exp(-DELAYS / rate) * (1 + ups * (DELAYS > 0))
    means = scale * curve[None, ..., None, None] * np.outer(np.eye(H)[0], np.eye(E)[0])
    means = means + scale * noise * generator.standard_normal((len(groups), blocks, len(DELAYS), H, E))
    return replace(result_of_blocks(means, groups=groups, delays=DELAYS), provenance=provenance or facts(f"rate {rate}"))


def bands(rates, *, text="one text", shared=0.1, count=60):
    """Comparisons of two models over many texts."""
    for seed in range(count):
        generator = np.random.default_rng(seed)
        ups = shared * generator.standard_normal((2, BLOCKS, len(DELAYS)))
        second = ups[0] if text == "one text" else ups[1]
        a = decaying(rates[0], generator, ups=ups[0], provenance=facts("a"))
        b = decaying(rates[1], generator, ups=second, scale=7.0, provenance=facts("b", text))
        yield sg.compare(a, b).query("delay > 0")


@pytest.mark.parametrize("text", ["one text", "another text"])
def test_bands_hold_the_true_difference_and_equal_models_are_not_told_apart(text):
    truth = np.exp(-DELAYS[1:] / 3.0) - np.exp(-DELAYS[1:] / 2.0)
    inside, found, false = [], [], []
    for table in bands((3.0, 2.0), text=text):
        assert (table["paired"] == (text == "one text")).all()
        mean = table[table["measure"] == "mean"]
        inside.append(((mean["low"] <= truth) & (truth <= mean["high"])).all())
        found.append((mean["low"] > 0).any())
    for table in bands((2.5, 2.5), text=text):
        mean = table[table["measure"] == "mean"]
        false.append(((mean["low"] > 0) | (mean["high"] < 0)).any())
    assert np.mean(inside) >= 0.9
    assert np.mean(false) <= 0.1
    assert np.mean(found) >= 0.9


def test_models_on_one_text_are_paired_so_that_its_blocks_cancel():
    paired, apart = (pd.concat(bands((3.0, 2.0), text=text, shared=0.3, count=10)) for text in ("one text", "another text"))
    width = [(table["high"] - table["low"]).mean() for table in (paired, apart)]
    assert width[0] < 0.6 * width[1]


def test_a_difference_is_that_of_the_relative_curves_and_its_error_the_jackknifes():
    generator = np.random.default_rng(0)
    a, b = (decaying(rate, generator, provenance=facts(str(rate))) for rate in (3.0, 2.0))
    rows = sg.compare(a, b).query("measure == 'rms'").set_index("delay")

    def relative(result, kept):
        squares = result.block_second_moment.values[0][kept].mean(0)
        values = np.sqrt(np.linalg.eigvalsh(squares)[:, -1])
        return values / values[0]

    everything = np.arange(BLOCKS)
    without = np.array([relative(a, everything != k) - relative(b, everything != k) for k in everything])
    error = np.sqrt((BLOCKS - 1) / BLOCKS * np.square(without - without.mean(0)).sum(0))
    plain = relative(a, everything) - relative(b, everything)
    np.testing.assert_allclose(rows["difference"], plain, atol=0.01)
    np.testing.assert_allclose(rows["standard_error"][1:], error[1:], rtol=0.05)
    assert rows.loc[0, "difference"] == 0
    assert np.isnan(rows.loc[0, "low"])
    table = sg.compare(b, a).query("measure == 'rms'").set_index("delay")
    np.testing.assert_allclose(table["difference"], -rows["difference"])
    np.testing.assert_allclose(table["low"], -rows["high"])


def test_no_interval_without_detection_or_with_few_blocks_and_common_groups_and_delays_are_compared():
    generator = np.random.default_rng(1)
    a = decaying(3.0, generator, groups=("all", "nouns"), provenance=facts("a"))
    silent = decaying(0.2, generator, groups=("all", "verbs"), provenance=facts("b"))
    table = sg.compare(a, silent.sel(delay=[0, 1, 3]))
    assert set(table["group"]) == {"all"}
    assert sorted(table["delay"].unique()) == [0, 1, 3]
    assert table.query("measure == 'mean' and delay == 3")[["standard_error", "low", "high"]].isna().all().all()
    assert table.query("measure == 'rms' and delay == 3")["low"].notna().all()
    few = sg.compare(*(decaying(rate, generator, blocks=5, provenance=facts(str(rate))) for rate in (3.0, 2.0)))
    assert few["low"].isna().all()


def test_absolute_values_compare_for_one_model_alone():
    generator = np.random.default_rng(2)
    a, b = decaying(3.0, generator, provenance=facts()), decaying(3.0, generator, scale=2.0, provenance=facts(text="another"))
    rows = sg.compare(a, b, relative=False).query("measure == 'mean'").set_index("delay")
    assert rows.loc[0, "difference"] == pytest.approx(-1, abs=0.1)
    assert rows.loc[0, "high"] < 0
    with pytest.raises(
        sg.InvalidInputError, match="absolute values of two models do not compare: their embeddings and states have"
    ):
        sg.compare(a, replace(b, provenance=facts("other")), relative=False)


def test_what_cannot_be_compared_is_refused_in_words(shapes_unchecked):
    generator = np.random.default_rng(3)
    a = decaying(3.0, generator)
    with pytest.raises(sg.InvalidInputError, match="received int; give results of state_gradients"):
        sg.compare(a, 3)
    with pytest.raises(sg.InvalidInputError, match=r"the delays are \[0, 1, 2, 3\] and \[1, 2\]; include 0 in both"):
        sg.compare(a, a.sel(delay=[1, 2]))
    with pytest.raises(sg.InvalidInputError, match="the results have no group in common: all and verbs"):
        sg.compare(a, decaying(2.0, generator, groups=("verbs",)))
    white = replace(a, whitening=xr.DataArray(np.eye(E), dims=("embedding", "embedding_")))
    with pytest.raises(sg.InvalidInputError, match="the results have units paper2018 and csl2020; whiten or scale both alike"):
        sg.compare(a, white)
    model, x = torch.nn.LSTM(3, 4).eval(), torch.randn(30, 3)
    bounded = sg.state_gradients(model, x, delays=3, segments=np.arange(30) // 5, show_progress=False)
    with pytest.raises(sg.InvalidInputError, match="have other dimensions: group, delay and group, boundary, delay"):
        sg.compare(a, bounded)


def test_positions_are_the_same_by_text_draw_and_blocks():
    generator = np.random.default_rng(4)
    a = decaying(3.0, generator, provenance=facts())
    assert same_positions(a, replace(a, provenance=facts("other", seed=1)))
    for other in (facts(text="another"), facts(sample=20), facts(blocks=7), "{}"):
        assert not same_positions(a, replace(a, provenance=other))
    sampled = replace(a, provenance=facts(sample=20))
    assert same_positions(sampled, sampled)
    assert not same_positions(sampled, replace(a, provenance=facts(sample=20, seed=1)))
    unequal = a.block_count.copy(data=a.block_count.values + np.eye(BLOCKS, dtype=int)[0][None, :, None])
    assert not same_positions(a, replace(a, block_count=unequal))


def seeds_of(generator, *, count, spread, shared=0.1, noise=0.03):
    """Models whose relative curves differ by `spread` at delays above 0, read on one text."""
    ups = shared * generator.standard_normal((BLOCKS, len(DELAYS)))
    own = spread * generator.standard_normal(count)
    return [
        decaying(3.0, generator, noise=noise, ups=ups + own[k] / np.exp(-DELAYS / 3.0), provenance=facts(f"seed {k}"))
        for k in range(count)
    ]


def test_the_spread_of_seeds_is_found_without_that_of_their_texts():
    between, text, alone = [], [], []
    for number in range(25):
        generator = np.random.default_rng(number)
        curves = sg.stack(seeds_of(generator, count=4, spread=0.05)).curves.sel(values="relative", group="all", delay=2)
        between.append(curves["between_variance"].values)
        text.append(curves["text_sd"].values)
        none = sg.stack(seeds_of(generator, count=4, spread=0.0)).curves.sel(values="relative", group="all", delay=2)
        alone.append(none["between_variance"].values)
    variances = np.mean(between, axis=0)
    np.testing.assert_allclose(variances, 0.05**2, rtol=0.45)  # χ² of 3 × 25 degrees of freedom: sd 16 %
    assert np.abs(np.mean(alone, axis=0)).max() < 0.05 * 0.05**2
    assert (np.array(alone) < 0).any()  # not clipped
    expected = 0.1 * np.exp(-2 / 3.0) / np.sqrt(BLOCKS)
    assert np.mean(text, axis=0)[0] == pytest.approx(expected, rel=0.3)


def test_the_interval_over_seeds_holds_the_recipe_and_the_floor_holds_the_difference_of_two_more_seeds():
    inside, below = [], []
    for number in range(40):
        generator = np.random.default_rng(1000 + number)
        results = seeds_of(generator, count=5, spread=0.05, shared=0.0)
        stacked = sg.stack(results[:3]).curves.sel(measure="mean", values="relative", group="all", delay=2)
        inside.append(float(stacked["mean_low"]) <= np.exp(-2 / 3.0) <= float(stacked["mean_high"]))
        fourth, fifth = sg.stack(results[3:]).curves["value"].sel(measure="mean", values="relative", group="all", delay=2).values
        below.append(abs(fourth - fifth) <= float(stacked["refit_floor"]))
    assert np.mean(inside) >= 0.9
    assert np.mean(below) >= 0.9


def test_a_stack_holds_each_models_own_curves_and_comes_back_from_its_file(tmp_path):
    results = seeds_of(np.random.default_rng(5), count=3, spread=0.05)
    stacked = sg.stack(results, "refit", labels=["a", "b", "c"])
    assert stacked.labels == ["a", "b", "c"]
    assert stacked.same_positions
    own = results[1].memory()
    curves = stacked.curves.sel(measure="mean", refit="b", group="all")
    np.testing.assert_allclose(curves["value"].sel(values="absolute"), own["sigma_1_debiased"].sel(group="all"))
    np.testing.assert_allclose(
        curves["value"].sel(values="relative"), (own["sigma_1_debiased"] / own["sigma_1_debiased"].sel(delay=0)).sel(group="all")
    )
    np.testing.assert_allclose(stacked.curves["mean"], stacked.curves["value"].mean("refit"))
    table = stacked.to_dataframe()
    assert len(table) == 2 * 2 * 3 * len(DELAYS)
    assert {"refit", "measure", "values", "group", "delay", "value", "mean", "refit_floor"} <= set(table)
    stacked.save(tmp_path / "stack.nc")
    again = sg.StackedMemory.load(tmp_path / "stack.nc")
    xr.testing.assert_identical(again.curves, stacked.curves)
    assert (again.dim, again.level, again.same_positions, again.provenance) == ("refit", 0.95, True, stacked.provenance)
    assert "StackedMemory of 3 models, by refit" in repr(again)
    with pytest.raises(sg.InvalidInputError, match="is not a result of stategrad"):
        sg.StateGradients.load(tmp_path / "stack.nc")


def test_seeds_on_texts_that_are_not_known_to_be_one_are_not_paired():
    results = [replace(one, provenance="{}") for one in seeds_of(np.random.default_rng(6), count=3, spread=0.0)]
    stacked = sg.stack(results)
    assert not stacked.same_positions
    assert "not known to be the same" in repr(stacked)
    values, errors = (stacked.curves[name] for name in ("value", "error"))
    expected = values.var("seed", ddof=1) - np.square(errors).mean("seed")
    np.testing.assert_allclose(stacked.curves["between_variance"], expected.transpose(*stacked.curves["mean"].dims), atol=1e-15)


def test_what_cannot_be_stacked_is_refused_with_all_its_reasons():
    a, b, c = seeds_of(np.random.default_rng(7), count=3, spread=0.05)
    with pytest.raises(sg.InvalidInputError, match="1 result has no spread over seeds; give two or more"):
        sg.stack([a])
    with pytest.raises(sg.InvalidInputError, match="labels are x, x for 3 results; give each its own"):
        sg.stack([a, b, c], labels=["x", "x"])
    with pytest.raises(sg.InvalidInputError, match="dim is 'delay', which the curves have already"):
        sg.stack([a, b], "delay")
    with pytest.raises(sg.InvalidInputError, match="'2' and '1' are one model; give models of different seeds"):
        sg.stack([a, a])
    other = replace(b.sel(delay=[0, 1]), provenance=facts("b", "another", precision="float64"))
    with pytest.raises(sg.InvalidInputError) as caught:
        sg.stack([a, other], labels=["a", "b"])
    sentence = str(caught.value)
    assert sentence.startswith("3 problems with results to be stacked: 'b' has other values of delay than 'a': without 2, 3.")
    assert "'b' read another text than 'a'" in sentence
    assert "'b' has precision = float64, 'a' float32" in sentence
    named = replace(b, provenance=json.dumps(json.loads(b.provenance) | {"state": {"layer": 1, "name": "hidden"}}))
    with pytest.raises(sg.InvalidInputError, match="'2' has the state hidden of layer 1, '1' cell of layer 0"):
        sg.stack([a, named])
    white = replace(b, whitening=xr.DataArray(np.eye(E), dims=("embedding", "embedding_")))
    with pytest.raises(sg.InvalidInputError, match="'2' has units csl2020 and '1' paper2018"):
        sg.stack([a, white])
    with pytest.raises(sg.InvalidInputError, match=r"relative to delay 0, and the delays are \[1, 2\]; include 0"):
        sg.stack([a.sel(delay=[1, 2]), b.sel(delay=[1, 2])])
    with pytest.raises(sg.InvalidInputError, match="'2' has other values of group than '1': with nouns and without all"):
        sg.stack([a, decaying(2.0, np.random.default_rng(0), groups=("nouns",))])
