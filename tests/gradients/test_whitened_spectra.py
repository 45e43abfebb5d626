"""Spectra in whitened embedding space: against whole matrices per word by plain autograd, and what must not change them."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from naive import all_gradients
from stategrad import measures

E, H, DELAYS = 3, 5, 4
LENGTHS = (60, 25, 4)
QUIET = {"show_progress": False, "precision": "float64", "keep": "spectrum"}
CELLS = {"lstm": (nn.LSTM, "cell"), "gru": (nn.GRU, "hidden"), "rnn": (nn.RNN, "hidden")}


def text_of(words=12, seed=0):
    """Word numbers in streams of unequal length, and a vector per word, unlike in length and correlated."""
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((words, E)) @ np.array([[2.0, 0.3, 0.0], [0.0, 0.2, 0.1], [0.0, 0.0, 1.0]]) + 0.4
    share = 1 / np.arange(1, words + 1)
    return [generator.choice(words, length, p=share / share.sum()) for length in LENGTHS], vectors


def embeddings_of(vectors):
    return sg.Embeddings(vectors, tuple(f"w{number}" for number in range(len(vectors))))


def analyse(model, streams, vectors, **options):
    inputs = [torch.from_numpy(vectors[ids]) for ids in streams]
    labels = [np.array([f"w{word}" for word in ids], dtype=object) for ids in streams]
    given = {"delays": DELAYS, "groups": labels, "units": "csl2020", "embeddings": embeddings_of(vectors), **QUIET}
    return sg.state_gradients(model, inputs, **given | options)


def naive_spectra(model, state, streams, vectors, word):
    """`σ_i(Ḡ C^½)`, the root mean square and the share of energy, from every gradient of a word as a whole matrix."""
    centred = vectors - vectors.mean(0)
    values, directions = np.linalg.eigh(centred.T @ centred / (len(vectors) - 1))
    root = directions * np.sqrt(values) @ directions.T  # symmetric, where the library's is triangular
    of_delay = [[] for _ in range(DELAYS)]
    for ids in streams:
        gradients = all_gradients(model, torch.from_numpy(vectors[ids]), DELAYS, (0, state))
        for delay in range(DELAYS):
            of_delay[delay] += [G @ root for position, G in gradients[delay].items() if ids[position] == word]
    spectra = [np.linalg.svd(np.mean(own, 0), compute_uv=False) for own in of_delay]
    squares = [np.mean([G.T @ G for G in own], 0) for own in of_delay]
    rms = [np.sqrt(np.linalg.eigvalsh(square)[-1]) for square in squares]
    return spectra, rms, [(one**2).sum() / np.trace(square) for one, square in zip(spectra, squares, strict=True)]


@pytest.mark.parametrize("cell", CELLS)
def test_they_are_those_of_whole_matrices_that_are_whitened(cell):
    make, state = CELLS[cell]
    model, (streams, vectors) = make(E, H).double().eval(), text_of()
    result = analyse(model, streams, vectors)
    assert result.units == "csl2020"
    for word in (0, 1, 4):
        spectra, rms, share = naive_spectra(model, state, streams, vectors, word)
        own = result.memory().sel(group=f"w{word}")
        np.testing.assert_allclose(result.singular_values.sel(group=f"w{word}"), spectra, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(own["rms"], rms, rtol=1e-9)
        np.testing.assert_allclose(own["energy_share"], share, rtol=1e-9)


@pytest.mark.parametrize("chunk_size", [1, 9, 1000])
def test_intervals_and_detection_are_those_of_the_whitened_mean(chunk_size):
    model, x, vectors = nn.LSTM(E, H).double().eval(), torch.randn(200, E).double(), text_of()[1]
    of_word = np.random.default_rng(0).random(200) < 0.4
    numbers = np.zeros(200, dtype=int)
    numbers[of_word] = np.arange(of_word.sum()) * 8 // of_word.sum()
    labels = np.where(of_word, "word", None)
    options = {"delays": 5, "groups": labels, "embeddings": embeddings_of(vectors), **QUIET}
    reduced = sg.state_gradients(model, x, units="csl2020", blocks=8, execution=sg.Execution(chunk_size=chunk_size), **options)
    kept = sg.state_gradients(model, x, blocks=numbers, **options | {"keep": "mean"}).whiten()
    means, counts = (v.sel(group="word").transpose("delay", "block", ...).values for v in (kept.block_mean, kept.block_count))
    estimate, test = measures.jackknife(measures.sigma_1_and_sum, means, counts), measures.sign_flip_test(means, counts)
    for name, expected in (("debiased", estimate.debiased), ("low", estimate.low), ("high", estimate.high)):
        np.testing.assert_allclose(getattr(reduced, name)[0], expected, rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(reduced.p_value[0], test.p_value)


def test_another_basis_of_the_embeddings_changes_nothing():
    """With `e → A e` and `W → W A⁻¹` the model is the same, and so are its whitened spectra; the plain ones are not."""
    model, (streams, vectors) = nn.GRU(E, H).double().eval(), text_of()
    basis = np.array([[3.0, 1.0, 0.0], [0.0, 0.1, 0.5], [0.2, 0.0, 1.0]])
    other = nn.GRU(E, H).double().eval()
    other.load_state_dict(model.state_dict())
    other.weight_ih_l0.data.copy_(model.weight_ih_l0.data @ torch.from_numpy(np.linalg.inv(basis)))
    for units, alike in (("csl2020", True), ("paper2018", False)):
        one, two = (analyse(m, streams, v, units=units) for m, v in ((model, vectors), (other, vectors @ basis.T)))
        assert np.allclose(one.singular_values, two.singular_values, rtol=1e-9, atol=1e-12, equal_nan=True) == alike
        assert np.allclose(one.rms, two.rms, rtol=1e-9, equal_nan=True) == alike


def test_single_precision_and_files_keep_the_units(tmp_path):
    model, (streams, vectors) = nn.LSTM(E, H).eval(), text_of()
    streams = [np.asarray(ids) for ids in streams]
    exact = analyse(model, streams, vectors)
    single = analyse(model, streams, vectors.astype(np.float32), embeddings=embeddings_of(vectors), precision="float32")
    np.testing.assert_allclose(single.singular_values, exact.singular_values, rtol=1e-3, atol=1e-6)
    single.save(tmp_path / "words.nc")
    assert sg.GroupSpectra.load(tmp_path / "words.nc").units == "csl2020"
    assert "whitened embedding space" in repr(single)
    plain = analyse(model, streams, vectors.astype(np.float32), units="paper2018", precision="float32")
    assert plain.units == "paper2018"
    assert "units" not in repr(plain)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"units": "csl2018"}, r"unknown units 'csl2018': did you mean 'csl2020'\? \(choices: paper2018, csl2020\)"),
        ({"units": "csl2020"}, "units csl2020 need the embeddings, and neither the model nor the inputs bring them"),
        ({"units": "csl2020", "embeddings": embeddings_of(np.eye(5))}, "singular covariance"),
        ({"units": "csl2020", "embeddings": embeddings_of(np.random.default_rng(0).normal(size=(9, 2)))},
         "the embeddings have 2 dimensions, the gradients 3"),
        ({"units": "csl2020", "keep": "mean"}, r"units csl2020 go with keep='spectrum'; with keep='mean' call whiten\(\)"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("shapes_unchecked")
def test_what_cannot_be_whitened_is_refused(options, sentence):
    given = {"delays": 2, "groups": ["a", "b"] * 10, **QUIET} | options
    with pytest.raises(sg.InvalidInputError, match=sentence):
        sg.state_gradients(nn.LSTM(E, H).eval(), torch.randn(20, E), **given)
