"""Groups without number: their spectra are those of the means that are never kept."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad import measures
from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import network_of
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.gradients import spectra as spectra_module
from stategrad.gradients.scattered import EVERY, keep_states, scattered
from stategrad.gradients.streams import streams_of
from stategrad.gradients.stretches import stretches
from stategrad.gradients.tangents import Window
from stategrad.models.language_model import LanguageModel, ModelConfig

QUIET = {"show_progress": False, "precision": "float64"}
LENGTHS = (150, 37, 3)
COLUMNS = ("count", "sigma_1", "sigma_sum", "selectivity", "effective_rank", "rms", "energy_share")


class Own(nn.Module):
    """The step contract, with an unusual state."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 5)

    def init_state(self, batch):
        return torch.full((batch, 5), 0.3, dtype=torch.float64)

    def step(self, x, state):
        return self.cell(x, state.tanh()) * 1.1


def streams(generator):
    return [torch.randn(length, 3, dtype=torch.float64, generator=generator) for length in LENGTHS]


def words(generator, lengths=LENGTHS):
    """Five frequent labels, many that occur once, some positions without one."""
    drawn = [torch.randint(0, 9, (length,), generator=generator).tolist() for length in lengths]
    return [
        np.array([None if v == 8 else "abcde"[v] if v < 5 else f"once {k} {t}" for t, v in enumerate(stream)], dtype=object)
        for k, stream in enumerate(drawn)
    ]


CASES = {
    "LSTM": (lambda: nn.LSTM(3, 5), [(0, "cell"), (0, "hidden")], lambda: tuple(torch.randn(2, 1, 3, 5).double())),
    "GRU of two layers": (
        lambda: nn.GRU(3, 4, num_layers=2),
        [(0, "hidden"), (1, "hidden")],
        lambda: torch.randn(2, 3, 4).double(),
    ),
    "projected LSTM": (lambda: nn.LSTM(3, 5, proj_size=2), [(0, "cell"), (0, "hidden")], lambda: None),
    "a step of one's own": (Own, [(0, "hidden")], lambda: None),
}


@pytest.mark.parametrize("case", CASES)
def test_spectra_are_those_of_the_means(case):
    make, states, start = CASES[case]
    generator = torch.Generator().manual_seed(3)
    model, x, labels = make().double().eval(), streams(generator), words(generator)
    options = {"delays": [0, 1, 2, 5, 36], "groups": labels, "state": states, "initial_state": start(), **QUIET}
    kept, reduced = (sg.state_gradients(model, x, blocks=2, keep=keep, **options) for keep in ("mean", "spectrum"))
    assert list(reduced) == states
    for key in states:
        groups = list(reduced[key].groups)
        assert groups == list(kept[key].groups[1:])
        assert len(groups) > 50
        ours, theirs = reduced[key].memory(), kept[key].memory().sel(group=groups)
        for column in COLUMNS:
            np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-9, atol=0, err_msg=column)
        expected = measures.singular_values(kept[key].mean.sel(group=groups).values)
        np.testing.assert_allclose(reduced[key].singular_values, expected, rtol=1e-9, atol=1e-9 * np.nanmax(expected[:, -1]))


@pytest.mark.parametrize("chunk_size", [1, 7, 30, 1000])
def test_no_cut_of_the_work_changes_a_number(chunk_size):
    generator = torch.Generator().manual_seed(4)
    model, x, labels = nn.LSTM(3, 5).double().eval(), streams(generator), words(generator)
    whole, cut = (
        sg.state_gradients(model, x, delays=12, groups=labels, keep="spectrum", blocks=8, execution=execution, **QUIET)
        for execution in (None, sg.Execution(chunk_size=chunk_size))
    )
    assert whole.debiased.notnull().any()
    for name in ("singular_values", "count", "rms", "energy_share", "debiased", "low", "high", "p_value"):
        np.testing.assert_allclose(getattr(cut, name), getattr(whole, name), rtol=1e-9, err_msg=name)


