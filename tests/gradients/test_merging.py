import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg

LENGTH = 120
LABELS = np.array([None, "a", "b"] * (LENGTH // 3), dtype=object)
SEGMENTS = np.arange(LENGTH) // 7


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return nn.LSTM(3, 5).eval()


@pytest.fixture(scope="module")
def x():
    return torch.randn(LENGTH, 3, generator=torch.Generator().manual_seed(1))


def analyse(model, x, **options):
    settings = {"delays": 6, "precision": "float64", "show_progress": False, "groups": LABELS}
    return sg.state_gradients(model, x, **settings | options)


def parts_of(model, x, masks, **options):
    return [analyse(model, x, where=mask, **options) for mask in masks]


def thirds():
    drawn = np.random.default_rng(0).integers(0, 3, LENGTH)
    return [drawn == number for number in range(3)]


def assert_equal(a, b):
    for name in ("mean", "block_mean", "second_moment", "block_second_moment"):
        own, other = getattr(a, name), getattr(b, name)
        assert own.dims == other.dims
        np.testing.assert_allclose(own.values, other.values, rtol=1e-10, atol=1e-14)
    for name in ("count", "population", "block_count", "covered"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("options", [{}, {"segments": SEGMENTS}, {"at": np.array(["u", "v"] * (LENGTH // 2))}])
def test_parts_of_a_text_give_the_whole_text(model, x, options):
    whole = analyse(model, x, **options)
    merged = sg.StateGradients.merge(parts_of(model, x, thirds(), **options))
    assert_equal(merged, whole)
    assert json.loads(merged.provenance)["settings"] == json.loads(whole.provenance)["settings"]


def test_parts_merge_in_any_order_and_pairwise(model, x):
    first, second, third = parts_of(model, x, thirds())
    merge = sg.StateGradients.merge
    assert_equal(merge([merge([third, first]), second]), merge([first, second, third]))


def test_other_texts_bring_their_own_blocks(model, x):
    long, short = x[:75], x[75:]
    a = analyse(model, long, groups=LABELS[:75], blocks=6)
    b = analyse(model, short, groups=LABELS[75:], blocks=4)
    merged = sg.StateGradients.merge([a, b])
    both = analyse(model, [long, short], groups=[LABELS[:75], LABELS[75:]], blocks=2)
    np.testing.assert_allclose(merged.mean, both.mean, rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(merged.count, both.count)
    np.testing.assert_array_equal(merged.block_mean[:, :6], a.block_mean)
    np.testing.assert_array_equal(merged.block_mean[:, 6:], b.block_mean)
    facts = json.loads(merged.provenance)
    assert facts["settings"]["blocks"] == 10
    assert [text["blocks"] for text in facts["inputs"]["texts"]] == [6, 4]
    assert "10 blocks" in merged.methods()


def test_parts_of_several_texts_find_their_blocks(model, x):
    texts = x[:60], x[60:]
    labels = LABELS[:60], LABELS[60:]
    half = np.arange(60) % 4 < 2
    a, b = (analyse(model, text, groups=label) for text, label in zip(texts, labels, strict=True))
    left, right = (analyse(model, texts[1], groups=labels[1], where=mask) for mask in (half, ~half))
    merge = sg.StateGradients.merge
    assert_equal(merge([merge([a, left]), right]), merge([a, b]))


def test_a_sample_weighs_what_it_stands_for(model, x):
    first = np.arange(LENGTH) < 80
    a, b = analyse(model, x, where=first, sample=40), analyse(model, x, where=~first)
    merged = sg.StateGradients.merge([a, b])
    weights = [one.block_count.sum("block").values[..., None, None] for one in (a, b)]
    expected = (a.mean.values * weights[0] + b.mean.values * weights[1]) / (weights[0] + weights[1])
    np.testing.assert_allclose(merged.mean, expected, rtol=1e-12)
    assert int(merged.count.sel(group="all", delay=0)) == int(a.count.sel(group="all", delay=0)) + 40
    assert int(merged.population.sel(group="all", delay=0)) == LENGTH
    assert json.loads(merged.provenance)["settings"]["sample"] == [40, None]


def test_a_merged_result_comes_back_from_its_file(model, x, tmp_path):
    left, right = parts_of(model, x, [np.arange(LENGTH) < 50, np.arange(LENGTH) >= 50])
    left.save(tmp_path / "left.nc", block_dtype="float64")
    merged = sg.StateGradients.merge([sg.StateGradients.load(tmp_path / "left.nc"), right])
    assert_equal(merged, analyse(model, x))
    merged.save(tmp_path / "all.nc")
    assert sg.StateGradients.load(tmp_path / "all.nc") == merged


def test_delays_beyond_every_position_of_a_part_weigh_nothing(model, x):
    last = np.arange(LENGTH) >= LENGTH - 3
    merged = sg.StateGradients.merge(parts_of(model, x, [last, ~last]))
    assert_equal(merged, analyse(model, x))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"where": np.arange(LENGTH) < 30}, r"20 positions are in more than one of the results"),
        ({"delays": 4}, r"result 2 has delay 0, 1, 2, 3, result 1 0, 1, 2, 3, 4, 5"),
        ({"precision": "float32"}, r"result 2 has precision = float32, result 1 float64"),
        ({"state": "hidden"}, r"result 2 is of state hidden of layer 0, result 1 of cell of layer 0"),
        ({"groups": None}, r"result 2 has group all, result 1 all, a, b"),
        ({"second_moment": False}, r"second moments were kept in some results only"),
        ({"blocks": 7}, r"result 1 and result 2 read one text with other blocks"),
        ({"initial_state": (torch.ones(1, 1, 5), torch.ones(1, 1, 5))}, r"other blocks, groups, at, segments or initial states"),
        ({"segments": SEGMENTS}, r"result 2 has boundary any, within, across, result 1 missing"),
    ],
)
def test_what_is_not_of_one_analysis_is_refused(model, x, change, message):
    first = analyse(model, x, where=np.arange(LENGTH) < 20)
    other = analyse(model, x, **{"where": np.arange(LENGTH) >= 20} | change)
    with pytest.raises(sg.InvalidInputError, match=message):
        sg.StateGradients.merge([first, other])


def test_all_faults_are_named_together(model, x):
    first = analyse(model, x)
    other = analyse(nn.LSTM(3, 5).eval(), x, delays=3)
    with pytest.raises(sg.InvalidInputError, match=r"2 problems with results to be merged: .*another model.*Also: .*delay"):
        sg.StateGradients.merge([first, other])


def test_whitened_results_and_step_functions_are_refused(model, x):
    result = analyse(model, x)
    white = result.whiten(np.random.default_rng(0).standard_normal((20, 3)))
    with pytest.raises(sg.InvalidInputError, match="result 1 has units csl2020; merge the results that they were made from"):
        sg.StateGradients.merge([white])

    def step(x, state):
        return torch.tanh(x + state)

    own = sg.state_gradients(step, x, delays=3, initial_state=torch.zeros(1, 3), show_progress=False)
    with pytest.raises(sg.InvalidInputError, match="result 1 is of a step function"):
        sg.StateGradients.merge([own])
    with pytest.raises(sg.InvalidInputError, match="result 1 does not say which positions it stands for, as older files do not"):
        sg.StateGradients.merge([replace(result, covered=None)])
    with pytest.raises(sg.InvalidInputError, match=re.escape("there is nothing to merge; give at least one result.")):
        sg.StateGradients.merge([])
    with pytest.raises(sg.InvalidInputError, match="received int"):
        sg.StateGradients.merge([3])
