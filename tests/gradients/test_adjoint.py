"""Cotangents: the adjoint of every cell's step, and products with gradients summed over the same pairs as the gradients."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import network_of
from stategrad.gradients import modes, stretches

E = 60
STREAMS = (40, 25, 9, 1)


def decay(x, state):
    slow = state["slow"] * 0.9 * torch.cos(x) + torch.sin(x) * state["fast"]
    return {"fast": torch.tanh(x.sum(1, keepdim=True) + state["fast"] / 2), "slow": slow}


def in_place(x, state):
    return state.mul_(0.5).add_(torch.tanh(x[:, :3])).sin_()


def start(rows):
    return {"fast": torch.zeros(rows, 1), "slow": torch.ones(rows, E)}


MODULES = {
    "LSTM": lambda: nn.LSTM(5, 6),
    "LSTM without biases": lambda: nn.LSTM(5, 6, bias=False),
    "LSTM with a projection": lambda: nn.LSTM(5, 6, 2, proj_size=3),
    "GRU": lambda: nn.GRU(5, 6, 2),
    "tanh": lambda: nn.RNN(5, 6),
    "relu": lambda: nn.RNN(5, 6, nonlinearity="relu"),
}


def of_matrices(x, state):
    a, b = state["a"], state["b"]
    return {"a": torch.tanh(a) + x[:, :3, None] * b[:, :1], "b": b * x[:, :2, None].exp() + a[:, 1:]}


@pytest.mark.parametrize("name", [*MODULES, "a function"])
def test_retreat_is_the_adjoint_of_advance(name):
    """⟨λ, J_s S + J_x X⟩ = ⟨λ J_s, S⟩ + ⟨λ J_x, X⟩ for every column of S and X and every row λ."""
    precision = PRECISIONS["float64"]
    if name == "a function":
        example = {"a": torch.randn(2, 3, 4), "b": torch.randn(2, 2, 4)}
        network = network_of(of_matrices, precision, input_size=5, initial_state=example)
    else:
        network = network_of(MODULES[name](), precision)
    for cell in network.cells:
        initial = {state: torch.randn(2, size, dtype=torch.float64) for state, size in cell.state_sizes.items()}
        record = cell.linearise(torch.randn(2, 4, cell.input_size, dtype=torch.float64), initial).record.flatten(0, 1)
        positions, like = len(record), torch.zeros((), dtype=torch.float64)
        tangents, cotangents = cell.tangents(7, positions, like), cell.tangents(5, positions, like)
        for both in (tangents, cotangents):
            for value in both.states.values():
                value.normal_()
        S, λ = ({name: value.clone() for name, value in both.states.items()} for both in (tangents, cotangents))
        X = torch.randn(7, positions, cell.input_size, dtype=torch.float64)
        tangents.fresh = False
        cell.advance(tangents, record, X)
        of_input = cell.to_input(cell.retreat(cotangents, record))

        def pairs(rows, columns):
            return sum(torch.einsum("rps,cps->prc", rows[name], columns[name]) for name in rows)

        after = pairs(λ, tangents.states)
        before = pairs(cotangents.states, S) + pairs({"x": of_input}, {"x": X})
        torch.testing.assert_close(before, after, rtol=1e-12, atol=1e-12)


def test_a_record_of_zeros_silences_cotangents():
    for model in (nn.LSTM(5, 6, proj_size=3), nn.GRU(5, 6), nn.RNN(5, 6)):
        (cell,) = network_of(model, PRECISIONS["float64"]).cells
        cotangents = cell.tangents(2, 3, torch.zeros((), dtype=torch.float64))
        for value in cotangents.states.values():
            value.normal_()
        pulled = cell.retreat(cotangents, torch.zeros(3, *cell.record_shape, dtype=torch.float64))
        assert not pulled.any()
        assert not any(value.any() for value in cotangents.states.values())


GROUPS = {"even": [np.arange(n) % 2 == 0 for n in STREAMS], "early": [np.arange(n) < 5 for n in STREAMS]}
CASES = {
    "LSTM": lambda: (nn.LSTM(E, 6), {}),
    "LSTM, hidden state of the lower layer": lambda: (nn.LSTM(E, 6, 2), {"state": (0, "hidden")}),
    "LSTM, cell of the upper layer": lambda: (nn.LSTM(E, 6, 2), {"state": (1, "cell")}),
    "LSTM with a projection": lambda: (nn.LSTM(E, 6, 2, proj_size=3), {"state": "hidden"}),
    "GRU": lambda: (nn.GRU(E, 5, 2), {}),
    "relu": lambda: (nn.RNN(E, 5, 3, nonlinearity="relu"), {}),
    "a function": lambda: (decay, {"initial_state": start(4), "state": "slow"}),
    "a function that works in place": lambda: (in_place, {"initial_state": torch.ones(4, 3)}),
    "groups": lambda: (nn.LSTM(E, 5), {"groups": GROUPS}),
    "conditions": lambda: (nn.LSTM(E, 5), {"segments": [np.arange(n) // 4 for n in STREAMS], "at": GROUPS["even"]}),
    "a sample": lambda: (nn.LSTM(E, 5), {"sample": 30, "groups": GROUPS}),
    "windows of seven": lambda: (nn.GRU(E, 5), {"execution": sg.Execution(chunk_size=7)}),
    "one block": lambda: (nn.GRU(E, 5), {"blocks": 1}),
    "delays in a row": lambda: (nn.GRU(E, 5), {"delays": 6}),
}


def products_of(model, x, monkeypatch, **options):
    """The sums that leading modes are made of, beside whole gradients of the same analysis."""
    seen, original = [], modes.accumulate_products

    def watching(request, key, tests, advance):
        sums = original(request, key, tests, advance)
        seen.append((tests.double().numpy(), sums.first.numpy().copy()))
        return sums

    monkeypatch.setattr(modes, "accumulate_products", watching)
    options = {"delays": [0, 1, 3, 7], "blocks": 3, "precision": "float64", "show_progress": False} | options
    sg.state_gradients(model, x, directions=1, **options)
    whole = sg.state_gradients(model, x, **options | {"precision": "float64"})
    tests, sums = seen[0]
    means = (whole.block_mean * whole.block_count).sum("block")
    return sums.reshape(*means.shape[:-2], len(tests), E), tests @ means.values


@pytest.mark.parametrize("case", CASES)
def test_products_are_those_of_whole_gradients(case, monkeypatch):
    model, options = CASES[case]()
    x = [torch.randn(n, E) for n in STREAMS]
    sums, expected = products_of(model, x, monkeypatch, **options)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(sums, expected, rtol=1e-10, atol=1e-12)


def test_stretches_of_a_long_stream_give_the_same_products(monkeypatch):
    model, x = nn.LSTM(E, 5), torch.randn(95, E)
    monkeypatch.setattr(stretches, "BYTES_OF_RECORD", 1)
    monkeypatch.setattr(stretches, "LEAST_STEPS", 10)
    for sample in (None, 20):
        sums, expected = products_of(model, x, monkeypatch, sample=sample)
        np.testing.assert_allclose(sums, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("precision", "error"), [("float32", 1e-5), ("bfloat16", 3e-2)])
def test_products_in_other_precisions(precision, error, monkeypatch):
    monkeypatch.setattr("stategrad.gradients.state_gradients.multiplies_bfloat16", lambda device: True)
    for model in (nn.LSTM(E, 6, 2, proj_size=3), nn.GRU(E, 6)):
        sums, expected = products_of(model, torch.randn(60, E), monkeypatch, precision=precision)
        assert np.linalg.norm(sums - expected) < error * np.linalg.norm(expected)