def test_blocks_cut_the_occurrences_of_a_label():
    model, x = nn.LSTM(3, 5).double().eval(), torch.randn(200, 3, dtype=torch.float64)
    of_word = np.random.default_rng(0).random(200) < 0.4
    labels = np.where(of_word, "word", None)
    numbers = np.zeros(200, dtype=int)
    numbers[of_word] = np.arange(of_word.sum()) * 8 // of_word.sum()
    reduced = sg.state_gradients(model, x, delays=6, groups=labels, keep="spectrum", blocks=8, **QUIET)
    kept = sg.state_gradients(model, x, delays=6, groups=labels, blocks=numbers, **QUIET)
    means, counts = (v.sel(group="word").transpose("delay", "block", ...).values for v in (kept.block_mean, kept.block_count))
    estimate, test = measures.jackknife(measures.sigma_1_and_sum, means, counts), measures.sign_flip_test(means, counts)
    for name, expected in (("debiased", estimate.debiased), ("low", estimate.low), ("high", estimate.high)):
        np.testing.assert_allclose(getattr(reduced, name)[0], expected, rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(reduced.p_value[0], test.p_value)
    memory = reduced.memory().squeeze("group")
    np.testing.assert_array_equal(memory["detected"], test.detected)
    assert test.detected.any()
    for suffix, values in (("debiased", estimate.debiased), ("low", estimate.low), ("high", estimate.high)):
        for column, measure in enumerate(("sigma_1", "sigma_sum")):
            shown = np.where(test.detected, values[:, column], np.nan)
            np.testing.assert_allclose(memory[f"{measure}_{suffix}"], shown, rtol=1e-9)


def test_what_is_not_detected_has_no_debiased_value():
    model = nn.LSTM(3, 5).double().eval()
    model.weight_hh_l0.data *= 3
    result = sg.state_gradients(
        model, 3 * torch.randn(300, 3).double(), delays=[0, 60], groups=["w"] * 300, keep="spectrum", blocks=8, **QUIET
    )
    memory = result.memory().squeeze("group")
    assert memory["detected"].values.tolist() == [True, False]
    assert memory["sigma_1_debiased"].notnull().values.tolist() == [True, False]
    assert result.debiased.notnull().all()


def test_intervals_begin_at_twenty_positions_and_need_blocks():
    model, x = nn.GRU(3, 4).eval(), torch.randn(39, 3)
    labels = ["twenty", "fewer"] * 19 + ["twenty"]
    result = sg.state_gradients(model, x, delays=2, groups=labels, keep="spectrum", show_progress=False)
    assert result.count.sel(delay=0).values.tolist() == [19, 20]
    assert result.debiased.notnull().any(("delay", "measure")).values.tolist() == [False, True]
    assert not result.memory()["detected"].sel(group="fewer").any()
    one = sg.state_gradients(model, x, delays=2, groups=labels, keep="spectrum", blocks=1, show_progress=False)
    assert one.debiased.isnull().all()
    np.testing.assert_allclose(one.singular_values, result.singular_values, rtol=1e-6)


def test_float32_spectra_are_right_to_its_rounding():
    generator = torch.Generator().manual_seed(5)
    model, x, labels = nn.LSTM(3, 5).double().eval(), streams(generator), words(generator)
    exact = sg.state_gradients(model, x, delays=4, groups=labels, keep="spectrum", **QUIET)
    single = sg.state_gradients(model.float(), x, delays=4, groups=labels, keep="spectrum", show_progress=False)
    assert single.singular_values.dtype == np.float32
    off = np.abs(single.singular_values - exact.singular_values).max("mode") / exact.singular_values[..., 0]
    assert float(off.max()) < 3e-6


def test_without_second_moments_there_is_neither_rms_nor_share():
    result = sg.state_gradients(
        nn.LSTM(3, 4).eval(), torch.randn(9, 3), delays=2, groups=list("ababcccab"), keep="spectrum", second_moment=False,
        show_progress=False,
    )  # fmt: skip
    assert result.rms is None
    assert result.energy_share is None
    assert not {"rms", "energy_share"} & set(result.to_dataframe().columns)


@pytest.mark.parametrize("make", [lambda: nn.LSTM(3, 5, num_layers=2), Own])
def test_a_position_has_the_same_gradient_wherever_its_stretch_comes_from(make, monkeypatch):
    monkeypatch.setattr("stategrad.gradients.scattered.BYTES_OF_RECORD", 50_000)
    network = network_of(make().double().eval(), PRECISIONS["float64"], input_size=3)
    text = streams_of(streams(torch.Generator().manual_seed(6)), network)
    initial, longest = network.initial_state(None, 3), 9
    shuffled = np.random.default_rng(0).permutation(text.size)

    def gradients(parts):
        found, many = {}, []
        for stretch in parts:
            many.append(len(stretch.positions))
            chosen, remaining = np.arange(many[-1]), text.remaining[stretch.positions]
            for delay, by_state in Window(network, many[-1]).propagate(stretch, chosen, remaining, longest):
                for key, values in by_state.items():
                    for place, position in enumerate(stretch.positions):
                        found[key, delay, int(position)] = values[:, place].clone()
        return found, many

    in_order, _ = gradients(stretches(text, np.arange(text.size), longest, initial))
    anyhow, many = gradients(scattered(text, shuffled, longest, keep_states(text, initial), multiple=4))
    assert len(many) > 3
    assert all(size % 4 == 0 for size in many[:-1])
    assert anyhow.keys() == in_order.keys()
    assert max(float((anyhow[name] - in_order[name]).abs().max()) for name in in_order) < 1e-14


def test_states_are_kept_before_every_32nd_step_over_any_cut_of_the_text(monkeypatch):
    monkeypatch.setattr("stategrad.gradients.scattered.BYTES_OF_RECORD", 1)
    module = nn.GRU(3, 4).double().eval()
    network = network_of(module, PRECISIONS["float64"])
    x = [torch.randn(length, 3, dtype=torch.float64) for length in (700, 256, 33, 32, 1)]
    kept = keep_states(streams_of(x, network), network.initial_state(None, len(x)))
    expected = []
    for stream in x:
        after = torch.cat([torch.zeros(1, 4).double(), module(stream)[0].detach()])
        expected.append(after[: len(stream) : EVERY])
    assert kept.starts.tolist() == np.cumsum([0, *map(len, expected)])[:-1].tolist()
    torch.testing.assert_close(kept.states[0]["hidden"], torch.cat(expected), rtol=0, atol=1e-14)


def test_masks_that_do_not_overlap_are_labels():
    model, x = nn.LSTM(3, 4).eval(), torch.randn(6, 3)
    masks = {"b": np.array([1, 0, 0, 1, 0, 0], bool), "a": np.array([0, 1, 0, 0, 1, 1], bool)}
    by_mask = sg.state_gradients(model, x, delays=2, groups=masks, keep="spectrum", show_progress=False)
    by_label = sg.state_gradients(model, x, delays=2, groups=["b", "a", None, "b", "a", "a"], keep="spectrum", show_progress=False)
    assert by_mask.groups == ("a", "b")
    assert by_mask.singular_values.identical(by_label.singular_values)
    assert by_mask.count.identical(by_label.count)


def test_the_words_of_a_corpus_are_its_groups():
    corpus = load(CorpusConfig("synthetic", tokens=1_000)).valid
    words = corpus.vocabulary.words
    model = LanguageModel(ModelConfig(vocabulary_size=len(words), embedding_size=3, hidden_size=4)).eval()
    result = sg.state_gradients(model, corpus, delays=2, keep="spectrum", show_progress=False)
    counted = Counter(words[i] for stream in corpus.streams for i in stream)
    assert dict(zip(result.groups, result.count.sel(delay=0).values.tolist(), strict=True)) == counted
    labels = [np.array([words[i] for i in stream]) for stream in corpus.streams]
    named = sg.state_gradients(model, corpus, delays=2, groups=labels, keep="spectrum", show_progress=False)
    assert named.singular_values.identical(result.singular_values)


def test_all_is_a_word_like_any_other():
    model, x = nn.LSTM(3, 4).eval(), torch.randn(6, 3)
    result, renamed = (
        sg.state_gradients(model, x, delays=2, groups=[word, "b", "b", word, "b", word], keep="spectrum", show_progress=False)
        for word in ("all", "a")
    )
    assert result.groups == ("all", "b")
    np.testing.assert_array_equal(result.singular_values, renamed.singular_values)


def test_a_result_is_what_was_saved(tmp_path):
    labels = list("ab" * 25)
    result = sg.state_gradients(
        nn.LSTM(3, 4).eval(), torch.randn(50, 3), delays=3, groups=labels, keep="spectrum", show_progress=False
    )
    result.save(tmp_path / "words.nc")
    again = sg.GroupSpectra.load(tmp_path / "words.nc")
    assert again.provenance == result.provenance
    assert again.to_dataframe().equals(result.to_dataframe())
    assert again.singular_values.equals(result.singular_values)
    assert again.singular_values.dtype == np.float32
    assert repr(again) == repr(result)
    assert "2: a, b" in repr(again)
    assert "50; 2 groups with intervals" in repr(again)
    with pytest.raises(sg.InvalidInputError, match=r"is not a result of stategrad \(format 'stategrad spectra 1', expected"):
        sg.StateGradients.load(tmp_path / "words.nc")
    with pytest.raises(sg.MissingInputError, match="there is no result at"):
        sg.GroupSpectra.load(tmp_path / "none.nc")


def test_exploding_gradients_are_nan_and_said_and_leave_other_groups_alone():
    model = nn.RNN(2, 2, nonlinearity="relu", bias=False).eval()
    model.weight_ih_l0.data.copy_(torch.eye(2))
    model.weight_hh_l0.data.copy_(1e10 * torch.eye(2))
    x = torch.zeros(40, 2)
    x[0], x[20] = 1e-30, -1.0  # what is negative stops here
    labels = ["a"] * 25 + ["b"] * 15
    with pytest.warns(RuntimeWarning, match=r"gradients explode.*from delay \d \(group 'a'\); those means are NaN"):
        result = sg.state_gradients(model, x, delays=8, groups=labels, keep="spectrum", show_progress=False)
    assert result.singular_values.sel(group="a").isnull().any()
    assert result.singular_values.sel(group="b").notnull().all()


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"keep": "spectra"}, r"unknown value of keep 'spectra': did you mean 'spectrum'\?"),
            ({"groups": None}, "keep='spectrum' reduces each group on its own, and there are no groups; pass groups"),
            ({"groups": [None] * 20}, "groups label no position"),
            ({"groups": ["a"] * 19}, r"groups has lengths 19; the streams have 20"),
            (
                {"groups": {"a": [True] * 20, "b": [False] * 19 + [True]}},
                "groups 'a' and 'b' share positions, the first of them 19",
            ),
            ({"groups": {"a": [True] * 20, "b": [False] * 20}}, "groups without a position: b"),
            ({"at": [True] * 20}, "at goes with keep='mean'"),
            (
                {"segments": [0] * 20, "sample": 5},
                "2 problems with the analysis: segments goes .* Also: sample goes .* None for the",
            ),
            ({"blocks": [0] * 20}, "blocks cut each group's own positions; give a number of at least 1"),
            ({"blocks": 0}, "blocks cut each group's own positions; give a number of at least 1"),
            ({"execution": sg.Execution(checkpoint_path="sums")}, "checkpoint_path goes with keep='mean'"),
        ],
    )
    def test_of_spectra(self, options, sentence, shapes_unchecked):
        options = {"groups": ["a", "b"] * 10, "keep": "spectrum", "delays": 2, "show_progress": False} | options
        with pytest.raises(sg.InvalidInputError, match=sentence):
            sg.state_gradients(nn.LSTM(3, 4).eval(), torch.randn(20, 3), **options)

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({}, "the sums of 201 groups × 10 blocks × 4 delays take 0.0 GB"),
            ({}, r"ask for fewer groups or blocks, second_moment=False, or keep='spectrum', which holds no means"),
            ({"second_moment": False, "segments": [0] * 200}, "4 delays × 3 conditions take .* fewer groups or blocks, or keep="),
        ],
    )
    def test_of_means_that_memory_cannot_hold(self, options, sentence, monkeypatch):
        monkeypatch.setattr("stategrad.gradients.memory_need.memory_of", lambda device: 1_000_000)
        monkeypatch.setattr("stategrad.gradients.state_gradients.groups_of", None)  # whose masks would be made too late
        with pytest.raises(sg.InvalidInputError, match=sentence):
            sg.state_gradients(nn.LSTM(3, 4).eval(), torch.randn(200, 3), delays=4, groups=list(range(200)), **options)

    def test_of_memory_counts_what_the_sums_take(self, monkeypatch):
        model, x = nn.LSTM(3, 4).eval(), torch.randn(30, 3)
        needed = 2 * 5 * 4 * 3 * (4 + 3) * 8
        for there, enough in ((needed, True), (needed - 1, False)):
            monkeypatch.setattr("stategrad.gradients.memory_need.memory_of", lambda device, there=there: there)
            options = {"delays": 4, "groups": ["a"] * 30, "blocks": 5, "show_progress": False}
            if enough:
                result = sg.state_gradients(model, x, **options)
                assert result.mean.sizes["group"] == 2
            else:
                with pytest.raises(sg.InvalidInputError, match="the sums of 2 groups × 5 blocks × 4 delays"):
                    sg.state_gradients(model, x, **options)


def test_memory_holds_sums_of_what_is_not_complete_alone(monkeypatch):
    waiting = []
    add = spectra_module._Spectra.add

    def watching(self, positions, gradients):
        add(self, positions, gradients)
        waiting.append(len(self.states[0].waiting))

    monkeypatch.setattr(spectra_module._Spectra, "add", watching)
    labels = [f"word {t % 90}" for t in range(400)]
    sg.state_gradients(
        nn.LSTM(3, 4).eval(), torch.randn(400, 3), delays=3, groups=labels, keep="spectrum", show_progress=False,
        execution=sg.Execution(chunk_size=16),
    )  # fmt: skip
    assert len(waiting) == 25
    assert max(waiting) == 1
    assert waiting[-1] == 0
