"""How far a swap moves the next word's distribution, against running the model twice."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.models.language_model import ModelConfig
from stategrad.swaps import divergence

WORDS, DELAYS = 12, 5


def model_of(cell="lstm", layers=1):
    config = ModelConfig(vocabulary_size=WORDS, embedding_size=4, hidden_size=6, cell=cell, layers=layers, init_range=1.0)
    return sg.LanguageModel(config, seed=3).eval()


def text(seed=0):
    generator = np.random.default_rng(seed)
    return [torch.from_numpy(generator.integers(WORDS, size=size)) for size in (25, 9)]


@torch.no_grad()
def naive(model, streams, replacements):
    """Every divergence by two whole runs, in float64: {(position, delay): nats}."""
    model, found, before = model.double(), {}, 0
    for ids, given in zip(streams, replacements, strict=True):
        true = torch.log_softmax(model(ids[:, None])[0][:, 0], 1)
        for p in range(len(ids)):
            changed = ids.clone()
            changed[p] = given[p]
            other = torch.log_softmax(model(changed[:, None])[0][:, 0], 1)
            kl = (true.exp() * (true - other)).sum(1)
            found |= {(before + p, delay): float(kl[p + delay]) for delay in range(min(DELAYS, len(ids) - p))}
        before += len(ids)
    return found


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 1), ("gru", 2), ("rnn", 1)])
@pytest.mark.parametrize("bytes_of_scores", [1, divergence.BYTES_OF_SCORES])
def test_it_is_that_of_two_runs(cell, layers, bytes_of_scores, monkeypatch):
    monkeypatch.setattr(divergence, "BYTES_OF_SCORES", bytes_of_scores)
    model, streams, given = model_of(cell, layers), text(), text(1)
    labels = np.random.default_rng(0).choice(["a", "b"], 34)
    result = sg.swap_memory(
        model, streams, swaps=given, delays=DELAYS, groups=np.split(labels, [25]), divergence=True, sample=None,
        precision="float64", show_progress=False,
    )  # fmt: skip
    expected = naive(model, streams, given)
    for group in ("all", "a", "b"):
        for delay in range(DELAYS):
            values = [value for (p, at), value in expected.items() if at == delay and group in ("all", labels[p])]
            np.testing.assert_allclose(result.divergence.sel(group=group, delay=delay), np.mean(values), atol=1e-12)
    assert min(expected.values()) > -1e-12


def test_the_state_that_is_compared_does_not_matter_and_swaps_by_itself_do_nothing():
    model, streams, given = model_of(layers=2), text(), text(1)
    options = {"delays": DELAYS, "divergence": True, "sample": None, "show_progress": False}
    cell, hidden = (sg.swap_memory(model, streams, swaps=given, state=state, **options) for state in ((0, "cell"), (1, "hidden")))
    np.testing.assert_allclose(cell.divergence, hidden.divergence, rtol=1e-6)
    same = sg.swap_memory(model, streams, swaps=streams, **options)
    np.testing.assert_allclose(same.divergence, 0, atol=1e-7)
    assert sg.swap_memory(model, streams, swaps=given, delays=2, sample=None, show_progress=False).divergence is None


def test_it_has_intervals_over_blocks():
    model = model_of()
    ids, other = (torch.from_numpy(np.random.default_rng(seed).integers(WORDS, size=600)) for seed in (0, 1))
    frame = sg.swap_memory(model, ids, swaps=other, delays=3, divergence=True, sample=None, show_progress=False).to_dataframe()
    assert (frame["divergence_low"] < frame["divergence"]).all()
    assert (frame["divergence"] < frame["divergence_high"]).all()
    assert (np.diff(frame["divergence"]) < 0).all()


def test_a_model_that_predicts_nothing_is_refused():
    with pytest.raises(sg.InvalidInputError, match=r"and LSTM predicts none: .* 'decoder' .* leave divergence out"):
        sg.swap_memory(nn.LSTM(3, 4), torch.randn(40, 3), delays=3, divergence=True, show_progress=False)


def test_the_reference_model_uses_words_for_as_long_as_is_known(shared):
    from stategrad.corpus.ptb import load_ptb

    model, _ = sg.load_model(shared / "reference" / "ptb-lstm.safetensors")
    stream = load_ptb(shared / "data" / "ptb.zip").valid.streams[0][:10_000]
    result = sg.swap_memory(model.eval(), stream, delays=[0, 1, 5, 10, 29], sample=800, divergence=True, show_progress=False)
    np.testing.assert_allclose(result.divergence.sel(group="all"), [3.1, 0.81, 0.13, 0.04, 0.003], rtol=0.35)
