"""Propagation by step: when it is chosen, and what it must not do to neighbours."""

import numpy as np
import pytest
import torch
from torch import nn

import stategrad as sg
from stategrad.gradients import engine, sweep

QUIET = {"show_progress": False}


def step(x, state):
    return {"a": torch.tanh(x + state["a"])}


@pytest.mark.parametrize(
    ("model", "size", "options", "chosen"),
    [
        (nn.LSTM(64, 256), 64, {}, True),
        (nn.GRU(64, 256), 64, {}, True),
        (nn.LSTM(64, 256, 2), 64, {"state": (0, "hidden")}, True),
        (nn.LSTM(64, 256), 64, {"sample": 300}, True),
        (nn.LSTM(64, 256), 64, {"sample": 40}, False),  # would propagate ten positions for each that is wanted
        (nn.LSTM(8, 16), 8, {}, False),  # a step costs more than its products
        (nn.LSTM(64, 256, proj_size=32), 64, {}, False),
        (nn.LSTM(64, 256, proj_size=32, num_layers=2), 64, {}, False),
        (step, 4, {"initial_state": {"a": torch.zeros(1, 4)}}, False),
    ],
)
def test_it_is_chosen_where_it_is_faster(monkeypatch, model, size, options, chosen):
    decisions = []

    def watching(request):
        decisions.append(sweep.pays(request))
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "pays", watching)
    with pytest.raises(KeyboardInterrupt):
        sg.state_gradients(model, torch.randn(400, size), **{"delays": 30} | options, **QUIET)
    assert decisions == [chosen]


def test_it_can_be_asked_for_and_refused():
    module, x = nn.LSTM(3, 4), torch.randn(50, 3)
    options = {"delays": 4, "precision": "float64"} | QUIET
    swept, windows = (sg.state_gradients(module, x, execution=sg.Execution(sweep=sweep), **options) for sweep in (True, False))
    np.testing.assert_allclose(swept.mean, windows.mean, rtol=0, atol=1e-15)
    with pytest.raises(sg.InvalidInputError, match=r"sweep=True needs an nn.LSTM without a projection, .*; leave sweep out"):
        sg.state_gradients(nn.LSTM(3, 4, proj_size=2), x, execution=sg.Execution(sweep=True), **options)


def test_it_is_not_chosen_where_its_buffers_would_not_fit(monkeypatch):
    monkeypatch.setattr(sweep, "MOST_BYTES", 2**20)
    test_it_is_chosen_where_it_is_faster(monkeypatch, nn.LSTM(64, 256), 64, {}, False)


@pytest.mark.parametrize(("sample", "chosen"), [(350, True), (250, False)])
def test_what_lies_between_streams_costs_nothing(monkeypatch, sample, chosen):
    monkeypatch.setattr(sweep, "OPERATIONS_PER_STEP", 0)  # then it pays for an LSTM from half of the positions on
    decisions = []
    monkeypatch.setattr(engine, "pays", lambda request: decisions.append(sweep.pays(request)))
    sg.state_gradients(nn.LSTM(3, 4), [torch.randn(100, 3) for _ in range(6)], delays=5, sample=sample, **QUIET)
    assert decisions == [chosen]


def test_progress_is_told_of_every_position_once(monkeypatch):
    told = []
    accumulate = engine.accumulate
    monkeypatch.setattr(engine, "pays", sweep.possible)
    monkeypatch.setattr(
        "stategrad.gradients.state_gradients.accumulate", lambda request, identity, _: accumulate(request, identity, told.append)
    )
    sg.state_gradients(nn.LSTM(3, 4), [torch.randn(n, 3) for n in (90, 40, 5)], delays=6, sample=100, **QUIET)
    assert sum(told) == 100
    assert len(told) > 2


def test_an_explosion_spoils_the_groups_that_it_happens_in_alone(monkeypatch):
    monkeypatch.setattr(engine, "pays", sweep.possible)
    module = nn.RNN(2, 3, nonlinearity="relu").double().eval()
    for parameter in module.parameters():
        parameter.data.fill_(0.5)
    module.weight_ih_l0.data.fill_(1e308)
    x = torch.full((60, 2), -1.0, dtype=torch.float64)  # silent: every gradient is zero
    x[::2] = 1e-308
    groups = np.where(np.arange(60) % 2 == 0, "loud", "silent")
    with pytest.warns(RuntimeWarning, match=r"gradients explode: .* from delay \d+ \(group 'all'\)"):
        result = sg.state_gradients(module, x, delays=2, groups=groups, precision="float64", blocks=1, second_moment=True, **QUIET)
    assert np.isfinite(result.mean.sel(group="silent")).all()
