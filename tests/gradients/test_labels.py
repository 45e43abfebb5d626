"""Labels and masks as users have them: lists, series of pandas, tensors, with values that are missing."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import stategrad as sg

LABELS = {
    "the word None beside None": (np.array(["None", None, "a"] * 4, dtype=object), {"None": 4, "a": 4}),
    "the word nan beside NaN": (["nan", float("nan"), "a"] * 4, {"a": 4, "nan": 4}),
    "words of pandas": (pd.Series(["a", None, "b"] * 4, dtype="string"), {"a": 4, "b": 4}),
    "numbers": ([1.0, float("nan"), 2.0] * 4, {"1.0": 4, "2.0": 4}),
}
MASKS = {"numbers": [1, 0] * 6, "a tensor": torch.arange(12) % 2 == 0, "objects": np.array([True, False] * 6, dtype=object)}
NO_MASKS = {
    "labels": (["a", "b"] * 6, "'a'"),
    "positions": (np.arange(12), "'2'"),
    "missing": ([1.0, float("nan")] * 6, "'nan'"),
    "a word": ("a", "is 'a'; give a value per position"),
}


def analyse(**options):
    model = nn.LSTM(3, 4).eval()
    return sg.state_gradients(model, torch.ones(12, 3), **{"delays": 1, "blocks": 2, "show_progress": False} | options)


@pytest.mark.parametrize("keep", ["mean", "spectrum", "at"])
@pytest.mark.parametrize("case", LABELS)
def test_what_is_missing_is_in_no_group_and_words_are_words(case, keep):
    labels, expected = LABELS[case]
    result = analyse(at=labels) if keep == "at" else analyse(groups=labels, keep=keep)
    count = result.count.sel(delay=0).squeeze().to_series()
    assert count.drop("all", errors="ignore").to_dict() == expected


def test_blocks_without_a_value_are_refused_among_words():
    with pytest.raises(sg.InvalidInputError, match=r"blocks has no value .* at 6 of 12 positions"):
        analyse(blocks=["a", float("nan")] * 6)


@pytest.mark.parametrize("case", MASKS)
def test_a_mask_is_true_or_false(case):
    result = analyse(where=MASKS[case], groups={"x": MASKS[case]})
    assert result.count.values[:, 0].tolist() == [6, 6]


@pytest.mark.parametrize("case", NO_MASKS)
@pytest.mark.parametrize("keep", ["mean", "spectrum", "where"])
def test_anything_else_is_no_mask(case, keep):
    values, sentence = NO_MASKS[case]
    with pytest.raises(sg.InvalidInputError, match=sentence):
        analyse(where=values) if keep == "where" else analyse(groups={"x": values}, keep=keep)
