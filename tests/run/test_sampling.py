"""The two parts of an interval: sampling, and the text."""

import numpy as np
import pandas as pd
import pytest

from run.tiny import TINY
from stategrad.report.sampling_sentences import on_sampling
from stategrad.run.run import Run
from stategrad.run.sampling import COLUMNS, sampling_table, variance_of_positions

FACTS = {"positions": 500, "population": 4000}
PARTS = pd.DataFrame([["cell", 0, 2.0, 0.10, 0.06, 0.08], ["cell", 10, 1.0, 0.10, 0.099, 0.014]], columns=COLUMNS)


def test_the_variance_of_single_values_follows_from_means_of_random_sets():
    rng = np.random.default_rng(0)
    values = 3 * rng.standard_normal(40_000)
    sets = rng.integers(0, 400, len(values))
    counts = np.bincount(sets, minlength=400).astype(float)
    means = np.bincount(sets, values, minlength=400) / counts
    assert variance_of_positions(means, counts) == pytest.approx(9, rel=0.15)
    empty = np.append(counts, 0.0)
    assert variance_of_positions(np.append(means, 99.0), empty) == variance_of_positions(means, counts)
    assert np.isnan(variance_of_positions(means[:1], counts[:1]))


def test_the_parts_of_a_sampled_run_add_up_and_stand_beside_its_curves(tiny_run):
    table = pd.read_csv(tiny_run.folder.measures_path("sampling"))
    assert table.groupby("state")["delay"].apply(list).to_dict() == {"cell": [0, 5], "hidden": [0, 5]}
    np.testing.assert_allclose(np.hypot(table["sampling"], table["text"]), table["half_width"])
    memory = pd.read_csv(tiny_run.folder.measures_path("memory")).query("group == 'all'").set_index(["state", "delay"])
    rows = memory.loc[list(zip(table["state"], table["delay"], strict=True))]
    np.testing.assert_allclose(table["half_width"], (rows["sigma_1_high"] - rows["sigma_1_low"]) / 2, rtol=1e-6)
    page = (tiny_run.folder.path / "report.html").read_text(encoding="utf-8")
    assert "the interval of σ₁ would narrow from ±" in page.replace("\u00a0", " ")


def test_a_larger_sample_leaves_less_to_sampling(tiny_run, monkeypatch):
    monkeypatch.setattr("stategrad.run.sampling.StateGradients.load", lambda path: result)
    from stategrad.gradients.result import StateGradients
    from stategrad.gradients.state_gradients import state_gradients

    parts = []
    for sample in (100, 900):
        result = state_gradients(tiny_run.model, tiny_run.text, delays=2, blocks=7, sample=sample, groups={}, show_progress=False)
        assert isinstance(result, StateGradients)
        one = Run(TINY, tiny_run.folder.path, show_progress=False)
        parts.append(sampling_table(one).query("state == 'cell' and delay == 0")["sampling"].item())
    assert parts[1] < parts[0]


def test_a_run_that_uses_all_positions_has_no_parts():
    assert on_sampling(PARTS.iloc[:0], FACTS | {"positions": 4000}) == [
        "All positions of the text are used: its intervals are what only more text would narrow."
    ]


def test_the_sentence_says_what_all_positions_would_give():
    assert on_sampling(PARTS, FACTS) == [
        "With all 4,000 positions in place of 500 the interval of σ₁ would narrow from ± 5 % to about ± 4 % at delay 0, from "
        "± 10 % to less than ± 5 % at delay 10; what is left only more text would narrow."
    ]
    assert on_sampling(PARTS.assign(text=np.nan), FACTS) == []
    assert on_sampling(PARTS, {}) == []
