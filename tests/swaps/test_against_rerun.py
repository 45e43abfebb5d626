"""Swap memory against running the whole stream again for every position, in float64 with plain PyTorch."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from naive import all_gradients, state_sequence

DELAYS = 5
LENGTHS = (19, 1, 7, 12)

CASES = {
    "lstm": (nn.LSTM, {}, (0, "cell")),
    "lstm-hidden": (nn.LSTM, {}, (0, "hidden")),
    "lstm-no-bias": (nn.LSTM, {"bias": False}, (0, "cell")),
    "lstm-batch-first": (nn.LSTM, {"batch_first": True}, (0, "cell")),
    "lstm-two-layers": (nn.LSTM, {"num_layers": 2}, (1, "cell")),
    "lstm-lower-layer": (nn.LSTM, {"num_layers": 2}, (0, "hidden")),
    "gru": (nn.GRU, {}, (0, "hidden")),
    "gru-two-layers": (nn.GRU, {"num_layers": 2}, (1, "hidden")),
    "rnn-tanh": (nn.RNN, {}, (0, "hidden")),
    "rnn-relu-two-layers": (nn.RNN, {"nonlinearity": "relu", "num_layers": 2}, (1, "hidden")),
}


def module_of(kind, options):
    module = kind(3, 5, **options).double().eval()
    for parameter in module.parameters():
        parameter.data *= 2
    return module


def of_stream(initial, stream):
    """One stream's initial state, as PyTorch takes it."""
    if initial is None:
        return None
    parts = [part[:, stream : stream + 1].contiguous() for part in (initial if isinstance(initial, tuple) else (initial,))]
    return tuple(parts) if isinstance(initial, tuple) else parts[0]


@torch.no_grad()
def naive_changes(module, streams, replacements, state, initial=None):
    """`{(position of the text, delay): Δs}`, a rerun of the whole stream for every position."""
    moved, before = {}, 0
    for number, (x, given) in enumerate(zip(streams, replacements, strict=True)):
        start = of_stream(initial, number)
        original = state_sequence(module, x, state, start)
        for p in range(len(x)):
            swapped = x.clone()
            swapped[p] = given[p]
            again = state_sequence(module, swapped, state, start)
            for delay in range(min(DELAYS, len(x) - p)):
                moved[before + p, delay] = (again[p + delay] - original[p + delay]).numpy()
        before += len(x)
    return moved


def text():
    streams = [torch.randn(length, 3, dtype=torch.float64) for length in LENGTHS]
    return streams, [torch.randn_like(stream) for stream in streams]


def labels_and_blocks():
    labels = np.random.default_rng(0).choice(["a", "b"], sum(LENGTHS))
    blocks = np.arange(sum(LENGTHS)) * 3 // sum(LENGTHS)
    ends = np.cumsum(LENGTHS)[:-1]
    return labels, blocks, np.split(labels, ends), np.split(blocks, ends)


@pytest.mark.parametrize("with_initial", [False, True], ids=["from-zero", "from-a-state"])
@pytest.mark.parametrize("case", CASES)
def test_theta_of_every_group_and_block_equals_a_rerun_per_position(case, with_initial):
    kind, options, state = CASES[case]
    module = module_of(kind, options)
    streams, replacements = text()
    initial = None
    if with_initial:
        shape = (options.get("num_layers", 1), len(LENGTHS), 5)
        parts = [torch.randn(shape, dtype=torch.float64) for _ in range(2)]
        initial = tuple(parts) if kind is nn.LSTM else parts[0]
    labels, blocks, groups, block_parts = labels_and_blocks()
    result = sg.swap_memory(
        module, streams, delays=DELAYS, state=state, swaps=replacements, groups=groups, blocks=block_parts, sample=None,
        precision="float64", initial_state=initial, show_progress=False,
    )  # fmt: skip
    moved = naive_changes(module, streams, replacements, state, initial)
    for group in ("all", "a", "b"):
        member = lambda p, group=group: group == "all" or labels[p] == group  # noqa: E731
        for delay in range(DELAYS):
            sizes = {p: np.linalg.norm(change) for (p, d), change in moved.items() if d == delay and member(p)}
            here = {"group": group, "delay": delay}
            assert float(result.theta.sel(here)) == pytest.approx(np.mean(list(sizes.values())), rel=1e-9)
            assert int(result.count.sel(here)) == int(result.population.sel(here)) == len(sizes)
            for block in range(3):
                inside = [size for p, size in sizes.items() if blocks[p] == block]
                assert int(result.block_count.sel(here | {"block": block})) == len(inside)
                expected = np.mean(inside) if inside else 0
                assert float(result.block_theta.sel(here | {"block": block})) == pytest.approx(expected, rel=1e-9)


