"""Pure noise, in which nothing may be found, and a signal in it, which intervals must hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stategrad.measures.debiasing import DebiasedSpectrum, debias_spectrum
from stategrad.measures.detection import Detection, sign_flip_test
from stategrad.validation.planted_noise import plant
from stategrad.validation.record import Check, Reading

NOMINAL = 0.05


def pure_noise(
    *, trials: int = 2000, signals: int = 150, seed: int = 0,
    test: Callable[..., Detection] = sign_flip_test, debias: Callable[..., DebiasedSpectrum] = debias_spectrum,
) -> Check:  # fmt: skip
    """The share of noise that is detected, nominally 5 %; and of a signal of one direction, bias and coverage of `σ_1`.

    Args:
        trials: of pure noise, half of them in unequal blocks.
        signals: trials with a signal three times as strong as the noise.
        seed: of the draws.
        test: what is put to the test, `sign_flip_test`.
        debias: what is put to the test, `debias_spectrum`.
    """
    generator = np.random.default_rng(seed)
    kinds = [plant(trials // 2, "rank one", 0.0, sizes, generator) for sizes in ("equal", "unequal")]
    rate = float(np.mean([test(kind.block_mean, kind.block_count).detected.mean() for kind in kinds]))
    planted = plant(signals, "rank one", 3.0, "equal", generator)
    found = float(test(planted.block_mean, planted.block_count).detected.mean())
    truth = float(np.linalg.svd(planted.truth, compute_uv=False)[0])
    estimate = debias(planted.block_mean, planted.block_count).estimate(lambda values: values[..., 0])
    held = float(np.mean((estimate.low <= truth) & (truth <= estimate.high)))
    spread, spread_held = (3 * float(np.sqrt(share * (1 - share) / n)) for share, n in ((NOMINAL, trials), (0.95, signals)))
    return Check(
        "noise",
        "In pure noise memory is detected at the nominal rate of 5 %; a planted signal is found, and held by its intervals.",
        (
            Reading("share of noise detected", rate, at_least=NOMINAL - spread, at_most=NOMINAL + max(spread, 0.01)),
            Reading("share of signals detected", found, at_least=0.99),
            Reading("bias of σ₁, plain, relative", float(estimate.plain.mean() / truth - 1), at_least=0.01),
            Reading("bias of σ₁, debiased, relative", float(estimate.debiased.mean() / truth - 1), at_least=-0.01, at_most=0.01),
            Reading("coverage of its 95 % intervals", held, at_least=0.95 - spread_held, at_most=0.999),
        ),
    )
