"""Probes on states that are known to hold the last k words and nothing else."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from naive import state_sequence
from stategrad.models.language_model import ModelConfig
from stategrad.probes import state_probes
from stategrad.probes.state_examples import untrained_of, words_between

WORDS, E, KEPT = 60, 6, 3
OPTIONS = {"sample": 1500, "seeds": 2, "show_progress": False, "C": 1.0}


class ShiftRegister(nn.Module):
    """A state that is the last `KEPT + 1` input vectors, side by side: it keeps a word exactly for `KEPT` steps."""

    def __init__(self, vectors):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors)

    def embed(self, ids):
        return self.embedding(ids)

    def init_state(self, batch):
        return torch.zeros(batch, E * (KEPT + 1))

    def step(self, x, state):
        return torch.cat([x, state[:, :-E]], dim=1)


def language(seed=0, length=4000, follows=False):
    """Words whose vectors tell their class up to noise; with `follows` each word of class 1 is followed by one of a few words."""
    generator = np.random.default_rng(seed)
    classes = np.arange(WORDS) % 3
    vectors = np.eye(E)[classes] * 2 + 0.5 * generator.standard_normal((WORDS, E))
    ids = generator.integers(WORDS, size=length)
    if follows:
        for t in range(1, length):
            if generator.random() < 0.98:
                ids[t] = 6 * (ids[t] // 6) + 2 * (classes[ids[t - 1]] % 3)
    return ShiftRegister(torch.from_numpy(vectors).float()), torch.from_numpy(ids), np.array(["a", "b", "c"])[classes[ids]]


def accuracy(frame, reader, delay, column="accuracy"):
    return float(frame[(frame["reader"] == reader) & (frame["delay"] == delay)][column].iloc[0])


@pytest.fixture(scope="module")
def kept():
    model, ids, labels = language()
    return sg.probe_states(model, ids, labels, delays=[0, 2, KEPT, KEPT + 1, 8], **OPTIONS).to_dataframe()


def test_a_state_that_keeps_three_words_is_decodable_for_three_steps(kept):
    for delay in (0, 2, KEPT):
        assert accuracy(kept, "state", delay) > 0.9
        assert accuracy(kept, "memory", delay) > 0.4
        assert accuracy(kept, "memory", delay, "accuracy_low") > 0
        assert accuracy(kept, "state", delay, "balanced") > 0.85


def test_and_not_beyond(kept):
    for delay in (KEPT + 1, 8):
        assert accuracy(kept, "state", delay) < 0.5
        assert accuracy(kept, "memory", delay) < 0.12


def test_words_between_say_nothing_where_words_are_independent(kept):
    for delay in (2, KEPT, 8):
        assert accuracy(kept, "words between", delay) < 0.5
    assert not ((kept["reader"] == "words between") & (kept["delay"] == 0)).any()


def test_a_random_class_is_learnt_by_heart_less_well_than_a_true_one(kept):
    assert accuracy(kept, "control", 0) < accuracy(kept, "state, words seen", 0) - 0.2
    assert accuracy(kept, "selectivity", 0) > 0.2
    assert abs(accuracy(kept, "selectivity", 8)) < 0.15


def test_what_the_next_word_tells_is_no_memory():
    model, ids, labels = language(follows=True)
    frame = sg.probe_states(model, ids, labels, delays=[1], **OPTIONS).to_dataframe()
    assert accuracy(frame, "words between", 1) > accuracy(frame, "majority", 1) + 0.2
    assert accuracy(frame, "memory", 1) < accuracy(frame, "state", 1) - accuracy(frame, "majority", 1) - 0.15


def test_an_untrained_copy_is_probed_beside_modules_and_not_beside_functions():
    x = torch.randn(900, 4)
    labels = np.where(x[:, 0] > 0, "up", "down")
    options = {"delays": [0, 1], "sample": 600, "seeds": 2, "show_progress": False}
    frame = sg.probe_states(nn.GRU(4, 8), x, labels, **options).to_dataframe()
    assert accuracy(frame, "untrained", 0) > 0.7
    assert "control" not in set(frame["reader"])  # vectors have no types
    bare = sg.probe_states(lambda x, s: torch.tanh(x + 0.5 * s), x, labels, initial_state=torch.zeros(1, 4), **options)
    assert set(bare.scores["reader"]) == {"state", "words between", "majority"}


class Mixed(nn.Module):
    """An embedding and a recurrent layer whose recurrent weights the model draws itself."""

    def __init__(self):
        super().__init__()
        self.embedding, self.recurrent = nn.Embedding(WORDS, 4), nn.GRU(4, 5)

    def reset_parameters(self):
        self.recurrent.weight_hh_l0.fill_(0.25)


def test_what_was_frozen_in_training_is_kept_in_an_untrained_copy_and_all_else_is_drawn_anew():
    model = Mixed()
    model.embedding.weight.requires_grad_(False)
    fresh = untrained_of(model, 3)
    assert torch.equal(fresh.embedding.weight, model.embedding.weight)
    assert not torch.equal(fresh.recurrent.weight_ih_l0, model.recurrent.weight_ih_l0)
    assert (fresh.recurrent.weight_hh_l0 == 0.25).all()  # the model's own word on the weights of its parts is the last
    again, other = untrained_of(model, 3), untrained_of(model, 4)
    assert torch.equal(fresh.recurrent.weight_ih_l0, again.recurrent.weight_ih_l0)
    assert not torch.equal(fresh.recurrent.weight_ih_l0, other.recurrent.weight_ih_l0)
    # a model that is frozen as a whole, for an analysis, says nothing of its training
    assert not torch.equal(untrained_of(model.requires_grad_(False), 3).embedding.weight, model.embedding.weight)


def test_there_is_no_untrained_copy_of_weights_that_nobody_knows_to_draw():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.weight = nn.Embedding(WORDS, 4), nn.Parameter(torch.randn(4, 4))

        def embed(self, ids):
            return self.embedding(ids)

        def init_state(self, batch):
            return torch.zeros(batch, 4)

        def step(self, x, state):
            return torch.tanh(x + state @ self.weight)

    model, ids = Bare(), torch.randint(WORDS, (800,))
    assert untrained_of(model, 0) is None  # with random embeddings and trained weights it would be neither
    labels = np.where(ids.numpy() % 2, "odd", "even")
    probes = sg.probe_states(model, ids, labels, delays=[0], sample=400, seeds=1, show_progress=False)
    assert "untrained" not in set(probes.scores["reader"])
    model.weight.requires_grad_(False)
    assert torch.equal(untrained_of(model, 0).weight, model.weight)


def test_the_class_names_of_a_corpus_are_its_labels():
    corpus = sg.load_corpus(sg.CorpusConfig(name="synthetic", tokens=6000, vocabulary_size=300)).train
    model = sg.LanguageModel(ModelConfig(vocabulary_size=len(corpus.vocabulary.words), embedding_size=6, hidden_size=10))
    probes = sg.probe_states(model.eval(), corpus, delays=[0, 1], sample=800, seeds=2, show_progress=False)
    assert "nouns" in probes.classes
    assert set(probes.scores["reader"]) == {"state", "untrained", "words between", "majority", "state, words seen", "control"}


def test_the_words_between_are_those_since_the_probed_one():
    x = torch.arange(20.0)[:, None].repeat(1, 2)
    streams = sg.gradients.streams.streams_of(x, sg.cells.network.network_of(nn.RNN(2, 3), sg.cells.base.PRECISIONS["float32"]))
    steps = np.array([12, 15])
    np.testing.assert_array_equal(words_between(streams, steps, 3)[:, ::2], [[10, 11, 12], [13, 14, 15]])
    assert words_between(streams, steps, 11).shape == (2, 16)
    np.testing.assert_array_equal(words_between(streams, steps, 11)[:, 0], [2, 5])


def test_every_classifier_learns_the_class_of_the_word_that_was_read_a_delay_before_and_is_tested_on_other_words(monkeypatch):
    """Which rows a classifier got is told from its features, all different, beside states by plain PyTorch."""
    generator, module, delays = np.random.default_rng(0), nn.LSTM(3, 5), [0, 2, 11]
    model = sg.LanguageModel(ModelConfig(vocabulary_size=30, embedding_size=3, hidden_size=5, init_range=1.0), seed=2).eval()
    streams = [torch.from_numpy(generator.integers(30, size=size)) for size in (150, 7, 90)]
    labels = [generator.choice(np.array(["a", "b", None], dtype=object), len(stream)) for stream in streams]
    module.load_state_dict(model.lstm.state_dict())
    vectors, ids, wanted = model.embedding.weight.detach(), torch.cat(streams).numpy(), np.concatenate(labels)
    states = np.concatenate([
        torch.stack(state_sequence(module, vectors[stream], (0, "cell"))).detach().numpy() for stream in streams
    ])  # fmt: skip
    places = np.concatenate([np.arange(len(stream)) for stream in streams])
    calls, predict = [], state_probes._predict
    monkeypatch.setattr(state_probes, "_predict", lambda *given: calls.append(given) or predict(*given))
    probes = sg.probe_states(model, streams, labels, delays=delays, sample=90, seeds=1, show_progress=False)

    def steps_of(rows):
        distance = np.abs(rows[:, None] - states).max(-1)
        assert distance.min(1).max() < 1e-5
        return distance.argmin(1)

    made = iter(calls)
    for delay in delays:
        train, classes, test, _ = next(made)
        learnt, tested = steps_of(train), steps_of(test)
        assert places[np.concatenate([learnt, tested])].min() >= 11  # the same steps for all delays
        assert [probes.classes[number] for number in classes] == wanted[learnt - delay].tolist()
        assert not set(ids[learnt - delay]) & set(ids[tested - delay])
        untrained = next(made)
        np.testing.assert_array_equal(untrained[1], classes)
        assert np.abs(untrained[0] - train).max() > 0.01
        if delay:
            between = [vectors[ids[learnt - delay + 1 + place]] for place in range(min(delay, 8))]
            np.testing.assert_allclose(next(made)[0], np.concatenate(between, axis=1), atol=1e-6)
        seen, control = next(made), next(made)
        np.testing.assert_array_equal(seen[0], control[0])
        both = steps_of(np.concatenate([seen[0], seen[2]]))
        assert sorted(both) == sorted([*learnt, *tested])
        pairs = set(zip(ids[steps_of(control[0]) - delay].tolist(), control[1].tolist(), strict=True))
        assert len(pairs) == len({word for word, _ in pairs})  # one random class per word
        found = probes.scores.query("delay == @delay and reader == 'majority'")["accuracy"].iloc[0]
        most = np.bincount(classes).argmax()
        assert found == pytest.approx(np.mean(wanted[tested - delay] == probes.classes[most]))
    assert next(made, None) is None


def test_seeds_repeat():
    model, ids, labels = language()
    first, again = (sg.probe_states(model, ids, labels, delays=[1], sample=600, seeds=1, show_progress=False) for _ in range(2))
    assert first.scores.equals(again.scores)
    assert first.to_dataframe()["accuracy_low"].isna().all()  # one seed has no interval


def test_refusals():
    model, ids, labels = language(length=300)
    for attempt, sentence in (
        (
            lambda: sg.probe_states(model, ids),
            "there are no labels to probe for; pass labels, one per position",
        ),
        (lambda: sg.probe_states(model, ids, np.full(300, "a")), "the labels have 1; give at least two"),
        (lambda: sg.probe_states(model, ids, labels[:-1]), "299"),
        (lambda: sg.probe_states(model, ids, labels, seeds=0, C=-1.0), "2 problems with the probes: seeds is 0; give at least 1"),
        (lambda: sg.probe_states(model, ids, labels, delays=[0, 2], sample=1), "a probe needs examples of two classes in training"),
    ):
        with pytest.raises(sg.InvalidInputError, match=sentence):
            attempt()


def test_the_repr_tells_classes_delays_and_accuracies():
    model, ids, labels = language(length=600)
    shown = repr(sg.probe_states(model, ids, labels, delays=[0, 2], **OPTIONS | {"sample": 300, "seeds": 1}))
    assert "StateProbes of the hidden state, layer 0" in shown
    assert "delays     0, 2" in shown
    assert "seeds      1" in shown
    assert "at delay 0" in shown
    assert "at delay 2" in shown
