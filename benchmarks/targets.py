"""The ratios to reach, each beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.clock import Timing
from benchmarks.contest import BFLOAT16, BFLOAT16_MOMENTS, CEILING, CEILING_BFLOAT16, ENGINE, ENGINE_MOMENTS
from benchmarks.peers import AUTHORS, FORWARD, JAX, REVERSE
from benchmarks.sampling import SPREAD_DELAYS

SPREAD_LIMITS = dict(zip(SPREAD_DELAYS, (0.01, 0.02, 0.035), strict=True))


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        what: is compared.
        sense: `≥` or `≤`.
        target: to reach.
        measured: None where it was not measured.
        why: it was not.
        style: how both numbers are written.
    """

    what: str
    sense: str
    target: float
    measured: float | None
    why: str = ""
    style: str = "{:.2f}"

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.target if self.sense == "≥" else self.measured <= self.target

    def cells(self) -> tuple[str, str, str, str]:
        """What, target, measured and verdict, as text."""
        verdict = {True: "met", False: "MISSED", None: f"not measured: {self.why}"}[self.met]
        measured = "–" if self.measured is None else self.style.format(self.measured)
        return self.what, f"{self.sense} {self.style.format(self.target)}", measured, verdict


def speed_rows(timings: Mapping[str, Timing], error: float | None) -> list[Row]:
    """The engine against ceiling and peers, and what second moments add.

    Args:
        timings: of a contest.
        error: of the means with bfloat16 products; None where the processor has no units for them.
    """
    torch_own = [name for name in REVERSE | FORWARD if name != AUTHORS]
    best = min(torch_own, key=lambda name: timings[name].milliseconds)
    no_units = "" if BFLOAT16 in timings else "no matrix units for bfloat16 here"
    no_jax = "" if JAX in timings else "JAX is not installed"
    factor = "{:.1f} ×"

    def times(slow: str, fast: str, why: str) -> float | None:
        return None if why else timings[slow].times(timings[fast])

    def extra(with_moments: str, without: str, why: str) -> float | None:
        return None if why else timings[with_moments].times(timings[without]) - 1

    return [
        Row("float32: share of the ceiling", "≥", 0.90, times(CEILING, ENGINE, "")),
        Row("float32: faster than JAX", "≥", 1.6, times(JAX, ENGINE, no_jax), no_jax, factor),
        Row(f"float32: faster than PyTorch's best ({best})", "≥", 5.0, times(best, ENGINE, ""), style=factor),
        Row("float32: faster than the authors' method", "≥", 75.0, times(AUTHORS, ENGINE, ""), style=factor),
        Row("float32: second moments, extra time", "≤", 0.15, extra(ENGINE_MOMENTS, ENGINE, ""), style="{:.1%}"),
        Row("bfloat16: share of its ceiling", "≥", 0.60, times(CEILING_BFLOAT16, BFLOAT16, no_units), no_units),
        Row("bfloat16: faster than JAX", "≥", 7.0, times(JAX, BFLOAT16, no_units or no_jax), no_units or no_jax, factor),
        Row("bfloat16: faster than the authors' method", "≥", 400.0, times(AUTHORS, BFLOAT16, no_units), no_units, factor),
        Row("bfloat16: second moments, extra time", "≤", 0.25, extra(BFLOAT16_MOMENTS, BFLOAT16, no_units), no_units, "{:.1%}"),
        Row("bfloat16: relative Frobenius error of the means", "≤", 0.005, error, no_units, "{:.2%}"),
    ]


def other_rows(figures: Mapping[str, Any]) -> list[Row]:
    """Sampling, workers and memory.

    Args:
        figures: `tenth`, `spread`, `two_workers`, `memory` as the benchmark's record has them; None where not measured.
    """
    spread, memory = figures["spread"], figures["memory"]
    needs_text = "needs --reference and --text"
    rows = [
        Row("a random tenth: share of the full pass", "≤", 0.12, figures["tenth"]["full"], style="{:.3f}"),
        Row(
            "a random tenth: share of the full pass, position by position",
            "≤",
            0.12,
            figures["tenth"]["by position"],
            style="{:.3f}",
        ),
    ]
    for delay, limit in SPREAD_LIMITS.items():
        measured = None if spread is None else spread[delay]
        rows.append(Row(f"a random tenth: sd of σ_1 at τ = {delay} (extrapolated)", "≤", limit, measured, needs_text, "{:.1%}"))
    no_workers = "the engine has no workers yet" if figures["two_workers"] is None else ""
    short, long = memory.values()
    lengths = " ÷ ".join(str(positions) for positions in reversed(memory))
    return [
        *rows,
        Row("two one-thread workers against one", "≥", 1.7, figures["two_workers"], no_workers, "{:.2f} ×"),
        Row(f"peak memory, {lengths} positions", "≤", 1.05, long / short),
        Row("peak memory, 8 groups × 10 blocks × 30 delays, GB", "≤", 1.5, max(short, long) / 1000),
    ]
