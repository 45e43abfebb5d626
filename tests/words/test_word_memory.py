"""Words one by one: against means of masks, naive swaps, and what is planted."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import stategrad as sg
from stategrad.corpus.corpus import Corpus
from stategrad.corpus.vocabulary import Vocabulary
from stategrad.errors import InvalidInputError
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.words.selection import select

WORDS = ("<unk>", "<eos>", *(f"w{number}" for number in range(28)))


def corpus_of(ids, name="generated"):
    streams = tuple(np.asarray(stream) for stream in ids)
    return Corpus(name, Vocabulary(WORDS), streams, tuple(np.zeros_like(stream) for stream in streams))


@pytest.fixture(scope="module")
def text():
    share = 1 / (np.arange(len(WORDS)) + 2.7)
    return corpus_of(np.random.default_rng(0).choice(len(WORDS), p=share / share.sum(), size=(3, 500)))


@pytest.fixture(scope="module")
def model():
    return LanguageModel(ModelConfig(vocabulary_size=len(WORDS), embedding_size=5, hidden_size=7, init_range=0.7), seed=1).eval()


@pytest.fixture(scope="module")
def result(model, text):
    return sg.word_memory(model, text, delays=(0, 2, 4), most=40, draws=6, precision="float64", seed=3, show_progress=False)


def chosen(text, **options):
    return select(text, **{"longest": 4, "minimum": 20, "most": 40, "equal": 20, "words": None, "draws": 6, "seed": 3} | options)


def masks_of(text, positions):
    mask = np.zeros(text.size, dtype=bool)
    mask[positions] = True
    return np.split(mask, np.cumsum([len(stream) for stream in text.streams])[:-1])


def test_the_measures_are_those_of_the_word_as_a_group(model, text, result):
    selection = chosen(text)
    row = 4
    word = WORDS[selection.words[row]]
    for positions, suffix in ((selection.full[row], ""), (selection.equal[row], "_equal")):
        groups = {"word": masks_of(text, positions)}
        whole = sg.state_gradients(model, text, delays=[0, 2, 4], groups=groups, precision="float64", show_progress=False)
        memory = whole.memory().sel(group="word")
        own = result.table[result.table["word"] == word]
        assert own[f"sigma_1{suffix}"].to_numpy() == pytest.approx(memory["sigma_1"].values, rel=1e-5)
        assert own[f"rms{suffix}"].to_numpy() == pytest.approx(memory["rms"].values, rel=1e-5)


def test_the_effect_is_the_mean_change_when_the_mean_embedding_is_read(model, text, result):
    selection = chosen(text)
    double = LanguageModel(model.config).double().eval()
    double.load_state_dict(model.state_dict())
    vectors = double.embedding.weight.detach()
    streams = np.concatenate([np.full(len(stream), number) for number, stream in enumerate(text.streams)])
    starts = np.cumsum([0, *(len(stream) for stream in text.streams)])
    expected = np.zeros(3)
    for position in selection.full[-1]:
        stream = streams[position]
        inputs = vectors[torch.from_numpy(text.streams[stream])]
        other = inputs.clone()
        step = position - starts[stream]
        other[step] = vectors.mean(0)
        for column, delay in enumerate((0, 2, 4)):
            cells = [double.recurrent(one[: step + delay + 1, None])[1][1][0, 0] for one in (inputs, other)]
            expected[column] += float((cells[1] - cells[0]).detach().norm()) / len(selection.full[-1])
    own = result.table[result.table["word"] == WORDS[selection.words[-1]]]
    assert own["effect"].to_numpy() == pytest.approx(expected, rel=1e-5)


def test_positions_are_equal_in_number_at_all_delays_and_of_the_word(text):
    selection = chosen(text)
    ids = np.concatenate(text.streams)
    ends = np.cumsum([len(stream) for stream in text.streams])
    for word, full, equal in zip(selection.words, selection.full, selection.equal, strict=True):
        assert (ids[full] == word).all()
        assert set(equal) <= set(full)
        assert len(set(equal)) == 20
        assert 20 <= len(full) <= 40
        assert all(position + 4 < ends[np.searchsorted(ends, position, side="right")] for position in full)
    everything = np.concatenate(list(selection.pseudo.values()))
    assert len(set(everything)) == len(everything)
    assert {size for size, _ in selection.pseudo} == {20, 40}
    assert not {0, 1} & set(selection.words)


def test_words_are_taken_at_even_steps_of_their_ranks(text):
    every, some = chosen(text).words, chosen(text, words=4).words
    assert [every.index(word) for word in some] == np.linspace(0, len(every) - 1, 4).round().astype(int).tolist()


def test_frequencies_are_counted_where_it_is_said(model, text):
    other = corpus_of([np.arange(2, len(WORDS)).repeat(2)], "other")
    table = sg.word_memory(model, text, counted_in=other, delays=1, words=3, most=20, draws=2, show_progress=False).table
    assert table["frequency"].to_numpy() == pytest.approx(1e6 / 28)
    assert table["log_frequency"].to_numpy() == pytest.approx(np.log(1e6 / 28))
    counts = np.bincount(np.concatenate(text.streams))
    assert table["occurrences"].tolist() == [counts[WORDS.index(word)] for word in table["word"]]


def test_without_more_positions_the_equal_columns_are_the_others(model, text):
    table = sg.word_memory(model, text, delays=2, most=20, words=3, draws=2, show_progress=False).table
    assert (table["sigma_1"] == table["sigma_1_equal"]).all()
    assert (table["rms"] == table["rms_equal"]).all()


@pytest.fixture(scope="module")
def alike():
    """Words of four vectors, whatever their frequency, in a network whose gradients are mostly noise."""
    config = ModelConfig(cell="rnn", vocabulary_size=len(WORDS), embedding_size=12, hidden_size=16, init_range=1.0)
    model = LanguageModel(config, seed=0).eval()
    with torch.no_grad():
        model.embedding.weight[:] = model.embedding.weight[torch.arange(len(WORDS)) % 4]
    share = 1 / (np.arange(len(WORDS)) + 0.7)
    text = corpus_of(np.random.default_rng(1).choice(len(WORDS), p=share / share.sum(), size=(2, 1500)))
    return sg.word_memory(model, text, minimum=10, most=1000, delays=[6], draws=8, show_progress=False)


def test_the_bias_of_small_samples_is_a_correlation_that_equal_counts_take_away(alike):
    rows = alike.correlations().set_index("measure")
    assert rows.loc["sigma_1", "high"] < -0.5
    assert rows.loc["sigma_1_equal", "low"] < 0 < rows.loc["sigma_1_equal", "high"]


def test_small_samples_of_any_words_show_more_than_large_ones(alike):
    mean = alike.pseudo.groupby("count")["sigma_1"].mean()
    assert mean[10] > 1.5 * mean[80]
    table = alike.table
    assert table["sigma_1_pseudo"].corr(table["sigma_1"]) > 0.7
    largest = table["count"].idxmax()
    assert table["sigma_1_pseudo"][largest] == pytest.approx(mean[table["count"][largest]])


def test_the_band_holds_most_pseudo_words(result):
    band = result.band().set_index(["count", "delay"])
    for (count, delay), rows in result.pseudo.groupby(["count", "delay"]):
        low, high = band.loc[(count, delay), "sigma_1_low"], band.loc[(count, delay), "sigma_1_high"]
        assert low < rows["sigma_1"].median() < high


@pytest.mark.parametrize("draws", [10, 39, 60])
def test_the_band_holds_another_pseudo_word_as_often_as_it_says(result, draws):
    generator, measures, held = np.random.default_rng(draws), ("sigma_1", "rms", "effect"), []
    for _ in range(300):
        drawn = pd.DataFrame(generator.gamma(3, size=(draws + 1, 3)), columns=measures).assign(count=20, delay=0)
        again = sg.WordMemory(result.table, drawn[1:], result.equal, result.state, result.provenance)
        (band,) = again.band().to_dict("records")
        held += [band[f"{name}_low"] <= drawn[name][0] <= band[f"{name}_high"] for name in measures]
    assert np.mean(held) == pytest.approx(min(0.95, (draws - 1) / (draws + 1)), abs=0.03)


def test_beyond_the_largest_groups_of_any_words_there_is_no_reference(model):
    ids = np.where(np.random.default_rng(0).random(60) < 0.9, 2, 3)  # too few words for groups of as many as the frequent one has
    for size in (60, 24):
        found = sg.word_memory(model, corpus_of([ids[:size]]), minimum=12, delays=[0, 2], show_progress=False)
        row = found.table.iloc[0]
        assert row["count"] > found.pseudo["count"].max() >= found.equal
        assert np.isfinite(row["sigma_1"])
        assert np.isnan([row["sigma_1_pseudo"], row["rms_pseudo"]]).all()


def test_correlations_find_what_is_planted_and_nothing_else(result):
    planted = sg.WordMemory(
        result.table.assign(effect=-result.table["frequency"], rms=np.random.default_rng(0).permutation(len(result.table)) * 1.0),
        result.pseudo, result.equal, result.state, result.provenance,
    )  # fmt: skip
    rows = planted.correlations().set_index(["measure", "delay"])
    assert rows.loc[("effect", 0), ["rho", "low", "high"]].tolist() == [-1, -1, -1]
    assert rows.loc[("rms", 2), "low"] < 0 < rows.loc[("rms", 2), "high"]
    assert rows.loc[("effect", 0), "words"] == len(result.words)


def test_the_horizon_is_where_the_curve_falls_below_its_part(result):
    table = result.table.assign(rms=result.table["delay"].map({0: 1.0, 2: 0.5, 4: 0.25}))
    again = sg.WordMemory(table, result.pseudo, result.equal, result.state, result.provenance)
    horizon = again.horizon(["rms"], level=0.375)
    assert horizon["rms"].to_numpy() == pytest.approx(3.0)
    assert horizon["word"].tolist() == result.words
    with pytest.raises(InvalidInputError, match=r"^unknown measure 'rsm': did you mean 'rms'\?"):
        result.horizon(["rsm"])


def test_a_word_that_was_not_counted_has_no_say_in_correlations(result):
    table = result.table.copy()
    table.loc[table["word"] == result.words[0], "frequency"] = 0.0
    again = sg.WordMemory(table, result.pseudo, result.equal, result.state, result.provenance)
    assert set(again.correlations()["words"]) == {len(result.words) - 1}


def test_the_repr_and_the_provenance_name_what_was_done(result):
    lines = repr(result).splitlines()
    assert lines[0] == "WordMemory of the cell state"
    assert lines[2] == "  delays     0, 2, 4"
    settings = json.loads(result.provenance)["settings"]
    assert (settings["minimum"], settings["most"], settings["draws"], settings["word_seed"]) == (20, 40, 6, 3)


def test_every_fault_is_named_with_the_others(model, text):
    with pytest.raises(
        InvalidInputError, match=r"2 problems with the analysis of words: equal is 30 and minimum 20; .* Also: most is 25"
    ):
        sg.word_memory(model, text, equal=30, most=25)
    with pytest.raises(InvalidInputError, match=r"^draws is 0; give at least 1\.$"):
        sg.word_memory(model, text, draws=0)
    with pytest.raises(InvalidInputError, match=r"^no word of generated has 5000 positions with 4 words after them; lower minimum"):
        sg.word_memory(model, text, minimum=5000, most=5000, delays=5)
    other = Corpus("other", Vocabulary(WORDS[:-1]), text.streams, text.sentences)
    with pytest.raises(InvalidInputError, match=r"^other and generated have different vocabularies; count in a text"):
        sg.word_memory(model, text, counted_in=other)


@pytest.mark.usefixtures("shapes_unchecked")
def test_a_text_without_words_is_refused(model):
    with pytest.raises(InvalidInputError, match=r"^the text is a ndarray; give a sg\.Corpus, which knows its words\.$"):
        sg.word_memory(model, np.zeros((2, 30), dtype=int))


def test_in_whitened_space_sensitivity_is_that_of_the_whitened_group_and_effect_the_same(model, text, result):
    options = {"delays": (0, 2, 4), "most": 40, "draws": 6, "precision": "float64", "seed": 3, "show_progress": False}
    white = sg.word_memory(model, text, units="csl2020", **options)
    assert (white.units, result.units) == ("csl2020", "paper2018")
    assert "whitened embedding space" in repr(white)
    selection, row = chosen(text), 4
    word = WORDS[selection.words[row]]
    some = next(draw for size, draw in selection.pseudo if size == 20)
    for positions, suffix in ((selection.full[row], ""), (selection.equal[row], "_equal"), (selection.pseudo[20, some], None)):
        groups = {"word": masks_of(text, positions)}
        whole = sg.state_gradients(model, text, delays=[0, 2, 4], groups=groups, precision="float64", show_progress=False)
        memory = whole.whiten().memory().sel(group="word")
        table, suffix = (white.pseudo, "") if suffix is None else (white.table, suffix)
        own = table[table["word"] == word] if table is white.table else table.query(f"count == 20 and draw == {some}")
        assert own[f"sigma_1{suffix}"].to_numpy() == pytest.approx(memory["sigma_1"].values, rel=1e-5)
        assert own[f"rms{suffix}"].to_numpy() == pytest.approx(memory["rms"].values, rel=1e-5)
    for name in ("effect", "effect_low", "count", "frequency"):
        np.testing.assert_array_equal(white.table[name], result.table[name])
    assert not np.allclose(white.table["sigma_1"], result.table["sigma_1"])


def test_horizons_that_are_not_reached_count_as_the_longest(result):
    falling = {word: 0.9 if row < 4 else 0.35 + 0.01 * row for row, word in enumerate(result.words)}
    last = result.table["word"].map(falling)
    table = result.table.assign(effect=result.table["delay"].map({0: 1.0, 2: 0.95, 4: np.nan}).fillna(last))
    planted = sg.WordMemory(table, result.pseudo, result.equal, result.state, result.provenance)
    rows = planted.horizon_correlations(level=0.8).set_index("measure")
    frequency = table[table["delay"] == 0].set_index("word")["frequency"]
    ranks = pd.Series({word: 9.0 if value == 0.9 else value for word, value in falling.items()})
    assert rows.loc["effect", "beyond"] == 4
    assert rows.loc["effect", "words"] == len(result.words)
    assert rows.loc["effect", "rho"] == pytest.approx(ranks.corr(frequency.reindex(ranks.index), method="spearman"), abs=1e-9)
    assert rows.loc["effect", "low"] < rows.loc["effect", "rho"] < rows.loc["effect", "high"]
