"""When `sample="auto"` stops, and whether the values are then as near to those of the whole text as it says.

A text of 60,000 standard normal inputs, read by `nn.LSTM` with weights uniform in ±1 (E = 8, H = 16, 10 delays), once as it is
("even") and once with inputs that are twice as large in every other tenth of it ("uneven": there the text-to-text part is larger,
and rounds may stop where sampling leaves a third of it). For each tolerance, over many seeds:

- *used*: the positions drawn, in % of the text;
- *within*: how often `σ_1` lies within the tolerance of that of the whole text, at all delays together, and at a delay;
- *error*: the 95th percentile over seeds and delays of its relative distance.

    python examples/stopping.py --trials 40
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn

import stategrad as sg

LENGTH, EMBEDDING, STATE = 60_000, 8, 16
OPTIONS = {"delays": 10, "second_moment": False, "show_progress": False}


def text(kind: str) -> tuple[nn.LSTM, torch.Tensor]:
    """The module and its inputs."""
    generator = torch.Generator().manual_seed(0)
    module = nn.LSTM(EMBEDDING, STATE)
    for parameter in module.parameters():
        parameter.data.uniform_(-1, 1, generator=generator)
    inputs = torch.randn(LENGTH, EMBEDDING, generator=generator)
    if kind == "uneven":
        inputs *= 1 + (torch.arange(LENGTH) * 10 // LENGTH % 2)[:, None]
    return module, inputs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=40)
    trials = parser.parse_args().trials
    print("| text | tolerance | used | within, a delay | within, all delays | error |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in ("even", "uneven"):
        module, inputs = text(kind)
        whole = sg.state_gradients(module, inputs, **OPTIONS).memory()["sigma_1"].sel(group="all")
        for tolerance in (0.1, 0.05, 0.03):
            used, errors = [], []
            for seed in range(trials):
                drawn = sg.state_gradients(module, inputs, sample="auto", tolerance=tolerance, seed=1000 * seed, **OPTIONS)
                used.append(float(drawn.count.sel(group="all", delay=0)) / LENGTH)
                errors.append(np.abs(drawn.memory()["sigma_1"].sel(group="all") / whole - 1).values)
            near = np.array(errors) <= tolerance
            figures = (np.mean(used), near.mean(), near.all(1).mean())
            cells = [f"{100 * value:.0f} %" for value in figures] + [f"{100 * np.quantile(errors, 0.95):.1f} %"]
            print(f"| {kind} | {tolerance:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
