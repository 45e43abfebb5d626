"""Every check passes on what it tests, and fails where that is broken on purpose."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import stategrad as sg
from stategrad.measures import debias_spectrum, sign_flip_test
from stategrad.models.language_model import LanguageModel
from stategrad.validation import held
from stategrad.validation.divergence import divergence
from stategrad.validation.held import LANGUAGES, held_words
from stategrad.validation.linear import linear_network
from stategrad.validation.noise import pure_noise
from stategrad.validation.stein import stein_identity
from stategrad.validation.untrained import untrained_model


def failed(check):
    assert not check.passed
    return [reading.what.split(",")[0].split(" at delay")[0] for reading in check.readings if not reading.passed]


def scaled(factor):
    """State gradients that are wrong by a factor."""

    def gradients(*args, **options):
        result = sg.state_gradients(*args, **options)
        return replace(result, mean=result.mean * factor, block_mean=result.block_mean * factor)

    return gradients


def one_delay_late(*args, **options):
    result = sg.state_gradients(*args, **options)
    shift = {name: getattr(result, name).roll(delay=1, roll_coords=False) for name in ("mean", "block_mean")}
    return replace(result, **shift)


def test_a_linear_network_passes_and_wrong_gradients_do_not():
    assert linear_network(steps=100, delays=6).passed
    assert "largest error of the mean gradient" in failed(linear_network(steps=100, delays=6, gradients=scaled(1 + 1e-6)))
    assert failed(linear_network(steps=100, delays=6, gradients=one_delay_late))


def test_a_linear_network_has_no_spread_between_blocks():
    def noisy(*args, **options):
        result = sg.state_gradients(*args, **options)
        noise = np.random.default_rng(0).standard_normal(result.block_mean.shape)
        return replace(result, block_mean=result.block_mean + 0.1 * (noise - noise.mean(1, keepdims=True)))

    assert failed(linear_network(steps=100, delays=6, gradients=noisy)) == ["widest interval of σ₁"]


def test_steins_identity_passes_and_wrong_gradients_do_not():
    assert stein_identity().passed
    assert len(failed(stein_identity(gradients=scaled(1.05)))) == 2
    assert "mean squared t of the difference" in failed(stein_identity(gradients=one_delay_late))


def test_noise_passes_and_tests_that_find_too_much_or_nothing_do_not():
    assert pure_noise(trials=400, signals=60).passed

    def eager(means, counts):
        return sign_flip_test(means, counts, level=0.2)

    def blind(means, counts):
        found = sign_flip_test(means, counts)
        return replace(found, detected=np.zeros_like(found.detected))

    assert failed(pure_noise(trials=400, signals=60, test=eager)) == ["share of noise detected"]
    assert "share of signals detected" in failed(pure_noise(trials=400, signals=60, test=blind))


def test_noise_fails_where_values_are_not_debiased():
    def plain(means, counts):
        spectrum = debias_spectrum(means, counts)
        return replace(spectrum, debiased=spectrum.plain)

    assert "bias of σ₁" in failed(pure_noise(trials=400, signals=60, debias=plain))


def test_an_untrained_model_passes_and_wrong_gradients_do_not():
    small = {"tokens": 1000, "properties": 60, "delay": 2}
    assert untrained_model(**small).passed
    small["properties"] = 5
    assert "largest error of the mean gradient against its gates" in failed(untrained_model(**small, gradients=scaled(1.05)))
    assert "σ₁" in failed(untrained_model(**small, gradients=one_delay_late))


def test_an_untrained_model_fails_where_the_null_is_that_of_other_embeddings():
    def foreign_null(*args, embeddings, **options):
        result = sg.state_gradients(*args, embeddings=embeddings, **options)
        direction = np.linalg.svd(result.mean.values[0, -1])[2][-1]
        along = np.outer(embeddings.vectors @ direction, direction)
        return replace(result, embeddings=replace(embeddings, vectors=along))

    check = untrained_model(tokens=1000, properties=60, delay=2, gradients=foreign_null)
    assert failed(check) == ["random properties outside their band"]


SMALL = {"streams": 384, "epochs": 12, "followed": 40}


@pytest.fixture
def train_once(monkeypatch):
    """Train a language's model for the first check of it alone."""
    train = held.train

    def remembered(model, streams, *rest, **options):
        key = len(streams[0]), model.config.vocabulary_size
        if key not in WEIGHTS:
            train(model, streams, *rest, **options)
            WEIGHTS[key] = {name: weight.clone() for name, weight in model.state_dict().items()}
        model.load_state_dict(WEIGHTS[key])

    monkeypatch.setattr(held, "train", remembered)


WEIGHTS: dict[tuple[int, int], dict[str, object]] = {}


@pytest.mark.usefixtures("train_once")
def test_held_words_are_found_and_let_go():
    check = held_words("flip-flop", **SMALL)
    assert check.passed
    assert check.curves[0].held_until == LANGUAGES["flip-flop"][1]
    assert int(np.argmax(check.curves[0].values)) == LANGUAGES["flip-flop"][1]


@pytest.mark.usefixtures("train_once")
def test_held_words_fail_where_the_gradients_are_those_of_the_untrained_model():
    def untrained(model, *args, **options):
        return sg.state_gradients(LanguageModel(model.config).eval(), *args, **options)

    assert failed(held_words("flip-flop", **SMALL, gradients=untrained)) == ["rms of gradients"]


@pytest.mark.usefixtures("train_once")
def test_held_words_fail_where_swaps_change_nothing_or_never_fade():
    def in_vain(model, ids, *, swaps, **options):
        return sg.swap_memory(model, ids, swaps=ids, **options)

    def for_ever(*args, **options):
        result = sg.swap_memory(*args, **options)
        return replace(result, theta=result.theta * 0 + 1)

    assert failed(held_words("flip-flop", **SMALL, swaps=in_vain))[0] == "change by swaps"
    assert failed(held_words("flip-flop", **SMALL, swaps=for_ever)) == ["change by swaps"]


def test_held_words_fail_in_a_model_that_was_not_trained(monkeypatch):
    monkeypatch.setattr(held, "train", lambda *args, **options: None)
    assert "divergence" in failed(held_words("agreement", **SMALL))


def test_divergence_is_that_of_whole_streams_read_again():
    text = LANGUAGES["copy"][0](streams=6, steps=20)
    model = LanguageModel(held.ModelConfig(vocabulary_size=len(text.words), embedding_size=4, hidden_size=5, init_range=1.0))
    group = text.held(3)
    expected, count = np.zeros(4), 0
    ids = torch.from_numpy(text.ids)
    model.eval()
    with torch.no_grad():
        for stream, position in np.argwhere(group[:, :17]):
            other = ids[stream].clone()
            other[position] = int(text.swapped[stream, position])
            true, moved = (model(one[:, None])[0][:, 0].double().log_softmax(-1) for one in (ids[stream], other))
            expected += (true.exp() * (true - moved)).sum(-1)[position : position + 4].numpy()
            count += 1
    assert divergence(model, text.ids, text.swapped, group, 4) == pytest.approx(expected / count, rel=1e-4)
    assert np.isnan(divergence(model, text.ids, text.swapped, np.zeros_like(group), 4)).all()