def compared(case):
    """Swaps with gradients of one case: the result and the gradients, and by group and delay `(Δs, Δx, G)` of every position."""
    kind, options, state = CASES[case]
    module = module_of(kind, options)
    streams, replacements = text()
    labels, _, groups, _ = labels_and_blocks()
    same = {"delays": DELAYS, "state": state, "groups": groups, "precision": "float64", "show_progress": False}
    gradients = sg.state_gradients(module, streams, **same)
    result = sg.swap_memory(module, streams, swaps=replacements, sample=None, gradients=gradients, **same)
    cause = (torch.cat(replacements) - torch.cat(streams)).numpy()
    moved, own, before = naive_changes(module, streams, replacements, state), {}, 0
    for x in streams:
        for delay, by_position in all_gradients(module, x, DELAYS, state).items():
            own |= {(before + p, delay): gradient for p, gradient in by_position.items()}
        before += len(x)
    cells = {
        (group, delay): [(moved[p, d], cause[p], own[p, d]) for p, d in moved if d == delay and group in ("all", labels[p])]
        for group in ("all", "a", "b")
        for delay in range(DELAYS)
    }
    return result, gradients, cells


@pytest.mark.parametrize("case", ["lstm", "gru-two-layers"])
def test_validity_is_the_share_of_the_changes_that_each_groups_mean_gradient_explains(case):
    result, gradients, cells = compared(case)
    for (group, delay), positions in cells.items():
        mean = gradients.mean.sel(group=group, delay=delay).values
        left = np.mean([np.sum((moved - mean @ cause) ** 2) for moved, cause, _ in positions])
        whole = np.mean([np.sum(moved**2) for moved, _, _ in positions])
        assert float(result.validity.sel(group=group, delay=delay)) == pytest.approx(1 - left / whole, rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_own_validity_is_the_share_of_the_changes_that_the_gradient_of_each_position_explains(case):
    result, _, cells = compared(case)
    agreement = result.agreement()
    for (group, delay), positions in cells.items():
        here = {"group": group, "delay": delay}
        pairs = [(moved, own @ cause) for moved, cause, own in positions]
        left = np.mean([np.sum((moved - said) ** 2) for moved, said in pairs])
        whole = np.mean([moved @ moved for moved, _ in pairs])
        cosine = np.mean([moved @ said for moved, said in pairs]) / np.sqrt(whole * np.mean([said @ said for _, said in pairs]))
        assert float(result.validity_own.sel(here)) == pytest.approx(1 - left / whole, rel=1e-9)
        assert float(agreement["validity_own"].sel(here)) == pytest.approx(1 - left / whole, rel=1e-9)
        assert float(agreement["cosine_own"].sel(here)) == pytest.approx(cosine, rel=1e-9)


def test_delays_may_be_chosen_and_the_text_longer_than_one_stretch(monkeypatch):
    monkeypatch.setattr("stategrad.gradients.stretches.LEAST_STEPS", 1)
    monkeypatch.setattr("stategrad.gradients.stretches.BYTES_OF_RECORD", 1)
    module = module_of(nn.LSTM, {})
    streams, replacements = text()
    result = sg.swap_memory(
        module, streams, delays=[1, 4], swaps=replacements, sample=None, precision="float64", show_progress=False
    )
    moved = naive_changes(module, streams, replacements, (0, "cell"))
    for delay in (1, 4):
        expected = np.mean([np.linalg.norm(change) for (_, d), change in moved.items() if d == delay])
        assert float(result.theta.sel(group="all", delay=delay)) == pytest.approx(expected, rel=1e-9)


def test_float32_agrees_with_float64():
    module = module_of(nn.LSTM, {})
    streams, replacements = text()
    single, double = (
        sg.swap_memory(module, streams, delays=DELAYS, swaps=replacements, precision=precision, show_progress=False)
        for precision in ("float32", "float64")
    )
    np.testing.assert_allclose(single.theta, double.theta, rtol=1e-5)
