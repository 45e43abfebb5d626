"""The engine against plain autograd in float64, over kinds of cells, layers, states, groups and cuts of the work."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import stategrad as sg
from naive import all_gradients

pytestmark = pytest.mark.usefixtures("way")

TOLERANCE = 1e-9  # of the largest entry of each mean
DELAYS = 6

CASES = {
    "lstm": (nn.LSTM, {}, (0, "cell")),
    "lstm-hidden": (nn.LSTM, {}, (0, "hidden")),
    "lstm-no-bias": (nn.LSTM, {"bias": False}, (0, "cell")),
    "lstm-batch-first": (nn.LSTM, {"batch_first": True}, (0, "cell")),
    "lstm-two-layers": (nn.LSTM, {"num_layers": 2}, (1, "cell")),
    "lstm-lower-layer": (nn.LSTM, {"num_layers": 3}, (1, "hidden")),
    "lstm-projected-cell": (nn.LSTM, {"proj_size": 2}, (0, "cell")),
    "lstm-projected-hidden": (nn.LSTM, {"proj_size": 2}, (0, "hidden")),
    "lstm-projected-two-layers": (nn.LSTM, {"proj_size": 4, "num_layers": 2, "bias": False}, (1, "cell")),
    "gru": (nn.GRU, {}, (0, "hidden")),
    "gru-no-bias": (nn.GRU, {"bias": False}, (0, "hidden")),
    "gru-three-layers": (nn.GRU, {"num_layers": 3}, (2, "hidden")),
    "rnn-tanh": (nn.RNN, {}, (0, "hidden")),
    "rnn-relu": (nn.RNN, {"nonlinearity": "relu"}, (0, "hidden")),
    "rnn-two-layers": (nn.RNN, {"num_layers": 2}, (1, "hidden")),
}


def module_of(kind, options, embedding=3, units=5):
    module = kind(embedding, units, **options).double().eval()
    for parameter in module.parameters():
        parameter.data *= 2
    return module


def means(gradients, member):
    """Mean and second moment per delay over the positions for which `member` holds."""
    chosen = [[G for p, G in per_position.items() if member(p)] for per_position in gradients.values()]
    return (
        [np.mean(G, axis=0) for G in chosen],
        [np.mean([g.T @ g for g in G], axis=0) for G in chosen],
        [len(G) for G in chosen],
    )


def assert_close(measured, expected):
    assert np.abs(measured - expected).max() <= TOLERANCE * np.abs(expected).max()


@pytest.mark.parametrize("case", CASES)
def test_means_second_moments_and_counts_equal_autograd_per_group_and_block(case):
    kind, options, state = CASES[case]
    module = module_of(kind, options)
    x = torch.randn(23, 3, dtype=torch.float64)
    labels = np.array(list("aabbbcabcabcaabbcabcaab"))
    blocks = np.arange(23) * 3 // 23
    result = sg.state_gradients(
        module, x, delays=DELAYS, state=state, groups=labels, blocks=3, precision="float64", show_progress=False
    )
    gradients = all_gradients(module, x, DELAYS, state)
    for group in result.groups:
        in_group = lambda p, group=group: group == "all" or labels[p] == group  # noqa: E731
        mean, second, count = means(gradients, in_group)
        for delay in range(DELAYS):
            assert_close(result.mean.sel(group=group, delay=delay).values, mean[delay])
            assert_close(result.second_moment.sel(group=group, delay=delay).values, second[delay])
        assert result.count.sel(group=group).values.tolist() == count
        for block in range(3):
            in_block = lambda p, block=block, also=in_group: also(p) and blocks[p] == block  # noqa: E731
            mean, second, count = means({0: gradients[0], 1: gradients[1]}, in_block)
            assert result.block_count.sel(group=group, block=block, delay=[0, 1]).values.tolist() == count
            assert_close(result.block_mean.sel(group=group, block=block, delay=0).values, mean[0])
            assert_close(result.block_second_moment.sel(group=group, block=block, delay=0).values, second[0])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([nn.LSTM, nn.GRU, nn.RNN]),
    embedding=st.integers(1, 4),
    units=st.integers(1, 5),
    layers=st.integers(1, 2),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    delays=st.integers(1, 9),
    chunk_size=st.integers(1, 12),
    seed=st.integers(0, 2**16),
)
def test_any_sizes_streams_and_chunks_equal_autograd(kind, embedding, units, layers, lengths, delays, chunk_size, seed):
    delays = min(delays, max(lengths))
    torch.manual_seed(seed)
    module = module_of(kind, {"num_layers": layers}, embedding, units)
    streams = [torch.randn(length, embedding, dtype=torch.float64) for length in lengths]
    result = sg.state_gradients(
        module,
        streams,
        delays=delays,
        blocks=1,
        precision="float64",
        show_progress=False,
        execution=sg.Execution(chunk_size=chunk_size),
    )
    state = (layers - 1, "cell" if kind is nn.LSTM else "hidden")
    per_stream = [all_gradients(module, stream, delays, state) for stream in streams]
    for delay in range(delays):
        together = [G for gradients in per_stream for G in gradients[delay].values()]
        assert_close(result.mean.sel(group="all", delay=delay).values, np.mean(together, axis=0))
        assert int(result.count.sel(group="all", delay=delay)) == len(together)


@pytest.mark.parametrize("case", ["lstm-two-layers", "gru"])
def test_a_given_initial_state_is_where_the_text_starts(case):
    kind, options, state = CASES[case]
    module = module_of(kind, options)
    x = torch.randn(8, 3, dtype=torch.float64)
    shape = (module.num_layers, 1, 5)
    initial = (torch.randn(shape).double(), torch.randn(shape).double()) if kind is nn.LSTM else torch.randn(shape).double()
    result = sg.state_gradients(module, x, delays=4, blocks=1, precision="float64", initial_state=initial, show_progress=False)
    mean, _, _ = means(all_gradients(module, x, 4, state, initial), lambda p: True)
    assert_close(result.mean.sel(group="all").values, np.array(mean))


def test_the_state_can_be_selected_by_its_own_position():
    kind, options, state = CASES["lstm"]
    module = module_of(kind, options)
    x = torch.randn(20, 3, dtype=torch.float64)
    at = np.random.default_rng(0).random(20) < 0.5
    result = sg.state_gradients(module, x, delays=5, at=at, blocks=2, precision="float64", show_progress=False)
    for delay, per_position in all_gradients(module, x, 5, state).items():
        chosen = [G for p, G in per_position.items() if at[p + delay]]
        assert_close(result.mean.sel(group="all", delay=delay).values, np.mean(chosen, axis=0))
        assert_close(result.second_moment.sel(group="all", delay=delay).values, np.mean([G.T @ G for G in chosen], axis=0))
        assert int(result.count.sel(group="all", delay=delay)) == len(chosen)


def test_a_gradient_is_what_a_small_change_of_the_input_does_to_the_state():
    module = module_of(nn.LSTM, {})
    x = torch.randn(1, 4, 3, dtype=torch.float64).transpose(0, 1)
    result = sg.state_gradients(module, x[:, 0], delays=[3], blocks=1, precision="float64", show_progress=False)
    step = 1e-6
    for column in range(3):
        change = torch.zeros_like(x)
        change[0, 0, column] = step
        with torch.no_grad():
            after, before = (module(x + sign * change)[1][1][0, 0] for sign in (1, -1))
        numeric = ((after - before) / (2 * step)).numpy()
        np.testing.assert_allclose(result.mean.values[0, 0, :, column], numeric, rtol=1e-6, atol=1e-10)
