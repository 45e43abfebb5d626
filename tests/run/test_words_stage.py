"""The stage that measures words: what it writes, and when."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.errors import InvalidInputError
from stategrad.run.config import AnalysisConfig, SentencesConfig, WordsConfig
from stategrad.run.run import Run
from stategrad.run.settings import read_preset
from stategrad.run.words import between_classes
from stategrad.words.result import WordMemory

ASKED = WordsConfig(enabled=True, minimum=8, most=12, words=5, delays=(0, 2), draws=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    one = Run(dataclasses.replace(TINY, words=ASKED), tmp_path_factory.mktemp("words") / "run", show_progress=False)
    one.execute(["train", "words", "sentences"])
    return one


def test_words_are_measured_in_every_state_as_the_library_does(run):
    frame = run.folder.read_measures("words")
    assert list(dict.fromkeys(frame["state"])) == ["cell", "hidden"]
    expected = sg.word_memory(
        run.model, run.text, minimum=8, most=12, words=5, delays=(0, 2), draws=3, state="hidden", counted_in=run.corpus.train,
        show_progress=False,
    )  # fmt: skip
    own = frame[frame["state"] == "hidden"].reset_index(drop=True)
    for name in ("sigma_1", "sigma_1_equal", "rms", "effect", "frequency"):
        np.testing.assert_allclose(own[name], expected.table[name], rtol=1e-6)
    band = expected.band()
    band = band[band["count"] == 8].set_index("delay")
    np.testing.assert_allclose(own["sigma_1_any_low"], band.loc[own["delay"], "sigma_1_low"])
    np.testing.assert_allclose(own["effect_any_high"], band.loc[own["delay"], "effect_high"])


def test_correlations_stand_beside_them(run):
    frame = run.folder.read_measures("word_correlations")
    assert set(frame["measure"]) == {"sigma_1", "sigma_1_equal", "rms", "rms_equal", "effect"}
    assert set(frame["words"]) == {5}
    assert run.folder.manifest()["facts"]["words"] == 5


def test_sentences_are_followed_in_every_state_as_the_library_does(run):
    frame = run.folder.read_measures("sentences")
    assert list(dict.fromkeys(frame["state"])) == ["cell", "hidden"]
    expected = sg.sentence_memory(run.model, run.text, 3, state="hidden", show_progress=False)
    own = frame[frame["state"] == "hidden"].reset_index(drop=True)
    assert own["word"].tolist() == expected.table["word"].tolist()
    np.testing.assert_allclose(own["effect"], expected.table["effect"], rtol=1e-6)
    np.testing.assert_allclose(own["sigma_1"], expected.table["sigma_1"], rtol=1e-6)


def test_other_sentences_leave_the_words_as_they_are(run, tmp_path, capsys):
    changed = dataclasses.replace(TINY, words=ASKED, sentences=SentencesConfig(count=1))
    again = Run(changed, run.folder.path)
    again.execute(["train", "words", "sentences"])
    said = capsys.readouterr().err
    assert "words: unchanged" in said
    assert "sentences: unchanged" not in said
    assert again.folder.read_measures("sentences")["sentence"].nunique() == 1
    without = dataclasses.replace(TINY, words=ASKED, sentences=SentencesConfig(count=0))
    Run(without, run.folder.path, show_progress=False).execute(["train", "sentences"])
    assert not (run.folder.path / "measures" / "sentences.csv").exists()


def test_a_text_without_such_sentences_is_said(run, capsys, monkeypatch):
    monkeypatch.setattr("stategrad.words.sentence_memory.SHORTEST", 1000)
    again = Run(dataclasses.replace(TINY, words=ASKED, sentences=SentencesConfig(count=2)), run.folder.path)
    again.execute(["train", "sentences"])
    assert re.search(r"sentences: \S+ has none of \d+ to 25 words", capsys.readouterr().err)


def test_settings_of_sentences_that_make_no_sense_are_refused_together():
    with pytest.raises(InvalidInputError) as refused:
        SentencesConfig(count=-1, longest=3, seed=-2)
    for sentence in ("sentences.count is -1; give 0 or more", "sentences.longest is 3; give 10 or more", "sentences.seed is -2"):
        assert sentence in str(refused.value)


def test_other_settings_of_words_run_only_their_stage_again(run, capsys):
    changed = dataclasses.replace(TINY, words=dataclasses.replace(ASKED, words=4))
    again = Run(changed, run.folder.path)
    again.execute(["train", "words"])
    said = capsys.readouterr().err
    assert "train: unchanged" in said
    assert "words: unchanged" not in said
    assert set(again.folder.read_measures("word_correlations")["words"]) == {4}


def test_nothing_is_written_where_it_was_not_asked_for(run, tmp_path):
    plain = Run(TINY, tmp_path / "run", show_progress=False)
    plain.execute(["train", "words"])
    assert not plain.folder.measures_path("words").exists()


def test_delays_beyond_the_text_are_refused_before_anything_is_written(tmp_path):
    one = Run(dataclasses.replace(TINY, words=dataclasses.replace(ASKED, delays=(0, 90_000))), tmp_path / "run")
    with pytest.raises(
        InvalidInputError, match=r"words\.delays go to 90000; the longest document of synthetic/valid has \d+ words"
    ):
        one.execute()
    assert not (tmp_path / "run").exists()


def test_a_text_without_words_frequent_enough_is_refused_before_anything_is_written(tmp_path):
    one = Run(dataclasses.replace(TINY, words=WordsConfig(enabled=True, minimum=9_000, most=9_000)), tmp_path / "run")
    with pytest.raises(InvalidInputError, match=r"has 9000 positions with 10 words after them; lower words\.minimum, or set"):
        one.execute()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("convention", ["paper2018", "csl2020"])
def test_words_and_sentences_are_in_the_units_of_the_run(run, tmp_path, convention):
    config = dataclasses.replace(TINY, words=ASKED, analysis=AnalysisConfig(convention=convention))
    own = Run(config, tmp_path / "run", show_progress=False)
    own.borrow_training(run.folder)
    own.execute(["train", "words", "sentences"])
    options = {"state": "cell", "units": convention, "show_progress": False}
    words = sg.word_memory(
        own.model, own.text, minimum=8, most=12, words=5, delays=(0, 2), draws=3, counted_in=own.corpus.train, **options
    )
    sentences = sg.sentence_memory(own.model, own.text, 3, **options)
    for name, expected in (("words", words.table), ("sentences", sentences.table)):
        frame = own.folder.read_measures(name)
        np.testing.assert_allclose(frame.loc[frame["state"] == "cell", "sigma_1"], expected["sigma_1"], rtol=1e-6)
        assert ("whitened" in frame) == (convention == "csl2020")
    horizons = own.folder.read_measures("word_horizons")
    own_rows = horizons[horizons["state"] == "cell"].reset_index(drop=True)
    np.testing.assert_allclose(own_rows["rho"], words.horizon_correlations()["rho"], rtol=1e-6)
    for name in ("words", "sentences"):
        assert (own.fingerprint(name) == run.fingerprint(name)) == (convention == "paper2018")


def test_classes_are_compared_over_the_words_whose_most_frequent_tag_is_of_one(run):
    vocabulary, lexicon = run.text.vocabulary, run.text.lexicon
    words = [word for word in vocabulary.words if lexicon.has(word)]
    values = np.random.default_rng(0).uniform(1, 2, (len(words), 4))
    table = pd.DataFrame(values, columns=["sigma_1_equal", "rms_equal", "effect", "frequency"]).assign(word=words, delay=0)
    result = WordMemory(table=table, pseudo=table, equal=20, state="cell", provenance="{}")
    found = between_classes(result, run.text)
    assert set(found["measure"]) == {"sigma_1_equal", "rms_equal", "effect"}
    assert set(found["rule"]) == {"most"}
    sizes = found.set_index("class")["words"].to_dict() | found.set_index("other")["other_words"].to_dict()
    assert sizes == {name: lexicon.mask(vocabulary, name, "most").sum() for name in sizes}
    assert len(sizes) >= 2
    untagged = dataclasses.replace(run.text, lexicon=None, tags=None, tag_set=None)
    assert between_classes(result, untagged).empty


def test_settings_that_cannot_be_are_named_together():
    with pytest.raises(
        InvalidInputError, match=r"2 problems with words: words\.draws is 0; .* Also: words\.most is 5 and words\.minimum 20"
    ):
        WordsConfig(draws=0, most=5)
    with pytest.raises(InvalidInputError, match=r"^words\.delays is \(0, 0\); give each delay once, from 0 upwards\.$"):
        WordsConfig(delays=(0, 0))
    with pytest.raises(InvalidInputError, match=r"^words\.seed is -1; give 0 or more\.$"):
        WordsConfig(seed=-1)


def test_the_demo_and_the_papers_preset_measure_words():
    assert read_preset("demo").words.enabled
    assert read_preset("paper-ptb").words.enabled
    assert not read_preset("synthetic").words.enabled
