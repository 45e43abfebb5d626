"""Run as a program by test_compiled: the type checker of the test run wraps every function, and cannot be compiled."""

import importlib

import numpy as np
import torch
from torch import nn

import stategrad as sg
from naive import all_gradients
from stategrad.cells.base import PRECISIONS
from stategrad.cells.network import network_of


def main() -> None:
    """Compile every kind of cell and compare."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    importlib.import_module("stategrad.gradients.state_gradients").multiplies_bfloat16 = lambda device: True
    cases = [
        (nn.LSTM(6, 8, num_layers=2), "float64"),
        (nn.LSTM(6, 8, proj_size=3), "float64"),
        (nn.GRU(6, 8, num_layers=2), "float64"),
        (nn.RNN(6, 8), "float64"),
        (nn.LSTM(6, 8), "bfloat16"),
    ]
    x = torch.randn(40, 6, dtype=torch.float64)
    for module, precision in cases:
        module.double()
        for cell in network_of(module, PRECISIONS[precision]).cells:
            eager = cell._update
            cell.compile()
            assert cell._update is not eager, f"{type(cell).__name__} was not compiled"
        options = {"delays": 6, "blocks": 2, "precision": precision, "show_progress": False}
        plain, compiled = (
            sg.state_gradients(module, x, execution=sg.Execution(compile=on), **options).mean for on in (False, True)
        )
        # one pass over memory rounds once where several round several times
        tolerance = 1e-12 if precision == "float64" else 1e-2
        assert np.abs(compiled - plain).max() <= tolerance * np.abs(plain).max(), type(module).__name__
        if precision == "float64":
            state = (module.num_layers - 1, "cell" if isinstance(module, nn.LSTM) else "hidden")
            single = np.mean(list(all_gradients(module, x, 6, state)[5].values()), axis=0)
            np.testing.assert_allclose(compiled.sel(group="all", delay=5), single, atol=1e-12)
    print("compiled and equal")


if __name__ == "__main__":
    main()
