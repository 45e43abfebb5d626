"""How far intervals, debiased values and the sign-flip test can be trusted: against truths that are known.

Four kinds of mean gradients, in 10 blocks, equal or unequal (20 to 250 positions of 1,000):

- *noise*: independent normal noise alone;
- *rank one*: a signal of one direction in that noise; `strength` is the signal's σ_1 over that of the noise;
- *falling*: a signal of 8 directions, each 0.6 of the one before;
- *LSTM*: `nn.LSTM` at 4 times its default initial weights, standard normal inputs, E = H = 32, streams of 150 and 600 steps cut
  into 10 neighbouring blocks each; the truth is the mean over 300,000 positions of independent streams of the same length.

Printed for σ_1, Σσ and σ_1/Σσ: the bias in % of the truth of four estimators (plain; cross-validated; block jackknife; debiased,
which is mode by mode the geometric mean of plain and cross-validated), the mean of cross-validated/plain, the share of trials
that are detected, the share that is detected with cross-validated/plain ≥ 0.6 ("trusted"), and how often the 95 %
intervals of the jackknife and of `debias_spectrum` hold the truth, in the trusted trials (if they are 5 % or more) and in all.
Where there is no signal, "detected" is the rate of false positives. For σ_1/Σσ the bias is that of the median (Σσ
may be near zero where it is not trusted), and cross-validated/plain is that of Σσ.

    python examples/calibration.py --trials 400
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

import stategrad as sg
from stategrad.measures import debias_spectrum, gram_singular_values, jackknife, sign_flip_test
from stategrad.validation.planted_noise import BLOCKS, EMBEDDING, SIZES, SPECTRA, STATE, PlantedNoise, plant

TRUSTED = 0.6


def lstm(trials: int, steps: int) -> Iterator[PlantedNoise]:
    torch.manual_seed(0)
    model = nn.LSTM(EMBEDDING, STATE, batch_first=True).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)
    delays = [0, 3, 8]
    block_of = np.arange(trials)[:, None] * BLOCKS + np.arange(steps) * BLOCKS // steps
    of_trials = analysed(model, torch.randn(trials, steps, EMBEDDING), delays, block_of)
    streams = 300_000 // steps
    of_truth = analysed(model, torch.randn(streams, steps, EMBEDDING), delays, np.zeros((streams, steps), dtype=np.int64))
    for index, delay in enumerate(delays):
        means = of_trials.block_mean.values[0, :, index].reshape(trials, BLOCKS, STATE, EMBEDDING)
        counts = of_trials.block_count.values[0, :, index].reshape(trials, BLOCKS)
        yield PlantedNoise(f"LSTM, {steps} positions, delay {delay}", means, counts, of_truth.mean.values[0, index])


def analysed(model: nn.Module, inputs: torch.Tensor, delays: list[int], blocks: np.ndarray) -> sg.StateGradients:
    result = sg.state_gradients(model, inputs, delays=delays, blocks=blocks, second_moment=False, show_progress=False)
    assert isinstance(result, sg.StateGradients)
    return result


def statistics(values: np.ndarray) -> np.ndarray:
    """σ_1, Σσ and their ratio, from singular values."""
    total = values.sum(-1)
    return np.stack([values[..., 0], total, values[..., 0] / total], axis=-1)


def rows(setting: PlantedNoise) -> Iterator[list[str]]:
    means, counts = setting.block_mean, setting.block_count
    jackknifed = jackknife(lambda G: statistics(gram_singular_values(G)), means, counts)
    spectrum = debias_spectrum(means, counts)
    debiased = spectrum.estimate(statistics)
    crossed = statistics(spectrum.cross_validated)
    detected = sign_flip_test(means, counts).detected
    truth = statistics(gram_singular_values(setting.truth)) if setting.truth.any() else np.zeros(3)
    for column, name in enumerate(("σ_1", "Σσ", "σ_1/Σσ")[: 3 if setting.truth.any() else 2]):
        ratio = (crossed / debiased.plain)[:, min(column, 1)]
        trusted = detected & (ratio >= TRUSTED)
        cells = [setting.name, name]
        for values in (debiased.plain, crossed, jackknifed.debiased, debiased.debiased):
            centre = np.median(values[:, column]) if column == 2 else values[:, column].mean()
            cells.append(percent(centre / truth[column] - 1, sign="+") if truth[column] else "")
        cells += [f"{ratio.mean():.2f}", percent(detected.mean()), percent(trusted.mean())]
        for estimate in (jackknifed, debiased):
            inside = (estimate.low[:, column] <= truth[column]) & (truth[column] <= estimate.high[:, column])
            cells += [percent(inside[trusted].mean()) if trusted.mean() >= 0.05 else "", percent(inside.mean())]
        yield cells


def percent(share: float, sign: str = "") -> str:
    return f"{100 * share:{sign}.1f}"


HEAD = (
    "setting", "of", "plain", "cross-validated", "jackknife", "debiased", "cv/plain", "detected", "trusted",
    "jackknife covers, trusted", "all", "debiased covers, trusted", "all",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=400, help="trials per setting")
    trials = parser.parse_args().trials
    print("|", " | ".join(HEAD), "|")
    print("|", " | ".join("---" for _ in HEAD), "|")
    generator = np.random.default_rng(0)
    cases = [("rank one", 0), *itertools.product(SPECTRA, (0.5, 1, 1.5, 3, 8, 32))]
    made = (plant(trials, spectrum, strength, sizes, generator) for spectrum, strength in cases for sizes in SIZES)
    for setting in itertools.chain(made, lstm(trials, 150), lstm(trials, 600)):
        for row in rows(setting):
            print("|", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    main()
