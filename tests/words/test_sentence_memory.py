"""Sentences word by word: against reruns with one embedding replaced and autograd of single states."""

import json

import numpy as np
import pytest
import torch

import stategrad as sg
from naive import all_gradients, state_sequence
from stategrad.corpus.corpus import Corpus
from stategrad.corpus.vocabulary import Vocabulary
from stategrad.errors import InvalidInputError
from stategrad.models.language_model import LanguageModel, ModelConfig

WORDS = ("<unk>", "<eos>", *(f"w{number}" for number in range(18)))
LENGTHS = ((12, 3, 10), (11, 40))
"""Words of the sentences of two streams."""


@pytest.fixture(scope="module")
def text():
    generator = np.random.default_rng(0)
    streams = tuple(generator.integers(2, len(WORDS), sum(lengths)) for lengths in LENGTHS)
    sentences = tuple(np.repeat(np.arange(len(lengths)), lengths) for lengths in LENGTHS)
    return Corpus("generated", Vocabulary(WORDS), streams, sentences)


def model_of(cell="lstm"):
    config = ModelConfig(vocabulary_size=len(WORDS), embedding_size=4, hidden_size=6, cell=cell, init_range=0.7)
    return LanguageModel(config, seed=1).eval()


@pytest.mark.parametrize(("cell", "state"), [("lstm", "cell"), ("lstm", "hidden"), ("gru", "hidden")])
def test_every_entry_equals_a_rerun_and_the_gradient_of_its_position(text, cell, state):
    model = model_of(cell)
    result = sg.sentence_memory(model, text, [2, 0, 3], state=state, precision="float64", show_progress=False)
    model = model.double()
    recurrent = getattr(model, cell)
    assert list(result.sentences) == [0, 2, 3]
    embedding = model.embedding.weight.detach()
    for number, stream, start, length in ((0, 0, 0, 12), (2, 0, 15, 10), (3, 1, 0, 11)):
        x = embedding[torch.from_numpy(text.streams[stream])]
        states = state_sequence(recurrent, x, (0, state))
        gradients = all_gradients(recurrent, x[: start + length], length, (0, state))
        effect, sigma_1 = result.matrix(number), result.matrix(number, "sigma_1")
        assert effect["word"].values.tolist() == [WORDS[i] for i in text.streams[stream][start : start + length]]
        for place in range(length):
            swapped = x.clone()
            swapped[start + place] = embedding.mean(0)
            again = state_sequence(recurrent, swapped, (0, state))
            for after in range(place, length):
                moved = np.linalg.norm((again[start + after] - states[start + after]).detach().numpy())
                assert float(effect[after, place]) == pytest.approx(moved, rel=1e-9)
                largest = np.linalg.norm(gradients[after - place][start + place], ord=2)
                assert float(sigma_1[after, place]) == pytest.approx(largest, rel=1e-9)
        assert np.isnan(effect.values[np.triu_indices(length, 1)]).all()
        np.testing.assert_allclose(result.matrix(number, "retained"), effect / np.diag(effect))


def test_the_cut_of_the_work_changes_nothing(text, monkeypatch):
    whole = sg.sentence_memory(model_of(), text, [0, 1, 2, 3, 4], precision="float64", show_progress=False)
    monkeypatch.setattr("stategrad.gradients.stretches.LEAST_STEPS", 1)
    monkeypatch.setattr("stategrad.gradients.stretches.BYTES_OF_RECORD", 1)
    cut = sg.sentence_memory(
        model_of(), text, [0, 1, 2, 3, 4], precision="float64", show_progress=False, execution=sg.Execution(chunk_size=5)
    )
    for name in ("effect", "retained", "sigma_1"):
        np.testing.assert_allclose(cut.table[name], whole.table[name], rtol=1e-12, atol=1e-14)


def test_sentences_are_drawn_of_readable_length_and_with_few_unknown_words(text):
    streams = tuple(stream.copy() for stream in text.streams)
    streams[0][1] = 0
    rarely = Corpus("generated", text.vocabulary, streams, text.sentences)
    assert list(sg.sentence_memory(model_of(), rarely, 2, show_progress=False).sentences) == [2, 3]
    assert list(sg.sentence_memory(model_of(), rarely, 9, show_progress=False).sentences) == [0, 2, 3]
    assert 4 in sg.sentence_memory(model_of(), rarely, 9, longest=40, show_progress=False).sentences


def test_the_table_says_whose_it_is(text):
    result = sg.sentence_memory(model_of(), text, [1], show_progress=False)
    frame = result.to_dataframe()
    assert len(frame) == 3 + 2 + 1
    assert (frame["after"] - frame["place"] == frame["delay"]).all()
    assert (frame.loc[frame["delay"] == 0, "retained"] == 1).all()
    assert json.loads(result.provenance)["settings"]["sentences"] == [1]
    assert result.state == "cell"
    assert " ".join(result.sentences[1]) in repr(result)


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize(
    ("sentences", "match"),
    [
        (0, "sentences is 0"),
        ([], "name at least one"),
        ([1, 1], "each once"),
        ([5], "has 5, numbered from 0"),
        ([-1], "numbered"),
        ("a", "sentences are 'a'; give how many"),
    ],
)
def test_sentences_that_are_not_there_are_refused(text, sentences, match):
    with pytest.raises(InvalidInputError, match=match):
        sg.sentence_memory(model_of(), text, sentences, show_progress=False)


@pytest.mark.usefixtures("shapes_unchecked")
def test_a_text_without_words_or_without_such_sentences_is_refused(text):
    with pytest.raises(InvalidInputError, match=r"give a sg\.Corpus"):
        sg.sentence_memory(model_of(), text.streams[0], show_progress=False)
    with pytest.raises(InvalidInputError, match="drawn of 0 with 10 to 9 words"):
        sg.sentence_memory(model_of(), text, longest=9, show_progress=False)
    with pytest.raises(InvalidInputError, match="was not measured; there are 1"):
        sg.sentence_memory(model_of(), text, [1], show_progress=False).matrix(0)


class Exploding(torch.nn.Module):
    """A model whose states grow without a bound."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(len(WORDS), 2)
        self.embed, self.recurrent = self.embedding, torch.nn.RNN(2, 2, nonlinearity="relu", batch_first=True)
        for parameter in self.parameters():
            parameter.data.fill_(1.0)
        self.recurrent.weight_hh_l0.data.mul_(1e3)
        self.embedding.weight.data[0] = 2.0


def test_states_that_explode_are_refused(text):
    with pytest.raises(InvalidInputError, match="explode"):
        sg.sentence_memory(Exploding(), text, [4], show_progress=False)


def test_in_whitened_space_only_the_gradients_change(text):
    model = model_of("gru")
    options = {"state": "hidden", "precision": "float64", "show_progress": False}
    plain, white = (sg.sentence_memory(model, text, [2], units=units, **options) for units in ("paper2018", "csl2020"))
    np.testing.assert_array_equal(white.table["effect"], plain.table["effect"])
    model = model.double()
    vectors = model.embedding.weight.detach().numpy()
    values, directions = np.linalg.eigh(np.cov(vectors.T))
    root = directions * np.sqrt(values) @ directions.T
    gradients = all_gradients(model.gru, torch.from_numpy(vectors[text.streams[0]]), 10, (0, "hidden"))
    sigma_1 = white.matrix(2, "sigma_1")
    for place, after in ((0, 0), (3, 7), (0, 9)):
        largest = np.linalg.norm(gradients[after - place][15 + place] @ root, ord=2)
        assert float(sigma_1[after, place]) == pytest.approx(largest, rel=1e-9)
    assert white.units == "csl2020"
