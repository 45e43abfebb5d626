"""Properties that the settings of a run name: resolved before anything is trained, tracked and shown as the paper's two."""

import dataclasses
import itertools
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import stategrad as sg
from run.tiny import TINY
from stategrad.cli.main import main
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.vocabulary import Vocabulary
from stategrad.errors import InvalidInputError
from stategrad.models.embeddings import Embeddings
from stategrad.report import page
from stategrad.run.config import AnalysisConfig
from stategrad.run.measures import property_facts
from stategrad.run.properties import own_properties, rows_of
from stategrad.run.run import Run
from stategrad.run.settings import parse, read_preset

PENN = Lexicon(
    {"runs": {"NNS": 1, "VBZ": 5}, "run": {"NN": 3, "VBP": 1, "VB": 4}, "ran": {"VBD": 2}, "dogs": {"NNS": 2}, "the": {"DT": 9}},
    "penn",
)
UNIVERSAL = Lexicon({"dog": {"NOUN|Number=Sing": 1}, "dogs": {"NOUN|Number=Plur": 1}, "furniture": {"NOUN": 1}}, "universal")
BROWN = Lexicon({"dog": {"nn": 1}, "county": {"nn-tl": 1}, "dogs": {"nns": 2}}, "brown")
WORDS = Vocabulary(("<unk>", "the", "run", "runs", "ran", "dogs", "dog", "furniture", "county", "<eos>"))


@pytest.mark.parametrize(
    ("side", "lexicon", "words"),
    [
        (["ran", "dogs"], None, ["ran", "dogs"]),
        (["ran"], PENN, ["ran"]),
        ("VBZ", PENN, ["runs"]),
        ("VBP VB", PENN, ["run", "run"]),
        ("VBZ VBD", PENN, ["runs", "ran"]),
        ("VBD|VBZ", PENN, ["runs", "ran"]),
        ("verbs", PENN, ["run", "run", "runs", "ran"]),
        ("NNS", BROWN, ["dogs"]),
        ("nn-tl", BROWN, ["county"]),
        ("NOUN", UNIVERSAL, ["dogs", "dog", "furniture"]),
        ("NOUN|Number=Plur", UNIVERSAL, ["dogs"]),
    ],
)
def test_a_side_is_words_or_the_pairs_of_a_class_or_of_tags(side, lexicon, words):
    assert [WORDS.words[row] for row in rows_of(side, WORDS, lexicon)] == words


@pytest.mark.parametrize(
    ("side", "lexicon", "sentence"),
    [
        (["dogz", "qqqq"], PENN, "not among the 10 words of the vocabulary: 'dogz' (did you mean dog?), 'qqqq'; leave them out"),
        ([*"abcdefg"], PENN, "'e' and 2 more; leave them out"),
        ("vebrs", PENN, "unknown word class or tag 'vebrs' (did you mean verbs?) (classes: pronouns, "),
        ("VBZ vbd", PENN, "unknown word class or tag 'vbd' (did you mean VBD?) (classes: "),
        ("singular noun", PENN, "unknown word class or tag 'singular noun' (did you mean singular nouns?)"),
        ("ran", PENN, "tags of the set penn); words stand in a list, [ran]."),
        ("VBG", PENN, "no word of the vocabulary is in 'VBG'; leave the property out."),
        ("adverbs", PENN, "no word of the vocabulary is in 'adverbs'"),
        ("verbs", None, "'verbs' is to be a word class or a tag, and the text has no tags; give a list of words."),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(side, lexicon, sentence):
    with pytest.raises(InvalidInputError, match=re.escape(sentence)):
        rows_of(side, WORDS, lexicon)


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({"tense": [["ran"]]}, "analysis.properties.tense has 1 side; give two, such as [[walked, went], [walk, go]]"),
        ({"tense": [["ran"], ["run"], ["be"]]}, "analysis.properties.tense has 3 sides; give two"),
        ({"tense": [[], ["run"]]}, "analysis.properties.tense has a side without words; give words, a word class or a tag"),
        ({"tense": [" ", ["run"]]}, "analysis.properties.tense has a side without words"),
        ({"tense": [["ran", "ran"], ["run"]]}, "analysis.properties.tense names 'ran' twice on one side; name each word once"),
        ({"": [["ran"], ["run"]]}, "analysis.properties holds a property without a name; give it one"),
        ({"common–proper": ["NN", "NNP"]}, "analysis.properties.common–proper has the name of a property of the paper's"),
    ],
)
def test_sides_that_cannot_be_are_refused_without_a_text(properties, sentence):
    with pytest.raises(InvalidInputError, match=re.escape(sentence)):
        AnalysisConfig(properties=properties)


