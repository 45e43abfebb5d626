"""The figure of sentences word by word, and what is said of it."""

import pandas as pd
import pytest

from report.generated_run import write_run
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.report.sections import figures_of
from stategrad.report.sentence_figures import on_sentence, sentence_chart
from stategrad.report.word_sections import sentence_choices

SENTENCES = {7: "the dog saw the nan <eos>", 30: "it ended in an old house <eos>"}


def sentences(states=("cell", "hidden")):
    rows = []
    for state in states:
        for number, text in SENTENCES.items():
            words = text.split()
            for place, word in enumerate(words):
                for after in range(place, len(words)):
                    left = 0.5 ** (after - place) if word != "dog" else 0.9
                    rows.append({"sentence": number, "place": place, "after": after, "delay": after - place, "word": word,
                                 "state_word": words[after], "effect": 4 * left, "retained": left, "sigma_1": left / 3,
                                 "state": state})  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def run(tmp_path):
    folder = write_run(tmp_path / "run")
    sentences().to_csv(folder / "measures" / "sentences.csv", index=False)
    return read_run(folder)


@pytest.mark.parametrize("relative", [False, True])
def test_a_cell_per_word_and_state_of_the_chosen_sentence(relative):
    definition = sentence_chart(sentences(), state="hidden", relative=relative).to_dict()
    assert {param["name"]: param["value"] for param in definition["params"]} == {"chosen_state": "hidden", "chosen_sentence": 7}
    encoding = definition["layer"][0]["encoding"]
    assert encoding["color"]["field"] == ("retained" if relative else "effect")
    assert encoding["x"]["sort"] == {"field": "place", "order": "ascending"}
    assert definition["transform"][0]["filter"] == "datum.state == chosen_state && datum.sentence == chosen_sentence"


def test_the_words_that_the_last_state_depends_on_are_named_with_their_distance():
    said = on_sentence(sentences().query("sentence == 7 and state == 'cell'"))
    assert said[1] == (
        "Of the words before the last, the state at the end depends most on “dog”, 4 words back (90 % of what it changed when it "
        "was read); “nan”, 1 word back (50 % of what it changed when it was read); “the”, 2 words back (25 % of what it "
        "changed when it was read)."
    )
    assert len(on_sentence(sentences().query("sentence == 7 and delay == 0"))) == 1


def test_the_page_lets_one_choose_the_sentence(run):
    page = render(run, figures_of(run), beside_paper(run))
    assert sentence_choices(run) == {"7": "“the dog …”", "30": "“it ended …”"}
    assert 'name="sentence" value="30"' in page
    assert 'id="chart-sentences"' in page
    assert "“nan”, 1 word back" in page
    assert set(run.sentences["word"]) == {word for text in SENTENCES.values() for word in text.split()}


def test_without_sentences_there_is_no_such_figure(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert sentence_choices(run) == {}
    assert "sentences" not in {figure.name for figure in figures_of(run)}
