"""Both ways of the engine."""

import pytest

from stategrad.gradients import engine, sweep


@pytest.fixture(params=["positions", "steps"])
def way(request, monkeypatch):
    """Propagation by position, and by step where the cells can; sizes as small as in tests would never choose the second."""
    monkeypatch.setattr(engine, "pays", sweep.possible if request.param == "steps" else lambda _: False)
