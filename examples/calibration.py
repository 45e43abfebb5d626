"""How far intervals, debiased values and the sign-flip test can be trusted: against truths that are known.

Four kinds of mean gradients, in 10 blocks, equal or unequal (20 to 250 positions of 1,000):

- *noise*: independent normal noise alone;
- *rank one*: a signal of one direction in that noise; `strength` is the signal's σ_1 over that of the noise;
- *falling*: a signal of 8 directions, each 0.6 of the one before;
- *LSTM*: `nn.LSTM` at 4 times its default initial weights, standard normal inputs, E = H = 32, streams of 150 and 600 steps cut
  into 10 neighbouring blocks each; the truth is the mean over 300,000 positions of independent streams of the same length.

Printed for σ_1, Σσ, σ_1/Σσ and the relative memory m of a direction that is kept about ten times less than the best (in rank one,
of one that is not kept): the truth, the bias in % of it of four estimators (plain; cross-validated; block jackknife; debiased,
which is mode by mode the geometric mean of plain and cross-validated), the mean of cross-validated/plain, the share of trials
that are detected, the share that is detected with cross-validated/plain ≥ 0.6 ("trusted"), and how often the 95 %
intervals of the jackknife and of `debias_spectrum` hold the truth, in the trusted trials (if they are 5 % or more) and in all.
Where there is no signal, "detected" is the rate of false positives. For σ_1/Σσ and m the bias is that of the median (Σσ
may be near zero where it is not trusted), and cross-validated/plain is that of Σσ and of m's own gain r; the intervals of both are
made on the scales of `measures.scales`.

    python examples/calibration.py --trials 400
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

import stategrad as sg
from stategrad.measures import (
    Estimate,
    debias_gain,
    debias_spectrum,
    decompose,
    estimate_squared_memory,
    gram_singular_values,
    jackknife,
    largest_share,
    relative_memory,
    sign_flip_test,
)
from stategrad.measures.scales import INVERSE_SHARES, SIGNED_SQUARES, inverse_share, signed_root
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


@dataclass
class Measured:
    """One measure of every trial.

    Attributes:
        name: of the measure.
        truth: its value in the signal.
        jackknifed: the block jackknife.
        crossed: cross-validated.
        debiased: debiased value, and the ends of its interval.
        ratio: cross-validated/plain of what trust goes by.
    """

    name: str
    truth: float
    jackknifed: Estimate
    crossed: np.ndarray
    debiased: tuple[np.ndarray, np.ndarray, np.ndarray]
    ratio: np.ndarray


def measured(setting: PlantedNoise) -> Iterator[Measured]:
    means, counts = setting.block_mean, setting.block_count
    spectrum = debias_spectrum(means, counts)
    truth = gram_singular_values(setting.truth)
    for name, statistic in (("σ_1", lambda values: values[..., 0]), ("Σσ", lambda values: values.sum(-1))):
        jackknifed = jackknife(lambda G, of=statistic: of(gram_singular_values(G)), means, counts)
        estimate, crossed = spectrum.estimate(statistic), statistic(spectrum.cross_validated)
        ratio = crossed / estimate.plain
        yield Measured(name, statistic(truth), jackknifed, crossed, (estimate.debiased, estimate.low, estimate.high), ratio)
    if not setting.truth.any():
        return
    jackknifed = jackknife(lambda G: largest_share(gram_singular_values(G)), means, counts)
    inverse = spectrum.estimate(inverse_share)
    ends = 1 / inverse.debiased, *INVERSE_SHARES.ends(inverse.low, inverse.high)
    yield Measured("σ_1/Σσ", truth[0] / truth.sum(), jackknifed, 1 / inverse_share(spectrum.cross_validated), ends, ratio)
    _, values, right = decompose(setting.truth)
    d = right[:, np.abs(values / values[0] - 0.1).argmin()]
    jackknifed = jackknife(lambda G: relative_memory(G, d), means, counts)
    gain = debias_gain(means, counts, d)
    squared = estimate_squared_memory(gain, spectrum)
    ends = signed_root(squared.debiased), *SIGNED_SQUARES.ends(squared.low, squared.high)
    ratio = gain.cross_validated[:, 0] / gain.plain[:, 0]
    crossed = gain.cross_validated[:, 0] / spectrum.plain[:, 0]
    yield Measured("m", float(relative_memory(setting.truth, d)), jackknifed, crossed, ends, ratio)


def rows(setting: PlantedNoise) -> Iterator[list[str]]:
    detected = sign_flip_test(setting.block_mean, setting.block_count).detected
    for one in measured(setting):
        trusted = detected & (one.ratio >= TRUSTED)
        centre = np.median if one.name in ("σ_1/Σσ", "m") else np.mean
        cells = [setting.name, one.name, f"{round(one.truth, 12):.3g}"]
        for values in (one.jackknifed.plain, one.crossed, one.jackknifed.debiased, one.debiased[0]):
            cells.append(percent(centre(values) / one.truth - 1, sign="+") if one.truth > 1e-9 else "")
        cells += [f"{one.ratio.mean():.2f}", percent(detected.mean()), percent(trusted.mean())]
        for low, high in ((one.jackknifed.low, one.jackknifed.high), one.debiased[1:]):
            inside = (low - 1e-9 <= one.truth) & (one.truth <= high + 1e-9)
            cells += [percent(inside[trusted].mean()) if trusted.mean() >= 0.05 else "", percent(inside.mean())]
        yield cells


def percent(share: float, sign: str = "") -> str:
    return f"{100 * share:{sign}.1f}"


HEAD = (
    "setting", "of", "true", "plain", "cross-validated", "jackknife", "debiased", "cv/plain", "detected", "trusted",
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