def test_numbers_of_directions_are_given_once():
    with pytest.raises(InvalidInputError, match=re.escape("analysis.directions is (1, 5, 1); give each number once.")):
        AnalysisConfig(directions=(1, 5, 1))


def test_a_property_is_the_difference_of_the_means_of_its_sides():
    vectors = np.random.default_rng(0).standard_normal((len(WORDS), 4))
    embeddings = Embeddings(vectors, WORDS.words)
    properties = own_properties({"number": ["VBZ", "VBP VB"], "past": [["ran"], ["runs", "run"]]}, embeddings, PENN)
    of = dict(zip(WORDS.words, vectors, strict=True))
    np.testing.assert_allclose(properties["number"].vector, of["runs"] - of["run"])
    np.testing.assert_allclose(properties["past"].vector, of["ran"] - (of["runs"] + of["run"]) / 2)
    facts = property_facts(properties, embeddings, {"number": ["VBZ", "VBP VB"], "past": [["ran"], ["runs", "run"]]})
    assert facts == {
        "properties": {
            "number": {"types": [1, 2], "reliability": None, "sides": ["VBZ", "VBP VB"]},
            "past": {"types": [1, 2], "reliability": None, "sides": ["ran", "runs, run"]},
        }
    }


def test_files_of_settings_hold_properties(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("analysis:\n  properties:\n    tense: [[walked, went], [walk, go]]\n    number-of-verbs: [VBZ, VBP]\n")
    config = read_preset(str(path))
    wanted = {"tense": [["walked", "went"], ["walk", "go"]], "number-of-verbs": ["VBZ", "VBP"]}
    assert config.analysis.properties == wanted
    assert parse(config.to_dict(), preset="", source="again").analysis == config.analysis
    path.write_text("analysis:\n  properties:\n    answer: [[yes], [no]]\n")
    with pytest.raises(InvalidInputError, match=r"mine\.yaml: analysis\.properties holds something else .* in quotes\.$"):
        read_preset(str(path))


@pytest.mark.parametrize("given", ["{tense: walked}", "[a]"])
def test_another_form_of_properties_is_refused_on_the_command_line(given, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["run", "synthetic", "--analysis.properties", given])
    said = capsys.readouterr().err
    assert said.startswith("stategrad: analysis.properties holds something else than two sides by name, each a list of words")
    assert said.count("\n") == 1


@pytest.fixture(scope="module")
def with_properties(tiny_run, tmp_path_factory):
    """The tiny run, with properties by words, classes and tags."""
    words = tiny_run.corpus.vocabulary.words
    lexicon = tiny_run.corpus.lexicon
    nouns = sorted({words[row] for row in lexicon.pairs(tiny_run.corpus.vocabulary, "plural nouns")})
    verbs = sorted({words[row] for row in lexicon.pairs(tiny_run.corpus.vocabulary, "verbs")} - set(nouns))
    properties = {"number of verbs": ["VBZ", "VBP"], "rest": [nouns[:12], verbs[:12]], "person": [["they"], ["he", "she"]]}
    changed = dataclasses.replace(TINY, analysis=dataclasses.replace(TINY.analysis, properties=properties, directions=(1, 3, 5)))
    folder = shutil.copytree(tiny_run.folder.path, tmp_path_factory.mktemp("own") / "run")
    run = Run(changed, folder, show_progress=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "write_chart", lambda chart, path: [])
        run.execute(["analyze", "report"])
    return run


def test_properties_are_tracked_as_the_paper_s_with_their_null(with_properties):
    folder = with_properties.folder
    tracking = pd.read_csv(folder.measures_path("tracking"))
    names = ["singular–plural", "common–proper", "number of verbs", "rest", "person"]
    assert list(dict.fromkeys(tracking["property"])) == names
    keys = ["state", "whitened", "delay", "n", "property"]
    assert len(tracking) == len(tracking[keys].drop_duplicates()) == 2 * 2 * 6 * 3 * len(names)
    assert tracking["relative_memory"].between(0, 1 + 1e-9).all()
    bands = tracking.set_index("property")["relative_memory_null_high"]
    assert bands.loc[["number of verbs", "rest"]].notna().all()
    result = sg.StateGradients.load(folder.gradients_path("cell"))
    of = dict(zip(result.embeddings.words, result.embeddings.vectors, strict=True))
    d = of["they"] - (of["he"] + of["she"]) / 2
    expected = np.linalg.norm(result.mean.sel(group="all", delay=2).values @ d) / np.linalg.norm(d)
    expected /= np.linalg.norm(result.mean.sel(group="all", delay=2), 2)
    row = tracking.query("state == 'cell' and not whitened and property == 'person' and delay == 2 and n == 3").iloc[0]
    assert row["relative_memory"] == pytest.approx(expected)
    assert row["cosine"] == pytest.approx(sg.measures.cosine_to_subspace(result.mean.sel(group="all", delay=2).values, d, 3))
    facts = folder.manifest()["facts"]
    assert facts["properties"]["person"] == {"types": [1, 2], "reliability": None, "sides": ["they", "he, she"]}
    assert -1 <= facts["property_cosine"] <= 1


def test_the_page_shows_them_beside_the_paper_s(with_properties):
    html = (with_properties.folder.path / "report.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', html, re.DOTALL)[1])
    charts = data["figures"]
    assert {"figure-2-tracking", "own-properties-1", "own-properties-2"} <= set(charts)
    assert "Properties of your own: number of verbs and rest" in html
    assert "A property of your own: person" in html
    assert "The property person is the mean embedding of they (1 word type) less that of he, she (2 word types)." in html
    assert "So few words define a direction that may be their own" in html
    assert list(charts["own-properties-1"]["charts"]) == ["n=5", "n=1", "n=3"]
    for name, own in (("figure-2-tracking", ["singular–plural", "common–proper"]), ("own-properties-2", ["person"])):
        chart = json.dumps(charts[name]["charts"]["n=3"], ensure_ascii=False)
        legend = [f"{one}: {what}" for one, what in itertools.product(own, ("m", "cosine, n = 3"))]
        assert all(entry in chart for entry in legend)
    assert "person" not in json.dumps(charts["figure-2-tracking"])


def test_unknown_words_are_refused_before_anything_is_written(tmp_path, capsys):
    wrong = {"tense": [["theyy"], ["he"]], "x": ["verb", ["he"]], "same": [["he"], ["he"]]}
    config = dataclasses.replace(TINY, analysis=dataclasses.replace(TINY.analysis, properties=wrong))
    with pytest.raises(InvalidInputError) as refused:
        Run(config, tmp_path / "run", show_progress=False).execute()
    sentence = str(refused.value)
    assert "analysis.properties.tense: not among the " in sentence
    assert "'theyy' (did you mean they?)" in sentence
    assert "analysis.properties.x: unknown word class or tag 'verb' (did you mean verbs?)" in sentence
    assert "analysis.properties.same has the same words on both sides; their difference names no direction" in sentence
    assert not (tmp_path / "run").exists()


def test_the_command_line_takes_properties_and_warns_of_few_words(tiny_copy, capsys):
    main(["analyze", str(tiny_copy), "--analysis.properties", "{person: [[they], [he, she]], number: [VBZ, VBP]}"])
    said = capsys.readouterr().err
    assert (
        "analyze: property 'person' is defined by 1 and 2 word types; with fewer than 10 on a side its direction may be that of "
        "these words rather than of what they have in common." in said
    )
    assert "property 'number'" not in said
    tracking = pd.read_csv(tiny_copy / "measures" / "tracking.csv")
    assert {"person", "number"} <= set(tracking["property"])


def test_a_text_without_tags_has_properties_of_words(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "write_chart", lambda chart, path: [])
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(60)]
    path = tmp_path / "plain.txt"
    path.write_text("\n".join(" ".join(rng.choice(words, 9)) for _ in range(900)))
    corpus = dataclasses.replace(TINY.corpus, name="text", path=str(path))
    own = dataclasses.replace(TINY.analysis, properties={"halves": [words[:30], words[30:]]}, whitened=False)
    swap = dataclasses.replace(TINY.swap, kinds=("unigram",))
    run = Run(dataclasses.replace(TINY, corpus=corpus, analysis=own, swap=swap), tmp_path / "run", show_progress=False)
    run.execute()
    html = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "A property of your own: halves" in html
    assert "so there are no classes to compare. A text with tags" in html
    assert set(pd.read_csv(run.folder.measures_path("tracking"))["property"]) == {"halves"}
