"""The follow-up's sentences that take several runs, on planted curves."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from stategrad.published import follow_up
from stategrad.published.follow_up_checks import NOT_WHITENED, SEEN_AS
from stategrad.published.follow_up_runs import BETWEEN, check_follow_up_runs

MEAN, RMS, EFFECT = SEEN_AS
DELAYS = range(5)


def curves(levels, half=0.0, quantities=("sigma_1", "rms", "swap", "selectivity")):
    """By run a flat curve, 1 at delay 0 but for selectivity."""
    rows = [
        {"run": run, "quantity": quantity, "delay": delay, "value": 1.0 if delay == 0 and quantity != "selectivity" else level}
        for run, level in levels.items() for quantity in quantities for delay in DELAYS
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.assign(low=frame["value"] - half, high=frame["value"] + half)


def settings(runs, name="corpus.train_words", **more):
    return {
        run: {name: value, "network.seed": seed, "network.cell": "lstm", "preset": run} | more
        for run, (value, seed) in runs.items()
    }


def runs_of(values, seeds=4):
    return {f"{value} {seed}": (value, seed) for value in values for seed in range(seeds)}


def planted(by_value, spread=0.01, half=0.0, name="corpus.train_words", seeds=4, whitened=True):
    runs = runs_of(by_value, seeds)
    noise = np.random.default_rng(0).normal(0, spread, len(runs))
    levels = {run: by_value[value] + shift for (run, (value, _)), shift in zip(runs.items(), noise, strict=True)}
    return check_follow_up_runs(curves(levels, half), settings(runs, name), whitened=whitened), levels


def test_every_reading_that_takes_several_runs_is_asked_of_them():
    assert {reading.between for one in follow_up().statements for reading in one.readings} - {""} == set(BETWEEN)


def test_sizes_are_asked_about_selectivity_and_texts_about_memory():
    sizes, _ = planted({1000: 0.2, 2000: 0.4})
    assert list(sizes["seen_as"]) == [MEAN]
    assert sizes["asks"].item().startswith("selectiveness")
    texts, _ = planted({"a": 0.2, "b": 0.4}, name="corpus.path")
    assert list(texts["seen_as"]) == [MEAN, RMS, EFFECT]
    assert set(texts["verdict"]) == {"holds"}
    assert all(asks.startswith("memory") for asks in texts["asks"])


def test_the_interval_is_welchs_where_bands_are_nothing():
    found, levels = planted({1000: 0.2, 2000: 0.23}, spread=0.02)
    one, other = ([level for run, level in levels.items() if run.startswith(f"{value} ")] for value in (1000, 2000))
    interval = ttest_ind(other, one, equal_var=False).confidence_interval()
    mean = np.mean(other) - np.mean(one)
    ends = f"{mean:+.3g} ({interval.low:+.3g} to {interval.high:+.3g})".replace("-", "−")
    assert found["evidence"].item().endswith(f"difference {ends}")
    assert found["verdict"].item() == ("holds" if interval.low > 0 or interval.high < 0 else "undecided")


def test_what_texts_would_change_widens_it():
    assert planted({1000: 0.2, 2000: 0.3})[0]["verdict"].item() == "holds"
    assert planted({1000: 0.2, 2000: 0.3}, half=0.2)[0]["verdict"].item() == "undecided"


def test_it_holds_seldom_where_seeds_are_all_there_is():
    generator, held = np.random.default_rng(3), 0
    runs = runs_of([1, 2, 3])
    for _ in range(200):
        levels = dict(zip(runs, generator.normal(0.3, 0.02, len(runs)), strict=True))
        frame = check_follow_up_runs(curves(levels, quantities=("selectivity",)), settings(runs), whitened=True)
        held += frame["verdict"].item() == "holds"
    assert held / 200 < 0.08


def test_one_seed_of_each_decides_nothing():
    found, _ = planted({1000: 0.2, 2000: 0.9}, seeds=1)
    assert found["verdict"].item() == "undecided"
    assert "from too few seeds to tell the part of the text" in found["evidence"].item()
    assert "train_words=1000: 0.2" in found["evidence"].item()


def test_sensitivity_is_compared_in_whitened_space_alone():
    found, _ = planted({"a": 0.2, "b": 0.4}, name="corpus.path", whitened=False)
    assert list(found["verdict"]) == ["not checked", "not checked", "holds"]
    assert found["evidence"].iloc[0] == NOT_WHITENED


@pytest.mark.parametrize("name", ["network.hidden_size", "gradients.text"])
def test_runs_that_differ_in_something_else_are_not_asked(name):
    assert planted({1: 0.2, 2: 0.4}, name=name)[0].empty
    runs = runs_of([1000, 2000], 1)
    both = settings(runs)
    both["2000 0"]["network.cell"] = "gru"
    assert check_follow_up_runs(curves(dict.fromkeys(runs, 0.3)), both, whitened=True).empty


def test_curves_without_a_common_delay_with_bands_are_said():
    runs = runs_of([1000, 2000], 2)
    frame = curves(dict.fromkeys(runs, 0.3))
    frame.loc[frame["run"] == "1000 0", ["low", "high"]] = np.nan
    found = check_follow_up_runs(frame, settings(runs), whitened=True)
    assert tuple(found.iloc[0][["verdict", "evidence"]]) == (
        "not checked", "the runs have no delay at which all curves have bands",
    )  # fmt: skip
