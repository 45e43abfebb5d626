"""Groups of equal size, drawn from groups of unequal ones."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg

GENERATOR = np.random.default_rng(0)
MASKS = {"nouns": GENERATOR.random(300) < 0.5, "verbs": GENERATOR.random(300) < 0.1}


def test_every_group_has_as_many_positions_and_only_its_own():
    drawn = sg.equal_groups(MASKS, pseudo=3, seed=4)
    assert list(drawn) == ["nouns", "verbs", "any 1", "any 2", "any 3"]
    assert {int(mask.sum()) for mask in drawn.values()} == {int(MASKS["verbs"].sum())}
    for label, mask in MASKS.items():
        assert not (drawn[label] & ~mask).any()
    assert (drawn["any 1"] != drawn["any 2"]).any()
    again = sg.equal_groups(MASKS, pseudo=3, seed=4)
    assert all((again[label] == mask).all() for label, mask in drawn.items())
    other = sg.equal_groups(MASKS, 10, seed=5)
    assert {int(mask.sum()) for mask in other.values()} == {10}


def test_draws_are_even_over_a_group():
    hits = sum(sg.equal_groups(MASKS, 10, pseudo=0, seed=seed)["nouns"] for seed in range(400)) / 400
    expected = 10 / MASKS["nouns"].sum()
    assert hits[MASKS["nouns"]].mean() == pytest.approx(expected)
    assert hits[MASKS["nouns"]].max() < expected + 5 * np.sqrt(expected / 400)


@pytest.mark.parametrize("form", ["rows", "streams", "one"])
def test_masks_keep_their_form_and_are_taken_by_the_analysis(form):
    cut = {
        "one": lambda mask: mask,
        "rows": lambda mask: mask.reshape(3, 100),
        "streams": lambda mask: (mask[:50], mask[50:120], mask[120:]),
    }[form]
    inputs = {
        "one": torch.randn(300, 3),
        "rows": torch.randn(3, 100, 3),
        "streams": [torch.randn(n, 3) for n in (50, 70, 180)],
    }[form]
    drawn = sg.equal_groups({label: cut(mask) for label, mask in MASKS.items()}, 12)
    result = sg.state_gradients(nn.GRU(3, 4).eval(), inputs, delays=1, groups=drawn, show_progress=False)
    assert result.count.sel(delay=0).values.tolist() == [300, *[12] * 7]


def test_equal_groups_that_cannot_be_are_refused():
    with pytest.raises(sg.InvalidInputError, match=r"groups with fewer than 100 positions: verbs \(\d+\); leave them"):
        sg.equal_groups(MASKS, 100)
    with pytest.raises(sg.InvalidInputError, match="0 positions per group are asked for; give at least 1"):
        sg.equal_groups(MASKS, 0)
    with pytest.raises(sg.InvalidInputError, match="there are no groups to draw from"):
        sg.equal_groups({})
