"""The compiled update: that it is compiled, that it gives the same numbers, and that it can be done without."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

import stategrad as sg

TESTS = Path(__file__).parents[1]


def test_every_cell_is_compiled_and_gives_the_numbers_of_autograd():
    program = [sys.executable, str(TESTS / "gradients" / "compiled.py")]
    ended = subprocess.run(program, env=os.environ | {"PYTHONPATH": str(TESTS)}, capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == "compiled and equal", ended.stderr[-2000:]


def test_without_a_compiler_the_plain_update_runs(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", lambda update, **_: broken)
    module, x = nn.GRU(3, 5), torch.randn(30, 3)
    plain, other = (
        sg.state_gradients(module, x, delays=4, execution=sg.Execution(compile=on), show_progress=False) for on in (False, True)
    )
    np.testing.assert_array_equal(plain.mean, other.mean)
